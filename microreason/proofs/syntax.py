"""Formulas as trees: the grammar of a database, matching, substitution, and a short text form.

A tree is a variable's name, or a tuple of a syntax axiom's label and one tree for each of its variables, in the order
of its hypotheses. The grammar is read from the syntax axioms (those whose typecode is the type of a variable);
ambiguous text gets its first reading. Does not cover left-recursive syntax (`x ::= x y`), which is refused.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from microreason.errors import BadInput
from microreason.proofs.database import Database

Tree = str | tuple[Any, ...]
Substitution = dict[str, Tree]
HOLE: Tree = ("?",)
"""Stands in a tree for a part that is not known yet."""

_SHORT = {"|-": "⊢", "->": "→", "/\\": "∧", "\\/": "∨", "<->": "↔", "-.": "¬"}
_LONG = {short: long for long, short in _SHORT.items()}
_TIGHT = re.compile(r" ?([()⊢→∧∨↔¬]) ?")


@dataclass(frozen=True)
class Production:
    """A syntax axiom: its type, its symbols, and its variables in the order of its hypotheses."""

    label: str
    typecode: str
    symbols: tuple[str, ...]
    variables: tuple[str, ...]


def variables_of(tree: Tree) -> Iterator[str]:
    """The variables in a tree, in order, repeated where they occur again."""
    if isinstance(tree, str):
        yield tree
    else:
        for child in tree[1:]:
            yield from variables_of(child)


def subtrees(tree: Tree) -> Iterator[Tree]:
    """A tree and all its parts."""
    yield tree
    if not isinstance(tree, str):
        for child in tree[1:]:
            yield from subtrees(child)


def substitute(tree: Tree, values: Substitution) -> Tree:
    """The tree with each variable that has a value replaced by it."""
    if isinstance(tree, str):
        return values.get(tree, tree)
    return (tree[0], *[substitute(child, values) for child in tree[1:]])


class Grammar:
    """Parses and writes the formulas of one database."""

    def __init__(self, database: Database) -> None:
        self.types = database.types
        self.floating = database.floating
        self.typecodes = list(dict.fromkeys(database.types.values()))
        self.productions: dict[str, Production] = {}
        self._starts: dict[tuple[str, str], list[Production]] = defaultdict(list)
        self._open: dict[str, list[Production]] = defaultdict(list)
        self.derived: dict[str, tuple[tuple[str, ...], Tree]] = {}
        for a in database.assertions.values():
            if a.typecode not in self.typecodes or a.premises:
                continue
            variables = tuple(h.symbols[1] for h in a.hypotheses)
            if a.proof is not None:  # a syntax theorem abbreviates a tree of syntax axioms
                self.derived[a.label] = variables, self.parse(a.symbols[1:], a.typecode)
                continue
            production = Production(a.label, a.typecode, a.symbols[1:], variables)
            self.productions[a.label] = production
            if not production.symbols or production.symbols[0] in self.types:
                self._open[a.typecode].append(production)
            else:
                self._starts[a.typecode, production.symbols[0]].append(production)

    def type_of(self, tree: Tree) -> str:
        """The type of a tree."""
        return self.types[tree] if isinstance(tree, str) else self.productions[tree[0]].typecode

    def build(self, label: str, children: Sequence[Tree]) -> Tree:
        """The tree that a syntax axiom or syntax theorem makes of others."""
        if label in self.derived:
            variables, tree = self.derived[label]
            return substitute(tree, dict(zip(variables, children, strict=True)))
        return (label, *children)

    def parse(self, symbols: Sequence[str], typecode: str | None = None) -> Tree:
        """The tree of some symbols, of a type or of the first that fits.

        Raises BadInput where the symbols are no formula.
        """
        known: dict[tuple[str, int], list[tuple[Tree, int]] | None] = {}

        def at(kind: str, start: int) -> list[tuple[Tree, int]]:
            key = kind, start
            if key in known:
                found = known[key]
                if found is None:
                    raise BadInput("The database's syntax is left-recursive, which is not supported.")
                return found
            known[key] = None
            symbol = symbols[start] if start < len(symbols) else ""
            found = [(symbol, start + 1)] if self.types.get(symbol) == kind else []
            for production in (*self._starts.get((kind, symbol), ()), *self._open.get(kind, ())):
                for values, end in rest(production.symbols, 0, start, {}):
                    found.append(((production.label, *[values[v] for v in production.variables]), end))
            known[key] = found
            return found

        def rest(pattern: tuple[str, ...], i: int, place: int, values: Substitution) -> Iterator[tuple[Any, int]]:
            while i < len(pattern) and pattern[i] not in self.types:
                if place >= len(symbols) or symbols[place] != pattern[i]:
                    return
                i, place = i + 1, place + 1
            if i == len(pattern):
                yield values, place
                return
            for tree, end in at(self.types[pattern[i]], place):
                yield from rest(pattern, i + 1, end, values | {pattern[i]: tree})

        try:
            for kind in [typecode] if typecode else self.typecodes:
                for tree, end in at(kind, 0):
                    if end == len(symbols):
                        return tree
        except RecursionError:
            raise BadInput("A formula is nested too deeply.") from None
        raise BadInput(f"{' '.join(symbols)[:200]!r} is no formula of the database.")

    def symbols(self, tree: Tree) -> list[str]:
        """The symbols of a tree; undoes `parse`."""
        if isinstance(tree, str):
            return [tree]
        production = self.productions.get(tree[0])
        if production is None:
            return ["?"]
        values = dict(zip(production.variables, tree[1:], strict=True))
        return [word for s in production.symbols for word in (self.symbols(values[s]) if s in values else [s])]

    def match(self, pattern: Tree, tree: Tree, values: Substitution) -> bool:
        """Whether the pattern becomes the tree when its variables get values; adds them to `values`."""
        if isinstance(pattern, str):
            if pattern in values:
                return values[pattern] == tree
            if self.type_of(tree) != self.types[pattern]:
                return False
            values[pattern] = tree
            return True
        if isinstance(tree, str) or tree[0] != pattern[0]:
            return False
        return all(self.match(p, t, values) for p, t in zip(pattern[1:], tree[1:], strict=True))

    def fits(self, pattern: Tree, tree: Tree, values: Substitution) -> bool:
        """As `match`, for a tree with holes: these agree with anything, and parts that hold one give no value."""
        if isinstance(pattern, str):
            return has_hole(tree) or self.match(pattern, tree, values)
        if tree == HOLE:
            return True
        if isinstance(tree, str) or tree[0] != pattern[0]:
            return False
        return all(self.fits(p, t, values) for p, t in zip(pattern[1:], tree[1:], strict=True))

    def syntax_proof(self, tree: Tree) -> list[str]:
        """The labels that build a tree in a proof of normal format."""
        if isinstance(tree, str):
            return [self.floating[tree]]
        return [label for child in tree[1:] for label in self.syntax_proof(child)] + [tree[0]]

    def write(self, tree: Tree) -> str:
        """A formula as short text.

        The commonest signs of logic become one character each and spaces around them and parentheses are left out;
        parentheses inside longer symbols become ⦅ ⦆, so that `read` finds the symbols again.
        """
        return shorten(self.symbols(tree))

    def read(self, text: str) -> Tree:
        """The formula in a short text. Raises BadInput."""
        return self.parse(lengthen(text))


def has_hole(tree: Tree) -> bool:
    """Whether a part of the tree is not known."""
    return any(part == HOLE for part in subtrees(tree))


def size(tree: Tree) -> int:
    """Number of variables and syntax axioms in a tree."""
    return 1 if isinstance(tree, str) else 1 + sum(map(size, tree[1:]))


def shorten(symbols: Iterable[str]) -> str:
    """Symbols as short text; see `Grammar.write`.

    >>> shorten("( ph -> ( ps /\\\\ ch ) )".split())
    '(ph→(ps∧ch))'
    """
    words = [
        _SHORT.get(s, s) if s in _SHORT or s in ("(", ")") else s.replace("(", "⦅").replace(")", "⦆") for s in symbols
    ]
    return _TIGHT.sub(r"\1", " ".join(words))


def lengthen(text: str) -> list[str]:
    """The symbols of a short text; undoes `shorten`."""
    words = _TIGHT.sub(r" \1 ", text).split()
    return [_LONG.get(w, w).replace("⦅", "(").replace("⦆", ")") for w in words]
