"""When somebody leaves or changes their work: their WeCom friends, customers and open tasks go to a colleague."""

from collections import defaultdict

from django.db import connection, transaction
from django.utils.translation import gettext as _

from campaigns.choices import FollowUpState, HandOverState
from campaigns.models import FollowUp, HandOver, HandOverItem
from core import clock
from core.choices import Lane
from core.errors import BadInput, Refused
from core.jobs import enqueue, job
from customers.models import Customer
from gateways.errors import GatewayError
from gateways.wecom import TransferState, wecom
from staff.models import User
from staff.services import write_audit

PER_CALL = 100  # platform-contracts 1.10
STATES = {
    TransferState.DONE: HandOverState.DONE, TransferState.REFUSED: HandOverState.REFUSED,
        TransferState.AT_LIMIT: HandOverState.AT_LIMIT,
}  # fmt: skip

_FRIENDS = """
INSERT INTO campaigns_handoveritem (hand_over_id, customer_id, external_userid, state)
SELECT %(hand_over)s, customer_id, external_userid, 'to_ask' FROM customers_relationship
WHERE user_id = %(giver)s AND state = 'active' ORDER BY id ON CONFLICT DO NOTHING
"""


def hand_over(*, actor: User, giver: User, taker: User, message: str = "") -> HandOver:
    """Move open tasks and customers at once, and ask WeCom to move the friendships (each customer may refuse for 24 hours)."""
    if giver.pk == taker.pk or not taker.is_active:
        raise BadInput(_("Choose another colleague who works here."), {"taker": _("another colleague")})
    if giver.wecom_userid and not taker.wecom_userid:
        raise BadInput(_("The colleague needs a WeCom account."), {"taker": _("no WeCom account")})
    if len(message) > 200:
        raise BadInput(_("The words to the customer have at most 200 characters."), {"message": _("too long")})
    with transaction.atomic():
        if HandOverItem.objects.filter(hand_over__giver=giver, state__in=[HandOverState.TO_ASK, HandOverState.WAITING]).exists():
            raise Refused(_("A hand-over from this colleague is under way."), "under_way")
        row = HandOver.objects.create(giver=giver, taker=taker, message=message.strip(), created_by=actor, created_at=clock.now())
        row.tasks = FollowUp.objects.filter(assignee=giver, state=FollowUpState.OPEN).update(assignee=taker)
        row.customers = Customer.objects.filter(owner=giver, merged_into=None).update(
            owner=taker, department_id=taker.department_id
        )
        row.save(update_fields=["tasks", "customers"])
        with connection.cursor() as cursor:
            cursor.execute(_FRIENDS, {"hand_over": row.pk, "giver": giver.pk})
        enqueue(ask_for_friends, key=str(row.pk), hand_over_id=row.pk)
        write_audit(actor, "staff.hand_over", giver, {"taker": taker.pk, "tasks": row.tasks, "customers": row.customers})
    return row


@job(Lane.USUAL)
def ask_for_friends(hand_over_id: int) -> None:
    """Ask WeCom for the friendships, a hundred at a time. A repeated call is refused there (40100) and settled by the results."""
    row = HandOver.objects.select_related("giver", "taker").get(pk=hand_over_id)
    while True:
        items = list(HandOverItem.objects.filter(hand_over=row, state=HandOverState.TO_ASK).order_by("id")[:PER_CALL])
        if not items:
            return
        ids = [item.external_userid for item in items]
        refused = wecom().transfer_customers(
            from_userid=str(row.giver.wecom_userid),
            to_userid=str(row.taker.wecom_userid),
            external_userids=ids,
            message=row.message,
        )
        asked = HandOverItem.objects.filter(hand_over=row, external_userid__in=ids)
        asked.filter(external_userid__in=refused).update(state=HandOverState.FAILED, settled_at=clock.now())
        asked.exclude(external_userid__in=refused).update(state=HandOverState.WAITING)


@job(Lane.USUAL, coalesce=True)
def follow_hand_overs() -> None:
    """Ask WeCom what became of the friendships that are waited for."""
    waiting = HandOverItem.objects.filter(state=HandOverState.WAITING).values_list("hand_over_id", flat=True).distinct()
    for row in HandOver.objects.filter(pk__in=waiting).select_related("giver", "taker"):
        try:
            settle_hand_over(row)
        except GatewayError as error:
            if not error.retryable:
                raise


def settle_hand_over(row: HandOver) -> None:
    """Bring one hand-over in step with WeCom's answers."""
    by_state: dict[str, list[str]] = defaultdict(list)
    for one in wecom().transfer_results(from_userid=str(row.giver.wecom_userid), to_userid=str(row.taker.wecom_userid)):
        if one.state in STATES:
            by_state[STATES[one.state]].append(one.external_userid)
    for state, ids in by_state.items():
        found = HandOverItem.objects.filter(hand_over=row, external_userid__in=ids, state=HandOverState.WAITING)
        found.update(state=state, settled_at=clock.now())
