"""Numbers, money, dates and small charts, drawn by the server as SVG: no chart library, and a table beside each."""

import dataclasses
import datetime as dt
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext_noop, ngettext
from django.utils.translation import gettext as _

from core import clock

register = template.Library()
WEEKDAYS = (
    gettext_noop("Mon"),
    gettext_noop("Tue"),
    gettext_noop("Wed"),
    gettext_noop("Thu"),
    gettext_noop("Fri"),
    gettext_noop("Sat"),
    gettext_noop("Sun"),
)
Number = int | float | Decimal


@register.filter
def yuan(amount: Number | None, places: int | None = None) -> str:
    """`¥12,300` or `¥12,300.50`: fen only where there are any; an em dash for nothing."""
    if amount is None:
        return "—"
    value = Decimal(amount)
    shown = places if places is not None else (0 if value == value.to_integral_value() else 2)
    sign = "-" if value < 0 else ""
    return f"{sign}¥{abs(value):,.{shown}f}"


@register.filter
def count(value: Number | None) -> str:
    """A number with separators: `12,300`; an em dash for nothing."""
    return "—" if value is None else f"{value:,}"


@register.filter
def short(value: Number | None) -> SafeString | str:
    """`1.2万` in Chinese and `12k` in English from 10,000 up, with the exact number as its title."""
    if value is None:
        return "—"
    text = _shortened(Decimal(value))
    exact = f"{value:,}"
    return exact if text == exact else format_html('<span title="{}">{}</span>', exact, text)


def _shortened(value: Decimal) -> str:
    size = abs(value)
    steps = (
        ((Decimal(10**8), "亿"), (Decimal(10**4), "万"))
        if get_language() == "zh-hans"
        else ((Decimal(10**9), "bn"), (Decimal(10**6), "m"), (Decimal(10**4), "k"))
    )
    for limit, unit in steps:
        if size >= limit:
            divisor = Decimal(1000) if unit == "k" else limit
            return f"{(value / divisor).quantize(Decimal('0.1')).normalize():f}{unit}"
    return f"{value:,}"


@register.filter
def percent(value: Number | None, places: int = 1) -> str:
    """A ratio as a percentage: 0.1234 -> `12.3%`; an em dash for nothing."""
    return "—" if value is None else f"{Decimal(value) * 100:.{places}f}%"


@register.filter
def day(value: dt.date | dt.datetime | None) -> str:
    """`3月12日 周四`, with the year when it is not this one."""
    if value is None:
        return "—"
    date = timezone.localtime(value).date() if isinstance(value, dt.datetime) else value
    weekday = _(WEEKDAYS[date.weekday()])
    if date.year != clock.today().year:
        return _("%(year)s-%(month)02d-%(day)02d %(weekday)s") % {
            "year": date.year,
            "month": date.month,
            "day": date.day,
            "weekday": weekday,
        }
    return _("%(month)s/%(day)s %(weekday)s") % {"month": date.month, "day": date.day, "weekday": weekday}


@register.filter
def moment(value: dt.datetime | None) -> SafeString | str:
    """A <time>: `刚刚`, `5 分钟前`, `今天 14:03`, `昨天 09:10`, `3月12日 14:03`; the exact time is its title."""
    if value is None:
        return "—"
    local = timezone.localtime(value, clock.SHANGHAI)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        local.isoformat(timespec="seconds"),
        f"{local:%Y-%m-%d %H:%M:%S}",
        said(local, clock.now()),
    )


def said(local: dt.datetime, now: dt.datetime) -> str:
    """How one says when something was or will be, seen from `now`."""
    seconds = (now - local).total_seconds()
    if 0 <= seconds < 60:
        return _("just now")
    if 60 <= seconds < 3600:
        minutes = int(seconds // 60)
        return ngettext("%(n)s minute ago", "%(n)s minutes ago", minutes) % {"n": minutes}
    days = (clock.shanghai_date(now) - local.date()).days
    clock_time = f"{local:%H:%M}"
    if days in (0, 1, -1):
        word = _("today") if days == 0 else _("yesterday") if days == 1 else _("tomorrow")
        return f"{word} {clock_time}"
    date = {"year": local.year, "month": local.month, "day": local.day}
    if local.year != clock.shanghai_date(now).year:
        return _("%(year)s-%(month)02d-%(day)02d") % date
    return f"{_('%(month)s/%(day)s') % date} {clock_time}"


@register.inclusion_tag("ui/bar.html")
def bar(value: Number, total: Number, css: str = "", label: str = "", offset: Number = 0, tall: bool = False) -> dict[str, Any]:
    """A bar of `value` out of `total`, beginning at `offset`. css: c1..c8 good bad warn info mute."""
    whole = float(total) or 1.0
    width = max(0.0, min(100.0, 100 * float(value) / whole))
    start = max(0.0, min(100.0, 100 * float(offset) / whole))
    return {"width": f"{max(width, 0.6 if value else 0):.2f}", "x": f"{start:.2f}", "css": css, "label": label, "tall": tall}


@register.inclusion_tag("ui/spark.html")
def spark(values: Sequence[Number], label: str = "", inline: bool = False) -> dict[str, Any]:
    """A line of the values' shape, without axes. `label` says what it shows to those who cannot see it."""
    points = spark_points([float(value) for value in values])
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return {"line": line, "area": f"0,32 {line} 100,32" if points else "", "label": label, "inline": inline}


def spark_points(values: Sequence[float]) -> list[tuple[float, float]]:
    """Values spread over a box of 100 x 32, the highest at the top with room for the stroke."""
    if not values:
        return []
    low, high = min(min(values), 0.0), max(values)
    span = (high - low) or 1.0
    step = 100 / max(1, len(values) - 1)
    return [(index * step, 30 - 28 * (value - low) / span) for index, value in enumerate(values)]


@dataclasses.dataclass(frozen=True)
class Column:
    """One column of a chart: its label under the axis and its value."""

    label: str
    value: Number
    css: str = "c1"


@register.inclusion_tag("ui/columns.html")
def columns(data: Iterable[Any], label: str, unit: str = "", name: str = "") -> dict[str, Any]:
    """A column chart of `[(label, value), ...]` or Column objects, with its table folded below."""
    items = [item if isinstance(item, Column) else Column(*item) for item in data]
    top = nice_top(max((float(item.value) for item in items), default=0))
    slot = 100 / max(1, len(items))
    rects = [
        {
            "x": f"{index * slot + slot * 0.16:.2f}",
            "width": f"{slot * 0.68:.2f}",
            "height": f"{100 * float(item.value) / top:.2f}",
            "y": f"{100 - 100 * float(item.value) / top:.2f}",
            "item": item,
        }
        for index, item in enumerate(items)
    ]
    ends = [items[0], items[len(items) // 2], items[-1]] if len(items) > 8 else items
    return {"rects": rects, "items": items, "ends": ends, "top": top, "label": label, "unit": unit, "name": name or label}


def nice_top(value: float) -> float:
    """The next round number at or above: 1, 2, 2.5, 5 times a power of ten."""
    if value <= 0:
        return 1.0
    size = 10.0 ** (len(str(int(value))) - 1) if value >= 1 else 1.0
    return next(size * factor for factor in (1, 2, 2.5, 5, 10) if size * factor >= value)


@dataclasses.dataclass(frozen=True)
class Step:
    """A step of a funnel or waterfall. In a waterfall a negative `value` takes away; `total` rows start anew."""

    label: str
    value: int
    why: str = ""
    total: bool = False
    css: str = "c1"
    href: str = ""


def as_step(said: Any) -> Step:
    """A Step from a Step, a dict, or any object with those names: apps below the shell do not know this class."""
    if isinstance(said, Step):
        return said
    names = [one.name for one in dataclasses.fields(Step)]
    told = said if isinstance(said, dict) else {name: getattr(said, name) for name in names if hasattr(said, name)}
    return Step(**{name: value for name, value in told.items() if name in names})


@register.inclusion_tag("ui/funnel.html")
def funnel(steps: Sequence[Any], label: str) -> dict[str, Any]:
    """Steps narrowing from the first: bar, number, and the share of the step before."""
    steps = [as_step(step) for step in steps]
    first = float(steps[0].value) if steps else 0
    rows = []
    before: int | None = None
    for step in steps:
        share = None if before is None else (step.value / before if before else 0.0)
        rows.append({"step": step, "share": share, "total": first or 1, "offset": 0, "size": step.value, "css": step.css})
        before = step.value
    return {"rows": rows, "label": label}


@register.inclusion_tag("ui/funnel.html")
def waterfall(steps: Sequence[Any], label: str) -> dict[str, Any]:
    """From a total, what is taken away step by step, down to what remains."""
    steps = [as_step(step) for step in steps]
    scale = max((step.value for step in steps if step.total), default=1) or 1
    rows = []
    level = 0
    for step in steps:
        level = step.value if step.total else level + step.value
        css = step.css if step.total else "mute" if step.value <= 0 else step.css
        rows.append(
            {
                "step": step,
                "share": step.value / scale,
                "total": scale,
                "offset": 0 if step.total else level,
                "size": abs(step.value),
                "css": css,
            }
        )
    return {"rows": rows, "label": label}
