"""Claims checked by the independent `metamath` program, in a process of its own with limits.

A claim is written as a database: the text before the theorem, without comments, then the theorem with the new proof.
So nothing later than the theorem can have been used. Only an answer without any complaint counts as verified.
Does not cover finding proofs (search.py).
"""

from __future__ import annotations

import resource
import shutil
import subprocess
import tempfile
import textwrap
from pathlib import Path

from microreason.errors import BadInput
from microreason.proofs.database import Database
from microreason.proofs.steps import Library, Proof, Theorem
from microreason.proofs.syntax import Tree, substitute

SECONDS, MEMORY, LONGEST = 120, 4 << 30, 1_000_000
MISSING = (
    "The program metamath is not installed, so no proof can be verified and none is counted "
    "(Debian: apt install metamath)."
)


def available() -> bool:
    """Whether the `metamath` program is installed."""
    return shutil.which("metamath") is not None


def labels(library: Library, theorem: Theorem, proof: Proof) -> list[str]:
    """The proof in Metamath's normal format: the labels in reverse Polish order.

    Raises BadInput where it has more than `LONGEST` of them.
    """
    assertion = library.database.assertion(theorem.label)
    given = {goal: h.label for goal, h in zip(theorem.hypotheses, assertion.premises, strict=True)}
    written: dict[Tree, list[str]] = {}

    def write(goal: Tree) -> list[str]:
        if goal in given:
            return [given[goal]]
        if goal not in written:
            move = proof[goal]
            values = dict(move.values)
            out: list[str] = []
            premises = iter(library.rules[move.label].premises)
            for h in library.database.assertion(move.label).hypotheses:
                if h.floating:
                    out += library.grammar.syntax_proof(values[h.symbols[1]])
                else:
                    out += write(substitute(next(premises), values))
            if len(out) > LONGEST:
                raise BadInput(f"The proof of {theorem.label} is too long to be written.")
            written[goal] = [*out, move.label]
        return written[goal]

    return write(theorem.goal)


def claim(database: Database, label: str, proof: list[str]) -> str:
    """The database that states a theorem with a new proof, and ends there."""
    a = database.assertion(label)
    before = "\n".join(line for line in database.text[: a.start].splitlines() if line.strip())
    words = textwrap.fill(" ".join(proof), 78, break_long_words=False, break_on_hyphens=False)
    return f"{before}\n{label} $p {' '.join(a.symbols)} $=\n{words} $.\n{'$} ' * a.scopes}\n"


def verify(database: Database, label: str, proof: list[str]) -> bool:
    """Whether the `metamath` program accepts a proof, given as labels. Raises BadInput without the program."""
    path = shutil.which("metamath")
    if path is None:
        raise BadInput(MISSING)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "claim.mm").write_text(claim(database, label, proof), "ascii")
        try:
            done = subprocess.run(
                [path, "read claim.mm", f"verify proof {label}", "exit"],
                cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS,
                preexec_fn=_limit,
            )  # fmt: skip
        except (subprocess.TimeoutExpired, UnicodeDecodeError):
            return False
    _, asked, answer = done.stdout.partition(f"MM> verify proof {label}\n")
    lines = answer.split("\n")
    return (
        done.returncode == 0
        and bool(asked)
        and "?" not in done.stdout
        and [line.strip() for line in lines if line.strip()] == [label, "MM> exit"]
    )


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
