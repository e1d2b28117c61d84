"""What a merge did to a table, written down so that it can be undone row by row."""

import dataclasses
import json
from collections.abc import Callable, Iterable
from typing import Any

from django.db import IntegrityError, connection, transaction
from psycopg import sql

from customers.models import Merge, MergeMove
from customers.queries.places import Place

Row = dict[str, Any]


def move_rows(merge: Merge, place: Place, *, only: sql.Composable | None = None) -> int:
    """Move the absorbed customer's rows in one UPDATE and note their keys; the number moved."""
    statement = sql.SQL(
        "WITH moved AS (UPDATE {table} AS row SET {column} = %(to)s WHERE row.{column} = %(from)s AND {only}"
        " RETURNING {keys} AS key)"
        " INSERT INTO customers_mergemove (merge_id, place, moved, changed, removed, added)"
        " SELECT %(merge)s, %(place)s, jsonb_agg(key), '[]', '[]', '[]' FROM moved HAVING count(*) > 0"
        " RETURNING jsonb_array_length(moved)"
    ).format(**place.identifiers(), keys=place.key_list("row"), only=only or sql.SQL("true"))
    with connection.cursor() as cursor:
        named: Row = {"to": merge.survivor_id, "from": merge.absorbed_id, "merge": merge.pk, "place": place.name}
        cursor.execute(statement.as_string(), named)
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def unless_taken(place: Place, columns: Iterable[str]) -> sql.Composable:
    """Only rows for which the survivor has none with the same values in `columns`."""
    same: list[sql.Composable] = [sql.SQL("mine.{0} = row.{0}").format(sql.Identifier(name)) for name in columns if name]
    return sql.SQL("NOT EXISTS (SELECT 1 FROM {table} AS mine WHERE mine.{column} = %(to)s AND {same})").format(
        **place.identifiers(), same=sql.SQL(" AND ").join(same or [sql.SQL("true")])
    )


def rows_of(place: Place, customer_ids: list[int]) -> dict[str, Row]:
    """The customers' rows as JSON by primary key (as text). Numbers are text too: nothing is rounded."""
    statement = sql.SQL("SELECT {keys}::text, to_jsonb(row)::text FROM {table} AS row WHERE row.{column} = ANY(%s)").format(
        **place.identifiers(), keys=place.key_list("row")
    )
    with connection.cursor() as cursor:
        cursor.execute(statement.as_string(), [customer_ids])
        return {key: json.loads(text, parse_float=str) for key, text in cursor.fetchall()}


@dataclasses.dataclass(frozen=True)
class Difference:
    """How rows differ after a move: keys with (old, new) of what changed, rows that are gone, keys with rows that came."""

    changed: list[list[Any]]
    removed: list[Row]
    added: list[list[Any]]


def difference(before: dict[str, Row], after: dict[str, Row]) -> Difference:
    """What to note, so that `after` can become `before` again."""
    changed = []
    for key, old in before.items():
        new = after.get(key)
        if new is not None and new != old:
            names = [name for name in old if old[name] != new[name]]
            changed.append([json.loads(key), {name: old[name] for name in names}, {name: new[name] for name in names}])
    removed = [old for key, old in before.items() if key not in after]
    return Difference(changed, removed, [[json.loads(key), row] for key, row in after.items() if key not in before])


def noted(merge: Merge, place: Place, act: Callable[[], object]) -> None:
    """Run `act`, which may change and remove rows of the two customers, and note every difference."""
    both = [merge.survivor_id, merge.absorbed_id]
    before = rows_of(place, both)
    act()
    found = difference(before, rows_of(place, both))
    if found.changed or found.removed or found.added:
        MergeMove.objects.create(merge=merge, place=place.name, **dataclasses.asdict(found))


def give_back(move: MergeMove, place: Place, *, root: int, absorbed: int) -> None:
    """Undo one note: rows go back to the absorbed customer unless they moved on; what changed since is kept."""
    if move.moved:
        _give_back_moved(move, place, root, absorbed)
    for key, old, new in sorted(move.changed, key=lambda entry: place.column not in entry[1]):
        _give_back_changed(place, key, old, new, root)
    for key, row in move.added:
        _take_away(place, key, row)
    for row in move.removed:
        _put_back(place, row)


def _give_back_moved(move: MergeMove, place: Place, root: int, absorbed: int) -> None:
    statement = sql.SQL(
        "UPDATE {table} AS row SET {column} = %s FROM jsonb_array_elements(%s::jsonb) AS wanted (pk)"
        " WHERE {match} AND row.{column} = %s"
    ).format(**place.identifiers(), match=place.key_match("row", "wanted.pk"))
    with connection.cursor() as cursor:
        cursor.execute(statement.as_string(), [absorbed, json.dumps(move.moved), root])


def _give_back_changed(place: Place, key: list[str], old: Row, new: Row, root: int) -> None:
    """A column goes back only where nobody changed it since; a row that would collide keeps its newer values."""
    current = _current(place, key)
    if current is None:
        return
    names = [name for name in old if current[name] == (root if name == place.column else new[name])]
    try:
        with transaction.atomic():
            _set(place, key, {name: old[name] for name in names})
    except IntegrityError:
        _set(place, key, {name: old[name] for name in names if name == place.column})


def _current(place: Place, key: list[str]) -> Row | None:
    """A row as it is now, locked; None when it is gone."""
    select = sql.SQL(
        "SELECT to_jsonb(row)::text FROM {table} AS row, (SELECT %s::jsonb AS pk) AS wanted WHERE {match} FOR UPDATE OF row"
    ).format(**place.identifiers(), match=place.key_match("row", "wanted.pk"))
    with connection.cursor() as cursor:
        cursor.execute(select.as_string(), [json.dumps(key)])
        found = cursor.fetchone()
    row: Row | None = json.loads(found[0], parse_float=str) if found else None
    return row


def _take_away(place: Place, key: list[str], row: Row) -> None:
    """A row the merge made goes, unless somebody changed it since."""
    if _current(place, key) == row:
        statement = sql.SQL("DELETE FROM {table} AS row USING (SELECT %s::jsonb AS pk) AS wanted WHERE {match}").format(
            **place.identifiers(), match=place.key_match("row", "wanted.pk")
        )
        with connection.cursor() as cursor:
            cursor.execute(statement.as_string(), [json.dumps(key)])


def _set(place: Place, key: list[str], values: Row) -> None:
    if not values:
        return
    sets = [sql.SQL("{0} = told.{0}").format(sql.Identifier(name)) for name in values]
    statement = sql.SQL(
        "UPDATE {table} AS row SET {sets} FROM jsonb_populate_record(NULL::{table}, %s::jsonb) AS told, (SELECT %s::jsonb AS pk)"
        " AS wanted WHERE {match}"
    ).format(**place.identifiers(), sets=sql.SQL(", ").join(sets), match=place.key_match("row", "wanted.pk"))
    with connection.cursor() as cursor:
        cursor.execute(statement.as_string(), [json.dumps(values), json.dumps(key)])


def _put_back(place: Place, row: Row) -> None:
    statement = sql.SQL(
        "INSERT INTO {table} SELECT (jsonb_populate_record(NULL::{table}, %s::jsonb)).* ON CONFLICT DO NOTHING"
    ).format(**place.identifiers())
    with connection.cursor() as cursor:
        cursor.execute(statement.as_string(), [json.dumps(row)])
