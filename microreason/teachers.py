"""Sources of solutions: the tasks' experts, or a large language model behind an OpenAI-compatible endpoint.

An endpoint is asked for structured steps (one claim a line, then `Answer: …`), with one expert solution as an example.
What comes back is parsed, its answer graded, its steps judged, and everything is appended at once to a JSONL file, kept
or not, with the teacher's name, tokens, cost and time: a run that is killed goes on where it stopped and pays nothing
twice. Does not cover learning from the solutions (training/).
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from microreason.data.documents import fingerprint, held_out
from microreason.errors import BadInput
from microreason.solution import Problem, Solution
from microreason.tasks import get_task
from microreason.verification.steps import check_solution

SEED = 3_000_000_000
SOLVED = 0.99
MAX_ANSWER = 40_000
_INSTRUCTION = (
    "Solve the problem in short steps: one claim a line, terse, each following from the lines before. "
    "Then one last line: Answer: and the answer. Write nothing else."
)


@dataclass(frozen=True)
class Endpoint:
    """A model behind an OpenAI-compatible API, and what it may cost. Prices are per million tokens."""

    url: str
    model: str
    key: str = "none"
    concurrency: int = 8
    timeout: float = 120.0
    retries: int = 4
    max_tokens: int = 2048
    price_in: float = 0.0
    price_out: float = 0.0
    limit: float | None = None


@dataclass
class Lesson:
    """One answer of a teacher to one problem, with what was found of it."""

    teacher: str
    task: str
    level: str | float
    seed: int
    index: int
    text: str
    answer: str = ""
    error: str | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float = 0.0
    seconds: float = 0.0
    score: float = 0.0
    verdicts: dict[str, int] = field(default_factory=dict)
    kept: bool = False

    @property
    def key(self) -> tuple[str, str, int, int]:
        """Task, level, seed and index: what is asked once per teacher."""
        return self.task, str(self.level), self.seed, self.index

    def solution(self) -> Solution:
        """Steps and answer as written; incomplete where the last line gives no answer."""
        return parse(self.answer)


def parse(text: str) -> Solution:
    """A teacher's text as a solution. Marker text in it is data; never raises.

    >>> parse("3*4=12\\nAnswer: 12").answer
    '12'
    """
    body, marker, answer = text.strip().rpartition("Answer:")
    lines = [line.strip() for line in (body if marker else answer).splitlines()]
    solution = Solution.of([line for line in lines if line], answer.strip())
    return solution if marker else solution.model_copy(update={"answer": None, "complete": False})


def judge(problem: Problem, lesson: Lesson) -> Lesson:
    """Grade the answer and judge the steps; kept is what is right and has no unsound step."""
    task, solution = get_task(lesson.task), lesson.solution()
    try:
        lesson.score = float(task.grade(problem, solution.answer)) if solution.complete else 0.0
    except Exception as error:
        lesson.error = f"grader raises {type(error).__name__}"
    lesson.verdicts = dict(Counter(step.verdict for step in check_solution(problem, solution, task).steps))
    right = lesson.score >= SOLVED and not lesson.verdicts.get("unsound")
    lesson.kept = right and lesson.error is None
    return lesson


def problems(tasks: list[str], count: int, level: str | float) -> Iterator[Problem]:
    """`count` problems of each task, none of them an evaluation question."""
    for name in tasks:
        task, index = get_task(name), 0
        for _ in range(count):
            while fingerprint((problem := task.generate(SEED, index, level)).text) in held_out(name):
                index += 1
            yield problem
            index += 1


def expert(problem: Problem) -> Lesson:
    """The lesson of the task's own expert."""
    solution = get_task(problem.task or "").expert(problem)
    lines = "\n".join(step.text for step in solution.steps)
    return judge(problem, _lesson("expert", problem, f"{lines}\nAnswer: {solution.answer}"))


def _lesson(teacher: str, problem: Problem, answer: str = "") -> Lesson:
    assert problem.task and problem.level is not None and problem.seed is not None and problem.index is not None
    return Lesson(teacher, problem.task, problem.level, problem.seed, problem.index, problem.text, answer)


def read(path: Path) -> list[Lesson]:
    """Lessons in a file; a last line without its end is left out. Raises BadInput for a line that is no lesson."""
    out = []
    for number, line in enumerate(path.read_bytes().split(b"\n")[:-1] if path.exists() else []):
        try:
            out.append(Lesson(**json.loads(line)))
        except (ValueError, TypeError):
            raise BadInput(f"Line {number + 1} of {path} is no lesson.") from None
    return out


async def _ask(client: Any, endpoint: Endpoint, problem: Problem) -> Lesson:
    import openai

    lesson, begin = _lesson(endpoint.model, problem), time.monotonic()
    task = get_task(lesson.task)
    example = task.generate(SEED - 1, 0, lesson.level)
    messages = [
        {"role": "system", "content": _INSTRUCTION}, {"role": "user", "content": example.text},
        {"role": "assistant", "content": expert(example).answer}, {"role": "user", "content": problem.text},
    ]  # fmt: skip
    try:
        reply = await client.chat.completions.create(
            model=endpoint.model, messages=messages, max_tokens=endpoint.max_tokens, temperature=0.0
        )
        lesson.answer = (reply.choices[0].message.content or "")[:MAX_ANSWER]
        if reply.usage:
            lesson.prompt_tokens, lesson.completion_tokens = reply.usage.prompt_tokens, reply.usage.completion_tokens
        lesson.error = None if lesson.answer.strip() else "empty answer"
    except openai.APIStatusError as error:
        lesson.error = f"status {error.status_code}"
    except (openai.OpenAIError, ValueError, IndexError, AttributeError, TypeError) as error:
        lesson.error = type(error).__name__
    lesson.cost = (lesson.prompt_tokens * endpoint.price_in + lesson.completion_tokens * endpoint.price_out) / 1e6
    lesson.seconds = time.monotonic() - begin
    return judge(problem, lesson)


async def _run(endpoint: Endpoint, todo: list[Problem], keep: Callable[[Lesson], None], spent: float) -> None:
    from openai import AsyncOpenAI

    client = AsyncOpenAI(
        base_url=endpoint.url, api_key=endpoint.key, timeout=endpoint.timeout, max_retries=endpoint.retries
    )
    waiting = iter(todo)

    async def worker() -> None:
        nonlocal spent
        for problem in waiting:
            if endpoint.limit is not None and spent >= endpoint.limit:
                return
            lesson = await _ask(client, endpoint, problem)
            spent += lesson.cost
            keep(lesson)

    async with client:
        await asyncio.gather(*(worker() for _ in range(endpoint.concurrency)))


def teach(
    endpoint: Endpoint, todo: list[Problem], path: Path, report: Callable[[Lesson], None] = lambda lesson: None
) -> dict[str, Any]:
    """Ask for every problem not yet answered in `path`, append each answer at once, and sum up the whole file.

    Answers that failed (429, 500, timeout, nothing) are asked again by the next run.
    """
    before = read(path)
    known = {lesson.key for lesson in before if lesson.teacher == endpoint.model and lesson.error is None}
    todo = [p for p in todo if _lesson(endpoint.model, p).key not in known]
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        file.truncate(path.read_bytes().rfind(b"\n") + 1)  # a line that was cut off

        def keep(lesson: Lesson) -> None:
            file.write(json.dumps(asdict(lesson)).encode() + b"\n")
            file.flush()
            report(lesson)

        asyncio.run(_run(endpoint, todo, keep, sum(lesson.cost for lesson in before)))
    return summarise(read(path))


def summarise(lessons: list[Lesson]) -> dict[str, Any]:
    """Counts, costs and times over lessons."""
    kept = sum(lesson.kept for lesson in lessons)
    cost, seconds = (sum(getattr(lesson, name) for lesson in lessons) for name in ("cost", "seconds"))
    return {
        "asked": len(lessons), "right": sum(lesson.score >= SOLVED for lesson in lessons), "kept": kept,
        "errors": dict(Counter(lesson.error for lesson in lessons if lesson.error)), "cost": cost,
        "tokens": sum(lesson.prompt_tokens + lesson.completion_tokens for lesson in lessons),
        "cost_per_kept": cost / kept if kept else None, "seconds_per_kept": seconds / kept if kept else None,
        "unsound_steps": sum(lesson.verdicts.get("unsound", 0) for lesson in lessons),
    }  # fmt: skip
