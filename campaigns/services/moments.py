"""Moments: written, created at WeCom, published by staff one by one; likes and comments become facts."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils.translation import gettext as _

from campaigns.choices import FollowUpReason, MomentState, Reaction
from campaigns.models import Moment, MomentStaff
from campaigns.rules.wording import check_wording
from catalog.models import Product
from core import clock
from core.choices import Lane
from core.errors import BadInput, Refused
from core.event_types import MomentCommented, MomentLiked
from core.events import Dated, record_many
from core.jobs import enqueue, job
from core.parsers import is_clean
from customers.models import CorpTag
from gateways.errors import GatewayError
from gateways.wecom import MomentJobState, MomentSign, wecom
from messaging.rules import TEXT_BYTES, utf8_bytes
from staff.models import User
from staff.services import write_audit

POLL_FOR = dt.timedelta(days=7)
TITLE_BYTES = 64


def write_moment(
    *, actor: User, text: str, user_ids: Sequence[int], corp_tag_ids: Sequence[str] = (), product_code: str = ""
) -> Moment:
    """Keep a draft. BadInput without anybody to publish it (WeCom would ask the whole company), and for forbidden words."""
    text = text.strip()
    if not text or len(text) > 2000 or utf8_bytes(text) > TEXT_BYTES or not is_clean(text):
        raise BadInput(_("A Moment has 1 to 2,000 characters."), {"text": _("1 to 2,000 characters")})
    blocked = [one.word for one in check_wording(text) if one.is_blocking]
    if blocked:
        raise BadInput(
            _("These words must not be used: %(words)s") % {"words": "、".join(blocked)}, {"text": _("forbidden words")}
        )
    users = sorted(User.objects.filter(pk__in=user_ids, is_active=True, wecom_userid__isnull=False).values_list("pk", flat=True))
    if not users:
        raise BadInput(_("Choose who publishes it. Without a choice WeCom would ask everybody."), {"users": _("choose somebody")})
    known = sorted(CorpTag.objects.filter(tag_id__in=corp_tag_ids).values_list("tag_id", flat=True))
    product = Product.objects.filter(code=product_code).first() if product_code else None
    title = product.name.encode()[:TITLE_BYTES].decode(errors="ignore") if product else ""
    return Moment.objects.create(
        text=text, user_ids=users, corp_tag_ids=known, product_code=product.code if product else "", link_title=title,
        created_by=actor, created_at=clock.now(),
    )  # fmt: skip


def send_moment(moment: Moment, *, actor: User) -> None:
    """Have it created at WeCom; every publisher then confirms on their own phone."""
    with transaction.atomic():
        if not Moment.objects.filter(pk=moment.pk, state=MomentState.DRAFT).update(state=MomentState.PENDING):
            raise Refused(_("This Moment is on its way already."), "moved")
        enqueue(create_moment, key=str(moment.pk), moment_id=moment.pk)
        write_audit(actor, "moment.send", moment, {"staff": len(moment.user_ids)})


@job(Lane.USUAL)
def create_moment(moment_id: int) -> None:
    """Call WeCom once. An answer that was lost leaves the task `unknown`
    for a person to look at: a second call could publish twice."""
    if not Moment.objects.filter(pk=moment_id, state=MomentState.PENDING).update(
        state=MomentState.UNKNOWN, called_at=clock.now()
    ):
        return
    moment = Moment.objects.get(pk=moment_id)
    users = {user.pk: user for user in User.objects.filter(pk__in=moment.user_ids, is_active=True, wecom_userid__isnull=False)}
    try:
        jobid = wecom().create_moment(
            text=moment.text, userids=[str(user.wecom_userid) for user in users.values()], tag_ids=moment.corp_tag_ids,
            link_title=moment.link_title, link_url=_link(moment),
        )  # fmt: skip
    except GatewayError as error:
        if not error.ambiguous:
            Moment.objects.filter(pk=moment_id).update(state=MomentState.FAILED, error=str(error.errcode)[:200])
        return
    with transaction.atomic():
        MomentStaff.objects.bulk_create([MomentStaff(moment=moment, user=user) for user in users.values()], ignore_conflicts=True)
        Moment.objects.filter(pk=moment_id).update(state=MomentState.RUNNING, jobid=jobid, next_poll_at=clock.now())


def _link(moment: Moment) -> str:
    return f"{settings.PUBLIC_URL.rstrip('/')}/m/{moment.product_code}" if moment.product_code else ""


@job(Lane.USUAL, coalesce=True)
def poll_moments() -> None:
    """Ask WeCom about the Moments whose time has come."""
    for moment in Moment.objects.filter(next_poll_at__lte=clock.now()).order_by("next_poll_at")[:20]:
        poll_moment(moment)


def poll_moment(moment: Moment) -> None:
    """Bring one Moment in step with WeCom: created? published by whom? liked and commented on by whom?"""
    try:
        if moment.state == MomentState.RUNNING:
            _follow_job(moment)
        if moment.moment_id:
            _follow_publishers(moment)
    except GatewayError as error:
        if not error.retryable:
            Moment.objects.filter(pk=moment.pk).update(error=str(error.errcode)[:200])
    _next_poll(moment)


def _follow_job(moment: Moment) -> None:
    found = wecom().moment_job(moment.jobid)
    if found.state != MomentJobState.DONE:
        return
    state = MomentState.FAILED if found.errcode else MomentState.AWAITING
    Moment.objects.filter(pk=moment.pk).update(state=state, moment_id=found.moment_id, error=found.errcode)
    moment.refresh_from_db()
    MomentStaff.objects.filter(moment=moment, user__wecom_userid__in=found.invalid_senders).delete()


def _follow_publishers(moment: Moment) -> None:
    now = clock.now()
    published = {one.userid for one in wecom().moment_publishers(moment.moment_id) if one.is_published}
    MomentStaff.objects.filter(moment=moment, user__wecom_userid__in=published, published_at=None).update(published_at=now)
    for row in MomentStaff.objects.filter(moment=moment, published_at__isnull=False).select_related("user"):
        _keep_signs(moment, row.user, wecom().moment_signs(moment.moment_id, str(row.user.wecom_userid)))
    if not MomentStaff.objects.filter(moment=moment, published_at=None).exists():
        Moment.objects.filter(pk=moment.pk, state=MomentState.AWAITING).update(state=MomentState.DONE)


_SIGNS = """
INSERT INTO campaigns_momentreaction (moment_id, user_id, customer_id, external_userid, kind, at)
SELECT %(moment)s, %(user)s, friend.customer_id, sign.external_userid, sign.kind, sign.at
FROM unnest(%(ids)s::text[], %(kinds)s::text[], %(moments)s::timestamptz[]) AS sign (external_userid, kind, at)
LEFT JOIN LATERAL (
    SELECT rel.customer_id FROM customers_relationship AS rel
        WHERE rel.external_userid = sign.external_userid ORDER BY rel.id LIMIT 1
) AS friend ON true
ON CONFLICT DO NOTHING RETURNING customer_id, kind, at
"""


def _keep_signs(moment: Moment, user: User, signs: Sequence[MomentSign]) -> None:
    """New likes and comments, and a fact for each whose person we know; safe to run again."""
    kinds = [Reaction.COMMENT if sign.is_comment else Reaction.LIKE for sign in signs]
    values: dict[str, Any] = {
        "moment": moment.pk, "user": user.pk, "ids": [sign.external_userid for sign in signs], "kinds": [str(kind)
            for kind in kinds],
        "moments": [sign.at for sign in signs],
    }  # fmt: skip
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_SIGNS, values)
        rows = [row for row in cursor.fetchall() if row[0]]
        for kind, fact in ((Reaction.LIKE, MomentLiked), (Reaction.COMMENT, MomentCommented)):
            record_many([
                Dated(fact(customer, moment.pk, moment.product_code), f"{fact.kind}:{moment.pk}:{customer}:{at.isoformat()}", at)
                for customer, which, at in rows
                if which == kind
            ])  # fmt: skip


def _next_poll(moment: Moment) -> None:
    moment.refresh_from_db()
    now = clock.now()
    age = now - (moment.called_at or now)
    is_over = age > POLL_FOR or moment.state in (MomentState.FAILED, MomentState.CANCELLED)
    quick = settings.PLATFORM_MODE == "sim"
    wait = dt.timedelta(seconds=5) if quick else dt.timedelta(minutes=2 if age < dt.timedelta(hours=1) else 60)
    Moment.objects.filter(pk=moment.pk).update(next_poll_at=None if is_over else now + wait)


def cancel_moment(moment: Moment, *, actor: User) -> None:
    """Take it back from whoever has not published; what is published stays."""
    if moment.state == MomentState.DRAFT:
        moment.delete()
        return
    if not moment.moment_id or moment.state == MomentState.CANCELLED:
        raise Refused(_("This Moment cannot be withdrawn now."), "moved")
    wecom().cancel_moment(moment.moment_id)
    with transaction.atomic():
        Moment.objects.filter(pk=moment.pk).update(state=MomentState.CANCELLED, next_poll_at=None)
        write_audit(actor, "moment.cancel", moment, {})


_TASKS = """
INSERT INTO campaigns_followup (key, customer_id, assignee_id, title, reason, evidence, suggested_text, product_code, state,
    outcome,
    due_at, created_at)
SELECT 'moment:' || reaction.moment_id || ':' || reaction.customer_id, reaction.customer_id, reaction.user_id, %(title)s,
    %(reason)s,
    jsonb_build_array(jsonb_build_object('text', %(why)s)), '', %(product)s, 'open', '', %(now)s, %(now)s
FROM (SELECT DISTINCT ON (customer_id) * FROM campaigns_momentreaction WHERE moment_id = %(moment)s AND kind = 'comment'
      AND customer_id IS NOT NULL ORDER BY customer_id, at) AS reaction
ON CONFLICT (key) DO NOTHING
"""


def answer_comments(moment: Moment, *, actor: User) -> int:
    """A task for every customer who commented, with the member under whose Moment it was; how many are new."""
    values: dict[str, Any] = {
        "moment": moment.pk, "title": _("Commented on a Moment: answer"), "reason": FollowUpReason.MOMENT, "now": clock.now(),
        "why": moment.text[:60], "product": moment.product_code,
    }  # fmt: skip
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_TASKS, values)
        made = int(cursor.rowcount)
        write_audit(actor, "moment.tasks", moment, {"tasks": made})
    return made
