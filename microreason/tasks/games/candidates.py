"""Solving grids of digits by their candidates: the lines that sudoku and futoshiki share.

Rows are called a, b, c from the top, columns 1, 2, 3, a box by its first cell. The lines:
- `a:27`: the digits that row a still needs; then so for columns and boxes.
- ` a12 a527`: the open cells of a row and the digits they may have, each cell one word: a1 can be 2, a5 2 or 7.
- ` a12 a57 b128`: a1 is 2, and the open cells of its row, column and box that lose the 2 by it. A cell with one
  candidate comes first, the one named first before others; else a digit that has one cell left in a unit
  (` a12@a`); else a guess in the first of the cells with fewest candidates (` a12?`).
- ` a1<a2 a17 a289`: what the two cells may be as the one is less than the other. All signs come first, in their
  order; later a sign comes where it narrows a cell and no cell has one candidate.
- ` a5!` ends a line: no candidate is left. `/` takes every cell that changed since the latest guess back to what it
  was before it, without that guess.
The end is one candidate for each cell or, under a guess, every cell decided: what follows from one that is not yet
decided could be a contradiction then.
Does not cover reading a puzzle, nor other ways to narrow candidates, such as pairs.
"""

import re

_ITEM = re.compile(r" ([a-i]\d)(\d*)")
_HEAD = re.compile(r" ([a-i]\d)(\d)(?:(\?)|@([a-i]\d?|\d))?(?= |$)|( [a-i]\d<[a-i]\d)(?= |$)")


def units(size, box=0):
    """The cells of each row, column and box (of width `box`) by its name."""
    rows, columns = "abcdefghi"[:size], "123456789"[:size]
    out = {r: [r + c for c in columns] for r in rows} | {c: [r + c for r in rows] for c in columns}
    for i in range(0, size, box) if box else ():
        for j in range(0, size, box):
            out[rows[i] + columns[j]] = [r + c for r in rows[i : i + box] for c in columns[j : j + box]]
    return out


def _words(cands, cells):
    return "".join(f" {cell}{cands[cell] or '!'}" for cell in cells)


class Grid:
    """A puzzle: its units, the known cells with their digits, and pairs of cells whose first is less."""

    def __init__(self, units, known, less=()):
        self.units, self.known, self.less = units, known, less
        self.digits = "123456789"[: len(units["a"])]
        self.cells = [cell for name, unit in units.items() if name.isalpha() for cell in unit]
        self.peers = {c: {o for u in units.values() if c in u for o in u} - {c} for c in self.cells}
        self.fixed = self._fixed()

    def _fixed(self):
        """The lines before the first deduction."""
        missing = {u: "".join(d for d in self.digits if d not in [self.known.get(c) for c in cells])
                   for u, cells in self.units.items()}  # fmt: skip
        lines = [(" " if u.islower() else "") + f"{u}:{m}" for u, m in missing.items() if m]
        self.start = dict(self.known)
        for cell in self.cells:
            if cell not in self.known:
                sets = [missing[u] for u, cells in self.units.items() if cell in cells]
                self.start[cell] = "".join(d for d in sets[0] if all(d in s for s in sets))
        rows = [[c for c in self.cells if c[0] == row and c not in self.known] for row in "abcdefghi"]
        return lines + [_words(self.start, row) for row in rows if row]

    def replay(self, lines):
        """Candidates, decided cells, singles in the order in which they came up, and open guesses."""
        cands, done, guesses = dict(self.start), set(self.known), []
        order = {c: 0 for c in self.cells if c not in done and len(cands[c]) == 1}
        for line in lines:
            head = _HEAD.match(line)
            if line[0] == "/":
                done, cands, _ = guesses.pop()
                order = {}
            elif head[1]:
                if head[3]:
                    guesses.append((set(done), dict(cands), (head[1], head[2])))
                cands[head[1]] = head[2]
                done.add(head[1])
            for cell, digits in _ITEM.findall(line[head.end() if head else 0 :]):
                cands[cell] = digits
                if len(digits) == 1:
                    order.setdefault(cell, 0)
        return cands, done, [c for c in order if c not in done], guesses

    def _placed(self, cands, done, cell, digit):
        """The words for the cells that lose a digit, up to one that has none left."""
        out = {}
        for other in self.cells:
            if other in self.peers[cell] and other not in done and digit in cands[other]:
                out[other] = cands[other].replace(digit, "")
                if not out[other]:
                    break
        return _words(out, out)

    def _compared(self, cands, a, b):
        """The words for two cells of which the first is less; the second is narrowed first."""
        out = {b: "".join(d for d in cands[b] if d > min(cands[a]))}
        out[a] = "".join(d for d in cands[a] if d < max(out[b])) if out[b] else cands[a]
        return _words(out, [c for c in (a, b) if out[c] != cands[c]])

    def _hidden(self, cands, done):
        for unit, cells in self.units.items():
            for digit in self.digits:
                places = [c for c in cells if digit in cands[c]]
                if len(places) == 1 and places[0] not in done:
                    yield f" {places[0]}{digit}@{unit}", places[0], digit

    def next(self, lines):
        """The line after some (without the fixed ones), or None at the end."""
        cands, done, singles, guesses = self.replay(lines)
        if not all(cands.values()):
            before, old, (cell, digit) = guesses[-1]
            old[cell] = old[cell].replace(digit, "")
            return "/" + _words(old, [c for c in self.cells if c not in before and cands[c] != old[c]])
        compared = [(a, b, self._compared(cands, a, b)) for a, b in self.less]
        if len(lines) < len(compared):
            return " {}<{}{}".format(*compared[len(lines)])
        if not guesses and all(len(digits) == 1 for digits in cands.values()):
            return None
        if singles:
            head, cell, digit = f" {singles[0]}{cands[singles[0]]}", singles[0], cands[singles[0]]
        elif found := next((found for found in compared if found[2]), None):
            return " {}<{}{}".format(*found)
        elif len(done) == len(self.cells):
            return None
        elif not (found := next(self._hidden(cands, done), None)):
            cell = min((c for c in self.cells if c not in done), key=lambda c: len(cands[c]))
            digit = cands[cell][0]
            head = f" {cell}{digit}?"
        else:
            head, cell, digit = found
        return head + self._placed(cands, done | {cell}, cell, digit)

    def solve(self):
        """All lines, and the digit of each cell."""
        lines = []
        while line := self.next(lines):
            lines.append(line)
        return self.fixed + lines, self.replay(lines)[0]

    def check(self, previous, step):
        """Whether a line is right after the previous ones; None where it is no such line."""
        if len(previous) < len(self.fixed):
            return step == self.fixed[len(previous)]
        lines = previous[len(self.fixed) :]
        cands, done, singles, _ = self.replay(lines)
        head = _HEAD.match(step)
        if step[0] == "/" or not all(cands.values()) or len(lines) < len(self.less):
            return step == self.next(lines)
        if not head:
            return None
        if head[5]:
            a, b = head[5].strip().split("<")
            words = self._compared(cands, a, b)
            return (a, b) in self.less and bool(words) and step[head.end() :] == words
        cell, digit = head[1], head[2]
        if head[3]:
            known = cell not in done and digit in cands[cell] and len(cands[cell]) > 1
        elif head[4]:
            known = (head[0], cell, digit) in self._hidden(cands, done)
        else:
            known = cell in singles and digit == cands[cell]
        return known and step[head.end() :] == self._placed(cands, done | {cell}, cell, digit)
