"""mahjong_puzzle: what the last card added makes with the hand: Peng, Chi or Pass.

Only the last card and the two letters on either side of it matter. The first line names its round and it and copies
the first hand, with how many there were so far behind each card of the five (`45R:AQ1CS1BS2`); each round is a line
`44RL`, number, card added, card removed, followed by the new counts of those of the five that it changes
(`44RLR1`); the last round has the added card and all counts (`45RP0Q1R1S2T0`). The last line is the cards that it
completes, or `-`. Follows the rules as stated. The library draws a third of the results as "Pass" without looking
at the hand, prefers "Chi" to "Peng" at times and overlooks a "Chi" whose middle card is doubled: about a fifth of
its own answers contradict the rules. Practice problems (not easy, not hard) are drawn until they agree.
"""

import re

from microreason.solution import Problem, Solution
from microreason.tasks.base import GymTask


def _read(text):
    hand = re.search(r"given the initial cards ([A-Z]+),", text)[1]
    return hand, re.findall(r"Add an? ([A-Z]) card and remove an? ([A-Z]) card", text)


def _near(card):
    return [chr(n) for n in range(max(ord("A"), ord(card) - 2), min(ord("Z"), ord(card) + 2) + 1)]


def _written(counts):
    return "".join(f"{card}{n}" for card, n in counts.items())


def _first(rounds, hand):
    card = rounds[-1][0]
    counted = (c + str(hand[: i + 1].count(c)) * (c in _near(card)) for i, c in enumerate(hand))
    return f"{len(rounds)}{card}:{''.join(counted)}"


def _changed(counts, added, removed):
    """The counts that a round changes, the added card's first."""
    if added == removed:
        return {}
    return {c: counts[c] + step for c, step in ((added, 1), (removed, -1)) if c in counts}


def _line(counts, rounds, i):
    """Line of round `i` (from 0)."""
    added, removed = rounds[i]
    if i == len(rounds) - 1:
        return f"{i + 1}{added}{_written(counts)}"
    return f"{i + 1}{added}{removed}{_written(_changed(counts, added, removed))}"


def _made(card, counts):
    """The three cards that the added card completes, or `-`."""
    if counts[card] >= 2:
        return card * 3
    for first in range(ord(card) - 2, ord(card) + 1):
        three = [chr(first + k) for k in range(3)]
        if all(counts.get(c) for c in three if c != card):
            return "".join(three)
    return "-"


class MahjongPuzzle(GymTask):
    name, category = "mahjong_puzzle", "games"
    exact = False
    pattern = re.compile(r"^There are several letter cards, and the game rules are as follows:")
    hard = {"min_num_rounds": 50, "max_num_rounds": 100}

    def params(self, difficulty, rng):
        top = round(3 * (100 / 3) ** difficulty)
        return {"min_num_rounds": max(1, top // 2), "max_num_rounds": top}

    def generate(self, seed, index, level):
        problem, drawn = super().generate(seed, index, level), seed
        while not isinstance(level, str) and problem.answer != self.expert(problem).answer:
            drawn += 1_000_003
            problem = super().generate(drawn, index, level)
        return problem.model_copy(update={"seed": seed})

    def expert(self, problem: Problem) -> Solution:
        hand, rounds = _read(problem.text)
        card = rounds[-1][0]
        counts = {c: hand.count(c) for c in _near(card)}
        lines = [_first(rounds, hand)]
        for i, (added, removed) in enumerate(rounds):
            lines.append(_line(counts, rounds, i))
            if i < len(rounds) - 1:
                counts |= _changed(counts, added, removed)
        made = _made(card, counts)
        return Solution.of([*lines, made], "Pass" if made == "-" else "Peng" if made == card * 3 else "Chi")

    def check(self, text, previous, step):
        hand, rounds = _read(text)
        card = rounds[-1][0]
        if not previous:
            return step == _first(rounds, hand)
        counts = dict.fromkeys(_near(card), 0)
        counts |= {c: int(n) for line in previous for c, n in re.findall(r"([A-Z])(\d+)", line)}
        if list(counts) != _near(card):
            return None
        if len(previous) <= len(rounds):
            return step == _line(counts, rounds, len(previous) - 1)
        return len(previous) == len(rounds) + 1 and step == _made(card, counts)
