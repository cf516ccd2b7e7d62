"""What every result file says besides its scores: date, commit, hardware and weights; and the atomic JSON write.

Does not cover what the scores are (one file per benchmark).
"""

from __future__ import annotations

import datetime
import json
import os
import platform
import re
import subprocess
import tempfile
from pathlib import Path
from typing import Any

MAX_ANSWER = 200
_INNERMOST, _BREAK = re.compile(r"[\[{]\n[^\[\]{}]*[\]}]"), re.compile(r"\n *")


def commit() -> str | None:
    """`git describe` of the source tree this package lies in, None where there is none."""
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():  # installed inside somebody else's repository: their commit is not ours
        return None
    try:
        done = subprocess.run(
            ["git", "describe", "--always", "--dirty"], cwd=root, capture_output=True, text=True, timeout=10
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None if done.returncode == 0 else None


def hardware() -> dict[str, Any]:
    """Processor model and the number of cores this process may use."""
    model = platform.processor() or platform.machine()
    try:
        for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    except OSError:
        pass
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {"cpu": model, "cores": cores}


def circumstances(info: dict[str, Any]) -> dict[str, Any]:
    """Date, commit, hardware, engine and the weights' SHA-256 (from `Engine.info`), as every result file has them."""
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    return {"date": now, "commit": commit(), "hardware": hardware()} | {
        "engine": info.get("engine"), "weights": info.get("sha256"),
    }  # fmt: skip


def shortened(answer: str | None) -> str | None:
    """An answer as result files hold it: matrices and grids of a hundred rows are cut off.

    >>> shortened("7" * 300)[-3:]
    '77…'
    """
    return answer if answer is None or len(answer) <= MAX_ANSWER else answer[: MAX_ANSWER - 1] + "…"


def way(result: dict[str, Any]) -> str:
    """How a result's answers were won."""
    samples = result.get("samples", 1)
    return result["mode"] + (f", vote of {samples}" if samples > 1 else "")


def write_json(path: Path | str, result: dict[str, Any]) -> None:
    """Write atomically: a temporary file beside it, fsync, rename. What stood there survives a failure.

    The innermost lists and objects stand on one line each.
    """
    path = Path(path)
    text = json.dumps(result, ensure_ascii=False, indent=1) + "\n"
    text = _INNERMOST.sub(lambda found: _BREAK.sub(" ", found[0]), text)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
