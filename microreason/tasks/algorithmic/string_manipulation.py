"""string_manipulation: apply the first rule that fits, again and again, until none fits or a string comes back.

The first line says what each rule looks for, `1^AC 2BCA 3BB$ 4#`: at the start, anywhere, at the end, an even
number of b's. Then a line is the string in capitals, in runs of ten that keep their labels a, b, c while rules
change them, after the numbers of the rules that were tried, of which the last one made it (0 at first): `123
aCBCABBACCA bBC`. Where a rule asks for the length, `n57` follows the numbers and a `.` stands before the middle
letter; where one counts the b's, `#12` says how many there are. For these there is first the string with the b's so
far after each run, and the length and the middle are worked out (`10*5+7=57`, `57=2*28+1`). The last line is all
rules' numbers and `-` (no rule fits) or `!` (the string was there before, so that the answer is the one before it).
Covers the library's twenty rules.
"""

import re

from microreason.solution import Problem, Solution
from microreason.tasks.base import GymTask

RUN = 10
# where a rule looks -> what it writes there, before the string and after it
_CHANGES = {
    "^ab": ("ca", "", ""), "ac$": ("cb", "", ""), "^bc": ("", "", "aa"), "bb$": ("", "", ""), "^cb": ("aa", "", ""),
    "^ca": ("bb", "", "c"), "cc$": ("b", "a", ""), "^aa": ("a", "", ""), "abc": ("cab", "", ""), "bca": ("", "", ""),
    "ba$": ("ab", "", ""), "^cc": ("", "", ""), "acb": ("bca", "", ""), "ca$": ("c", "", ""), "^bb": ("b", "", ""),
    "aa$": ("cc", "", ""), "(?!^)ca": ("", "", ""), "^ac": ("zz", "", ""),
}  # fmt: skip
_RULE = re.compile(
    r"(?m)^\d+\. If the string (prefix|suffix|starts|ends|contains|length)\D*?(?:'(\w+)'|an even|\d)(.*)"
)
_STATE = re.compile(r"(\d+)(?:n\d+)?(?:#\d+)?((?: [a-z][A-Z.]*)*)")


def _read(text):
    """The rules, as keys of _CHANGES, "even" or "length", and the string with the label of each letter."""
    rules = []
    for kind, letters, rest in _RULE.findall(text):
        if not letters:
            rules.append("length" if kind == "length" else "even")
        elif "not at the start" in rest:
            rules.append("(?!^)" + letters)
        else:
            rules.append("^" * (kind in ("prefix", "starts")) + letters + "$" * (kind in ("suffix", "ends")))
    string = text.strip().rpartition("\n")[2].strip()
    return rules, [(c, chr(97 + i // RUN)) for i, c in enumerate(string)]


def _replace(state, start, end, new):
    """The state with other letters from start to end; new ones take over labels, or the label beside them."""
    labels = [label for _, label in state[start:end]]
    beside = labels[-1:] or [label for _, label in state[start - 1 : start] or state[:1]] or ["a"]
    labels += beside * len(new)
    return state[:start] + list(zip(new, labels, strict=False)) + state[end:]


def _apply(rules, state):
    """Number of the first rule that fits and the state after it; None and the same state where none fits."""
    string = "".join(c for c, _ in state)
    for number, rule in enumerate(rules, 1):
        if rule == "length":
            if len(state) > 15:
                return number, _replace(state, len(state) // 2, len(state) // 2 + 1, "")
        elif rule == "even":
            if string.count("b") and string.count("b") % 2 == 0:
                return number, _replace(state, len(state), len(state), "ab")
        elif found := re.search(rule, string):
            new, front, back = _CHANGES[rule]
            last = len(state) - (rule == "^cb" and len(state) > 2)  # this rule drops the last letter, too
            state = _replace(_replace(state[:last], last, last, back), *found.span(), new)
            return number, _replace(state, 0, 0, front)
    return None, state


def _runs(state, point=None, count=False):
    out, label = "", None
    for i, (c, own) in enumerate(state):
        out += (f" {own}" if own != label else "") + "." * (i == point) + c.upper()
        label = own
        if count and (i + 1 == len(state) or state[i + 1][1] != own):
            out += str(sum(c == "b" for c, _ in state[: i + 1]))
    return out


def _tried(number):
    """The numbers of the rules up to this one."""
    return "".join(str(i) for i in range(1, number + 1)) or "0"


def _line(number, rules, state):
    length = f"n{len(state)}" if "length" in rules else ""
    even = f"#{sum(c == 'b' for c, _ in state)}" if "even" in rules else ""
    return f"{_tried(number)}{length}{even}" + _runs(state, len(state) // 2 if length else None)


def _listed(rules):
    """What each rule looks for: `^AC` at the start, `BB$` at the end, `_CA` behind it, an even `#`, a length `n`."""
    signs = {"even": "#", "length": "n"}
    return " ".join(f"{i}{signs.get(rule) or rule.replace('(?!^)', '_').upper()}" for i, rule in enumerate(rules, 1))


def _start(rules, state):
    lines, size = [_listed(rules)], len(state)
    if "even" in rules or "length" in rules:
        lines.append(_runs(state, count="even" in rules))
    if "length" in rules:
        lines += [f"{RUN}*{size // RUN}+{size % RUN}={size}", f"{size}=2*{size // 2}+{size % 2}"]
        lines.append(f"{size // 2}={RUN}*{size // 2 // RUN}+{size // 2 % RUN}")
    return [*lines, _line(0, rules, state)]


def _parse(line):
    """The state that a line says."""
    found = _STATE.fullmatch(line)
    return [(c, run[0]) for run in found[2].split() for c in run[1:].replace(".", "").lower()]


def _next(rules, lines):
    """The line after these ones, of which the last is a state."""
    states = [_parse(line) for line in lines if _STATE.fullmatch(line)]
    strings = ["".join(c for c, _ in state) for state in states]
    if strings[-1] in strings[:-1]:
        return "!"
    number, state = _apply(rules, states[-1])
    return _line(number, rules, state) if number else f"{_tried(len(rules))}-"


class StringManipulation(GymTask):
    name, category, spelled = "string_manipulation", "algorithmic", True
    pattern = re.compile(r"^Your job is to repeatedly transform a string according to a set of rules")
    hard = {"min_string_length": 50, "max_string_length": 100}

    def params(self, difficulty, rng):
        top, rules = round(6 * (100 / 6) ** difficulty), rng.randint(3, 4 + round(6 * difficulty))
        return {
            "min_string_length": max(5, top // 2), "max_string_length": top,
            "min_num_rules": rules, "max_num_rules": rules,
        }  # fmt: skip

    def generate(self, seed, index, level):
        """Practice problems are drawn again while nothing is left of the string: the grader refuses such an answer."""
        problem, drawn = super().generate(seed, index, level), seed
        while not problem.answer and not isinstance(level, str):
            drawn += 1_000_003
            problem = super().generate(drawn, index, level)
        return problem.model_copy(update={"seed": seed})

    def expert(self, problem: Problem) -> Solution:
        rules, state = _read(problem.text)
        lines = _start(rules, state)
        first = len(lines) - 1
        while lines[-1][-1] not in "-!":
            lines.append(_next(rules, lines[first:]))
        final = _parse(lines[-3] if lines[-1] == "!" else lines[-2])
        return Solution.of(lines, "".join(c for c, _ in final))

    def check(self, text, previous, step):
        rules, state = _read(text)
        start = _start(rules, state)
        if len(previous) < len(start):
            return step == start[len(previous)]
        if not _STATE.fullmatch(previous[-1]):
            return None
        return step == _next(rules, previous[len(start) - 1 :])
