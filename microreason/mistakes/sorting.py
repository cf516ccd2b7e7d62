"""Words put in order, group by group: by first letters, then each group that is still open by later letters.

A mistake is a word lost or in the wrong group, a letter misread, a group in the wrong order, or an open group that
is taken for closed. What follows goes on from it. Does not cover descending order.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from microreason.mistakes.trace import Trace, first_difference, worded

_NTH = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh")
_ASK = (
    "{w}", "{w}", "<Sort|Order|Arrange> <the following|these|the> words <alphabetically|from a to z>: <List: |>{w}",
    "<Put|Bring> <these|the> words <in|into> alphabetical order: {w}", "Sort: {w}",
)  # fmt: skip


@lru_cache(maxsize=1)
def _words() -> list[str]:
    import reasoning_gym

    path = Path(reasoning_gym.__file__).parent / "data" / "words3to10.txt"
    return [word.lower() for word in path.read_text("utf-8").split() if word.isalpha() and word.isascii()]


@lru_cache(maxsize=1)
def _by_beginning() -> dict[str, list[str]]:
    out: dict[str, list[str]] = {}
    for word in _words():
        out.setdefault(word[:2], []).append(word)
    return out


@dataclass(frozen=True)
class Style:
    """How steps are written; `code` writes letter numbers, `quote` puts words in quotation marks."""

    first: str
    groups: str
    open: str
    closed: str
    last: str
    code: bool
    quote: bool
    whole: bool
    altogether: str


def _style(rng: random.Random) -> Style:
    if rng.random() < 0.4:
        return Style(
            worded("<I should start|Start|We begin> by <looking at|comparing> the first letter of <the words in the "
                   "list|each word|all words>. The first letter: {x}", rng),
            worded("<We|I> <now|then> have: {x}.", rng),
            worded("<Now let's|Next, we|Then we> sort <this|the> <subpart|part|group> {g} by <looking at|comparing> "
                   "their {n} letters. The {n} letter: {x}", rng),
            worded("<We|I> <now|then> have: {x} for <the|this> <subpart|part|group>.", rng),
            worded("<I have now|We have|Now we have> sorted all <the |>words. The answer is {x}", rng),
            True, True, True,
            worded("<Hence|So|Thus>, we have {x}.", rng),
        )  # fmt: skip
    return Style(
        rng.choice(("First letters: {x}", "Look at the first letters. {x}", "Each word begins with: {x}")),
        rng.choice(("Grouped: {x}.", "So far: {x}.", "By first letter we get {x}.")),
        rng.choice(("Compare the {n} letters of {g}: {x}", "{g} needs the {n} letter: {x}", "Next, {g}. The {n}: {x}")),
        rng.choice(("So {x}.", "This part becomes {x}.", "In order: {x}.")),
        rng.choice(("All words sorted: {x}", "The sorted list is {x}", "So the answer is {x}.")),
        rng.random() < 0.5, rng.random() < 0.5, rng.random() < 0.6,
        rng.choice(("Altogether {x}.", "So the list is now {x}.", "Now: {x}.")),
    )  # fmt: skip


def _letter(word: str, i: int) -> str:
    return word[i] if i < len(word) else ""


def _number(letter: str) -> int:
    return ord(letter) - 96 if letter else 0


Groups = list[list[str]]  # words in order; a group of several is still open


def _split(words: list[str], i: int) -> Groups:
    """Words in groups by their letter i, in order."""
    letters = sorted({_letter(word, i) for word in words})
    return [[word for word in words if _letter(word, i) == letter] for letter in letters]


def _spoil(groups: Groups, rng: random.Random) -> Groups:
    """The groups with one slip."""
    groups = [list(group) for group in groups]
    way = rng.random()
    i = rng.randrange(len(groups))
    if way < 0.4 and len(groups) > 1:  # two neighbours change places
        i = rng.randrange(len(groups) - 1)
        groups[i : i + 2] = [groups[i + 1], groups[i]]
    elif way < 0.65 and len(groups) > 1:  # a word in another group, or beside the one it should follow
        word = groups[i].pop(rng.randrange(len(groups[i])))
        groups[(i + rng.choice((-1, 1))) % len(groups)].append(word)
    elif way < 0.8 and sum(map(len, groups)) > 2:  # a word is lost
        groups[i].pop(rng.randrange(len(groups[i])))
    else:  # an open group is closed in any order
        opened = [j for j, group in enumerate(groups) if len(group) > 1]
        if opened:
            i = rng.choice(opened)
            group = sorted(groups[i], reverse=len(groups[i]) == 2)
            while group == sorted(group):
                rng.shuffle(group)
            groups[i : i + 1] = [[word] for word in group]
        else:
            j = rng.randrange(len(groups))
            groups[i], groups[j] = groups[j], groups[i]
    return [group for group in groups if group]


def _sort(words: list[str], style: Style, rng: random.Random, bad: int | None) -> tuple[list[str], list[str], str]:
    """Steps, their redos and the answer; step `bad` has a slip, and what follows goes on from it."""

    def word(w: str) -> str:
        return f'"{w}"' if style.quote else w

    def letters(ws: list[str], i: int, slip: bool) -> str:
        chosen = rng.randrange(len(ws)) if slip else -1
        out = []
        for k, w in enumerate(ws):
            letter = _letter(w, i) or "-"
            number = _number(letter) if letter != "-" else 0
            if k == chosen:
                other = rng.choice([c for c in "abcdefghilmnoprstuw" if c != letter])
                letter, number = (letter, number + rng.choice((-1, 1))) if style.code and rng.random() < 0.5 else (
                    other, _number(other))  # fmt: skip
            mark = f'"{letter}"' if style.quote else letter
            out.append(f"{word(w)}: {mark}" + (f" ({number})" if style.code else ""))
        return ". ".join(out) + "."

    def listed(groups: Groups, i: int | None) -> str:
        out = []
        for group in groups:
            inner = word(group[0]) if len(group) == 1 else "[" + " ? ".join(map(word, group)) + "]"
            out.append((f"({_number(_letter(group[0], i))}) " if style.code and i is not None else "") + inner)
        return " < ".join(out)

    def terse(ws: list[str], i: int) -> str:
        return "; ".join(f"{_letter(g[0], i) or '-'} {' '.join(g)}" for g in _split(ws, i))

    steps = [style.first.format(x=letters(words, 0, bad == 0))]
    redo = [" ".join(w[0] for w in words)]
    groups = _split(words, 0)
    redo.append(terse(words, 0))
    if bad == 1:
        groups = _spoil(groups, rng)
    steps.append(style.groups.format(x=listed(groups, 0)))
    depth = {w: 1 for w in words}
    while any(len(group) > 1 for group in groups):
        at = next(i for i, group in enumerate(groups) if len(group) > 1)
        group = groups[at]
        i = depth[group[0]]
        if i > 12:
            break
        inside = "[" + " ? ".join(map(word, group)) + "]"
        nth = _NTH[min(i, 10)]
        steps.append(style.open.format(g=inside, n=nth, x=letters(group, i, bad == len(steps))))
        redo.append(" ".join(_letter(w, i) or "-" for w in group))
        parts = _split(group, i)
        redo.append(terse(group, i))
        if bad == len(steps):
            parts = _spoil(parts, rng)
        for w in group:
            depth[w] = i + 1
        groups = groups[:at] + parts + groups[at + 1 :]
        step = style.closed.format(x=listed(parts, i))
        if style.whole and all(len(part) == 1 for part in parts):
            shown = groups
            if bad == len(steps) and parts == _split(group, i):
                shown = _spoil(groups, rng)
            step += " " + style.altogether.format(x=listed(shown, None))
        steps.append(step)
    answer = " ".join(w for group in groups for w in group)
    said = answer
    if bad == len(steps):
        ws = answer.split()
        j = rng.randrange(len(ws))
        if rng.random() < 0.5 and len(ws) > 2:
            ws.pop(j)
        else:
            k = (j + 1) % len(ws)
            ws[j], ws[k] = ws[k], ws[j]
        said = " ".join(ws)
    steps.append(style.last.format(x=said))
    redo.append(answer)
    return steps, redo, said


def sorting(rng: random.Random, difficulty: float, broken: bool) -> Trace:
    """A list of words sorted group by group."""
    size = rng.randint(3, 4 + round(16 * difficulty))
    chosen: list[str] = []
    while len(chosen) < size:
        word = rng.choice(_words())
        if chosen and rng.random() < 0.35:  # a neighbour of a word that is there
            word = rng.choice(_by_beginning()[rng.choice(chosen)[:2]])
        if word not in chosen:
            chosen.append(word)
    style, seed = _style(rng), rng.random()
    right, redo, answer = _sort(chosen, style, random.Random(seed), None)
    steps, wrong = right, None
    for _ in range(20 if broken else 0):
        bad = rng.choice((1, 1, 1, rng.randrange(len(right)), rng.randrange(len(right))))
        steps, _, _ = _sort(chosen, style, random.Random(seed), bad)
        steps = right[:bad] + steps[bad:]
        wrong = first_difference(right, steps)
        if wrong is not None:
            break
    question = worded(rng.choice(_ASK), rng).format(w=" ".join(chosen))
    return Trace("sorting", question, tuple(steps), tuple(redo), answer, wrong, " ".join(chosen))
