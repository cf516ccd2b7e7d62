"""Which steps may be tried on a goal: visible rules that fit it, with values proposed for their free variables.

Rules come in the order that the caller asks for, until enough steps are found; rules without premises come first
of all, because they prove the goal. A free variable gets values from a premise that becomes a hypothesis of the
theorem or an instance of an earlier theorem without premises, else each part of the goal and of the hypotheses that
has its type. Does not cover values that occur nowhere in these: a proof that needs one is not found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice

from microreason.proofs.steps import Library, Move, Rule, Theorem
from microreason.proofs.syntax import HOLE, Substitution, Tree, has_hole, size, substitute, subtrees

PER_RULE = 4
"""Steps proposed at most for one rule."""
FACTS = 16
"""Instances of theorems without premises that a premise is held against, the shortest."""
LARGEST = 3
"""A step that leaves a goal so many times larger than theorem and goal together is not proposed."""
Rank = Callable[[Tree, list[Rule]], list[float]]
"""Of a goal and the rules that fit it: a number for each rule, the smallest to be tried first."""


class Proposer:
    """Proposes steps for the goals of one theorem."""

    def __init__(self, library: Library, theorem: Theorem) -> None:
        self.library, self.theorem = library, theorem
        self._known: dict[Tree, list[Tree]] = {}
        self._size = size(theorem.goal) + sum(map(size, theorem.hypotheses))

    def propose(self, goal: Tree, rank: Rank, width: int) -> list[Move]:
        """At most `width` steps on a goal; one that leaves nothing to prove comes alone."""
        fitting = list(self.library.applicable(goal, self.theorem.position))
        for rule, values in fitting:
            if not rule.premises:
                move = self.library.move(self.theorem, rule, values)
                if move is not None:
                    return [move]
        costs = rank(goal, [rule for rule, _ in fitting])
        parts = list(dict.fromkeys(part for s in (goal, *self.theorem.hypotheses) for part in subtrees(s)))
        limit = LARGEST * (self._size + size(goal))
        moves: dict[Move, None] = {}
        for i in sorted(range(len(fitting)), key=lambda i: (costs[i], i)):
            rule, values = fitting[i]
            for filled in islice(self._fill(rule, values, parts), PER_RULE):
                move = self.library.move(self.theorem, rule, filled)
                if move is None or goal in move.subgoals or any(size(g) > limit for g in move.subgoals):
                    continue
                if not move.subgoals:
                    return [move]
                moves[move] = None
            if len(moves) >= width:
                break
        return list(moves)[:width]

    def _fill(self, rule: Rule, values: Substitution, parts: list[Tree]) -> Iterator[Substitution]:
        """The values of a rule's variables completed in every way that is tried."""
        unknown = [v for v in rule.free if v not in values]
        if not unknown:
            yield values
            return
        grammar = self.library.grammar
        holes = dict.fromkeys(unknown, HOLE)
        for find in (lambda target: self.theorem.hypotheses, self._facts):
            for premise in rule.premises:
                target = substitute(premise, {**values, **holes})
                if not has_hole(target):
                    continue
                for statement in find(target):
                    more = dict(values)
                    if grammar.match(premise, statement, more) and len(more) > len(values):
                        yield from self._fill(rule, more, parts)
        if len(unknown) == 1:
            kind = grammar.types[unknown[0]]
            for part in parts:
                if grammar.type_of(part) == kind:
                    yield {**values, unknown[0]: part}

    def _facts(self, target: Tree) -> list[Tree]:
        """Instances of visible rules without premises that the target, with its holes, can become."""
        if target not in self._known:
            found: dict[Tree, None] = {}
            for rule in self.library.rooted(target) if target != HOLE else ():
                if rule.position < self.theorem.position and not rule.premises:
                    values: Substitution = {}
                    if self.library.grammar.fits(rule.conclusion, target, values) and rule.variables <= values.keys():
                        found[substitute(rule.conclusion, values)] = None
            self._known[target] = sorted(found, key=size)[:FACTS]
        return self._known[target]
