"""Costs, short links and drafts of words for channels."""

import datetime as dt
import secrets
from decimal import Decimal

from django.db import connection
from django.utils.translation import gettext as _

from campaigns.ai import propose_copy
from campaigns.choices import CopyKind
from campaigns.models import ChannelCost, CopyDraft, ShortLink
from campaigns.rules.copywriting import Copy, Facts, write_copy
from campaigns.rules.wording import check_wording
from catalog.models import Product
from core import clock
from core.errors import BadInput
from core.parsers import is_clean
from customers.models import AcquisitionChannel
from gateways.errors import LlmUnavailable
from staff.models import User
from staff.services import write_audit

_LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"  # nothing that is read as something else on a poster
MOST = Decimal(100_000_000)


def enter_cost(
    *, actor: User, channel: AcquisitionChannel, day: dt.date, amount: Decimal, exposures: int = 0, note: str = ""
) -> ChannelCost:
    """Write down what was spent on a channel on a day."""
    if not amount.is_finite() or not Decimal(0) <= amount <= MOST or amount.as_tuple().exponent not in (0, -1, -2):
        raise BadInput(_("The cost is an amount in yuan with at most two decimals."), {"amount": _("not an amount")})
    if not dt.date(2020, 1, 1) <= day <= clock.today():
        raise BadInput(_("The day must not be in the future."), {"day": _("not a day of the past")})
    if not 0 <= exposures < 2**31 or not is_clean(note) or len(note) > 80:
        raise BadInput(_("Check the exposures and the note."), {"note": _("at most 80 characters")})
    cost = ChannelCost.objects.create(channel=channel, day=day, amount=amount, exposures=exposures, note=note, created_by=actor)
    write_audit(actor, "channel.cost", channel, {"amount": str(amount), "day": day.isoformat()})
    return cost


def make_link(
    *, actor: User, channel: AcquisitionChannel, name: str, product_code: str = "", utm: dict[str, str] | None = None
) -> ShortLink:
    """A short link of a channel; its UTM words are the channel's kind and name where none are given."""
    name = name.strip()
    if not 1 <= len(name) <= 40 or not is_clean(name):
        raise BadInput(_("Give the link a name of 1 to 40 characters."), {"name": _("1 to 40 characters")})
    if product_code and not Product.objects.filter(code=product_code).exists():
        raise BadInput(_("There is no such product."), {"product": _("unknown")})
    given = {key: value.strip() for key, value in (utm or {}).items()}
    if any(len(value) > 30 or not is_clean(value) for value in given.values()):
        raise BadInput(_("UTM words have at most 30 characters."), {"utm": _("too long")})
    return ShortLink.objects.create(
        code="".join(secrets.choice(_LETTERS) for _place in range(7)), channel=channel, name=name, product_code=product_code,
        utm_source=given.get("source") or channel.kind, utm_medium=given.get("medium") or "social",
        utm_campaign=given.get("campaign") or name[:30], utm_content=given.get("content", ""), created_by=actor,
            created_at=clock.now(),
    )  # fmt: skip


_OPENED = """
INSERT INTO campaigns_linkday AS old (link_id, day, opened) VALUES (%s, %s, 1)
ON CONFLICT (link_id, day) DO UPDATE SET opened = old.opened + 1
"""


def count_link(link_id: int) -> None:
    """One more opening today (Shanghai)."""
    with connection.cursor() as cursor:
        cursor.execute(_OPENED, [link_id, clock.today()])


def draft_copy(*, actor: User, product: Product, kind: str) -> CopyDraft:
    """Words for a note or an advertisement: a model's where there is one and it keeps to the law, else our own. A draft,
    always."""
    if kind not in CopyKind.values:
        raise BadInput(_("Choose where it is for."), {"kind": _("unknown")})
    facts = _facts(product)
    found = _proposed(kind, facts)
    copy = found or write_copy(kind, facts)
    return CopyDraft.objects.create(
        kind=kind, product_code=product.code, title=copy.title, text=copy.text, by_model=found is not None, created_by=actor,
        created_at=clock.now(),
    )  # fmt: skip


def _proposed(kind: str, facts: Facts) -> Copy | None:
    try:
        found = propose_copy(kind, facts)
    except LlmUnavailable:
        return None
    if found is None or not found.text.strip() or not is_clean(found.title + found.text):
        return None
    return None if any(one.is_blocking for one in check_wording(found.title + found.text)) else found


def _facts(product: Product) -> Facts:
    highlights = tuple(str(one) for one in product.highlights if str(one).strip()) if isinstance(product.highlights, list) else ()
    return Facts(
        product.name, product.destination.name, product.days, product.price_from_amount, tuple(product.themes), highlights
    )
