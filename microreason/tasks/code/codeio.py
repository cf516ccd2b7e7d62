"""codeio: what a function returns for some input, or an input for which it returns some output.

Where the code is plain enough, the lines follow it: trace.py says what they are and which code it follows (without
running any). For a wanted input the first lines are the input, ` n=7` for each parameter: a guess that nothing
explains, taken from the metadata, and what follows shows that it gives the output. Other code has no lines, and the
answer comes from the metadata. The library runs code that was written by a model to make a problem, some of it with
random numbers, so chance is seeded; what cannot be written as JSON is drawn again. Does not cover classes or modules.
"""

import ast
import json
import random
import re
from contextlib import chdir, redirect_stdout
from functools import lru_cache
from io import StringIO
from tempfile import TemporaryDirectory

import numpy as np

from microreason.solution import Problem, Solution
from microreason.tasks.base import GymTask
from microreason.tasks.code.trace import follow

_CODE = "\nTip: Here is a reference code snippet for this question. You can refer to this code to guide your reasoning "
_INPUT = re.compile(r"\nGiven the following input:\n\n(.*)\n\nCan you predict the output without writing", re.S)
_LONGEST = 400


def _read(text):
    """The code, and the text of the inputs where they are given."""
    question, _, code = text.rpartition(_CODE)
    found = _INPUT.search(question)
    return code.partition("\n\n")[2], found and found[1]


def _names(code):
    """The parameters of the main function."""
    main = [node for node in ast.parse(code).body if getattr(node, "name", "") == "main_solution"]
    return [a.arg for a in main[-1].args.args]


@lru_cache(maxsize=16)
def _rows(difficulty):
    """The library's rows of a difficulty. It keeps one list for all its data sets, that of the latest."""
    from reasoning_gym.code.codeio import CodeIOConfig, CodeIODataset

    CodeIODataset(CodeIOConfig(seed=0, size=1, difficulty=difficulty))
    return CodeIODataset._jsonl_data


class CodeIo(GymTask):
    name, category, unexplained = "codeio", "code", True
    pattern = re.compile(r"^\s*You are given a question that requires some input and output variables as follows:")
    hard = {"difficulty": 7}

    def params(self, difficulty, rng):
        return {"difficulty": rng.choice((6, None, 7)[round(difficulty) :][:2])}

    def _draw(self, seed, index, level):
        """One problem, None where its answer cannot be written."""
        from reasoning_gym.code.codeio import CodeIODataset

        if isinstance(level, str):
            difficulty = self.hard["difficulty"] if level == "hard" else None
        else:
            difficulty = self.params(float(level), random.Random(f"{self.name}/{seed}/{index}"))["difficulty"]
        CodeIODataset._jsonl_data = _rows(difficulty)
        chance, numbers = random.getstate(), np.random.get_state()
        random.seed(f"{seed}/{index}")
        np.random.seed(random.getrandbits(32))
        try:
            with TemporaryDirectory() as away, chdir(away), redirect_stdout(StringIO()):  # some write files
                return super().generate(seed, index, level)
        except (TypeError, ValueError, OverflowError):
            return None
        finally:
            random.setstate(chance)
            np.random.set_state(numbers)

    def generate(self, seed, index, level):
        """For practice, the first of up to twelve problems that has an answer and is short enough."""
        most = None if isinstance(level, str) else 1500 * 6**level
        for k in range(12):
            problem = self._draw(seed, (index + 104_729 * k) % 1_000_000, level)
            fits = problem and (not most or len(problem.text) + 2 * len(problem.answer) <= most)
            if problem and (k == 11 or not most or (fits and problem.answer != "{}")):
                return problem.model_copy(update={"index": index})
        raise RuntimeError("the library wrote no problem in twelve attempts")

    def expert(self, problem: Problem) -> Solution:
        code, inputs = _read(problem.text)
        data = problem.data["metadata"]
        answer = json.dumps(data["output_data"] if inputs else data["input_data"])
        guess = [] if inputs else [f" {name}={value!r}" for name, value in data["input_data"].items()]
        found = follow(code, inputs or repr(data["input_data"]))
        if not found or json.dumps(found[0], default=str) != json.dumps(data["output_data"]):
            return Solution.of([], answer)
        return Solution.of([] if sum(map(len, guess)) > _LONGEST else [*guess, *found[1]], answer)

    def check(self, text, previous, step):
        code, inputs = _read(text)
        known = 0
        if not inputs:
            names = _names(code)
            known = len(names)
            if len(previous) < known:
                return None
            given = dict(line[1:].split("=", 1) for line in previous[:known])
            inputs = repr({name: ast.literal_eval(value) for name, value in given.items()})
        found = follow(code, inputs)
        if not found:
            return None
        return len(previous) - known < len(found[1]) and step == found[1][len(previous) - known]
