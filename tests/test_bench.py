"""`microreason bench` measures what it says, on random weights; energy counters of simulated machines; bad options."""

import json

import pytest
from typer.testing import CliRunner

from microreason.cli import app
from microreason.inference.bench import bench, joules, quantiles
from microreason.inference.network import VARIABLE, find_library
from microreason.tokenizer import DEFAULT, Tokenizer
from tests.test_native import random_weights

pytestmark = pytest.mark.skipif(find_library() is None, reason="no C compiler was there at installation")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("folder")
    (path / "tokenizer.json").write_bytes(DEFAULT.read_bytes())
    return random_weights(path, Tokenizer.load().size, {})


def test_bench_writes_json_and_a_picture(folder, tmp_path):
    pytest.importorskip("matplotlib")
    files = ["--json", str(tmp_path / "b.json"), "--picture", str(tmp_path / "b.png")]
    options = ["--contexts", "16,40", "--problems", "2", "--repeats", "1", "--weights", str(folder), *files]
    result = CliRunner().invoke(app, ["bench", *options])
    assert result.exit_code == 0, result.output
    out = json.loads((tmp_path / "b.json").read_text())
    assert [row["context"] for row in out["speeds"]] == [16, 40] and (tmp_path / "b.png").stat().st_size > 1000
    assert out["first_token_seconds"]["p50"] > 0 and out["peak_memory_bytes"] > 1e7 and out["cold_start_seconds"] > 0


def test_quantiles():
    assert quantiles([3.0, 1.0, 2.0]) == {"p50": 2.0, "p95": 3.0}


def test_joules_of_simulated_machines(tmp_path):
    assert joules(str(tmp_path), str(tmp_path)) is None
    package = tmp_path / "intel-rapl:0"
    package.mkdir()
    (package / "energy_uj").write_text("2500000\n")
    assert joules(str(tmp_path), str(tmp_path))() == 2.5
    sensor = tmp_path / "jetson" / "1-0040" / "hwmon" / "hwmon3"
    sensor.mkdir(parents=True)
    (sensor / "in1_input").write_text("5000\n")
    (sensor / "curr1_input").write_text("1000\n")
    assert joules(str(tmp_path / "none"), str(tmp_path / "jetson"))() >= 0


@pytest.mark.parametrize(
    ("options", "words"),
    [(["--contexts", "9,x"], "no list"), (["--contexts", "99999"], "8160"), (["--json", "/"], "cannot be written")],
)
def test_bad_options(options, words):
    result = CliRunner().invoke(app, ["bench", *options])
    assert result.exit_code == 2 and words in result.stderr


def test_without_a_compiled_engine(monkeypatch):
    monkeypatch.setenv(VARIABLE, "numpy")
    with pytest.raises(Exception, match="nothing to measure"):
        bench()
