"""Orders in which a search tries steps: random, by length, by frequency in training proofs, and by a network.

Does not cover searching (search.py) or training the network (task.py, recipes/proofs.yaml).
"""

from __future__ import annotations

import math
import random
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

from microreason.proofs.steps import Library, Move, Proof, Rule, Theorem, root
from microreason.proofs.syntax import Tree, size


class RandomOrder:
    """Every rule and every step is as good as any other; seeded by the theorem's label."""

    name = "random"

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed

    def _draw(self, theorem: Theorem, goal: Tree, count: int) -> list[float]:
        rng = random.Random(f"{self.seed}/{theorem.label}/{goal}")
        return [rng.random() for _ in range(count)]

    def rank(self, theorem: Theorem, goal: Tree, rules: list[Rule]) -> list[float]:
        """Random numbers."""
        return self._draw(theorem, goal, len(rules))

    def costs(self, theorem: Theorem, goal: Tree, moves: list[Move]) -> list[float]:
        """Random numbers."""
        return self._draw(theorem, goal, len(moves))


class LengthOrder:
    """What leaves the shortest goals comes first."""

    name = "length"

    def rank(self, theorem: Theorem, goal: Tree, rules: list[Rule]) -> list[float]:
        """Size of the premises."""
        return [float(sum(map(size, rule.premises))) for rule in rules]

    def costs(self, theorem: Theorem, goal: Tree, moves: list[Move]) -> list[float]:
        """Size of the goals that a step leaves."""
        return [float(sum(map(size, move.subgoals))) for move in moves]


def shape(tree: Tree) -> tuple[str, ...]:
    """The root of a tree and the roots of its parts."""
    return (root(tree),) if isinstance(tree, str) else (tree[0], *map(root, tree[1:]))


class FrequencyOrder:
    """-log of how often a rule was used on goals of the same shape, in training proofs before the theorem.

    Shapes seen seldom lean on goals with the same root, these on all rules alike. A rule's probability is shared by
    the steps proposed for it.
    """

    name = "frequency"
    LEAN = 4.0
    """Uses that the wider estimate is worth."""

    def __init__(self, proofs: Iterable[tuple[int, Proof]]) -> None:
        """Learn from proofs, each with the position of its theorem; a theorem is judged by those before it alone."""
        self._uses: dict[tuple[Any, str], list[int]] = defaultdict(list)
        for position, proof in sorted(proofs, key=lambda p: p[0]):
            for goal, move in proof.items():
                for where in (root(goal), shape(goal)):
                    self._uses[where, move.label].append(position)
                    self._uses[where, ""].append(position)

    def _cost(self, theorem: Theorem, goal: Tree, label: str) -> float:
        share = 1 / (theorem.position + 1)
        for where in (root(goal), shape(goal)):
            used, total = (bisect_left(self._uses.get((where, which), ()), theorem.position) for which in (label, ""))
            share = (used + self.LEAN * share) / (total + self.LEAN)
        return -math.log(share)

    def rank(self, theorem: Theorem, goal: Tree, rules: list[Rule]) -> list[float]:
        """-log of the share of uses."""
        return [self._cost(theorem, goal, rule.label) for rule in rules]

    def costs(self, theorem: Theorem, goal: Tree, moves: list[Move]) -> list[float]:
        """The rule's cost, and what choosing among its steps costs."""
        many = Counter(move.label for move in moves)
        return [self._cost(theorem, goal, m.label) + math.log(many[m.label]) for m in moves]


class NetworkOrder:
    """-log of the likelihood that the network gives a step's line; which rules are looked at, the frequency says.

    `engine` is a NativeEngine. Where a goal does not fit its context, the frequency's costs stand.
    """

    name = "network"

    def __init__(self, library: Library, engine: Any, frequency: FrequencyOrder) -> None:
        self.library, self.engine, self.frequency = library, engine, frequency

    def rank(self, theorem: Theorem, goal: Tree, rules: list[Rule]) -> list[float]:
        """As the frequency order."""
        return self.frequency.rank(theorem, goal, rules)

    def costs(self, theorem: Theorem, goal: Tree, moves: list[Move]) -> list[float]:
        """-log likelihood of each line."""
        from microreason.inference.likelihood import log_likelihoods
        from microreason.proofs.task import write_problem, write_step

        if len(moves) < 2:
            return [0.0] * len(moves)
        tokenizer = self.engine.tokenizer
        prompt = tokenizer.encode_problem(write_problem(self.library, goal, theorem.hypotheses))
        lines = [write_step(self.library, theorem, goal, move) for move in moves]
        likely = log_likelihoods(self.engine, prompt, [[*tokenizer.encode(x), tokenizer.newline] for x in lines])
        return self.frequency.costs(theorem, goal, moves) if likely is None else [-value for value in likely]
