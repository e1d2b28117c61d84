"""Chips and small pictures of the campaign pages."""

from typing import Any

from django import template
from django.utils.translation import gettext as _

from campaigns.choices import CampaignState, FollowUpReason
from gateways.errcodes import rule_for
from messaging.choices import MessageState, Reason, TaskState

register = template.Library()

_STATES = {
    CampaignState.DRAFT: ("outline", "ring"),
    CampaignState.IN_REVIEW: ("warn", "half"),
    CampaignState.SCHEDULED: ("info", "calendar-clock"),
    CampaignState.LAUNCHING: ("accent", "loader-circle"),
    CampaignState.AWAITING_STAFF: ("warn", "smartphone"),
    CampaignState.PAUSED: ("dashed", "pause"),
    CampaignState.FINISHED: ("good", "check"),
    CampaignState.CANCELLED: ("", "ban"),
}
_FATES = {
    MessageState.QUEUED: ("info", "ring"),
    MessageState.AWAITING_STAFF: ("warn", "half"),
    MessageState.SENT: ("good", "check"),
    MessageState.NOT_FRIEND: ("bad", "user-minus"),
    MessageState.OVER_CAP: ("warn", "gauge"),
    MessageState.SUPPRESSED: ("", "shield"),
    MessageState.CANCELLED: ("", "ban"),
    MessageState.EXPIRED: ("", "clock"),
    MessageState.FAILED: ("bad", "circle-x"),
}
_TASKS = {
    TaskState.PENDING: "",
    TaskState.CREATING: "info",
    TaskState.UNKNOWN: "warn",
    TaskState.CREATED: "warn",
    TaskState.CONFIRMED: "info",
    TaskState.SETTLED: "good",
    TaskState.CANCELLED: "",
    TaskState.EXPIRED: "",
    TaskState.FAILED: "bad",
}
_REASONS = {
    FollowUpReason.REPEATED_VIEWS: ("info", "eye"),
    FollowUpReason.QUOTE_OPENED: ("accent", "file-text"),
    FollowUpReason.CHECKOUT_UNPAID: ("warn", "shopping-cart"),
    FollowUpReason.BY_HAND: ("", "pencil-line"),
    FollowUpReason.ADVICE: ("info", "lightbulb"),
}


@register.inclusion_tag("campaigns/_chip.html")
def state_chip(state: str) -> dict[str, Any]:
    """Where a campaign stands, as everywhere in the house."""
    tone, mark = _STATES[CampaignState(state)]
    return {"text": CampaignState(state).label, "tone": tone, "mark": mark}


@register.inclusion_tag("campaigns/_chip.html")
def fate_chip(row: Any) -> dict[str, Any]:
    """What became of one person."""
    if row.arm == "holdout":
        return {"text": _("Hold-out"), "tone": "info", "mark": "diamond"}
    if row.arm == "excluded":
        return {"text": Reason(row.reason).label, "tone": "", "mark": "shield"}
    if not row.state:  # erased with the customer's data
        return {"text": _("Message removed"), "tone": "dashed", "mark": "eraser"}
    tone, mark = _FATES[MessageState(row.state)]
    return {"text": MessageState(row.state).label, "tone": tone, "mark": mark}


@register.inclusion_tag("campaigns/_chip.html")
def reason_chip(reason: str) -> dict[str, Any]:
    """Why a follow-up task exists."""
    tone, mark = _REASONS.get(FollowUpReason(reason), ("", "dot")) if reason in FollowUpReason.values else ("", "dot")
    return {"text": FollowUpReason(reason).label if reason in FollowUpReason.values else reason, "tone": tone, "mark": mark}


@register.inclusion_tag("campaigns/_dot.html")
def task_dot(states: list[str]) -> dict[str, Any]:
    """A member's tasks in one dot: the state that needs the most attention."""
    order = ["failed", "unknown", "creating", "pending", "created", "confirmed", "settled", "expired", "cancelled"]
    state = next((known for known in order if known in states), "settled")
    return {"tone": _TASKS[TaskState(state)], "text": TaskState(state).label}


@register.filter
def reason_label(reason: str) -> str:
    """A reason of the Touch Governor in words."""
    return str(Reason(reason).label) if reason in Reason.values else reason


@register.filter
def error_text(code: str) -> str:
    """What a code kept on a task or message means: a vendor's, or one of ours."""
    ours = {
        "nobody_left": _("Nobody was left to send to when the task was due."),
        "not_taken": _("The platform did not take this customer."),
        "crash": _("The answer was lost; the platform is being asked."),
    }
    return ours[code] if code in ours else str(rule_for("wecom", code).text)


@register.inclusion_tag("campaigns/_mini.html")
def mini_funnel(mini: Any) -> dict[str, Any]:
    """Five bars: planned, created, delivered, opened, ordered."""
    labels = [_("Planned"), _("Task created"), _("Delivered"), _("Opened"), _("Ordered")]
    top = max(mini.bars[0], 1)
    bars = [
        {
            "label": label,
            "value": value,
            "x": index * 20,
            "height": _height(value, top),
            "y": 28 - _height(value, top),
            "css": css,
        }
        for index, (label, value, css) in enumerate(zip(labels, mini.bars, ["c8", "c2", "c2", "c1", "good"], strict=True))
    ]
    return {"bars": bars, "label": ", ".join(f"{bar['label']} {bar['value']}" for bar in bars)}


def _height(value: int, top: int) -> float:
    return max(1.5, round(28 * (value / top) ** 0.5, 2)) if value else 0.6


@register.filter
def whole_yuan(amount: float, places: int = 0) -> str:
    """An estimate in yuan with its sign: `-¥1,200`; estimates carry no fen unless asked."""
    return f"{'-' if amount < 0 else ''}¥{abs(amount):,.{places}f}"


@register.filter
def points(value: float) -> str:
    """A difference of two ratios in percentage points."""
    return _("%(n)s pp") % {"n": f"{value * 100:+.2f}"}


@register.filter
def hundredths(value: float) -> str:
    """A ratio as a signed number of hundredths, without its unit."""
    return f"{value * 100:+.2f}"


@register.filter
def unlocal(value: float) -> str:
    """A number for an SVG attribute, whatever the language."""
    return f"{value:.2f}"
