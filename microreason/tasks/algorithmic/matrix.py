"""Matrices of digits in a question, for the tasks about them. Does not cover any task."""

import re


def read(text):
    """Rows of the digits of a matrix, as strings without spaces."""
    return [row.replace(" ", "") for row in re.findall(r"(?m)^\d(?: \d)*$", text)]


def write(rows):
    """The matrix as questions and answers show it."""
    return "\n".join(" ".join(row) for row in rows)


def top(difficulty):
    """The largest side at a difficulty: 2, halfway that of easy problems (10), at last that of hard ones (50)."""
    return round(2 * 25**difficulty)
