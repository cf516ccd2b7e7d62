"""graph_color: colour a graph so that no edge joins two vertices of one colour, vertex by vertex.

A line `7 2:1,5:3;2` names a vertex, its neighbours with a smaller number and their colours, and takes the
lowest colour that is left, 0 where none is. The library keeps only graphs where this succeeds. Does not go
back where no colour is left.
"""

import re

from microreason.solution import Problem, Solution
from microreason.tasks.algorithmic.replay import follows, last_number, write
from microreason.tasks.base import GymTask


def _read(text):
    """Neighbours of each vertex among the smaller ones, and the number of colours."""
    vertices = re.search(r"\nVertices: \[([^]]*)\]", text)[1].split(", ")
    lower = {vertex: [] for vertex in vertices}
    for a, b in re.findall(r"\((\d+), (\d+)\)", re.search(r"\nEdges: (.*)", text)[1]):
        lower[max(a, b, key=int)].append(min(a, b, key=int))
    return lower, len(re.search(r"\nPossible colors: (.*)", text)[1].split(","))


def _walk(text):
    """Yields the lines; returns the colour of each vertex."""
    (lower, colours), colour = _read(text), {}
    for vertex, others in lower.items():
        pairs = ",".join(f"{other}:{colour[other]}" for other in others)
        left = set(range(1, colours + 1)).difference(colour[other] for other in others)
        line = yield f"{vertex} {pairs}".strip() + f";{min(left, default=0)}"
        colour[vertex] = last_number(line, 0)
    return colour


class GraphColor(GymTask):
    name, category, determined = "graph_color", "algorithmic", True
    pattern = re.compile(r"^Please provide a coloring for this graph such that every vertex is not connected")
    hard = {"min_num_vertices": 10, "max_num_vertices": 20, "num_colors": 4}

    def params(self, difficulty, rng):
        top = round(4 + 16 * difficulty)
        return {
            "min_num_vertices": max(3, top // 2), "max_num_vertices": top, "num_colors": rng.choice([3, 4]),
            "edge_probability": 0.1 + rng.random() * 0.3 * (1 - difficulty),
        }  # fmt: skip

    def expert(self, problem: Problem) -> Solution:
        lines, colour = write(_walk(problem.text))
        return Solution.of(lines, "{" + ",".join(f'"{v}":{c}' for v, c in colour.items()) + "}")

    def check(self, text, previous, step):
        return follows(_walk(text), previous, step)
