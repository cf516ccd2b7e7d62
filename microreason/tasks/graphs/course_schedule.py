"""course_schedule: whether all courses can be taken, by depth-first search for a circle of prerequisites.

A line `28:7` goes from a course to the first of its prerequisites, as listed, that is not done; `7.` says
that all those of course 7 are done, so course 7 is done and the search goes back to the course that led to
it. Each search begins at the lowest course not done. `28:7!` meets a course that was begun and is not done: a
circle, so the answer is False. Does not list the courses of the circle.
"""

import re

from microreason.solution import Problem, Solution
from microreason.tasks.algorithmic.replay import follows, write
from microreason.tasks.base import GymTask


def _read(text):
    needs = {str(i): [] for i in range(int(re.search(r"There are a total of (\d+) courses", text)[1]))}
    for course, needed in re.findall(r"\((\d+), (\d+)\)", text):
        needs[course].append(needed)
    return needs


def _walk(needs):
    """Yields the lines; returns whether all courses can be taken."""
    stack, done = [], set()
    while stack or len(done) < len(needs):
        if not stack:
            stack.append(next(course for course in needs if course not in done))
        needed = next((n for n in needs[stack[-1]] if n not in done), None)
        line = yield f"{stack[-1]}:{needed}{'!' * (needed in stack)}" if needed else f"{stack[-1]}."
        if line.endswith("!"):
            return False
        if line.endswith("."):
            done.add(stack.pop())
        else:
            stack.append(line.partition(":")[2])
    return True


class CourseSchedule(GymTask):
    name, category, determined = "course_schedule", "graphs", True
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
        return Solution.of(*write(_walk(_read(problem.text))))

    def check(self, text, previous, step):
        return follows(_walk(_read(text)), previous, step)
