"""Who the contacts are: their identities resolved, what is empty of their profile filled."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import connection

from customers.choices import IdentityKind
from customers.services import keys
from customers.services.erasure import erased_among
from customers.services.keys import Key
from customers.services.resolve import Profile, resolve
from customers.services.resolve_bulk import open_staging, resolve_many

if TYPE_CHECKING:
    from customers.services.sync.friendships import Change, Friendship

SOURCE = "wecom"
A_FEW = 3  # a callback's worth: staging costs more than it saves


def newest_by_contact(told: "Iterable[Friendship]") -> "dict[str, list[Friendship]]":
    """The friendships of each contact, the latest fetch first."""
    found: dict[str, list[Friendship]] = {}
    for item in sorted(told, key=lambda each: each.fetched_at, reverse=True):
        found.setdefault(item.external_userid, []).append(item)
    return found


def resolve_contacts(contacts: "Mapping[str, list[Friendship]]") -> dict[str, int]:
    """external_userid -> customer id, made where nobody is known by its keys; erased people are left out.

    Somebody whose friendship began after their erasure came back by their own act: they are taken as new.
    """
    erased = _erased(contacts)
    back = {external for external, at in erased.items() if max(item.created_at for item in contacts[external]) > at}
    plain = {external: items for external, items in contacts.items() if external not in erased}
    if len(plain) <= A_FEW:
        return _one_by_one({**plain, **{external: contacts[external] for external in back}})
    return _staged(plain) | _one_by_one({external: contacts[external] for external in back})


def _one_by_one(contacts: "Mapping[str, list[Friendship]]") -> dict[str, int]:
    return {
        external: resolve(_keys(items[0]), source=SOURCE, profile=Profile(nickname=items[0].nickname)).customer.pk
        for external, items in sorted(contacts.items())
    }


def _erased(contacts: "Mapping[str, list[Friendship]]") -> dict[str, dt.datetime]:
    by_hash = {keys.external_userid(external).hash: external for external in contacts}
    scope = settings.VENDORS["WECOM_CORP_ID"]
    found = {by_hash[value]: at for value, at in erased_among(IdentityKind.EXTERNAL_USERID, scope, by_hash).items()}
    unionids = {keys.unionid(items[0].unionid).hash: external for external, items in contacts.items() if items[0].unionid}
    for value, at in erased_among(IdentityKind.UNIONID, "", unionids).items():
        external = unionids[value]
        found[external] = max(at, found.get(external, at))
    return found


def _keys(item: "Friendship") -> list[Key]:
    strong = [keys.unionid(item.unionid)] if item.unionid else []
    return [*strong, keys.external_userid(item.external_userid)]


def _staged(contacts: "Mapping[str, list[Friendship]]") -> dict[str, int]:
    order = sorted(contacts)
    with connection.cursor() as cursor:
        open_staging()
        with connection.wrap_database_errors, cursor.copy("COPY resolve_row (row, nickname, gender) FROM STDIN") as copy:
            for row, external in enumerate(order):
                copy.write_row((row, contacts[external][0].nickname, contacts[external][0].gender))
        columns = "row, kind, scope, value_hash, value_sealed, verified"
        with connection.wrap_database_errors, cursor.copy(f"COPY resolve_key ({columns}) FROM STDIN") as copy:
            for row, external in enumerate(order):
                for key in _keys(contacts[external][0]):
                    copy.write_row((row, *keys.staged(key)))
    resolve_many(source=SOURCE)
    with connection.cursor() as cursor:
        cursor.execute("SELECT row, customer_id FROM resolve_row WHERE customer_id IS NOT NULL")
        return {order[row]: customer for row, customer in cursor.fetchall()}


# What staff wrote stays; the first member of staff who befriended somebody is the owner of who has none.
_FILL = """
UPDATE customers_customer AS customer SET
    nickname = CASE WHEN customer.nickname = '' THEN told.nickname ELSE customer.nickname END,
    gender = CASE WHEN customer.gender = '' THEN told.gender ELSE customer.gender END,
    owner_id = coalesce(customer.owner_id, told.owner_id),
    department_id = CASE WHEN customer.owner_id IS NULL THEN told.department_id ELSE customer.department_id END,
    updated_at = now()
FROM (
    SELECT DISTINCT ON (sent.customer_id) sent.customer_id, sent.nickname, sent.gender, staff.id AS owner_id, staff.department_id
    FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::bigint[], %s::timestamptz[])
        AS sent (customer_id, nickname, gender, user_id, added_at)
    JOIN staff_user AS staff ON staff.id = sent.user_id
    ORDER BY sent.customer_id, sent.added_at, sent.user_id
) AS told
WHERE customer.id = told.customer_id AND (customer.owner_id IS NULL
    OR (customer.nickname = '' AND told.nickname <> '') OR (customer.gender = '' AND told.gender <> ''))
"""


def fill_profiles(changes: "Sequence[Change]", rows: "Mapping[tuple[int, str], Friendship]") -> None:
    """Fill what is empty of the customers whose friendships changed."""
    lines: list[tuple[Any, ...]] = []
    for change in changes:
        item = rows[change.pair]
        lines.append((change.customer_id, item.nickname, item.gender, change.user_id, item.created_at))
    if lines:
        with connection.cursor() as cursor:
            cursor.execute(_FILL, [list(column) for column in zip(*lines, strict=True)])
