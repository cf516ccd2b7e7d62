"""Best-first search for a proof, over goals: the goal with the smallest cost is expanded next.

Goals form a graph of alternatives (the steps tried on a goal) and of conjunctions (the goals that a step leaves);
equal goals are one node. A goal costs what its cheapest chain of steps from the theorem costs; it is proven once some
step on it leaves only proven goals, and the first such step is its proof, so that no proof goes in a circle.
`nodes` counts expanded goals. Does not cover what the steps cost (scorers.py) or whether the proof is valid
(verify.py).
"""

from __future__ import annotations

import heapq
import time
from dataclasses import dataclass, field
from typing import Literal, Protocol

from microreason.proofs.proposals import Proposer
from microreason.proofs.steps import Library, Move, Proof, Rule, Theorem
from microreason.proofs.syntax import Tree

Ending = Literal["proven", "nodes", "time", "exhausted"]


class Scorer(Protocol):
    """Puts rules and steps into an order; smaller is better, costs of steps are not negative."""

    name: str

    def rank(self, theorem: Theorem, goal: Tree, rules: list[Rule]) -> list[float]:
        """A number for each rule that fits a goal: which of them steps are proposed for."""
        ...

    def costs(self, theorem: Theorem, goal: Tree, moves: list[Move]) -> list[float]:
        """The cost of each step on a goal."""
        ...


@dataclass(frozen=True)
class Budget:
    """When a search gives up: expanded goals, seconds of wall-clock; `width` steps are kept for each goal."""

    nodes: int = 64
    seconds: float = 30.0
    width: int = 48


@dataclass(frozen=True)
class Found:
    """How a search ended; `proof` is None unless it ended with `proven`."""

    ending: Ending
    proof: Proof | None
    nodes: int
    seconds: float


@dataclass(eq=False)
class _Option:
    """A step tried on a goal, and how many of the goals that it leaves are still open."""

    goal: Tree
    move: Move
    missing: int


@dataclass(eq=False)
class _Node:
    cost: float
    expanded: bool = False
    wanted_by: list[_Option] = field(default_factory=list)


def search(library: Library, theorem: Theorem, scorer: Scorer, budget: Budget) -> Found:
    """Search for a proof of a theorem until it is found or the budget is spent."""
    began = time.perf_counter()
    proof: Proof = {}
    graph = {theorem.goal: _Node(0.0)}
    queue: list[tuple[float, int, Tree]] = [(0.0, 0, theorem.goal)]
    proposer = Proposer(library, theorem)
    pushed = nodes = 0

    def prove(goal: Tree, move: Move) -> None:
        todo = [(goal, move)]
        while todo:
            goal, move = todo.pop()
            if goal in proof:
                continue
            proof[goal] = move
            for option in graph[goal].wanted_by:
                option.missing -= 1
                if option.missing == 0:
                    todo.append((option.goal, option.move))

    def end(ending: Ending) -> Found:
        return Found(ending, proof if ending == "proven" else None, nodes, time.perf_counter() - began)

    if theorem.goal in theorem.hypotheses:
        return end("proven")
    while queue:
        cost, _, goal = heapq.heappop(queue)
        node = graph[goal]
        if node.expanded or goal in proof or (node.wanted_by and all(o.goal in proof for o in node.wanted_by)):
            continue
        if nodes >= budget.nodes:
            return end("nodes")
        if time.perf_counter() - began > budget.seconds:
            return end("time")
        nodes += 1
        node.expanded = True
        moves = proposer.propose(goal, lambda goal, rules: scorer.rank(theorem, goal, rules), budget.width)
        for move, price in zip(moves, scorer.costs(theorem, goal, moves), strict=True):
            option = _Option(goal, move, sum(subgoal not in proof for subgoal in move.subgoals))
            if option.missing == 0:
                prove(goal, move)
                break
            for subgoal in move.subgoals:
                if subgoal in proof:
                    continue
                child = graph.setdefault(subgoal, _Node(float("inf")))
                child.wanted_by.append(option)
                if cost + price < child.cost and not child.expanded:
                    child.cost = cost + price
                    pushed += 1
                    heapq.heappush(queue, (child.cost, pushed, subgoal))
        if theorem.goal in proof:
            return end("proven")
    return end("exhausted")
