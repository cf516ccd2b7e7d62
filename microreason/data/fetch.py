"""Fetches public problem sets from where their authors put them: over HTTPS, resumed where it broke off, checked.

A file appears under its name only when it is whole and its SHA-256 is the one known here. Where the authors' file has
no published SHA-256, the address names one commit of their repository, and the hash of the first fetch is kept beside
the file and compared from then on. Licences are the authors' own; nothing here is redistributed.
Does not cover unpacking (a tar is unpacked with any tool) or reading (mathematics/formats.py).
"""

from __future__ import annotations

import hashlib
import os
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path

from microreason.errors import BadInput

BLOCK, TIMEOUT = 1 << 16, 30.0
_GSM8K = "https://raw.githubusercontent.com/openai/grade-school-math/3101c7d5072418e28b9008a6636bde82a006892c/grade_school_math/data"
_SVAMP = "https://raw.githubusercontent.com/arkilpatel/SVAMP/bbf1e71d2f65453a87665414ff374e5a5962ef95"
_APE = "https://raw.githubusercontent.com/Chenny0808/ape210k/76488699adeda22e7257a15b065e8a384bb577ed/data"
_TAL = "https://raw.githubusercontent.com/math-eval/TAL-SCQ5K/667a9bf3a0aa9c120a499c813ca59f307a21b09a"


@dataclass(frozen=True)
class Source:
    """A file: its address, its SHA-256 where one is published, its licence."""

    url: str
    sha256: str | None
    licence: str


SOURCES = {
    "gsm8k-train": Source(
        f"{_GSM8K}/train.jsonl", "17f347dc51477c50d4efb83959dbb7c56297aba886e5544ee2aaed3024813465", "MIT"
    ),
    "gsm8k-test": Source(
        f"{_GSM8K}/test.jsonl", "3730d312f6e3440559ace48831e51066acaca737f6eabec99bccb9e4b3c39d14", "MIT"
    ),
    "math": Source(
        "https://people.eecs.berkeley.edu/~hendrycks/MATH.tar",
        "0fbe4fad0df66942db6c221cdcc95b298cc7f4595a2f0f518360cce84e90d9ac",
        "MIT",
    ),
    "svamp": Source(f"{_SVAMP}/SVAMP.json", None, "MIT"),
    "mawps-asdiv": Source(f"{_SVAMP}/data/mawps-asdiv-a_svamp/train.csv", None, "MIT"),
    "ape210k-train": Source(f"{_APE}/train.ape.json", None, "none stated"),
    "ape210k-valid": Source(f"{_APE}/valid.ape.json", None, "none stated"),
    "ape210k-test": Source(f"{_APE}/test.ape.json", None, "none stated"),
    "tal-en-train": Source(f"{_TAL}/en_single_choice_constructed_5K/en_single_choice_train_3K.jsonl", None, "MIT"),
    "tal-en-test": Source(f"{_TAL}/en_single_choice_constructed_5K/en_single_choice_test_2K.jsonl", None, "MIT"),
    "tal-zh-train": Source(f"{_TAL}/ch_single_choice_constructed_5K/ch_single_choice_train_3K.jsonl", None, "MIT"),
    "tal-zh-test": Source(f"{_TAL}/ch_single_choice_constructed_5K/ch_single_choice_test_2K.jsonl", None, "MIT"),
}
"""Math23K is missing: its authors name no address from which one file could be fetched."""


def fetch(
    name: str,
    folder: Path,
    sources: dict[str, Source] = SOURCES,
    progress: Callable[[int, int | None], None] | None = None,
) -> Path:
    """The file of that name in a folder, fetched if it is not there yet. `progress(bytes, all bytes if known)`.

    Raises BadInput for an unknown name, a server that cannot be reached or breaks off (what came is kept, and the next
    call goes on from there), and a file whose hash is not the known one (which is removed).
    """
    if name not in sources:
        raise BadInput(f"There is no problem set {name!r} to fetch: use {', '.join(sorted(sources))}.")
    source = sources[name]
    path = folder / source.url.rpartition("/")[2]
    noted = path.with_name(path.name + ".sha256")
    expected = source.sha256 or (noted.read_text("ascii").split()[0] if noted.exists() else None)
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        part = path.with_name(path.name + ".part")
        _download(name, source.url, part, progress)
        _check(part, expected)
        os.replace(part, path)
    else:
        _check(path, expected)
    if source.sha256 is None and expected is None:
        noted.write_text(f"{_sha256(path)}  {path.name}\n", "ascii")
    return path


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check(path: Path, expected: str | None) -> None:
    if expected is not None and (found := _sha256(path)) != expected:
        path.unlink()
        raise BadInput(
            f"The file {path.name} has the SHA-256 {found[:16]}… instead of {expected[:16]}…; it was removed."
        )


def _download(name: str, url: str, part: Path, progress: Callable[[int, int | None], None] | None) -> None:
    """Append to a partial file what is missing of it."""
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
            have = have if answer.status == 206 else 0  # a server that knows no ranges begins again
            length = answer.headers.get("Content-Length")
            total = have + int(length) if length else None
            with part.open("ab" if have else "wb") as file:
                while block := answer.read(BLOCK):
                    file.write(block)
                    have += len(block)
                    if progress:
                        progress(have, total)
                file.flush()
                os.fsync(file.fileno())
    except urllib.error.HTTPError as error:
        if error.code == 416:  # nothing is missing
            return
        raise BadInput(f"The problem set {name} cannot be fetched: {url} answers {error.code}.") from None
    except (OSError, HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        raise BadInput(
            f"The problem set {name} cannot be fetched from {url} ({reason}); call again to resume."
        ) from None
    if total is not None and have < total:
        raise BadInput(f"The problem set {name} broke off after {have:,} of {total:,} bytes; call again to resume.")
