"""Which theorems are held out, which belong to the propositional part, and the proofs that may be learnt from.

A theorem is held out when a hash of its label says so; the suffixes ALT and OLD, which mark other proofs of the same
statement, do not count, so that a theorem and its variants stay together. Does not cover what is visible when a
theorem is proven: that is every assertion before it, and none of its own proof (steps.py).
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from microreason.errors import BadInput
from microreason.proofs.database import end_of, parse_database, read_text
from microreason.proofs.steps import Library, Proof, expert_proof

ONE_IN = 8
PREDICATE_CALCULUS = ("df-ex", "ax-gen")
"""Where predicate calculus begins in set.mm: the definition of `exists`, or the first axiom with a quantifier."""
PARTS = ("propositional", "all")
_VARIANT = re.compile(r"(ALT\d*|ALTN|ALTV|OLD|OLDOLD)+$")


def read_library(path: Path | str, part: str = "propositional", until: str | None = None) -> Library:
    """The assertions of a database, of a part of it, up to `until` where a label is named. Raises BadInput.

    The propositional part ends where predicate calculus begins; a database without such a place is taken whole.
    """
    if part not in PARTS:
        raise BadInput(f"There is no part {part!r}: use {' or '.join(PARTS)}.")
    text = read_text(path)
    if part == "propositional" and until is None:
        until = next((label for label in PREDICATE_CALCULUS if end_of(text, label)), None)
    return Library(parse_database(text, Path(path).name, until))


def held_out(label: str) -> bool:
    """Whether the proof of this theorem must not be learnt from."""
    base = _VARIANT.sub("", label)
    return int.from_bytes(hashlib.blake2b(base.encode(), digest_size=8).digest()) % ONE_IN == 0


def theorems(library: Library) -> list[str]:
    """The provable theorems of a library that have a proof, in order."""
    known = library.database.assertions
    return [label for label in library.rules if known[label].proof not in (None, ("?",))]


def evaluated(library: Library) -> list[str]:
    """The held-out theorems, without variants (ALT, OLD) of others."""
    return [label for label in theorems(library) if held_out(label) and not _VARIANT.search(label)]


def training_proofs(library: Library) -> dict[str, Proof]:
    """The proofs of all theorems that are not held out, by label."""
    return {label: expert_proof(library, label) for label in theorems(library) if not held_out(label)}
