"""Doing erasures again after a restore from a backup."""

import datetime as dt
import uuid
from pathlib import Path
from typing import Any

from django.db import connection, transaction

from customers.models import Customer, Erasure, Identity
from customers.services.erasure import forget
from customers.services.erasure_list import read_list


def replay(path: Path) -> tuple[int, int]:
    """Do every erasure of a list again: (erasures whose people were there again, people erased). Safe to repeat."""
    entries, people = 0, 0
    for entry in read_list(path):
        with transaction.atomic():
            found = _replay_one(entry)
        entries += bool(found)
        people += found
    return entries, people


def _replay_one(entry: dict[str, Any]) -> int:
    at = dt.datetime.fromisoformat(entry["at"])
    done, _made = Erasure.objects.get_or_create(
        customer_id=int(entry["customer_id"]),
        defaults={
            "public_id": uuid.UUID(entry["public_id"]), "at": at,
            "orders_until": dt.date.fromisoformat(entry["orders_until"]) if entry["orders_until"] else None,
        },
    )  # fmt: skip
    _rebury(done, entry["tombstones"], at)
    back = _people(entry, at)
    for customer_id in back:
        forget(customer_id, at=at)
    return len(back)


_REBURY = """
INSERT INTO customers_erasedidentity (erasure_id, kind, scope, value_hash, at)
SELECT %s, kind, scope, decode(hash, 'hex'), %s FROM unnest(%s::text[], %s::text[], %s::text[]) AS stone (kind, scope, hash)
ON CONFLICT (kind, scope, value_hash) DO NOTHING
"""


def _rebury(done: Erasure, stones: list[list[str]], at: dt.datetime) -> None:
    if stones:
        with connection.cursor() as cursor:
            cursor.execute(_REBURY, [done.pk, at, *([stone[part] for stone in stones] for part in range(3))])


def _people(entry: dict[str, Any], at: dt.datetime) -> list[int]:
    """Who of the entry is in the database again: the customer itself, and whoever held its identities before the erasure."""
    hashes = [bytes.fromhex(stone[2]) for stone in entry["tombstones"]]
    holders = Identity.objects.filter(value_hash__in=hashes, customer__created_at__lt=at).values_list("customer_id", flat=True)
    itself = Customer.objects.filter(public_id=entry["public_id"], erased_at__isnull=True).values_list("pk", flat=True)
    roots: set[int] = set()
    for pk in {*holders, *itself}:
        customer = Customer.objects.get(pk=pk)
        while customer.merged_into is not None:
            customer = customer.merged_into
        roots.add(customer.pk)
    return sorted(roots)
