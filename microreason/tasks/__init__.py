"""The registry of tasks: every `Task` subclass with a name in a module under this package, found by its file.

Does not cover what a task is (base.py).
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import lru_cache

from microreason.errors import UnknownTask
from microreason.tasks.base import GymTask, Task


@lru_cache(maxsize=1)
def all_tasks() -> dict[str, Task]:
    """Every task by name, in alphabetical order."""
    found: dict[str, Task] = {}
    for info in pkgutil.walk_packages(__path__, __name__ + "."):
        if info.ispkg or info.name == __name__ + ".base":
            continue
        for value in vars(importlib.import_module(info.name)).values():
            if isinstance(value, type) and issubclass(value, Task) and value.__module__ == info.name:
                if "name" in vars(value):
                    found[value.name] = value()
    return dict(sorted(found.items()))


def get_task(name: str) -> Task:
    """The task of that name. Raises UnknownTask, naming the nearest."""
    tasks = all_tasks()
    if name not in tasks:
        import difflib

        near = difflib.get_close_matches(name, tasks, 1)
        hint = f" Did you mean {near[0]}?" if near else " `microreason info` lists the tasks."
        raise UnknownTask(f"There is no task {name!r}.{hint}")
    return tasks[name]


def recognise(text: str) -> Task | None:
    """The task whose problems look like this text, or None."""
    return next((task for task in all_tasks().values() if task.pattern.search(text)), None)


__all__ = ["GymTask", "Task", "all_tasks", "get_task", "recognise"]
