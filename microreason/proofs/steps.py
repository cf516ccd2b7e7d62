"""Goal-directed steps: a goal is a formula to prove, a step applies an axiom or an earlier theorem to it.

A step is written as one line, `goal<-label variable=formula;…`. The goal decides the variables of the theorem's
conclusion; only those that stand in its premises alone are named. Goals that equal a hypothesis need no step.
`expert_proof` turns the proof in the database into such steps. Does not cover which steps to try (proposals.py) or
searching (search.py).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product

from microreason.errors import BadInput
from microreason.proofs.database import Assertion, Database, Pair, compressed_proof
from microreason.proofs.syntax import Grammar, Substitution, Tree, lengthen, shorten, substitute, variables_of

ARROW = "<-"


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """An assertion as trees.

    `variables` are those of its conclusion, `free` those that stand in its premises alone.
    """

    label: str
    position: int
    conclusion: Tree
    premises: tuple[Tree, ...]
    variables: frozenset[str]
    free: tuple[str, ...]
    distinct: tuple[Pair, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Theorem:
    """What is to be proven, with the hypotheses it may use; only rules of a smaller position are visible to it."""

    label: str
    position: int
    goal: Tree
    hypotheses: tuple[Tree, ...]
    distinct: frozenset[Pair]


@dataclass(frozen=True, slots=True)
class Move:
    """A step on some goal: the rule's label, the value of every variable of it, and the goals that it leaves."""

    label: str
    values: tuple[tuple[str, Tree], ...]
    subgoals: tuple[Tree, ...]


Proof = dict[Tree, Move]
"""The step of every goal of a proof, the goals in the order in which they were proven."""


class Library:
    """The provable assertions of a database as rules, found by label or by the root of their conclusion."""

    def __init__(self, database: Database) -> None:
        self.database, self.grammar = database, Grammar(database)
        self.rules: dict[str, Rule] = {}
        self._rooted: dict[str, list[Rule]] = defaultdict(list)
        self.typecode = ""
        for a in database.assertions.values():
            if a.typecode in self.grammar.typecodes:
                continue
            if self.typecode not in ("", a.typecode):
                raise BadInput(f"{database.name} has several provable typecodes, which is not supported.")
            self.typecode = a.typecode
            rule = self.rules[a.label] = self._rule(a)
            self._rooted[root(rule.conclusion)].append(rule)

    def _rule(self, a: Assertion) -> Rule:
        conclusion, *premises = self._trees(a)
        bound = frozenset(variables_of(conclusion))
        free = tuple(dict.fromkeys(v for p in premises for v in variables_of(p) if v not in bound))
        own = {h.symbols[1] for h in a.hypotheses if h.floating}
        distinct = tuple(sorted((x, y) for x, y in a.distinct if x in own and y in own))
        return Rule(a.label, a.position, conclusion, tuple(premises), bound, free, distinct)

    def _trees(self, a: Assertion) -> list[Tree]:
        try:
            return [self.grammar.parse(s[1:]) for s in (a.symbols, *[h.symbols for h in a.premises])]
        except BadInput as error:
            raise BadInput(f"The statement {a.label} in {self.database.name} cannot be used: {error}") from None

    def theorem(self, label: str) -> Theorem:
        """What the theorem of that label states. Raises BadInput where there is none."""
        a = self.database.assertion(label)
        if a.proof is None or label not in self.rules:
            raise BadInput(f"{label!r} in {self.database.name} is no theorem that a proof could be given for.")
        rule = self.rules[label]
        return Theorem(label, a.position, rule.conclusion, rule.premises, a.distinct)

    def applicable(self, goal: Tree, before: int) -> Iterator[tuple[Rule, Substitution]]:
        """The rules before a position whose conclusion becomes the goal, with the values of its variables."""
        for rule in self.rooted(goal):
            if rule.position < before:
                values: Substitution = {}
                if self.grammar.match(rule.conclusion, goal, values):
                    yield rule, values

    def rooted(self, tree: Tree) -> Iterable[Rule]:
        """The rules whose conclusion has the root of the tree, or is a bare variable."""
        yield from self._rooted[root(tree)]
        if not isinstance(tree, str):
            yield from self._rooted[""]

    def move(self, theorem: Theorem, rule: Rule, values: Substitution) -> Move | None:
        """The step that applies a rule with values of all its variables; None where distinct variables forbid it."""
        for x, y in rule.distinct:
            if x not in values or y not in values:
                continue
            for a, b in product(set(variables_of(values[x])), set(variables_of(values[y]))):
                if (min(a, b), max(a, b)) not in theorem.distinct:
                    return None
        left = [substitute(premise, values) for premise in rule.premises]
        subgoals = dict.fromkeys(goal for goal in left if goal not in theorem.hypotheses)
        return Move(rule.label, tuple(sorted(values.items())), tuple(subgoals))

    def line(self, goal: Tree | None, move: Move) -> str:
        """The step as one line; without its goal where that is None."""
        values = dict(move.values)
        free = ";".join(f"{v}={self.grammar.write(values[v])}" for v in self.rules[move.label].free)
        return f"{'' if goal is None else self.write(goal)}{ARROW}{move.label}{' ' if free else ''}{free}"

    def read_line(self, theorem: Theorem, goal: Tree, line: str) -> Move:
        """The step that a line without its goal makes on a goal. Raises BadInput where it cannot be made."""
        label, _, free = line.removeprefix(ARROW).partition(" ")
        rule = self.rules.get(label)
        values: Substitution = {}
        if rule is None or rule.position >= theorem.position or not line.startswith(ARROW):
            raise BadInput(f"{line[:100]!r} names no axiom and no earlier theorem.")
        if not self.grammar.match(rule.conclusion, goal, values):
            raise BadInput(f"{label} does not conclude the goal.")
        for part in free.split(";") if free else ():
            variable, _, text = part.partition("=")
            if variable not in rule.free or variable in values:
                raise BadInput(f"{label} leaves {variable[:40]!r} no choice.")
            values[variable] = self.grammar.parse(lengthen(text), self.grammar.types[variable])
        if set(rule.free) - set(values):
            raise BadInput(f"{label} needs values of {', '.join(rule.free)}.")
        move = self.move(theorem, rule, values)
        if move is None:
            raise BadInput(f"{label} needs distinct variables here.")
        return move

    def write(self, goal: Tree) -> str:
        """A goal as short text with its typecode."""
        return shorten([self.typecode, *self.grammar.symbols(goal)])

    def read(self, text: str) -> Tree:
        """Undoes `write`. Raises BadInput."""
        symbols = lengthen(text)
        if symbols[:1] != [self.typecode]:
            raise BadInput(f"{text[:100]!r} does not begin with {self.typecode}.")
        return self.grammar.parse(symbols[1:])


def root(tree: Tree) -> str:
    """The label at the root of a tree, empty for a variable."""
    return "" if isinstance(tree, str) else tree[0]


def expert_proof(library: Library, label: str) -> Proof:
    """The proof of a theorem that the database holds, as steps. Raises BadInput where it cannot be read."""
    theorem = library.theorem(label)
    database, grammar = library.database, library.grammar
    a = database.assertion(label)
    proof: Proof = {}
    stack: list[Tree] = []
    saved: list[Tree] = []

    def wrong(reason: str) -> BadInput:
        return BadInput(f"The proof of {label} in {database.name} is wrong: {reason}.")

    for word in compressed_proof(database, a):
        if word is None:
            saved.append(stack[-1])
        elif isinstance(word, int):
            stack.append(saved[word])
        elif word in database.premises:
            stack.append(grammar.parse(database.premises[word].symbols[1:]))
        elif word in database.floating_labels:
            stack.append(database.floating_labels[word])
        else:
            used = database.assertions.get(word)
            if used is None or used.position >= a.position:
                raise wrong(f"it uses {word!r}")
            if len(stack) < len(used.hypotheses):
                raise wrong(f"{word} lacks hypotheses")
            given = stack[len(stack) - len(used.hypotheses) :]
            del stack[len(stack) - len(used.hypotheses) :]
            if used.typecode in grammar.typecodes:
                stack.append(grammar.build(word, given))
                continue
            rule = library.rules[word]
            pairs = list(zip(used.hypotheses, given, strict=True))
            values = {h.symbols[1]: tree for h, tree in pairs if h.floating}
            if [tree for h, tree in pairs if not h.floating] != [substitute(p, values) for p in rule.premises]:
                raise wrong(f"the premises of {word} are others")
            goal = substitute(rule.conclusion, values)
            move = library.move(theorem, rule, values)
            if move is None:
                raise wrong(f"{word} needs distinct variables")
            if goal not in theorem.hypotheses:
                proof.setdefault(goal, move)
            stack.append(goal)
    if stack != [theorem.goal]:
        raise wrong("it proves something else")
    return proof


def renaming(grammar: Grammar, trees: Iterable[Tree]) -> Substitution:
    """New names for the variables of some trees: of each type the database's first, in the order of their use."""
    names: dict[str, Iterator[str]] = {}
    out: Substitution = {}
    for variable in dict.fromkeys(v for tree in trees for v in variables_of(tree)):
        kind = grammar.types[variable]
        if kind not in names:
            names[kind] = iter([v for v, k in grammar.types.items() if k == kind])
        out[variable] = next(names[kind])
    return out


def outline(theorem: Theorem, proof: Proof) -> list[tuple[Tree, Move]]:
    """The steps of a proof from the goal down, each goal once, those that lead nowhere left out."""
    out: dict[Tree, Move] = {}
    todo = [theorem.goal]
    while todo:
        goal = todo.pop()
        if goal in proof and goal not in out:
            out[goal] = proof[goal]
            todo += reversed(proof[goal].subgoals)
    return list(out.items())
