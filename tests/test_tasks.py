"""Every registered task: the grader gives the gold answer 1.0, the expert's answer is graded 1.0 with all checkable
steps sound, its problems are recognised as its own, and the published questions are reproduced.

A few problems each; the marker `slow` runs all 50 published ones. Does not cover what a model makes of them.
"""

from decimal import localcontext

import pytest

pytest.importorskip("reasoning_gym")

from microreason.errors import UnknownTask
from microreason.evaluation.published import SEED, SIZE, published
from microreason.solution import Problem, Solution
from microreason.tasks import GymTask, all_tasks, get_task, recognise
from microreason.tasks.arithmetic.written import long_division, long_sum
from microreason.verification.steps import check_solution

NAMES = list(all_tasks())
LEVELS = ["easy", "hard", 0.0, 0.5, 1.0]
OTHER_SEED = 1234
SAME_WORDING = {"rearc": "arc_agi"}
"""Tasks whose questions read like another's, which then speaks for both."""


def _self_tests(task, problem):
    if problem.answer is not None:
        assert task.grade(problem, problem.answer) == 1.0, f"gold answer refused: {problem.text[:200]}"
    solution = task.expert(problem)
    right = not task.exact or task.grade(problem, solution.answer) == 1.0
    assert right, f"expert is wrong: {problem.text}\n{solution.to_text()}"
    unsound = [s.text for s in check_solution(problem, solution).steps if s.verdict == "unsound"]
    assert not unsound, f"{unsound[:3]} in {problem.text}"
    assert recognise(problem.text) is get_task(SAME_WORDING.get(task.name, task.name))
    assert Solution.from_text(solution.to_text()) == solution


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("name", NAMES)
def test_self_tests(name, level):
    task = get_task(name)
    for index in range(4):
        _self_tests(task, task.generate(OTHER_SEED, index, level))


@pytest.mark.slow
@pytest.mark.parametrize("level", ["easy", "hard"])
@pytest.mark.parametrize("name", NAMES)
def test_self_tests_on_all_published_questions(name, level):
    task = get_task(name)
    for index in range(SIZE):
        _self_tests(task, task.generate(SEED, index, level))


@pytest.mark.parametrize("name", NAMES)
def test_patterns_match_one_task_only(name):
    task = get_task(name)
    for level in LEVELS:
        for index in range(3):
            text = task.generate(OTHER_SEED + 1, index, level).text
            assert [t.name for t in all_tasks().values() if t.pattern.search(text)] == [SAME_WORDING.get(name, name)]


@pytest.mark.parametrize("name", NAMES)
def test_hard_parameters_are_the_published_ones(name):
    task = get_task(name)
    if isinstance(task, GymTask) and (figures := published(name, "hard")):
        thaw = {key: list(value) if isinstance(value, tuple) else value for key, value in task.hard.items()}
        assert thaw == figures["params"]
        assert task.category == figures["category"]


@pytest.mark.parametrize("level", ["easy", "hard"])
@pytest.mark.parametrize("name", NAMES)
def test_questions_equal_the_published_data_set(name, level):
    import reasoning_gym

    figures = published(name, level)
    if figures is None:
        pytest.skip("nothing was published")
    if not figures["same_questions"]:
        pytest.skip("the published questions cannot be made again: their generator draws from unseeded sources")
    data = reasoning_gym.create_dataset(name, seed=SEED, size=SIZE, **figures["params"])
    for index in (0, 1, 24, 49):
        problem = get_task(name).generate(SEED, index, level)
        with localcontext():  # decimal_arithmetic of the library changes the precision of all decimals
            theirs = data[index]
        assert problem.text == theirs["question"]
        if theirs["answer"] is not None:  # where reasoning-gym gives none, the task may know one
            assert problem.answer == str(theirs["answer"])


@pytest.mark.parametrize("name", NAMES)
def test_same_seed_same_problem_and_wrong_answers_do_not_solve(name):
    task = get_task(name)
    problem = task.generate(7, 3, 0.5)
    assert problem == task.generate(7, 3, 0.5)
    assert task.grade(problem, None) < 0.99
    assert task.grade(problem, "no such answer") < 0.99


@pytest.mark.parametrize("level", ["medium", -0.1, 1.5])
def test_unknown_level(level):
    with pytest.raises(UnknownTask, match="easy, hard"):
        get_task("gcd").generate(1, 0, level)


def test_unknown_task_names_the_nearest():
    with pytest.raises(UnknownTask, match="Did you mean gcd"):
        get_task("gdc")
    with pytest.raises(UnknownTask):
        get_task("")


@pytest.mark.parametrize("text", ["hello", "Qu'est-ce que c'est ?", "2+2", "<|problem|>gcd<|end|>", "x" * 100_000])
def test_nonsense_is_recognised_as_no_task(text):
    assert recognise(text) is None


def test_numbers_of_the_bounds_sign_are_filtered_by_their_whole_parts():
    numbers = "['-69.293', '-46.55', '9', '-46.7']"
    problem = Problem(text=f"Keep all numbers larger than -46.6 in this list: {numbers}\nReturn the new list")
    steps = get_task("number_filtering").expert(problem).steps
    lines = [">-46.6", "-69>-46n", "-46.55>-46.6y-46.55", "9y-46.55,9", "-46.7>-46.6n"]
    assert [step.text for step in steps] == lines


def test_words_of_one_letter_are_chained_and_the_alphabet_is_walked():
    text = "Your task is to sort words in ascending or descending order using ASCII/Unicode ordering.\n\n"
    text += (
        "Now, sort these words in descending order (using ASCII/Unicode ordering) and return them as a list: wx, zu, za"
    )
    solution = get_task("word_sorting").expert(Problem(text=text))
    lines = [step.text for step in solution.steps]
    assert lines[:5] == [" w: wx", " z: zu", " zu: za", " z: zu u za a;, zu, za", " y x w: wx; za, wx"]
    assert lines[5].startswith(" v u t") and lines[5].endswith(" b a") and solution.answer == "zu, za, wx"


def test_numbers_are_compared_where_their_digits_part():
    task = get_task("number_format")
    text = "Now, pick the largest number of the following candidates: 445,844.753 4.48591e+05 448591.0"
    lines = [step.text for step in task.expert(Problem(text=text)).steps]
    assert lines == [">", "445844.753 448(5<8)591.000"]
    assert task.check(text, lines[:1], "445844.753 448(5>8)591.000") is False
    assert task.check(text, lines[:1], "a guess") is None


def test_a_long_division_has_a_line_for_each_digit():
    lines = ["184-78*2=184-156=028=28", "282-78*3=282-234=048=48", ":23", "480-78*6=480-468=012=12", ":236"]
    assert long_division(184200, 78) == [*lines, "120-78=042=42", "184200=78*2361+42"]
    assert long_division(1005, 10) == ["10-10=0", "0:0", ":10", "5:0", "1005=10*100+5"]


def test_blocks_of_a_long_sum_carry_and_borrow_last():
    lines, value = long_sum(1570001013, "-", 1469996631)
    blocks = ["1013-6631+10000=11013-6631=4382", "7000-6999-1=0001-1=0000", "15-14=01"]
    claim = "1570001013-1469996631"
    assert (lines, value) == ([claim, *blocks, f"{claim}=0100004382=100004382"], 100004382)
    lines, _ = long_sum(1570001013, "-", 1470009631)
    assert lines[1:4] == [
        "1013-9631+10000=11013-9631=1382",
        "7000-7000-1+10000=17000-7000-1=10000-1=9999",
        "15-14-1=01-1=00",
    ]
    assert long_sum(925707456, "+", 925709)[0][1:-1] == ["7456+5709=13165", "2570+92+1=2662+1=2663"]


def test_knight_swap_circle():
    """A written line that leads back to a state met before does not send the search round in a circle."""
    task = get_task("knight_swap")
    problem = task.generate(99, 0, "hard")
    lines = [step.text for step in task.expert(problem).steps]
    at = next(i for i, line in enumerate(lines) if line[0] == " ")
    start, _, after = lines[at].partition(":")
    half = len(start) // 2 + 1
    turned = start[:2] + start[half:] + start[2:half]
    after = after.split()[0]
    assert task.check(problem.text, [*lines[:at], f"{start}: {after}", f" {after}:{start}{turned}"], "x") is False
