"""Words put in order, group by group: by first letters, then each group that is still open by later letters.

A mistake is a word lost, doubled or in the wrong group, a letter misread, a group in the wrong order or with a wrong
number, an open group taken for closed or left behind, or a whole list that does not follow. What comes after goes on
from it. Does not cover descending order.
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
    """How steps are written; `code` writes letter numbers, `quote` puts words in quotation marks, `whole` writes the
    whole list when a part is done (2: after each step of it), `kept` keeps the numbers of open groups there."""

    first: str
    groups: str
    open: str
    closed: str
    last: str
    code: bool
    quote: bool
    whole: int
    altogether: str
    kept: bool


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
            True, True, rng.choice((1, 1, 2)),
            worded("<Hence|So|Thus>, we have {x}.", rng), rng.random() < 0.2,
        )  # fmt: skip
    return Style(
        rng.choice(("First letters: {x}", "Look at the first letters. {x}", "Each word begins with: {x}")),
        rng.choice(("Grouped: {x}.", "So far: {x}.", "By first letter we get {x}.")),
        rng.choice(("Compare the {n} letters of {g}: {x}", "{g} needs the {n} letter: {x}", "Next, {g}. The {n}: {x}")),
        rng.choice(("So {x}.", "This part becomes {x}.", "In order: {x}.")),
        rng.choice(("All words sorted: {x}", "The sorted list is {x}", "So the answer is {x}.")),
        rng.random() < 0.5, rng.random() < 0.5, rng.choice((0, 1, 1, 2)),
        rng.choice(("Altogether {x}.", "So the list is now {x}.", "Now: {x}.")), False,
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
    elif way < 0.75 and sum(map(len, groups)) > 2:  # a word is lost
        groups[i].pop(rng.randrange(len(groups[i])))
    elif way < 0.82:  # a word is doubled
        groups[rng.randrange(len(groups))].append(rng.choice(groups[i]))
    elif opened := [j for j, group in enumerate(groups) if len(group) > 1]:  # an open group is closed in a wrong order
        i = rng.choice(opened)
        group = sorted(groups[i], reverse=len(groups[i]) == 2)
        while group == sorted(group):
            rng.shuffle(group)
        groups[i : i + 1] = [[word] for word in group]
    else:
        j = rng.randrange(len(groups))
        groups[i], groups[j] = groups[j], groups[i]
    return [group for group in groups if group]


@dataclass(frozen=True)
class _Writer:
    """Writes words, letters and groups in a style."""

    style: Style

    def word(self, w: str) -> str:
        return f'"{w}"' if self.style.quote else w

    def letters(self, ws: list[str], i: int, slip: random.Random | None = None) -> str:
        """Letter i of each word; with `slip`, one of them wrong."""
        chosen = slip.randrange(len(ws)) if slip else -1
        out = []
        for k, w in enumerate(ws):
            letter = _letter(w, i) or "-"
            number = _number(_letter(w, i))
            if slip and k == chosen:
                if self.style.code and slip.random() < 0.2:
                    number += slip.choice((-1, 1))
                else:
                    near = [c for c in (_letter(w, i + 1), w[i - 1 : i], slip.choice("aeinorst")) if c and c != letter]
                    letter = (near or ["x"])[0] if slip.random() < 0.6 else slip.choice(near or ["x"])
                    number = _number(letter)
            mark = f'"{letter}"' if self.style.quote else letter
            out.append(f"{self.word(w)}: {mark}" + (f" ({number})" if self.style.code else ""))
        return ". ".join(out) + "."

    def listed(self, groups: Groups, i: int | None, slip: random.Random | None = None) -> str:
        """The groups in a row, each with the number of its letter i; with `slip`, one number wrong."""
        chosen = slip.randrange(len(groups)) if slip else -1
        out = []
        for k, group in enumerate(groups):
            inner = self.word(group[0]) if len(group) == 1 else "[" + " ? ".join(map(self.word, group)) + "]"
            at = 0 if i is None and self.style.kept and len(group) > 1 else i
            if self.style.code and at is not None:
                number = _number(_letter(group[0], at))
                if slip and k == chosen:
                    number = slip.choice([n for n in (number - 1, number + 1, slip.randint(1, 26)) if n != number])
                inner = f"({number}) {inner}"
            out.append(inner)
        return " < ".join(out)


def _terse(ws: list[str], i: int) -> str:
    return "; ".join(f"{_letter(g[0], i) or '-'} {' '.join(g)}" for g in _split(ws, i))


def _sort(words: list[str], style: Style, rng: random.Random, bad: int | None) -> tuple[list[str], list[str], str]:
    """Steps, their redos and the answer; step `bad` has a slip, and what follows goes on from it."""
    write = _Writer(style)
    steps = [style.first.format(x=write.letters(words, 0, rng if bad == 0 else None))]
    redo = [" ".join(w[0] for w in words), _terse(words, 0)]
    groups = _split(words, 0)
    misnumbered = rng if bad == 1 and style.code and rng.random() < 0.1 else None
    if bad == 1 and not misnumbered:
        groups = _spoil(groups, rng)
    steps.append(style.groups.format(x=write.listed(groups, 0, misnumbered)))
    depth = dict.fromkeys(words, 1)
    while opened := [i for i, group in enumerate(groups) if len(group) > 1]:
        at = opened[0]
        i = depth[groups[at][0]]
        redo.append(" ".join(f"{w} {_letter(w, i) or '-'}" for w in groups[at]))
        slip: random.Random | None = rng if bad == len(steps) else None
        if slip and i > 1 and len(opened) > 1 and rng.random() < 0.6:  # the group that is still open is left behind
            groups[at : at + 1] = [[w] for w in groups[at]]
            at = next(i for i, group in enumerate(groups) if len(group) > 1)
            i, slip = depth[groups[at][0]], None
        group = groups[at]
        if i > 12 or len(set(group)) < len(group):  # nothing left to tell them apart by
            break
        inside = "[" + " ? ".join(map(write.word, group)) + "]"
        steps.append(style.open.format(g=inside, n=_NTH[min(i, 10)], x=write.letters(group, i, slip)))
        redo.append(_terse(group, i))
        parts, before = _split(group, i), groups
        way = rng.random() if bad == len(steps) else 1.0
        misnumbered = rng if way < 0.1 and style.code else None
        if way < 0.6 and not misnumbered:
            parts = _spoil(parts, rng)
        for w in group:
            depth[w] = i + 1
        groups = groups[:at] + parts + groups[at + 1 :]
        step = style.closed.format(x=write.listed(parts, i, misnumbered))
        if style.whole == 2 or (style.whole and all(len(part) == 1 for part in parts)):
            shown = groups
            if 0.6 <= way < 1.0:  # the whole list is wrong: as before, or spoilt
                shown = before if rng.random() < 0.4 else _spoil(groups, rng)
                redo[-1] += " | " + " ".join(w for g in groups for w in g)
            step += " " + style.altogether.format(x=write.listed(shown, None))
        steps.append(step)
    answer = [w for group in groups for w in group]
    if bad == len(steps):
        j = rng.randrange(len(answer))
        if rng.random() < 0.4 and len(answer) > 2:
            answer.pop(j)
        else:
            word = answer.pop(j)
            answer.insert(rng.choice([k for k in range(len(answer) + 1) if k != j]), word)
    said = " ".join(answer)
    steps.append(style.last.format(x=said))
    return steps, [*redo, " ".join(sorted(words))], said


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
    right, right_redo, answer = _sort(chosen, style, random.Random(seed), None)
    steps, redo, wrong = right, right_redo, None
    for _ in range(20 if broken else 0):
        bad = rng.choice((1, rng.randrange(len(right)), rng.randrange(len(right))))
        steps, broken_redo, _ = _sort(chosen, style, random.Random(rng.random()), bad)
        steps = right[:bad] + steps[bad:]
        redo = [*right_redo[:bad], *broken_redo[bad : bad + 1], *right_redo[bad + 1 :]]
        wrong = first_difference(right, steps)
        if wrong == bad:
            break
    question = worded(rng.choice(_ASK), rng).format(w=" ".join(chosen))
    return Trace("sorting", question, tuple(steps), tuple(redo), answer, wrong, " ".join(chosen))
