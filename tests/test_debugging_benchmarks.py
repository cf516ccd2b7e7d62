"""Benchmarks of repair in the forms of their sets: made-up checkouts of QuixBugs, HumanEvalFix and DebugBench."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from microreason.cli import app
from microreason.debugging.judge import pack
from microreason.debugging.prior import released_prior
from microreason.errors import BadInput
from microreason.evaluation.repairs import debugbench, evaluate, humanevalfix, quixbugs
from microreason.verification import sandbox

isolated = pytest.mark.skipif(
    sandbox.isolation().name == "none", reason=f"no isolation here: {sandbox.isolation().reason}"
)


@pytest.fixture
def checkout(tmp_path):
    """A made-up folder in the form of QuixBugs."""
    for folder in ("python_programs", "json_testcases", "python_testcases", "correct_python_programs"):
        (tmp_path / folder).mkdir()
    (tmp_path / "python_programs" / "drop_last.py").write_text(
        'def drop_last(items):\n    return items[:-2]\n\n"""\nAll but the last item.\n"""\n'
    )
    (tmp_path / "json_testcases" / "drop_last.json").write_text("[[[1, 2, 3]], [1, 2]]\n[[[4, 5]], [4]]\n")
    (tmp_path / "python_programs" / "node.py").write_text(
        "class Node:\n    def __init__(self, next):\n        self.next = next\n"
    )
    (tmp_path / "python_programs" / "chain_size.py").write_text(
        "def chain_size(node):\n    n = 0\n    while node is None:\n"
        "        n += 1\n        node = node.next\n    return n\n"
    )
    (tmp_path / "conftest.py").write_text(
        "import pytest\ndef pytest_configure(config):\n    pytest.use_correct = False\n"
    )
    (tmp_path / "python_testcases" / "test_chain_size.py").write_text(
        "import pytest\nfrom python_programs.node import Node\nif pytest.use_correct:\n    pass\nelse:\n"
        "    from python_programs.chain_size import chain_size\n"
        "def test_none():\n    assert chain_size(None) == 0\n"
        "def test_two():\n    assert chain_size(Node(Node(None))) == 2\n"
    )
    return tmp_path


@isolated
def test_quixbugs_form(checkout, tmp_path):
    result = evaluate("quixbugs", checkout, released_prior(), limit=100, seconds=250)
    assert [q["task"] for q in result["questions"]] == ["chain_size", "drop_last"]
    assert result["repaired"] == 2 == result["run"] and result["complete"] and result["isolation"] == "bubblewrap"
    assert result["ranked_by"] == "prior" and all(q["tried"] <= 100 for q in result["questions"])
    assert "correct_python_programs" not in str(pack(checkout, ("correct_python_programs",)))


def test_quixbugs_of_another_form_is_refused(tmp_path):
    with pytest.raises(BadInput, match="no folder python_programs"):
        list(quixbugs(tmp_path))
    (tmp_path / "python_programs").mkdir()
    (tmp_path / "python_programs" / "a.py").write_text("def a(): pass\n")
    with pytest.raises(BadInput, match="has no tests"):
        list(quixbugs(tmp_path))
    (tmp_path / "json_testcases").mkdir()
    (tmp_path / "json_testcases" / "a.json").write_text('[[1], 2]\n{"x": 1}\n')
    with pytest.raises(BadInput, match=r"Line 2 of .* is not of the form"):
        list(quixbugs(tmp_path))
    done = CliRunner().invoke(app, ["eval", "quixbugs", "--path", str(tmp_path / "nothing")])
    assert done.exit_code == 2 and "not a checkout" in done.output


@isolated
def test_humanevalfix_form(tmp_path):
    record = {
        "task_id": "Python/0", "declaration": "def twice(x):\n", "buggy_solution": "    return x + 2\n",
        "test": "def check(twice):\n    assert twice(3) == 6\n    assert twice(0) == 0\n\ncheck(twice)",
        "entry_point": "twice",
    }  # fmt: skip
    (tmp_path / "pack.jsonl").write_text(json.dumps(record) + "\n" + json.dumps(record | {"task_id": "Go/0"}) + "\n")
    assert [program.name for program in humanevalfix(tmp_path)] == ["Python/0"]
    assert evaluate("humanevalfix", tmp_path, released_prior())["repaired"] == 1
    (tmp_path / "pack.jsonl").write_text('{"task_id": "x"}\n')
    with pytest.raises(BadInput, match="need the fields"):
        list(humanevalfix(tmp_path))
    (tmp_path / "pack.jsonl").write_text("nonsense\n")
    with pytest.raises(BadInput, match="neither JSON nor JSON lines"):
        list(humanevalfix(tmp_path))


@isolated
def test_debugbench_form(tmp_path):
    record = {
        "slug": "largest", "language": "python3",
        "buggy_code": "class Solution:\n    def largest(self, nums: List[int]) -> int:\n        return min(nums)\n",
        "examples": ["Input: nums = [1,2], \nOutput: 2\nExplanation: yes", "Input: nums = [3]\nOutput: 3"],
    }  # fmt: skip
    other = record | {"slug": "tree", "examples": ["Input: root = Tree\nOutput: 1"]}
    (tmp_path / "python3.json").write_text(json.dumps([record, other, record | {"language": "cpp"}]))
    assert [(p.name, p.judge is None) for p in debugbench(tmp_path)] == [("largest", False), ("tree", True)]
    result = evaluate("debugbench", tmp_path, released_prior())
    assert (result["programs"], result["run"], result["repaired"]) == (2, 1, 1)
