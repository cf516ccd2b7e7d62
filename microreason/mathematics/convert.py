"""From a public problem set to problems with checked solutions, as JSON lines that a task can draw from.

The set's own equations become steps, one claim a line, every one judged sound before it is written; a problem whose
equations do not give its answer is left out and counted. `HELD_OUT` problems of a set, those with the smallest hash of
their id, are kept out for one's own figures, and so is every question that equals one of an evaluation file.
Solutions in words (MATH, TAL-SCQ5K) are kept as they are, a sentence a line: no checker knows them.
Does not cover reading the sets (formats.py), rewriting (rewriting.py) or drawing from the result (tasks/file.py).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any

from microreason.data.documents import fingerprint
from microreason.mathematics.equations import arranged, parse, steps, value, write
from microreason.mathematics.formats import Entry
from microreason.mathematics.rewriting import rewrite
from microreason.solution import Problem, Solution
from microreason.verification.steps import check_arithmetic

HELD_OUT = 500
MAX_STEPS = 60
_VERDICT = re.compile(r"故选|故答案|应选|^\s*答[：:]|[Aa]nswer is|[Cc]hoose|^(?:[A-G]\W*)$")


def sameness(question: str) -> int:
    """Equal for questions that differ in case, spaces and punctuation only."""
    return fingerprint(re.sub(r"\W", "", question))


def split(entries: list[Entry], size: int = HELD_OUT) -> tuple[list[Entry], list[Entry]]:
    """Training and held-out problems; the latter are the `size` with the smallest hash of their id, and every problem
    with the same question as one of them is left out of training."""
    order = sorted(entries, key=lambda entry: hashlib.blake2b(entry.id.encode(), digest_size=8).digest())
    questions = {sameness(entry.question) for entry in order[:size]}
    return [entry for entry in entries if sameness(entry.question) not in questions], order[:size]


def solve(entry: Entry) -> Solution:
    """The solution of a problem. Raises ValueError with the reason why there is none."""
    if entry.kind != "number":
        lines = [line for line in entry.lines if not (entry.kind == "choice" and _VERDICT.search(line))]
        if not lines:
            raise ValueError("no solution in words")
        return Solution.of(lines[:MAX_STEPS], entry.answer)
    if not entry.equations:
        raise ValueError("no equation")
    try:
        gold = value(parse(entry.answer))
        lines, total, form = [], Fraction(0), "decimal"
        for equation in entry.equations:
            tree = parse(equation)
            more, total, form = steps(arranged(tree, entry.question) if len(entry.equations) == 1 else tree)
            lines += more
    except ZeroDivisionError:
        raise ValueError("division by zero") from None
    except ValueError:
        raise ValueError("an equation or answer that cannot be read") from None
    if total != gold:
        near = abs(total - gold) * 100 <= abs(gold)
        raise ValueError(
            "the equation gives the answer only when rounded" if near else "the equation gives another answer"
        )
    if not lines:
        raise ValueError("the equation is the answer itself")
    if entry.answer.endswith("%"):
        lines.append(f"{write(total)}*100={write(total * 100)}")
        form = "percent"
    if len(lines) > MAX_STEPS or not all(check_arithmetic(line) for line in lines):
        raise ValueError("a step that is not sound or too many of them")
    return Solution.of(lines, write(total, form))


def record(name: str, entry: Entry, solution: Solution) -> dict[str, Any]:
    """One line of the file."""
    return {
        "set": name, "id": entry.id, "text": entry.question, "steps": [step.text for step in solution.steps],
        "answer": solution.answer, "kind": entry.kind,
    }  # fmt: skip


def problem(name: str, entry: Entry, index: int) -> Problem:
    """A question to be asked, graded by `grading.grade`."""
    return Problem(
        text=entry.question, task=name, index=index, answer=entry.answer,
        data={"kind": entry.kind, "id": entry.id, "group": entry.group, "params": {}},
    )  # fmt: skip


def convert(
    name: str, entries: list[Entry], rewrites: int = 0, seed: int = 0, excluded: Iterable[str] = ()
) -> tuple[list[dict[str, Any]], Counter[str]]:
    """Records of the training problems, each followed by up to `rewrites` variants, and what was left out by reason.

    `excluded` are questions that must not occur, such as those of an evaluation or of another set.
    """
    train, held = split(entries)
    forbidden = {sameness(question) for question in excluded} | {sameness(entry.question) for entry in held}
    records, left_out = [], Counter({"held out": len(entries) - len(train)})
    for entry in train:
        for variant in [entry, *(rewrite(entry, seed, i) for i in range(rewrites) if _changeable(entry))]:
            if variant is None:
                left_out["rewriting: nothing to change"] += 1
            elif sameness(variant.question) in forbidden:
                left_out["evaluation question or repeated"] += 1
            else:
                try:
                    records.append(record(name, variant, solve(variant)))
                    forbidden.add(sameness(variant.question))
                except ValueError as error:
                    left_out[str(error) if variant is entry else f"rewriting: {error}"] += 1
    return records, left_out


def _changeable(entry: Entry) -> bool:
    try:
        return bool(solve(entry))
    except ValueError:
        return False


def write_records(path: Path, records: list[dict[str, Any]]) -> None:
    """Write the file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".tmp")
    part.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records), "utf-8")
    part.replace(path)
