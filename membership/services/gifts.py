"""Gifts of the tier: on birthdays by themselves, on holidays when somebody says so."""

import datetime as dt
import logging
from collections.abc import Iterable

from django.db import transaction
from django.utils.translation import gettext as _

from core import clock
from core.choices import Lane
from core.errors import Refused
from core.jobs import enqueue, job
from membership.choices import BenefitKind, Code, SchemeState
from membership.models import Benefit, Member, TierBenefit
from membership.services.coupons import issue_coupon
from membership.services.points import grant_points
from staff.models import User
from staff.services import write_audit

logger = logging.getLogger(__name__)


def _gifts(kind: BenefitKind) -> Iterable[tuple[str, Benefit]]:
    """(tier code, its gift) of the ladder in force."""
    cells = TierBenefit.objects.filter(tier__scheme__state=SchemeState.PUBLISHED, benefit__kind=kind, tier__rank__gt=0)
    return [(cell.tier.code, cell.benefit) for cell in cells.select_related("tier", "benefit")]


@job(Lane.BULK, coalesce=True)
def give_birthday_gifts() -> None:
    """Daily: the gift of whose birthday it is in Shanghai, once a year. Who was born on 29 February has it on 1 March of other
    years."""
    today = clock.today()
    days = [(today.month, today.day)]
    if (today.month, today.day) == (3, 1) and (today - dt.timedelta(days=1)).day == 28:
        days.append((2, 29))
    for tier, benefit in _gifts(BenefitKind.BIRTHDAY):
        for month, day in days:
            born = Member.objects.filter(tier=tier, customer__birthday__month=month, customer__birthday__day=day)
            for customer_id in born.values_list("customer_id", flat=True):
                enqueue(
                    give_gift, key=f"birthday:{today.year}:{customer_id}", customer_id=customer_id, benefit_id=benefit.pk,
                    gift=f"birthday:{today.year}",
                )  # fmt: skip


@transaction.atomic
def give_holiday_gifts(name: str, *, by: User) -> int:
    """Give the holiday gift to everybody whose tier has one; `name` ("2026-mid-autumn") is given once. How many will get it."""
    if not name.replace("-", "").isalnum() or len(name) > 30:
        raise Refused(_("Name the holiday in letters and digits, such as 2026-mid-autumn."), "gift_name")
    count = 0
    for tier, benefit in _gifts(BenefitKind.HOLIDAY):
        for customer_id in Member.objects.filter(tier=tier).values_list("customer_id", flat=True):
            count += enqueue(
                give_gift,
                key=f"holiday:{name}:{customer_id}",
                customer_id=customer_id,
                benefit_id=benefit.pk,
                gift=f"holiday:{name}",
            )
    write_audit(by, "gifts.holiday", None, {"name": name, "members": count})
    return count


@job(Lane.BULK)
def give_gift(customer_id: int, benefit_id: int, gift: str) -> None:
    """One member's gift: its coupon, its points, or both; once per gift. A coupon that ran out is no reason to try again."""
    benefit = Benefit.objects.get(pk=benefit_id)
    key = f"gift:{gift}:{customer_id}"
    if benefit.gift_points:
        grant_points(customer_id, benefit.gift_points, key=key, code=Code.GIFT, ref=f"gift:{gift}"[:60])
    if benefit.gift_template_id:
        try:
            issue_coupon(customer_id, benefit.gift_template_id, key, source="tier")
        except Refused as refused:  # the points of the same gift are not lost for it
            logger.warning("gift %s: no coupon of template %s: %s", gift, benefit.gift_template_id, refused.code)
