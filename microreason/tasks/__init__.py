"""The registry of tasks: every `Task` subclass with a name in a module under this package, found by its file, and those
that other packages offer as entry points of the group `microreason.tasks` (a module each). Two kinds are found by name
only, because their problems have no wording of their own, hold those of other tasks or depend on the packages that are
installed: those of `UNLISTED`, and files of problems (file.py) or proofs (microreason/proofs/task.py).

Does not cover what a task is (base.py).
"""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
from functools import lru_cache
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType

from microreason.errors import BadInput, UnknownTask
from microreason.tasks.base import GymTask, Task

UNLISTED = {
    "saxton": "microreason.mathematics.saxton",
    "differences": "microreason.mathematics.differences",
    "mistakes": "microreason.mistakes.tasks",
    "mending": "microreason.mistakes.tasks",
    "debugging": "microreason.debugging.task",
}


def _tasks_in(module: ModuleType) -> dict[str, Task]:
    classes = [v for v in vars(module).values() if isinstance(v, type) and issubclass(v, Task)]
    return {c.name: c() for c in classes if c.__module__ == module.__name__ and "name" in vars(c)}


@lru_cache(maxsize=1)
def all_tasks() -> dict[str, Task]:
    """Every task by name, in alphabetical order."""
    found: dict[str, Task] = {}
    for info in pkgutil.walk_packages(__path__, __name__ + "."):
        if not info.ispkg and info.name != __name__ + ".base":
            found |= _tasks_in(importlib.import_module(info.name))
    for entry in entry_points(group="microreason.tasks"):
        found |= _tasks_in(entry.load())
    return dict(sorted(found.items()))


def load_task(name: str) -> Task:
    """The task of that name, or the one in a Python file. Raises UnknownTask, and BadInput for a file without one."""
    if not name.endswith(".py"):
        return get_task(name)
    path = Path(name)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise BadInput(f"There is no task file {name}.")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
        (task,) = _tasks_in(module).values()
    except Exception as error:
        raise BadInput(f"The file {name} does not define one task ({error!r:.200}).") from None
    return task


@lru_cache(maxsize=64)
def _file_task(name: str) -> Task:
    if name.endswith(".mm"):
        from microreason.proofs.task import ProofTask

        return ProofTask(name)
    from microreason.tasks.file import FileTask

    return FileTask(name)


def get_task(name: str) -> Task:
    """The task of that name; a name that ends in `.jsonl` is a file of problems, one in `.mm` a database
    of proofs.

    Raises UnknownTask, naming the nearest.
    """
    if name.endswith((".jsonl", ".mm")):
        return _file_task(name)
    if name in UNLISTED:
        return _tasks_in(importlib.import_module(UNLISTED[name]))[name]
    tasks = all_tasks()
    if name not in tasks:
        import difflib

        near = difflib.get_close_matches(name, tasks, 1)
        hint = f" Did you mean {near[0]}?" if near else " `microreason info` lists the tasks."
        raise UnknownTask(f"There is no task {name!r}.{hint}")
    return tasks[name]


@lru_cache(maxsize=64)
def recognise(text: str) -> Task | None:
    """The task whose problems look like this text, or None."""
    return next((task for task in all_tasks().values() if task.pattern.search(text)), None)


__all__ = ["GymTask", "Task", "all_tasks", "get_task", "load_task", "recognise"]
