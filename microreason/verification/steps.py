"""Step checkers: judge one step from the problem's text and the steps before it.

Arithmetic claims (`7150%1508=1118`, `3*4+5=17`, `12<15`) are checked for any problem; other kinds by the
`check` method of the task that recognises the problem. Where a task determines its expert's lines, a solution that
has kept to them so far goes on with the line that is due; one that has left them is judged line by line. A step that
no checker knows is `unknown`, which is never counted as sound. Does not cover running code (a sandbox will) or
grading answers (tasks).
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache

from microreason.solution import Problem, Solution, Step, Verdict
from microreason.tasks import Task, recognise

_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_CLAIM = re.compile(r"^[-+*/%().\d]+(?:[=<>][-+*/%().\d]+)+$")
_POWER = r"[a-z](?:\*\*\d+)?"
_NAME = re.compile(rf"(?:1|{_POWER}(?:\*{_POWER})*):")
"""Before a claim: whose coefficient it is about, `x**2*y:3-1=2`, or `1:7-4=3` among constants."""
MAX_CLAIM, MAX_DIGITS = 400, 60


def evaluate(expression: str) -> Fraction:
    """Exact value of an expression in + - * / % and parentheses; no names, no calls, no powers.

    Raises ValueError for anything else, and ZeroDivisionError.

    >>> evaluate("7150%1508")
    Fraction(1118, 1)
    """
    if len(expression) <= MAX_DIGITS and _NUMBER.fullmatch(expression):  # as most parts of a chain are
        return Fraction(expression)
    position = 0

    def peek() -> str:
        return expression[position] if position < len(expression) else ""

    def factor() -> Fraction:
        nonlocal position
        if peek() == "-":
            position += 1
            return -factor()
        if peek() == "(":
            position += 1
            value = total()
            if peek() != ")":
                raise ValueError(f"unbalanced parentheses in {expression!r}")
            position += 1
            return value
        number = _NUMBER.match(expression, position)
        if not number or len(number[0]) > MAX_DIGITS:
            raise ValueError(f"no number at {position} in {expression!r}")
        position = number.end()
        return Fraction(number[0])

    def product() -> Fraction:
        nonlocal position
        value = factor()
        while (op := peek()) and op in "*/%":
            position += 1
            right = factor()
            value = value * right if op == "*" else value / right if op == "/" else value % right
        return value

    def total() -> Fraction:
        nonlocal position
        value = product()
        while (op := peek()) and op in "+-":
            position += 1
            right = product()
            value = value + right if op == "+" else value - right
        return value

    if len(expression) > MAX_CLAIM or expression.count("(") > 20 or re.search(r"-{20}", expression):
        raise ValueError("expression too long")
    result = total()
    if position != len(expression):
        raise ValueError(f"cannot read {expression!r} at {position}")
    return result


def check_arithmetic(step: str) -> bool | None:
    """Judge a chain of equalities or comparisons between expressions, with or without the name of a power before it;
    None where the step is no such claim.

    >>> check_arithmetic("3*4=12"), check_arithmetic("2<1"), check_arithmetic("x**2:3-1=2"), check_arithmetic("hello")
    (True, False, True, None)
    """
    claim = step[name.end() :] if (name := _NAME.match(step)) else step
    if not _CLAIM.match(claim):
        return None
    parts = re.split(r"([=<>])", claim)
    try:
        values = [evaluate(part) for part in parts[::2]]
    except ValueError:
        return None
    except ZeroDivisionError:
        return False
    compare = {"=": lambda a, b: a == b, "<": lambda a, b: a < b, ">": lambda a, b: a > b}
    return all(compare[op](values[i], values[i + 1]) for i, op in enumerate(parts[1::2]))


@lru_cache(maxsize=64)
def _path(task: Task, text: str) -> list[str]:
    return [step.text for step in task.expert(Problem(text=text)).steps]


def _is_due(task: Task, text: str, previous: list[str], step: str) -> bool:
    """Whether a step is the expert's next line, where the steps before are the expert's too; else true."""
    path = _path(task, text)
    return path[: len(previous)] != previous or path[len(previous) : len(previous) + 1] == [step]


def check_step(
    problem: Problem | str, previous: list[str], step: str, task: Task | None = None, due: bool = False
) -> Verdict:
    """The verdict on one step, from the problem's text and the steps before it. Never raises.

    A true claim of arithmetic that the task's own checker refuses at this place is unsound. With `due`, so is a sound
    line that is not the next of the expert's path, in tasks whose text determines that path: it finds steps left out
    and written twice, but holds the expert's whole solution, so it never takes part in decoding.
    """
    text = problem if isinstance(problem, str) else problem.text
    verdict = check_arithmetic(step)
    task = task or recognise(text)
    if verdict is not False and task:
        try:
            own = task.check(text, previous, step)
            if due and task.determined and own is not False:
                own = _is_due(task, text, previous, step)
        except Exception:  # a checker met a line it cannot read: that is no verdict
            own = None
        verdict = verdict if own is None else own
    return "unknown" if verdict is None else "sound" if verdict else "unsound"


def check_solution(problem: Problem | str, solution: Solution, task: Task | None = None) -> Solution:
    """The same solution with a verdict on every step."""
    lines = [step.text for step in solution.steps]
    return solution.model_copy(
        update={
            "steps": tuple(
                Step(text=line, verdict=check_step(problem, lines[:i], line, task)) for i, line in enumerate(lines)
            )
        }
    )
