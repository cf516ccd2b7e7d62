"""The steps of proofs in a Metamath database as a task: a goal with its hypotheses in, a step and what it leaves out.

The task's name is the path of the `.mm` file, and so a recipe names it. Problems are the goals that occur in the
proofs of the propositional part, without held-out theorems (split.py) and without goals that equal one of these;
proofs of theorems later than a held-out one are among them, as a network is trained once for all theorems.
Variables are renamed in the order in which they occur, so that goals alike read alike. A solution is one line,
`<-label variable=formula;…`, and the answer is the goals that are left, or `proven`. Only the step of the
database is graded right, although another may be as good. Does not cover whole proofs: search.py finds these.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

from microreason.errors import BadInput
from microreason.proofs.split import evaluated, read_library, training_proofs
from microreason.proofs.steps import ARROW, Library, Move, Theorem, renaming
from microreason.proofs.syntax import Tree, substitute
from microreason.solution import Problem
from microreason.tasks.file import FileTask

_HEAD, _FROM = "Metamath goal ", "from"


def write_problem(library: Library, goal: Tree, hypotheses: tuple[Tree, ...]) -> str:
    """The problem to prove a goal from hypotheses, its variables renamed."""
    new = renaming(library.grammar, (goal, *hypotheses))
    first, *rest = [library.write(substitute(tree, new)) for tree in (goal, *hypotheses)]
    return "\n".join([_HEAD + first, *([_FROM] if rest else []), *rest])


def read_problem(library: Library, text: str) -> Theorem:
    """The goal and hypotheses of a problem, with every assertion visible. Raises BadInput."""
    first, *rest = text.split("\n")
    if not first.startswith(_HEAD) or rest[:1] not in ([], [_FROM]):
        raise BadInput("The text is no goal of a Metamath proof.")
    goal = library.read(first.removeprefix(_HEAD))
    hypotheses = tuple(library.read(line) for line in rest[1:])
    return Theorem("", len(library.database.assertions), goal, hypotheses, frozenset())


def write_step(library: Library, theorem: Theorem, goal: Tree, move: Move) -> str:
    """The line of a step on a goal, without the goal, in the variables of `write_problem`."""
    new = renaming(library.grammar, (goal, *theorem.hypotheses))
    values = tuple((variable, substitute(value, new)) for variable, value in move.values)
    return library.line(None, Move(move.label, values, ()))


class ProofTask(FileTask):
    """The steps of one database."""

    category = "proofs"

    @cached_property
    def library(self) -> Library:
        """The propositional part of the database. Raises BadInput."""
        return read_library(self.name)

    @cached_property
    def _records(self) -> list[dict[str, Any]]:
        library = self.library
        held = [library.theorem(label) for label in evaluated(library)]
        kept_out = {write_problem(library, t.goal, t.hypotheses) for t in held}
        records = []
        for label, proof in training_proofs(library).items():
            theorem = library.theorem(label)
            for goal, move in proof.items():
                text = write_problem(library, goal, theorem.hypotheses)
                if text in kept_out:
                    continue
                new = renaming(library.grammar, (goal, *theorem.hypotheses))
                left = ";".join(library.write(substitute(g, new)) for g in move.subgoals) or "proven"
                step = write_step(library, theorem, goal, move)
                records.append({"text": text, "steps": [step], "answer": left, "kind": "step"})
        if not records:
            raise BadInput(f"The Metamath database {self.name} holds no proof to learn from.")
        return sorted(records, key=lambda record: len(record["text"]))

    def grade(self, problem: Problem, answer: str | None) -> float:
        """1 for the goals that the database's step leaves."""
        return float(answer is not None and answer == problem.answer)

    def check(self, text: str, previous: list[str], step: str) -> bool | None:
        """Whether a line is a step on the problem's goal, or, with its goal before the arrow, on one left so far."""
        if ARROW not in step:
            return None
        theorem = read_problem(self.library, text)
        left = {theorem.goal}
        sound = True
        for line in (*previous, step):
            written, _, rest = line.partition(ARROW)
            try:
                goal = self.library.read(written) if written else theorem.goal
                move = self.library.read_line(theorem, goal, ARROW + rest)
            except BadInput:
                sound = False
                continue
            sound = goal in left
            left.update(move.subgoals)
        return sound
