"""Dates as people type them into sheets: "2027-03-31", "2027/3/31", "2027年3月31日", "20270331", "2027-03-31 00:00:00"."""

import datetime as dt
import re
import unicodedata

_TIME = r"(?:[t ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?"
_DATE = re.compile(rf"(\d{{4}})(?:[-/.]|年)(\d{{1,2}})(?:[-/.]|月)(\d{{1,2}})日?{_TIME}|(\d{{4}})(\d{{2}})(\d{{2}})")
EARLIEST, LATEST = dt.date(1990, 1, 1), dt.date(2100, 1, 1)


def parse_date(text: str, earliest: dt.date = EARLIEST) -> dt.date | None:
    """The date in a cell, from `earliest` (1990) to 2100; None when it is none, or could be read in two ways ("3/4/2027")."""
    match = _DATE.fullmatch(unicodedata.normalize("NFKC", text).strip().casefold())
    if not match:
        return None
    year, month, day = (int(part) for part in match.groups() if part)
    try:
        found = dt.date(year, month, day)
    except ValueError:
        return None
    return found if earliest <= found < LATEST else None
