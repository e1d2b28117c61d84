"""The feasts people travel on: fixed days, and lunar ones from the `holidays` package."""

from datetime import date, timedelta
from functools import lru_cache

FIXED = {
    "元旦": (1, 1),
    "情人节": (2, 14),
    "妇女节": (3, 8),
    "三八节": (3, 8),
    "三八妇女节": (3, 8),
    "愚人节": (4, 1),
    "五一": (5, 1),
    "劳动节": (5, 1),
    "五四": (5, 4),
    "青年节": (5, 4),
    "520": (5, 20),
    "六一": (6, 1),
    "儿童节": (6, 1),
    "七一": (7, 1),
    "建党节": (7, 1),
    "八一": (8, 1),
    "建军节": (8, 1),
    "教师节": (9, 10),
    "国庆": (10, 1),
    "十一": (10, 1),
    "万圣节": (10, 31),
    "双十一": (11, 11),
    "双11": (11, 11),
    "平安夜": (12, 24),
    "圣诞": (12, 25),
    "跨年": (12, 31),
}
# Lunar feasts as (what the calendar computes, days after it).
LUNAR = {
    "除夕": ("lunar_new_year", -1),
    "年三十": ("lunar_new_year", -1),
    "大年三十": ("lunar_new_year", -1),
    "春节": ("lunar_new_year", 0),
    "大年初一": ("lunar_new_year", 0),
    "过年": ("lunar_new_year", 0),
    "元宵": ("lunar_new_year", 14),
    "正月十五": ("lunar_new_year", 14),
    "清明": ("qingming", 0),
    "端午": ("dragon_boat", 0),
    "中秋": ("mid_autumn", 0),
    "八月十五": ("mid_autumn", 0),
    "重阳": ("double_ninth", 0),
    "冬至": ("winter_solstice", 0),
}
# The seventh evening of the seventh month: the package does not know it. Hong Kong Observatory's conversion tables.
QIXI = {
    2024: (8, 10), 2025: (8, 29), 2026: (8, 19), 2027: (8, 8), 2028: (8, 26), 2029: (8, 16), 2030: (8, 5), 2031: (8, 24),
    2032: (8, 12), 2033: (8, 1), 2034: (8, 20), 2035: (8, 10),
}  # fmt: skip
NAMES = sorted({*FIXED, *LUNAR, "七夕", "母亲节", "父亲节", "感恩节"}, key=len, reverse=True)


# Years whose new year's eve is the 29th of the old year's last month; else it is the 30th. Hong Kong Observatory's tables.
SHORT_LAST_MONTH = frozenset({2022, 2025, 2026, 2027, 2028, 2029, 2031, 2033, 2035})


def last_month_length(year: int) -> int:
    """Days of the lunar month that ends on the eve of that year's spring festival."""
    return 29 if year in SHORT_LAST_MONTH else 30


@lru_cache(maxsize=512)
def feast(name: str, year: int) -> date | None:
    """The day of a feast in a year; None where it is unknown."""
    if name in FIXED:
        return date(year, *FIXED[name])
    if name == "七夕":
        return date(year, *QIXI[year]) if year in QIXI else None
    if name in ("母亲节", "父亲节", "感恩节"):
        month, weekday, nth = {"母亲节": (5, 6, 2), "父亲节": (6, 6, 3), "感恩节": (11, 3, 4)}[name]
        return nth_weekday(year, month, weekday, nth)
    from holidays.calendars.chinese import _ChineseLunisolar

    method, offset = LUNAR[name]
    found, _ = getattr(_ChineseLunisolar(), f"{method}_date")(year)
    return found + timedelta(days=offset) if found else None


def next_feast(name: str, today: date, year: int | None = None) -> date | None:
    """The feast in that year, or the next one that is not over."""
    if year is not None:
        return feast(name, year)
    found = feast(name, today.year)
    return found if found and found >= today else feast(name, today.year + 1)


def nth_weekday(year: int, month: int, weekday: int, nth: int) -> date | None:
    """The nth (1..5; -1 = the last) given weekday (0 = Monday) of a month; None where there is no fifth."""
    if nth < 0:
        last = month_end(year, month)
        return last - timedelta(days=(last.weekday() - weekday) % 7)
    first = date(year, month, 1)
    found = first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (nth - 1))
    return found if found.month == month else None


def month_end(year: int, month: int) -> date:
    """The last day of a month."""
    return (date(year + month // 12, month % 12 + 1, 1)) - timedelta(days=1)
