"""`microreason debug`: repairs a file by a test command; the file changes only where asked, and a backup is kept.

Does not cover the search (repair.py) or printing.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from microreason.debugging.judge import Judge, pack, read_command
from microreason.debugging.prior import Ranking
from microreason.debugging.repair import Repair, repair
from microreason.errors import BadInput

MAX_BYTES = 2_000_000


def read_source(path: Path) -> str:
    """The text of a Python file. Raises BadInput with one sentence where it cannot be one."""
    try:
        raw = path.read_bytes() if path.stat().st_size <= MAX_BYTES else None
    except (OSError, ValueError) as error:
        raise BadInput(f"The file {str(path)!r} cannot be read: {getattr(error, 'strerror', error)}.") from None
    if raw is None:
        raise BadInput(f"The file {str(path)!r} is larger than {MAX_BYTES // 1_000_000} MB.")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadInput(f"The file {str(path)!r} is not UTF-8 text (byte {error.start} cannot be read).") from None


def debug(
    path: Path, command: str, *, ranking: Ranking | None = None, limit: int = 200, seconds: float = 60,
    allow_unisolated: bool = False,
) -> Repair:  # fmt: skip
    """Search for a repair of a file with the test command as it is given in the current folder.

    The folder is copied into the sandbox; nothing of it changes. Raises BadInput, Unrepairable, NoSandbox.
    """
    folder = Path.cwd()
    text = read_source(path)
    try:
        inside = path.resolve().relative_to(folder.resolve())
    except ValueError:
        raise BadInput(f"The file {str(path)!r} does not lie in this folder: run it in the project's own.") from None
    judge = Judge(read_command(command), str(inside), pack(folder), allow_unisolated)
    return repair(text, judge, name=str(inside), ranking=ranking, limit=limit, seconds=seconds)


def apply(path: Path, found: Repair) -> Path:
    """Write the repaired text to the file, atomically; the path of the backup of what stood there."""
    assert found.text is not None
    if read_source(path) != found.before:
        raise BadInput(f"The file {str(path)!r} has changed meanwhile, so nothing was written.")
    path = path.resolve()
    backup = next(b for n in range(1000) if not (b := path.with_name(f"{path.name}.orig{n or ''}")).exists())
    backup.write_bytes(path.read_bytes())
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(found.text.encode())
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, path.stat().st_mode)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return backup
