"""Marketing to one customer rests: after a bad mood, while a complaint is open, or because somebody said so.

The Touch Governor asks these rows for every marketing message, in the preview and again just before sending. Service
messages go on.
"""

import datetime as dt

from django.db.models import Q

from core import clock
from core.errors import BadInput
from messaging.choices import PauseReason
from messaging.models import MarketingPause


def pause_marketing(customer_id: int, reason: str, until: dt.datetime | None, key: str) -> bool:
    """Let marketing rest until a moment (None: until `resume_marketing`); False when this key has paused before.

    `reason` is one of `PauseReason`; `key` names the cause once and for ever ("mood:chat:77"). Runs in the caller's
    transaction. Pauses of different keys stand side by side: the longest counts.
    """
    if reason not in PauseReason.values:
        raise BadInput("unknown reason of a pause", {"reason": reason})
    _row, is_new = MarketingPause.objects.get_or_create(
        key=key, defaults={"customer_id": customer_id, "reason": reason, "until": until, "created_at": clock.now()}
    )
    return is_new


def resume_marketing(customer_id: int, key: str = "") -> int:
    """End the pause of this key, or all of the customer's when no key is given; how many ended."""
    open_ones = MarketingPause.objects.filter(customer_id=customer_id, ended_at=None)
    if key:
        open_ones = open_ones.filter(key=key)
    return open_ones.update(ended_at=clock.now())


def pauses_of(customer_id: int, at: dt.datetime | None = None) -> list[MarketingPause]:
    """The pauses in force, the one that lasts longest first."""
    moment = at or clock.now()
    in_force = Q(until=None) | Q(until__gt=moment)
    return list(MarketingPause.objects.filter(in_force, customer_id=customer_id, ended_at=None).order_by("-until", "-id"))
