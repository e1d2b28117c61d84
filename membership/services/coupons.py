"""Giving coupons out: one by one, to a segment, as codes; and taking them away."""

import dataclasses
import datetime as dt
import secrets
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Q
from django.utils.translation import gettext as _

from core import clock
from core.errors import BadInput, Refused
from core.event_types import CouponIssued
from core.events import record
from customers.queries.reviews import roots_of
from membership.choices import CouponKind, CouponState, OffsetState, TemplateState
from membership.models import Coupon, CouponBatch, CouponTemplate, Redemption
from membership.rules.coupons import is_valid
from membership.rules.points import end_of_day
from staff.models import User
from staff.services import write_audit
from tagging.models import Segment
from tagging.queries.members import segment_members

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # no look-alikes: codes are typed from paper
CODE_LENGTH = 12
MOST_CODES = 20_000


def new_code() -> str:
    """Twelve letters and digits, 60 bits: not to be guessed."""
    return "".join(secrets.choice(ALPHABET) for _place in range(CODE_LENGTH))


def clean_code(text: str) -> str:
    """A code as it was printed, from what somebody typed: full-width, lower case, spaces and hyphens are forgiven."""
    narrow = "".join(chr(ord(char) - 0xFEE0) if 0xFF01 <= ord(char) <= 0xFF5E else char for char in text)
    return "".join(char for char in narrow.upper() if char.isalnum())[:CODE_LENGTH]


def validity(template: CouponTemplate, at: dt.datetime) -> tuple[dt.datetime, dt.datetime]:
    """From when until when a coupon issued at `at` is valid."""
    if template.valid_days is not None:
        return at, end_of_day(clock.shanghai_date(at) + dt.timedelta(days=template.valid_days - 1))
    assert template.valid_until is not None  # noqa: S101 - the table's constraint
    return template.valid_from or at, template.valid_until


@transaction.atomic
def issue_coupon(customer_id: int, template_id: int, key: str, *, source: str = "single", by: User | None = None) -> Coupon:
    """Give one coupon, once per `key`. Refused, nothing changed: `template_not_active`, `template_ended`, `coupon_stock`,
    `coupon_per_person`. Stock and the person's limit hold however many ask at once."""
    known = Coupon.objects.filter(key=key).first()
    if known is not None:
        return known
    root = roots_of([customer_id])[customer_id]
    template = _take_stock(template_id, root, clock.now())
    starts, ends = validity(template, clock.now())
    coupon = Coupon.objects.create(
        template=template, customer_id=root, code=new_code(), key=key, state=CouponState.ISSUED, source=source,
        issued_at=clock.now(), valid_from=starts, expires_at=ends,
    )  # fmt: skip
    record(CouponIssued(root, coupon.pk, template.pk), key=f"coupon.issued:{coupon.pk}")
    if by is not None:
        write_audit(by, "coupon.issued", coupon, {"template": template.pk})
    return coupon


def _take_stock(template_id: int, customer_id: int, at: dt.datetime) -> CouponTemplate:
    """Lock the template, which becomes scarcer; count what the person has had under that lock."""
    template = CouponTemplate.objects.select_for_update(no_key=True).get(pk=template_id)
    _check_open(template, at)
    if template.stock is not None and template.issued_count >= template.stock:
        raise Refused(_("These coupons are all gone."), "coupon_stock")
    if had_by(template_id, customer_id) >= template.per_person:
        raise Refused(_("Nobody may have more than %(most)s of these.") % {"most": template.per_person}, "coupon_per_person")
    CouponTemplate.objects.filter(pk=template_id).update(issued_count=F("issued_count") + 1)
    return template


def _check_open(template: CouponTemplate, at: dt.datetime) -> None:
    if template.state != TemplateState.ACTIVE:
        raise Refused(_("This coupon is not being issued at the moment."), "template_not_active")
    if template.valid_until is not None and at > template.valid_until:
        raise Refused(_("The time of this coupon is over."), "template_ended")


def had_by(template_id: int, customer_id: int) -> int:
    """How many of a template's coupons a customer was ever given; void ones do not count."""
    return Coupon.objects.filter(template_id=template_id, customer_id=customer_id).exclude(state=CouponState.VOID).count()


# Set-based: whoever has fewer than the limit, the oldest customers first, as far as the stock reaches.
_ISSUE_MANY = """
WITH member AS (
    SELECT found.id FROM ({members}) AS found
    WHERE (SELECT count(*) FROM membership_coupon AS had
           WHERE had.template_id = %(template)s AND had.customer_id = found.id AND had.state <> 'void') < %(per_person)s
    ORDER BY found.id LIMIT %(left)s
), given AS (
    INSERT INTO membership_coupon (template_id, customer_id, batch_id, code, key, state, source, issued_at, valid_from,
                                   expires_at)
    SELECT %(template)s, id, %(batch)s, {code}, 'batch:' || %(batch)s || ':' || id, 'issued', 'segment', %(at)s, %(starts)s,
           %(ends)s
    FROM member ON CONFLICT DO NOTHING RETURNING id
) SELECT count(*) FROM given
"""
# 60 random bits from the server's own source (gen_random_uuid is cryptographically strong), spelled in the codes' alphabet.
_RANDOM_CODE = (
    "(SELECT string_agg(substr('23456789ABCDEFGHJKLMNPQRSTUVWXYZ', 1 + (get_byte(bits.b, place) & 31), 1), '' ORDER BY place)"
    " FROM (SELECT uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) AS b WHERE {row} IS NOT NULL) AS bits,"
    " unnest(ARRAY[0, 1, 2, 3, 4, 5, 9, 10, 11, 12, 13, 14]) AS place)"
)


@transaction.atomic
def issue_to_segment(template_id: int, segment_id: int, *, key: str, by: User) -> CouponBatch:
    """Give a coupon to everybody in a segment, in one statement; once per `key`. Stock ends it, nobody gets above the limit.

    Refused `public_rules` where the template has no public rules: a coupon for some must say for whom (PIPL 24)."""
    known = CouponBatch.objects.filter(key=key).first()
    if known is not None:
        return known
    template = CouponTemplate.objects.select_for_update(no_key=True).get(pk=template_id)
    now = clock.now()
    _check_open(template, now)
    if not template.rule_text.strip():
        raise Refused(_("Write the public rules first: who gets this coupon, and why."), "public_rules")
    batch = CouponBatch.objects.create(template=template, key=key, segment_id=segment_id, created_by=by)
    issued = _issue_members(batch, template, Segment.objects.get(pk=segment_id), now)
    CouponBatch.objects.filter(pk=batch.pk).update(wanted=issued, issued=issued)
    CouponTemplate.objects.filter(pk=template_id).update(issued_count=F("issued_count") + issued)
    write_audit(by, "coupon.issued_to_segment", template, {"segment": segment_id, "coupons": issued, "batch": batch.pk})
    batch.refresh_from_db()
    return batch


def _issue_members(batch: CouponBatch, template: CouponTemplate, segment: Segment, at: dt.datetime) -> int:
    members, named = segment_members(segment, at)
    starts, ends = validity(template, at)
    values: dict[str, Any] = {
        **named, "template": template.pk, "batch": batch.pk, "per_person": template.per_person, "at": at, "starts": starts,
        "ends": ends, "left": None if template.stock is None else template.stock - template.issued_count,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_ISSUE_MANY.format(members=members, code=_RANDOM_CODE.format(row="member.id")), values)
        return int(cursor.fetchone()[0])


@transaction.atomic
def issue_codes(template_id: int, count: int, *, key: str, by: User) -> CouponBatch:
    """Make codes that whoever types one first will own; they count against the stock. Once per `key`."""
    known = CouponBatch.objects.filter(key=key).first()
    if known is not None:
        return known
    if not 1 <= count <= MOST_CODES:
        raise BadInput(_("Between 1 and %(most)s codes.") % {"most": MOST_CODES}, {"count": _("out of range")})
    template = CouponTemplate.objects.select_for_update(no_key=True).get(pk=template_id)
    _check_open(template, clock.now())
    if template.stock is not None and template.issued_count + count > template.stock:
        raise Refused(_("These coupons are all gone."), "coupon_stock")
    batch = CouponBatch.objects.create(template=template, key=key, is_codes=True, wanted=count, issued=count, created_by=by)
    Coupon.objects.bulk_create(
        Coupon(
            template=template, batch=batch, code=new_code(), key=f"batch:{batch.pk}:{number}", state=CouponState.UNCLAIMED,
            source="code",
        )
        for number in range(count)
    )  # fmt: skip
    CouponTemplate.objects.filter(pk=template_id).update(issued_count=F("issued_count") + count)
    write_audit(by, "coupon.codes_made", template, {"coupons": count, "batch": batch.pk})
    return batch


@transaction.atomic
def claim_code(customer_id: int, text: str) -> Coupon:
    """Make a code's coupon the customer's. Who has it already gets it again; anybody else, or a wrong code, is told the same:
    Refused `code_unknown`."""
    unknown = Refused(_("There is no such code, or it has been used."), "code_unknown")
    coupon = Coupon.objects.select_related("template").filter(code=clean_code(text)).first()
    if coupon is None or (coupon.customer_id != customer_id and coupon.state != CouponState.UNCLAIMED):
        raise unknown
    if coupon.customer_id == customer_id:
        return coupon
    CouponTemplate.objects.select_for_update(no_key=True).get(pk=coupon.template_id)
    _check_open(coupon.template, clock.now())
    if had_by(coupon.template_id, customer_id) >= coupon.template.per_person:
        raise Refused(
            _("Nobody may have more than %(most)s of these.") % {"most": coupon.template.per_person}, "coupon_per_person"
        )
    starts, ends = validity(coupon.template, clock.now())
    taken = Coupon.objects.filter(pk=coupon.pk, state=CouponState.UNCLAIMED).update(
        customer_id=customer_id, state=CouponState.ISSUED, issued_at=clock.now(), valid_from=starts, expires_at=ends
    )
    if not taken:
        raise unknown
    coupon.refresh_from_db()
    record(CouponIssued(customer_id, coupon.pk, coupon.template_id), key=f"coupon.issued:{coupon.pk}")
    return coupon


@transaction.atomic
def void_coupon(coupon_id: int, *, reason: str, by: User) -> Coupon:
    """Take an unused coupon away. Refused `coupon_state` where it is in an order or used. Twice is fine."""
    changed = Coupon.objects.filter(pk=coupon_id, state__in=[CouponState.ISSUED, CouponState.UNCLAIMED]).update(
        state=CouponState.VOID, void_reason=reason[:80]
    )
    coupon = Coupon.objects.get(pk=coupon_id)
    if changed:
        write_audit(by, "coupon.void", coupon, {"reason": reason[:80]})
    elif coupon.state != CouponState.VOID:
        raise Refused(_("This coupon is in an order, or used already."), "coupon_state")
    return coupon


@dataclasses.dataclass(frozen=True)
class Redeemed:
    """A coupon scanned: the redemption, and whether this call made it."""

    redemption: Redemption
    is_new: bool


@transaction.atomic
def redeem_code(text: str, *, key: str, channel: str, by: User | None = None, merchant: str = "") -> Redeemed:
    """Redeem an exchange, upgrade or amount coupon at a counter, by its scanned or typed code; once per `key`, and a coupon
    only once. `merchant` redeems only coupons of its own scope.

    Refused: `code_unknown`, `coupon_expired`, `coupon_early`, `coupon_state`, `coupon_merchant`, `coupon_channel`,
    `coupon_kind`."""
    known = Redemption.objects.filter(key=key).first()
    if known is not None:
        return Redeemed(known, is_new=False)
    coupon = Coupon.objects.select_for_update(no_key=True).select_related(None).filter(code=clean_code(text)).first()
    if coupon is None or coupon.customer_id is None:
        raise Refused(_("There is no such code, or it has been used."), "code_unknown")
    template = CouponTemplate.objects.get(pk=coupon.template_id)
    _check_scan(coupon, template, channel, merchant)
    now = clock.now()
    Coupon.objects.filter(pk=coupon.pk, state=CouponState.ISSUED).update(state=CouponState.USED, used_at=now)
    redemption = Redemption.objects.create(
        coupon=coupon, key=key, amount=template.amount, merchant=merchant or template.merchant, channel=channel, staff=by,
        merchant_amount=merchant_share(template, template.amount), state=OffsetState.COMMITTED, at=now,
    )  # fmt: skip
    if by is not None:
        write_audit(by, "coupon.redeemed", coupon, {"redemption": redemption.pk})
    return Redeemed(redemption, is_new=True)


def _check_scan(coupon: Coupon, template: CouponTemplate, channel: str, merchant: str) -> None:
    assert coupon.expires_at is not None  # noqa: S101 - the table's constraint
    if coupon.state != CouponState.ISSUED:
        raise Refused(_("This coupon is in an order, or used already."), "coupon_state")
    if not is_valid(coupon.valid_from, coupon.expires_at, clock.now()):
        late = clock.now() > coupon.expires_at
        raise Refused(
            _("This coupon has expired.") if late else _("This coupon is not valid yet."),
            "coupon_expired" if late else "coupon_early",
        )
    if template.channels and channel not in template.channels:
        raise Refused(_("This coupon cannot be used here."), "coupon_channel")
    if merchant and merchant not in {template.merchant, *template.merchants}:
        raise Refused(_("This coupon is not for this merchant."), "coupon_merchant")
    if template.kind == CouponKind.PERCENT:
        raise Refused(_("A percentage needs an order; it cannot be scanned."), "coupon_kind")


def merchant_share(template: CouponTemplate, amount: Any) -> Any:
    """What of an amount the merchant bears, in yuan, to the fen."""
    percent = {"agency": 0, "merchant": 100}.get(template.cost_owner, template.merchant_percent)
    return (amount * percent / 100).quantize(amount.__class__("0.01"))


def usable_by(customer_id: int) -> Q:
    """Coupons of a customer that are neither used nor void nor past."""
    return Q(customer_id=customer_id, state=CouponState.ISSUED, expires_at__gte=clock.now())
