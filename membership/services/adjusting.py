"""Points changed by hand: one person asks and says why, another one decides."""

from django.db import transaction
from django.utils.translation import gettext as _

from core import clock
from core.errors import BadInput, Refused
from membership.choices import AdjustmentState, Code, House
from membership.models import Adjustment, Program
from membership.services import ledger
from membership.services.points import grant_points
from staff.models import User
from staff.rules import reason_complaint
from staff.services import write_audit


@transaction.atomic
def request_adjustment(customer_id: int, points: int, *, reason: str, key: str, by: User) -> Adjustment:
    """Ask for points to be given (positive) or taken (negative). BadInput for nothing, too much or no reason. Once per `key`."""
    known = Adjustment.objects.filter(key=key).first()
    if known is not None:
        return known
    limit = Program.current().adjust_limit
    if points == 0 or abs(points) > limit:
        message = _("Between 1 and %(limit)s points, either way.") % {"limit": limit}
        raise BadInput(message, {"points": message})
    if reason_complaint(reason):
        raise BadInput(_("Say why in a few words."), {"reason": _("Say why in a few words.")})
    asked = Adjustment.objects.create(
        customer_id=customer_id, points=points, reason=reason.strip()[:120], key=key, requested_by=by
    )
    write_audit(by, "points.adjustment_requested", asked, {"points": points})
    return asked


@transaction.atomic
def decide_adjustment(adjustment_id: int, *, is_approved: bool, by: User) -> Adjustment:
    """Say yes or no to what somebody else asked for. Refused: own_request, adjustment_decided, points_short; nothing changed.

    Saying the same twice is fine."""
    asked = Adjustment.objects.select_for_update().get(pk=adjustment_id)
    target = AdjustmentState.APPROVED if is_approved else AdjustmentState.REJECTED
    if asked.requested_by_id == by.pk:
        raise Refused(_("Somebody else must decide: you asked for this."), "own_request")
    if asked.state == target:
        return asked
    if asked.state != AdjustmentState.REQUESTED:
        raise Refused(_("This has been decided already."), "adjustment_decided")
    if is_approved:
        _move(asked)
    asked.state, asked.decided_by, asked.decided_at = target, by, clock.now()
    asked.save(update_fields=["state", "decided_by", "decided_at"])
    write_audit(by, "points.adjustment_decided", asked, {"approved": is_approved, "points": asked.points})
    return asked


def _move(asked: Adjustment) -> None:
    key, ref = f"adjust:{asked.pk}", f"adjust:{asked.pk}"
    if asked.points > 0:
        grant_points(asked.customer_id, asked.points, key=key, code=Code.ADJUST, ref=ref)
    else:
        ledger.post(key=key, points=-asked.points, code=Code.ADJUST, debit=asked.customer_id, house=House.ISSUED, ref=ref)
