"""Reading a problem with somebody's solution from a text: numbered steps, bullets, lines or sentences, this package's
own text form, or JSON with `problem` (or `question`, `input`) and `steps`.

Where steps carry numbers from 0 or 1 on, bullets or a heading such as `Solution:`, what stands before is the problem;
else the first paragraph is. Labels are taken off: steps are numbered anew. Does not cover judging (check.py).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from microreason.errors import BadInput
from microreason.inputs import read_problem
from microreason.solution import PROBLEM, problem_from_text

MAX_STEPS = 200
_LABELS = (
    re.compile(r"^\s*(?:step|thought|line)\s*[#(\[]?(\d+)[)\]]?\s*[.:)\-]*\s+", re.IGNORECASE),
    re.compile(r"^\s*[(\[](\d+)[)\]]\s*[.:\-]?\s+"),
    re.compile(r"^\s*(\d+)\s*[.:)]\s+"),
    re.compile(r"^\s*(\d+)\s+-\s+"),
)
_BULLET = re.compile(r"^\s*[-*•]\s+")
_HEADING = re.compile(r"^\s*(?:solution|steps?|answer in steps|proof|working)\s*:?\s*$", re.IGNORECASE)
_PROBLEM = re.compile(r"\A\s*(?:problem|question|q)\s*:\s*", re.IGNORECASE)
_SENTENCE = re.compile(r"(?<=[^.\d][.!?])\s+(?=[A-Z(\d])|(?<=\d\.)\s+(?=[A-Z])")
Given = tuple[str, list[str]]
"""A problem's text and the steps of a solution."""


def read_given(source: str) -> Given:
    """From a file, or standard input where `source` is `-`. Raises BadInput with one sentence."""
    return parse(read_problem(source if source == "-" else f"@{source}"))


def parse(text: str) -> Given:
    """The problem and its steps. Raises BadInput where the form is unknown."""
    if text.startswith(PROBLEM):
        problem, solution = problem_from_text(text)
        steps = [step.text for step in solution.steps]
        return _checked(problem.text, [*steps, *([] if solution.answer is None else [f"Answer: {solution.answer}"])])
    if text.lstrip().startswith("{"):
        return _from_json(text)
    lines = text.split("\n")
    for split in (_by_heading, _by_number, _by_bullet, _by_paragraph):
        found = split(lines)
        if found and found[1]:
            return _checked(*found)
    raise BadInput("There is no solution in steps in this text: write the problem, then numbered steps, one a line.")


def _checked(question: str, steps: list[str]) -> Given:
    question = _PROBLEM.sub("", question).strip()
    steps = [" ".join(step.split()) for step in steps if step.strip()]
    if not question:
        raise BadInput("There is no problem before the solution.")
    if not steps:
        raise BadInput("The solution has no steps.")
    if len(steps) > MAX_STEPS:
        raise BadInput(f"The solution has {len(steps)} steps; at most {MAX_STEPS} can be checked.")
    return question, steps


def _from_json(text: str) -> Given:
    try:
        record = json.loads(text)
        question = next(record[key] for key in ("problem", "question", "input") if isinstance(record.get(key), str))
        steps = [step if isinstance(step, str) else step["text"] for step in record["steps"]]
        if not all(isinstance(step, str) for step in steps):
            raise TypeError
    except (ValueError, KeyError, TypeError, StopIteration, RecursionError):
        raise BadInput("The JSON must have the keys `problem` (text) and `steps` (a list of texts).") from None
    answer = record.get("answer")
    if isinstance(answer, str) and not any(answer in step for step in steps[-1:]):
        steps.append(f"Answer: {answer}")
    return _checked(question, steps)


def _labelled(lines: list[str], label: Callable[[str], tuple[str, str] | None]) -> Given | None:
    """The lines before the first with a label, and the labelled ones; lines between belong to the step before."""
    question: list[str] = []
    steps: list[str] = []
    for line in lines:
        found = label(line)
        if found:
            steps.append(found[1])
        elif steps:
            steps[-1] += " " + line
        else:
            question.append(line)
    return ("\n".join(question), steps) if steps else None


def unlabelled(lines: list[str]) -> list[str] | None:
    """The lines without their numbers, where every line has one and they count up from 0 or 1; else None."""
    for pattern in _LABELS:
        found = [pattern.match(line) for line in lines]
        if all(found) and _counts([int(match[1]) for match in found if match]):
            return [line[match.end() :] for line, match in zip(lines, found, strict=True) if match]
    return None


def _counts(numbers: list[int]) -> bool:
    return bool(numbers) and numbers[0] in (0, 1) and numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def _by_number(lines: list[str]) -> Given | None:
    for pattern in _LABELS:
        numbers = [int(match[1]) for line in lines if (match := pattern.match(line))]
        if _counts(numbers):

            def label(line: str, pattern: re.Pattern[str] = pattern) -> tuple[str, str] | None:
                match = pattern.match(line)
                return (match[1], line[match.end() :]) if match else None

            return _labelled(lines, label)
    return None


def _by_bullet(lines: list[str]) -> Given | None:
    return _labelled(lines, lambda line: (m[0], line[m.end() :]) if (m := _BULLET.match(line)) else None)


def _by_heading(lines: list[str]) -> Given | None:
    at = next((i for i, line in enumerate(lines) if _HEADING.match(line)), None)
    if at is None:
        return None
    rest = [line for line in lines[at + 1 :] if line.strip()]
    question = "\n".join(lines[:at])
    labelled = _by_number(rest) or _by_bullet(rest)
    if labelled and not labelled[0].strip():
        return question, labelled[1]
    return question, rest if len(rest) > 1 else _sentences(rest)


def _by_paragraph(lines: list[str]) -> Given | None:
    """The first paragraph is the problem; each line after it a step, or each sentence where there is one line."""
    text = "\n".join(lines).strip("\n")
    question, gap, rest = text.partition("\n\n")
    steps = [line for line in rest.split("\n") if line.strip()]
    if not gap or not steps:
        return None
    return question, steps if len(steps) > 1 else _sentences(steps)


def _sentences(lines: list[str]) -> list[str]:
    return [sentence for line in lines for sentence in _SENTENCE.split(line) if sentence.strip()]


def record(data: Any) -> tuple[str, list[str], int | None]:
    """A line of BIG-Bench-Mistake: problem, steps and the number of the first wrong one from 0, or None.

    Raises ValueError where it is none.
    """
    question, steps, wrong = data["input"], data["steps"], data["mistake_index"]
    if not isinstance(question, str) or not isinstance(steps, list) or not all(isinstance(s, str) for s in steps):
        raise ValueError("no text and steps")
    if not question.strip() or not steps or not (wrong is None or 0 <= int(wrong) < len(steps)):
        raise ValueError("no such step")
    steps = [" ".join(step.split()) for step in unlabelled(steps) or steps]
    return question.strip(), steps, None if wrong is None else int(wrong)
