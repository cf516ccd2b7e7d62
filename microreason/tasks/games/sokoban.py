"""sokoban: push every box onto a goal.

The first line has the place of the player, of the boxes and of the goals (`*3,2@4,5 6,6X5,5 7,1`: row and column from
0). Each later line is a walk that ends in pushing one box straight on, with the player and all boxes after it
(`DDRR*4,6@4,7 6,6`). The plan comes from a search over pushes, which the lines do not show: each line can be checked as
legal moves, and at the end every box is on a goal. The answer is all moves in a row.
Does not look for the fewest moves.
"""

import heapq
import re
from collections import deque

from microreason.solution import Problem, Solution
from microreason.tasks.base import GymTask

_STEP = {"U": (-1, 0), "L": (0, -1), "R": (0, 1), "D": (1, 0)}
_LINE = re.compile(r"([ULRD]+)\*(\d+,\d+)@(\d+,\d+(?: \d+,\d+)*)")


def _read(text):
    """Open cells, player, boxes and goals."""
    rows = [row.split() for row in text.rpartition("Here is your puzzle:\n")[2].split("\n")]
    cells = {(r, c): sign for r, row in enumerate(rows) for c, sign in enumerate(row) if sign != "+"}
    player, boxes, goals = ([cell for cell in cells if cells[cell] in signs] for signs in ("*%", "@$", "X%$"))
    return set(cells), player[0], frozenset(boxes), frozenset(goals)


def _add(cell, letter):
    return cell[0] + _STEP[letter][0], cell[1] + _STEP[letter][1]


def _back(cell, letter):
    return cell[0] - _STEP[letter][0], cell[1] - _STEP[letter][1]


def _walks(free, player):
    """The walk to each cell that the player reaches over free cells, none longer than needed."""
    walks, queue = {player: ""}, deque([player])
    while queue:
        cell = queue.popleft()
        for letter in _STEP:
            if (after := _add(cell, letter)) in free and after not in walks:
                walks[after] = walks[cell] + letter
                queue.append(after)
    return walks


def _distances(cells, goal):
    """Pushes that a box alone needs from each cell to a goal; cells from which it cannot get there are missing."""
    distances, queue = {goal: 0}, deque([goal])
    while queue:
        cell = queue.popleft()
        for letter in _STEP:
            before = _back(cell, letter)
            if before in cells and _back(before, letter) in cells and before not in distances:
                distances[before] = distances[cell] + 1
                queue.append(before)
    return distances


def _left(distances, boxes):
    """About how many pushes the boxes need, each to a goal of its own: the nearest pairs first."""
    pairs = sorted((away[box], goal, box) for goal, away in distances.items() for box in boxes if box in away)
    goals, matched, total = set(), set(), 0
    for away, goal, box in pairs:
        if goal not in goals and box not in matched:
            goals.add(goal)
            matched.add(box)
            total += away
    return total + 20 * (len(boxes) - len(matched))


def _stuck(cells, boxes, goals, box):
    """Whether a box off its goal is part of a square of walls and boxes."""
    for down in (-1, 1):
        for right in (-1, 1):
            r, c = box
            square = [box, (r + down, c), (r, c + right), (r + down, c + right)]
            if all(s in boxes or s not in cells for s in square) and any(s in boxes and s not in goals for s in square):
                return True
    return False


def _solve(cells, player, boxes, goals):
    """Moves from push to push (walk and push letter) of a short plan, by best-first search."""
    distances = {goal: _distances(cells, goal) for goal in goals}
    alive = set().union(*distances.values())
    heap = [(0, 0, 0, player, boxes, None)]
    seen, count = set(), 0
    while heap:
        _, _, cost_so_far, player, boxes, path = heapq.heappop(heap)
        if boxes <= goals:
            moves = []
            while path:
                path, move = path
                moves.append(move)
            return moves[::-1]
        walks = _walks(cells - boxes, player)
        if (key := (min(walks), boxes)) in seen:
            continue
        seen.add(key)
        for box in boxes:
            for letter in _STEP:
                behind, after = _back(box, letter), _add(box, letter)
                if behind in walks and after in alive and after not in boxes:
                    moved = boxes - {box} | {after}
                    if not _stuck(cells, moved, goals, after):
                        count += 1
                        walk = walks[behind] + letter
                        cost = cost_so_far + 1 + len(walk) / 8
                        rank = cost + 3 * _left(distances, moved)
                        heapq.heappush(heap, (rank, count, cost, box, moved, (path, walk)))
    raise ValueError("the puzzle has no solution")


def _after(cells, player, boxes, moves):
    """Player and boxes after moves, or None where one is illegal."""
    for letter in moves:
        player = _add(player, letter)
        if player in boxes:
            ahead = _add(player, letter)
            if ahead in boxes or ahead not in cells:
                return None
            boxes = boxes - {player} | {ahead}
        elif player not in cells:
            return None
    return player, boxes


def _list(places):
    return " ".join(f"{r},{c}" for r, c in sorted(places))


def _line(moves, player, boxes):
    return f"{moves}*{_list([player])}@{_list(boxes)}"


def _places(text):
    return [tuple(map(int, place.split(","))) for place in text.split()]


class Sokoban(GymTask):
    name, category, unexplained = "sokoban", "games", True
    pattern = re.compile(r"^You are going to solve a 'sokoban' puzzle")
    hard = {"min_w": 10, "max_w": 15, "min_h": 10, "max_h": 15}

    def params(self, difficulty, rng):
        low, high = round(5 + 5 * difficulty), round(5 + 10 * difficulty)
        least = 2 + round(2 * difficulty)  # many boxes on a small board take the generator long
        boxes = {"min_boxes": least, "max_boxes": least + round(6 * difficulty**3)}
        return {"min_w": low, "max_w": high, "min_h": low, "max_h": high, **boxes}

    def expert(self, problem: Problem) -> Solution:
        cells, player, boxes, goals = _read(problem.text)
        lines = [f"{_line('', player, boxes)}X{_list(goals)}"]
        runs = []
        for walk in _solve(cells, player, boxes, goals):
            if runs and walk == runs[-1][-1]:
                runs[-1] += walk
            else:
                runs.append(walk)
        for run in runs:
            player, boxes = _after(cells, player, boxes, run)
            lines.append(_line(run, player, boxes))
        return Solution.of(lines, "".join(runs))

    def check(self, text, previous, step):
        cells, player, boxes, goals = _read(text)
        if not previous:
            return step == f"{_line('', player, boxes)}X{_list(goals)}"
        if not (move := _LINE.fullmatch(step)):
            return False
        last = re.search(r"\*([\d,]+)@([\d, ]+)", previous[-1])
        (player,) = _places(last[1])
        after = _after(cells, player, frozenset(_places(last[2])), move[1])
        return after is not None and step == _line(move[1], *after)
