"""Decoding one solution, whatever the engine: plain, checked, or assisted.

Plain: the network alone. Checked: a step judged unsound is taken back and drawn again, at most `TRIES` times.
Assisted: checked, and the right side of a single arithmetic claim (`8026*8906=`) is filled in exactly.
Does not cover running the network (batched.py, native.py, edge.py).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from typing import Any, Literal

import numpy as np

from microreason.errors import BadInput
from microreason.solution import Solution
from microreason.tasks.arithmetic.written import filled, reduced
from microreason.tokenizer import Tokenizer
from microreason.verification.steps import check_step

Mode = Literal["plain", "checked", "assisted"]
TRIES = 4
CIRCLE = 512  # tokens that repeat a part of at most a quarter of them before a solution counts as going in circles
_NUMBER = r"((?:0|[1-9]\d{0,29})(?:\.\d{1,9})?)"
_OPEN_CLAIM = re.compile(rf"(?:^|[=:])(?:-\()?{_NUMBER}([-+*%]){_NUMBER}(?:=|\)=-)$")
"""One operation, `12*12=` or `-(23-6)=-`; of longer claims (`83-6*9=83-54=`) the network writes the first result, in
its own way."""


@dataclass(frozen=True)
class Generation:
    """A solution, the number of tokens drawn for it, those taken back included, and the ids that remained."""

    solution: Solution
    tokens: int
    ids: tuple[int, ...]


@dataclass
class Draft:
    """One solution being written. Engines call `choose` with the scores of the next token until `done`.

    `ids` are prompt and solution so far; after each `choose` they may also have become shorter (a step taken back).
    """

    text: str
    tokenizer: Tokenizer
    mode: Mode
    max_tokens: int
    temperature: float
    rng: np.random.Generator
    ids: list[int] = field(default_factory=list)
    prompt: int = 0
    drawn: int = 0
    done: bool = False
    line: int = 0
    """Where the step under way begins; it may be taken back to there."""
    forced: list[int] = field(default_factory=list)
    """Tokens that come next whatever the scores."""
    filled: list[int] = field(default_factory=list)
    """Those instead where the scores want a 0 first: a network that has learnt to write differences so."""
    _tries: int = 0
    _answers: bool = False

    def __post_init__(self) -> None:
        self.ids = self.tokenizer.encode_problem(self.text)
        self.prompt = self.line = len(self.ids)

    def choose(self, logits: np.ndarray) -> None:
        """Append the next token, from scores [V] of float32."""
        self.drawn += 1
        if self.forced:
            if self.filled and int(logits.argmax()) == self.filled[0]:
                self.forced = self.filled
            self.filled = []
            token = self.forced.pop(0)
        else:
            temperature = self.temperature or (0.7 if self._tries else 0.0)
            token = int(logits.argmax()) if not temperature else self._sample(logits, temperature)
        self.ids.append(token)
        if token == self.tokenizer.end or self.drawn >= self.max_tokens or self._circles():
            self.done = True
        elif token == self.tokenizer.answer:
            self._answers = True
        elif self.mode != "plain" and not self._answers:
            self._watch(token)

    def _circles(self) -> bool:
        """Whether it writes the same again and again, which greedy decoding does not leave; looked at now and then."""
        if self.temperature or self.drawn % 64 or len(self.ids) - self.prompt < CIRCLE:
            return False
        last = np.array(self.ids[-CIRCLE:])
        return any((last[n:] == last[:-n]).all() for n in range(1, CIRCLE // 4 + 1))

    def _sample(self, logits: np.ndarray, temperature: float) -> int:
        below = np.exp((logits - logits.max()) / np.float32(temperature)).cumsum(dtype=np.float64)
        return int(below.searchsorted(self.rng.random() * below[-1], "right"))

    def _watch(self, token: int) -> None:
        if token == self.tokenizer.newline:
            lines = self.tokenizer.decode(self.ids[self.prompt :]).split("\n")[:-1]
            if self._tries < TRIES and lines[-1] and check_step(self.text, lines[:-1], lines[-1]) == "unsound":
                del self.ids[self.line :]
                self._tries += 1
            else:
                self.line, self._tries = len(self.ids), 0
        elif self.mode == "assisted" and not self.forced:
            claim = _OPEN_CLAIM.search(self.tokenizer.decode(self.ids[self.line :]))
            if claim and (result := _result(*claim.groups())):
                self.forced = self.tokenizer.encode(result)
                wide = _as_long(claim[1], claim[3]) if claim[2] == "-" and result != "0" else ""
                wide = wide.replace("=", "=-") if claim[0][-1] == "-" else wide
                self.filled = self.tokenizer.encode(wide) if wide[:1] == "0" else []

    def finish(self) -> Generation:
        """What was written."""
        ids = self.ids[self.prompt :]
        return Generation(self.tokenizer.decode_solution(ids), self.drawn, tuple(ids))


def _result(left: str, sign: str, right: str) -> str:
    """What a claim ends in, empty where networks write more before it: the numbers of a negative difference turned
    round, remainders digit by digit."""
    if sign == "%":
        if "." in left + right or not int(right):
            return ""
        a, b = int(left), int(right)
        return str(a % b) if b in (2, 5, 10) or a < b or reduced(a, b)[1] < b else ""
    with localcontext(prec=100):
        p, q = Decimal(left), Decimal(right)
        value = p + q if sign == "+" else p * q if sign == "*" else p - q
        return f"{value.normalize():f}" if value >= 0 else ""


def _as_long(left: str, right: str) -> str:
    """A difference with as many digits as its first number, `0003=3`, where both have as many places."""
    places = {len(number.partition(".")[2]) for number in (left, right)}
    return filled(f"{Decimal(left) - Decimal(right):.{max(places)}f}", left) if len(places) == 1 else ""


def fits(engine: Any, text: str, max_tokens: int) -> bool:
    """Whether a problem and so many tokens for its solution fit the context that an engine states."""
    context = getattr(engine, "info", {}).get("config", {}).get("max_context")
    return context is None or len(engine.tokenizer.encode_problem(text)) + max_tokens <= context


def begin(
    problems: Sequence[str], tokenizer: Tokenizer, mode: Mode, max_tokens: int, temperature: float, seed: int,
    limit: int,
) -> list[Draft]:  # fmt: skip
    """A draft for each problem, each with its own generator; `limit` is the context in tokens.

    Raises BadInput where a prompt leaves no room for a solution.
    """
    drafts = [
        Draft(text, tokenizer, mode, max_tokens, temperature, np.random.default_rng((seed, i)))
        for i, text in enumerate(problems)
    ]
    for draft in drafts:
        if draft.prompt + max_tokens > limit:
            raise BadInput(
                f"The problem has {draft.prompt} tokens; with {max_tokens} for the solution that is more than "
                f"the context of {limit}."
            )
    return drafts
