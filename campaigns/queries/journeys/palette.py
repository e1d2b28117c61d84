"""What the flow editor offers: kinds of steps and triggers with their settings, and the lists to choose from."""

from typing import Any

from django.utils.translation import gettext as _

from campaigns.queries.journeys.say import FACTS, KINDS, TRIGGERS
from campaigns.rules.journeys import steps
from campaigns.rules.journeys.steps import Setting
from catalog.choices import SaleState
from catalog.models import Product
from customers.models import AcquisitionChannel
from messaging.choices import Route
from tagging.models import Segment, Tag

ICONS = {
    "wait": "timer", "if": "git-branch", "ab": "split", "message": "message-square-text", "task": "clipboard-check",
        "tag": "tags",
    "coupon": "ticket-percent", "points": "coins", "jump": "corner-down-left", "end": "flag", "fact": "zap",
        "segment": "circle-dot",
    "friend": "user-plus", "browse": "eye", "quote": "file-text", "departure": "plane-takeoff", "date": "cake",
        "schedule": "calendar-clock",
    "holiday": "party-popper",
}  # fmt: skip


def editor_options(*, coupons: list[tuple[int, str]] | None) -> dict[str, Any]:
    """Everything the editor's forms are made of. Without coupons (the membership part is not there) no gifts are offered."""
    gifts = () if coupons is not None else ("coupon", "points")
    return {
        "kinds": {name: _kind(name, KINDS[name], spec) for name, spec in steps.KINDS.items() if name not in gifts},
        "triggers": {name: _kind(name, TRIGGERS[name], spec) for name, spec in steps.TRIGGERS.items()},
        "facts": [[name, str(FACTS[name])] for name in steps.FACTS],
        "products": [
            [code, name] for code, name in
                Product.objects.filter(state=SaleState.ON_SALE).order_by("name").values_list("code", "name")
        ],
        "segments": [list(row) for row in Segment.objects.order_by("name").values_list("pk", "name")],
        "tags": [
            [pk, f"{group} · {name}"]
            for pk, name, group in Tag.objects.filter(is_archived=False)
            .order_by("group__position", "group__name", "name").values_list("pk", "name", "group__name")
        ],
        "channels": [
            list(row) for row in AcquisitionChannel.objects.filter(archived_at=None).order_by("name").values_list("pk", "name")
        ],
        "coupons": [list(row) for row in coupons or []],
        "variables": [[name, str(label)] for name, label in _variables()],
        "weekdays": [_("Mon"), _("Tue"), _("Wed"), _("Thu"), _("Fri"), _("Sat"), _("Sun")],
        "words": _words(),
    }  # fmt: skip


def _kind(name: str, label: Any, spec: tuple[Setting, ...]) -> dict[str, Any]:
    return {"label": str(label), "icon": ICONS[name], "settings": [_setting(one) for one in spec]}


def _setting(one: Setting) -> dict[str, Any]:
    labels = _labels()
    return {
        "name": one.name, "kind": one.kind, "default": list(one.default) if isinstance(one.default, tuple) else one.default,
        "low": one.low, "high": one.high, "modes": list(one.modes), "switch": one.switch, "label": str(labels.get(one.name,
            one.name)),
        "choices": [[value, _choice(one.name, value)] for value in one.choices],
    }  # fmt: skip


def _labels() -> dict[str, str]:
    return {
        "mode": _("How to wait"), "months": _("Months"), "days": _("Days"), "hours": _("Hours"), "minutes": _("Minutes"),
        "at": _("At"), "weekdays": _("Only on"), "edge": _("Counted from"), "offset": _("Days (− before, + after)"),
            "fact": _("What happens"),
        "text": _("Text"), "product": _("Product"), "purpose": _("Purpose"), "channels": _("Channels, in this order"),
            "title": _("Title"),
        "due_hours": _("Due after hours"), "sla_hours": _("Escalated after hours"), "add": _("Put on"), "remove": _("Take off"),
        "template": _("Coupon"), "amount": _("Points"), "reason": _("Reason"), "to": _("Go on at"), "tag": _("Which tag"),
        "late_days": _("Still counts after days"), "segment": _("Segment"), "channel": _("Channel"), "views": _("Views"),
        "quiet_minutes": _("Minutes without an order"), "field": _("Which day"), "calendar": _("Calendar"),
            "every": _("How often"),
        "on": _("On which day"), "weekday": _("Weekday"), "day": _("Day of the month"), "name": _("Holiday"),
    }  # fmt: skip


def _choice(name: str, value: str) -> str:
    words = {
        ("mode", "for"): _("For a time"), ("mode", "hour"): _("Until an hour of the day"), ("mode",
            "date"): _("Until a day of the trip"),
        ("mode", "fact"): _("Until something happens"), ("edge", "start"): _("Departure (or the day itself)"), ("edge",
            "end"): _("Coming home"),
        ("purpose", "marketing"): _("Marketing message"), ("purpose", "service"): _("Service"), ("field",
            "birthday"): _("Birthday"),
        ("field", "joined"): _("Day we met"), ("field", "last_trip"): _("Return from a trip, a year later"), ("calendar",
            "solar"): _("Solar"),
        ("calendar", "lunar"): _("Lunar"), ("every", "once"): _("Once"), ("every", "day"): _("Every day"), ("every",
            "week"): _("Every week"),
        ("every", "month"): _("Every month"),
    }  # fmt: skip
    if name == "fact":
        return str(FACTS[value])
    if name == "channels":
        return str(Route(value).label)
    return str(words.get((name, value), value))


def _variables() -> list[tuple[str, str]]:
    return [
        ("name", _("Name")), ("product", _("Product")), ("destination", _("Destination")), ("departs_on", _("Departure day")),
        ("days_left", _("Days until departure")), ("advisor", _("Advisor")),
    ]  # fmt: skip


def _words() -> dict[str, str]:
    return {
        "trigger": _("Trigger"), "settings": _("Rules of the journey"), "add": _("Add a step"), "yes": _("Yes"), "no": _("No"),
        "remove": _("Remove"), "up": _("Move up"), "down": _("Move down"), "copy": _("Duplicate"), "saved": _("Saved"),
            "saving": _("Saving…"),
        "unsaved": _("Not saved"), "faults": _("%(n)s faults"), "ready": _("Ready to publish"), "entry": _("Who may enter"),
        "everybody": _("Everybody the trigger is about"), "edit": _("Edit the condition"), "clear": _("Remove the condition"),
        "reentry": _("Coming again"), "never": _("Never again"), "after": _("After some days"), "always": _("Every time"),
            "days": _("Days"),
        "holdout": _("Hold-out, percent"), "exits": _("Leave early when"), "goal": _("Goal"), "none": _("None"),
            "within": _("Within days"),
        "addExit": _("Add a fact"), "addExitWhen": _("Add a condition"), "share": _("Share, percent"), "variant": _("Variant"),
        "addVariant": _("Add a variant"), "condition": _("Condition"), "choose": _("Choose…"), "none_product": _("No product"),
        "trigger_product": _("The product that brought them in"), "insert": _("Insert"), "end": _("End of the journey"),
            "bytes": _("bytes"),
        "empty": _("Nothing here yet"), "past": _("about %(n)s people in the last 30 days"),
            "ahead": _("about %(n)s people in the next 30 days"),
        "now": _("about %(n)s people as of now"), "slow": _("too many to count quickly"), "undone": _("Undone"),
            "elsewhere": _("Edited elsewhere"),
        "happened": _("It happened"), "timeout": _("Time is over"), "fallback": _("friend"), "moved": _("Moved"),
            "removed": _("Removed"),
    }  # fmt: skip
