"""A funnel's numbers as the page shows them: stages with what was lost before each, the comparison, the JSON."""

import dataclasses
import datetime as dt
import itertools
from typing import Any

from django.utils.translation import gettext as _

from campaigns.models import Campaign
from campaigns.queries.funnel import Check, Funnel, SenderRow
from campaigns.rules.lift import ArmTotals, Interval
from campaigns.rules.picture import Piece, Whisker, stream, whisker
from messaging.choices import Reason


@dataclasses.dataclass(frozen=True)
class Loss:
    """People who went another way before a stage, or (`is_gain`) came in by one. `fate` is the filter of the list of people."""

    label: str
    people: int
    fate: str
    tone: str = ""
    is_gain: bool = False


@dataclasses.dataclass
class Stage:
    """One stage of the funnel."""

    key: str
    label: str
    value: int
    hint: str
    losses: list[Loss]
    share: float | None = None
    piece: Piece | None = None
    fate: str = "all"

    @property
    def css(self) -> str:
        """Its colour: people we plan to reach, people reached, people who bought."""
        return {"audience": "c8", "ordered": "good", "opened": "c1"}.get(self.key, "c2")

    @property
    def why(self) -> str:
        """The losses in one line, for the list on a phone."""
        return "、".join(f"{loss.label} {'+' if loss.is_gain else ''}{loss.people:,}" for loss in self.losses)


def stages(funnel: Funnel) -> list[Stage]:
    """Audience, planned, created, confirmed, delivered, opened, ordered; every person lost between two is named."""
    made = [
        Stage("audience", _("Audience"), funnel.audience, _("Everybody in the segment at launch"), [], fate="all"),
        Stage(
            "treated",
            _("Planned"),
            funnel.treated,
            _("Let through by the Touch Governor"),
            _before_treated(funnel),
            fate="treated",
        ),
        Stage(
            "created",
            _("Task created"),
            funnel.created,
            _("In a task that the platform holds"),
            _before_created(funnel),
            fate="treated",
        ),
        Stage(
            "confirmed",
            _("Confirmed"),
            funnel.confirmed,
            _("A member of staff pressed send"),
            _before_confirmed(funnel),
            fate="treated",
        ),
        Stage(
            "delivered",
            _("Delivered"),
            funnel.delivered,
            _("Arrived in the customer's chat"),
            _before_delivered(funnel),
            fate="sent",
        ),
        Stage("opened", _("Opened"), funnel.opened, _("Opened the card"), _before_opened(funnel), fate="opened"),
        Stage(
            "ordered",
            _("Ordered"),
            funnel.ordered,
            _("Paid an order credited to this campaign"),
            _before_ordered(funnel),
            fate="ordered",
        ),
    ]
    for before, stage in itertools.pairwise(made):
        stage.share = stage.value / before.value if before.value else 0.0
    for stage, piece in zip(made, stream([stage.value for stage in made]), strict=True):
        stage.piece = piece
    return made


def _losses(*losses: tuple[Any, int, str, str]) -> list[Loss]:
    return [Loss(str(label), people, fate, tone) for label, people, fate, tone in losses if people]


def _before_treated(funnel: Funnel) -> list[Loss]:
    excluded = [(Reason(reason).label, people, f"no:{reason}", "") for reason, people in funnel.excluded_by_reason.items()]
    return _losses(*excluded, (_("Hold-out group"), funnel.holdout, "holdout", "info"))


def _before_created(funnel: Funnel) -> list[Loss]:
    return _losses(
        (_("Waiting to be created"), funnel.queued, "queued", "info"),
        (_("Held back at the last moment"), funnel.held_back, "suppressed", ""),
        (_("Refused by the platform"), funnel.failed, "failed", "bad"),
        (_("Cancelled before"), funnel.cancelled_before, "cancelled", ""),
    )


def _before_confirmed(funnel: Funnel) -> list[Loss]:
    return _losses(
        (_("Waiting for staff"), funnel.awaiting, "awaiting_staff", "warn"),
        (_("Confirmed, result on its way"), funnel.awaiting_result, "awaiting_staff", "info"),
        (_("Not confirmed in time"), funnel.expired, "expired", ""),
        (_("Cancelled"), funnel.cancelled, "cancelled", ""),
    )


def _before_delivered(funnel: Funnel) -> list[Loss]:
    return _losses(
        (_("No longer friends"), funnel.not_friend, "not_friend", "bad"),
        (_("Over the platform's cap"), funnel.over_cap, "over_cap", "warn"),
    )


def _before_opened(funnel: Funnel) -> list[Loss]:
    return _losses((_("Not opened"), funnel.delivered - funnel.opened, "sent", ""))


def _before_ordered(funnel: Funnel) -> list[Loss]:
    """Those who opened and did not buy; and those who bought although they never opened: delivered was their last touch."""
    losses = _losses((_("Opened, no order"), funnel.opened - funnel.ordered_after_opening, "opened", ""))
    unopened = funnel.ordered - funnel.ordered_after_opening
    return [*losses, Loss(_("Ordered unopened"), unopened, "ordered", "good", is_gain=True)] if unopened else losses


@dataclasses.dataclass(frozen=True)
class Comparison:
    """Both arms side by side, and the differences with their intervals drawn."""

    treated: ArmTotals
    holdout: ArmTotals
    conversion: Interval
    conversion_picture: Whisker
    per_person: Interval
    per_person_picture: Whisker
    incremental: Interval
    is_suspicious: bool
    top_conversion: float


def comparison(funnel: Funnel) -> Comparison | None:
    """What to show against the hold-out; None when there is none to compare with."""
    if funnel.lift is None:
        return None
    lift, treated, holdout = funnel.lift, funnel.arms["treated"], funnel.arms["holdout"]
    return Comparison(
        treated=treated, holdout=holdout,
        conversion=lift.conversion, conversion_picture=_drawn(lift.conversion),
        per_person=lift.revenue_per_person, per_person_picture=_drawn(lift.revenue_per_person),
        incremental=lift.incremental_revenue, is_suspicious=lift.split_is_suspicious,
        top_conversion=max(treated.conversion, holdout.conversion, 0.0001),
    )  # fmt: skip


def _drawn(interval: Interval) -> Whisker:
    return whisker(interval.low, interval.value, interval.high)


CHECK_LABELS = {
    "audience": lambda: _("audience = planned + hold-out + held back"),
    "excluded": lambda: _("held back = the sum of its reasons"),
    "messages": lambda: _("planned = created + waiting + held back late + refused + cancelled before"),
    "created": lambda: _("created = confirmed + waiting for staff + not confirmed in time + cancelled"),
    "opened": lambda: _("opened is at most delivered"),
    "ordered": lambda: _("people who ordered are at most those created"),
    "claimed": lambda: _("people who ordered are at most the orders"),
    "arms": lambda: _("people compared = planned + hold-out"),
    "senders": lambda: _("the members' people add up to planned"),
    "senders_delivered": lambda: _("the members' deliveries add up to delivered"),
    "senders_opened": lambda: _("the members' openings add up to opened"),
    "senders_ordered": lambda: _("the members' buyers add up to ordered"),
    "senders_revenue": lambda: _("the members' revenue adds up to the revenue"),
}


def failed_checks(checks: list[Check]) -> list[tuple[str, int, int]]:
    """(what should hold, left, right) of every identity that does not."""
    return [(CHECK_LABELS[check.name](), check.left, check.right) for check in checks if not check.holds]


def as_json(campaign: Campaign, funnel: Funnel, rows: list[SenderRow], checks: list[Check]) -> dict[str, Any]:
    """The same numbers for programs. Money is yuan as text; keys are stable."""
    counts = {
        name: getattr(funnel, name)
        for name in (
            "audience", "treated", "holdout", "excluded", "queued", "held_back", "failed", "cancelled_before", "created",
            "awaiting", "awaiting_result", "cancelled", "expired", "confirmed", "delivered", "not_friend", "over_cap",
            "opened", "opened_early", "ordered", "ordered_after_opening", "orders", "refunded_orders",
        )
    }  # fmt: skip
    return {
        "campaign": {
            "id": campaign.id,
            "name": campaign.name,
            "state": campaign.state,
            "launched_at": _iso(campaign.launched_at),
        },
        **counts,
        "excluded_by_reason": funnel.excluded_by_reason,
        "held_back_by_reason": funnel.held_back_by_reason,
        "revenue": str(funnel.revenue),
        "comparison": {
            "window_ends_at": _iso(funnel.window_ends_at),
            "arms": {arm: _arm(totals) for arm, totals in funnel.arms.items()},
            "lift": _lift(funnel),
        },
        "senders": [_sender(row) for row in rows],
        "checks": [
            {"name": check.name, "left": check.left, "relation": check.relation, "right": check.right, "holds": check.holds}
            for check in checks
        ],
        "adds_up": all(check.holds for check in checks),
    }


def _iso(moment: dt.datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _arm(totals: ArmTotals) -> dict[str, Any]:
    return {
        "people": totals.people, "buyers": totals.buyers, "orders": totals.orders, "revenue": str(totals.revenue),
        "conversion": round(totals.conversion, 6), "revenue_per_person": round(totals.revenue_per_person, 4),
    }  # fmt: skip


def _lift(funnel: Funnel) -> dict[str, Any] | None:
    if funnel.lift is None:
        return None
    return {
        "conversion": dataclasses.asdict(funnel.lift.conversion),
        "revenue_per_person": dataclasses.asdict(funnel.lift.revenue_per_person),
        "incremental_revenue": dataclasses.asdict(funnel.lift.incremental_revenue),
        "split_is_suspicious": funnel.lift.split_is_suspicious,
    }


def _sender(row: SenderRow) -> dict[str, Any]:
    return {
        "user_id": row.user_id, "name": row.name, "tasks": row.tasks, "people": row.people, "waiting": row.waiting,
        "delivered": row.delivered, "not_friend": row.not_friend, "over_cap": row.over_cap, "opened": row.opened,
        "ordered": row.ordered, "revenue": str(row.revenue), "confirmed": row.is_confirmed, "reminders": row.reminders,
    }  # fmt: skip
