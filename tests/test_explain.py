"""microreason explain: states equal the routed cache, attention equals torch's, the page is well-formed."""

import json
import xml.etree.ElementTree as ET

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from microreason.cli import app
from microreason.explain.page import page
from microreason.explain.reading import DROPPED, _Reader, explain, explain_ids
from microreason.inference import load
from microreason.model import transformer
from microreason.model.cache import RoutedCache
from microreason.model.config import ModelConfig
from microreason.model.transformer import Transformer
from microreason.solution import Solution
from microreason.tokenizer import DEFAULT, Tokenizer
from microreason.weights_file import write_weights
from tests.test_model import gates, noisy

HOSTILE = (
    "Is </script><script>alert(\"1 & 2\")</script> <b onclick='x'>more\u2028 than ]]> &amp; <|solution|> 😀?\n12 or 7?"
)


def folder_of(path, scale, **changes):
    tokenizer = Tokenizer.load()
    settings = {"routing": "hard", "window": 8, "sinks": 2, "pin_after": (tokenizer.newline,)} | changes
    config = ModelConfig.size("nano", vocab_size=tokenizer.size, **settings)
    model = noisy(config) if scale is None else gates(noisy(config), scale)
    write_weights(path, config, {k: v.numpy() for k, v in model.state_dict().items()}, {"tasks": ["gcd"]})
    (path / "tokenizer.json").write_bytes(DEFAULT.read_bytes())
    return path


@pytest.fixture(scope="module")
def routed(tmp_path_factory):
    return folder_of(tmp_path_factory.mktemp("routed"), 0.3)


@pytest.fixture(scope="module")
def dense(tmp_path_factory):
    return folder_of(tmp_path_factory.mktemp("dense"), None)


def written(weights, text=HOSTILE):
    """The explanation of a solution of three steps, and all its ids."""
    reader = _Reader(weights)
    prompt = reader.tokenizer.encode_problem(text)
    solution = reader.tokenizer.encode_solution(Solution.of(["7+5=12", "1+1=3", "<i>&so</i>"], "</script>"))
    return explain_ids(reader, text, solution, "plain"), [*prompt, *solution]


def test_counts_equal_the_routed_cache(routed):
    found, ids = written(routed)
    model = Transformer.load(routed).eval()
    cache = RoutedCache(model.config, 1, torch.float32, torch.device("cpu"))
    with torch.no_grad():
        model(torch.tensor([ids]), cache=cache)
    np.testing.assert_array_equal(found.kept(), cache.kept[:, :, 0].numpy())
    np.testing.assert_array_equal(found.held(), cache.entries_stored()[:, :, 0].numpy())
    assert 0 < (found.states == DROPPED).mean() < 1


def test_read_share_is_what_queries_see(routed):
    found, ids = written(routed)
    age = np.arange(len(ids))[:, None] - np.arange(len(ids))
    stays = np.isin(found.states, (0, 1))
    seen = (age >= 0) & ((age < found.window) | stays[:, :, None, :])
    np.testing.assert_allclose(found.read_share(), seen.sum((2, 3)) / (age >= 0).sum())


def test_reads_equal_the_attention_of_torch(routed, monkeypatch):
    found, ids = written(routed)
    caught = []

    def attention(q, k, v, mask, far=None, z=None, soft=False):
        groups = q.shape[1] // k.shape[1]
        hidden = (~mask | (far[:, None] & (z <= 0)[:, :, None, :])).repeat_interleave(groups, 1)
        scores = q @ k.repeat_interleave(groups, 1).transpose(-1, -2) / q.shape[-1] ** 0.5
        p = scores.masked_fill(hidden, -torch.inf).softmax(-1)
        caught.append(p[0].mean(0))
        return p @ v.repeat_interleave(groups, 1)

    monkeypatch.setattr(transformer, "attend", attention)
    model = Transformer.load(routed).eval()
    with torch.no_grad():
        model(torch.tensor([ids]))
    weights = torch.stack(caught).mean(0).numpy()
    for part, reads in zip(found.parts, found.reads, strict=True):
        np.testing.assert_allclose(reads, weights[part.start - 1 : part.stop - 1].mean(0), atol=1e-4)
        assert reads.sum() == pytest.approx(1) and (reads >= 0).all()


def test_parts_are_the_steps_and_the_answer(routed):
    found, _ = written(routed)
    assert [part.label for part in found.parts] == ["7+5=12", "1+1=3", "<i>&so</i>", "answer: </script>"]
    assert [part.verdict for part in found.parts] == ["sound", "unsound", "unknown", ""]
    for part in found.parts[:3]:
        assert "".join(found.tokens[part.start : part.stop]) == part.label + "\n"
    json.dumps(found.as_json())


@pytest.mark.parametrize("kind", ["routed", "dense"])
def test_page_is_well_formed_and_harmless(kind, request):
    found, ids = written(request.getfixturevalue(kind))
    text = page(found)
    tree = ET.fromstring(text)
    assert len(tree.findall(".//script")) == 2 and not tree.findall(".//b") and not tree.findall(".//i")
    assert not any(word in text for word in ("http:", "https:", "src=", "@import", "url("))
    shown = tree.findall(".//*[@id='reading']/span")
    problem = "".join(span.text for span in shown[1 : found.prompt - 1])
    start, end = HOSTILE.split("\u2028 than ")[0], "↵\n12 or 7?"
    assert problem.startswith(start) and problem.endswith(end) and "]]> &amp; <|solution|>" in problem
    assert len(shown) == len(ids)
    data = json.loads(tree.find(".//script[@id='data']").text)
    assert len(data["parts"]) == 4 and len(data["states"]) == found.states[..., 0].size
    assert [row.count(str(DROPPED)) for row in data["states"]] == (found.states == DROPPED).sum(-1).ravel().tolist()


def test_it_says_plainly_whether_it_routes(routed, dense, tmp_path):
    assert "were dropped" in written(routed)[0].sentence()
    assert "attention is dense and nothing is dropped" in written(dense)[0].sentence()
    off, _ = written(folder_of(tmp_path, 0.3, routing="off"))
    assert "without hard routing" in off.sentence() and not off.states.any() and (off.read_share() == 1).all()
    short = folder_of(tmp_path / "wide", 0.3, window=4000)
    assert "nothing was dropped" in written(short)[0].sentence()


def test_what_is_explained_is_what_was_written(routed):
    text = "Find the Greatest Common Divisor (GCD) of these numbers: 12, 18."
    found = explain(text, routed, "plain", 12)
    lines = [step.text for step in load(routed).generate([text], max_tokens=12)[0].solution.steps]
    assert [step.text for step in found.solution.steps] == lines
    assert len(found.tokens) <= found.prompt + 12


def run(*arguments):
    return CliRunner().invoke(app, ["explain", *map(str, arguments)])


def test_command_writes_page_picture_and_json(routed, tmp_path):
    html, png = tmp_path / "a.html", tmp_path / "a.png"
    files = ["--weights", routed, "--html", html, "--png", png]
    done = run("What <b>is</b> $1$?", "--any", "--max-tokens", 10, "--json", *files)
    assert done.exit_code == 3, done.output  # weights of noise give no answer
    assert ET.fromstring(html.read_text("utf-8")) is not None and png.read_bytes().startswith(b"\x89PNG")
    assert json.loads(done.stdout.splitlines()[0])["problem"] == "What <b>is</b> $1$?"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([""], "empty"),
        (["What is love?"], "has not learnt"),
        (["@nowhere.txt"], "cannot be read"),
        (["1+1", "--any", "--mode", "magic"], "There is no mode"),
        (["1+1", "--any", "--html", "/proc/nowhere/a.html"], "cannot be written"),
        (["1+1", "--any", "--weights", "/nowhere"], "no weights"),
        (["9" * 9000, "--any"], "8192"),
    ],
)
def test_bad_input_gives_one_sentence(routed, arguments, sentence):
    known = [] if "--weights" in arguments else ["--weights", routed]
    done = run(*arguments, *known)
    assert done.exit_code == 2 and sentence in done.output and len(done.output.strip().splitlines()) == 1
