"""mahjong_puzzle: what the last card added makes with the hand: Peng, Chi or Pass.

Only the last card and the two letters on either side of it matter. The first line names it, then these five (`_`
beyond the alphabet), and counts them in the first hand; each round is a line `44RL`, number, card added, card
removed, followed by the five counts (10 is A, and so on) where they change; the last round has the added card
and the counts. The last line is the cards that it completes, or `-`. Follows the rules as stated. The library
draws a third of the results as "Pass" without looking at the hand, prefers "Chi" to "Peng" at times and
overlooks a "Chi" whose middle card is doubled: about a fifth of its own answers contradict the rules.
Practice problems (not easy, not hard) are drawn until they agree.
"""

import re

from microreason.solution import Problem, Solution
from microreason.tasks.base import GymTask

_HEX = "0123456789ABCD"


def _read(text):
    hand = re.search(r"given the initial cards ([A-Z]+),", text)[1]
    return hand, re.findall(r"Add an? ([A-Z]) card and remove an? ([A-Z]) card", text)


def _window(card):
    letters = [chr(ord(card) + k) for k in range(-2, 3)]
    return "".join(c if "A" <= c <= "Z" else "_" for c in letters)


def _made(window, counts):
    """The three cards that the middle of the window completes, or `-`."""
    if counts[2] >= "2":
        return window[2] * 3
    for first in range(3):
        if all(counts[i] > "0" for i in range(first, first + 3) if i != 2):
            return window[first : first + 3]
    return "-"


def _after(window, counts, added, removed):
    if added == removed:
        return counts
    change = [(c == added) - (c == removed) for c in window]
    return "".join(_HEX[_HEX.index(n) + d] for n, d in zip(counts, change, strict=True))


def _line(window, counts, rounds, i):
    """Line of round `i` (from 0) and the counts after it."""
    added, removed = rounds[i]
    if i == len(rounds) - 1:
        return f"{i + 1}{added}{counts}", counts
    after = _after(window, counts, added, removed)
    return f"{i + 1}{added}{removed}" + (after if after != counts else ""), after


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
        window = _window(rounds[-1][0])
        counts = "".join(str(hand.count(c)) for c in window)
        lines = [f"{window[2]}:{window}{counts}"]
        for i in range(len(rounds)):
            line, counts = _line(window, counts, rounds, i)
            lines.append(line)
        made = _made(window, counts)
        return Solution.of([*lines, made], "Pass" if made == "-" else "Peng" if made == window[2] * 3 else "Chi")

    def check(self, text, previous, step):
        hand, rounds = _read(text)
        window = _window(rounds[-1][0])
        if not previous:
            return step == f"{window[2]}:{window}" + "".join(str(hand.count(c)) for c in window)
        written = [m[1] for line in previous if (m := re.search(r"[A-Z_]([0-9A-D]{5})$", line))]
        if not written:
            return None
        if len(previous) <= len(rounds):
            return step == _line(window, written[-1], rounds, len(previous) - 1)[0]
        return len(previous) == len(rounds) + 1 and step == _made(window, written[-1])
