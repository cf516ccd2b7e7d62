"""Shared by the tests: a small Metamath library, and an engine without weights that knows the answers it was given."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from microreason.solution import Solution

# Workers that each use every core wait for one another at every barrier: the suite then takes more than twice as long.
WORKERS = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
if WORKERS > 1:
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // WORKERS)))


@dataclass
class FakeEngine:
    """Answers each problem from `solutions`; any other gets a solution that broke off."""

    solutions: dict[str, Solution] = field(default_factory=dict)
    info: dict[str, Any] = field(default_factory=lambda: {"sha256": "0" * 64, "size": "fake"})
    calls: list[list[str]] = field(default_factory=list)
    interrupt_after: int | None = None

    def generate(self, problems, *, mode="plain", max_tokens=1024, temperature=0.0, seed=0, progress=None):
        if self.interrupt_after is not None and len(self.calls) >= self.interrupt_after:
            raise KeyboardInterrupt
        self.calls.append(list(problems))
        if progress:
            progress(len(problems))
        nothing = Solution(complete=False)
        return [SimpleNamespace(solution=self.solutions.get(text, nothing), tokens=10) for text in problems]


@pytest.fixture
def fake_engine() -> type[FakeEngine]:
    return FakeEngine


@pytest.fixture(scope="module")
def demo():
    from microreason.proofs.database import read_database
    from microreason.proofs.steps import Library

    return Library(read_database(Path(__file__).parent / "data" / "demo.mm"))
