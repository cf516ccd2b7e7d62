"""Reading a problem from the command line, standard input or a file, within limits, and refusing what cannot be one.

`TEXT` is the problem itself, `-` reads standard input, `@file` a file (a text that begins with `@` goes through
`-`). Never reads more than the limit allows, whatever stands at the other end.
Does not cover what the model makes of the text; marker text inside it is data and is escaped by solution.py.
"""

from __future__ import annotations

import sys
from pathlib import Path

from microreason.errors import BadInput
from microreason.tasks import recognise

MAX_CHARACTERS = 100_000
MODES = ("plain", "checked", "assisted")
ENGINES = ("auto", "edge", "numpy", "torch")
_ALLOWED = "\t\n\r\f"


def read_problem(source: str) -> str:
    """The problem's text. Raises BadInput with one sentence where it cannot be used."""
    limit = 4 * MAX_CHARACTERS + 1  # a character is at most 4 bytes
    if source == "-":
        stream = getattr(sys.stdin, "buffer", None)
        raw = stream.read(limit) if stream is not None else b""
        return check_text(_decode(raw, "Standard input"))
    if source.startswith("@"):
        path = Path(source[1:])
        try:
            with path.open("rb") as file:
                raw = file.read(limit)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "it cannot be opened"
            raise BadInput(f"The file {str(path)!r} cannot be read: {reason}.") from None
        return check_text(_decode(raw, f"The file {str(path)!r}"))
    return check_text(source)


def _decode(raw: bytes, what: str) -> str:
    if len(raw) > 4 * MAX_CHARACTERS:
        raise BadInput(f"The problem is longer than {MAX_CHARACTERS:,} characters.")
    if b"\0" in raw:
        raise BadInput(f"{what} is binary, not text.")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(f"{what} is not UTF-8 text (byte {error.start} cannot be read).") from None
    return text.replace("\r\n", "\n").removesuffix("\n")


def check_text(text: str) -> str:
    """The text itself. Raises BadInput where it is empty, too long, binary or no Unicode text."""
    if len(text) > MAX_CHARACTERS:
        raise BadInput(f"The problem is longer than {MAX_CHARACTERS:,} characters.")
    if not text.strip():
        raise BadInput("The problem is empty.")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise BadInput(f"The problem is not UTF-8 text (character {error.start} cannot be read).") from None
    if any(ord(c) < 32 and c not in _ALLOWED for c in text):
        raise BadInput("The problem is binary, not text.")
    return text


def check_mode(mode: str) -> str:
    """The mode itself. Raises BadInput for an unknown one."""
    return _one_of(mode, MODES, "mode")


def check_engine(engine: str) -> str:
    """The engine's name itself. Raises BadInput for an unknown one."""
    return _one_of(engine, ENGINES, "engine")


def _one_of(value: str, known: tuple[str, ...], what: str) -> str:
    if value not in known:
        raise BadInput(f"There is no {what} {value!r}: use {', '.join(known[:-1])} or {known[-1]}.")
    return value


def check_known(text: str, learnt: list[str] | None = None) -> str:
    """The text itself. Raises BadInput where no task knows problems of this kind, or where the model has not learnt
    that task (`learnt`: the names of those it has): it would only guess. One that learnt files of problems, which have
    no wording of their own, takes every text with a number in it."""
    task = recognise(text)
    free = any(name.endswith(".jsonl") for name in learnt or ()) and any(c.isdigit() for c in text)
    if not free and (task is None or (learnt is not None and task.name not in learnt)):
        raise BadInput(
            "This model has not learnt problems of this kind (`microreason info` lists those it has; "
            "`--weights mathematics` takes word problems with numbers, `--any` tries all the same)."
        )
    return text


def check_writable(path: Path) -> Path:
    """The path itself. Raises BadInput where a result could not be written there, before hours are spent on it."""
    import tempfile

    try:
        if path.is_dir():
            raise IsADirectoryError(0, "it is a folder")
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path.parent):
            return path
    except OSError as error:
        raise BadInput(f"The file {str(path)!r} cannot be written: {error.strerror}.") from None


def names(text: str) -> list[str]:
    """Names with commas between them, empty ones left out."""
    return [name.strip() for name in text.split(",") if name.strip()]


def whole_numbers(text: str) -> list[int]:
    """Positive whole numbers with commas between them. Raises BadInput."""
    try:
        numbers = [int(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if not numbers or min(numbers) < 1:
        raise BadInput(f"{text!r} is no list of positive whole numbers with commas between them.")
    return numbers
