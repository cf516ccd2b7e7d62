"""binary_alternation: the fewest swaps that make a binary string alternate.

One line holds ten bits, numbered, those of them at odd places (first, third …) and how many ones there were so far
at such places, then the same for even places: `3:0110010011:01001:7,10101:9`. Then follow the number of bits, the
ones and the zeros. With one more 1 than 0 the ones at even places must move, with one less those at odd places,
with as many the fewer of both; else it is -1.
"""

import re

from microreason.solution import Problem, Solution
from microreason.tasks.base import GymTask

_CHUNK = re.compile(r"(\d+):[01]{1,10}:[01]{1,5}:(\d+),[01]{,5}:(\d+)")


def _chunk(bits, number, before):
    """The line of ten bits with this number, after the counts before."""
    part = bits[10 * number - 10 : 10 * number]
    odd, even = part[::2], part[1::2]
    first, second = before[0] + odd.count("1"), before[1] + even.count("1")
    return f"{number}:{part}:{odd}:{first},{even}:{second}", (first, second)


class BinaryAlternation(GymTask):
    name, category, determined = "binary_alternation", "algorithmic", True
    pattern = re.compile(r"minimum number of swaps to make the following binary string alternating: ([01]+)")
    hard = {"min_n": 50, "max_n": 500}

    def params(self, difficulty, rng):
        top = round(6 * (500 / 6) ** difficulty)
        return {"min_n": max(2, top // 4), "max_n": top}

    def expert(self, problem: Problem) -> Solution:
        bits, counts, lines = self.pattern.search(problem.text)[1], (0, 0), []
        for number in range(1, (len(bits) + 9) // 10 + 1):
            line, counts = _chunk(bits, number, counts)
            lines.append(line)
        ones = sum(counts)
        zeros = len(bits) - ones
        rest = len(bits) - 10 * number + 10
        lines.append(f"10*{number - 1}+{rest}={len(bits)}")
        lines += [f"{counts[0]}+{counts[1]}={ones}", f"{len(bits)}-{ones}={zeros}"]
        if ones == zeros:
            first, second = counts
            lines.append(f"{first}{'<' if first < second else '>' if first > second else '='}{second}")
            return Solution.of(lines, min(counts))
        return Solution.of(lines, counts[1] if ones == zeros + 1 else counts[0] if zeros == ones + 1 else -1)

    def check(self, text, previous, step):
        if not re.match(r"\d+:", step):
            return None
        last = _CHUNK.fullmatch(previous[-1]) if previous else None
        if previous and not last:
            return False
        number, before = (int(last[1]) + 1, (int(last[2]), int(last[3]))) if last else (1, (0, 0))
        bits = self.pattern.search(text)[1]
        return 10 * number - 10 < len(bits) and step == _chunk(bits, number, before)[0]
