"""acre: whether a detector lights up for some objects, from six earlier results.

The path lists the objects of the results that stayed off; then marks each test object off (among those) or open.
If any is open it goes through the results that were on, object by object: off, in (an open test object) or out;
the first "out" ends a result, and a result without "out" proves that the light turns on.
The library has no difficulty for it: every level is the same.
"""

import random
import re

from microreason.solution import Problem, Solution
from microreason.tasks.base import GymTask, _dataset


def _read(text):
    """Objects of the off results, of the on results, and of the test."""
    results, _, test = text.partition("results:\n")[2].partition("\n\nNew test case:\n")
    split = [line.partition(" → ") for line in results.split("\n")]
    off, on = ([objects.split(", ") for objects, _, light in split if light == state] for state in ("off", "on"))
    return off, on, test.partition("\n")[0].split(", ")


def _off_line(objects):
    return "off " + ", ".join(objects)


def _test_line(thing, dark):
    return f" {thing} {'off' if thing in dark else 'open'}"


def _on_line(objects, dark, test):
    parts = []
    for thing in objects:
        parts.append(f"{thing} {'off' if thing in dark else 'in' if thing in test else 'out'}")
        if parts[-1].endswith(" out"):
            break
    return "on " + ", ".join(parts)


class Acre(GymTask):
    name, category, determined = "acre", "induction", True
    pattern = re.compile(r"^You are a researcher studying causal relationships using Blicket experiments\.")
    hard = {}

    def generate(self, seed, index, level):
        """The library makes all items at once, and they depend on their number: 50 is the published one."""
        if isinstance(level, str) and level in ("easy", "hard") and index < 50:
            item = _dataset(self.name, seed, 50, ())[index]
        else:
            import reasoning_gym

            pick = random.Random(f"{self.name}/{seed}/{index}").randrange(40)  # 10 scenes, 4 tests each
            item = reasoning_gym.create_dataset(self.name, seed=seed + index, size=10)[pick]
        return Problem(
            text=item["question"], task=self.name, level=level, seed=seed, index=index, answer=item["answer"],
            data={"metadata": item["metadata"], "params": {}, "gold": item["answer"]},
        )  # fmt: skip

    def expert(self, problem: Problem) -> Solution:
        off, on, test = _read(problem.text)
        dark = {thing for objects in off for thing in objects}
        lines = [_off_line(objects) for objects in off] + [_test_line(thing, dark) for thing in test]
        if dark.issuperset(test):
            return Solution.of(lines, "off")
        for objects in on:
            lines.append(_on_line(objects, dark, test))
            if not lines[-1].endswith(" out"):
                return Solution.of(lines, "on")
        return Solution.of(lines, "undetermined")

    def check(self, text, previous, step):
        off, on, test = _read(text)
        dark = {thing for objects in off for thing in objects}
        if step.startswith("off "):
            return sorted(step[4:].split(", ")) in [sorted(objects) for objects in off]
        if step.startswith("on "):
            return step in [_on_line(objects, dark, test) for objects in on]
        if step.startswith(" ") and step.endswith((" off", " open")):
            return step in [_test_line(thing, dark) for thing in test]
        return None
