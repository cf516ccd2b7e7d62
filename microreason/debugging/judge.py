"""Judges texts of one file by its tests, in the sandbox, and collects what the tests tell about the lines.

One run of the sandbox tries many texts, each in a process of its own (driver.py). The project's folder is packed and
unpacked inside, so tests may write next to it and nothing outside changes.
Does not cover which texts are tried (repair.py).
"""

from __future__ import annotations

import io
import json
import math
import os
import shlex
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from microreason.errors import BadInput
from microreason.verification.sandbox import Limits, run

MAX_PROJECT = 32 << 20
_LEFT_OUT = {".git", ".hg", ".venv", "venv", "node_modules", "__pycache__", ".mypy_cache", ".pytest_cache", ".tox"}


@dataclass(frozen=True)
class Evidence:
    """What the tests did with the text as it is: which passed, and which lines of the file each ran."""

    tests: dict[str, bool]
    lines: dict[str, list[int]]
    seconds: float
    said: str = ""

    @property
    def passed(self) -> bool:
        return bool(self.tests) and all(self.tests.values())

    @property
    def failing(self) -> list[str]:
        return [name for name, passed in self.tests.items() if not passed]

    def suspicion(self) -> dict[int, float]:
        """Ochiai's measure for each line that a failing test ran: 1 for lines of all failing tests and no other."""
        failing = self.failing
        found: dict[int, float] = {}
        ran = {name: set(lines) for name, lines in self.lines.items()}
        for line in set().union(*(ran.get(name, set()) for name in failing)):
            bad = sum(line in ran.get(name, ()) for name in failing)
            all_of_them = sum(line in lines for lines in ran.values())
            found[line] = bad / math.sqrt(len(failing) * all_of_them)
        return found


def pack(folder: Path | None, without: Sequence[str] = (), more: Mapping[str, str] | None = None) -> bytes:
    """A project's folder (or none) as a tar file, without what is never a source, with `more` files (name: text).

    Raises BadInput where it is too big.
    """
    total = 0
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        for where, folders, files in os.walk(folder) if folder else ():
            folders[:] = [f for f in folders if f not in _LEFT_OUT and f not in without and not f.endswith(".egg-info")]
            for name in files:
                path, inside = Path(where, name), os.path.relpath(os.path.join(where, name), folder)
                if path.is_symlink() or not path.is_file():
                    continue
                total += path.stat().st_size
                if total > MAX_PROJECT:
                    raise BadInput(f"The folder {str(folder)!r} holds more than 32 MB: run it in the project's own.")
                entry = tarfile.TarInfo(inside)
                entry.size, entry.mode = path.stat().st_size, 0o644 | (path.stat().st_mode & 0o111)
                with path.open("rb") as file:
                    archive.addfile(entry, file)
        for name, text in (more or {}).items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    return content.getvalue()


def read_command(command: str) -> dict[str, Any]:
    """A test command as the driver's `tests`. Raises BadInput where there is none."""
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise BadInput(f"The test command cannot be read: {error}.") from None
    if not words:
        raise BadInput("The test command is empty.")
    python = Path(words[0]).name in ("python", "python3")
    if words[0] == "pytest" or (python and words[1:3] == ["-m", "pytest"]):
        return {"kind": "pytest", "arguments": words[3 if python else 1 :]}
    if python and words[1:2] == ["-m"] and len(words) > 2:
        return {"kind": "module", "arguments": words[2:]}
    if python and len(words) > 1 and not words[1].startswith("-"):
        return {"kind": "script", "arguments": words[1:]}
    return {"kind": "command", "arguments": words}


@dataclass
class Judge:
    """The tests of the file `path` of a project (`project`: the packed folder, or None).

    `isolation` and `cpu` (processor seconds used inside) tell of the runs so far.
    """

    tests: dict[str, Any]
    path: str = "candidate.py"
    project: bytes | None = None
    allow_unisolated: bool = False
    limits: Limits = field(default_factory=lambda: Limits(output=16 << 20))
    isolation: str = ""
    cpu: float = 0.0

    def _run(self, texts: Sequence[str], each: float, whole: float, evidence: bool, first: list[str]) -> list[dict]:
        task = {
            "path": self.path, "tests": self.tests | {"first": first}, "texts": list(texts), "seconds": each,
            "until": whole, "evidence": evidence,
        }  # fmt: skip
        files: dict[str, str | bytes] = {"driver.py": Path(__file__).with_name("driver.py").read_text("utf-8")}
        if self.project is not None:
            files["project.tar"] = self.project
        limits = replace(self.limits, seconds=whole + 5, cpu=math.ceil(whole) + 5)
        finished = run(
            ["python", "driver.py"], stdin=json.dumps(task).encode(), files=files, limits=limits,
            allow_unisolated=self.allow_unisolated,
        )  # fmt: skip
        self.isolation = finished.isolation
        results = [json.loads(line) for line in finished.stdout.splitlines() if line.startswith(b"{")]
        self.cpu += results[-1].get("cpu", 0.0) if results else 0.0
        if not results and texts and finished.ended == "exit" and finished.status:
            last = finished.stderr.decode(errors="replace").strip().rpartition("\n")[2][:200]
            raise BadInput(f"The tests cannot be run in the sandbox: {last}.")
        return results

    def evidence(self, text: str, seconds: float = 1.5, times: int = 1) -> list[Evidence]:
        """Run all tests on a text, `times` times, each test at most `seconds`."""
        results = self._run([text] * times, seconds, 60.0 * times, True, [])
        return [Evidence(r["tests"], r["lines"], r["seconds"], r["said"]) for r in results]

    def first_passing(
        self, texts: Sequence[str], each: float, whole: float, first: list[str] | None = None
    ) -> tuple[int | None, int]:
        """The first text that passes all tests three times (its index, None where none does), and how many were tried.

        A text gets `each` seconds of processor time, all together `whole` seconds of wall-clock; the tests named in
        `first` are run before the others.
        """
        results = self._run(texts, each, whole, False, first or [])
        return (len(results) - 1 if results and results[-1]["passed"] else None), len(results)
