"""Where customers stand in the database: settings.CUSTOMER_TABLES, with the keys and types of each table.

Statements made of these parts are executed as text (`as_string()`): what writes the history into every statement of
a request reads text only.
"""

import dataclasses
import functools
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connection
from django.db.models import CompositePrimaryKey
from psycopg import sql


@dataclasses.dataclass(frozen=True)
class Place:
    """One column that names a customer, and how a merge moves it.

    `how` is `move` (plain UPDATE), `home` (as move; rows remember whose they were), `unless:COLUMNS` (rows stay behind
    where the survivor has one with the same values), `drop` (one derived row per customer: the absorbed one's goes),
    `stay` (history: never moved), or the dotted path of a `Mover` in customers.services.movers.
    """

    name: str
    how: str
    keys: tuple[tuple[str, str], ...] = ()  # primary key: (column, SQL type)

    @property
    def table(self) -> str:
        """The table's name."""
        return self.name.partition(".")[0]

    @property
    def column(self) -> str:
        """The column that names the customer."""
        return self.name.partition(".")[2]

    def identifiers(self) -> dict[str, sql.Composable]:
        """What statements about this place are formatted with."""
        return {"table": sql.Identifier(self.table), "column": sql.Identifier(self.column)}

    def key_list(self, alias: str) -> sql.Composable:
        """The row's primary key as a jsonb array of texts."""
        parts = [sql.SQL("{}.{}::text").format(sql.Identifier(alias), sql.Identifier(name)) for name, _type in self.keys]
        return sql.SQL("jsonb_build_array({})").format(sql.SQL(", ").join(parts))

    def key_match(self, alias: str, array: str) -> sql.Composable:
        """`alias` is the row whose primary key stands in the jsonb array named `array`."""
        parts = [
            sql.SQL("{}.{} = ({} ->> {})::{}").format(
                sql.Identifier(alias), sql.Identifier(name), sql.SQL(array), sql.Literal(number), sql.SQL(kind)
            )
            for number, (name, kind) in enumerate(self.keys)
        ]
        return sql.SQL(" AND ").join(parts)


@functools.cache
def places() -> tuple[Place, ...]:
    """Every registered place, in the order of the settings: what depends on another table comes after it."""
    models = {model._meta.db_table: model for model in apps.get_models(include_auto_created=True)}
    found = []
    for name, how in settings.CUSTOMER_TABLES.items():
        meta = models[name.partition(".")[0]]._meta
        fields: list[Any] = list(meta.pk.fields) if isinstance(meta.pk, CompositePrimaryKey) else [meta.pk]
        found.append(Place(name, how, tuple((field.column, str(field.db_type(connection))) for field in fields)))
    return tuple(found)


def place_of(name: str) -> Place | None:
    """A place by `table.column`; None when it is no longer registered."""
    return next((place for place in places() if place.name == name), None)
