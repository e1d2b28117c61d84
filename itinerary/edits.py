"""Edits of an itinerary as data: each operation, its inverse, and whether two people's edits can stand side by side. Pure.

A document is {"days": [{"title", "note", "blocks": [{"key", ...}]}], "trip": {...}}. An operation is one of
  {"do": "add", "day": 1, "at": 0, "block": {...}}           {"do": "remove", "key": k}
  {"do": "move", "key": k, "day": 2, "at": 0}                 {"do": "change", "key": k, "set": {field: value}}
  {"do": "add_day", "at": 2, "day": {...}}                    {"do": "remove_day", "day": 2}
  {"do": "move_day", "day": 2, "to": 3}                       {"do": "change_day", "day": 2, "set": {...}}
  {"do": "change_trip", "set": {...}}
Days count from one. Undo is the inverse, so it is saved, merged and audited like everything else.
"""

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Document = dict[str, Any]
Operation = Mapping[str, Any]
MOST_DAYS = 30
MOST_BLOCKS = 300
BLOCK_FIELDS = frozenset(
    {
        "kind", "name", "resource", "sku", "starts", "ends", "meal", "quantity", "is_locked", "is_optional", "alternative",
        "note", "internal_note", "charge_unit", "price_amount", "price_reason",
    }
)  # fmt: skip
DAY_FIELDS = frozenset({"title", "note"})
TRIP_FIELDS = frozenset({"title", "starts_on", "adults", "child_ages", "child_beds", "singles", "foc"})


class CannotEdit(ValueError):
    """An operation that does not fit the document; `code` is gone, bad_place, bad_field, too_many, last_day or unknown."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def apply(document: Document, operation: Operation) -> tuple[Document, dict[str, Any]]:
    """The document after the operation, and the operation that undoes it. The given document stays as it was."""
    found = copy.deepcopy(document)
    do = _DO.get(str(operation.get("do")))
    if do is None:
        raise CannotEdit("unknown")
    return found, do(found, operation)


def apply_all(document: Document, operations: Sequence[Operation]) -> tuple[Document, list[dict[str, Any]]]:
    """All of them or, by CannotEdit, none; the inverses in the order of the operations."""
    inverses = []
    for operation in operations:
        document, inverse = apply(document, operation)
        inverses.append(inverse)
    return document, inverses


def _find(document: Document, key: object) -> tuple[int, int]:
    for day, one in enumerate(document["days"]):
        for at, block in enumerate(one["blocks"]):
            if block["key"] == key:
                return day, at
    raise CannotEdit("gone")


def _day(document: Document, number: object) -> int:
    if not isinstance(number, int) or isinstance(number, bool) or not 1 <= number <= len(document["days"]):
        raise CannotEdit("bad_place")
    return number - 1


def _at(value: object, length: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise CannotEdit("bad_place")
    return min(value, length)


def _fields(given: object, allowed: frozenset[str]) -> dict[str, Any]:
    if not isinstance(given, dict) or not given or set(given) - allowed:
        raise CannotEdit("bad_field")
    return given


def _add(document: Document, operation: Operation) -> dict[str, Any]:
    block = operation.get("block")
    if not isinstance(block, dict) or not isinstance(block.get("key"), str) or set(block) - BLOCK_FIELDS - {"key"}:
        raise CannotEdit("bad_field")
    if sum(len(day["blocks"]) for day in document["days"]) >= MOST_BLOCKS:
        raise CannotEdit("too_many")
    if any(one["key"] == block["key"] for day in document["days"] for one in day["blocks"]):
        raise CannotEdit("bad_field")
    blocks = document["days"][_day(document, operation.get("day"))]["blocks"]
    blocks.insert(_at(operation.get("at"), len(blocks)), dict(block))
    return {"do": "remove", "key": block["key"]}


def _remove(document: Document, operation: Operation) -> dict[str, Any]:
    day, at = _find(document, operation.get("key"))
    block = document["days"][day]["blocks"].pop(at)
    return {"do": "add", "day": day + 1, "at": at, "block": block}


def _move(document: Document, operation: Operation) -> dict[str, Any]:
    day, at = _find(document, operation.get("key"))
    target = _day(document, operation.get("day"))
    block = document["days"][day]["blocks"].pop(at)
    blocks = document["days"][target]["blocks"]
    blocks.insert(_at(operation.get("at"), len(blocks)), block)
    return {"do": "move", "key": block["key"], "day": day + 1, "at": at}


def _change(document: Document, operation: Operation) -> dict[str, Any]:
    day, at = _find(document, operation.get("key"))
    block = document["days"][day]["blocks"][at]
    fields = _fields(operation.get("set"), BLOCK_FIELDS)
    before = {name: block.get(name) for name in fields}
    block.update(fields)
    return {"do": "change", "key": block["key"], "set": before}


def _add_day(document: Document, operation: Operation) -> dict[str, Any]:
    if len(document["days"]) >= MOST_DAYS:
        raise CannotEdit("too_many")
    at = operation.get("at")
    if not isinstance(at, int) or not 1 <= at <= len(document["days"]) + 1:
        raise CannotEdit("bad_place")
    given = operation.get("day") or {}
    document["days"].insert(at - 1, {"title": "", "note": "", "blocks": [], **copy.deepcopy(given)})
    return {"do": "remove_day", "day": at}


def _remove_day(document: Document, operation: Operation) -> dict[str, Any]:
    day = _day(document, operation.get("day"))
    if len(document["days"]) == 1:
        raise CannotEdit("last_day")
    return {"do": "add_day", "at": day + 1, "day": document["days"].pop(day)}


def _move_day(document: Document, operation: Operation) -> dict[str, Any]:
    day, to = _day(document, operation.get("day")), _day(document, operation.get("to"))
    document["days"].insert(to, document["days"].pop(day))
    return {"do": "move_day", "day": to + 1, "to": day + 1}


def _change_day(document: Document, operation: Operation) -> dict[str, Any]:
    day = _day(document, operation.get("day"))
    fields = _fields(operation.get("set"), DAY_FIELDS)
    before = {name: document["days"][day].get(name, "") for name in fields}
    document["days"][day].update(fields)
    return {"do": "change_day", "day": day + 1, "set": before}


def _change_trip(document: Document, operation: Operation) -> dict[str, Any]:
    fields = _fields(operation.get("set"), TRIP_FIELDS)
    before = {name: document["trip"][name] for name in fields}
    document["trip"].update(copy.deepcopy(fields))
    return {"do": "change_trip", "set": before}


_DO: Mapping[str, Callable[[Document, Operation], dict[str, Any]]] = {
    "add": _add, "remove": _remove, "move": _move, "change": _change, "add_day": _add_day, "remove_day": _remove_day,
    "move_day": _move_day, "change_day": _change_day, "change_trip": _change_trip,
}  # fmt: skip


def touches(operation: Operation) -> frozenset[str]:
    """What an operation is about: blocks by key, fields of the trip, or the order of days ("days")."""
    do = operation.get("do")
    if do == "add":
        return frozenset({f"block:{operation['block']['key']}"})
    if do in {"remove", "move", "change"}:
        return frozenset({f"block:{operation.get('key')}"})
    if do == "change_trip":
        return frozenset(f"trip:{name}" for name in operation.get("set", {}))
    if do == "change_day":
        return frozenset({f"day:{operation.get('day')}"})
    return frozenset({"days"})


def collide(mine: Sequence[Operation], theirs: Sequence[Operation]) -> bool:
    """Whether edits made at the same time cannot both stand: the same block or field, or a change of the days' order beside
    anything placed by day."""
    ours = frozenset().union(*(touches(one) for one in mine))
    others = frozenset().union(*(touches(one) for one in theirs))
    if ours & others:
        return True
    placed = {"add", "move", "change_day", "add_day", "remove_day", "move_day"}
    return ("days" in ours and any(one.get("do") in placed for one in theirs)) or (
        "days" in others and any(one.get("do") in placed for one in mine)
    )
