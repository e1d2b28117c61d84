"""The question whether a customer belongs to a segment: its own condition asked in place, or the list of a snapshot."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.conditions import Node, holds, leaves, parse
from core.conditions.errors import ConditionError
from core.conditions.fields import Args, Field, Row, Snapshot
from core.conditions.params import Option, Param, Pick, Picks, either, words
from core.conditions.sql import Query, Rows, Source, predicate
from tagging.choices import SegmentKind
from tagging.models import Segment

DEEPEST = 5  # segments within segments
_MEMBERS = Source("tagging_segmentmembership AS stay", "stay.customer_id", "stay.entered_at")


def _is_options() -> tuple[Option, ...]:
    return (Option("in", _("belongs to")), Option("out", _("does not belong to")))


def segment_options() -> Sequence[Option]:
    """Every segment by name."""
    return tuple(Option(pk, name) for pk, name in Segment.objects.order_by("name").values_list("pk", "name"))


class SegmentField(Field):
    """Belongs to one of some segments, or to none. A dynamic segment is asked in place, so that the answer is never old."""

    name = "segment"
    label = gettext_lazy("Segment")
    group = gettext_lazy("Tags")
    params: tuple[Param, ...] = (
        Pick("is", "", is_optional=True, default="in", options=_is_options),
        Picks("segments", "", options=segment_options, is_live=True, of=int),
    )
    start: Mapping[str, Any] = {"is": "in"}

    def sql(self, args: Args, query: Query) -> str:
        asked = [self._one(segment, query) for segment in _found(args)]
        found = f"({' OR '.join(asked)})" if asked else "false"
        return found if args["is"] == "in" else f"(NOT {found})"

    @staticmethod
    def _one(segment: Segment, query: Query) -> str:
        if segment.kind == SegmentKind.DYNAMIC:
            return predicate(parse(segment.condition), query)
        number = query.bind(segment.pk, "bigint")
        return (
            f"coalesce({query.column(Rows(_MEMBERS, f'stay.segment_id = {number} AND stay.left_at IS NULL'), 'count(*)')}, 0) > 0"
        )

    def holds(self, args: Args, person: Snapshot, at: dt.datetime) -> bool:
        inside = any(self._member(segment, person, at) for segment in _found(args))
        return bool(inside == (args["is"] == "in"))

    @staticmethod
    def _member(segment: Segment, person: Snapshot, at: dt.datetime) -> bool:
        if segment.kind == SegmentKind.DYNAMIC:
            return holds(parse(segment.condition), person, at)
        return any(row["segment_id"] == segment.pk and row["entered_at"] <= at for row in person.rows("segments"))

    def touched_by(self, args: Args) -> frozenset[str] | None:
        kinds: set[str] = set()
        for leaf in inner_leaves(args):
            touched = leaf.field.touched_by(leaf.args)
            if touched is None:
                return None
            kinds |= touched
        return frozenset(kinds)

    def say(self, args: Args) -> str:
        names = either([words(segment_options, one) for one in args["segments"]])
        return _("%(is)s the segment %(names)s") % {"is": words(_is_options, args["is"]), "names": names}

    def evidence(self, args: Args, query: Query) -> str:
        return f"jsonb_build_object('segments', to_jsonb({query.bind(args['segments'], 'bigint[]')}))"


def _found(args: Args) -> list[Segment]:
    return list(Segment.objects.filter(pk__in=args["segments"]).order_by("pk"))


def inner_leaves(args: Args) -> list[Any]:
    """The questions of the dynamic segments that a segment question asks; those of unreadable ones are left out."""
    found: list[Any] = []
    for segment in _found(args):
        if segment.kind == SegmentKind.DYNAMIC:
            found += leaves(parse(segment.condition))
    return found


def segments_of(node: Node) -> dict[int, str]:
    """The segments a tree asks about directly -> where."""
    return {pk: leaf.path for leaf in leaves(node) if leaf.field.name == "segment" for pk in leaf.args["segments"]}


def refuse_cycles(node: Node, about: int | None) -> None:
    """ConditionError, at the question that begins it, where segments ask about each other in a circle or too deep.

    `about` is the segment that the tree is to become the condition of.
    """
    conditions = dict(Segment.objects.filter(kind=SegmentKind.DYNAMIC).values_list("pk", "condition"))
    names = dict(Segment.objects.values_list("pk", "name"))
    for start, path in segments_of(node).items():
        _walk(start, path, (about,) if about else (), conditions, names)


def _walk(pk: int, path: str, before: tuple[int, ...], conditions: Mapping[int, Any], names: Mapping[int, str]) -> None:
    if pk in before:
        trail = " → ".join(names.get(one, str(one)) for one in (*before[before.index(pk) :], pk))
        raise ConditionError(
            f"{path}.segments", _("These segments ask about each other in a circle: %(trail)s.") % {"trail": trail}
        )
    if len(before) > DEEPEST:
        raise ConditionError(f"{path}.segments", _("Segments may ask about segments %(most)s deep at most.") % {"most": DEEPEST})
    for inner in segments_of(parse(conditions[pk])) if pk in conditions else ():
        _walk(inner, path, (*before, pk), conditions, names)


def load_snapshots_of_segments(ids: Sequence[int]) -> list[tuple[int, Row]]:
    """The snapshots each customer stands in."""
    sql = (
        "SELECT customer_id, segment_id, entered_at FROM tagging_segmentmembership"
        " WHERE customer_id = ANY(%s) AND left_at IS NULL"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [list(ids)])
        return [(customer_id, {"segment_id": pk, "entered_at": at}) for customer_id, pk, at in cursor.fetchall()]
