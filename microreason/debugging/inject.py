"""Puts one slip that people make into a real function: the truth behind the prior and behind our own benchmark.

Functions come from the standard library and from installed packages under permissive licences. A package is held out
when the hash of its name says so (one in five); functions near a benchmark's program are in no split.
Does not cover bugs that need two changes, or functions shorter than 4 or longer than 60 lines.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.metadata
import random
import sysconfig
import textwrap
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from microreason.debugging.held_out import held_out
from microreason.debugging.source import Edit, Source, Unseen, tree_hash
from microreason.debugging.statements import edits
from microreason.errors import BadInput

Split = Literal["train", "held-out"]
_PERMISSIVE = ("MIT", "BSD", "Apache", "PSF", "Python Software", "ISC", "Unlicense")
_NO_SOURCES = {"test", "tests", "idlelib", "lib2to3", "site-packages", "turtledemo", "ensurepip", "__pycache__"}
SLIPS: dict[str, Callable[[Edit], bool]] = {
    "off by one": lambda e: e.kind == "off_by_one",
    "wrong operator": lambda e: e.kind in ("operator", "boolean"),
    "wrong comparison": lambda e: e.kind == "compare",
    "wrong variable": lambda e: e.kind == "variable" or (e.kind, e.detail) == ("call", "attribute"),
    "wrong function": lambda e: e.kind == "call" and e.detail != "attribute",
    "swapped arguments": lambda e: e.kind in ("swap", "order"),
    "missing base case": lambda e: (e.kind, e.detail) == ("base_case", "delete If Return"),
    "missing condition": lambda e: e.kind == "guard" and e.detail.startswith("drop"),
    "wrong bound": lambda e: e.kind == "bound",
    "lost update": lambda e: e.kind == "update" and (e.detail.startswith("delete") or e.detail == "+= ="),
    "lost part": lambda e: e.kind == "unwrap",
    "inverted condition": lambda e: e.kind == "negate",
    "wrong constant": lambda e: (
        e.kind == "constant" and e.detail.split()[0] in ("0", "1", "2", "-1", "n", "True", "False")
    ),
    "wrong level": lambda e: e.kind == "level",
}
"""What people get wrong, and the edits that do it."""


@dataclass(frozen=True)
class Function:
    """A function of a module: its text begins at column 0 and is as in the file otherwise."""

    package: str
    module: str
    name: str
    text: str


@dataclass(frozen=True)
class Bug:
    """A function, what was made of it, by which slip and edit, and in which line."""

    function: Function
    text: str
    slip: str
    edit: Edit


def split_of(package: str) -> Split:
    """The split of a package, by the hash of its name alone."""
    return "held-out" if hashlib.sha256(package.encode()).digest()[0] % 5 == 0 else "train"


def packages() -> Iterator[tuple[str, Path]]:
    """Names and paths of the standard library's modules and of permissively licensed packages installed here."""
    library = Path(sysconfig.get_path("stdlib"))
    for path in sorted(library.iterdir()):
        if path.stem not in _NO_SOURCES and (path.suffix == ".py" or (path / "__init__.py").exists()):
            yield path.stem, path
    seen = set()
    for distribution in importlib.metadata.distributions():
        about = dict(distribution.metadata.json)
        words = [about.get("license_expression", ""), about.get("license", ""), *about.get("classifier", [])]
        licences = [w for w in words if w and ("License ::" in w or "::" not in w)]
        if not any(name in text[:200] for text in licences for name in _PERMISSIVE) or "GPL" in " ".join(licences):
            continue
        for file in distribution.files or []:
            top = file.parts[0]
            if len(file.parts) == 2 and file.name == "__init__.py" and top not in seen and top.isidentifier():
                seen.add(top)
                yield top, Path(str(distribution.locate_file(top)))


@lru_cache(maxsize=2)
def modules(split: Split) -> dict[str, list[tuple[str, Path]]]:
    """Names and files of the modules of a split's packages."""
    found = {}
    for package, path in packages():
        if split_of(package) != split or package == "microreason":
            continue
        files = [path] if path.is_file() else sorted(path.rglob("*.py"))
        files = [f for f in files if not _NO_SOURCES & set(f.relative_to(path).parts)]
        found[package] = [(_module(package, path, file), file) for file in files]
    return {package: of_one for package, of_one in found.items() if of_one}


def functions(split: Split, seed: int = 0) -> Iterator[Function]:
    """The functions of a split's packages in a seeded order that takes a module of each package in turn."""
    chance = random.Random(f"{split}/{seed}")
    waiting = [[(package, *module) for module in of_one] for package, of_one in modules(split).items()]
    for of_one in waiting:
        chance.shuffle(of_one)
    chance.shuffle(waiting)
    while waiting:
        for of_one in waiting:
            found = list(functions_in(*of_one.pop()))
            chance.shuffle(found)
            yield from found[:8]
        waiting = [of_one for of_one in waiting if of_one]


def _module(package: str, path: Path, file: Path) -> str:
    parts = file.relative_to(path).with_suffix("").parts if path.is_dir() else ()
    return ".".join([package, *(part for part in parts if part != "__init__")])


@lru_cache(maxsize=64)
def functions_in(package: str, module: str, file: Path, methods: bool = False) -> tuple[Function, ...]:
    """The functions of a module, and with `methods` those of its classes."""
    try:
        source = Source(file.read_text("utf-8"))
    except (BadInput, OSError, ValueError):
        return ()
    found = []
    lines = source.text.splitlines()
    classes = [node for node in source.tree.body if isinstance(node, ast.ClassDef)] if methods else []
    for node in [*source.tree.body, *(inner for owner in classes for inner in owner.body)]:
        if not isinstance(node, ast.FunctionDef) or node.decorator_list or held_out(node):
            continue
        if 4 <= (node.end_lineno or 0) - node.lineno + 1 <= 60 and node.args.args:
            text = textwrap.dedent("\n".join(lines[node.lineno - 1 : node.end_lineno])) + "\n"
            found.append(Function(package, module, node.name, text))
    return tuple(found)


def inject(function: Function, chance: random.Random) -> Bug | None:
    """Put one slip into a function: first the kind of slip is drawn, then the place. None where nothing fits."""
    try:
        source = Source(function.text)
    except BadInput:
        return None
    node = next(source.functions())
    by_slip: dict[str, list[Edit]] = defaultdict(list)
    for edit in edits(source, node):
        for slip, fits in SLIPS.items():
            if fits(edit):
                by_slip[slip].append(edit)
    unseen = Unseen(source, node)
    slips = sorted(by_slip)
    chance.shuffle(slips)
    for slip in slips:
        for edit in chance.sample(by_slip[slip], min(5, len(by_slip[slip]))):
            if unseen(edit):
                return Bug(function, source.apply(edit), slip, edit)
    return None


def undoing(bug: Bug) -> tuple[list[Edit], Edit | None]:
    """All edits of the buggy function, and the first of them that gives the original's syntax tree."""
    source = Source(bug.text)
    offered = edits(source, next(source.functions()))
    wanted, letters = tree_hash(bug.function.text), _letters(bug.function.text)
    for edit in offered:
        text = source.apply(edit)
        if _letters(text) == letters and tree_hash(text) == wanted:
            return offered, edit
    return offered, None


def _letters(text: str) -> str:
    return "".join(text.split()).replace("(", "").replace(")", "")
