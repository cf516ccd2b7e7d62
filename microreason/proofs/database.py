"""Reads a Metamath database: declarations, hypotheses, axioms, theorems with their proofs, distinct variables.

The language is that of the Metamath book (Megill and Wheeler, 2019), section 4.2. Comments are blanked out, then one
statement after another is read with the scopes it stands in, so that every assertion is kept with its mandatory
hypotheses. Proofs are decoded where they are asked for (`proof_labels`, `compressed_proof`). Does not cover
files that include others (`$[`), the grammar of formulas (syntax.py), or whether a proof is valid (the `metamath`
program says so, verify.py).
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import NoReturn

from microreason.errors import BadInput

MAX_BYTES = 1 << 28
Pair = tuple[str, str]

_COMMENT = re.compile(r"(?<!\S)\$\(\s.*?\s\$\)(?!\S)", re.S)
_STATEMENT = re.compile(
    r"\s*(?:(?P<scope>\$[{}])(?!\S)|\$(?P<kind>[cvd])\s(?P<listed>[^$]*)(?<=\s)\$\.(?!\S)"
    r"|(?P<label>[A-Za-z0-9._-]+)\s+\$(?P<what>[feap])\s(?P<symbols>[^$]*)(?<=\s)"
    r"(?:\$=\s(?P<proof>[^$]*)(?<=\s))?\$\.(?!\S))"
)
_LABEL = re.compile(r"(?<!\S)([A-Za-z0-9._-]+)\s+\$[ap]\s")
_END = re.compile(r"\s*\Z")


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A variable's type (`floating`, symbols are type and variable) or a premise."""

    label: str
    symbols: tuple[str, ...]
    floating: bool


@dataclass(frozen=True, slots=True)
class Assertion:
    """An axiom or a theorem with its mandatory hypotheses in database order.

    `position` counts assertions; `distinct` holds every pair of variables that its scope declares distinct, sorted
    by name; `start` and `scopes` say where its text begins and how many scopes are open there.
    """

    label: str
    position: int
    symbols: tuple[str, ...]
    hypotheses: tuple[Hypothesis, ...]
    distinct: frozenset[Pair]
    proof: tuple[str, ...] | None
    start: int
    scopes: int

    @property
    def typecode(self) -> str:
        """The first symbol of the statement."""
        return self.symbols[0]

    @property
    def premises(self) -> tuple[Hypothesis, ...]:
        """The hypotheses that are no variable's type."""
        return tuple(h for h in self.hypotheses if not h.floating)


@dataclass
class Database:
    """Everything read: the assertions by label in their order, the variables with type and label
    (and the other way round), the text
    with its comments blanked out (the same length)."""

    name: str
    text: str
    constants: set[str] = field(default_factory=set)
    types: dict[str, str] = field(default_factory=dict)
    floating: dict[str, str] = field(default_factory=dict)
    floating_labels: dict[str, str] = field(default_factory=dict)
    premises: dict[str, Hypothesis] = field(default_factory=dict)
    assertions: dict[str, Assertion] = field(default_factory=dict)

    def assertion(self, label: str) -> Assertion:
        """The axiom or theorem of that label. Raises BadInput, naming the nearest."""
        if label not in self.assertions:
            raise _unknown(label, list(self.assertions), self.name)
        return self.assertions[label]


def read_text(path: Path | str) -> str:
    """The text of a database file. Raises BadInput where it is missing, too large or no ASCII text."""
    path = Path(path)
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise BadInput(f"The Metamath database {path.name} has {size:,} bytes, more than the limit {MAX_BYTES:,}.")
        raw = path.read_bytes()
    except OSError as error:
        raise BadInput(f"The Metamath database {path} cannot be read: {error.strerror}.") from None
    try:
        return raw.decode("ascii")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise BadInput(f"The Metamath database {path.name} is damaged at line {line}: it is no ASCII text.") from None


def read_database(path: Path | str, until: str | None = None) -> Database:
    """Read a database file, up to and including the assertion `until` where one is named.

    Raises BadInput with the line where the file is damaged, and where there is no such assertion.
    """
    return parse_database(read_text(path), Path(path).name, until)


def parse_database(text: str, name: str = "the text", until: str | None = None) -> Database:
    """Read a database from its text; see `read_database`."""
    if until is not None:
        end = end_of(text, until)
        if end is None:
            raise _unknown(until, _LABEL.findall(text), name)
        text = text[:end]
    return _Reader(text, name).read(until)


def end_of(text: str, label: str) -> int | None:
    """Where the assertion of a label ends in the text of a database, None where there is none."""
    for match in re.finditer(rf"(?<!\S){re.escape(label)}\s+\$[ap]\s", text):
        if text.rfind("$(", 0, match.start()) <= text.rfind("$)", 0, match.start()):  # not inside a comment
            end = text.find("$.", match.end())
            return len(text) if end < 0 else end + 2
    return None


def _unknown(label: str, labels: list[str], name: str) -> BadInput:
    near = difflib.get_close_matches(label, labels, 1)
    return BadInput(f"There is no theorem {label!r} in {name}.{f' Did you mean {near[0]}?' if near else ''}")


class _Reader:
    """The state while reading: what is active in the scopes that are open."""

    def __init__(self, text: str, name: str) -> None:
        self.blanked = _COMMENT.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), text)
        self.db = Database(name, self.blanked)
        self.at = 0
        self.labels: set[str] = set()
        self.variables: set[str] = set()
        self.ranks: dict[str, int] = {}
        self.active: dict[str, Hypothesis] = {}
        self.premises: list[Hypothesis] = []
        self.distinct: frozenset[Pair] = frozenset()
        self.scopes: list[tuple[dict[str, Hypothesis], int, frozenset[Pair], set[str]]] = []

    def fail(self, reason: str) -> NoReturn:
        rest = self.blanked[self.at :]
        line = self.blanked.count("\n", 0, self.at + len(rest) - len(rest.lstrip())) + 1
        raise BadInput(f"The Metamath database {self.db.name} is damaged at line {line}: {reason}.")

    def read(self, until: str | None) -> Database:
        while not _END.match(self.blanked, self.at):
            match = _STATEMENT.match(self.blanked, self.at)
            if match is None:
                self.fail(self._reason())
            if match["scope"]:
                self._scope(match["scope"])
            elif match["kind"]:
                self._declare(match["kind"], match["listed"].split())
            else:
                proof = None if match["proof"] is None else tuple(match["proof"].split())
                self._statement(match["label"], match["what"], match["symbols"].split(), proof, match.start("label"))
                if match["label"] == until:
                    return self.db
            self.at = match.end()
        if self.scopes:
            self.fail(f"{len(self.scopes)} scopes are still open at the end")
        if not self.db.assertions:
            self.fail("it holds no axiom and no theorem")
        return self.db

    def _reason(self) -> str:
        word = self.blanked[self.at :].split(None, 1)[0][:40]
        reasons = {"$(": "a comment does not end", "$[": "files that include others are not read"}
        return reasons.get(word, f"no whole statement begins with {word!r}")

    def _scope(self, bracket: str) -> None:
        if bracket == "${":
            self.scopes.append((dict(self.active), len(self.premises), self.distinct, set(self.variables)))
        elif self.scopes:
            self.active, count, self.distinct, self.variables = self.scopes.pop()
            del self.premises[count:]
        else:
            self.fail("a scope ends that never began")

    def _declare(self, kind: str, symbols: list[str]) -> None:
        if kind == "d":
            unknown = next((s for s in symbols if s not in self.variables), None)
            if unknown is not None:
                self.fail(f"{unknown!r} is no variable")
            self.distinct |= {pair for pair in combinations(sorted(symbols), 2)}
            return
        for symbol in symbols:
            if symbol in self.db.constants or symbol in self.variables:
                self.fail(f"the symbol {symbol!r} is declared twice")
            (self.db.constants if kind == "c" else self.variables).add(symbol)

    def _statement(self, label: str, what: str, symbols: list[str], proof: tuple[str, ...] | None, start: int) -> None:
        if label in self.labels:
            self.fail(f"the label {label!r} is used twice")
        self.labels.add(label)
        if not symbols or symbols[0] not in self.db.constants:
            self.fail(f"the statement {label!r} does not begin with a constant")
        if (what == "p") != (proof is not None):
            self.fail(f"the statement {label!r} has {'no' if what == 'p' else 'a'} proof")
        for symbol in symbols:
            if symbol not in self.db.constants and symbol not in self.active and what != "f":
                self.fail(f"the symbol {symbol!r} in {label!r} is not declared")
        if what == "f":
            self._floating(label, symbols)
        elif what == "e":
            premise = self.db.premises[label] = Hypothesis(label, tuple(symbols), False)
            self.ranks[label] = len(self.ranks)
            self.premises.append(premise)
        else:
            self._assertion(label, symbols, proof, start)

    def _floating(self, label: str, symbols: list[str]) -> None:
        if len(symbols) != 2 or symbols[1] not in self.variables:
            self.fail(f"{label!r} does not give the type of a variable")
        typecode, variable = symbols
        if self.db.types.setdefault(variable, typecode) != typecode or variable in self.active:
            self.fail(f"the variable {variable!r} has two types")
        self.db.floating[variable] = label
        self.db.floating_labels[label] = variable
        self.ranks[label] = len(self.ranks)
        self.active[variable] = Hypothesis(label, tuple(symbols), True)

    def _assertion(self, label: str, symbols: list[str], proof: tuple[str, ...] | None, start: int) -> None:
        used = {s for s in symbols if s in self.active}
        for premise in self.premises:
            used.update(s for s in premise.symbols if s in self.active)
        mandatory = [self.active[v] for v in used] + self.premises
        mandatory.sort(key=lambda h: self.ranks[h.label])
        position = len(self.db.assertions)
        self.db.assertions[label] = Assertion(
            label, position, tuple(symbols), tuple(mandatory), self.distinct, proof, start, len(self.scopes)
        )


def compressed_proof(database: Database, assertion: Assertion) -> list[str | int | None]:
    """The proof as a list: a label puts a hypothesis or applies an assertion, None saves the result, and a number n
    puts the n-th saved result again. A proof in normal format gives labels only.

    Raises BadInput where it is missing, unfinished or unreadable.
    """

    def fail(reason: str) -> NoReturn:
        raise BadInput(f"The proof of {assertion.label} in {database.name} cannot be read: {reason}.")

    words = list(assertion.proof or ())
    if not words or "?" in words:
        fail("it is missing or unfinished")
    if words[0] != "(":
        return list(words)
    if ")" not in words:
        fail("its list of labels does not end")
    end = words.index(")")
    labels = [h.label for h in assertion.hypotheses] + words[1:end]
    out: list[str | int | None] = []
    number = saved = 0
    for letter in "".join(words[end + 1 :]):
        if "U" <= letter <= "Y":
            number = 5 * number + ord(letter) - ord("T")
        elif "A" <= letter <= "T":
            number = 20 * number + ord(letter) - ord("A")
            if number < len(labels):
                out.append(labels[number])
            elif number - len(labels) < saved:
                out.append(number - len(labels))
            else:
                fail(f"it refers to step {number + 1}, which does not exist")
            number = 0
        elif letter == "Z" and out and out[-1] is not None:
            out.append(None)
            saved += 1
        else:
            fail(f"the letter {letter!r} does not belong there")
    if number:
        fail("its last step is cut off")
    return out
