"""How long a visit takes: "3小时", "1.5小时", "半天", "1天", "2-3小时", "1小时30分钟"."""

import dataclasses
import re
import unicodedata

DAY_MINUTES = 480  # a day of touring is eight hours, half a day four
SHORTEST_MINUTES = 5
LONGEST_MINUTES = 720  # nobody spends more than twelve hours of one day at one place

_DIGITS = {"一": 1, "两": 2, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
_UNITS = {
    "天": DAY_MINUTES, "日": DAY_MINUTES, "day": DAY_MINUTES, "days": DAY_MINUTES,
    "小时": 60, "钟头": 60, "h": 60, "hr": 60, "hrs": 60, "hour": 60, "hours": 60,
    "分钟": 1, "分": 1, "min": 1, "mins": 1, "minute": 1, "minutes": 1,
}  # fmt: skip
_PART = re.compile(r"(\d{1,4}(?:\.\d{1,3})?)(?:个)?(半)?(天|日|小时|钟头|分钟|分|days?|hours?|hrs?|h|minutes?|mins?)(半)?")
_BARE = re.compile(r"\d{1,4}(?:\.\d{1,3})?")


@dataclasses.dataclass(frozen=True)
class Duration:
    """From `low` to `high` minutes, equal when the text gives one figure."""

    low: int
    high: int

    @property
    def is_possible(self) -> bool:
        """Whether a visit can take that long: within one day, and not backwards."""
        return SHORTEST_MINUTES <= self.low <= self.high <= LONGEST_MINUTES

    @property
    def usual(self) -> int:
        """The middle, in minutes, rounded to five."""
        return max(SHORTEST_MINUTES, round((self.low + self.high) / 10) * 5)


def parse_duration(text: str) -> Duration | None:
    """The duration in a cell, possible or not; None when there is none to be read. A bare number is no duration."""
    plain = re.sub(r"[\s约大概左右]+", "", unicodedata.normalize("NFKC", text)).casefold()
    plain = re.sub("[一两二三四五六七八九十]+", _in_digits, plain)
    plain = re.sub("(?<![天日时头个0-9])半", "0.5", plain)  # 半天 is half of one; in 一天半 it adds to what stands before
    sides = re.split(r"(?<=[\d个小时天日分钟头h半s])(?:-+|~+|—+|–+|至|到)(?=\d)", plain)
    if not 1 <= len(sides) <= 2 or not plain:
        return None
    if _BARE.fullmatch(sides[0]) and len(sides) == 2:  # "2-3小时": the unit stands once
        sides[0] += re.sub(r"^[\d.]+(个)?", "", sides[1])
    low, high = _minutes(sides[0]), _minutes(sides[-1])
    return None if low is None or high is None else Duration(low, high)


def _in_digits(match: re.Match[str]) -> str:
    """A Chinese numeral up to 99 in digits; anything longer stays, and is then no duration."""
    tens, ten, ones = match[0].rpartition("十")
    if len(tens) > 1 or len(ones) > 1:
        return match[0]
    return str((_DIGITS.get(tens, 1) * 10 if ten else 0) + _DIGITS.get(ones, 0))


def _minutes(text: str) -> int | None:
    total, end = 0.0, 0
    for part in _PART.finditer(text):
        if part.start() != end:
            return None
        unit = _UNITS[part[3]]
        total += float(part[1]) * unit + (unit / 2 if part[2] or part[4] else 0)
        end = part.end()
    return round(total) if end == len(text) and end else None
