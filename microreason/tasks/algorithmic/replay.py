"""Paths written by a generator that yields each line and is sent the line that was really written.

So a checker can go on from a count that was written wrong, and judge what follows by it. Does not cover any task.
"""

import re


def last_number(line, otherwise):
    """The number a line ends in."""
    number = re.search(r"\d+$", line)
    return int(number[0]) if number else otherwise


def write(walk):
    """All lines of a walk, and what it returns."""
    lines = []
    try:
        lines.append(next(walk))
        while True:
            lines.append(walk.send(lines[-1]))
    except StopIteration as end:
        return lines, end.value


def is_next(lines, previous, step):
    """Whether a step is the line of a fixed path that stands after so many previous ones."""
    return len(previous) < len(lines) and step == lines[len(previous)]


def follows(walk, previous, step):
    """Whether a step is the line that comes after the previous ones."""
    try:
        wanted = next(walk)
        for line in previous:
            wanted = walk.send(line)
    except StopIteration:
        return False
    return step == wanted
