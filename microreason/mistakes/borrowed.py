"""Questions of other tasks with their experts' solutions, one line broken by data/corruption.py.

A line is written as the expert writes it or wrapped in a sentence; the redo is the expert's line, which a network that
solves the task writes anyway. Where lines are arithmetic, what follows a broken result is worked out anew from it, else
the rest is stale, or stops there. Does not cover tasks with long lines, or whose lines choose freely.
"""

from __future__ import annotations

import random
import re

from microreason.data.corruption import corrupt
from microreason.mistakes.trace import Trace, first_difference
from microreason.tasks import get_task
from microreason.verification.steps import check_arithmetic, evaluate

TASKS = (
    "acre", "aiw", "base_conversion", "basic_arithmetic", "binary_alternation", "binary_matrix", "bitwise_arithmetic",
    "chain_sum", "color_cube_rotation", "complex_arithmetic", "count_bits", "course_schedule", "decimal_arithmetic",
    "decimal_chain_sum", "family_relationships", "fraction_simplification", "gcd", "graph_color", "isomorphic_strings",
    "knights_knaves", "lcm", "leg_counting", "letter_counting", "mini_sudoku", "number_format", "number_sorting",
    "polynomial_multiplication", "pool_matrix", "prime_factorization", "products", "propositional_logic",
    "ransom_note", "rotate_matrix", "self_reference", "simple_equations", "simple_geometry", "simple_integration",
    "spell_backward", "spiral_matrix", "string_insertion", "string_manipulation", "string_splitting",
    "string_synthesis", "syllogism", "time_intervals", "word_sequence_reversal", "word_sorting",
)  # fmt: skip
MAX_STEPS, MAX_LINE, MAX_QUESTION = 24, 90, 900  # steps, characters, characters
_WRAPS = (
    "{}", "{}", "{}", "First, {}.", "Then {}.", "So {}.", "We get {}.", "Now {}", "Next: {}", "Therefore {}.", "{}.",
    "This gives {}.", "Step: {}",
)  # fmt: skip
_NUMBER = re.compile(r"(?<![\d.])\d+(?:\.\d+)?(?![\d.])")
_ONE = re.compile(r"^([-+*/%().\d]+)=(-?\d+)$")
_SPACES = re.compile(r"(?<=[\d)])([-+*/%=])(?=[\d(-])")


def _carried(lines: list[str], at: int, right: str) -> list[str]:
    """The lines with what follows line `at` worked out anew, where the result in it is used again."""
    old, new = _ONE.match(right), _ONE.match(lines[at])
    if not old or not new or old[2] == new[2]:
        return lines
    changed = {old[2].lstrip("-"): new[2].lstrip("-")}
    out = lines[: at + 1]
    for line in lines[at + 1 :]:
        found = _ONE.match(line)
        if found:
            sides = _NUMBER.sub(lambda m: changed.get(m[0], m[0]), found[1])
            try:
                value = evaluate(sides)
            except (ValueError, ZeroDivisionError):
                return lines
            if sides != found[1] and value.denominator == 1:
                changed[found[2].lstrip("-")] = str(abs(value.numerator))
                line = f"{sides}={value.numerator}"
        out.append(line)
    return out


def _styled(line: str, wrap: str, spaced: bool) -> str:
    if spaced and check_arithmetic(line) is not None:
        line = _SPACES.sub(r" \1 ", line)
    return wrap.format(line.strip()) if wrap != "{}" else line.strip()


def borrowed(rng: random.Random, difficulty: float, broken: bool) -> Trace:
    """A question of another task, drawn until one is short enough."""
    from microreason.data.documents import fingerprint, held_out

    while True:
        name = rng.choice(TASKS)
        task = get_task(name)
        problem = task.generate(rng.randrange(4_000_000_000, 4_000_000_010), rng.randrange(10**6), 0.6 * difficulty)
        if len(problem.text) > MAX_QUESTION or fingerprint(problem.text) in held_out(name):
            continue
        solution = task.expert(problem)
        right = [step.text for step in solution.steps]
        if not 2 <= len(right) <= MAX_STEPS or max(map(len, right)) > MAX_LINE or not solution.answer:
            continue
        break
    steps, last = right, solution.answer
    bad = corrupt(task, problem, solution, rng) if broken else None
    if bad:
        steps = [*bad.lines, *right[len(bad.lines) :]]
        steps = _carried(steps, bad.position, right[bad.position])
        old, new = _ONE.match(right[-1]), _ONE.match(steps[-1])
        if old and new and old[2] == last:
            last = new[2]
    spaced = rng.random() < 0.4
    one = rng.choice(_WRAPS)
    wraps = [rng.choice(_WRAPS) if rng.random() < 0.2 else one for _ in right]
    with_answer = "\n" not in last and rng.random() < 0.7
    ending = rng.choice(("So the answer is {}", "The answer is {}.", "Answer: {}", "Hence {}."))
    given = [_styled(line, wrap, spaced) for line, wrap in zip(steps, wraps, strict=False)]
    correct = [_styled(line, wrap, spaced) for line, wrap in zip(right, wraps, strict=True)]
    redo = list(right)
    if with_answer:
        given.append(ending.format(last))
        correct.append(ending.format(last))
        redo.append(solution.answer)
    wrong = first_difference(correct, given)
    if wrong is not None and rng.random() < 0.2:
        given = given[: wrong + 1]
    question = problem.text.strip()
    return Trace("borrowed", question, tuple(given), tuple(redo), solution.answer, wrong, question)
