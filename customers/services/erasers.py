"""How each kind of row about a person is forgotten. Which table is treated how stands in settings.CUSTOMER_ERASURE;
a table of settings.CUSTOMER_TABLES that is not named there loses the person's rows.
"""

from collections.abc import Sequence
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.db.models import Field, Model
from django.utils.module_loading import import_string
from redis import Redis
from redis.exceptions import RedisError

from customers.models import Customer, GroupMember, Household, SyncSeen

KEEP = "keep"
# What stays of the row itself: numbers and dates that lead to nobody, and who may see the orders.
SHELL = frozenset({"id", "public_id", "owner", "department", "merged_into", "created_at", "updated_at", "erased_at"})


def erase_places(ids: Sequence[int]) -> dict[str, int]:
    """Treat every registered table; how many rows of each were touched."""
    removed: dict[str, int] = {}
    for name in settings.CUSTOMER_TABLES:
        how = settings.CUSTOMER_ERASURE.get(name, "delete")
        if how == KEEP:
            continue
        count = _delete(name, ids) if how == "delete" else int(import_string(how)(ids))
        if count:
            removed[name.partition(".")[0]] = removed.get(name.partition(".")[0], 0) + count
    return removed


def _delete(name: str, ids: Sequence[int]) -> int:
    """Delete the rows that name these customers, with what hangs on them."""
    table, _dot, column = name.partition(".")
    model = _model_of(table)
    field = next(field for field in model._meta.concrete_fields if field.column == column)
    rows = model._base_manager.filter(**{f"{field.attname}__in": ids})
    return int(rows.delete()[0])


def _model_of(table: str) -> type[Model]:
    return next(model for model in apps.get_models(include_auto_created=True) if model._meta.db_table == table)


def events(ids: Sequence[int]) -> int:
    """What somebody did stays as a number of a day: without whose it was, and without what it said."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE core_event SET customer_id = NULL, props = '{}' WHERE customer_id = ANY(%s)", [list(ids)])
        return int(cursor.rowcount)


def requests(ids: Sequence[int]) -> int:
    """Requests stay as proof that they were answered, without the person and their words."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE customers_datarequest SET customer_id = NULL, words = '', answer = '', changes = '{}'"
            " WHERE customer_id = ANY(%s)",
            [list(ids)],
        )
        return int(cursor.rowcount)


def bulk_targets(ids: Sequence[int]) -> int:
    """Nobody stays in the set of an act, and a file that an export wrote with them in it goes whole."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM customers_bulkpart WHERE bulk_id IN"
            " (SELECT bulk_id FROM customers_bulktarget WHERE customer_id = ANY(%s))",
            [list(ids)],
        )
        cursor.execute("DELETE FROM customers_bulktarget WHERE customer_id = ANY(%s)", [list(ids)])
        return int(cursor.rowcount)


def household_names(ids: Sequence[int]) -> int:
    """The name of a household often is the person's."""
    return Household.objects.filter(members__customer__in=ids).update(name="")


def empty_shells(ids: Sequence[int], at: Any) -> None:
    """Leave of the customers' own rows what their orders need: a number. Every other column returns to its default."""
    blank = {field.attname: _nothing(field) for field in Customer._meta.concrete_fields if field.name not in SHELL}
    Customer.objects.filter(pk__in=ids).update(**{**blank, "is_personalised": False, "lifecycle": "lost"}, erased_at=at)


def _nothing(field: "Field[Any, Any]") -> Any:
    return None if field.null else field.get_default()


def wecom_mirror(values: Sequence[str]) -> int:
    """What the mirror of WeCom keeps under the platform's own ids: places in group chats, and what a sync came across."""
    found = GroupMember.objects.filter(is_external=True, userid__in=values).delete()[0]
    return int(found + SyncSeen.objects.filter(external_id__in=values).delete()[0])


def ledger(ids: Sequence[int]) -> int:
    """Waiting and finished jobs about the person, and answers kept for repeated requests."""
    texts = [str(number) for number in ids]
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM core_job"
            " WHERE args ->> 'customer_id' = ANY(%(ids)s) OR args -> 'props' ->> 'customer_id' = ANY(%(ids)s)",
            {"ids": texts},
        )
        count = int(cursor.rowcount)
        cursor.execute(
            "DELETE FROM core_idempotencyrecord WHERE split_part(scope, ':', 2) = ANY(%s)",
            [texts],
        )
        return count + int(cursor.rowcount)


def redis_traces(values: Sequence[str]) -> int:
    """Keys and short-lived copies that hold one of these values. Redis may be away: then everything in it ends within minutes."""
    wanted = [value.encode() for value in values if len(value) >= 5]
    cache.delete_many(["data.events", "data.identities"])
    if not wanted:
        return 0
    found = 0
    try:
        with Redis.from_url(settings.REDIS_URL) as client:
            for key in client.scan_iter(count=1000):
                if any(value in key or value in _content(client, key) for value in wanted):
                    found += int(client.delete(key))
    except RedisError:
        return found
    return found


def _content(client: "Redis", key: bytes) -> bytes:
    """Everything a key holds, in one piece."""
    kind: Any = client.type(key)
    held: list[Any] = []
    if kind == b"string":
        held = [client.get(key)]
    elif kind == b"hash":
        held = [*client.hkeys(key), *client.hvals(key)]
    elif kind == b"list":
        held = list(client.lrange(key, 0, -1))
    elif kind in {b"set", b"zset"}:
        held = list(client.smembers(key) if kind == b"set" else client.zrange(key, 0, -1))
    return b"\n".join(part for part in held if isinstance(part, bytes))
