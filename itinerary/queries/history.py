"""The operation log as the editor needs it: the newest edits, and what of a person's own can be undone and done again."""

import itertools
from typing import Any

from itinerary.models import Itinerary, Operation
from staff.models import User

SHOWN = 30
REPLAYED = 400
MARKS = frozenset({"via"})


def recent_operations(itinerary: Itinerary) -> list[Operation]:
    """The newest first. One query."""
    return list(itinerary.operations.select_related("actor").order_by("-revision")[:SHOWN])


def stacks_of(itinerary: Itinerary, user: User) -> dict[str, list[list[dict[str, Any]]]]:
    """What undoing and doing again would do, the next one last: batches of operations. From the log, so that it survives a
    closed page. One query."""
    rows = list(itinerary.operations.filter(actor=user).order_by("-revision")[:REPLAYED])[::-1]
    undo: list[list[dict[str, Any]]] = []
    redo: list[list[dict[str, Any]]] = []
    for _at, group in itertools.groupby(rows, key=lambda row: row.created_at):
        batch = list(group)
        back = [row.inverse for row in reversed(batch)]
        via = batch[0].payload.get("via", "")
        if via == "undo":
            del undo[-1:]
            redo.append(back)
        elif via == "redo":
            del redo[-1:]
            undo.append(back)
        else:
            undo.append(back)
            redo = []
    return {"undo": undo, "redo": redo}
