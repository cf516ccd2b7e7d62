"""What an engine has read and written, as a table of which token followed which few tokens: the source of guesses.

The last 6, 4 or 2 tokens name a slot by their hash; it holds the token that followed them most recently and 16 more
bits of the hash. So problem, steps so far and earlier solutions are looked up alike, in a fixed megabyte.
Guesses are only proposals (native.py judges them), so a slot that another run of tokens has taken costs time, never
correctness. Does not cover learning from scores that were not chosen.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence

RUNS = (6, 4, 2)  # tokens that must agree, the most first
_BITS = 18
_SLOTS, _CHECK = (1 << _BITS) - 1, 0xFFFF


class Guesses:
    """
    >>> guesses = Guesses()
    >>> guesses.learn([5, 6, 7, 8], 0)
    >>> guesses.after([4, 5, 6], 3)
    [7, 8]
    """

    def __init__(self) -> None:
        self._table = array("I", bytes(array("I").itemsize << _BITS))

    def learn(self, ids: Sequence[int], start: int) -> None:
        """Remember the tokens of ids from place `start` on, each with what stands before it."""
        for i in range(start, len(ids)):
            for run in RUNS:
                if i >= run:
                    h = hash(tuple(ids[i - run : i]))
                    self._table[h & _SLOTS] = (h >> _BITS & _CHECK) << 16 | ids[i]

    def after(self, ids: Sequence[int], most: int) -> list[int]:
        """At most `most` tokens that may follow ids."""
        known, out = list(ids[-RUNS[0] :]), list[int]()
        while len(out) < most:
            for run in RUNS:
                h = hash(tuple(known[-run:]))
                found = self._table[h & _SLOTS]
                if found and found >> 16 == h >> _BITS & _CHECK and len(known) >= run:
                    out.append(found & 0xFFFF)
                    known.append(out[-1])
                    break
            else:
                break
        return out
