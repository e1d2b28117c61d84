"""From what another system knows of somebody to our customer. Matching itself is the work of `resolve`."""

import dataclasses
from collections.abc import Sequence

from django.db import transaction

from core.errors import Refused
from customers.intake.items import Who
from customers.services import keys
from customers.services.keys import Key
from customers.services.resolve import Profile, resolve


@dataclasses.dataclass(frozen=True)
class Person:
    """Who an item is about: a customer, nobody in particular (None), or why that cannot be said."""

    customer_id: int | None
    refusal: str = ""


def people_behind(everybody: Sequence[Who], *, source: str) -> list[Person]:
    """One Person per item, in order; each distinct `who` is resolved once. In the caller's transaction."""
    known: dict[Who, Person] = {}
    for who in everybody:
        if who not in known:
            known[who] = _person(who, source)
    return [known[who] for who in everybody]


def _person(who: Who, source: str) -> Person:
    claims = _claims(who)
    if not claims:
        return Person(None)
    try:
        with transaction.atomic():
            customer = resolve(claims, source=source, profile=Profile(nickname=who.name), own_act=False).customer
    except Refused as refused:
        return Person(None, refused.message)
    return Person(customer.pk)


def _claims(who: Who) -> list[Key]:
    found = []
    if who.unionid:
        found.append(keys.unionid(who.unionid))
    if who.external_userid:
        found.append(keys.external_userid(who.external_userid))
    if who.openid:
        found.append(keys.mini_openid(who.openid))
    if who.phone:
        found.append(keys.phone(who.phone))
    return found
