"""A supplier's terms: its currency and basis, what a cancellation costs; rates of exchange with their buffer."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from catalog.models import CancellationTier, ExchangeRate, Supplier
from catalog.rules import Tier, TierFault, fault_of_tiers, is_rate_jump
from core import clock
from core.errors import BadInput, Refused
from staff.models import User
from staff.services import write_audit

TERMS = ("currency", "basis", "commission_percent", "pay_days_before", "quarantine_percent", "is_live", "is_active", "note")


@transaction.atomic
def save_terms(*, supplier: Supplier, values: dict[str, Any], user: User) -> Supplier:
    """Change a supplier's terms (names of TERMS); quotes made already keep theirs."""
    supplier = Supplier.objects.select_for_update().get(pk=supplier.pk)
    changes = {
        name: [str(getattr(supplier, name)), str(values[name])]
        for name in TERMS
        if name in values and getattr(supplier, name) != values[name]
    }
    for name in changes:
        setattr(supplier, name, values[name])
    supplier.save(update_fields=list(changes))
    if changes:
        write_audit(user, "supplier.terms", supplier, {"changes": changes})
    return supplier


@transaction.atomic
def set_cancellation(*, supplier: Supplier, tiers: Sequence[Tier], user: User) -> int:
    """Replace what a supplier keeps of a cancelled booking; the number of tiers. BadInput names the first that does not fit.

    Quotes and orders carry a copy, so nothing that was promised changes.
    """
    fault = fault_of_tiers(tiers)
    if fault is not None:
        text = _said(*fault)
        raise BadInput(text, {"tiers": text})
    Supplier.objects.select_for_update().get(pk=supplier.pk)
    CancellationTier.objects.filter(supplier=supplier).delete()
    CancellationTier.objects.bulk_create(
        CancellationTier(supplier=supplier, days_from=one.days_from, days_to=one.days_to, percent=one.percent) for one in tiers
    )
    told = [[one.days_from, one.days_to, str(one.percent)] for one in tiers]
    write_audit(user, "supplier.cancellation", supplier, {"tiers": told})
    return len(tiers)


def _said(fault: TierFault, day: int) -> str:
    texts = {
        TierFault.BACKWARDS: _("The tier from day %(day)s runs backwards, or is not from 0 to 100 percent."),
        TierFault.OVERLAP: _("Day %(day)s stands in two tiers."),
        TierFault.GAP: _("Day %(day)s stands in no tier."),
        TierFault.CHEAPER_LATER: _("From day %(day)s cancelling would cost less than before."),
        TierFault.NO_LAST_DAY: _("The last tier must end on the day itself (0)."),
    }
    return texts[fault] % {"day": day}


@transaction.atomic
def set_exchange_rate(
    *, currency: str, day: dt.date, rate: Decimal, buffer_percent: Decimal, user: User, is_sure: bool = False
) -> ExchangeRate:
    """Say what a currency costs from a day on; the day's rate is replaced. Quotes made already keep theirs.

    BadInput for a rate or buffer that cannot be, or a day to come. Refused (rate_jump) for one that moved more than a tenth
    since the last, unless somebody is sure.
    """
    if not (len(currency) == 3 and currency.isascii() and currency.isalpha()) or currency.upper() == "CNY":
        raise BadInput(
            _("A currency is three letters, such as USD, and not yuan."), {"currency": _("three letters, such as USD")}
        )
    if rate <= 0 or not 0 <= buffer_percent <= 20 or day > clock.today():
        raise BadInput(
            _("The rate must be above zero, the buffer from 0 to 20 percent, the day not to come."), {"rate": _("cannot be")}
        )
    currency = currency.upper()
    last = ExchangeRate.objects.filter(currency=currency, day__lte=day).order_by("-day").first()
    if is_rate_jump(last.rate if last else None, rate) and not is_sure:
        raise Refused(_("That is more than a tenth away from the last rate. Tick that you are sure."), "rate_jump")
    found, _new = ExchangeRate.objects.update_or_create(
        currency=currency, day=day, defaults={"rate": rate, "buffer_percent": buffer_percent}
    )
    write_audit(user, "exchange.rate", found, {"rate": str(rate), "buffer": str(buffer_percent)})
    return found
