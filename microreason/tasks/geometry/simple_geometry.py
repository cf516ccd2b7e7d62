"""simple_geometry: the last interior angle of a convex polygon.

180 degrees times the sides less two, the sum of the known angles one by one, and their difference.
Angles are whole numbers of degrees, as in all problems of the task.
"""

import re

from microreason.solution import Problem, Solution
from microreason.tasks.base import GymTask


class SimpleGeometry(GymTask):
    name, category = "simple_geometry", "geometry"
    pattern = re.compile(
        r"^(?:Given a convex polygon with|A convex polygon has|Consider a convex) (\d+)(?: sides|-gon).*"
        r"interior angles are: ([\d.°, ]+)\. "
    )
    hard = {"min_sides": 10, "max_sides": 15}

    def params(self, difficulty, rng):
        sides = rng.randint(round(3 + 5 * difficulty), round(3 + 12 * difficulty))
        return {"min_sides": sides, "max_sides": sides, "max_angle": round(80 + 90 * min(1, 2 * difficulty))}

    def expert(self, problem: Problem) -> Solution:
        sides, angles = self.pattern.search(problem.text).groups()
        sides, (total, *angles) = int(sides), [round(float(a)) for a in re.findall(r"[\d.]+", angles)]
        whole = 180 * (sides - 2)
        lines = [f"{sides}-2={sides - 2}", f"180*{sides - 2}={whole}"]
        for angle in angles:
            lines.append(f"{total}+{angle}={total + angle}")
            total += angle
        return Solution.of([*lines, f"{whole}-{total}={whole - total}"], whole - total)
