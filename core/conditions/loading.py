"""Snapshots of customers: a handful of set-based queries for any number of them."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.db import connection

from core.conditions.fields import Row, Snapshot
from core.conditions.filters import props_of, text_of
from core.conditions.registry import loaders, properties

_EVENTS = """
SELECT customer_id, key, occurred_at, kind, props::text FROM core_event
WHERE customer_id = ANY(%s) ORDER BY customer_id, occurred_at
"""


def load_snapshots(ids: Sequence[int]) -> dict[int, Snapshot]:
    """Customer id -> everything a condition can ask about. One query per section, whatever the number of customers."""
    sections: dict[int, dict[str, list[Row]]] = {customer_id: defaultdict(list) for customer_id in ids}
    for name, loader in loaders().items():
        for customer_id, row in loader(list(ids)):
            sections[customer_id][name].append(row)
    return {customer_id: Snapshot(customer_id, found) for customer_id, found in sections.items()}


def load_events(ids: Sequence[int]) -> list[tuple[int, Row]]:
    """The events of some customers; `looked_up` holds what the codes in their props stand for."""
    with connection.cursor() as cursor:
        cursor.execute(_EVENTS, [list(ids)])
        rows = cursor.fetchall()
    found = [
        (customer_id, {"key": key, "occurred_at": at, "kind": kind, "props": json.loads(props, parse_float=Decimal)})
        for customer_id, key, at, kind, props in rows
    ]
    tables = _lookup_tables() if found else {}
    return [(customer_id, {**row, "looked_up": _look_up(row, tables)}) for customer_id, row in found]


def _lookup_tables() -> dict[str, tuple[str, dict[str, list[str]]]]:
    tables = {}
    with connection.cursor() as cursor:
        for prop in properties().values():
            if prop.lookup is not None:
                cursor.execute(f"SELECT code, {prop.column} FROM ({prop.lookup.table}) AS known")  # noqa: S608 - the apps' constants
                tables[prop.name] = (prop.via, dict(cursor.fetchall()))
    return tables


def _look_up(row: Mapping[str, Any], tables: Mapping[str, tuple[str, dict[str, list[str]]]]) -> dict[str, list[str]]:
    props = props_of(row)
    codes = {name: text_of(props.get(via)) for name, (via, _known) in tables.items()}
    return {name: known[code] for name, (_via, known) in tables.items() if (code := codes[name]) in known}
