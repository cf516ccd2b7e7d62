"""What the tokenizer is trained on: problems and solutions of all tasks, problems of the published tasks that have no
expert yet, Python's own library, and texts given.

Does not cover training documents (documents.py).
"""

from __future__ import annotations

import gzip
import json
import sysconfig
from collections.abc import Iterator
from pathlib import Path

from microreason.data.documents import FIRST_SEED, Mixture, draw
from microreason.errors import BadInput
from microreason.evaluation.published import published_tasks
from microreason.tasks import all_tasks
from microreason.tokenizer import Tokenizer, train


def code(characters: int) -> Iterator[str]:
    """Source files of Python's standard library, in order of name."""
    for path in sorted(Path(sysconfig.get_paths()["stdlib"]).glob("*.py")):
        text = path.read_text("utf-8", "replace")
        yield text
        characters -= len(text)
        if characters < 0:
            return


def texts(path: Path, characters: int) -> Iterator[str]:
    """All strings of a `.jsonl` or `.jsonl.gz` file, or a text file whole. Raises BadInput where it cannot be read."""
    try:
        with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
            if ".jsonl" not in path.name:
                yield lines.read()[:characters]
                return
            for line in lines:
                text = "\n".join(str(v) for v in json.loads(line).values() if isinstance(v, str))
                yield text
                characters -= len(text)
                if characters < 0:
                    return
    except (OSError, ValueError) as error:
        raise BadInput(f"The text {path} cannot be read ({error}).") from None


def train_tokenizer(output: Path, text_files: list[Path], per_task: int = 120, characters: int = 600_000) -> Tokenizer:
    """Train the tokenizer on every registered task, code and the given texts, and write it to a file."""
    from reasoning_gym import create_dataset

    problems: dict[str, list[str]] = {}
    corpus: list[str] = []
    for name in all_tasks():
        mixture = Mixture({name: 1.0}, published=0.7, seed=-1)
        drawn = [pair for i in range(per_task) if not isinstance(pair := draw(mixture, i), str)]
        problems[name] = [problem.text for problem, _ in drawn]
        corpus += problems[name] + [solution.to_text() for _, solution in drawn]
    for name in sorted(published_tasks() - set(problems)):
        dataset = create_dataset(name, seed=FIRST_SEED, size=per_task // 4)
        problems[name] = [item["question"] for item in dataset]
        corpus += problems[name]
    corpus += code(2 * characters)
    for path in text_files:
        corpus += texts(path, characters)
    tokenizer = train(corpus, problems)
    output.parent.mkdir(parents=True, exist_ok=True)
    tokenizer.save(output)
    return tokenizer
