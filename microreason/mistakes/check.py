"""Checking somebody's solution with the network: which step is the first wrong one, why, and how it goes on rightly.

The network solves the problem of the task `mistakes`, all windows of the solution at once, then that of `mending`.
Beside its judgement stand the step head's, where the weights have one and torch is there, and that of the step
checkers: the task's own and one for arithmetic written in sentences. Does not cover reading the text (reading.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import util
from pathlib import Path
from typing import Any

from microreason.errors import BadInput
from microreason.inference import drafts
from microreason.mistakes import form
from microreason.mistakes.reading import Given
from microreason.solution import Solution, Verdict
from microreason.tasks import recognise
from microreason.verification.steps import check_arithmetic, check_step

MAX_TOKENS = 640
"""Tokens that a path over one window, or a continuation, may have."""
_NUMBER = r"-?\(*-?\d+(?:\.\d+)?\)*"
_MORE = rf" ?[-+*/%] ?{_NUMBER}"
_CLAIM = re.compile(rf"{_NUMBER}(?:{_MORE})+(?: ?= ?{_NUMBER}(?:{_MORE})*)+")
_LINE = re.compile(r"^\d+: (.*) wrong$")
_SIGNS = str.maketrans("×÷−·", "*/-*")


@dataclass(frozen=True)
class Found:
    """`wrong` is the first wrong step from 0, or None; `path` the network's lines up to its judgement. `decided` is
    False where a path broke off or ended in no answer before a wrong step was found."""

    wrong: int | None
    path: tuple[str, ...]
    decided: bool

    @property
    def why(self) -> str | None:
        """What the wrong step should say, by the network."""
        found = _LINE.match(self.path[-1]) if self.wrong is not None and self.path else None
        return found[1] if found else None


def fits(engine: Any, given: Given) -> bool:
    """Whether all windows of a solution fit the context of the engine."""
    question, steps = given
    texts = [form.finding(question, steps, window) for window in form.windows(question, steps)]
    return all(drafts.fits(engine, text, MAX_TOKENS) for text in texts)


def find(engine: Any, given: Sequence[Given], progress: Callable[[int], None] | None = None) -> list[Found]:
    """The network's judgement on each solution. Raises BadInput where one does not fit the context."""
    windows = [form.windows(question, steps) for question, steps in given]
    texts = [
        form.finding(question, steps, window)
        for (question, steps), of_one in zip(given, windows, strict=True)
        for window in of_one
    ]
    drawn = iter(engine.generate(texts, mode="plain", max_tokens=MAX_TOKENS, progress=progress))
    return [_joined(of_one, [next(drawn).solution for _ in of_one]) for of_one in windows]


def _joined(windows: Sequence[form.Window], solutions: Sequence[Solution]) -> Found:
    """The first wrong step that a window names."""
    path: list[str] = []
    decided = True
    for window, solution in zip(windows, solutions, strict=True):
        path += [step.text for step in solution.steps]
        answer = (solution.answer or "").strip().lower() if solution.complete else ""
        if answer.isdecimal() and window.start < int(answer) <= window.end:
            return Found(int(answer) - 1, tuple(path), decided)
        decided = decided and answer == form.NONE
    return Found(None, tuple(path), decided)


def mend(
    engine: Any, given: Sequence[tuple[Given, int]], progress: Callable[[int], None] | None = None
) -> list[Solution]:
    """The network's right continuation of each solution from a wrong step on. Raises BadInput as `find`."""
    texts = [form.mending(question, steps, wrong) for (question, steps), wrong in given]
    drawn = engine.generate(texts, mode="plain", max_tokens=MAX_TOKENS, progress=progress)
    return [generation.solution for generation in drawn]


def check_sentence(step: str) -> bool | None:
    """Judge the arithmetic that a sentence claims; None where it claims none.

    >>> check_sentence("First, 3 + 5 = 8."), check_sentence("So 2 × 4 = 9"), check_sentence("Half of it.")
    (True, False, None)
    """
    claims = [match[0].replace(" ", "") for match in _CLAIM.finditer(step.translate(_SIGNS))]
    verdicts = [verdict for claim in claims if (verdict := check_arithmetic(claim)) is not None]
    return all(verdicts) if verdicts else None


def verdicts(given: Given) -> list[Verdict]:
    """What the step checkers say of each step, the network unasked."""
    question, steps = given
    task = recognise(question)
    out: list[Verdict] = []
    for i, step in enumerate(steps):
        verdict = check_step(question, steps[:i], step, task)
        if verdict == "unknown":
            own = check_sentence(step)
            verdict = "unknown" if own is None else "sound" if own else "unsound"
        out.append(verdict)
    return out


def by_head(weights: Path | str | None, given: Given) -> list[float] | None:
    """For each step the step head's probability that it is sound after those before; None where the weights have no
    head, torch is missing, or the solution is longer than the context."""
    if util.find_spec("torch") is None:
        return None
    from microreason.training.contrast import StepJudge
    from microreason.weights_file import read_head

    if not read_head(weights):
        return None
    try:
        return [round(float(p), 4) for p in StepJudge.load(weights).soundness([given])[0]]
    except BadInput:
        return None


def check(engine: Any, given: Given, weights: Path | str | None = None) -> dict[str, Any]:
    """Everything `microreason check` says of one solution. Raises BadInput where it does not fit the context."""
    if not fits(engine, given):
        raise BadInput("The problem or one of its steps is too long for the context of the model.")
    question, steps = given
    (found,) = find(engine, [given])
    mended = mend(engine, [(given, found.wrong)])[0] if found.wrong is not None else None
    soundness = by_head(weights, given)
    return {
        "problem": question,
        "steps": [
            {"number": i + 1, "text": step, "checker": verdict, "head": soundness[i] if soundness else None}
            for i, (step, verdict) in enumerate(zip(steps, verdicts(given), strict=True))
        ],
        "first_wrong": None if found.wrong is None else found.wrong + 1,
        "decided": found.decided,
        "why": found.why,
        "path": list(found.path),
        "continuation": None if mended is None else {
            "steps": [step.text for step in mended.steps], "answer": mended.answer, "complete": mended.complete,
        },
        "mode": "plain",
        "learnt": "mistakes" in getattr(engine, "info", {}).get("origin", {}).get("tasks", []),
    }  # fmt: skip
