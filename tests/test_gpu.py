"""scripts/gpu.py: parts go together again, too much is refused, and a whole rehearsal on a processor."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest

from microreason.weights_file import DEFAULT, FILE, describe

ROOT = Path(__file__).parent.parent
SPEC = importlib.util.spec_from_file_location("gpu", ROOT / "scripts" / "gpu.py")
gpu = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(gpu)

# of what is installed here, what the machine with a GPU had too when it was last seen
THERE = """
    annotated-doc click contourpy cycler filelock fonttools fsspec hf-xet huggingface-hub jinja2 kiwisolver
    markdown-it-py markupsafe matplotlib mdurl mpmath networkx numpy packaging pillow pip pygments pyparsing
    python-dateutil pyyaml regex rich safetensors setuptools shellingham six sympy tokenizers torch tqdm typer wheel
"""


def test_parts_go_together_again(tmp_path):
    (tmp_path / "in").mkdir()
    for name in (FILE, "tokenizer.json"):
        (tmp_path / "in" / name).symlink_to(DEFAULT / name)
    assert gpu.split(tmp_path / "in", tmp_path / "out") == 4
    assert max(path.stat().st_size for path in (tmp_path / "out").iterdir()) <= 16 * gpu.MIB
    gpu.join(tmp_path / "out", tmp_path / "weights")
    assert describe(tmp_path / "weights")["sha256"] == describe()["sha256"]


@pytest.mark.parametrize("damage", ["cut", "missing"])
def test_a_damaged_part_is_refused(tmp_path, damage):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "model.safetensors").write_bytes(os.urandom(100))
    gpu.split(tmp_path / "in", tmp_path / "out")
    part = tmp_path / "out" / "model.safetensors.0"
    part.write_bytes(part.read_bytes()[:-1]) if damage == "cut" else part.unlink()
    with pytest.raises(SystemExit, match=r"model\.safetensors came home damaged"):
        gpu.join(tmp_path / "out", tmp_path / "weights")
    assert not (tmp_path / "weights").exists()


def test_too_much_is_refused(tmp_path, monkeypatch):
    assert "of at most 64" in gpu.check_size(64 * gpu.MIB)
    with pytest.raises(SystemExit, match="smaller"):
        gpu.check_size(64 * gpu.MIB + 1)
    monkeypatch.setattr(gpu, "PART", 1)
    (tmp_path / "file").write_bytes(b"12345678")
    with pytest.raises(SystemExit, match="9 files"):
        gpu.split(tmp_path, tmp_path / "out")


def bare(folder):
    """A Python that has of the packages here only those that are there."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True)
    (folder / "packages").mkdir()
    for name in THERE.split():
        try:
            found = distribution(name)
        except PackageNotFoundError:
            continue
        for top in {file.parts[0] for file in found.files} - {"..", "__pycache__"}:
            (folder / "packages" / top).symlink_to(found.locate_file(top))
    site = next((folder / "venv").glob("lib/python*/site-packages"))
    (site / "there.pth").write_text(f"{folder / 'packages'}\n")
    return folder / "venv" / "bin" / "python"


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_rehearsal(tmp_path):
    """Carried packages, two calls of one run, weights that come home and solve; needs a network for `prepare`."""
    tree, place, out = tmp_path / "tree", tmp_path / "place", tmp_path / "out"
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, check=True, text=True).stdout.split("\0")
    for name in filter(None, names):
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, tree / name)
    subprocess.run(["git", "init", "--quiet"], cwd=tree, check=True)
    recipe = tree / "recipes" / "smoke.yaml"
    recipe.write_text(recipe.read_text() + "workers: 1\ncompile: false\n")
    script, version = tree / "scripts" / "gpu.py", f"{sys.version_info[0]}.{sys.version_info[1]}"
    subprocess.run([sys.executable, script, "prepare", "--python", version], check=True)
    python, env = bare(tmp_path), {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    steps = []
    for minutes, seconds in ((2, 100), (2, 400)):
        shutil.rmtree(out, ignore_errors=True)
        command = [python, script, "train", recipe, str(minutes), out, "--seconds", str(seconds), "--place", place]
        begin = time.monotonic()
        done = subprocess.run(command, env=env, capture_output=True, text=True, cwd=tree)
        print(f"{time.monotonic() - begin:.0f} s\n{done.stdout}{done.stderr[-2000:]}")
        assert done.returncode == 0 and "first step" in done.stdout
        assert len(list(out.iterdir())) <= gpu.PARTS_LIMIT
        gpu.join(out, tmp_path / "weights")
        log = (tmp_path / "weights" / "log.jsonl").read_text().splitlines()
        steps.append([json.loads(line)["step"] for line in log])
    first, both = steps
    assert both == list(range(1, len(both) + 1)) and len(both) > len(first)
    assert json.loads(log[-1])["progress"] == 1 and not (tree / "runs").exists()
    assert describe(tmp_path / "weights")["origin"]["recipe"] == "smoke"
    solve = [sys.executable, "-m", "microreason.cli", "solve", "What is the gcd?", "--any", "--max-tokens", "20"]
    told = subprocess.run([*solve, "--weights", tmp_path / "weights"], cwd=ROOT, capture_output=True, text=True)
    assert told.returncode in (0, 3), told.stderr
