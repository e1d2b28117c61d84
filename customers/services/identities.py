"""One person out of many identities: strong keys find the customer, or make one."""

import dataclasses
from collections.abc import Sequence

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext as _

from core import clock
from core.errors import Refused
from core.event_types import CustomerCreated
from core.events import record
from core.secrets import lookup_hash, seal
from customers.choices import IdentityKind
from customers.models import Customer, Identity
from customers.rules import mask_phone


@dataclasses.dataclass(frozen=True)
class Claim:
    """An identity somebody proved to have: kind, the app it belongs to, the value."""

    kind: str
    scope: str
    value: str = dataclasses.field(repr=False)

    @property
    def hash(self) -> bytes:
        """The keyed look-up hash of the value."""
        return lookup_hash(f"{self.kind}:{self.scope}", self.value)


def mini_openid(openid: str) -> Claim:
    """An openid of our mini-program."""
    return Claim(IdentityKind.MINI_OPENID, settings.VENDORS["MINI_APP_ID"], openid)


def unionid(value: str) -> Claim:
    """A unionid: the same person across the apps bound to our open-platform account."""
    return Claim(IdentityKind.UNIONID, "", value)


def external_userid(value: str) -> Claim:
    """An external contact of our WeCom corp."""
    return Claim(IdentityKind.EXTERNAL_USERID, settings.VENDORS["WECOM_CORP_ID"], value)


def phone(e164: str) -> Claim:
    """A verified phone number in E.164."""
    return Claim(IdentityKind.PHONE, "", e164)


def find_or_create(claims: Sequence[Claim], *, source: str, nickname: str = "") -> tuple[Customer, bool]:
    """The customer who holds any of these identities, with the missing ones attached; (customer, created).

    `claims` come strongest first. Where two of them belong to different customers, the first one's customer is
    taken and nothing is moved: merging is a decision of its own. Call it inside a transaction.
    """
    _queue_up(claims)
    found = {
        (identity.kind, bytes(identity.value_hash)): identity.customer
        for identity in Identity.objects.filter(value_hash__in=[claim.hash for claim in claims]).select_related("customer")
    }
    holders = [found[(claim.kind, claim.hash)] for claim in claims if (claim.kind, claim.hash) in found]
    customer = _survivor(holders[0]) if holders else Customer.objects.create(nickname=nickname[:64], source=source)
    missing = [claim for claim in claims if (claim.kind, claim.hash) not in found]
    attach(customer, missing, source=source)
    if not holders:
        record(CustomerCreated(customer.pk, source), key=f"customer.created:{customer.pk}")
    return customer, not holders


def attach(customer: Customer, claims: Sequence[Claim], *, source: str) -> None:
    """Add identities to a customer; those that exist already stay where they are."""
    now = clock.now()
    Identity.objects.bulk_create(
        [
            Identity(
                customer=customer, kind=claim.kind, scope=claim.scope, value_hash=claim.hash,
                value_sealed=seal(claim.value), verified_at=now, source=source,
            )
            for claim in claims
        ],
        ignore_conflicts=True,
    )  # fmt: skip


def bind_phone(customer: Customer, e164: str, *, source: str) -> None:
    """Give a customer a verified phone number. Refused when it is somebody else's: two people are not merged silently."""
    claim = phone(e164)
    _queue_up([claim])
    holder = (
        Identity.objects.filter(kind=claim.kind, scope="", value_hash=claim.hash).values_list("customer_id", flat=True).first()
    )
    if holder is not None and holder != customer.pk:
        raise Refused(_("This phone number belongs to another account. Ask your advisor to join the two."), "phone_in_use")
    attach(customer, [claim], source=source)
    Customer.objects.filter(pk=customer.pk).update(phone_masked=mask_phone(e164), updated_at=clock.now())


def _survivor(customer: Customer) -> Customer:
    while customer.merged_into is not None:
        customer = customer.merged_into
    return customer


def _queue_up(claims: Sequence[Claim]) -> None:
    """Two log-ins of one person at the same moment wait for each other; in one order, so that nobody waits in a ring."""
    with connection.cursor() as cursor:
        for number in sorted(int.from_bytes(claim.hash[:8], "big", signed=True) for claim in claims):
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])
