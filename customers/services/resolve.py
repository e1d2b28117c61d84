"""Who is this? The only place that matches people: strong keys join, weak evidence asks.

`resolve` serves one fact (a log-in, a callback, an order); `resolve_many` (in resolve_bulk) serves a staged import.
"""

import dataclasses
import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from core import clock
from core.errors import Refused
from core.event_types import CustomerCreated
from core.events import record
from core.secrets import seal, unseal
from customers.choices import IdentityKind, ReviewReason
from customers.models import Customer, Identity
from customers.rules import mask_phone
from customers.rules.identity import Holder, decide
from customers.services import clues, reviews
from customers.services.erasure import erased_among
from customers.services.keys import Key, trace
from customers.services.merging import merge_customers

_LOCKS = "SELECT pg_advisory_xact_lock(lock) FROM (SELECT unnest(%s::bigint[]) AS lock ORDER BY 1) AS sorted"
_HOLDERS = """
SELECT identity.kind, identity.scope, identity.value_hash, identity.customer_id, identity.home_id
FROM unnest(%s::text[], %s::text[], %s::bytea[]) AS asked (kind, scope, value_hash)
JOIN customers_identity AS identity USING (kind, scope, value_hash)
"""
_PHONES = """
SELECT customer_id, value_hash FROM customers_identity
WHERE customer_id = ANY(%s) AND kind = 'phone' AND verified_at IS NOT NULL
"""


@dataclasses.dataclass(frozen=True)
class Profile:
    """What a fact also tells about the person: fills what is empty, and is weak evidence for a review."""

    name: str = ""
    nickname: str = ""
    birthday: dt.date | None = None
    masked_phone: str = ""


@dataclasses.dataclass(frozen=True)
class Resolved:
    """Who it is. `merged` counts records that turned out to be theirs, `reviews` questions that wait for staff;
    `disputed`: one of the keys stays with somebody else."""

    customer: Customer
    is_new: bool
    merged: int = 0
    reviews: int = 0
    disputed: bool = False


@dataclasses.dataclass
class _Found:
    """The keys that are known: key -> (customer, home)."""

    holders: dict[tuple[str, str, bytes], tuple[int, int | None]]

    def of(self, key: Key) -> tuple[int, int | None] | None:
        return self.holders.get((key.kind, key.scope, key.hash))


def resolve(
    keys: Sequence[Key], *, source: str, profile: Profile | None = None, known: Customer | None = None, own_act: bool = True
) -> Resolved:
    """The customer behind keys that were seen together, made when nobody holds any of them.

    Keys that are missing are attached. When the keys belong to several customers these are merged, except where two
    verified phones differ: then a review is opened and the holder of the strongest key answers. Weak evidence
    (unverified phone, `profile`) opens reviews only. `known` is whose session it is, if any: as strong as the strongest
    key. `own_act=False` (a sync, an import) leaves out whoever was
    erased: Refused("erased") when no key is left. Runs in a transaction of its own or the caller's.
    """
    about = profile or Profile()
    with transaction.atomic():
        strong = _strong(keys, source, about, own_act=own_act)
        _queue_up(strong)
        found = _known(strong)
        joined = _join(strong, found, source, about, known)
        customer = joined.customer
        _attach(customer, strong, found, source)
        _fill(customer, strong, about)
        asked = clues.compare(customer.pk, keys, about.name, about.birthday, about.masked_phone, source)
        if joined.is_new:
            record(CustomerCreated(customer.pk, source), key=f"customer.created:{customer.pk}")
    return dataclasses.replace(joined, reviews=joined.reviews + asked)


def _strong(keys: Sequence[Key], source: str, about: Profile, *, own_act: bool) -> list[Key]:
    """The keys that say who somebody is; a fact without any is known again by all it said together."""
    strong = list(dict.fromkeys(key for key in keys if key.is_strong and key.value))
    if not own_act:
        erased = {hashed for key in strong for hashed in erased_among(key.kind, key.scope, [key.hash])}
        left = [key for key in strong if key.hash not in erased]
        if strong and not left:
            raise Refused(_("This person asked to be forgotten."), "erased")
        strong = left
    return strong or [_trace(keys, source, about)]


def _trace(keys: Sequence[Key], source: str, about: Profile) -> Key:
    key = trace(keys, source, about.name, about.nickname, about.birthday, about.masked_phone)
    if key is None:
        raise ValueError("neither a key nor a name: nobody can be resolved")
    return key


def _queue_up(keys: Sequence[Key]) -> None:
    """Two facts about one person at the same moment wait for each other; in one order, so that nobody waits in a ring."""
    with connection.cursor() as cursor:
        cursor.execute(_LOCKS, [[int.from_bytes(key.hash[:8], "big", signed=True) for key in keys]])


def _known(keys: Sequence[Key]) -> _Found:
    with connection.cursor() as cursor:
        cursor.execute(_HOLDERS, [[key.kind for key in keys], [key.scope for key in keys], [key.hash for key in keys]])
        return _Found({(kind, scope, bytes(value)): (owner, home) for kind, scope, value, owner, home in cursor.fetchall()})


def _join(keys: Sequence[Key], found: _Found, source: str, about: Profile, known: Customer | None) -> Resolved:
    by_key = [(key, holder[0]) for key in keys if (holder := found.of(key))]
    ids = list(dict.fromkeys([*([known.pk] if known else []), *(owner for _key, owner in by_key)]))
    if not ids:
        return Resolved(Customer.objects.create(nickname=about.nickname[:64], name=about.name[:60], source=source[:40]), True)
    if len(ids) == 1:
        return Resolved(Customer.objects.get(pk=ids[0]), False)
    return _merge(ids, [key for key, _owner in by_key], source)


def _merge(ids: list[int], keys: Sequence[Key], source: str) -> Resolved:
    evidence: list[dict[str, Any]] = [{"kind": key.kind} for key in keys]
    verdict = decide(_with_phones(ids), reviews.declared_apart(ids))
    for absorbed in verdict.absorb:
        merge_customers(verdict.keep, absorbed, evidence=evidence, source=source)
    opened = [
        reviews.open_review(left, right, reason=ReviewReason.PHONES_DIFFER, evidence=evidence, source=source)
        for left, right in verdict.doubts
    ]
    disputed = len(verdict.absorb) + 1 < len(ids)
    return Resolved(Customer.objects.get(pk=verdict.keep), False, len(verdict.absorb), sum(opened), disputed)


def _with_phones(ids: list[int]) -> list[Holder]:
    phones: dict[int, set[bytes]] = {customer_id: set() for customer_id in ids}
    with connection.cursor() as cursor:
        cursor.execute(_PHONES, [ids])
        for customer_id, value in cursor.fetchall():
            phones[customer_id].add(bytes(value))
    return [Holder(customer_id, frozenset(values)) for customer_id, values in phones.items()]


def _attach(customer: Customer, keys: Sequence[Key], found: _Found, source: str) -> None:
    """Add the keys nobody holds. They come home with the known ones they were seen with, if those agree on a home."""
    missing = sorted((key for key in keys if found.of(key) is None), key=lambda key: key.hash)
    homes = {holder[1] for key in keys if (holder := found.of(key))}
    home = homes.pop() if len(homes) == 1 else None
    now = clock.now()
    Identity.objects.bulk_create(
        [
            Identity(
                customer=customer, kind=key.kind, scope=key.scope, value_hash=key.hash, value_sealed=seal(key.value),
                verified_at=now if key.verified else None, source=source, home_id=home,
            )
            for key in missing
        ],
        ignore_conflicts=True,
    )  # fmt: skip


def _fill(customer: Customer, keys: Sequence[Key], about: Profile) -> None:
    """What is empty is filled; what is there stays."""
    told: dict[str, Any] = {"name": about.name[:60], "nickname": about.nickname[:64], "birthday": about.birthday}
    phone = next((key.value for key in keys if key.kind == IdentityKind.PHONE), "")
    told["phone_masked"] = mask_phone(phone) if phone else about.masked_phone[:20]
    changes = {name: value for name, value in told.items() if value and not getattr(customer, name)}
    if changes:
        Customer.objects.filter(pk=customer.pk).update(**changes, updated_at=clock.now())
        for name, value in changes.items():
            setattr(customer, name, value)


def home_of(keys: Sequence[Key]) -> int | None:
    """Whom keys came with, where they agree and a merge has moved them since."""
    found = _known(keys)
    homes = {holder[1] for key in keys if (holder := found.of(key))}
    return homes.pop() if len(homes) == 1 else None


def value_of(identity: Identity) -> str:
    """The value in the clear; only for an audited reveal or a call to the platform it belongs to."""
    return unseal(bytes(identity.value_sealed))
