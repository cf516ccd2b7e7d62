"""The weights that ship: their size, and that both engines read them alike."""

import json
import os

from typer.testing import CliRunner

from microreason.cli import app
from microreason.inference import load
from microreason.info import info
from microreason.tasks import get_task
from microreason.weights_file import DEFAULT, SHIPPED, describe, tokenizer_file


def test_size_and_origin():
    about = describe()
    assert about["bytes"] <= 30_000_000
    assert 26.5e6 <= info()["model"]["parameters"] <= 27.5e6
    assert len(about["origin"]["tasks"]) >= 24
    assert len({get_task(name).category for name in about["origin"]["tasks"]}) >= 8


def test_models_that_ship_share_one_tokenizer(tmp_path):
    assert {tokenizer_file(name) for name in (None, *SHIPPED)} == {DEFAULT / "tokenizer.json"}
    assert tokenizer_file(os.path.relpath(DEFAULT / "8m")) == DEFAULT / "tokenizer.json"  # as recipes name it
    assert tokenizer_file(tmp_path) == tmp_path / "tokenizer.json"


def test_both_engines_agree():
    texts = [get_task(name).generate(7, 0, "easy").text for name in ("aiw", "gcd", "syllogism")]
    edge, torch = (load(engine=name).generate(texts, max_tokens=60) for name in ("edge", "torch"))
    assert edge == torch


def test_the_mathematics_model_takes_word_problems_and_the_others_do_not():
    problem = "Tom has 5 apples and buys 3 more. How many apples does Tom have now?"
    solved = CliRunner().invoke(app, ["solve", problem, "--weights", "mathematics", "--json"])
    assert solved.exit_code == 0 and json.loads(solved.output)["steps"], solved.output
    for text, weights in ((problem, "8m"), ("What is love?", "mathematics")):
        refused = CliRunner().invoke(app, ["solve", text, "--weights", weights])
        assert refused.exit_code == 2 and "has not learnt" in refused.output


def test_check_finds_and_mends_with_the_mistakes_model():
    steps = [
        'Write it as "A + B" with A = (4 * 3 - 5), B = (6 + 2 * 4).',
        "Let us work out A = (4 * 3 - 5) = (12 - 5) = 7.",
        "Let us work out B = (6 + 2 * 4) = (8 * 4) = 32.",
        "Finally, A + B = 7 + 32 = 39. The answer is 39.",
    ]
    given = "\n".join(["((4 * 3 - 5) + (6 + 2 * 4)) =", *(f"{i}. {step}" for i, step in enumerate(steps, 1))])
    done = CliRunner().invoke(app, ["check", "-", "--json"], input=given)
    found = json.loads(done.output)
    assert done.exit_code == 0 and found["learnt"] and found["first_wrong"] == 3
    assert found["continuation"]["answer"] == "21"
