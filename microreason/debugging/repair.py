"""Finds the edit that makes failing tests pass: candidates ranked, tried in the sandbox, told as steps and a diff.

The tests run twice on the text as it is: those that pass already, change their minds or never reach the file are
refused in a sentence. Then every single edit of the functions that the failing tests ran is ranked and tried, at most
`limit` of them, until all tests pass, three times.
Does not cover repairs in two places, or whether tests that pass mean that the code is right.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from microreason.debugging.judge import Evidence, Judge
from microreason.debugging.prior import Ranking, released_prior
from microreason.debugging.source import Edit, Source, Unseen, unified
from microreason.debugging.statements import edits
from microreason.errors import BadInput

_BATCHES = (10, 40, 150)
"""How many candidates are handed to the sandbox at once: few first, since the first are the likeliest."""


class Unrepairable(BadInput):
    """The tests give nothing to repair by: they pass already, are flaky, or do not reach the file."""


@dataclass
class Repair:
    """What a search found: `text` is the repaired file, None where no candidate passed."""

    name: str
    before: str
    tests: int
    failing: list[str]
    ranked_by: str
    text: str | None = None
    edit: Edit | None = None
    function: str | None = None
    tried: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    isolation: str = ""
    steps: list[str] = field(default_factory=list)

    @property
    def diff(self) -> str:
        return "" if self.text is None else unified(self.before, self.text, self.name)

    def as_json(self) -> dict:
        """What `microreason debug --json` prints."""
        edit = self.edit
        return {
            "repaired": self.text is not None, "file": self.name, "function": self.function,
            "line": edit and edit.line, "kind": edit and edit.kind, "steps": self.steps, "diff": self.diff,
            "tried": self.tried, "seconds": round(self.seconds, 3),
            "cpu_seconds": round(self.cpu_seconds, 3), "ranked_by": self.ranked_by,
            "tests": self.tests, "failing": self.failing, "isolation": self.isolation,
        }  # fmt: skip


def repair(
    text: str,
    judge: Judge,
    *,
    name: str = "candidate.py",
    ranking: Ranking | None = None,
    limit: int = 200,
    seconds: float = 60,
) -> Repair:
    """Search for an edit of `text` that makes the judge's tests pass: at most `limit` candidates and `seconds`.

    Raises BadInput where the text is not Python, Unrepairable where the tests cannot show a repair.
    """
    began, cpu = time.monotonic(), _cpu(judge)
    order: Ranking = ranking or released_prior()
    source = Source(text, f"The file {name!r}")
    evidence = _first_look(source, judge, name)
    found = Repair(name, text, len(evidence.tests), evidence.failing, order.name, isolation=judge.isolation)
    each = max(0.5, 3 * evidence.seconds)
    waiting = candidates(source, order, evidence)
    for size in _batches(limit):
        left = seconds - (time.monotonic() - began)
        batch = list(itertools.islice(waiting, size)) if left > 0 else []
        if not batch:
            break
        texts = [source.apply(edit) for _, edit in batch]
        index, tried = judge.first_passing(texts, each, left, evidence.failing)
        found.tried += tried
        if index is not None:
            found.text, (found.function, found.edit) = texts[index], batch[index]
            break
    found.seconds, found.cpu_seconds = time.monotonic() - began, _cpu(judge) - cpu
    found.steps = _steps(found, source, evidence)
    return found


def _cpu(judge: Judge) -> float:
    """Processor seconds of this process and of the tests."""
    return time.process_time() + judge.cpu


def _first_look(source: Source, judge: Judge, name: str) -> Evidence:
    runs = judge.evidence(source.text, times=2)
    if not runs:
        raise Unrepairable("The tests did not end within a minute, so they cannot judge a repair.")
    if all(run.passed for run in runs):
        raise Unrepairable("The tests pass already: there is nothing to repair.")
    changed = [test for test in runs[0].tests if runs[0].tests[test] != runs[-1].tests.get(test, runs[0].tests[test])]
    if changed:
        raise Unrepairable(f"The tests are flaky ({_list(changed)} changed between two runs): no repair can be judged.")
    evidence = max(runs, key=lambda run: len(run.tests))
    inside = {n for f in source.functions() for n in range(f.body[0].lineno, (f.end_lineno or f.lineno) + 1)}
    if not inside:
        raise Unrepairable(f"The file {name!r} has no function to repair.")
    traced = judge.tests["kind"] != "command" and evidence.tests
    if traced and not inside & set(evidence.suspicion()):
        why = f" ({evidence.said})" if evidence.said else ""
        raise Unrepairable(f"The failing tests never run a function of {name!r}, so no edit of it helps{why}.")
    return evidence


def _batches(limit: int) -> Iterator[int]:
    left = limit
    for size in _BATCHES:
        if left > 0:
            yield min(size, left)
            left -= size
    while left > 0:
        yield min(_BATCHES[-1], left)
        left -= _BATCHES[-1]


def candidates(source: Source, ranking: Ranking, evidence: Evidence) -> Iterator[tuple[str, Edit]]:
    """Edits with their function's name, best first, those that parse and differ, each result once."""
    suspicious = set(evidence.suspicion())
    scored: list[tuple[float, int, str, Edit, Unseen]] = []
    for function in source.functions():
        lines = range(function.body[0].lineno, (function.end_lineno or function.lineno) + 1)
        if suspicious and not suspicious & set(lines):
            continue
        offered = edits(source, function)
        unseen = Unseen(source, function)
        for score, edit in zip(ranking.scores(source, function, offered, evidence), offered, strict=True):
            scored.append((-score, len(scored), function.name, edit, unseen))
    scored.sort(key=lambda entry: entry[:2])
    return ((name, edit) for _, _, name, edit, unseen in scored if unseen(edit))


def _list(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _steps(found: Repair, source: Source, evidence: Evidence) -> list[str]:
    """How the repair was found, a sentence a step."""
    steps = [f"{len(found.failing)} of {found.tests} tests fail: {_list(found.failing)}."]
    if not found.tests:
        steps = ["The tests do not end."]
    if evidence.said:
        steps.append(f"The first says: {' '.join(evidence.said.split())[:200]}")
    if found.edit is None:
        steps.append(f"None of {found.tried} candidates (ranked by: {found.ranked_by}) makes all tests pass.")
        return steps
    line = found.edit.line
    bad = sum(line in evidence.lines.get(test, ()) for test in found.failing)
    good = sum(line in lines for lines in evidence.lines.values()) - bad
    code = source.text.splitlines()[line - 1].strip()
    steps.append(f"Line {line} of {found.function}, run by {bad} failing and {good} passing tests: {code}")
    steps.append(f"There {found.edit.said}.")
    steps.append(f"Candidate {found.tried} (ranked by: {found.ranked_by}) passes all tests, three times.")
    return steps
