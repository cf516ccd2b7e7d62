"""Debugging: edits and their inverses, the injector and what it keeps out, the search, the command line."""

from __future__ import annotations

import ast
import json
import os
import random
import textwrap
from collections import Counter
from pathlib import Path

import pytest
from typer.testing import CliRunner

from microreason.cli import app
from microreason.debugging import held_out, judge
from microreason.debugging.files import apply, debug
from microreason.debugging.held_out import QUIXBUGS, alike, fingerprint, write_fingerprints
from microreason.debugging.inject import Function, functions, inject, modules, packages, split_of, undoing
from microreason.debugging.judge import Evidence, Judge, pack, read_command
from microreason.debugging.prior import Prior, keys, released_prior
from microreason.debugging.ranking import MOST, NetworkRanking, ranking
from microreason.debugging.repair import Unrepairable, candidates, repair
from microreason.debugging.source import Source, Unseen, tree_hash, unified
from microreason.debugging.statements import edits
from microreason.debugging.task import NOTHING, change
from microreason.errors import BadInput, UnknownTask
from microreason.inference.native import NativeEngine
from microreason.model.config import ModelConfig
from microreason.model.transformer import Transformer
from microreason.tasks import get_task
from microreason.tokenizer import Tokenizer
from microreason.verification import sandbox

isolated = pytest.mark.skipif(
    sandbox.isolation().name == "none", reason=f"no isolation here: {sandbox.isolation().reason}"
)
runner = CliRunner()
TOTAL = '''def total(values, limit):
    """Sum of the first values."""
    out = 0  # é
    for i in range(limit - 1):
        out += values[i]
    return out
'''
CASES = [("([1, 2, 3], 3)", "(6, ([1, 2, 3], 3))"), ("([1, 2], 0)", "(0, ([1, 2], 0))"), ("([5], 1)", "(5, ([5], 1))")]
TESTS = {"kind": "cases", "module": "", "function": "total", "cases": CASES}


def results(text: str) -> set[str]:
    source = Source(text)
    function = next(source.functions())
    unseen = Unseen(source, function)
    return {ast.unparse(ast.parse(source.apply(edit))) for edit in edits(source, function) if unseen(edit)}


def plain(text: str) -> str:
    return ast.unparse(ast.parse(text))


# ---- edits


@pytest.mark.parametrize(
    ("bad", "good"),
    [
        ("def f(a, b):\n    return a < b", "def f(a, b):\n    return a <= b"),
        ("def f(a, b):\n    return a not in b", "def f(a, b):\n    return a in b"),
        ("def f(a, b):\n    return a - b", "def f(a, b):\n    return b - a"),
        ("def f(a, b):\n    return g(a, b)", "def f(a, b):\n    return g(b, a)"),
        ("def f(a, b):\n    return g(a)", "def f(a, b):\n    return g(b)"),
        ("def f(a):\n    return a[1:]", "def f(a):\n    return a[0:]"),
        ("def f(a):\n    return a[len(a)]", "def f(a):\n    return a[len(a) - 1]"),
        ("def f(a):\n    for i in range(a):\n        g(i)", "def f(a):\n    for i in range(a + 1):\n        g(i)"),
        ("def f(a):\n    if a:\n        g()\n    h()", "def f(a):\n    if not a:\n        g()\n    h()"),
        ("def f(a, b):\n    if a and b:\n        g()", "def f(a, b):\n    if a or b:\n        g()"),
        ("def f(n):\n    return n * f(n - 1)", "def f(n):\n    if n == 0:\n        return 1\n    return n * f(n - 1)"),
        ("def f(a):\n    n = 0\n    for x in a:\n        pass\n    return n",
         "def f(a):\n    n = 0\n    for x in a:\n        n += 1\n        pass\n    return n"),
        ("def f(a):\n    n = 0\n    for x in a:\n        n = x\n    return n",
         "def f(a):\n    n = 0\n    for x in a:\n        n += x\n    return n"),
        ("def f(a):\n    n = 0\n    for x in a:\n        n = x\n    return n",
         "def f(a):\n    n = 0\n    for x in a:\n        n = max(n, x)\n    return n"),
        ("def f(a):\n    out = []\n    for x in a:\n        out.append(x)\n        return out",
         "def f(a):\n    out = []\n    for x in a:\n        out.append(x)\n    return out"),
        ("def f(a):\n    return any(a)", "def f(a):\n    return all(a)"),
        ("def f(a):\n    yield f(a)", "def f(a):\n    yield from f(a)"),
        ("class C:\n    def f(self, a):\n        return a + 1", "class C:\n    def f(self, a):\n        return a"),
    ],
)  # fmt: skip
def test_an_edit_undoes_the_slip(bad, good):
    assert plain(good) in results(bad)


def test_edits_differ_parse_and_touch_nothing_else():
    source = Source(TOTAL)
    function = next(source.functions())
    unseen = Unseen(source, function)
    found = [edit for edit in edits(source, function) if unseen(edit)]
    texts = [source.apply(edit) for edit in found]
    assert len(texts) > 100
    assert len({tree_hash(text) for text in texts} | {tree_hash(TOTAL)}) == len(texts) + 1
    assert all('"""Sum of the first values."""' in text for text in texts)
    assert "# é" in texts[0]
    assert all(edit.said and 1 <= edit.line <= 6 for edit in found)


def test_a_diff_shows_the_changed_line_only():
    diff = unified(TOTAL, TOTAL.replace("limit - 1", "limit"), "a.py")
    assert [line for line in diff.splitlines() if line[0] in "+-"][2:] == [
        "-    for i in range(limit - 1):", "+    for i in range(limit):"
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["def f(:", "x = '", "\0", "def f():\n" + "    x = 1\n" * 100_000])
def test_what_is_not_python_is_refused_in_a_sentence(text):
    with pytest.raises(BadInput, match=r"^The file .*\.$"):
        Source(text)


# ---- injector


def test_packages_are_split_by_name_alone():
    names = [name for name, _ in packages()]
    held = {name for name in names if split_of(name) == "held-out"}
    assert 0.1 < len(held) / len(names) < 0.35
    assert split_of("textwrap") == "held-out" and split_of("difflib") == "train"
    assert not {"test", "idlelib"} & set(names)


def test_a_bug_is_one_edit_with_its_truth():
    chance = random.Random(1)
    slips = Counter()
    function = Function("p", "p.m", "total", TOTAL.replace("limit - 1", "limit"))
    for _ in range(60):
        bug = inject(function, chance)
        assert bug is not None and bug.function is function
        assert tree_hash(bug.text) not in (None, tree_hash(function.text))
        assert Source(function.text).apply(bug.edit) == bug.text
        slips[bug.slip] += 1
    assert len(slips) >= 5
    again = inject(function, random.Random(7))
    assert again == inject(function, random.Random(7))


def test_most_injected_bugs_are_undone_by_an_edit():
    chance = random.Random(2)
    bugs = [bug for f, _ in zip(functions("train", seed=5), range(40), strict=False) if (bug := inject(f, chance))]
    assert sum(undoing(bug)[1] is not None for bug in bugs) > 0.6 * len(bugs)


def test_benchmark_programs_are_left_out_by_name():
    assert len(QUIXBUGS) == 40
    for name in (*QUIXBUGS, "GCD", "to_Base", "has_close_elements", "isPalindrome"):
        node = ast.parse(f"def {name}(a):\n    return a").body[0]
        assert held_out.held_out(node), name  # type: ignore[arg-type]
    for split in ("train", "held-out"):
        for function, _ in zip(functions(split), range(150), strict=False):  # type: ignore[arg-type]
            assert held_out.plain(function.name) not in {held_out.plain(n) for n in held_out.QUIXBUGS}


def test_near_copies_are_left_out_by_their_tree(tmp_path, monkeypatch):
    original = """
    def visit_all(start, goal):
        waiting = [start]
        seen = set()
        while waiting:
            node = waiting.pop()
            if node == goal:
                return True
            seen.add(node)
            for other in node.others:
                if other not in seen:
                    waiting.append(other)
        return False
    """
    copy = textwrap.dedent(original).replace("visit_all", "reachable").replace("waiting", "queue").replace("seen", "d")
    copy = copy.replace("    queue = [start]\n", '    """Documented."""\n    queue = [start]\n')
    near = copy.replace("    d.add(node)\n", "    d.add(node)\n        print(node)\n")
    folder = tmp_path / "benchmark"
    folder.mkdir()
    (folder / "program.py").write_text(textwrap.dedent(original))
    file = tmp_path / "fingerprints.json"
    assert write_fingerprints([folder], file) == 1
    monkeypatch.setattr(held_out, "FILE", file)
    held_out.fingerprints.cache_clear()
    try:
        for text in (copy, near):
            assert held_out.held_out(ast.parse(text).body[0])  # type: ignore[arg-type]
        assert not held_out.held_out(ast.parse(TOTAL).body[0])  # type: ignore[arg-type]
    finally:
        held_out.fingerprints.cache_clear()
    assert not alike(fingerprint(ast.parse(TOTAL).body[0]), fingerprint(ast.parse(copy).body[0]))


# ---- ranking


def test_the_prior_counts_and_backs_off():
    source = Source(TOTAL)
    found = edits(source, next(source.functions()))
    drop = next(e for e in found if e.kind == "off_by_one" and e.detail == "drop -")
    other = next(e for e in found if e.kind == "variable")
    offered = Counter(key for edit in found for key in keys(edit))
    prior = Prior(offered, Counter(keys(drop)))
    assert prior.rate(drop) > prior.rate(other) > 0
    silent = Evidence({"a": False}, {"a": [4]}, 0.0)
    scores = prior.scores(source, next(source.functions()), [drop, other], silent)
    assert scores[0] > scores[1]
    assert released_prior().offered and released_prior().name == "prior"


def test_suspicion_is_ochiai():
    evidence = Evidence({"a": False, "b": True}, {"a": [1, 2], "b": [1]}, 0.0)
    assert evidence.suspicion() == {1: pytest.approx(2**-0.5), 2: 1.0}


def test_candidates_come_from_the_functions_that_failing_tests_ran():
    text = TOTAL + "\n\ndef other(a):\n    return a + 1\n"
    evidence = Evidence({"a": False}, {"a": [4, 5]}, 0.0)
    assert {name for name, _ in candidates(Source(text), released_prior(), evidence)} == {"total"}


# ---- the task and the network's ranking


def test_a_change_is_a_place_and_what_stands_there():
    assert change("a\nb\nc\n", "a\nB\nc\n") == ("2: b", "B")
    assert change("a\nb\n", "a\nnew\nb\n") == ("2: b", "new\nb")
    assert change("a\nb\n", "a\nb\nc\n") == ("2: b", "b\nc")
    assert change("a\nb\nc\n", "a\nc\n") == ("2: b", NOTHING)
    assert change("a\nb\nc\nd\n", "a\nc\nb\nd\n") == ("2-3: b", "c\nb")
    assert change("x\nx\n", "x\n") == ("2: x", NOTHING)


def test_the_task_quotes_the_place_and_mends_it():
    task = get_task("debugging")
    seen = set()
    for i in range(12):
        problem = task.generate(5, i, i / 11)
        solution = task.expert(problem)
        assert task.grade(problem, solution.answer) == 1.0 and task.grade(problem, "pass") == 0.0
        assert task.check(problem.text, [], solution.steps[0].text) is True
        assert task.check(problem.text, [], "99: x") is False and task.check(problem.text, [], "no place") is None
        assert task.pattern.search(problem.text) and problem == task.generate(5, i, i / 11)
        seen.add(problem.data["slip"])
    assert len(seen) > 3
    with pytest.raises(UnknownTask, match="Level 'odd'"):
        task.generate(5, 0, "odd")


def test_training_functions_come_from_packages_that_are_not_held_out():
    train, judged = (set(modules(split)) for split in ("train", "held-out"))
    assert train and judged and not train & judged and "microreason" not in train | judged
    assert any("site-packages" in str(file) for of_one in modules("train").values() for _, file in of_one)


def test_the_network_ranks_by_the_probability_of_place_and_mending():
    torch = pytest.importorskip("torch")
    tokenizer = Tokenizer.load()
    model = Transformer(ModelConfig.size("nano", vocab_size=tokenizer.size), seed=3)
    with torch.no_grad():
        for p in model.parameters():
            p += torch.randn(p.shape, generator=torch.Generator().manual_seed(4)) * 0.02
    tensors = {k: v.numpy() for k, v in model.state_dict().items()}
    engine = NativeEngine(memory=(model.config, tensors, tokenizer), planes=2)
    network = NetworkRanking(engine, weight=1.0)
    changes = [("4: b", "c"), ("4: b", "d\ne"), ("2: a", NOTHING)]
    found = network.likelihood("what?", changes)
    for (place, text), likely in zip(changes, found, strict=True):
        prompt = tokenizer.encode_problem("what?")
        ids = [*prompt, *tokenizer.encode(place), tokenizer.newline, tokenizer.answer, *tokenizer.encode(text)]
        ids.append(tokenizer.end)
        with torch.no_grad():
            scores = model.logits(model(torch.tensor([ids])))[0].log_softmax(-1)
        wanted = sum(float(scores[i - 1, ids[i]]) for i in range(len(prompt), len(ids)))
        assert likely == pytest.approx(wanted, abs=0.05 * len(ids))
    source = Source(TOTAL)
    function = next(source.functions())
    offered = edits(source, function)
    evidence = Evidence({"a": False}, {"a": [4, 5]}, 0.0)
    prior, scores = released_prior(), network.scores(source, function, offered, evidence)
    by_prior = prior.scores(source, function, offered, evidence)
    chosen = sorted(range(len(offered)), key=lambda i: -by_prior[i])[:MOST]
    assert set(sorted(range(len(offered)), key=lambda i: -scores[i])[: len(chosen)]) == set(chosen)
    assert (
        NetworkRanking(engine, weight=0.0).scores(source, function, offered, evidence)[chosen[0]] == by_prior[chosen[0]]
    )
    assert ranking(None).name in ("prior", "network and prior")


# ---- the search


@isolated
def test_repairs_by_cases():
    found = repair(TOTAL, Judge(TESTS))
    assert found.text is not None and "range(limit):" in found.text
    assert found.tried <= 10 and found.function == "total" and found.isolation == "bubblewrap"
    assert found.as_json()["ranked_by"] == "prior" and found.as_json()["line"] == 4
    assert any("2 of 3 tests fail" in step for step in found.steps)


@isolated
@pytest.mark.timeout(600)
def test_endless_candidates_and_programs_end():
    text = "def count(n):\n    out = []\n    while n > 0:\n        out.append(n)\n        n += 1\n    return out\n"
    tests = {"kind": "cases", "module": "", "function": "count", "cases": [
        ("(2,)", "([2, 1], (2,))"), ("(0,)", "([], (0,))"), ("(3,)", "([3, 2, 1], (3,))"),
    ]}  # fmt: skip
    found = repair(text, Judge(tests), seconds=400)
    assert found.text is not None and "n -= 1" in found.text


@isolated
def test_tests_that_pass_or_are_flaky_or_elsewhere_are_refused():
    with pytest.raises(Unrepairable, match="pass already"):
        repair(TOTAL.replace("limit - 1", "limit"), Judge(TESTS))
    flaky = "import random\ndef f():\n    return random.random() < 2\nassert f() and __import__('time').time_ns() % 2"
    for _ in range(20):
        try:
            repair(flaky, Judge({"kind": "script", "arguments": ["candidate.py"]}), limit=1)
        except Unrepairable as error:
            if "flaky" in str(error):
                break
    else:
        raise AssertionError("never found flaky")
    with pytest.raises(Unrepairable, match="never run a function"):
        repair("def f():\n    return 1\nassert False\n", Judge({"kind": "script", "arguments": ["candidate.py"]}))
    with pytest.raises(Unrepairable, match="no function"):
        repair("assert False\n", Judge({"kind": "script", "arguments": ["candidate.py"]}))


@isolated
def test_no_repair_says_how_many_were_tried():
    tests = TESTS | {"cases": [("([1], 1)", "'never'")]}
    found = repair(TOTAL, Judge(tests), limit=20)
    assert found.text is None and found.tried == 20 and found.diff == ""
    assert found.steps[-1] == "None of 20 candidates (ranked by: prior) makes all tests pass."


@isolated
@pytest.mark.parametrize("evil", ["import os\nwhile True: os.fork()", "x = []\nwhile True: x.append(bytearray(10**7))",
                                  "open('/etc/evil', 'w')", "import socket; socket.create_connection(('1.1.1.1', 53))",
                                  "while True: print('x' * 10000)", "import os; os.kill(-1, 9)"])  # fmt: skip
def test_programs_that_harm_are_contained(evil):
    text = f"def f():\n    {evil.replace(chr(10), chr(10) + '    ')}\nf()\n"
    judged = Judge({"kind": "script", "arguments": ["candidate.py"]}, limits=sandbox.Limits(memory=512 << 20))
    try:
        found = repair(text, judged, limit=3, seconds=20)
        assert found.tried <= 3
    except BadInput as error:
        assert str(error).endswith(".")


# ---- the command


def test_commands_are_read():
    assert read_command("pytest -x a.py") == {"kind": "pytest", "arguments": ["-x", "a.py"]}
    assert read_command("python -m pytest a.py") == {"kind": "pytest", "arguments": ["a.py"]}
    assert read_command("python3 -m unittest a") == {"kind": "module", "arguments": ["unittest", "a"]}
    assert read_command("python t.py 1") == {"kind": "script", "arguments": ["t.py", "1"]}
    assert read_command("make test") == {"kind": "command", "arguments": ["make", "test"]}
    for bad in ("", "  ", "pytest 'a"):
        with pytest.raises(BadInput):
            read_command(bad)


def test_a_folder_too_big_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(judge, "MAX_PROJECT", 10)
    (tmp_path / "a").write_text("x" * 20)
    with pytest.raises(BadInput, match="more than 32 MB"):
        pack(tmp_path)


@pytest.fixture
def project(tmp_path, monkeypatch):
    (tmp_path / "lib.py").write_text(TOTAL)
    (tmp_path / "check.py").write_text(
        "from lib import total\nassert total([1, 2, 3], 3) == 6\nassert total([], 0) == 0\n"
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


@isolated
def test_debug_prints_steps_and_diff_and_changes_nothing(project):
    done = runner.invoke(app, ["debug", "lib.py", "--test", "python check.py"])
    assert done.exit_code == 0, done.output
    assert "+    for i in range(limit):" in done.output and "ranked by: prior" in done.output
    assert (project / "lib.py").read_text() == TOTAL and sorted(os.listdir()) == ["check.py", "lib.py"]


@isolated
def test_debug_apply_keeps_a_backup(project):
    (project / "lib.py").chmod(0o640)
    done = runner.invoke(app, ["debug", "lib.py", "--test", "python check.py", "--apply", "--json"])
    told = json.loads(done.output)
    assert told["repaired"] and told["ranked_by"] == "prior"
    assert "range(limit):" in (project / "lib.py").read_text()
    assert (project / "lib.py.orig").read_text() == TOTAL and told["backup"].endswith("lib.py.orig")
    assert (project / "lib.py").stat().st_mode & 0o777 == 0o640


@isolated
def test_apply_refuses_a_file_that_changed(project):
    found = debug(Path("lib.py"), "python check.py")
    (project / "lib.py").write_text("x = 1\n")
    with pytest.raises(BadInput, match="changed meanwhile"):
        apply(Path("lib.py"), found)
    assert (project / "lib.py").read_text() == "x = 1\n"


@isolated
def test_debug_with_pytest(project):
    (project / "test_lib.py").write_text("from lib import total\ndef test_it():\n    assert total([1, 2, 3], 3) == 6\n")
    found = debug(Path("lib.py"), "pytest test_lib.py", limit=20, seconds=200)
    assert found.text is not None and found.failing == ["test_lib.py::test_it"]


@isolated
@pytest.mark.parametrize(
    ("file", "text", "test", "said"),
    [
        ("lib.py", None, "true", "pass already"),
        ("lib.py", "def f(:\n", "python check.py", "not Python that can be parsed (line 1)"),
        ("lib.py", "x = 1\n" * 100_000, "python check.py", "longer than 20,000 lines"),
        ("lib.py", "def f():\n    return 1\n", "python nothing.py", "never run a function"),
        ("nothing.py", None, "python check.py", "cannot be read"),
        ("../lib.py", None, "python check.py", "cannot be read"),
        ("lib.py", None, "", "empty"),
    ],
)
def test_debug_refuses_in_a_sentence(project, file, text, test, said):
    if text is not None:
        (project / "lib.py").write_text(text)
    before = (project / "lib.py").read_text()
    done = runner.invoke(app, ["debug", file, "--test", test, "--apply"])
    assert done.exit_code == 2 and said in done.output and "Traceback" not in done.output
    assert (project / "lib.py").read_text() == before and not list(project.glob("*.orig*"))


def test_debug_refuses_without_isolation(project, monkeypatch):
    monkeypatch.setattr(sandbox, "isolation", lambda: sandbox.Isolation("none", "bwrap is missing"))
    done = runner.invoke(app, ["debug", "lib.py", "--test", "python check.py"])
    assert done.exit_code == 2 and "bwrap is missing" in done.output
