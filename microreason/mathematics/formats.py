"""Readers of public problem sets in their original forms: each problem becomes an `Entry`, whatever file it came from.

GSM8K (JSONL, `<<3*4=12>>` and `####`), MATH (a folder of JSON files, or JSONL), Math23K and Ape210K (JSON objects one
after another, or JSONL), SVAMP (JSON), MAWPS and ASDiv-A (CSV with `number0` placeholders), TAL-SCQ5K (JSONL); each
also gzipped. A row that lacks what its form needs is counted under its reason; a file in no known form is refused.
Does not cover what is made of the entries (convert.py) or fetching the files (data/fetch.py).
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from microreason.data.documents import fingerprint
from microreason.errors import BadInput

MAX_BYTES = 1 << 30
Row = dict[str, Any]


@dataclass(frozen=True)
class Entry:
    """One problem of a set. `equations` are expressions in order of calculation, the last giving the answer; `lines`
    is a solution in words where the set has no equations; `kind` is what grades the answer: number, latex or choice."""

    id: str
    question: str
    answer: str
    kind: str = "number"
    equations: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    group: str | None = None


def _tidy(text: str) -> str:
    """Spaces as in ordinary print: the tokenised sets put one before each sign."""
    text = re.sub(r"\s+([.,?!;:%)])", r"\1", " ".join(text.split()))
    text = re.sub(r"\s*[’']\s*(s|re|ll|ve|d|m)\b", r"'\1", text)
    return re.sub(r"\s+n't\b", "n't", text).replace("( ", "(").replace("$ ", "$").replace(" - ", "-")


def _plain(number: Any) -> str:
    """`56.0` as `56`."""
    return re.sub(r"\.0+$", "", str(number).strip())


def _gsm8k(row: Row) -> Entry:
    solution, mark, answer = row["answer"].rpartition("####")
    if not mark:
        raise ValueError("no answer after ####")
    claims = [claim.partition("=") for claim in re.findall(r"<<([^<>]*)>>", solution)]
    equations = tuple(left for left, _, right in claims if left != right)
    return Entry(
        _id(row, row["question"]), row["question"].strip(), answer.strip().replace(",", ""), "number", equations
    )


def boxed(solution: str) -> str:
    """What stands in the last `\\boxed{}` of a solution. Raises ValueError where there is none."""
    found = list(re.finditer(r"\\f?boxed\s*(\{|(\S))", solution))
    if not found:
        raise ValueError("no \\boxed answer")
    if found[-1][2]:
        return found[-1][2]
    depth, start = 1, found[-1].end()
    for i in range(start, len(solution)):
        depth += (solution[i] == "{") - (solution[i] == "}")
        if not depth:
            return solution[start:i].strip()
    raise ValueError("no end of \\boxed")


def _sentences(text: str) -> tuple[str, ...]:
    text = re.sub(r"\[asy\].*?\[/asy\]", "", text, flags=re.S)
    text = re.sub(r"\\f?boxed\s*\{((?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*)\}", r"\1", text)
    parts = re.split(r"(?<=[.!?])\s+(?=[A-Z\\$])|\n\s*\n|(?<=[．。；])|\s{2,}", text)
    lines = (" ".join(part.split()) for part in parts)
    return tuple(line for line in lines if re.search(r"\w", line))


def _math(row: Row) -> Entry:
    answer = row.get("answer") or boxed(row["solution"])
    group = f"{row.get('type') or row.get('subject') or ''} {row.get('level', '')}".strip() or None
    lines = _sentences(row["solution"])
    return Entry(_id(row, row["problem"]), row["problem"].strip(), str(answer), "latex", (), lines, group)


def _chinese(row: Row) -> Entry:
    question = row.get("question") or row.get("original_text") or "".join(row["segmented_text"].split())
    answer = str(row["answer"] if "answer" in row else row["ans"]).strip()
    equation = row["equation"].strip().removeprefix("x=")
    return Entry(_id(row, question), question.strip(), answer, "number", (equation,))


def _svamp(row: Row) -> Entry:
    body = row["Body"].strip()
    question = _tidy(f"{body}{'' if body[-1:] in '.,?!' else '.'} {row['Question'].strip()}")
    equation = re.sub(r"(\d)\.0+\b", r"\1", row["Equation"])
    return Entry(_id(row, question), question, _plain(row["Answer"]), "number", (equation,), (), row.get("Type"))


def _prefix(words: list[str]) -> str:
    """A formula in prefix order as an ordinary one."""
    word = words.pop(0)
    if word not in "+-*/":
        return word
    left, right = _prefix(words), _prefix(words)
    return f"({left}{word}{right})"


def _placeholders(row: Row) -> Entry:
    numbers = [_plain(number) for number in row["Numbers"].split()]

    def fill(text: str) -> str:
        return re.sub(r"number(\d+)", lambda m: numbers[int(m[1])], text)

    words = row["Equation"].split()
    equation = fill(_prefix([_plain(word) for word in words]) if words[0] in "+-*/" else row["Equation"])
    question = _tidy(fill(row["Question"]))
    return Entry(_id(row, question), question, _plain(row["Answer"]), "number", (equation,))


def _tal(row: Row) -> Entry:
    options = [f"{option[0]['aoVal']}. {option[0]['content'].strip()}" for option in row["answer_option_list"]]
    question = "\n".join([row["problem"].strip(), *options]).replace("$$", "$")
    lines = _sentences("  ".join(row["answer_analysis"]).replace("$$", "$"))
    return Entry(_id(row, question), question, row["answer_value"].strip(), "choice", (), lines, row.get("difficulty"))


FORMS: dict[str, list[tuple[set[str], Callable[[Row], Entry]]]] = {
    "gsm8k": [({"question", "answer"}, _gsm8k)],
    "math": [({"problem", "solution"}, _math)],
    "math23k": [({"question", "equation", "answer"}, _chinese), ({"equation", "ans"}, _chinese)],
    "svamp": [({"Body", "Question", "Equation", "Answer"}, _svamp)],
    "mawps": [({"Question", "Numbers", "Equation", "Answer"}, _placeholders)],
    "tal": [({"problem", "answer_option_list", "answer_value"}, _tal)],
}
FORMS["ape210k"] = FORMS["math23k"]
FORMS["mawps"].extend(FORMS["svamp"])
FORMS["svamp"].insert(0, FORMS["mawps"][0])


def _id(row: Row, question: str) -> str:
    for key in ("id", "ID", "queId", "unique_id"):
        if row.get(key) not in (None, ""):
            return str(row[key])
    return f"{fingerprint(question):016x}"


def _objects(text: str) -> Iterator[Row]:
    """JSON objects of an array, or one after another with or without commas and newlines between."""
    decoder, at = json.JSONDecoder(), 0
    skip = re.compile(r"[\s,]*")
    if text.lstrip()[:1] == "[":
        yield from json.loads(text)
        return
    while (at := skip.match(text, at).end()) < len(text):  # type: ignore[union-attr]
        row, at = decoder.raw_decode(text, at)
        yield row


def _text(path: Path) -> str:
    if path.stat().st_size > MAX_BYTES:
        raise BadInput(f"The file {path} is larger than a problem set.")
    data = path.read_bytes()
    return (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode("utf-8-sig")


def _rows(path: Path) -> Iterator[Row]:
    if path.is_dir():
        for file in sorted(path.rglob("*.json")):
            for row in _objects(_text(file)):
                yield {"id": str(file.relative_to(path).with_suffix("")), **row}
    elif ".csv" in path.suffixes:
        yield from csv.DictReader(io.StringIO(_text(path)))
    else:
        yield from _objects(_text(path))


def read(name: str, path: Path | str) -> tuple[list[Entry], Counter[str]]:
    """Entries of a file or folder of the set `name`, and how many rows were left out, by reason.

    Raises BadInput for an unknown set, a file that cannot be read, and one in no known form of the set.
    """
    if name not in FORMS:
        raise BadInput(f"There is no problem set {name!r}: use {', '.join(sorted(FORMS))}.")
    path, entries, left_out = Path(path), [], Counter[str]()
    try:
        rows = list(_rows(path))
    except (OSError, ValueError, EOFError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise BadInput(f"The problem set {path} cannot be read ({reason:.120}).") from None
    for row in rows:
        parse = next((f for keys, f in FORMS[name] if isinstance(row, dict) and keys <= row.keys()), None)
        try:
            if parse is None:
                raise ValueError("unknown form")
            entry = parse(row)
            if not entry.question or not entry.answer:
                raise ValueError("empty question or answer")
            entries.append(entry)
        except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
            left_out[str(error) if isinstance(error, ValueError) else "a field is missing or malformed"] += 1
    if not entries:
        keys = ", ".join(sorted(map(str, rows[0])))[:120] if rows and isinstance(rows[0], dict) else "no rows"
        raise BadInput(f"The file {path} is in no form of {name} that MicroReason knows (it has: {keys}).")
    return entries, left_out
