"""Trains and flights: from where to where, when, and whether the row says on which day it arrives."""

import dataclasses
import re
import unicodedata

DAY = 1440
_TIME = re.compile(r"(\d{1,2}):(\d{2})(?::\d{2})?(?:\s*\(?\+(\d)(?:天|日|d)?\)?)?")
_NEXT_DAY = re.compile(r"^(?:次日|第二天|隔日)\s*|\s*[(（]?(?:次日|第二天|隔日)[)）]?$")
_BARE = re.compile(r"\d{1,3}(?:\.\d{1,4})?")
_NO_NAME = frozenset({"站", "火车站", "高铁站", "机场", "车站", "码头", "-", "—", "无"})


@dataclasses.dataclass(frozen=True)
class Moment:
    """A wall time in minutes after midnight, and how many days later it says it is."""

    minute: int
    days: int


def parse_moment(text: str) -> Moment | None:
    """The time in a cell ("07:05", "次日06:30", "06:30+1"); None when there is none to be read."""
    plain = unicodedata.normalize("NFKC", text).strip()
    bare = _NEXT_DAY.sub("", plain)
    match = _TIME.fullmatch(bare)
    if match is None:
        return None
    hour, minute = int(match[1]), int(match[2])
    if hour > 24 or minute > 59:
        return None
    return Moment(hour * 60 + minute, int(match[3] or 0) or int(bare != plain))


def parse_travel(text: str) -> int | None:
    """A travelling time in hours as timetables write it ("4.6"), in minutes; None for anything else."""
    plain = unicodedata.normalize("NFKC", text).strip()
    if not _BARE.fullmatch(plain):
        return None
    hours = float(plain)
    return round(hours * 60) if 0 < hours <= 100 else None


def hides_a_day(departs: Moment, arrives: Moment, travel: int | None) -> bool:
    """Whether the journey ends on another day than its times say: by its length where that is known."""
    told = arrives.days or int(arrives.minute <= departs.minute)
    if travel is None:
        return False
    real = round((departs.minute + travel - arrives.minute) / DAY)
    return real != told


def names_nothing(station: str) -> bool:
    """Whether a station's cell is empty, or only the word for one."""
    return not station.strip() or unicodedata.normalize("NFKC", station).strip() in _NO_NAME
