"""The process in which formulas are compared: a JSON pair [gold, answer] a line in, `True` or `False` a line out.

Run as a module by grading.py, which kills it when a formula hangs. Its memory is limited where the system allows it.
Does not cover numbers and plain equality, which grading.py settles without sympy.
"""

from __future__ import annotations

import json
import logging
import sys

MEMORY = 4 << 30


def _limit_memory() -> None:
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    except (ImportError, ValueError, OSError):
        pass


def equal(gold: str, answer: str) -> bool:
    """Whether `math-verify` finds two LaTeX formulas equal; what it cannot read is not equal."""
    from math_verify import parse, verify

    try:
        read = [parse(f"${text.strip().strip('$')}$", parsing_timeout=None) for text in (gold, answer)]
        return bool(all(read) and verify(*read, timeout_seconds=None))
    except Exception:  # sympy meets any text here
        return False


def main() -> None:
    """Answer until standard input ends."""
    _limit_memory()
    logging.disable(logging.CRITICAL)
    for line in sys.stdin:
        print(equal(*json.loads(line)), flush=True)


if __name__ == "__main__":
    main()
