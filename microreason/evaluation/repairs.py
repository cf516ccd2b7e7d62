"""Benchmarks of repair: QuixBugs, HumanEvalFix and DebugBench, from copies of their data in the original form.

QuixBugs: a checkout of jkoppel/QuixBugs. A program is judged by `python_testcases/test_NAME.py` where there is one,
else by `json_testcases/NAME.json`, a `[[arguments], expected]` a line; the correct programs are not looked at.
HumanEvalFix: JSON lines with `declaration`, `buggy_solution`, `test`, `entry_point` (HumanEvalPack, Python).
DebugBench: JSON files or JSON lines with `slug`, `buggy_code`, `examples`; its own tests are on a website, so the
examples of its descriptions judge here, and programs without two that can be read are counted as not run.
Needs pytest for QuixBugs. Does not cover ranking: each result says what ranked its candidates.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from microreason.debugging.judge import Judge, pack
from microreason.debugging.prior import Ranking
from microreason.debugging.repair import Repair, repair
from microreason.errors import BadInput
from microreason.evaluation.records import circumstances

PUBLISHED = {"quixbugs": {"CoCoNuT": 19, "AlphaRepair (125M)": 27, "ChatGPT in dialogue": 31}}
_UNJUDGED = ("correct_python_programs", "correct_java_programs", "java_programs", "java_testcases")


@dataclass(frozen=True)
class Program:
    """A buggy program with what judges it; `judge` is None where its tests cannot run here, and `why` says so."""

    name: str
    text: str
    judge: Judge | None
    why: str = ""


def evaluate(
    benchmark: str,
    path: Path,
    ranking: Ranking,
    *,
    limit: int = 200,
    seconds: float = 60,
    names: list[str] | None = None,
    allow_unisolated: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Repair every program of a benchmark; the result in this project's shape. Ctrl-C keeps what is finished.

    Raises BadInput where the path does not hold the benchmark in its original form.
    """
    programs = list(_READERS[benchmark](path))
    if names is not None:
        unknown = sorted(set(names) - {program.name for program in programs})
        if unknown:
            raise BadInput(f"There is no program {unknown[0]!r} in {str(path)!r}.")
        programs = [program for program in programs if program.name in names]
    questions, complete, isolation = [], True, ""
    try:
        for done, program in enumerate(programs):
            if program.judge is not None:
                program.judge.allow_unisolated = allow_unisolated
            questions.append(_question(program, ranking, limit, seconds))
            isolation = isolation or (program.judge.isolation if program.judge else "")
            if progress:
                progress(done + 1, len(programs))
    except KeyboardInterrupt:
        complete = False
    facts = {"ranked_by": ranking.name, "complete": complete, "isolation": isolation}
    return summarise(benchmark, questions, limit, seconds) | facts | circumstances(ranking.info)


def _question(program: Program, ranking: Ranking, limit: int, seconds: float) -> dict[str, Any]:
    question: dict[str, Any] = {"task": program.name, "score": 0.0, "tried": 0, "seconds": None, "note": program.why}
    if program.judge is None:
        return question | {"run": False}
    found: Repair | None = None
    try:
        found = repair(program.text, program.judge, name=program.name, ranking=ranking, limit=limit, seconds=seconds)
    except BadInput as error:
        question["note"] = str(error)
    if found is not None:
        question |= {
            "score": float(found.text is not None), "tried": found.tried, "seconds": round(found.seconds, 3),
            "cpu_seconds": round(found.cpu_seconds, 3), "kind": found.edit and found.edit.kind, "diff": found.diff,
        }  # fmt: skip
    return question | {"run": True}


def summarise(benchmark: str, questions: list[dict[str, Any]], limit: int, seconds: float) -> dict[str, Any]:
    """How many programs were repaired, at which candidate, and in which time."""
    run = [question for question in questions if question["run"]]
    solved = [question for question in run if question["score"]]
    return {
        "benchmark": benchmark, "mode": "search", "candidates": limit, "limit_seconds": seconds,
        "programs": len(questions), "run": len(run), "repaired": len(solved),
        "mean": len(solved) / len(run) if run else None,
        "first": sum(q["tried"] == 1 for q in solved), "within_10": sum(q["tried"] <= 10 for q in solved),
        "median_seconds": median(q["seconds"] for q in solved) if solved else None,
        "median_cpu_seconds": median(q["cpu_seconds"] for q in solved) if solved else None,
        "others": PUBLISHED.get(benchmark, {}), "questions": questions,
    }  # fmt: skip


def sentence(result: dict[str, Any]) -> str:
    """The result as `microreason eval` prints it."""
    others = "".join(f", {who} {count}" for who, count in result["others"].items())
    time = "" if result["median_seconds"] is None else f" Median time to a repair: {result['median_seconds']:.1f} s."
    not_run = result["programs"] - result["run"]
    return (
        f"{result['repaired']} of {result['run']} programs repaired within {result['candidates']} candidates, "
        f"{result['first']} by the first, {result['within_10']} within 10 (ranked by: {result['ranked_by']}{others})."
        + time + (f" {not_run} programs could not be run." if not_run else "")
    )  # fmt: skip


# ---- QuixBugs

_CASES = """
import json, math, types, pytest
from python_programs.{name} import {name} as program

def plain(value):
    if isinstance(value, (types.GeneratorType, tuple, list, range, map, filter, zip)):
        return [plain(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted(map(plain, value))
    return value

CASES = [json.loads(line) for line in open("json_testcases/{name}.json") if line.strip()]

@pytest.mark.parametrize("arguments,expected", CASES)
def test_case(arguments, expected):
    got = plain(program(*(arguments if isinstance(arguments, list) else [arguments])))
    assert math.isclose(got, expected, rel_tol=1e-6) if isinstance(expected, float) else got == plain(expected)
"""


def quixbugs(path: Path) -> Iterator[Program]:
    """The programs of a checkout of jkoppel/QuixBugs."""
    folder = path / "python_programs"
    if not folder.is_dir():
        raise BadInput(f"{str(path)!r} is not a checkout of jkoppel/QuixBugs: it has no folder python_programs.")
    names = sorted(file.stem for file in folder.glob("*.py"))
    judged = {
        name: path / "python_testcases" / f"test_{name}.py"
        for name in names
        if (path / "json_testcases" / f"{name}.json").exists()
        or (path / "python_testcases" / f"test_{name}.py").exists()
    }
    if not judged:
        raise BadInput(f"{str(path)!r} has no tests: neither json_testcases nor python_testcases name its programs.")
    more = {}
    for name, test in judged.items():
        if not test.exists():
            _check_cases(path / "json_testcases" / f"{name}.json")
            more[f"test_cases_{name}.py"] = _CASES.format(name=name)
    project = pack(path, _UNJUDGED, more)
    for name, test in judged.items():
        program = folder / f"{name}.py"
        argument = f"python_testcases/test_{name}.py" if test.exists() else f"test_cases_{name}.py"
        tests = {"kind": "pytest", "arguments": [argument]}
        yield Program(name, program.read_text("utf-8"), Judge(tests, f"python_programs/{name}.py", project))


def _check_cases(file: Path) -> None:
    for number, line in enumerate(file.read_text("utf-8").splitlines(), 1):
        try:
            fits = not line.strip() or len(json.loads(line)) == 2
        except (ValueError, TypeError):
            fits = False
        if not fits:
            raise BadInput(f"Line {number} of {str(file)!r} is not of the form [[arguments], expected].")


# ---- JSON lines


def _records(path: Path, needed: tuple[str, ...], what: str) -> Iterator[dict[str, Any]]:
    """The objects of a JSON or JSON lines file, or of all in a folder, that have the needed fields."""
    if not path.exists():
        raise BadInput(f"There is no file or folder {str(path)!r}.")
    files = [path] if path.is_file() else sorted([*path.rglob("*.jsonl"), *path.rglob("*.json")])
    found = False
    for file in files:
        text = file.read_text("utf-8", errors="replace")
        try:
            whole = json.loads(text)
            records = whole if isinstance(whole, list) else [whole]
        except ValueError:
            try:
                records = [json.loads(line) for line in text.splitlines() if line.strip()]
            except ValueError:
                raise BadInput(f"The file {str(file)!r} is neither JSON nor JSON lines.") from None
        for record in records:
            if isinstance(record, dict) and all(isinstance(record.get(field), str | list) for field in needed):
                found = True
                yield record | {"_file": file.name}
    if not found:
        raise BadInput(f"{str(path)!r} holds no {what}: entries need the fields {', '.join(needed)}.")


def humanevalfix(path: Path) -> Iterator[Program]:
    """The Python programs of HumanEvalPack with their planted bugs."""
    needed = ("declaration", "buggy_solution", "test", "entry_point")
    for record in _records(path, needed, "programs of HumanEvalFix"):
        name = str(record.get("task_id", record["entry_point"]))
        if not name.startswith("Python") and "/" in name:
            continue
        text = record["declaration"].rstrip() + "\n" + record["buggy_solution"].strip("\n") + "\n"
        test = f"from solution import *\nfrom solution import {record['entry_point']}\n{record['test']}\n"
        project = pack(None, more={"test_it.py": test})
        judge = Judge({"kind": "script", "arguments": ["test_it.py"]}, "solution.py", project)
        yield Program(name, text, judge)


_EXAMPLE = re.compile(r"Input:\s*(.*?)\s*Output:\s*(.*?)\s*(?:Explanation:.*)?$", re.S)
_IMPORTS = "from typing import *\nfrom collections import *\nimport bisect, functools, heapq, itertools, math\n"


def debugbench(path: Path) -> Iterator[Program]:
    """The Python programs of DebugBench, judged by the examples of their descriptions."""
    for record in _records(path, ("slug", "buggy_code", "examples"), "programs of DebugBench"):
        language = str(record.get("language", record["_file"])).lower()
        if "python" not in language:
            continue
        name, text = record["slug"], _IMPORTS + record["buggy_code"]
        cases = [case for example in record["examples"] if (case := _example(str(example)))]
        method = re.search(r"class Solution.*?def (?!__)(\w+)\(self", text, re.S)
        if method is None or len(cases) < 2:
            yield Program(name, text, None, "no class Solution, or fewer than two examples that can be read")
            continue
        test = f"from solution import Solution\nfor arguments, expected in {cases!r}:\n"
        test += f"    got = Solution().{method[1]}(**arguments)\n    assert got == expected, (arguments, got)\n"
        project = pack(None, more={"test_it.py": test})
        yield Program(name, text, Judge({"kind": "script", "arguments": ["test_it.py"]}, "solution.py", project))


def _example(text: str) -> tuple[dict[str, Any], Any] | None:
    """Arguments by name and the output of an example, None where they cannot be read."""
    found = _EXAMPLE.search(re.sub(r"[*`]", "", text))
    if found is None:
        return None
    plain = [re.sub(r"\b(true|false|null)\b", lambda m: _LITERALS[m[0]], part.strip()) for part in found.groups()]
    try:
        call = ast.parse(f"f({plain[0]})", mode="eval").body
        assert isinstance(call, ast.Call)
        arguments = {str(k.arg): ast.literal_eval(k.value) for k in call.keywords}
        return (arguments, ast.literal_eval(plain[1])) if arguments and not call.args else None
    except (SyntaxError, ValueError, AssertionError):
        return None


_LITERALS = {"true": "True", "false": "False", "null": "None"}
_READERS: dict[str, Callable[[Path], Iterator[Program]]] = {
    "quixbugs": quixbugs, "humanevalfix": humanevalfix, "debugbench": debugbench,
}  # fmt: skip
