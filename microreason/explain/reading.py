"""Solves a problem and notes what routing kept, layer by layer and head by head, and which tokens each step read.

The engine of `solve` writes the solution; the numpy one then runs once over all its tokens while the rotated queries
and keys of each layer are caught, and attention is worked out again from them and from the gates that it stored.
A step is written by the queries right before each of its tokens, so what a step read is their attention.
Shapes: T tokens, L layers, H key-value heads, N query heads, K head width, S parts (steps, and the answer last).
Does not cover why a token mattered (a weight is no cause), the int8 arithmetic of the compiled engine, where a gate
near 0 may fall the other way, or showing (page.py, picture.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from microreason.display import harmless, solution_json
from microreason.inference import load
from microreason.inference.drafts import Mode
from microreason.inference.edge import EdgeEngine
from microreason.solution import ANSWER, END, PROBLEM, SOLUTION, Solution
from microreason.tokenizer import Tokenizer
from microreason.verification.steps import check_solution

OPEN, FIXED, NEAR, DROPPED = 0, 1, 2, 3
"""State of a token in a layer and head at the end of the text: its gate is open; its gate is shut but it is fixed (a
sink or pinned); its gate is shut but it has not left the window yet; dropped."""


@dataclass(frozen=True)
class Part:
    """A step or the answer: its tokens are those from `start` up to `stop`."""

    label: str
    verdict: str
    start: int
    stop: int


@dataclass(frozen=True)
class Explanation:
    """A solution with `states` [L, H, T] (OPEN, FIXED, NEAR or DROPPED) and `reads` [S, T], each row a sum of 1."""

    text: str
    solution: Solution
    mode: str
    tokens: list[str]
    prompt: int
    parts: list[Part]
    states: np.ndarray
    reads: np.ndarray
    window: int
    routed: bool

    def kept(self) -> np.ndarray:
        """[L, H]: tokens that have left the window and stay all the same."""
        left = self.states[..., : max(len(self.tokens) - self.window, 0)]
        return (left != DROPPED).sum(-1)

    def held(self) -> np.ndarray:
        """[L, H]: entries in the cache at the end of the text, the window included."""
        return (self.states != DROPPED).sum(-1)

    def read_share(self) -> np.ndarray:
        """[L, H]: entries that all queries read, over those that dense attention reads."""
        count = len(self.tokens)
        later = count - np.arange(count)  # queries at or after a token
        stays = (self.states == OPEN) | (self.states == FIXED)
        shut = np.minimum(later, self.window) if self.routed else later
        return np.where(stays, later, shut).sum(-1) / later.sum()

    def sentence(self) -> str:
        """What routing did with this text, plainly."""
        count, share = len(self.tokens), 100 * self.read_share().mean()
        if not self.routed:
            return f"These weights were made without hard routing: attention is dense, all {count} tokens are kept."
        if not (self.states > OPEN).any():
            return (
                f"Every gate is open for all {count} tokens: attention is dense and nothing is dropped. "
                "These weights do not route (yet)."
            )
        if not (self.states == DROPPED).any():
            return (
                f"Some gates are shut, but nothing was dropped: the text of {count} tokens has none that is shut, not "
                f"fixed and beyond the window of {self.window}."
            )
        dropped = 100 * (self.states == DROPPED).mean()
        return (
            f"Of {count} tokens, over all layers and heads, {dropped:.1f} % were dropped when they left the window of "
            f"{self.window}; {share:.1f} % of what dense attention reads was read."
        )

    def most_read(self, part: int, count: int = 5) -> list[tuple[int, float]]:
        """The tokens before a part that it read most: (place, share of its attention), markers left out."""
        order = np.argsort(-self.reads[part, : self.parts[part].start], kind="stable")
        chosen = [int(i) for i in order if not self.tokens[i].startswith("<|") and self.tokens[i].strip()]
        return [(i, float(self.reads[part, i])) for i in chosen[:count] if self.reads[part, i] > 0]

    def as_json(self) -> dict[str, Any]:
        """The solution as `solve --json` gives it, and what was kept and read."""
        return solution_json(self.text, self.solution, self.mode) | {
            "sentence": self.sentence(), "routed": self.routed, "window": self.window,
            "tokens": self.tokens, "prompt_tokens": self.prompt,
            "kept": self.kept().tolist(), "held": self.held().tolist(),
            "dropped": (self.states == DROPPED).sum(-1).tolist(),
            "read_share": self.read_share().round(4).tolist(),
            "reads": [
                {"part": part.label, "from": part.start, "to": part.stop,
                 "most": [[i, self.tokens[i], round(share, 4)] for i, share in self.most_read(number)]}
                for number, part in enumerate(self.parts)
            ],
        }  # fmt: skip


class _Reader(EdgeEngine):
    """The numpy engine, which notes the rotated queries and keys of each layer in turn while `caught` is a list."""

    caught: list[np.ndarray] | None = None

    def _rotate(self, x: np.ndarray, start: int) -> np.ndarray:
        out = super()._rotate(x, start)
        if self.caught is not None:
            self.caught.append(out)
        return out

    def look(self, ids: list[int]) -> tuple[np.ndarray, list[np.ndarray]]:
        """Run over all tokens at once -> gates [L, T, H] (True: open), and [T, N or H, K] of q, k, q, k … by layer."""
        c = self.config
        keys = np.zeros((c.layers, len(ids), c.kv_heads, c.head_dim), np.float32)
        gates = np.zeros(keys.shape[:3], bool)
        self.caught = []
        with np.errstate(over="ignore"):
            self._forward(ids, 0, keys, np.zeros_like(keys), gates)
        caught, self.caught = self.caught, None
        return gates, caught


def explain(
    text: str, weights: Path | str | None = None, mode: Mode = "assisted", max_tokens: int = 2048
) -> Explanation:
    """Solve a problem and explain the solution. Raises BadWeights, and BadInput where it does not fit the context."""
    generation = load(weights).generate([text], mode=mode, max_tokens=max_tokens)[0]
    return explain_ids(_Reader(weights), text, list(generation.ids), mode)


def explain_ids(engine: _Reader, text: str, written: list[int], mode: str) -> Explanation:
    """Explain a solution that is given as its ids."""
    prompt = engine.tokenizer.encode_problem(text)
    c, ids = engine.config, [*prompt, *written]
    count, routed = len(ids), c.routing == "hard"
    gates, caught = engine.look(ids)
    array, place = np.array(ids), np.arange(count)
    fixed = c.fixed(array, np.append(-1, array[:-1]), place)
    states = np.full((c.layers, c.kv_heads, count), OPEN, np.int8)
    if routed:
        shut = ~gates.transpose(0, 2, 1)
        states[shut] = DROPPED
        states[shut & (place >= count - c.window)] = NEAR
        states[shut & fixed] = FIXED
    solution = check_solution(text, engine.tokenizer.decode_solution(written))
    parts = _parts(engine.tokenizer, solution, written, len(prompt))
    stays = (states == OPEN) | (states == FIXED)
    reads = np.zeros((len(parts), count))
    for layer in range(c.layers):
        q, k = caught[2 * layer : 2 * layer + 2]
        for number, part in enumerate(parts):
            rows = slice(part.start - 1, part.stop - 1)  # the queries that choose the part's tokens
            reads[number] += _attention(q[rows], k, stays[layer], part.start - 1, c.window)
    tokens = [_shown(engine.tokenizer, i) for i in ids]
    return Explanation(text, solution, mode, tokens, len(prompt), parts, states, reads / c.layers, c.window, routed)


def _attention(q: np.ndarray, k: np.ndarray, stays: np.ndarray, first: int, window: int) -> np.ndarray:
    """Attention of the queries q [R, N, K] from place `first` on to k [T, H, K], mean over queries and heads -> [T].

    Keys beyond the window are seen where stays [H, T] says so.
    """
    heads, count = q.shape[1], len(k)
    age = first + np.arange(len(q))[:, None] - np.arange(count)
    total = np.zeros(count)
    for n in range(heads):
        head = n // (heads // k.shape[1])
        scores = q[:, n] @ k[:, head].T / np.sqrt(q.shape[-1])
        scores = np.where((age >= 0) & ((age < window) | stays[head]), scores, -np.inf)
        p = np.exp(scores - scores.max(-1, keepdims=True))
        total += (p / p.sum(-1, keepdims=True)).mean(0)
    return total / heads


def _parts(tokenizer: Tokenizer, solution: Solution, written: list[int], start: int) -> list[Part]:
    """Where the steps and the answer stand; `start` is the place of the first token written."""
    cut = written.index(tokenizer.answer) if tokenizer.answer in written else len(written)
    breaks = [i + 1 for i in range(cut) if written[i] == tokenizer.newline]
    begins, ends = [0, *breaks], [*breaks, cut]
    lines = [(a, b) for a, b in zip(begins, ends, strict=True) if tokenizer.decode(written[a:b]).strip("\n")]
    parts = [
        Part(step.text, step.verdict, start + a, start + b) for step, (a, b) in zip(solution.steps, lines, strict=True)
    ]
    if cut < len(written):
        parts.append(Part(f"answer: {solution.answer}", "", start + cut, start + len(written)))
    return parts


def _shown(tokenizer: Tokenizer, token: int) -> str:
    """A token as people read it: markers by name, bytes that are no text and control characters written out."""
    names = {tokenizer.problem: PROBLEM, tokenizer.solution: SOLUTION, tokenizer.answer: ANSWER, tokenizer.end: END}
    if token in names:
        return names[token]
    raw = tokenizer.decode_bytes([token])
    try:
        return harmless(raw.decode("utf-8"))
    except UnicodeDecodeError:
        return "".join(f"⟨{byte:02x}⟩" for byte in raw)
