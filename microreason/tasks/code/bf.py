"""bf: what a BF program prints.

A program that prints a word sets one cell to each letter in turn. The first line is the program with the length of
each run of `+` or `-` in place of the run; then `120-1=119w` is the cell's value before and after a run, and the
letter printed. A loop goes before it: `119-4*5=119-20=99`. The other program is a compiled `while`: the first lines
read its numbers off the code that sets its cells, ` target=9*9+1=82`, ` x=3`, ` y=4`; then each line is one pass,
` 7<82:7+3=10,10+4=14`, until the sum reaches the target (` 84>82`) and is printed.
Does not cover other BF programs, or the library's third level.
"""

import re
from math import prod

from microreason.solution import Problem, Solution
from microreason.tasks.base import GymTask

_LETTER = re.compile(r"(?:>(\++)\[<([+-]+)>-\]<)?([+-]*)\.")
_NUMBER = re.compile(r"\[-\](?:>\[-\](\++)\[<(\++)>-\]<)?(\+*|-*)><>\[-\]")


def _program(text):
    return re.search(r"(?m)^[-+<>.\[\]]{9,}$", text)[0]


def _short(program):
    return re.sub(r"\+{2,}|-{2,}", lambda m: f"{m[0][0]}{len(m[0])}", program)


def _signed(run):
    return f"{run[0]}{len(run)}" if run else ""


def _operations(program):
    """What a word's program does to the cell: `+10*12`, `-1`; a run is followed by `.`."""
    out = []
    for times, each, run in _LETTER.findall(program.replace("[-]", "").replace("<>", ">", 1)):
        out += [f"{each[0]}{len(times)}*{len(each)}"] if times else []
        out.append(_signed(run) + ".")
    return out


def _apply(value, operation):
    change = operation.rstrip(".")
    sign, numbers = change[:1], [int(n) for n in re.findall(r"\d+", change)]
    amount = prod(numbers) if numbers else 0
    after = value - amount if sign == "-" else value + amount
    middle = f"{value}{sign}{amount}=" if len(numbers) > 1 and value else ""
    line = f"{value}{change}={middle}{after}" if change else f"{value}"
    return line + chr(after % 256) * operation.endswith("."), after


def _constants(program):
    """The target, x and y, as lines, and their values."""
    lines, values = [], []
    for name, (times, each, run) in zip((" target", " x", " y"), _NUMBER.findall(program)[1:], strict=False):
        value = len(times) * len(each) + len(run) * (-1 if run.startswith("-") else 1)
        terms = f"{len(times)}*{len(each)}{_signed(run)}=" if times else ""
        lines.append(f"{name}={terms}{value}")
        values.append(value)
    return lines, values


def _pass(total, target, x, y):
    """The line of a total and the total after it, None where the loop ends."""
    if total >= target:
        return f" {total}{'>' if total > target else '='}{target}", None
    return f" {total}<{target}:{total}+{x}={total + x},{total + x}+{y}={total + x + y}", total + x + y


class Bf(GymTask):
    name, category, spelled = "bf", "code", True
    pattern = re.compile(r"BF \(Brainf\*ck\)")
    hard = {"difficulty": 2}

    def params(self, difficulty, rng):
        return {"difficulty": 1 + (rng.random() < difficulty)}

    def expert(self, problem: Problem) -> Solution:
        program, total, value = _program(problem.text), 0, 0
        lines, values = _constants(program)
        if not values:
            lines = [_short(program)]
            for operation in _operations(program):
                line, value = _apply(value, operation)
                lines.append(line)
            return Solution.of(lines, "".join(line[-1] for line in lines[1:] if line[-1].isalpha()))
        while total is not None:
            value = total
            line, total = _pass(total, *values)
            lines.append(line)
        return Solution.of(lines, value)

    def check(self, text, previous, step):
        program, done = _program(text), len(previous)
        constants, values = _constants(program)
        last = [int(n) for n in re.findall(r"\d+", previous[-1])] if previous else []
        if values:
            if done < 3:
                return step == constants[done]
            return step == _pass(last[-1] if done > 3 else 0, *values)[0]
        if not done:
            return step == _short(program)
        operations = _operations(program)
        return done <= len(operations) and step == _apply(last[-1] if done > 1 else 0, operations[done - 1])[0]
