"""The one place of the demo that writes tables without their apps' services: COPY, for rows that services would take
hours to write one by one. Nobody hears of these rows: no job is enqueued for what happened months ago."""

import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.db.models import Model

HOUSE = (
    "core",
    "gateways",
    "staff",
    "customers",
    "messaging",
    "catalog",
    "tagging",
    "membership",
    "orders",
    "itinerary",
    "service_bot",
    "campaigns",
    "analytics",
)


def copy(cursor: CursorWrapper, model: type[Model], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """Append rows; `columns` are the table's own names. How many there were."""
    names = ", ".join(columns)
    count = 0
    with connection.wrap_database_errors, cursor.copy(f"COPY {model._meta.db_table} ({names}) FROM STDIN") as stream:
        for row in rows:
            stream.write_row(row)
            count += 1
    return count


def copy_lines(cursor: CursorWrapper, model: type[Model], columns: Sequence[str], lines: Iterable[str]) -> None:
    """Append rows that are COPY's text format already: tabs between the columns, a newline at the end."""
    names = ", ".join(columns)
    with connection.wrap_database_errors, cursor.copy(f"COPY {model._meta.db_table} ({names}) FROM STDIN") as stream:
        stream.write("".join(lines))


def next_id(model: type[Model]) -> int:
    """The id that the next row of a table would get."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT coalesce(max(id), 0) + 1 FROM {model._meta.db_table}")  # noqa: S608 - a model's own table
        return int(cursor.fetchone()[0])


def continue_ids(*models: type[Model]) -> None:
    """Let the sequences go on after the ids that were written by COPY."""
    with connection.cursor() as cursor:
        for model in models:
            table = model._meta.db_table
            cursor.execute(
                f"SELECT setval(pg_get_serial_sequence(%s, 'id'), coalesce((SELECT max(id) FROM {table}), 0) + 1, false)",  # noqa: S608
                [table],
            )


def analyze() -> None:
    """Tell the planner how large the tables are now."""
    with connection.cursor() as cursor:
        for table in _tables():
            cursor.execute(f'ANALYZE "{table}"')


def empty_everything() -> None:
    """Remove every row of the house's own tables. Only `load_demo --reset` does, and never beside live platforms."""
    if settings.PLATFORM_MODE != "sim":
        raise RuntimeError("tables are emptied only beside simulated platforms")
    names = ", ".join(f'"{table}"' for table in _tables())
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {names} RESTART IDENTITY CASCADE")


def _tables() -> list[str]:
    with connection.cursor() as cursor:
        found = {table.name for table in connection.introspection.get_table_list(cursor) if table.type in ("t", "p")}
    return sorted(name for name in found if name.split("_")[0] in HOUSE)


def stable_uuid(data: bytes) -> uuid.UUID:
    """A version 4 uuid of 16 random bytes drawn by a seeded generator."""
    return uuid.UUID(bytes=data, version=4)
