r"""Graders of mathematical answers: equivalent forms are equal, whoever wrote them.

`number`: exact value of a number with or without unit, sign of currency, percent, fraction, mixed number, LaTeX or
Chinese numerals; a gold answer that is no integer allows a difference of 0.0001 (and of 1 %), as its rounding needs.
`latex`: equal text, equal number, or equal by `math-verify` (extra `maths`), which works in a process of its own: a
formula that takes longer than `LIMIT` seconds there is wrong, and the process is replaced. `choice`: the letter of the
option. `exact`: the same characters.
Does not cover judging steps (verification/).
"""

from __future__ import annotations

import atexit
import importlib.util
import json
import re
import subprocess
import sys
import threading
import unicodedata
from fractions import Fraction
from functools import lru_cache

from microreason.mathematics.equations import parse, value

LIMIT = 10.0
MAX_ANSWER = 2000
_DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"两": 2, "〇": 0}
_TENS = {"十": 10, "百": 100, "千": 1000}
_CHINESE = "零〇一二两三四五六七八九十百千万亿"
_FRACTION = re.compile(r"\\[dt]?frac\s*(?:\{([^{}]*)\}|(\d))\s*(?:\{([^{}]*)\}|(\d))")
_DROPPED = re.compile(r"\\(?:left|right|displaystyle|!|,|;|:| )|\\\\$|\$|\\\(|\\\)|\\\[|\\\]")
_TEXT = re.compile(r"\\(?:text|mathrm|mbox|textbf|mathbf)\s*\{([^{}]*)\}")
_VALUE = re.compile(r"-?\d+ +\d+/\d+|-?\(?-?\d+\)?/\(?\d+\)?|-?(?:\d+(?:\.\d*)?|\.\d+)")


def chinese_number(text: str) -> Fraction | None:
    """Value of Chinese numerals, with 分之, 点 and 又; None for anything else.

    >>> chinese_number("百分之四十"), chinese_number("三又四分之一"), chinese_number("一万二千")
    (Fraction(2, 5), Fraction(13, 4), Fraction(12000, 1))
    """
    whole, mark, rest = text.partition("又")
    if mark:
        a, b = chinese_number(whole), chinese_number(rest)
        return None if a is None or b is None else a + b
    bottom, mark, top = text.partition("分之")
    if mark:
        a, b = chinese_number(top), Fraction(100) if bottom == "百" else chinese_number(bottom)
        return a / b if a is not None and b else None
    whole, mark, decimals = text.partition("点")
    if not whole or not set(whole) <= set(_CHINESE) or (mark and not (decimals and set(decimals) <= set(_DIGITS))):
        return None
    total = section = digit = 0
    for c in whole:
        if c in _DIGITS:
            digit = _DIGITS[c]
        elif c in _TENS:
            section += (digit or 1) * _TENS[c]
            digit = 0
        else:
            total = (total + section + digit) * (10**4 if c == "万" else 10**8)
            section = digit = 0
    places = "".join(str(_DIGITS[c]) for c in decimals)
    return Fraction(total + section + digit) + (Fraction(int(places), 10 ** len(places)) if places else 0)


def _clean(text: str) -> str:
    """Without LaTeX that changes no value; fractions as a/b."""
    text = unicodedata.normalize("NFKC", text).replace("−", "-").replace("⁄", "/").replace("\\%", "%")
    text = _TEXT.sub(r" \1 ", _DROPPED.sub(" ", text).replace("\\$", "")).replace("^\\circ", " ").replace("°", " ")
    text = re.sub(r"(?<![\d.])(-?\d+)\s*(?=\\[dt]?frac)", r"\1 ", text)
    text = _FRACTION.sub(lambda m: f"{m[1] or m[2]}/{m[3] or m[4]}", text)
    text = re.sub(r"(\d)\(\(?(\d+)\)?/\(?(\d+)\)?\)", r"\1 \2/\3", text)  # 3(1/2)
    text = re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", text)
    return re.sub(r"(\d)又(\d+)/(\d+)", r"\1 \2/\3", re.sub(r"(\d+)分之(\d+)", r"\2/\1", text)).strip()


def number(text: str) -> Fraction | None:
    """The one number that an answer names, units left aside; None where there is none or more than one.

    >>> number("$1,250.50"), number("37.5%"), number("1(1/2)小时"), number("3 or 4")
    (Fraction(2501, 2), Fraction(3, 8), Fraction(3, 2), None)
    """
    if len(text) > MAX_ANSWER:
        return None
    text = _clean(text)
    found = list(_VALUE.finditer(re.sub(r"(?<=[a-zA-Z])[23]\b|\^\{?[23]\}?", "", text)))
    if len(found) != 1:
        numerals = re.findall(rf"[{_CHINESE}点又分之]*[{_CHINESE}]", text) if not found else []
        return chinese_number(numerals[0]) if len(numerals) == 1 else None
    written = found[0][0].replace("(", "").replace(")", "")
    whole, _, part = written.rpartition(" ")
    try:
        result = Fraction(part) if "/" in part else Fraction(part.rstrip("."))
    except (ZeroDivisionError, ValueError):
        return None
    if whole.strip():
        result = (abs(int(whole)) + result) * (-1 if whole.strip().startswith("-") else 1)
    tail = text[text.find(found[0][0]) + len(found[0][0]) :].lstrip(" )")
    return result / 100 if tail.startswith(("%", "percent")) or "百分之" in text else result


def _gold(text: str) -> Fraction | None:
    """The value of a gold answer, which in some sets is an expression."""
    try:
        return value(parse(text))
    except (ValueError, ZeroDivisionError):
        return number(text)


def equal_numbers(gold: str, answer: str) -> bool:
    """Whether an answer is the gold number. False where the answer is no number.

    >>> equal_numbers("0.75", "3/4"), equal_numbers("72", "$72 dollars"), equal_numbers("0.4", "40")
    (True, True, False)
    """
    a, b = _gold(gold), number(answer)
    if a is None or b is None:
        return a is None and " ".join(gold.split()) == " ".join(answer.split())
    return a == b or (a.denominator != 1 and abs(a - b) <= min(Fraction(1, 10_000), abs(a) / 100))


def _normal(text: str) -> str:
    return re.sub(r"\s+", "", _DROPPED.sub("", text)).replace("dfrac", "frac").replace("tfrac", "frac").rstrip(".")


class _Judge:
    """A process that compares formulas; replaced when one hangs."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[str] | None = None
        self.hung = 0
        atexit.register(self.close)

    def close(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def equal(self, gold: str, answer: str, seconds: float) -> bool:
        if self.process is None or self.process.poll() is not None:
            command = [sys.executable, "-m", "microreason.mathematics.formulas"]
            self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            self._ask("1", "1", 120.0)  # until its libraries are loaded
        return self._ask(gold, answer, seconds)

    def _ask(self, gold: str, answer: str, seconds: float) -> bool:
        process = self.process
        assert process is not None and process.stdin is not None and process.stdout is not None
        alarm = threading.Timer(seconds, process.kill)
        alarm.start()
        try:
            process.stdin.write(json.dumps([gold, answer]) + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
            if not line:
                self.hung += 1
                self.close()
            return line == "True\n"
        except OSError:
            return False
        finally:
            alarm.cancel()


@lru_cache(maxsize=1)
def _judge() -> _Judge:
    return _Judge()


def check_installed() -> None:
    """Raise ModuleNotFoundError where formulas cannot be compared because `math-verify` is missing."""
    if importlib.util.find_spec("math_verify") is None:
        raise ModuleNotFoundError("No module named 'math_verify'", name="math_verify")


def equal_formulas(gold: str, answer: str, seconds: float = LIMIT) -> bool:
    r"""Whether two answers in LaTeX are equal. Raises ModuleNotFoundError where that needs `math-verify`.

    >>> equal_formulas(r"\frac{1}{2}", "0.5")
    True
    """
    if not answer.strip() or len(answer) > MAX_ANSWER:
        return False
    if _normal(gold) == _normal(answer):
        return True
    a, b = number(gold), number(answer)
    letters = re.search(r"[a-zA-Z]", _TEXT.sub("", _FRACTION.sub("", gold + answer)))
    if a is not None and b is not None and not letters and not re.search(r"[,;^_\\]", _clean(gold) + _clean(answer)):
        return a == b
    check_installed()
    return _judge().equal(gold, answer, seconds)


def equal_choices(gold: str, answer: str) -> bool:
    """Whether the letter of the option is named, alone or in brackets.

    >>> equal_choices("B", "(b)"), equal_choices("B", "C"), equal_choices("B", r"\\text{B}.")
    (True, False, True)
    """
    found = re.findall(r"(?<![A-Za-z])[A-Ga-g](?![A-Za-z])", _TEXT.sub(r" \1 ", unicodedata.normalize("NFKC", answer)))
    return len(found) == 1 and found[0].upper() == gold.strip().upper()


def equal_texts(gold: str, answer: str) -> bool:
    """Whether two answers are the same characters, spaces around them aside (the rule of Saxton et al.)."""
    return gold.strip() == answer.strip()


GRADERS = {"number": equal_numbers, "latex": equal_formulas, "choice": equal_choices, "exact": equal_texts}


def hung() -> int:
    """How many formulas have been given up because they took too long."""
    return _judge().hung


def grade(kind: str, gold: str, answer: str | None) -> float:
    """1.0 for an answer equal to the gold one in its kind, else 0.0; never raises on any answer."""
    return float(answer is not None and GRADERS[kind](gold, answer))
