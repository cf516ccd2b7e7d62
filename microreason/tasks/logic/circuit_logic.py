"""circuit_logic: the output of a circuit that is drawn with box characters.

One line a gate's input: the gate's inputs before it, the labels of the columns from the left up to the one that
branches off, then this input's value, `01EDC:1`, or with an inverter `01EDC:1>0`. After the inputs of a gate its line:
kind, inputs, output, and the outputs of all gates so far, as in ` nand 101 1 001`; for ` xor 1011 1101 0011` the
running parities instead of the output, the last one counts. The last line is the final gate, ` and 0011 0`, whose
inputs are the outputs of the other gates. Does not cover gates with one input.
"""

import re

from microreason.solution import Problem, Solution
from microreason.tasks.base import GymTask

_BRANCH = re.compile(r"[├└]─")
_KIND = {"&&": "and", "↑↑": "nand", "⊕⊕": "xor"}


def _read(text):
    """Labels from the left with values, the gates as (kind, [(column, inverted)]), and the final gate's kind."""
    values = re.findall(r"(?m)^  ([A-Z]+) = ([01])$", text)[::-1]
    width = max(len(label) for label, _ in values) + 2
    diagram = text[: text.index("Legend")].split("\n")[2 + len(values) :]
    gates, inputs = [], []
    column = width + 2 * len(values) + 5
    for row in diagram:
        if row[column : column + 2] in _KIND:
            branch = _BRANCH.search(row).start() - width
            inputs.append((branch // 2, row[column - 3] == "o"))
            kind = _KIND[row[column : column + 2]]
        elif inputs:
            gates.append((kind, inputs))
            inputs = []
    final = re.findall(r": ([A-Z]+)$", text[: text.index("\nGiven")], re.M)[-1].lower()
    return values, gates, final


def _gate(kind, bits):
    if kind == "xor":
        return f" xor {bits} " + "".join(str(bits[: i + 1].count("1") % 2) for i in range(len(bits)))
    value = "0" not in bits if kind in ("and", "nand") else "1" in bits
    return f" {kind} {bits} {int(value != kind.startswith('n'))}"


def _next(circuit, lines):
    """The line that follows, or None after the final gate."""
    values, gates, final = circuit
    done, outputs = 0, ""
    for kind, inputs in gates:
        mine = lines[done : done + len(inputs)]
        bits = "".join(line[-1] for line in mine)
        if len(mine) < len(inputs):
            column, inverted = inputs[len(mine)]
            value = values[column][1]
            walked = "".join(label for label, _ in values[: column + 1])
            return f"{bits}{walked}:{value}" + (f">{1 - int(value)}" if inverted else "")
        done += len(inputs) + 1
        if done > len(lines):
            line = _gate(kind, bits)
            return f"{line} {outputs}{line[-1]}"
        outputs += lines[done - 1][-1]
    return _gate(final, outputs) if len(lines) == done else None


class CircuitLogic(GymTask):
    name, category = "circuit_logic", "logic"
    pattern = re.compile(r"^Below is a randomly generated logic circuit\.")
    hard = {"min_terms": 10, "max_terms": 20, "min_inputs": 4, "max_inputs": 8}

    def params(self, difficulty, rng):
        return {
            "min_terms": 2 + round(8 * difficulty**2), "max_terms": 3 + round(17 * difficulty**2),
            "min_inputs": 2 + round(2 * difficulty), "max_inputs": 2 + round(6 * difficulty),
        }  # fmt: skip

    def expert(self, problem: Problem) -> Solution:
        circuit, lines = _read(problem.text), []
        while line := _next(circuit, lines):
            lines.append(line)
        return Solution.of(lines, lines[-1][-1])

    def check(self, text, previous, step):
        return step == _next(_read(text), previous)
