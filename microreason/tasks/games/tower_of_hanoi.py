"""tower_of_hanoi: the shortest way to move a tower of disks, one at a time, over three or four pegs.

The first line is the task: disks, from peg, to peg, and after the slash the free pegs (`=1-6 12/34`). With two free
pegs a tower is split: the small disks go to a free peg, the others to their goal without that peg, the small ones
after them; each line splits all such towers of the line before. A line of pegs, disk 1 first, is the start
(`:111111`). Then each tower in turn is named again (` 4-6 12/4`) and moved disk by disk: `4:111311` says which disk
moves and where all are afterwards. The tower's smallest disk makes every second move, in one round of its pegs; the
move between is the only one possible without it. Does not cover more than four pegs or ten disks.
"""

import re

from microreason.solution import Problem, Solution
from microreason.tasks.algorithmic.replay import follows, write
from microreason.tasks.base import GymTask

_SMALL = (0, 0, 1, 1, 2, 3, 3, 4, 5, 6, 6)  # how many disks of a tower go to a free peg first, by its height
_TOWER = re.compile(r"(\d+)(?:-(\d+))? (\d)(\d)/(\d*)")


def _name(low, high, source, goal, free):
    return (f"{low}-{high}" if high > low else f"{low}") + f" {source}{goal}/{free}"


def _parse(tower):
    low, high, source, goal, free = _TOWER.fullmatch(tower).groups()
    return int(low), int(high or low), source, goal, free


def _split(tower):
    low, high, source, goal, free = _parse(tower)
    if high == low or len(free) < 2:
        return [tower]
    middle, via, rest = low + _SMALL[high - low + 1], free[0], free[1:]
    return [
        _name(low, middle - 1, source, via, goal + rest),
        _name(middle, high, source, goal, rest),
        _name(low, middle - 1, via, goal, source + rest),
    ]


def _moves(tower, state):
    """Yields the lines that move a tower; returns the last state."""
    low, high, source, goal, free = _parse(tower)
    cycle = source + goal + free[:1] if (high - low) % 2 == 0 else source + free[:1] + goal
    for number in range(1, 2 ** (high - low + 1)):
        if number % 2:
            disk, to = low, cycle[(cycle.find(state[low - 1]) + 1) % len(cycle)]
        else:
            others = cycle.replace(state[low - 1], "")
            tops = [next((d for d in range(low, high + 1) if state[d - 1] == peg), 99) for peg in others]
            disk, to = min(tops), others[tops[0] < tops[1]]
        if disk < 99:
            line = yield f"{disk}:{state[: disk - 1]}{to}{state[disk:]}"
            state = line.partition(":")[2]
    return state


def _walk(disks, pegs, source, goal):
    free = "".join(str(p) for p in range(1, pegs + 1) if str(p) not in source + goal)
    line = yield "=" + _name(1, disks, source, goal, free)
    while (split := [part for tower in line[1:].split(",") for part in _split(tower)]) != line[1:].split(","):
        line = yield "=" + ",".join(split)
    state = yield ":" + source * disks
    state = state[1:]
    for tower in split:
        name = yield " " + tower
        state = yield from _moves(name[1:], state)


class TowerOfHanoi(GymTask):
    name, category = "tower_of_hanoi", "games"
    pattern = re.compile(
        r"^Solve the Tower of Hanoi problem with (\d+) disks and (\d+) pegs\.\nMove all disks from Peg (\d) to Peg (\d)"
    )
    hard = {"min_disks": 5, "max_disks": 10, "min_pegs": 3, "max_pegs": 4}

    def params(self, difficulty, rng):
        pegs = rng.choice((3, 4))
        disks = rng.randint(1, 2 + round((6 if pegs == 3 else 8) * difficulty))  # 2**disks-1 moves over three pegs
        return {"min_disks": disks, "max_disks": disks, "min_pegs": pegs, "max_pegs": pegs}

    def _read(self, text):
        disks, pegs, source, goal = self.pattern.search(text).groups()
        return int(disks), int(pegs), source, goal

    def expert(self, problem: Problem) -> Solution:
        lines, _ = write(_walk(*self._read(problem.text)))
        moves, state = [], ""
        for line in lines:
            disk, colon, after = line.partition(":")
            if disk and colon:
                at = int(disk) - 1
                moves.append(f"Move disk {disk} from Peg {state[at]} to Peg {after[at]}")
            state = after or state
        return Solution.of(lines, "\n".join(moves))

    def check(self, text, previous, step):
        if not re.fullmatch(r"[= ]\d.*|\d*:\d+", step):
            return None
        return follows(_walk(*self._read(text)), previous, step)
