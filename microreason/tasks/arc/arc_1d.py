"""arc_1d: find the rule that maps rows of colours to rows in examples, and apply it to one more row.

The first line names the rule; it fits every example. The second is the test row as runs, ` 0*4 8 0 1*3`. For rules
that gather cells the next line says after each run how many cells of its kind there were so far, ` 0:4 1:1 0:5 1:4`
(kinds are colours where the rule is about colours, else empty 0 and filled 1). The last line is the output as runs.
Of several rules that fit, the first is taken. Does not cover other rules than the library's.
"""

import re
from collections import Counter
from itertools import groupby, pairwise

from microreason.solution import Problem, Solution
from microreason.tasks.base import GymTask


def _runs(cells):
    return [(colour, len(list(run))) for colour, run in groupby(cells)]


def _blocks(cells):
    """Start and length of each run that is not 0."""
    start, out = 0, []
    for colour, size in _runs(cells):
        out += [(start, size)] if colour else []
        start += size
    return out


def _span(cells):
    filled = [i for i, c in enumerate(cells) if c]
    return filled[0], filled[-1] + 1


def _on_span(change):
    def rule(cells):
        a, b = _span(cells)
        inside = change(cells[a:b])
        return None if inside is None else cells[:a] + inside + cells[b:]

    return rule


def _paint(cells, *parts):
    """The cells after parts (start, size, colour) are painted; what lies outside is lost."""
    out = list(cells)
    for start, size, colour in parts:
        for i in range(max(0, start), min(len(out), start + size)):
            out[i] = colour
    return out


def _shift(amount):
    def rule(cells):
        if sum(bool(a) and not b for a, b in pairwise([cells[-1], *cells])) > 1:
            raise ValueError("more than one block, even round the end")
        return cells[-amount:] + cells[:-amount]

    return rule


def _mirrored(rule):
    return lambda cells: rule(cells[::-1])[::-1]


def _gravity(cells):
    return sorted(cells, key=lambda c: c == 0)


def _sort_colours(order):
    return lambda cells: sorted(cells, key=order.index)


def _one_colour(cells):
    colour = Counter(cells).most_common(1)[0][0]
    return [colour] * len(cells) if 0 not in cells else None


def _step(cells):
    i = cells.index(0)
    return cells[:i] + cells[i + 1 :] + [0]


def _dot(dot, move):
    """Rules for one dot and one block: `move` gets cells, dot's place, block's start, size and gap to the dot."""

    def rule(cells):
        place = cells.index(dot)
        (start, size), *more = [b for b in _blocks(cells) if b[0] != place]
        if more or cells.count(dot) > 1:
            raise ValueError("more than a dot and a block")
        gap = start - place - 1 if start > place else start + size - place
        return move(cells, place, start, size, gap)

    return rule


def _touch(most):
    def move(cells, place, start, size, gap):
        way = max(-most, min(most, gap))
        return _paint(cells, (start, size, 0), (start - way, size, cells[start]))

    return move


def _scale(cells, place, start, size, gap):
    return _paint(cells, (min(place, start), max(place, start + size - 1) - min(place, start) + 1, cells[start]))


def _reflect(cells, place, start, size, gap):
    return _paint(cells, (start, size, 0), (2 * place - start - size + 1, size, cells[start]))


def _longest(cells):
    return max(_blocks(cells), key=lambda b: b[1])


def _keep_longest(cells):
    start, size = _longest(cells)
    return _paint([0] * len(cells), (start, size, cells[start]))


def _own_size(cells):
    (start, size), *_ = _blocks(cells)
    return _paint(cells, (start, size, 0), (start + size, size, cells[start]))


def _copy(cells):
    (_, size), *dots = _blocks(cells)
    return _paint(cells, *((i - size // 2, size, cells[i]) for i, _ in dots))


def _repeat(cells):
    pattern = cells[: _span(cells)[1] // 2]
    return (pattern * len(cells))[: len(cells)]


def _by_size(cells):
    a, b = sorted(_blocks(cells), key=lambda block: -block[1])
    return _paint(cells, (*a, 1), (*b, 2))


def _palette(cells):
    colours = cells[: cells.index(0)]
    blocks = [b for b in _blocks(cells) if b[0] > len(colours)]
    return _paint(cells, *((*block, colour) for block, colour in zip(blocks, colours, strict=True)))


def _sort(cells):
    out = []
    for _, size in sorted(_blocks(cells), key=lambda block: block[1]):
        out += [max(cells)] * size + [0]
    return (out + [0] * len(cells))[: len(cells)]


def _seeds(cells):
    start, size = next(b for b in _blocks(cells) if b[1] > 1)
    parts = []
    for i in (start - 2, start + size + 1):
        way = 1 if i > start else -1
        if cells[i]:
            first = i if way > 0 else i - size + 1
            parts += [(first + k * way * (size + 1), size, cells[i]) for k in range(len(cells))]
    return _paint(cells, *parts)


def _fill_out(cells):
    a, b = _span(cells)
    return _paint(cells, (0, a, cells[a]) if cells[a] != cells[a + 1] else (b, len(cells) - b, cells[b - 1]))


def _collide(cells):
    if cells[0] != 5:
        return _collide(cells[::-1])[::-1] if cells[-1] == 5 else None
    out = list(cells)
    for i in range(len(out) - 2, 0, -1):
        out[i] = out[i] or out[i + 1]
    return out


def _mark_pairs(cells):
    return _paint(cells, *(p for i, n in _blocks(cells) if n == 2 for p in ((i - 1, 1, 3), (i + 2, 1, 3))))


_ONE_WAY = {
    " sort 2 1 0": _sort_colours((2, 1, 0)),
    " sort 2 0 1": _sort_colours((2, 0, 1)),
    " gravity": _gravity,
    " count": lambda g: [int(c > 0) for c in _gravity(g)],
    " one step": _step,
}
_RULES = {
    " touch 1": _dot(1, _touch(99)),
    **{f" right {n}": _shift(n) for n in range(1, 5)},
    **{f" left {n}": _shift(-n) for n in range(1, 5)},
    **{f"{name} left": rule for name, rule in _ONE_WAY.items()},
    **{f"{name} right": _mirrored(rule) for name, rule in _ONE_WAY.items()},
    **{f" touch 2 by {n}": _dot(2, _touch(n)) for n in range(1, 5)},
    " grow to 2": _dot(2, _scale),
    " reflect at 2": _dot(2, _reflect),
    " keep longest": _keep_longest,
    " one colour": _on_span(_one_colour),
    " own size right": _own_size,
    " fill between": _on_span(lambda g: [g[0]] * len(g)),
    " only ends": _on_span(lambda g: [g[0], *[0] * (len(g) - 2), g[-1]] if len(g) > 1 else g),
    " copy to dots": _copy,
    " repeat": _repeat,
    " sort sizes": _sort,
    " reverse": _on_span(lambda g: g[::-1]),
    " longest to 1": lambda g: _paint(g, (*_longest(g), 1)),
    " longer 1 shorter 2": _by_size,
    " all to 5": lambda g: [5 * (c > 0) for c in g],
    " colours in order": _palette,
    " left half 8": lambda g: _paint(g, *((i, n // 2, 8) for i, n in _blocks(g))),
    " repeat at seeds": _seeds,
    " fill to edge": _fill_out,
    " fill toward 5": _collide,
    " 3 beside pairs": _mark_pairs,
}


def _apply(rule, cells):
    try:
        return _RULES[rule](cells)
    except (ValueError, IndexError, StopIteration):  # a row the rule says nothing about
        return None


def _read(text):
    rows = [[int(c) for c in row.split()] for row in re.findall(r"(?m)^(?:Input: +|Output: +)?(\d(?: \d)+)$", text)]
    return rows[:-1:2], rows[1::2], rows[-1]


def _fits(rule, text):
    inputs, outputs, _ = _read(text)
    return all(_apply(rule, cells) == wanted for cells, wanted in zip(inputs, outputs, strict=True))


def _write(cells):
    return "".join(f" {colour}*{size}" if size > 1 else f" {colour}" for colour, size in _runs(cells))


def _cells(line):
    return [int(c) for c, n in re.findall(r" (\d)(?:\*(\d+))?", line) for _ in range(min(int(n or 1), 99))]


def _tally(rule, cells):
    """How many cells of its kind there were after each run, None for rules that gather nothing."""
    if not re.match(" gravity| count| sort \\d", rule):
        return None
    seen, line = Counter(), ""
    for kind, size in _runs([c if "sort" in rule else int(c > 0) for c in cells]):
        seen[kind] += size
        line += f" {kind}:{seen[kind]}"
    return line


class Arc1D(GymTask):
    name, category = "arc_1d", "arc"
    pattern = re.compile(
        r"^Find the common rule that maps an input grid to an output grid[^\n]*\n\nExample 1:\nInput: "
    )
    hard = {"min_size": 25, "max_size": 50}

    def params(self, difficulty, rng):
        return {"min_size": 8 + round(17 * difficulty), "max_size": 10 + round(45 * difficulty)}

    def expert(self, problem: Problem) -> Solution:
        rule = next(rule for rule in _RULES if _fits(rule, problem.text))
        cells = _read(problem.text)[2]
        out = _apply(rule, cells)
        lines = [rule, _write(cells), _tally(rule, cells), _write(out)]
        return Solution.of([line for line in lines if line], " ".join(map(str, out)))

    def check(self, text, previous, step):
        if not previous:
            return step in _RULES and _fits(step, text)
        if len(previous) == 1:
            return step == _write(_read(text)[2])
        if previous[0] not in _RULES:
            return None
        cells = _cells(previous[1])
        if len(previous) == 2 and (tally := _tally(previous[0], cells)):
            return step == tally
        out = _apply(previous[0], cells)
        return out is not None and step == _write(out)
