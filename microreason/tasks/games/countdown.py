"""countdown: make a target from all of some numbers by + - * /, each number used once.

A line such as `4 8 35;82 91` sets three numbers apart, the core. Lines `8 35:43 27 280` give the results of two of
them by + - * and, where it comes out even, / (the larger by the smaller), and each result with the third number
(`43 4:47 39 172`). Lines `119<82,91:37 201` go back from the target: what is needed so that it gives 119 with 82, 91
left over; the needs come from / - + * in this order, and x/need last. A need that three core numbers make ends the
search (`!`), and lines such as `35-8=27` give the way forwards. From seven numbers on, products of two
numbers besides the core come first and the two nearest the target are tried. Products of two numbers above ten are
left out if above 1,000. With six numbers or more, only the number nearest to the target and two needs are tried.
Cores of small numbers come first; from the third on, the expert takes one that it knows to work (hindsight).
"""

import re
from functools import lru_cache
from itertools import combinations

from microreason.solution import Problem, Solution
from microreason.tasks.algorithmic.replay import write
from microreason.tasks.base import GymTask

_CORE = re.compile(r"(\d+ \d+ \d+)(?:;(\d+(?: \d+)*))?")
_RESULTS = re.compile(r"(\d+) (\d+):(\d+(?: \d+)*)")
_NEEDS = re.compile(r"(\d+)<(\d+)(?:,(\d+(?: \d+)*))?:(\d+(?: \d+)*)(!?)")
_EASY, _ANY = 1000, 10**9


def _less(numbers, *gone):
    left = sorted(numbers)
    for number in gone:
        if number in left:
            left.remove(number)
    return left


def _feasible(a, b, top):
    return min(a, b) <= 10 or a * b <= top


def _results(a, b, top):
    """Signs by result, the larger number standing first."""
    a, b = max(a, b), min(a, b)
    out = {a + b: "+"}
    out.setdefault(a - b, "-")
    if _feasible(a, b, top):
        out.setdefault(a * b, "*")
    if b and a % b == 0:
        out.setdefault(a // b, "/")
    return out


def _needs(target, x, top):
    """What makes the target with x: by need, the sign between and whether x stands first."""
    out = {}
    if target % x == 0:
        out[target // x] = ("*", False)
    out.setdefault(abs(target - x), ("+", False) if target >= x else ("-", True))
    out.setdefault(target + x, ("-", False))
    if _feasible(target, x, top):
        out.setdefault(target * x, ("/", False))
    if target and x % target == 0:
        out.setdefault(x // target, ("/", True))
    return {need: way for need, way in out.items() if need or way[0] != "/"}


def _words(values):
    return " ".join(map(str, values))


def _join(a, sign, b, value):
    """A claim about two values, each with its expression, and the value with its own."""
    texts = [text if text.isdigit() else f"({text})" for _, text in (a, b)]
    return f"{a[0]}{sign}{b[0]}={value}", (value, f"{texts[0]}{sign}{texts[1]}")


def _core_lines(core, top):
    """Yields the lines for a core; returns, by what three numbers make, two claims and the value's expression."""
    made = {}
    for third in (2, 1, 0):
        a, b = core[:third] + core[third + 1 :]
        first = _results(a, b, top)
        yield f"{a} {b}:{_words(first)}"
        for middle, sign in first.items():
            claim, node = _join((max(a, b), str(max(a, b))), sign, (min(a, b), str(min(a, b))), middle)
            last = _results(middle, core[third], top)
            yield f"{middle} {core[third]}:{_words(last)}"
            pair = sorted([node, (core[third], str(core[third]))], key=lambda n: -n[0])
            for value, second in last.items():
                end, full = _join(pair[0], second, pair[1], value)
                made.setdefault(value, ([claim, end], full))
    return made


def _search(target, rest, made, narrow, top):
    """Goes back from the target; returns the way found, from the target on, as need, sign and place, and number."""
    for x in sorted(set(rest), key=lambda x: abs(target - x))[: 1 if narrow else None]:
        left, needs = _less(rest, x), _needs(target, x, top)
        hit = next((need for need in needs if need in made), None) if not left else None
        shown = list(needs)[: list(needs).index(hit) + 1] if hit is not None else needs
        head = f"{target}<{x}" + (f",{_words(left)}" if left else "")
        yield f"{head}:{_words(shown)}" + ("!" if hit is not None else "")
        if hit is not None:
            return [(hit, needs[hit], x)]
        for need in list(needs)[: 2 if narrow else None] if left else ():
            if way := (yield from _search(need, left, made, narrow, top)):
                return [(need, needs[need], x), *way]
    return None


def _attempt(target, numbers, core, narrow, top):
    """Yields the lines with this core; returns the answer or None."""
    rest = _less(numbers, *core)
    yield _core_line(core, rest)
    made = yield from _core_lines(core, top)
    if not rest:
        claims, node = made.get(target, ([], None))
        for claim in claims:
            yield claim
        return node and node[1]
    starts = [(rest, {})]
    if len(rest) > 3:
        pairs = sorted({p for p in combinations(rest, 2) if p[0] * p[1] <= _EASY})
        for x, y in pairs:
            yield f"{x}*{y}={x * y}"
        near = sorted(pairs, key=lambda p: abs(target - p[0] * p[1]))[:2]
        starts = [(sorted([*_less(rest, x, y), x * y]), {x * y: f"{x}*{y}"}) for x, y in near] or starts
    for numbers_left, products in starts:
        if way := (yield from _search(target, numbers_left, made, narrow, top)):
            parts = products
            break
    else:
        return None
    claims, node = made[way[-1][0]]
    for claim in claims:
        yield claim
    goals = [target] + [need for need, _, _ in way]
    for goal, (_, (sign, first), x) in reversed(list(zip(goals, way, strict=False))):
        other = (x, parts.pop(x, str(x)))
        claim, node = _join(other, sign, node, goal) if first else _join(node, sign, other, goal)
        yield claim
    return node[1]


@lru_cache(maxsize=16)
def _tries(numbers):
    """The searches in their order: every core, smallest numbers first, in a narrow search, then in wider ones.

    Each with its first line.
    """
    cores = sorted(set(combinations(numbers, 3)), key=lambda core: (sum(core), core))
    cores = [(_core_line(core, _less(numbers, *core)), core) for core in cores]
    narrow = len(numbers) > 5
    return [(line, core, *how) for how in ((narrow, _EASY), (narrow, _ANY), (False, _ANY)) for line, core in cores]


def _core_line(core, rest):
    return _words(core) + (f";{_words(rest)}" if rest else "")


def _due(target, numbers, lines):
    """The lines that may follow, None among them at the end; None after a line that was not due.

    The first two searches are those of the narrow kind; the next may be any other.
    """
    tries, blocks = _tries(numbers), []
    fixed = min(2, len({line for line, *_ in tries}))
    for line in lines:
        blocks += [[]] if _CORE.fullmatch(line) or not blocks else []
        blocks[-1].append(line)
    due = {None}
    for k, block in enumerate([*blocks, []]):
        options = tries[k : k + 1] if k < fixed else tries[fixed:]
        if None in due:
            due |= {line for line, *_ in options}
        if not block:
            return due
        if block[0] not in due:
            return None
        walks, due = [_attempt(target, numbers, *rest) for line, *rest in options if line == block[0]], set()
        for walk in walks:
            if all(next(walk, None) == line for line in block):
                due.add(next(walk, None))
        if ("=" in block[-1] and None in due) or not due:
            return due or None


class Countdown(GymTask):
    name, category = "countdown", "games"
    pattern = re.compile(
        r"^(?:Using all the numbers (?P<a>[\d, ]+), create an expression that equals (?P<b>\d+)"
        r"|(?:Find a way to make|Calculate) (?P<c>\d+) using all of these numbers: (?P<d>[\d, ]+))"
    )
    hard = {"min_numbers": 3, "max_numbers": 9, "min_target": 100, "max_target": 1000, "min_value": 1, "max_value": 100}

    def params(self, difficulty, rng):
        numbers = rng.randint(3, 3 + round(6 * difficulty))
        top = round(10 * 10 ** min(1, 2 * difficulty))
        return {
            "min_numbers": numbers, "max_numbers": numbers, "min_value": 1, "max_value": top,
            "min_target": top, "max_target": 10 * top,
        }  # fmt: skip

    def _read(self, text):
        found = self.pattern.search(text)
        numbers = map(int, (found["a"] or found["d"]).split(", "))
        return int(found["b"] or found["c"]), tuple(sorted(numbers))

    def expert(self, problem: Problem) -> Solution:
        target, numbers = self._read(problem.text)
        tries, lines = _tries(numbers), []
        cores = len({line for line, *_ in tries})
        for i, (_, *option) in enumerate(tries):
            more, answer = write(_attempt(target, numbers, *option))
            if answer or i < min(2, cores):
                lines += more
            if answer:
                return Solution.of(lines, answer)
        raise ValueError("no expression found")

    def check(self, text, previous, step):
        target, numbers = self._read(text)
        due = _due(target, numbers, previous)
        if due is not None:
            return step in due
        if found := _CORE.fullmatch(step):
            core = sorted(int(n) for n in found[1].split())
            rest = _less(numbers, *core)
            return len(rest) == len(numbers) - 3 and step == _core_line(core, rest)
        starts = [i for i, line in enumerate(previous) if _CORE.fullmatch(line)]
        found = _RESULTS.fullmatch(step) or _NEEDS.fullmatch(step)
        if not found or not starts:
            return None
        core, rest = (_numbers(part) for part in _CORE.fullmatch(previous[starts[-1]]).groups())
        lines = previous[starts[-1] + 1 :]
        firsts, made = [], set()
        for line in filter(None, map(_RESULTS.fullmatch, lines)):
            a, b = int(line[1]), int(line[2])
            if not _less([a, b], *core) and len(_less(core, a, b)) == 1:
                firsts += [(value, *_less(core, a, b)) for value in _numbers(line[3])]
            if (a, b) in firsts:
                made |= set(_numbers(line[3]))
        a, b = int(found[1]), int(found[2])
        if found.re is _RESULTS:
            known = not _less([a, b], *core) or (a, b) in firsts
            return known and any(_numbers(found[3]) == list(_results(a, b, top)) for top in (_EASY, _ANY))
        states = [(target, rest)]
        for line in lines:
            if product := re.fullmatch(r"(\d+)\*(\d+)=(\d+)", line):
                x, y, z = map(int, product.groups())
                states.append((target, sorted([*_less(rest, x, y), z])))
            elif needs := _NEEDS.fullmatch(line):
                states += [(need, _numbers(needs[3])) for need in _numbers(needs[4])]
        left = _numbers(found[3])
        for top in (_EASY, _ANY):
            values = list(_needs(a, b, top))
            hit = next((i for i, value in enumerate(values) if value in made), None) if not left else None
            shown = values if hit is None else values[: hit + 1]
            if _numbers(found[4]) == shown and bool(found[5]) == (hit is not None):
                return (a, sorted([b, *left])) in states
        return False


def _numbers(words):
    return [int(n) for n in (words or "").split()]
