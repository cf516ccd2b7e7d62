"""calendar_arithmetic: seven kinds of question about dates and weekdays.

Weekdays are numbers from Sunday 0: ` Friday 5` reads one, ` 5 Friday` writes one. A day's number within its year
is the days before its month (` May 120`) and its day (`120+4=124`); two dates of one month differ by their days.
Where the question gives no weekday, the last day of the year before gives it: `2021+505-20+5=2511` is 365 days a
year and the leap days up to then, less whole weeks. A year is a leap year where `1997:97%4=1` of its last two
digits (`1900:1900%400=300` of a century) is 0; asked only where a 29 February lies between. `4560:2`: of the days
left over from whole weeks, from Thursday on, two are working days. Dates that end before they begin (an error of the
library's) end in the next year. Does not cover spans of a year or more, nor days counted from the weekday of
1 January in a leap year.
"""

import re

from microreason.solution import Problem, Solution
from microreason.tasks.arithmetic.written import division
from microreason.tasks.base import GymTask

_WEEKDAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]
_MONTHS = dict(
    January=0, February=31, March=59, April=90, May=120, June=151, July=181, August=212, September=243, October=273,
    November=304, December=334,
)  # fmt: skip
_NAMES, _STARTS = list(_MONTHS), [*_MONTHS.values(), 365]
_DAY = "(" + "|".join(_WEEKDAYS) + ")"
_DATE = f"({'|'.join(_NAMES)}) " + r"(\d+)\b"
_EXTRA = {"first": 0, "second": 7, "third": 14, "fourth": 21}
_TASKS = [
    "is_leap_year", "weekday_offset", "weekday_of_date_from_first_date", "weekday_of_date", "count_days",
    "count_business_days", "recurring_event_day",
]  # fmt: skip


def _add(lines, a, b):
    """Write a sum or difference down and give its value."""
    lines.append(f"{a}{b:+d}={a + b}")
    return a + b


def _mod(lines, number):
    if number >= 7:
        lines.append(division(number, 7))
    return number % 7


def _read(lines, weekday):
    number = _WEEKDAYS.index(weekday)
    lines.append(f" {weekday} {number}")
    return number


def _write(lines, number):
    lines.append(f" {number} {_WEEKDAYS[number]}")
    return _WEEKDAYS[number]


def _leap(lines, year):
    number, divisor = (year % 100, 4) if year % 100 else (year, 400)
    lines.append(f"{year}:{number}%{divisor}={number % divisor}")
    return number % divisor == 0


def _number(lines, month, day):
    """Number of the day in a year without a leap day."""
    if month == "January":
        return day
    lines.append(f" {month} {_MONTHS[month]}")
    return _add(lines, _MONTHS[month], day)


def _weekday(lines, year, month, day):
    """Weekday of a date from nothing but the date."""
    before = _add(lines, year, -1)
    lines += [division(before, divisor) for divisor in (4, 100, 400)]
    leaps = f"{before}+{before // 4}-{before // 100}+{before // 400}"
    total = before + before // 4 - before // 100 + before // 400
    lines.append(f"{leaps}={total}")
    start, days = _mod(lines, total), _number(lines, month, day)
    if _MONTHS[month] > 31 and _leap(lines, year):
        days = _add(lines, days, 1)
    return _mod(lines, _add(lines, start, days))


def _span(lines, year, start, end):
    """Days from one date to another."""
    if start[0] == end[0]:
        days = _add(lines, end[1], -start[1])
    else:
        first = _number(lines, *start)
        days = _add(lines, _number(lines, *end), -first)
    wraps = days < 0
    if wraps:
        days = _add(lines, days, 365)
    from_start, to_end = _MONTHS[start[0]] <= 31, _MONTHS[end[0]] > 31
    passes = from_start or to_end if wraps else from_start and to_end
    if passes and _leap(lines, year + (wraps and not from_start)):
        days = _add(lines, days, 1)
    return days


def _offset(lines, text):
    number, back = int(re.search(r"(\d+)[ -]days?\b", text)[1]), re.search(r"ago|before\?|backward", text)
    weekday, rest = _read(lines, re.search(_DAY, text)[1]), _mod(lines, number)
    if not back:
        return _write(lines, _mod(lines, _add(lines, weekday, rest)))
    number = _add(lines, weekday, -rest)
    return _write(lines, _add(lines, number, 7) if number < 0 else number)


def _of_date(lines, text):
    if found := re.search(r"(\d\d)/(\d\d)/(\d{4})", text):
        month, day, year = _NAMES[int(found[1]) - 1], int(found[2]), int(found[3])
    else:
        month, day, year = re.search(_DATE + r", (\d+)", text).groups()
    return _write(lines, _weekday(lines, int(year), month, int(day)))


def _from_first(lines, text):
    month, day = next(found for found in re.findall(_DATE, text) if found != ("January", "1"))
    days = _add(lines, _number(lines, month, int(day)), -1)
    return _write(lines, _mod(lines, _add(lines, _read(lines, re.search(_DAY, text)[1]), days)))


def _recurring(lines, text):
    month, year = re.search(rf"\b({'|'.join(_NAMES)}) (\d+)", text).groups()
    ordinal, weekday = re.search(rf"the (first|second|third|fourth|last) {_DAY}", text).groups()
    first = _weekday(lines, int(year), month, 1)
    ahead = _add(lines, _read(lines, weekday), -first)
    day = _add(lines, 1, _add(lines, ahead, 7) if ahead < 0 else ahead)
    if ordinal != "last":
        return _add(lines, day, _EXTRA[ordinal]) if _EXTRA[ordinal] else day
    length = _STARTS[_NAMES.index(month) + 1] - _STARTS[_NAMES.index(month)]
    length += month == "February" and _leap(lines, int(year))
    lines.append(f" {month} has {length}")
    last = _add(lines, day, 28)
    return _add(lines, day, 21) if last > length else last


def _count(lines, text):
    (start, *first), (_, *last) = re.findall(f"{_DAY}, {_DATE}", text)
    year = int(re.search(r"\b\d{4}\b", text)[0])
    days = _span(lines, year, (first[0], int(first[1])), (last[0], int(last[1])))
    begin = _read(lines, start)
    if "business" in text or "weekends" in text:
        weeks, left = divmod(_add(lines, days, 1), 7)
        lines.append(division(days + 1, 7))
        extra = "".join(str((begin + i) % 7) for i in range(left))
        work = sum(day not in "06" for day in extra)
        if extra:
            lines.append(f"{extra}:{work}")
        lines.append(f"{weeks}*5={weeks * 5}")
        return _add(lines, weeks * 5, work)
    asked = re.search(f"(?:many|of|does) {_DAY}", text)[1]
    ahead = _add(lines, _read(lines, asked), -begin)
    left = _add(lines, days, -(_add(lines, ahead, 7) if ahead < 0 else ahead))
    if left < 0:
        return 0
    lines.append(division(left, 7))
    return _add(lines, left // 7, 1)


def _is_leap(lines, text):
    return "Yes" if _leap(lines, int(re.search(r"\d+", text)[0])) else "No"


_KINDS = {
    "If today|Starting from|Count (?:for|back)ward": _offset,
    r"What day of the week was|On which weekday did|Name the day of the week for": _of_date,
    r"If the first day of the year|Given that January 1 fell|In a year where": _from_first,
    r"If a meeting is scheduled|In \w+ \d+, if an event|Determine the day of the month": _recurring,
    r"How many (?:\w+day|business day)s|Count the (?:occurrences of \w+day|weekdays)|Between \w+day,": _count,
    r"Determine if the year \d+|Is \d+ a leap|Tell me whether \d+ is a leap": _is_leap,
}


def _solve(text):
    lines, kind = [], next(kind for start, kind in _KINDS.items() if re.match(start, text))
    return lines, kind(lines, text)


class CalendarArithmetic(GymTask):
    name, category, determined = "calendar_arithmetic", "arithmetic", True
    pattern = re.compile(f"^(?:{'|'.join(_KINDS)})")
    hard = {
        "tasks": ["weekday_of_date", "is_leap_year", "weekday_offset", "count_days", "count_business_days"],
        "offset_upper_bound": 200,
    }  # fmt: skip

    def params(self, difficulty, rng):
        tasks = _TASKS[: rng.randint(1, 3 + round(4 * difficulty))]
        return {"tasks": tasks[-2:], "offset_upper_bound": round(8 * 25**difficulty)}

    def expert(self, problem: Problem) -> Solution:
        return Solution.of(*_solve(problem.text))

    def check(self, text, previous, step):
        if re.fullmatch(r"\d+:\d", step):
            begin = _WEEKDAYS.index(re.search(f"{_DAY}, {_DATE}", text)[1])
            left = re.search(r"\+([1-6])$", previous[-1])
            days = "".join(str((begin + i) % 7) for i in range(int(left[1])))
            return step == f"{days}:{sum(day not in '06' for day in days)}"
        if re.fullmatch(r" \d \w+", step):
            last = previous[-1].rpartition("=")[2]
            number = int(last.partition("+")[2] or 0) if last.startswith("7*") else int(last)
            return 0 <= number < 7 and step == f" {number} {_WEEKDAYS[number]}"
        if re.fullmatch(r" [A-Z]\w+(?: has)? \d+|\d+:\d+%\d+=\d+", step):
            return step in _solve(text)[0]
        return None
