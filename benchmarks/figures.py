"""Reads the result files under benchmarks/results and writes numbers the way every table of this project shows them.

Does not cover the tables themselves (tables.py, results_page.py).
"""

import json
from pathlib import Path

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "benchmarks" / "results"


def load(name):
    """The result file of that name, without `.json`."""
    return json.loads((RESULTS / f"{name}.json").read_text("utf-8"))


def have(name):
    return (RESULTS / f"{name}.json").exists()


def percent(value):
    """0.5 -> "50.0", a share in percent; a dash for None."""
    return "–" if value is None else f"{100 * value:.1f}"


def between(interval):
    """Two shares as "from to to", in percent."""
    return f"{percent(interval[0])} to {percent(interval[1])}"


def spread(result):
    """Mean and interval of a result."""
    return f"{percent(result['mean'])} ({between(result['interval'])})"


def scored(result):
    """A score and its interval."""
    return f"{percent(result['score'])} ({between(result['interval'])})"
