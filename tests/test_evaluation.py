"""Evaluation: the JSON shape, the published figures, intervals, what Ctrl-C keeps, and the atomic write.

The engine is a fake that knows the gold answers or nothing. Does not cover a real model's scores.
"""

import json
import os
from types import SimpleNamespace

import numpy as np
import pytest

from microreason.errors import BadInput, UnknownTask
from microreason.evaluation.published import SYSTEMS, published, to_beat
from microreason.evaluation.records import circumstances, way, write_json
from microreason.evaluation.report import show
from microreason.evaluation.statistics import mean_interval, paired_interval, task_interval
from microreason.solution import Solution

KEYS = {
    "benchmark",
    "level",
    "seed",
    "size",
    "mode",
    "mean",
    "interval",
    "tokens_per_second",
    "tasks",
    "questions",
}
TASK_KEYS = {"score", "n", "interval", "claude", "r1", "o3_mini", "same_questions"}
QUESTION_KEYS = {
    "task", "index", "score", "answer", "expected", "steps", "sound", "unsound", "unknown", "tokens",
}  # fmt: skip


@pytest.fixture
def gold(fake_engine):
    """An engine that solves gcd on the first 10 hard questions of two seeds."""
    pytest.importorskip("reasoning_gym")
    from microreason.tasks import get_task

    task = get_task("gcd")
    problems = [task.generate(seed, index, "hard") for seed in (45, 46) for index in range(10)]
    return fake_engine({problem.text: task.expert(problem) for problem in problems})


def _evaluate(*args, **kwargs):
    pytest.importorskip("reasoning_gym")
    from microreason.evaluation.reasoning_gym import evaluate

    return evaluate(*args, **kwargs)


def test_without_names_the_published_tasks_that_the_weights_learnt_are_asked(fake_engine):
    pytest.importorskip("reasoning_gym")
    engine = fake_engine()
    engine.info = {"origin": {"tasks": ["gcd", "mistakes", "aiw"]}}
    assert set(_evaluate(engine, "easy", size=1)["tasks"]) == {"gcd", "aiw"}


def test_shape_and_scores_of_an_engine_that_knows(gold):
    seen = []
    result = _evaluate(gold, "hard", ["gcd"], size=10, progress=lambda done, total: seen.append((done, total)))
    assert set(result) >= KEYS | {"complete", "date", "commit", "hardware", "weights"}
    assert set(result["tasks"]["gcd"]) >= TASK_KEYS
    assert all(set(question) == QUESTION_KEYS for question in result["questions"])
    assert (result["benchmark"], result["level"], result["seed"], result["size"], result["mode"]) == (
        "reasoning-gym", "hard", 45, 10, "plain",
    )  # fmt: skip
    assert result["mean"] == 1.0 and result["complete"] and result["weights"] == "0" * 64
    assert [question["index"] for question in result["questions"]] == list(range(10))
    assert all(question["answer"] == question["expected"] for question in result["questions"])
    assert result["explainability"]["soundness"] == 1.0 and result["explainability"]["coverage"] == 1.0
    assert result["tasks"]["gcd"]["claude"] == 0.97
    assert result["tasks"]["gcd"]["same_questions"] == 0, "10 questions are not the published 50"
    assert result["comparison"]["claude"]["ahead"] == 1
    assert result["comparison"]["r1"] == {
        "tasks": 1,
        "ours": 1.0,
        "theirs": 1.0,
        "ahead": 0,
        "level": 1,
        "behind": 0,
    }
    assert seen == [(10, 10)]
    assert json.loads(json.dumps(result)) == result


def test_an_engine_that_knows_nothing(fake_engine):
    result = _evaluate(fake_engine(), "easy", ["gcd"], size=3)
    assert result["mean"] == 0.0 and result["explainability"]["soundness"] is None
    assert result["tasks"]["gcd"]["interval"][1] > 0
    assert result["comparison"]["claude"]["behind"] == 1


def test_published_questions_are_marked_as_the_same(fake_engine):
    assert _evaluate(fake_engine(), "hard", ["gcd"])["tasks"]["gcd"]["same_questions"] == 1
    assert _evaluate(fake_engine(), "hard", ["gcd"], seed=46)["tasks"]["gcd"]["same_questions"] == 0


def test_problems_go_to_the_engine_by_length_in_batches(gold):
    _evaluate(gold, "hard", ["gcd"], size=10, batch=4)
    assert [len(call) for call in gold.calls] == [4, 4, 2]
    lengths = [len(text) for call in gold.calls for text in call]
    assert lengths == sorted(lengths)


def test_an_answer_cut_off_scores_nothing(gold):
    gold.solutions = {text: s.model_copy(update={"complete": False}) for text, s in gold.solutions.items()}
    assert _evaluate(gold, "hard", ["gcd"], size=2)["mean"] == 0.0


def test_a_problem_too_long_for_the_context_is_not_solved_and_the_others_are(gold):
    texts = list(gold.solutions)[:10]
    gold.tokenizer = SimpleNamespace(encode_problem=lambda text: range(9 if text == texts[3] else 8))
    gold.info["config"] = {"max_context": 8 + 2048}
    assert sorted(q["score"] for q in _evaluate(gold, "hard", ["gcd"], size=10)["questions"]) == [0.0] + [1.0] * 9


@pytest.mark.parametrize(("after", "kept"), [(0, 0), (2, 8)])
def test_interrupt_keeps_what_is_finished(gold, after, kept):
    gold.interrupt_after = after
    result = _evaluate(gold, "hard", ["gcd"], size=10, batch=4)
    assert not result["complete"] and len(result["questions"]) == kept
    assert set(result) >= KEYS


@pytest.mark.parametrize(
    ("level", "tasks", "options", "error"),
    [
        ("medium", ["gcd"], {}, UnknownTask), ("hard", ["gdc"], {}, UnknownTask), ("hard", [], {}, UnknownTask),
        ("hard", ["gcd"], {"mode": "fast"}, BadInput), ("hard", ["gcd"], {"size": 0}, BadInput),
    ],
)  # fmt: skip
def test_bad_options_are_sentences(fake_engine, level, tasks, options, error):
    with pytest.raises(error, match=r"[.?]$"):
        _evaluate(fake_engine(), level, tasks, **options)


def test_a_grader_that_fails_scores_nothing(monkeypatch):
    pytest.importorskip("reasoning_gym")
    from microreason.evaluation.reasoning_gym import grade
    from microreason.tasks import get_task

    task = get_task("gcd")
    problem = task.generate(1, 0, "easy")
    monkeypatch.setattr(type(task), "grade", lambda *_: 1 / 0)
    assert grade(problem, Solution.of([], "1")) == 0.0


def test_published_figures():
    assert published("gcd", "hard")["claude"] == 0.97
    assert published("gcd", "easy")["params"] == {}
    assert published("gcd", "medium") is None and published("nothing", "easy") is None
    cryptarithm = published("cryptarithm", "hard")
    assert cryptarithm["claude"] == 0.01, "the figure graded again"
    assert published("number_sorting", "easy")["claude"] is None, "a grader's error, no figure"
    futoshiki = published("futoshiki", "easy")
    assert futoshiki["r1"] == 0.3097 and to_beat(futoshiki, "r1") == 0.5807, "failed calls are not counted"
    published("gcd", "hard")["claude"] = 0
    assert published("gcd", "hard")["claude"] == 0.97, "the table cannot be changed by a reader"


def test_published_table_is_whole():
    from microreason.evaluation.published import _table

    rows = _table()
    assert len(rows) == 200
    assert sum(row["same_questions"] for (_, level), row in rows.items() if level == "easy") == 87
    assert sum(row["same_questions"] for (_, level), row in rows.items() if level == "hard") == 90


def test_intervals():
    scores = [1.0] * 30 + [0.0] * 20
    low, high = task_interval(scores)
    assert 0.44 < low < 0.5 and 0.7 < high < 0.76
    assert task_interval(scores) == (low, high), "same seed, same interval"
    assert task_interval([0.0] * 50)[1] == pytest.approx(0.071, abs=0.001)
    wide = mean_interval({"a": scores})
    narrow = mean_interval({"a": scores, "b": scores, "c": scores, "d": scores})
    assert narrow[1] - narrow[0] < 0.6 * (wide[1] - wide[0])
    with pytest.raises(ValueError):
        task_interval([])


def test_interval_covers_the_truth():
    rng = np.random.default_rng(1)
    hits = sum(low <= 0.7 <= high for low, high in (task_interval(rng.random(50) < 0.7, draws=500) for _ in range(200)))
    assert hits >= 180


def test_paired_interval():
    ours, theirs = {"a": [1.0] * 20, "b": [1, 0] * 10}, {"a": [0.0] * 20, "b": [1, 0] * 10}
    assert paired_interval(ours, theirs) == (0.5, 0.5)
    with pytest.raises(ValueError):
        paired_interval(ours, {"a": [0.0] * 20})


def test_write_is_atomic(tmp_path, monkeypatch):
    path = tmp_path / "deep" / "result.json"
    write_json(path, {"a": "é"})
    assert json.loads(path.read_text("utf-8")) == {"a": "é"}

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_json(path, {"a": "new"})
    assert json.loads(path.read_text("utf-8")) == {"a": "é"}
    assert [p.name for p in path.parent.iterdir()] == ["result.json"]


def test_circumstances():
    said = circumstances({})
    assert said["hardware"]["cores"] >= 1 and said["weights"] is None and said["date"].endswith("+00:00")


@pytest.mark.parametrize("size", [10, 3])
def test_report_prints(gold, size):
    import io

    from rich.console import Console

    result = _evaluate(gold, "hard", ["gcd"], size=size)
    out = io.StringIO()
    show(result, Console(file=out, width=140))
    assert "gcd" in out.getvalue() and all(name in out.getvalue() for name in SYSTEMS.values())


def test_tokens_per_character():
    pytest.importorskip("reasoning_gym")
    from microreason.evaluation.tokens import tokens_per_character

    rates = tokens_per_character(type("Characters", (), {"encode": staticmethod(list)}), problems=1)
    assert rates["arithmetic"] == rates["all"] == 1.0


def test_the_vote_of_several_solutions_is_graded_and_told():
    pytest.importorskip("reasoning_gym")
    from microreason.inference.drafts import Generation
    from microreason.tasks import get_task

    gold = {p.text: p.answer for p in (get_task("gcd").generate(45, i, "easy") for i in range(3))}

    class Doubtful:
        """Wrong greedily, right in every draw."""

        def generate(self, problems, *, temperature=0.0, progress=None, **options):
            answers = [gold[text] if temperature else "none" for text in problems]
            return [Generation(Solution(answer=answer), 7, ()) for answer in answers]

    greedy, seen = _evaluate(Doubtful(), "easy", ["gcd"], size=3), []
    voted = _evaluate(Doubtful(), "easy", ["gcd"], size=3, samples=3, progress=lambda *done: seen.append(done))
    assert (greedy["mean"], greedy["samples"], way(greedy)) == (0.0, 1, "plain")
    assert (voted["mean"], voted["samples"], way(voted)) == (1.0, 3, "plain, vote of 3")
    assert seen == [(1, 3), (2, 3), (3, 3)] and all(question["tokens"] == 21 for question in voted["questions"])


def test_a_vote_shows_the_first_whole_solution_with_the_commonest_answer():
    from microreason.inference.drafts import Generation
    from microreason.inference.votes import winner

    def drawn(*answers):
        return [Generation(Solution(answer=a[0], complete=len(a) == 1), 1, (i,)) for i, a in enumerate(answers)]

    assert winner(drawn("a", "b", "b")).ids == (1,)
    assert winner(drawn("a", "b", "b", "a")).ids == (0,)
    assert winner(drawn("a", "b.", "b.", "c")).ids == (0,), "b. broke off"
    assert winner(drawn("a.", "b.")).ids == (0,)
