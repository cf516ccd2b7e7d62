"""README: its commands run, its files exist, its figures come from the results."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from microreason.cli import app
from microreason.training.recipe import load_recipe

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")


def block(marker, language):
    return re.search(rf"{marker}\n```{language}\n(.*?)\n```", README, re.S)[1]


def test_first_command_solves_a_problem():
    install, solve = block("<!-- solve-command -->", "sh").split(" && ", 1)
    assert install == "pip install ."
    result = CliRunner().invoke(app, shlex.split(solve)[1:])
    assert result.exit_code == 0, result.output
    assert "✓ 8+1=9" in result.output and "answer: 9" in result.output


def test_python_example_runs():
    exec(re.search(r"```python\n(.*?)\n```", README, re.S)[1], {})


def test_file_map_is_true():
    for path in re.findall(r"^\| `([\w/.]+)`", README.partition("## Where things are")[2], re.M):
        assert (ROOT / path).exists(), path


def test_verbs_in_the_table_exist():
    for verb in re.findall(r"^\| `microreason ([a-z -]+?)[ A-Z`]", README, re.M):
        words = [w for w in verb.split() if not w.startswith("-")]
        assert CliRunner().invoke(app, [*words[:2], "--help"]).exit_code == 0, verb


def test_figures_come_from_the_results():
    done = subprocess.run(
        [sys.executable, ROOT / "benchmarks" / "tables.py", "--check"], capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("path", sorted((ROOT / "recipes").glob("*.yaml")), ids=lambda p: p.stem)
def test_recipes_load(path):
    load_recipe(path)


def test_smoke_recipe_trains_and_exports(tmp_path):
    from microreason.training.progressive import train
    from microreason.weights_file import describe

    recipe = load_recipe(ROOT / "recipes" / "smoke.yaml")
    recipe = recipe.model_copy(update={"tokens": 40_000, "output": str(tmp_path), "compile": False})
    train(recipe, quiet=True)
    log = (recipe.folder / "log.jsonl").read_text().splitlines()
    first, last = (json.loads(line)["loss"] for line in (log[0], log[-1]))
    assert last < first / 2
    assert describe(recipe.folder / "weights")["origin"]["recipe"] == "smoke"
