"""Self-evolution: the reward's worked examples, group advantages, and a run on a tiny model that learns and resumes."""

import numpy as np
import pytest
import torch

from microreason.data.documents import Document
from microreason.data.packing import pack
from microreason.errors import BadRecipe, BadWeights, UnknownTask
from microreason.inference.drafts import Generation
from microreason.inference.native import NativeEngine
from microreason.model.config import ModelConfig
from microreason.model.transformer import Transformer
from microreason.solution import Solution
from microreason.tasks import get_task
from microreason.tokenizer import DEFAULT, Tokenizer
from microreason.training import evolve as evolve_module
from microreason.training.contrast import StepHead
from microreason.training.evolve import Evolver, credit, load_evolve, merge
from microreason.training.rewards import Reward, advantages, reward
from microreason.training.rollouts import draw_share, engine
from microreason.weights_file import read_weights, write_weights

REFERENCE = Solution.of(["1+2=3", "3+4=7"], 7)


@pytest.mark.parametrize(
    ("solution", "score", "parts", "total"),
    [
        (REFERENCE, 1.0, (1, 1, 1), 1.0),
        (Solution.of(["1+2=3"], 7), 1.0, (1, 0.5, 2 / 3), 0.6 + 0.15 + 0.1 * 2 / 3),
        (Solution.of([], 7), 1.0, (1, 1 / 3, 0), 0.7),
        (Solution.of(["1+2=4", "4+4=8"], 8), 0.0, (0, 1, 0), 0.3),
        (Solution.of(["1+2=3", "3+4=7"], 7).model_copy(update={"complete": False}), 1.0, (0, 1, 1), 0.4),
        (REFERENCE, 0.5, (0, 1, 1), 0.4),
    ],
)
def test_worked_examples_of_the_reward(solution, score, parts, total):
    found = reward(solution, score, REFERENCE)
    assert found.parts == pytest.approx(parts) and found.total == pytest.approx(total)


def test_each_part_is_normalised_within_its_group():
    group = [Reward(1, 0.1, 0), Reward(0, 0.2, 0), Reward(1, 0.1, 0), Reward(0, 0.2, 0)]
    assert advantages(group) == pytest.approx([0.3, -0.3, 0.3, -0.3])
    assert not advantages([Reward(1, 0.5, 1)] * 4).any()
    with pytest.raises(ValueError, match="not a number"):
        advantages([Reward(float("nan"), 0, 0), Reward(1, 1, 1)])


@pytest.fixture
def start(tmp_path):
    config = ModelConfig.size("nano", vocab_size=Tokenizer.load().size, routing="hard")
    model = Transformer(config, seed=1)
    write_weights(tmp_path / "start", config, {k: v.numpy() for k, v in model.state_dict().items()}, {})
    (tmp_path / "start" / "tokenizer.json").write_text(DEFAULT.with_name("tokenizer.json").read_text())
    return tmp_path / "start"


def recipe(tmp_path, start, extra=""):
    path = tmp_path / "e.yaml"
    sizes = "steps: 4\nproblems: 2\ngroup: 4\nmax_tokens: 12"
    path.write_text(f"name: e\nstart: {start}\ntasks: [gcd]\n{sizes}\noutput: {tmp_path}\n{extra}")
    return load_evolve(path)


def test_steps_resume_and_leave_out_groups_without_spread(tmp_path, start):
    whole = Evolver(recipe(tmp_path, start))
    first = [whole.train_step() for _ in range(2)]
    whole.save()
    then = whole.train_step()
    again = Evolver(recipe(tmp_path, start))
    assert again.resume() and again.step == 2
    repeated = again.train_step()
    assert {k: repeated[k] for k in ("reward", "divergence", "counts")} == {
        k: then[k] for k in ("reward", "divergence", "counts")
    }
    assert first[0]["used"] <= 1 and then["difficulty"]["gcd"] < 0.3
    for name, p in whole.model.state_dict().items():
        assert torch.equal(p, again.model.state_dict()[name])


def row(*documents):
    return pack([list(documents)], sum(len(document.ids) for document in documents))


def test_what_is_better_than_its_group_becomes_likelier(tmp_path, start):
    evolver = Evolver(recipe(tmp_path, start, "lr: 0.01"))
    tokenizer, problem = evolver.tokenizer, get_task("gcd").generate(5, 0, 0.0)
    prompt = tokenizer.encode_problem(problem.text)
    good, bad = ([*prompt, *tokenizer.encode(text)] for text in ("6%4=2", "7%5=1"))

    def likelihood(ids):
        with torch.no_grad():
            return float(evolver._log_probabilities(evolver.model, row(Document(ids, len(prompt), "gcd"))).sum())

    before = likelihood(good) - likelihood(bad)
    for _ in range(5):
        evolver._update(
            [
                (Document(ids, len(prompt), "gcd"), np.full(len(ids) - len(prompt), sign, np.float32))
                for ids, sign in ((good, 1), (bad, -1))
            ]
        )
    assert likelihood(good) - likelihood(bad) > before + 1


def test_samples_packed_into_a_row_have_the_probabilities_they_have_alone(tmp_path, start):
    evolver = Evolver(recipe(tmp_path, start))
    samples = [Document([5, 6, 7, 8, 9], 2, "gcd"), Document([9, 8, 7], 1, "gcd")]
    with torch.no_grad():
        alone = [evolver._log_probabilities(evolver.model, row(sample)) for sample in samples]
        together = evolver._log_probabilities(evolver.model, row(*samples))
        logits = evolver.model.logits(evolver.model(torch.tensor([samples[0].ids])))[0, 1:-1].log_softmax(-1)
    assert torch.allclose(torch.cat(alone), together, atol=1e-5)
    assert torch.allclose(together[:3], logits[range(3), samples[0].ids[2:]], atol=1e-4)


def test_credit_falls_where_solutions_part_and_ends_at_a_step_that_a_checker_refuses():
    tokenizer, problem = Tokenizer.load(), get_task("gcd").generate(5, 0, 0.0)
    right = get_task("gcd").expert(problem)
    wrong = right.model_copy(update={"steps": (*right.steps, *Solution.of(["6%4=3", "4%2=0"], 1).steps)})
    other = right.model_copy(update={"answer": "97"})
    group = [Generation(s, 0, tuple(tokenizer.encode_solution(s))) for s in (right, right, wrong, other)]
    up, same, down, answer = credit(problem, group, np.array([1.0, 1.0, -2.0, 0.0]), tokenizer.newline)
    common = next(i for i, (x, y) in enumerate(zip(group[0].ids, group[2].ids, strict=False)) if x != y)
    assert np.array_equal(up, same) and not up[:common].any() and not down[:common].any() and not answer[:common].any()
    assert up[common] == pytest.approx(2 / 3) and down[common] == -2 and not down[common + 1 :].any()
    differs = next(i for i, (x, y) in enumerate(zip(group[0].ids, group[3].ids, strict=False)) if x != y)
    assert up.sum() == pytest.approx(1) and answer.sum() == pytest.approx(0)
    assert answer[differs] == pytest.approx(-2 / 3) and up[differs] == pytest.approx(1 / 3)
    praised = credit(problem, group, np.array([-1.0, -1.0, 2.0, 0.0]), tokenizer.newline)[2]
    assert not praised.any()


def test_equal_solutions_are_learnt_once_and_to_their_last_advantage():
    document, gains = Document([1, 2, 3, 4, 5], 2, "gcd"), np.array([0, 0.5, 0], np.float32)
    found = merge([(document, gains), (document, gains), (document, np.zeros(3, np.float32))])
    assert [(d.ids, d.prompt, g.tolist()) for d, g in found] == [([1, 2, 3, 4], 2, [0, 1])]


def test_the_compiled_engine_draws_from_a_network_in_memory(start):
    model, tokenizer = Transformer.load(start), Tokenizer.load(start / "tokenizer.json")
    drawn_by = engine(model, tokenizer)
    told = {"max_tokens": 8, "temperature": 1.0, "seed": 3}
    assert [g.ids for g in drawn_by.generate(["2+2"] * 4, **told)] == [
        g.ids for g in NativeEngine(start).generate(["2+2"] * 4, **told)
    ]


def test_a_grader_that_raises_is_counted(tmp_path, start, monkeypatch):
    evolver = Evolver(recipe(tmp_path, start))
    monkeypatch.setattr(type(get_task("gcd")), "grade", lambda self, problem, answer: 1 / 0)
    assert evolver.train_step()["correctness"] == 0
    assert evolver.counts["gcd: grader raises ZeroDivisionError"] == 8


def test_a_reward_that_is_no_number_leaves_its_group_out_and_the_run_goes_on(tmp_path, start, monkeypatch):
    evolver = Evolver(recipe(tmp_path, start))
    monkeypatch.setattr(type(get_task("gcd")), "grade", lambda self, problem, answer: float("nan"))
    assert evolver.train_step()["correctness"] == 0 and evolver.counts["gcd: grader gives nan"] == 8
    monkeypatch.setattr(evolve_module, "reward", lambda *a: Reward(float("nan"), 0.0, 0.0))
    assert evolver.train_step()["used"] == 0 and evolver.counts["rewards that are no number"] == 2
    assert all(torch.isfinite(p).all() for p in evolver.model.parameters())


def test_chains_are_compared_by_the_step_head_where_the_recipe_says_so(tmp_path, start):
    with pytest.raises(BadWeights, match="with a step head"):
        Evolver(recipe(tmp_path, start, "similarity: embedding"))
    config, tensors = read_weights(start)
    write_weights(start, config, tensors | StepHead(config.dim).arrays(), {})
    evolver = Evolver(recipe(tmp_path, start, "similarity: embedding"))
    problem = get_task("gcd").generate(5, 0, 0.3)
    same, none = get_task("gcd").expert(problem), Solution.of([], 7)
    found = evolver.rewards(problem, [Generation(s, 1, (1,)) for s in (same, none)])
    assert [r.logical_soundness for r in found] == pytest.approx([1, 0], abs=1e-5)
    assert np.isfinite(evolver.train_step()["logical_soundness"])


@pytest.fixture(scope="module")
def ray():
    module = pytest.importorskip("ray")
    module.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    yield module
    module.shutdown()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_two_ray_workers_draw_what_one_process_draws(tmp_path, start, ray):
    evolver = Evolver(recipe(tmp_path, start, "workers: 2"))
    texts = [p.text for p in evolver.problems()] * 2 + ["Calculate 1 + 1."]
    tensors = {k: v.numpy() for k, v in evolver.model.state_dict().items()}
    told = (evolver.model.config.model_dump(), tensors, evolver.tokenizer.to_json())
    expected = [draw_share(*told, texts[w::2], 12, 1.0, 7 + w * 1_000_003) for w in range(2)]
    drawn = evolver.remote.draw(evolver.model, texts, 12, 1.0, 7)
    assert drawn[0::2] == expected[0] and drawn[1::2] == expected[1]
    assert evolver.train_step()["tokens"] > 0


def test_trial_is_greedy_and_the_same_each_time(tmp_path, start):
    evolver = Evolver(recipe(tmp_path, start))
    assert evolver.trial(2) == evolver.trial(2)
    parts = {"correctness", "step_efficiency", "logical_soundness", "sound_steps", "steps", "tokens"}
    assert set(evolver.trial(2)["gcd"]) == parts
    assert np.isfinite(list(evolver.trial(2)["gcd"].values())).all()


@pytest.mark.parametrize("text", ["name: x", "name: x\ntasks: [gcd]\nspeed: 3", "[", "name: ../x\ntasks: [gcd]"])
def test_bad_recipes(tmp_path, text):
    (tmp_path / "b.yaml").write_text(text)
    with pytest.raises(BadRecipe):
        load_evolve(tmp_path / "b.yaml")
    (tmp_path / "b.yaml").write_text("name: x\ntasks: [gdc]")
    with pytest.raises(UnknownTask):
        load_evolve(tmp_path / "b.yaml")
