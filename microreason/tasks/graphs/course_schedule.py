"""course_schedule: whether all courses can be taken, by depth-first search for a circle of prerequisites.

A line `28:7` goes from a course to the first of its prerequisites, as listed, that is not done; `7.` says
that all those of course 7 are done, so course 7 is done and the search goes back to the course that led to
it. Each search begins at the lowest course not done. `28:7!` meets a course that was begun and is not done: a
circle, so the answer is False. Does not list the courses of the circle.
"""

import re

from microreason.solution import Problem, Solution
from microreason.tasks.base import GymTask


def _read(text):
    needs = {str(i): [] for i in range(int(re.search(r"There are a total of (\d+) courses", text)[1]))}
    for course, needed in re.findall(r"\((\d+), (\d+)\)", text):
        needs[course].append(needed)
    return needs


def _replay(lines):
    """The courses begun and not done, and the courses done."""
    stack, done = [], set()
    for line in lines:
        course = re.match(r"\d+", line)[0]
        if not stack:
            stack.append(course)
        if line.endswith("."):
            done.add(stack.pop())
        elif not line.endswith("!"):
            stack.append(line.partition(":")[2])
    return stack, done


class CourseSchedule(GymTask):
    name, category = "course_schedule", "graphs"
    pattern = re.compile(r"^There are a total of \d+ courses you have to take, labeled from 0 to ")
    hard = {
        "min_num_courses": 25, "max_num_courses": 50, "min_num_prerequisites": 3, "max_num_prerequisites": 4,
        "min_cycle_length": 3, "max_cycle_length": 4,
    }  # fmt: skip

    def params(self, difficulty, rng):
        top = round(4 * (50 / 4) ** difficulty)
        return {
            "min_num_courses": max(3, top // 2), "max_num_courses": top,
            "min_num_prerequisites": 1 + round(2 * difficulty), "max_num_prerequisites": 2 + round(2 * difficulty),
            "min_cycle_length": 3, "max_cycle_length": 4,
        }  # fmt: skip

    def expert(self, problem: Problem) -> Solution:
        needs, lines, stack, done = _read(problem.text), [], [], set()
        for first in needs:
            if first not in done:
                stack.append(first)
            while stack:
                course = stack[-1]
                needed = next((n for n in needs[course] if n not in done), None)
                if needed in stack:
                    return Solution.of([*lines, f"{course}:{needed}!"], False)
                lines.append(f"{course}:{needed}" if needed else f"{course}.")
                stack.append(needed) if needed else done.add(stack.pop())
        return Solution.of(lines, True)

    def check(self, text, previous, step):
        claim = re.fullmatch(r"(\d+)(?:\.|:(\d+)(!?))", step)
        if not claim:
            return None
        needs = _read(text)
        stack, done = _replay(previous)
        course, needed, circle = claim.groups()
        if course not in needs or course in done or (stack and stack[-1] != course):
            return False
        if needed is None:
            return done.issuperset(needs[course])
        return needed in needs[course] and needed not in done and (needed in [*stack, course]) == bool(circle)
