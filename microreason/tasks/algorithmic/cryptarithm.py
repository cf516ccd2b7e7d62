"""cryptarithm: which digit each letter stands for, so that a written addition of words is right.

The first lines are the columns from the right, letters on both sides taken away once (`2:2F+J+a=L+10b`): a is the
carry of the first column, b of the second. Then each line narrows the digits a letter or carry may have; digits of
decided letters are no longer possible for others, without a line. `2:F13 J5 a0` is what column 2 leaves possible
where at most two of its letters are open (the rightmost column that tells something); ` F3` a letter with one digit
left; ` F3@` the only letter left for a digit, if there are ten; ` F3?` a guess, in the column with fewest open
letters. `2:!` or ` F!` is a contradiction, and `/ F1 J57 a0` all that was known before the latest guess, without it.
Does not show long ways to refute a guess: instead of them the expert, who knows the solution, guesses right.
"""

import re
from functools import lru_cache
from itertools import product

from microreason.solution import Problem, Solution
from microreason.tasks.base import GymTask

_LONG, _MOST = 100, 300  # lines to refute one guess, and all guesses


class _Puzzle:
    """The columns, each as coefficients of letters and the carries in and out, and what is possible at first."""

    def __init__(self, text):
        *words, result = re.findall(r"(?m)^\+?\s*([A-Z]+)$", text)
        self.letters = sorted(set("".join(words) + result))
        first = {word[0] for word in [*words, result]}
        self.start = {letter: "123456789" if letter in first else "0123456789" for letter in self.letters}
        self.columns, self.lines = [], []
        for k in range(len(result)):
            into, out = "abcdefgh"[k - 1] if k else "", "abcdefgh"[k] if k < len(result) - 1 else ""
            if out:
                self.start[out] = "0123456789"[: len(words)]
            count = dict.fromkeys(self.letters, 0)
            for word in words:
                if k < len(word):
                    count[word[-1 - k]] += 1
            count[result[-1 - k]] -= 1
            count = {letter: n for letter, n in count.items() if n}
            self.columns.append((count, into, out))
            left = [(f"{n}" if n > 1 else "") + letter for letter, n in count.items() if n > 0] + [into] * bool(into)
            right = [letter for letter, n in count.items() if n < 0] + [f"10{out}"] * bool(out)
            self.lines.append(f"{k + 1}:{'+'.join(left) or 0}={'+'.join(right) or 0}")

    def possible(self, known, letter):
        taken = [known[other] for other in self.letters if other != letter and len(known[other]) == 1]
        return "".join(d for d in known[letter] if d not in taken)

    def column(self, known, k):
        """What a column leaves of its letters and carries; None if more than two letters are open."""
        count, into, out = self.columns[k]
        options = {letter: self.possible(known, letter) for letter in count}
        open_letters = [letter for letter in count if len(options[letter]) > 1]
        if len(open_letters) > 2 or not all(options.values()):
            return None
        left = {name: set() for name in [*count, into, out] if name}
        for digits in product(*options.values()):
            total = sum(n * int(digit) for n, digit in zip(count.values(), digits, strict=True))
            for carry in known.get(into, "0") if len(set(digits)) == len(digits) else "":
                ten, rest = divmod(total + int(carry), 10)
                if rest == 0 and str(ten) in known.get(out, "0"):
                    for name, value in zip([*count, into, out], [*digits, carry, str(ten)], strict=True):
                        left.get(name, set()).add(value)
        return {name: "".join(sorted(digits)) for name, digits in left.items()}

    def column_line(self, known, k):
        """The line for a column, or None if it tells nothing."""
        left = self.column(known, k)
        if left is None or not all(left.values()):
            return None if left is None else f"{k + 1}:!"
        new = {
            name: d for name, d in left.items() if d != (self.possible(known, name) if name.isupper() else known[name])
        }
        return f"{k + 1}:" + " ".join(name + digits for name, digits in new.items()) if new else None

    def single_lines(self, known):
        possible = {letter: self.possible(known, letter) for letter in self.letters}
        yield from (f" {letter}!" for letter, digits in possible.items() if not digits)
        yield from (f" {letter}{d}" for letter, d in possible.items() if len(d) == 1 and len(known[letter]) > 1)
        for digit in "0123456789" if len(self.letters) == 10 else "":
            places = [letter for letter in self.letters if digit in possible[letter]]
            if len(places) == 1 and len(known[places[0]]) > 1:
                yield f" {places[0]}{digit}@"

    def deduction(self, known):
        """The next line without a guess, or None."""
        columns = (self.column_line(known, k) for k in range(len(self.columns)))
        return next(self.single_lines(known), None) or next(filter(None, columns), None)

    def back(self, before, guess):
        known = before | {guess[0]: before[guess[0]].replace(guess[1], "")}
        return "/" + "".join(f" {name}{digits}" for name, digits in known.items() if digits != self.start[name])

    def after(self, known, guesses, line):
        """What is known after a line, and the guesses that stand with what was known before each."""
        if line[0] == "/":
            known, guesses = dict(self.start), guesses[:-1]
        if line[-1] == "?":
            guesses = [*guesses, (known, line[1:3])]
        return known | dict(re.findall(r"([A-Za-z])(\d+)", line)), guesses

    def guess(self, known):
        """The line of a guess, or None where every letter is decided."""

        def unknown(column):
            letters = [letter for letter in column[0] if len(self.possible(known, letter)) > 1]
            return len(letters) + 0.5 * (len(known.get(column[1], "0")) > 1), letters

        ranked = [found for found in map(unknown, self.columns) if found[1]]
        letters = min(ranked, key=lambda f: f[0])[1] if ranked else [c for c in self.letters if len(known[c]) > 1]
        letter = min(letters, key=lambda letter: len(self.possible(known, letter)), default=None)
        return letter and f" {letter}{self.possible(known, letter)[0]}?"


@lru_cache(maxsize=64)
def _puzzle(text):
    return _Puzzle(text)


def _search(puzzle, known, limit):
    """Lines of a search from here, and what is known at its end (None: refuted); None if it takes too many lines."""
    lines, guesses = [], []
    while len(lines) < limit:
        line = puzzle.deduction(known) or puzzle.guess(known)
        if line:
            lines.append(line)
        if not line or (line[-1] == "!" and not guesses):
            return lines, None if line else known
        if line[-1] == "!":
            line = puzzle.back(*guesses[-1])
            lines.append(line)
        known, guesses = puzzle.after(known, guesses, line)
    return None


def _write(puzzle, solution):
    """Lines up to the end, and what is known then."""
    lines, known, left, skipped = [], puzzle.start, _MOST, set()
    while line := puzzle.deduction(known) or puzzle.guess(known):
        tried = None
        if line[-1] == "?":
            letter, digits = line[1], puzzle.possible(known, line[1])
            digit = next(d for d in digits if letter + d not in skipped)
            line = f" {letter}{digit}?"
            if digit != solution[letter]:
                tried = _search(puzzle, puzzle.after(known, [], line)[0], _LONG) if left > 0 else None
                left -= len(tried[0]) if tried else _LONG
                if not tried:
                    skipped.add(letter + digit)
                    continue
        lines.append(line)
        if tried:
            lines += tried[0]
            if tried[1]:
                return lines, tried[1]
            line = puzzle.back(known, line[1:3])
            lines.append(line)
        elif line[-1] == "?":
            skipped = set()
        known, _ = puzzle.after(known, [], line)
    return lines, known


class Cryptarithm(GymTask):
    name, category = "cryptarithm", "algorithmic"
    pattern, choice = re.compile(r"^Solve this cryptarithm:\n"), re.compile(r"\?$")
    hard = {"min_words": 5, "max_words": 10}

    def params(self, difficulty, rng):
        words = rng.randint(2, 2 + round(8 * difficulty**1.5))
        return {"min_words": words, "max_words": words}

    def expert(self, problem: Problem) -> Solution:
        puzzle = _puzzle(problem.text)
        solution = {letter: str(d) for letter, d in problem.data["metadata"]["letter_to_digit"].items()}
        lines, known = _write(puzzle, solution)
        return Solution.of(puzzle.lines + lines, ",".join(f"{letter}={known[letter]}" for letter in puzzle.letters))

    def check(self, text, previous, step):
        puzzle = _puzzle(text)
        if len(previous) < len(puzzle.lines):
            return step == puzzle.lines[len(previous)]
        known, guesses = puzzle.start, []
        for line in previous[len(puzzle.lines) :]:
            known, guesses = puzzle.after(known, guesses, line)
        if previous[-1][-1] == "!" or step[0] == "/":
            return previous[-1][-1] == "!" and bool(guesses) and step == puzzle.back(*guesses[-1])
        if deduction := puzzle.deduction(known):
            return step == deduction
        guess = puzzle.guess(known)
        return guess is not None and step in [guess[:2] + digit + "?" for digit in puzzle.possible(known, guess[1])]
