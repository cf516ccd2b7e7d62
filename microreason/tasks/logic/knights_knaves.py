"""knights_knaves: who of a few people always tells the truth and who always lies, from what each of them says.

The path gives each person a capital letter, writes each statement as a formula (`A` A is truthful, `a` A lies, `-` not,
`&` and, `|` or, `>` if-then, `~` if and only if), then tries the assignments from all truthful to all lying:
`101A:(0|1)&1=1&1=1` is the value of what A says where A and C are truthful. A value unlike the speaker's own digit
ends the attempt; the first assignment in which all agree is the answer. Does not cover puzzles with several solutions.
"""

import re
from itertools import product

from microreason.solution import Problem, Solution
from microreason.tasks.base import GymTask

_GROUP = re.compile(r"-?\([01](?:[&|>~][01])+\)|-[01]")
_VALUE = re.compile(r"(\d+)([A-Z]):([-\d&|>~()=]+)")
_LETTERS = "ABCDEFGH"


def _read(text):
    names = re.split(r",? and |, ", re.search(r"inhabitants: ([^.]*)\.", text)[1].replace(", and ", " and "))
    asked = re.search(r"So who is (an? (\w+)) and who is (an? (\w+))\?", text)
    leaf = rf"(?:{'|'.join(names)}) is an? (?:{asked[2]}|{asked[4]})"
    part = rf"[()]|it is not the case that | if and only if |if | then | and | or |{leaf}"
    signs = {" if and only if ": "~", "if ": "", " then ": ">", " and ": "&", " or ": "|"}
    signs["it is not the case that "] = "-"
    formulas = []
    for said in re.finditer(rf"(?:{part})+", text[text.index("inhabitants: ") : asked.start()]):
        if re.search(leaf, said[0]):
            formula = ""
            for piece in re.findall(part, said[0]):
                if " is a" in piece:
                    letter = _LETTERS[names.index(piece.split()[0])]
                    piece = letter if piece.endswith(" " + asked[2]) else letter.lower()
                formula += signs.get(piece, piece)
            formula = re.sub(r"\(([A-Za-z])\)", r"\1", formula)
            formulas.append(re.sub(r"\((-\([^()]*\)|-[A-Za-z])\)", r"\1", formula))
    return names, formulas, (asked[1], asked[3])


def _bit(expression):
    """Value of one flat group such as `-(0|1|1)`, `-1` or `1>0`."""
    bits = [int(b) for b in re.findall(r"[01]", expression)]
    op = next((c for c in expression if c in "&|>~"), "&")
    value = {"&": all(bits), "|": any(bits), ">": bits[0] <= bits[-1], "~": bits[0] == bits[-1]}[op]
    return str(int(value != expression.startswith("-")))


def _evaluate(formula, bits):
    chain = [re.sub("[A-Za-z]", lambda m: "01"[m[0].isupper() == (bits[_LETTERS.index(m[0].upper())] == "1")], formula)]
    while len(chain[-1]) > 1:
        last = chain[-1]
        chain.append(_GROUP.sub(lambda m: _bit(m[0]), last) if _GROUP.search(last) else _bit(last))
    return chain


def _due(previous, people):
    """Assignment and letter of the next evaluation: the next letter while it fits, else the next assignment."""
    last = next((m for line in reversed(previous) if (m := _VALUE.fullmatch(line))), None)
    if last is None:
        return "1" * people, "A"
    place = _LETTERS.index(last[2])
    if last[3].endswith(last[1][place]):
        return last[1], _LETTERS[place + 1]
    return f"{int(last[1], 2) - 1:0{people}b}", "A"


class KnightsKnaves(GymTask):
    name, category, spaced = "knights_knaves", "logic", True
    pattern = re.compile(r"^A very special island is inhabited only by ")
    hard = {"n_people": 3, "depth_constraint": 3, "width_constraint": 3}

    def params(self, difficulty, rng):
        people, depth, width = (2 + (rng.random() < difficulty) for _ in range(3))  # less never has one solution
        return {"n_people": people, "depth_constraint": depth, "width_constraint": width}

    def expert(self, problem: Problem) -> Solution:
        names, formulas, roles = _read(problem.text)
        letters = _LETTERS[: len(names)]
        lines = [",".join(f"{c} {name}" for c, name in zip(letters, names, strict=True))]
        lines += [f"{c}:{formula}" for c, formula in zip(letters, formulas, strict=True)]
        for bits in map("".join, product("10", repeat=len(names))):
            for c, formula, own in zip(letters, formulas, bits, strict=True):
                chain = _evaluate(formula, bits)
                lines.append(f"{bits}{c}:{'='.join(chain)}")
                if chain[-1] != own:
                    break
            else:
                said = [f"{name} is {roles[bit == '0']}" for name, bit in zip(names, bits, strict=True)]
                return Solution.of(lines, ", ".join(said[:-1]) + ", and " + said[-1])
        raise ValueError("no assignment is consistent")

    def check(self, text, previous, step):
        names, formulas, _ = _read(text)
        if re.match(r"[A-Z] [A-Z]", step):
            return step == ",".join(f"{c} {name}" for c, name in zip(_LETTERS, names, strict=False))
        if value := _VALUE.fullmatch(step):
            if (value[1], value[2]) != _due(previous, len(names)):
                return False
            chain, truth = value[3].split("="), _evaluate(formulas[_LETTERS.index(value[2])], value[1])
            return chain[0] == truth[0] and chain[-1] == truth[-1] and set(chain) <= set(truth)
        if re.match(r"[A-Z]:", step):
            return step in [f"{c}:{formula}" for c, formula in zip(_LETTERS, formulas, strict=False)]
        return None
