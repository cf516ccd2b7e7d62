"""Proofs: the search, scorers, verification, the split, the task, the benchmark and the commands.

The fast tests use a small database of our own; those on set.mm are marked slow, and what needs the `metamath` program
is skipped where it is not installed. Does not cover reading databases (test_metamath.py).
"""

import json
import stat
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from microreason.cli import app
from microreason.data.documents import Mixture, draw, held_out
from microreason.errors import BadInput
from microreason.evaluation.proofs import evaluate, sample, summarise
from microreason.proofs import split
from microreason.proofs.database import parse_database, read_database
from microreason.proofs.proposals import Proposer
from microreason.proofs.prove import DEBIAN, attempt, make_scorer, prove
from microreason.proofs.scorers import FrequencyOrder, LengthOrder, RandomOrder
from microreason.proofs.search import Budget, search
from microreason.proofs.steps import Library, expert_proof, outline
from microreason.proofs.task import ProofTask, read_problem, write_problem
from microreason.proofs.verify import MISSING, available, claim, labels, verify
from microreason.tasks import get_task
from microreason.verification.steps import check_step

DEMO = Path(__file__).parent / "data" / "demo.mm"
TEXT = DEMO.read_text("ascii")
HELD_OUT = ["kept", "absurd", "swap"]
needs_metamath = pytest.mark.skipif(not available(), reason="the metamath program is not installed")

BOUND = (Path(__file__).parent / "data" / "bound.mm").read_text("ascii")


def proofs(library):
    return [(library.rules[label].position, proof) for label, proof in split.training_proofs(library).items()]


# --- search


class Nothing:
    """Every step costs the same."""

    name = "nothing"

    def rank(self, theorem, goal, rules):
        return [0.0] * len(rules)

    def costs(self, theorem, goal, moves):
        return [1.0] * len(moves)


def provable(proposer, goal, depth):
    """Naive reference: all steps to a depth."""
    if goal in proposer.theorem.hypotheses:
        return True
    return depth > 0 and any(
        all(provable(proposer, subgoal, depth - 1) for subgoal in move.subgoals)
        for move in proposer.propose(goal, lambda goal, rules: [0.0] * len(rules), 1000)
    )


@pytest.mark.parametrize("label", ["kept", "under", "chain", "twice", "first", "chain3", "ahead", "swap"])
def test_search_finds_what_trying_everything_finds(demo, label):
    theorem = demo.theorem(label)
    naive = provable(Proposer(demo, theorem), theorem.goal, 2)
    found = search(demo, theorem, Nothing(), Budget(500, 60, 1000))
    assert naive and found.ending == "proven"


@pytest.mark.parametrize("label", ["under", "same", "turned", "pair", "joint", "absurd"])
def test_a_proof_uses_what_stands_before_and_goes_in_no_circle(demo, label):
    theorem = demo.theorem(label)
    found = search(demo, theorem, FrequencyOrder(proofs(demo)), Budget(2000, 60))
    assert found.proof is not None
    done = set(theorem.hypotheses)
    for goal, move in found.proof.items():
        assert demo.rules[move.label].position < theorem.position
        assert set(move.subgoals) <= done
        assert demo.read_line(theorem, goal, demo.line(None, move)) == move
        done.add(goal)
    assert theorem.goal in done


def test_the_budget_is_kept(demo):
    theorem = demo.theorem("absurd")
    found = search(demo, theorem, RandomOrder(), Budget(nodes=3, seconds=60))
    assert (found.ending, found.nodes, found.proof) == ("nodes", 3, None)
    assert search(demo, theorem, RandomOrder(), Budget(seconds=0)).ending == "time"


def test_a_theorem_that_nothing_concludes_exhausts_the_search():
    library = Library(parse_database(BOUND.replace("first $a |- ph $.", "")))
    assert search(library, library.theorem("two"), LengthOrder(), Budget()).ending == "exhausted"


def test_random_order_is_the_same_each_time(demo):
    runs = [search(demo, demo.theorem("joint"), RandomOrder(3), Budget(300, 60)) for _ in range(2)]
    assert runs[0].nodes == runs[1].nodes and runs[0].ending == runs[1].ending


def test_frequency_sees_no_proof_from_the_theorem_on(demo):
    theorem = demo.theorem("chain3")
    everything = FrequencyOrder(proofs(demo))
    before = FrequencyOrder([(position, proof) for position, proof in proofs(demo) if position < theorem.position])
    rules = [rule for rule, _ in demo.applicable(theorem.goal, theorem.position)]
    assert rules and everything.rank(theorem, theorem.goal, rules) == before.rank(theorem, theorem.goal, rules)


@pytest.fixture(scope="module")
def small_engine():
    """A network of random weights."""
    torch = pytest.importorskip("torch")
    from microreason.inference.native import NativeEngine
    from microreason.inference.network import find_library
    from microreason.model.config import ModelConfig
    from microreason.model.transformer import Transformer
    from microreason.tokenizer import Tokenizer

    if find_library() is None:
        pytest.skip("no C compiler was there at installation")
    tokenizer = Tokenizer.load()
    model = Transformer(ModelConfig.size("nano", vocab_size=tokenizer.size, routing="off")).eval()
    with torch.no_grad():
        for p in model.parameters():
            p.add_(0.05 * torch.randn(p.shape, generator=torch.Generator().manual_seed(p.numel())))
    tensors = {name: tensor.numpy() for name, tensor in model.state_dict().items()}
    return NativeEngine(memory=(model.config, tensors, tokenizer), threads=1)


def test_likelihoods_together_equal_those_of_single_tokens(small_engine):
    from microreason.inference.likelihood import log_likelihoods

    tokenizer, network = small_engine.tokenizer, small_engine.network
    prompt = tokenizer.encode_problem("Metamath goal ⊢(ph→ch)")
    lines = ["<-chain ps=(ph∧ps)", "<-chain ps=(ph∧ch)", "<-kept", "<-chain", "<-under ps=" + "(ph→ps)" * 40, "<-kept"]
    ids = [[*tokenizer.encode(line), tokenizer.newline] for line in lines]
    ids += [ids[0][:-1], []]
    assert max(map(len, ids)) > network.limit
    for tokens, likely in zip(ids, log_likelihoods(small_engine, prompt, ids), strict=True):
        cache, expected = network.cache(len(prompt) + len(tokens)), 0.0
        for last, token in zip([*prompt, *tokens][:-1], [*prompt, *tokens][1:], strict=True):
            scores = network.forward([(cache, [last], 1)])[0].astype(float)
            network.commit([[last]])
            if len(cache.ids) >= len(prompt):
                expected += scores[token] - np.log(np.exp(scores).sum())
        assert likely == pytest.approx(expected, abs=1e-3)
    assert log_likelihoods(small_engine, prompt, [[5] * network.config.max_context]) is None
    assert log_likelihoods(small_engine, prompt, []) == []


def test_the_network_puts_steps_into_an_order(demo, small_engine):
    theorem = demo.theorem("swap")
    scorer = make_scorer("network", demo, small_engine)
    moves = Proposer(demo, theorem).propose(theorem.goal, lambda goal, rules: scorer.rank(theorem, goal, rules), 8)
    costs = scorer.costs(theorem, theorem.goal, moves)
    assert len(costs) == len(moves) > 1 and min(costs) > 0 and len(set(costs)) > 1
    assert search(demo, theorem, scorer, Budget(4, 60, 8)).nodes <= 4


# --- verification


@needs_metamath
@pytest.mark.parametrize("label", ["chain", "absurd", "swap"])
def test_metamath_accepts_proofs_and_refuses_others(demo, label):
    good = labels(demo, demo.theorem(label), expert_proof(demo, label))
    assert verify(demo.database, label, good)
    for bad in (good[:-1], ["?"], ["nosuch"], [*good[:-1], label], good[1:], ["swap"]):
        assert not verify(demo.database, label, bad)


def test_a_claim_ends_with_the_theorem(demo):
    text = claim(demo.database, "chain", ["nosuch"])
    assert "chain $p |- ( ph -> ch ) $=\nnosuch $.\n$} \n" in text and "chain3" not in text and "$(" not in text


def fake_program(folder, script):
    path = folder / "metamath"
    path.write_text(f"#!{sys.executable}\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("print('MM> verify proof swap\\nswap \\nMM> exit')", True),
        ("print('MM> verify proof swap\\nswap \\n?Error in it\\nMM> exit')", False),
        ("print('MM> verify proof swap\\nswap \\nWarning: not proved: swap\\nMM> exit')", False),
        ("print('?Error\\nMM> verify proof swap\\nswap \\nMM> exit')", False),
        ("print('MM> verify proof swap\\n\\nMM> exit')", False),
        ("raise SystemExit(1)", False),
        ("import time; time.sleep(60)", False),
    ],
)
def test_only_an_answer_without_complaint_counts(demo, script, expected, tmp_path, monkeypatch):
    fake_program(tmp_path, script)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("microreason.proofs.verify.SECONDS", 20 if "sleep" not in script else 1)
    assert verify(demo.database, "swap", ["w.ph"]) is expected


def test_without_the_program_a_claim_is_not_counted(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    result = prove(DEMO, "swap")
    assert result["proof"] and result["verified"] is None and result["note"] == MISSING
    with pytest.raises(BadInput, match="apt install metamath"):
        evaluate(DEMO)


# --- split, task, benchmark, commands


def test_the_split_is_fixed_and_keeps_variants_together(demo):
    assert [label for label in split.theorems(demo) if split.held_out(label)] == HELD_OUT == split.evaluated(demo)
    assert set(split.training_proofs(demo)) == set(split.theorems(demo)) - set(HELD_OUT)
    assert all(split.held_out(name) == split.held_out("foo") for name in ("fooALT", "fooOLD", "fooALT2", "fooALTOLD"))
    assert 0.1 < sum(split.held_out(f"th{i}") for i in range(4000)) / 4000 < 0.15


def test_the_propositional_part_ends_before_predicate_calculus(tmp_path):
    (tmp_path / "x.mm").write_text(TEXT + "ax-gen $a |- ph $. later $a |- ph $.")
    assert "later" not in split.read_library(tmp_path / "x.mm").rules
    assert "later" in split.read_library(tmp_path / "x.mm", "all").rules
    with pytest.raises(BadInput, match="part"):
        split.read_library(DEMO, "some")


def test_the_task_passes_its_self_tests(demo):
    task = get_task(str(DEMO))
    assert isinstance(task, ProofTask) and not held_out(str(DEMO))
    kept_out = {write_problem(demo, t.goal, t.hypotheses) for t in map(demo.theorem, HELD_OUT)}
    for i in range(60):
        problem, solution = draw(Mixture({str(DEMO): 1.0}), i)
        assert problem.text not in kept_out
        assert task.grade(problem, problem.answer) == 1.0 and task.grade(problem, solution.answer) == 1.0
        assert task.grade(problem, None) == task.grade(problem, "no such answer") == 0.0
        assert check_step(problem, [], solution.steps[0].text, task) == "sound"
        assert check_step(problem, [], "<-nosuch", task) == "unsound"
        assert check_step(problem, [], "so it is", task) == "unknown"


def test_whole_proofs_are_checked_line_by_line(demo):
    task = get_task(str(DEMO))
    theorem = demo.theorem("swap")
    lines = [demo.line(goal, move) for goal, move in outline(theorem, expert_proof(demo, "swap"))]
    text = write_problem(demo, theorem.goal, theorem.hypotheses)
    assert read_problem(demo, text).goal == theorem.goal
    assert [task.check(text, lines[:i], line) for i, line in enumerate(lines)] == [True] * 3
    assert task.check(text, [], lines[1]) is False  # not a goal yet


def test_the_benchmark_has_a_row_for_each_order(tmp_path, monkeypatch):
    if not available():
        fake_program(tmp_path, "import sys; l = sys.argv[2]; print(f'MM> {l}\\n{l.split()[-1]} \\nMM> exit')")
        monkeypatch.setenv("PATH", str(tmp_path))
    result = evaluate(DEMO, ["random", "frequency"], budget=Budget(64, 60))
    assert list(result["rows"]) == ["random", "frequency"] and result["complete"] and result["size"] == 3
    row = result["rows"]["frequency"]
    assert row["proven"] == 3 and row["n"] == 3 and row["nodes"] <= result["rows"]["random"]["nodes"]
    assert len(row["minus_random"]) == 2 and {q["theorem"] for q in result["questions"]} == set(HELD_OUT)
    assert json.dumps(result) and result["commit"] is not False and result["hardware"]
    assert evaluate(DEMO, ["length"], size=1, budget=Budget(1))["size"] == 1


def test_rows_count_theorems_that_every_order_has_tried(demo):
    question = {"score": 1.0, "claimed": True, "nodes": 2, "seconds": 1.0, "steps": 1}
    both = [question | {"order": order, "theorem": label} for order, label in [("a", "x"), ("b", "x"), ("a", "y")]]
    rows = summarise(both)
    assert rows["a"]["n"] == rows["b"]["n"] == 1 and summarise([]) == {}
    assert sorted(sample(demo, None)) == sorted(HELD_OUT) and sample(demo, 2) == sample(demo, None)[:2]


def test_ctrl_c_keeps_what_is_finished(monkeypatch):
    calls = []

    def interrupted(*arguments):
        calls.append(1)
        if len(calls) > 2:
            raise KeyboardInterrupt
        return attempt(*arguments)

    monkeypatch.setattr("microreason.evaluation.proofs.attempt", interrupted)
    monkeypatch.setattr("microreason.evaluation.proofs.available", lambda: True)
    result = evaluate(DEMO, ["random"], budget=Budget(2))
    assert not result["complete"] and len(result["questions"]) == 2


def run(*arguments):
    return CliRunner().invoke(app, list(arguments))


def test_prove_on_the_command_line():
    result = run("prove", "swap", "--path", str(DEMO))
    assert "⊢((ph∧ps)→(ps∧ph))<-joint" in result.output
    if available():
        assert result.exit_code == 0 and "verified by metamath" in result.output
        told = json.loads(run("prove", "swap", "--path", str(DEMO), "--json").output)
        assert told["verified"] and told["held_out"] and told["proof"][-1] == "joint"
    assert run("prove", "absurd", "--path", str(DEMO), "--nodes", "1").exit_code == 3


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["prove", "swop", "--path", str(DEMO)], "Did you mean swap?"),
        (["prove", "keep", "--path", str(DEMO)], "no theorem"),
        (["prove", "w.imp", "--path", str(DEMO)], "no theorem"),
        (["prove", "swap", "--path", "nosuch.mm"], "cannot be read"),
        (["prove", "swap", "--path", __file__], "damaged at line"),
        (["eval", "setmm", "--path", str(DEMO), "--orders", "wise"], "no order 'wise'"),
        (["eval", "setmm", "--path", str(DEMO), "--orders", "network"], "--weights"),
        (["eval", "setmm", "--path", str(DEMO), "--part", "half"], "no part"),
    ],
)
def test_bad_input_is_one_sentence(arguments, sentence, monkeypatch):
    monkeypatch.setattr("microreason.evaluation.proofs.available", lambda: True)
    result = run(*arguments)
    assert result.exit_code == 2, result.output
    *before, last = result.output.splitlines()
    assert sentence in last and all(line.startswith("proofs") for line in before)  # the empty bar


# --- set.mm itself

needs_setmm = pytest.mark.skipif(not DEBIAN.exists(), reason="set.mm is not installed")


@pytest.mark.slow
@pytest.mark.timeout(1800)
@needs_setmm
def test_setmm_is_read_whole():
    database = read_database(DEBIAN)
    assert sum(a.proof is not None for a in database.assertions.values()) == 37_759
    assert len(database.assertions) == 37_759 + 2_667


@pytest.mark.slow
@pytest.mark.timeout(1800)
@needs_setmm
def test_every_propositional_proof_of_setmm_is_understood():
    library = split.read_library(DEBIAN)
    for label in split.theorems(library):
        theorem = library.theorem(label)
        for goal, move in outline(theorem, expert_proof(library, label)):
            assert library.read_line(theorem, goal, library.line(None, move)) == move
    if available():
        for label in sample(library, 20):
            proof = labels(library, library.theorem(label), expert_proof(library, label))
            assert verify(library.database, label, proof), label
    assert make_scorer("frequency", library).name == "frequency"
