"""What a trigger or a step asks for: one table of fields per kind, which the checker, the editor and the engine share."""

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

# Facts that can begin a journey, end one, or be waited for. A name that no part of this house records yet never happens.
FACTS: tuple[str, ...] = (
    "order.paid", "order.placed", "order.refunded", "order.closed", "product.viewed", "product.favorited", "product.shared",
    "quote.opened", "checkout.started", "advisor.asked", "chat.received", "trip.wished", "message.clicked", "review.written",
    "contact.added", "contact.lost", "tag.assigned", "tag.removed", "segment.entered", "segment.left", "stage.changed",
    "tier.changed", "moment.liked", "moment.commented",
)  # fmt: skip
HOLIDAYS: tuple[str, ...] = ("元旦", "春节", "元宵", "清明", "五一", "端午", "七夕", "中秋", "国庆", "重阳", "暑假", "寒假")
CHANNELS: tuple[str, ...] = ("wecom", "inbox")  # what needs no template approved by a platform
VARIABLES: tuple[str, ...] = ("name", "product", "destination", "departs_on", "days_left", "advisor", "coupon")


class Wrong(Exception):
    """One thing that is wrong: `code` is what, `detail` what the reader needs to know."""

    def __init__(self, field: str, code: str, detail: str = "") -> None:
        super().__init__(f"{field}: {code} {detail}")
        self.field, self.code, self.detail = field, code, detail


@dataclasses.dataclass(frozen=True)
class Setting:
    """One setting. `kind` is int, text, time, date, choice, ids or picks; `low` and `high` bound a number or a length.

    `modes` names the values of the setting called `mode`, `every` or `audience` under which it counts (empty: always).
    """

    name: str
    kind: str
    default: Any = None
    low: int = 0
    high: int = 0
    choices: tuple[str, ...] = ()
    modes: tuple[str, ...] = ()
    switch: str = "mode"


_HOUR = Setting("at", "time", "10:00")
_PRODUCT = Setting("product", "text", "", 0, 20)

TRIGGERS: Mapping[str, tuple[Setting, ...]] = {
    "fact": (
        Setting("fact", "choice", choices=FACTS), _PRODUCT, Setting("tag", "int", 0, 0, 2**31 - 1),
        Setting("late_days", "int", 3, 1, 30),
    ),
    "segment": (Setting("segment", "int", 0, 1, 2**31 - 1), Setting("late_days", "int", 3, 1, 30)),
    "friend": (Setting("channel", "int", 0, 0, 2**31 - 1),),
    "browse": (
        Setting("views", "int", 2, 1, 50), Setting("hours", "int", 48, 1, 24 * 14), Setting("quiet_minutes", "int", 120, 5,
            60 * 72),
        _PRODUCT,
    ),
    "quote": (Setting("hours", "int", 24, 0, 24 * 14),),
    "departure": (Setting("edge", "choice", "start", choices=("start", "end")), Setting("days", "int", -14, -120, 120)),
    "date": (
        Setting("field", "choice", "birthday", choices=("birthday", "joined", "last_trip")),
        Setting("calendar", "choice", "solar", choices=("solar", "lunar")), Setting("days", "int", 0, -60, 60), _HOUR,
    ),
    "schedule": (
        Setting("every", "choice", "once", choices=("once", "day", "week", "month")),
        Setting("on", "date", None, modes=("once",), switch="every"),
        Setting("weekday", "int", 0, 0, 6, modes=("week",), switch="every"),
        Setting("day", "int", 1, 1, 31, modes=("month",), switch="every"), _HOUR,
    ),
    "holiday": (Setting("name", "choice", "春节", choices=HOLIDAYS), Setting("days", "int", -14, -90, 30), _HOUR),
}  # fmt: skip

_LENGTH = tuple(
    Setting(name, "int", 0, 0, high, modes=("for", "fact"))
    for name, high in (("months", 12), ("days", 400), ("hours", 500), ("minutes", 5000))
)
KINDS: Mapping[str, tuple[Setting, ...]] = {
    "wait": (
        Setting("mode", "choice", "for", choices=("for", "hour", "date", "fact")), *_LENGTH,
        Setting("at", "time", "10:00", modes=("hour", "date")),
        Setting("weekdays", "picks", (), 0, 6, modes=("hour",)),
        Setting("edge", "choice", "start", choices=("start", "end"), modes=("date",)),
        Setting("offset", "int", 0, -365, 365, modes=("date",)),
        Setting("fact", "choice", "order.paid", choices=FACTS, modes=("fact",)),
    ),
    "if": (),
    "ab": (),
    "message": (
        Setting("text", "text", None, 1, 1200), Setting("product", "text", "", 0, 20),
        Setting("purpose", "choice", "marketing", choices=("marketing", "service")),
        Setting("channels", "names", ("wecom",), choices=CHANNELS),
    ),
    "task": (
        Setting("title", "text", None, 1, 60), Setting("text", "text", "", 0, 1200), Setting("product", "text", "", 0, 20),
        Setting("due_hours", "int", 4, 0, 24 * 30), Setting("sla_hours", "int", 24, 1, 24 * 30),
    ),
    "tag": (Setting("add", "ids", ()), Setting("remove", "ids", ())),
    "coupon": (Setting("template", "int", 0, 1, 2**31 - 1),),
    "points": (Setting("amount", "int", 0, 1, 100_000), Setting("reason", "text", "", 0, 60)),
    "jump": (Setting("to", "text", None, 1, 12),),
    "end": (),
}  # fmt: skip


def clean_fields(spec: Sequence[Setting], raw: Mapping[str, Any]) -> tuple[dict[str, Any], list[Wrong]]:
    """The settings that count, cleaned, and everything that is wrong with them."""
    found: dict[str, Any] = {}
    wrong: list[Wrong] = []
    for setting in spec:
        if setting.modes and str(found.get(setting.switch)) not in setting.modes:
            continue
        try:
            found[setting.name] = _clean(setting, raw.get(setting.name))
        except Wrong as one:
            wrong.append(one)
    wrong += _together(spec, found) if not wrong else []
    return found, wrong


def _clean(setting: Setting, value: Any) -> Any:
    if value is None or value == "":
        if setting.default is None:
            raise Wrong(setting.name, "missing")
        value = setting.default
    readers = {
        "int": _whole,
        "text": _text,
        "time": _time,
        "date": _date,
        "choice": _choice,
        "ids": _ids,
        "picks": _picks,
        "names": _names,
    }
    return readers[setting.kind](setting, value)


def _whole(setting: Setting, value: Any) -> int:
    if type(value) is not int or not setting.low <= value <= setting.high:
        raise Wrong(setting.name, "range", f"{setting.low}-{setting.high}")
    return value


def _text(setting: Setting, value: Any) -> str:
    text = value.strip() if isinstance(value, str) else ""
    if not setting.low <= len(text) <= setting.high:
        raise Wrong(setting.name, "missing" if not text else "length", f"{setting.low}-{setting.high}")
    if any(ord(char) < 32 and char not in "\n\t" for char in text):
        raise Wrong(setting.name, "signs")
    return text


def _time(setting: Setting, value: Any) -> str:
    try:
        return f"{dt.time.fromisoformat(str(value)):%H:%M}"
    except ValueError as error:
        raise Wrong(setting.name, "time") from error


def _date(setting: Setting, value: Any) -> str:
    try:
        return dt.date.fromisoformat(str(value)).isoformat()
    except ValueError as error:
        raise Wrong(setting.name, "date") from error


def _choice(setting: Setting, value: Any) -> str:
    if value not in setting.choices:
        raise Wrong(setting.name, "choice")
    return str(value)


def _ids(setting: Setting, value: Any) -> tuple[int, ...]:
    rows = value if isinstance(value, list | tuple) else [None]
    if len(rows) > 20 or any(type(one) is not int or one < 1 for one in rows):
        raise Wrong(setting.name, "ids")
    return tuple(dict.fromkeys(rows))


def _picks(setting: Setting, value: Any) -> tuple[int, ...]:
    rows = value if isinstance(value, list | tuple) else [None]
    if any(type(one) is not int or not setting.low <= one <= setting.high for one in rows):
        raise Wrong(setting.name, "choice")
    return tuple(sorted(set(rows)))


def _names(setting: Setting, value: Any) -> tuple[str, ...]:
    rows = value if isinstance(value, list | tuple) else [None]
    if not rows or any(one not in setting.choices for one in rows):
        raise Wrong(setting.name, "choice")
    return tuple(dict.fromkeys(rows))


def _together(spec: Sequence[Setting], found: Mapping[str, Any]) -> list[Wrong]:
    """Rules between settings."""
    if spec is KINDS["wait"] and found["mode"] in ("for", "fact") and not any(found[one.name] for one in _LENGTH):
        return [Wrong("days", "no_length")]
    if spec is KINDS["tag"] and not found["add"] and not found["remove"]:
        return [Wrong("add", "missing")]
    if spec is TRIGGERS["date"] and found["calendar"] == "lunar" and found["field"] != "birthday":
        return [Wrong("calendar", "choice")]
    return []


def clean_reentry(raw: object) -> tuple[str, int]:
    """(never | after | always, days)."""
    given = raw if isinstance(raw, dict) else {}
    rule, days = given.get("rule", "never"), given.get("days", 30)
    if rule not in ("never", "after", "always"):
        raise Wrong("rule", "choice")
    if rule == "after" and (type(days) is not int or not 1 <= days <= 730):
        raise Wrong("days", "range", "1-730")
    return str(rule), days if rule == "after" else 0


def clean_exit(raw: object) -> dict[str, Any]:
    """{"fact": name} or {"when": condition}."""
    given = raw if isinstance(raw, dict) else {}
    if given.get("fact") in FACTS:
        return {"fact": given["fact"]}
    if isinstance(given.get("when"), dict):
        return {"when": given["when"]}
    raise Wrong("fact", "choice")


def clean_goal(raw: object) -> dict[str, Any]:
    """{} or {"fact", "days"}."""
    given = raw if isinstance(raw, dict) else {}
    if not given:
        return {}
    days = given.get("days", 14)
    if given.get("fact") not in FACTS:
        raise Wrong("fact", "choice")
    if type(days) is not int or not 1 <= days <= 365:
        raise Wrong("days", "range", "1-365")
    return {"fact": given["fact"], "days": days}
