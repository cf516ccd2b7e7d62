"""graph_color: colour a graph so that no edge joins two vertices of one colour, vertex by vertex.

A line `7 2:1,5:3;2` names a vertex, its neighbours with a smaller number and their colours, and takes the
lowest colour that is left. The library keeps only graphs where this succeeds. Does not go back where no
colour is left.
"""

import re

from microreason.solution import Problem, Solution
from microreason.tasks.base import GymTask


def _read(text):
    """Neighbours of each vertex among the smaller ones, and the number of colours."""
    vertices = re.search(r"\nVertices: \[([^]]*)\]", text)[1].split(", ")
    lower = {vertex: [] for vertex in vertices}
    for a, b in re.findall(r"\((\d+), (\d+)\)", re.search(r"\nEdges: (.*)", text)[1]):
        lower[max(a, b, key=int)].append(min(a, b, key=int))
    return lower, len(re.search(r"\nPossible colors: (.*)", text)[1].split(","))


class GraphColor(GymTask):
    name, category = "graph_color", "algorithmic"
    pattern = re.compile(r"^Please provide a coloring for this graph such that every vertex is not connected")
    hard = {"min_num_vertices": 10, "max_num_vertices": 20, "num_colors": 4}

    def params(self, difficulty, rng):
        top = round(4 + 16 * difficulty)
        return {
            "min_num_vertices": max(3, top // 2), "max_num_vertices": top, "num_colors": rng.choice([3, 4]),
            "edge_probability": 0.1 + rng.random() * 0.3 * (1 - difficulty),
        }  # fmt: skip

    def expert(self, problem: Problem) -> Solution:
        lower, colours = _read(problem.text)
        lines, colour = [], {}
        for vertex, others in lower.items():
            taken = {colour[other] for other in others}
            colour[vertex] = next((c for c in range(1, colours + 1) if c not in taken), 1)
            pairs = ",".join(f"{other}:{colour[other]}" for other in others)
            lines.append(f"{vertex} {pairs};{colour[vertex]}" if pairs else f"{vertex};{colour[vertex]}")
        return Solution.of(lines, "{" + ",".join(f'"{v}":{c}' for v, c in colour.items()) + "}")

    def check(self, text, previous, step):
        claim = re.fullmatch(r"(\d+)(?: ([\d:,]+))?;(\d+)", step)
        if not claim:
            return None
        lower, colours = _read(text)
        vertex, pairs, colour = claim.groups()
        known = dict(re.fullmatch(r"(\d+).*;(\d+)", line).groups() for line in previous)
        pairs = [pair.split(":") for pair in pairs.split(",")] if pairs else []
        if vertex in known or sorted(other for other, _ in pairs) != sorted(lower.get(vertex, [""])):
            return False
        right = all(known.get(other) == c for other, c in pairs)
        return right and 1 <= int(colour) <= colours and colour not in [c for _, c in pairs]
