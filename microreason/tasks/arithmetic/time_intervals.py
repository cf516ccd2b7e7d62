"""time_intervals: how long it is from one time, date or moment to another.

Times go from the smallest unit up: a difference, a line that adds one round (1000, 60 or 24) where it is negative,
and the 1 then borrowed from the next unit (`29-54-1=-26`, `-26+60=34`). Offsets from UTC join the hours.
Dates: the day of the month goes up month by month, `5:31-24=7` for what is left of May, `6:7+30=37` for the whole
of June, `7:37+12=49` for the last days; February asks first whether the year is a leap year.
Where a weekday stands in brackets the task itself ignores the time of day, and so does the expert.
Milliseconds: the library cuts a binary fraction off, so that its own answer can be one too small; `grade` accepts
the exact answer too. Does not cover dates that go backwards.
"""

import re

from microreason.solution import Problem, Solution
from microreason.tasks.base import GymTask

_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
_ROUNDS = [24, 60, 60, 1000]


def _leap(year):
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def _length(year, month):
    return 29 if month == 2 and _leap(year) else _DAYS[month - 1]


def _date(text):
    if found := re.search(r"(\d{4})-(\d\d)-(\d\d)", text):
        return tuple(map(int, found.groups()))
    if found := re.search(r"(\d\d)/(\d\d)/(\d{4})", text):
        return int(found[3]), int(found[1]), int(found[2])
    if found := re.search(rf"\b({'|'.join(_MONTHS)})", text):
        year, day = re.search(r"\b\d{4}\b", text)[0], re.search(r"\b\d\d\b", text)[0]
        return int(year), _MONTHS.index(found[1]) + 1, int(day)
    return None


def _clock(text):
    """Hours, minutes, seconds, milliseconds: as many as the text has."""
    found = re.search(r"(\d\d):(\d\d)(?::(\d\d))?(?:\.(\d{3}))?", text)
    return [int(part) for part in found.groups() if part] if found else [0, 0]


def _date_lines(start, end):
    """Lines and the number of days from one date to a later one."""
    (year, month, first), (last_year, last_month, last) = start, end
    if (year, month) == (last_year, last_month):
        return [f"{last}-{first}={last - first}"], last - first
    lines, days = [], None
    while True:
        at_end = (year, month) == (last_year, last_month)
        if month == 2 and not at_end:
            lines.append(f"{year}%4={year % 4}")
            if year % 100 == 0:
                lines.append(f"{year}%400={year % 400}")
        length = last if at_end else _length(year, month)
        total = length - first if days is None else days + length
        lines.append(f"{month}:{length}-{first}={total}" if days is None else f"{month}:{days}+{length}={total}")
        if at_end:
            return lines, total
        days, year, month = total, year + month // 12, month % 12 + 1


class TimeIntervals(GymTask):
    name, category, determined = "time_intervals", "arithmetic", True
    pattern = re.compile(
        r"^(?:What is the duration between|Calculate the time difference between|How much time elapsed from"
        r"|A [a-z ]+ (?:started|departed|began) at) (.+?) (?:and|to)(?: (?:ended|completed|arrived) at)? "
        r"(.+?)[.?] [A-Z][^.?]*(?:\? Answer)? in ((?:D days|HH:MM)[^?]*)\.$"
    )
    hard = {"max_time_difference_seconds": 21600, "max_date_difference_days": 30}

    def params(self, difficulty, rng):
        kinds = ["time", "date", "time_seconds", "datetime", "time_ms", "datetime_tz"]
        return {
            "max_time_difference_seconds": round(600 * 144**difficulty),
            "max_date_difference_days": round(5 * 20**difficulty),
            "task_types": kinds[: max(2, round(6 * min(1, 1.6 * difficulty)))],
        }

    def _read(self, text):
        start, end, form = self.pattern.search(text).groups()
        if "(" in start:
            start, end = start.split(" (")[0], end.split(" (")[0]
        offset = [int(found[1]) // 100 if (found := re.search(r" ([-+]\d\d00)$", part)) else 0 for part in (start, end)]
        return start, end, offset, form

    def _solve(self, text):
        start, end, offset, form = self._read(text)
        lines, borrow, parts = [], 0, []
        first, second = _clock(start), _clock(end)
        for i in reversed(range(len(first)) if ":" in start else ()):
            value = second[i] - first[i] - borrow
            lines.append(f"{second[i]}-{first[i]}{'-1' * borrow}={value}")
            if i == 0 and any(offset):
                shift = offset[0] - offset[1]
                lines += [f"{offset[0]}-{offset[1]}={shift}", f"{value}+{shift}={value + shift}"]
                value += shift
            borrow = 0
            while value < 0 or value >= _ROUNDS[i]:
                step = 1 if value < 0 else -1
                if i == 0 and "day" not in form:
                    break
                lines.append(f"{value}{'+' if step > 0 else '-'}{_ROUNDS[i]}={value + step * _ROUNDS[i]}")
                value, borrow = value + step * _ROUNDS[i], borrow + step
            parts.insert(0, value)
        parts += [0] * (3 - len(parts))
        clock = f"{parts[0]:02d}:{parts[1]:02d}" + (f":{parts[2]:02d}" if "SS" in form else "")
        if "mmm" in form:
            clock += f".{parts[3]:03d}"
        if "day" not in form:
            return lines, clock
        steps, days = _date_lines(_date(start), _date(end))
        lines += steps
        if borrow:
            lines.append(f"{days}{'-' if borrow > 0 else '+'}{abs(borrow)}={days - borrow}")
            days -= borrow
        return lines, f"{days} days" + (f", {clock}" if "HH" in form else "")

    def expert(self, problem: Problem) -> Solution:
        return Solution.of(*self._solve(problem.text))

    def check(self, text, previous, step):
        start, end, _, _ = self._read(text)
        return step in _date_lines(_date(start), _date(end))[0] if re.match(r"\d+:", step) else None

    def grade(self, problem, answer):
        if answer and ".mmm" in problem.text and answer.strip() == self._solve(problem.text)[1]:
            return 1.0
        return super().grade(problem, answer)
