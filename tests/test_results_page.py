"""docs/results.md and the learning curve: missing tasks are said to be missing, counts add up, a known law is found."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from microreason.errors import MicroReasonError
from microreason.evaluation.published import MODELS, figure, published, published_tasks

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "benchmarks"))

import figures  # noqa: E402
import results_page  # noqa: E402
import scaling  # noqa: E402


@pytest.fixture
def two_tasks(tmp_path, monkeypatch):
    """A hard result with gcd right in 50 of 50 and lcm in 25; nothing at the easy level."""
    scores = {"gcd": [1.0] * 50, "lcm": [1.0, 0.0] * 25}
    result = {
        "tasks": {
            task: {
                "score": float(np.mean(values)), "interval": [0.4, 0.6],
                "same_questions": published(task, "hard")["same_questions"],
            }
            for task, values in scores.items()
        },
        "questions": [{"task": task, "score": score} for task, values in scores.items() for score in values],
    }  # fmt: skip
    (tmp_path / f"hard-45{results_page.OF}.json").write_text(json.dumps(result))
    monkeypatch.setattr(figures, "RESULTS", tmp_path)


def cells(line):
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_tasks_that_are_missing_are_never_zero_silently(two_tasks):
    rows = [cells(line) for line in results_page.all_tasks() if line.startswith("| ")]
    tasks = [row for row in rows if row[0] != "task"]
    assert len(tasks) == 2 * len(published_tasks()) == 200
    assert sum(row[1] == "not measured" for row in tasks) == 198
    assert all(len(row) == 3 + len(MODELS) for row in rows)
    text = "\n".join(results_page.means())
    assert "measured tasks | 75.0 (" in text and "n=2)" in text
    assert "those not measured counted as 0 | 1.5 | not measured |" in text


def test_counts_of_tasks_add_up(two_tasks):
    for line in results_page.ahead()[2:]:
        name, level, tasks, ahead, equal, behind, ours, theirs = cells(line)
        if level == "easy" or name == "Claude Sonnet 4":
            assert (tasks, ahead, ours) == ("0", "–", "–")
        else:
            assert int(tasks) == int(ahead) + int(equal) + int(behind) == 2
            column = next(c for c, n in MODELS.items() if n == name)
            assert theirs == figures.percent(np.mean([figure(t, "hard", column) for t in ("gcd", "lcm")]))


def test_pairs_are_of_the_same_questions_only(two_tasks):
    same = [t for t in ("gcd", "lcm") if published(t, "hard")["same_questions"]]
    assert len(results_page.pairs("hard", "o3-mini", same=True)) == len(same)


def test_efficiency_names_what_is_unknown(two_tasks):
    text = "\n".join(results_page.efficiency())
    assert text.count("unknown") == 3
    assert f"| MicroReason 8M | 8.0 | hard | 2 | 75.0 | {75 / results_page.OURS:.3g} |" in text


def test_picture_shows_every_task(two_tasks, tmp_path):
    results_page.draw(tmp_path / "a.svg")
    text = (tmp_path / "a.svg").read_text()
    assert all(task in text for task in published_tasks()) and text.count("(not measured)") == 198


def log(folder, law, count=400, resumed=False):
    folder.mkdir()
    rng = np.random.default_rng(1)
    rows = [
        {"step": i, "stage": 0, "tokens": 8192 * i, "loss": scaling.value(law, 8192 * i) + rng.normal(0, 0.01)}
        for i in range(1, count + 1)
    ]
    lines = [json.dumps(row) + "\n" for row in (rows[:60] + rows[50:] if resumed else rows)]
    (folder / "log.jsonl").write_text("".join(lines) + '{"step": 9')
    return folder / "log.jsonl"


def test_a_known_law_is_found(tmp_path):
    law = (0.2, 300.0, 0.4)
    curves = scaling.read_curves([log(tmp_path / "one", law, resumed=True), log(tmp_path / "short", law, 50)])
    assert list(curves) == ["one, stage 0"] and curves["one, stage 0"].shape == (2, 400)
    found = scaling.study("one", *curves["one, stage 0"], [1e9])
    low, high = found["predictions"][0]["interval"]
    assert low <= scaling.value(law, 1e9) <= high
    assert abs(found["last_fifth"]["predicted"] - found["last_fifth"]["measured"]) < 0.02


@pytest.mark.parametrize("text", [None, "no json\n", '{"step": 1}\n', "[]\n"])
def test_what_is_no_log_is_refused(tmp_path, text):
    if text is not None:
        (tmp_path / "log.jsonl").write_text(text)
    with pytest.raises(MicroReasonError, match=r"cannot be read|No stage"):
        scaling.read_curves([tmp_path / "log.jsonl"])


def test_script_writes_json_and_picture(tmp_path):
    path = log(tmp_path / "one", (0.2, 300.0, 0.4))
    out, picture = tmp_path / "s.json", tmp_path / "s.svg"
    command = [sys.executable, ROOT / "benchmarks" / "scaling.py", path, "--json", out, "--picture", picture]
    subprocess.run([*command, "--to", "1e8"], check=True, cwd=ROOT, capture_output=True)
    result = json.loads(out.read_text())
    assert result["curves"][0]["predictions"][0]["tokens"] == 1e8 and picture.read_text().startswith("<?xml")
    done = subprocess.run([*command, "--to", "soon"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2 and "no list of token counts" in done.stderr
