"""From what another system knows of somebody to our customer. Matching itself is the work of `resolve`."""

import dataclasses
import datetime as dt
from collections.abc import Sequence

from django.db import connection

from core.errors import Refused
from customers.choices import IdentityKind
from customers.intake.items import Who
from customers.services import keys
from customers.services.resolve import Profile, home_of, resolve


@dataclasses.dataclass(frozen=True)
class Person:
    """Who an item is about: a customer, nobody in particular (None), or why that cannot be said.

    `home_id`: whom the keys came with, where a merge has moved them since.
    """

    customer_id: int | None
    refusal: str = ""
    home_id: int | None = None


_KNOWN = """
SELECT identity.kind, identity.scope, identity.value_hash, identity.customer_id, identity.home_id
FROM unnest(%s::text[], %s::text[], %s::bytea[]) AS asked (kind, scope, value_hash)
JOIN customers_identity AS identity USING (kind, scope, value_hash)
"""


def people_behind(everybody: Sequence[Who], *, source: str) -> list[Person]:
    """One Person per item, in order; each distinct `who` is resolved once. In the caller's transaction.

    Who is named by one known strong key alone, as nearly everybody is, costs one query together.
    """
    distinct = {who: keys_of(who) for who in dict.fromkeys(everybody)}
    known = _by_one_key(distinct)
    people = {who: known.get(who) or _person(who, found, source) for who, found in distinct.items()}
    return [people[who] for who in everybody]


def _by_one_key(distinct: dict[Who, list[keys.Key]]) -> dict[Who, Person]:
    single = {who: found[0] for who, found in distinct.items() if len(found) == 1 and found[0].is_strong and not who.birthday}
    if not single:
        return {}
    asked = list(single.values())
    with connection.cursor() as cursor:
        cursor.execute(_KNOWN, [[key.kind for key in asked], [key.scope for key in asked], [key.hash for key in asked]])
        holders = {(kind, scope, bytes(value)): holder for kind, scope, value, *holder in cursor.fetchall()}
    found = {who: holders.get((key.kind, key.scope, key.hash)) for who, key in single.items()}
    return {who: Person(holder[0], home_id=holder[1]) for who, holder in found.items() if holder}


def _person(who: Who, found: list[keys.Key], source: str) -> Person:
    if not found and not (who.masked_phone and who.name):  # stars alone would join strangers
        return Person(None)
    birthday = dt.date.fromisoformat(who.birthday) if who.birthday else None
    about = Profile(name=who.name, birthday=birthday, masked_phone=who.masked_phone)
    try:
        customer = resolve(found, source=source, profile=about, own_act=False).customer
        return Person(customer.pk, home_id=home_of([key for key in found if key.is_strong]))
    except Refused as refused:
        return Person(None, refused.message)


def keys_of(who: Who) -> list[keys.Key]:
    """The keys another system gave, strongest first."""
    found = []
    if who.unionid:
        found.append(keys.unionid(who.unionid))
    if who.openid:
        found.append(keys.mini_openid(who.openid))
    if who.external_userid:
        found.append(keys.external_userid(who.external_userid))
    if who.alipay_user_id:
        found.append(keys.alipay(who.alipay_user_id))
    if who.douyin_openid:
        found.append(keys.of_platform(IdentityKind.DOUYIN, "", who.douyin_openid))
    if who.xiaohongshu_id:
        found.append(keys.of_platform(IdentityKind.XIAOHONGSHU, "", who.xiaohongshu_id))
    if who.phone:
        found.append(keys.phone(who.phone, verified=who.phone_verified))
    return found
