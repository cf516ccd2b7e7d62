"""leg_counting: how many legs a list of animals has together.

One line an animal, in the order of the list: how many, which, its legs times their number, and after the
semicolon the total so far, from the second on as a sum (`145 woodlouses*14=1450+580=2030;34+2030=2064`; a product by
14 goes by 10 and 4). A line with the total alone, `;2064`, is as sound.
Knows the animals of the table below only.
"""

import re

from microreason.solution import Problem, Solution
from microreason.tasks.base import GymTask

_BY_LEGS = {
    0: "snake, sea slug, jellyfish, flatworm, leech",
    2: "chicken, bird, human, duck",
    4: "dog, cat, cow, horse, lion, elephant, giraffe, tiger, deer, sheep",
    5: "starfish",
    6: "insect, ant, butterfly, beetle, bee, wasp, grasshopper, cricket, cockroach, praying mantis, firefly",
    8: "spider, scorpion",
    10: "crab, lobster, shrimp",
    14: "woodlouse",
}
LEGS = {animal: legs for legs, animals in _BY_LEGS.items() for animal in animals.split(", ")}


def _line(entry, total):
    """The line of one entry such as `145 woodlouses`, and the new total."""
    count, animal = entry.split(" ", 1)
    count, legs = int(count), LEGS[animal if animal in LEGS else animal.removesuffix("s")]
    parts = f"{count * 10}+{count * 4}=" if legs == 14 else ""
    part = count * legs
    before = f"{total}+{part}=" if total else ""
    return f"{entry}*{legs}={parts}{part};{before}{total + part}", total + part


class LegCounting(GymTask):
    name, category = "leg_counting", "arithmetic"
    pattern = re.compile(r"how many legs are there in total if you have (\d+ [^?]+)\?")
    hard = {"min_animals": 20, "max_animals": 30, "min_instances": 64, "max_instances": 256}

    def params(self, difficulty, rng):
        animals, top = round(2 * 15**difficulty), round(9 * (256 / 9) ** difficulty)
        return {
            "min_animals": max(1, animals // 2), "max_animals": animals,
            "min_instances": max(1, top // 8), "max_instances": top,
        }  # fmt: skip

    def expert(self, problem: Problem) -> Solution:
        total, lines = 0, []
        for entry in self.pattern.search(problem.text)[1].split(", "):
            line, total = _line(entry, total)
            lines.append(line)
        return Solution.of(lines, total)

    def check(self, text, previous, step):
        entries = self.pattern.search(text)[1].split(", ")
        if ";" not in step:
            return None
        if len(previous) >= len(entries):
            return False
        total = int(re.split("[;=]", previous[-1])[-1]) if previous else 0
        due, value = _line(entries[len(previous)], total)
        return step in (due, f"{due.partition(';')[0]};{value}")
