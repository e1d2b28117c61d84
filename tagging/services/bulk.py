"""Tags for many customers at once, and lists of people kept by hand: a tag of its own with a segment that asks for it."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core import clock, params
from core.errors import BadInput
from core.jobs import enqueue
from core.parsers import is_clean
from customers.choices import SkipReason
from customers.models import BulkAction
from customers.services.bulk import Ask, Kind, Outcome
from staff.models import User
from tagging.choices import Dimension, TagSource
from tagging.models import Tag, TagAssignment, TagGroup
from tagging.queries.conditions import tag_options
from tagging.queries.refreshing import Change, live_rules
from tagging.services.refresh import lock_tags, rebuild_tags, record_tags, refresh_batch
from tagging.services.segments import save_segment

# What stood there before, whole rows by customer: undo puts them back as they were.
_HELD = """
SELECT held.customer_id, jsonb_agg(to_jsonb(held))::text FROM tagging_tagassignment AS held
JOIN tagging_tag AS tag ON tag.id = held.tag_id JOIN tagging_taggroup AS family ON family.id = tag.group_id
WHERE held.customer_id = ANY(%(ids)s) AND (held.tag_id = %(tag)s
    OR (%(alone)s AND family.is_exclusive AND family.id = %(group)s AND NOT held.is_blocked))
GROUP BY held.customer_id
"""
_DROP = """
DELETE FROM tagging_tagassignment AS held USING tagging_tag AS tag, tagging_taggroup AS family
WHERE held.customer_id = ANY(%(ids)s) AND tag.id = held.tag_id AND family.id = tag.group_id AND (held.tag_id = %(tag)s
    OR (%(alone)s AND family.is_exclusive AND family.id = %(group)s AND NOT held.is_blocked))
RETURNING held.customer_id, held.tag_id, held.is_blocked
"""
_GIVE = """
INSERT INTO tagging_tagassignment
    (customer_id, tag_id, source, evidence, confidence, assigned_at, matched_at, is_blocked, assigned_by_id)
SELECT id, %(tag)s, 'manual', '[]', 1, %(now)s, %(now)s, false, %(actor)s FROM unnest(%(ids)s::bigint[]) AS id ORDER BY id
"""
_PUT_BACK = """
INSERT INTO tagging_tagassignment
SELECT row.* FROM jsonb_array_elements(%(rows)s::jsonb) AS line, jsonb_populate_record(NULL::tagging_tagassignment, line) AS row
WHERE EXISTS (SELECT 1 FROM tagging_tag WHERE id = row.tag_id) ON CONFLICT DO NOTHING
RETURNING customer_id, tag_id, is_blocked
"""
_TAKE_OURS = """
DELETE FROM tagging_tagassignment WHERE customer_id = ANY(%(ids)s) AND tag_id = %(tag)s AND source = 'manual'
    AND NOT is_blocked AND assigned_by_id = %(actor)s RETURNING customer_id, tag_id, is_blocked
"""


def _run(statement: str, **named: Any) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, named)
        return cursor.fetchall() if cursor.description else []


def _clean(_actor: User, given: Mapping[str, str], _total: int) -> dict[str, Any]:
    tag = Tag.objects.filter(pk=params.whole("tag", given.get("tag"), 0), is_archived=False).first()
    if tag is None:
        raise BadInput(_("Choose a tag."), {"tag": _("choose one")})
    return {"tag": tag.pk, "group": tag.group_id}


def _tags(_user: User) -> Sequence[tuple[Any, str, str]]:
    return [(option.value, str(option.label), str(option.group)) for option in tag_options()]


def _holders(args: dict[str, Any]) -> QuerySet[Any]:
    return TagAssignment.objects.filter(tag_id=args["tag"], is_blocked=False).values("customer_id")


def _named(bulk: BulkAction, ids: list[int], *, alone: bool) -> dict[str, Any]:
    return {
        "ids": ids, "tag": bulk.args["tag"], "group": bulk.args["group"], "alone": alone, "actor": bulk.actor_id,
        "now": clock.now(),
    }  # fmt: skip


def _holding(ids: list[int], tag_id: int) -> set[int]:
    held = TagAssignment.objects.filter(customer_id__in=ids, tag_id=tag_id, is_blocked=False)
    return set(held.values_list("customer_id", flat=True))


def _before(bulk: BulkAction, ids: list[int], *, alone: bool) -> dict[int, Any]:

    rows = {pk: json.loads(text) for pk, text in _run(_HELD, **_named(bulk, ids, alone=alone))}
    return {pk: rows.get(pk, []) for pk in ids}


def _add(bulk: BulkAction, ids: list[int]) -> Outcome:
    locked = lock_tags(ids)
    have = _holding(locked, bulk.args["tag"])
    chosen = [pk for pk in locked if pk not in have]
    before = _before(bulk, chosen, alone=True)
    went = _run(_DROP, **_named(bulk, chosen, alone=True))
    _run(_GIVE, **_named(bulk, chosen, alone=True))
    came = [(pk, bulk.args["tag"], False) for pk in chosen]
    _finish(bulk, chosen, came=came, went=went)
    return Outcome(before, dict.fromkeys(have, SkipReason.SAME))


def _remove(bulk: BulkAction, ids: list[int]) -> Outcome:
    locked = lock_tags(ids)
    chosen = sorted(_holding(locked, bulk.args["tag"]))
    before = _before(bulk, chosen, alone=False)
    _finish(bulk, chosen, went=_run(_DROP, **_named(bulk, chosen, alone=False)))
    return Outcome(before, dict.fromkeys(set(locked) - set(chosen), SkipReason.SAME))


def _finish(bulk: BulkAction, ids: list[int], *, came: Sequence[Any] = (), went: Sequence[Any] = ()) -> None:
    now = clock.now()
    rebuild_tags(ids)
    record_tags(_changes(came), _changes(went), TagSource.MANUAL, now)
    if ids and any(rule.asks_tags for rule in live_rules()):
        enqueue(refresh_batch, key=f"bulk:{bulk.pk}:{bulk.state}:{ids[0]}", customer_ids=ids)


def _changes(rows: Sequence[Any]) -> list[Change]:
    return [Change(customer_id, tag_id, None, "manual") for customer_id, tag_id, is_blocked in rows if not is_blocked]


def _undo_add(bulk: BulkAction, before: Mapping[int, Any]) -> Outcome:
    """Only where our tag still stands as we gave it."""
    went = _run(_TAKE_OURS, **_named(bulk, lock_tags(list(before)), alone=True))
    return _restore(bulk, before, [row[0] for row in went], went)


def _undo_remove(bulk: BulkAction, before: Mapping[int, Any]) -> Outcome:
    """Only where nobody has decided about the tag since."""
    held = TagAssignment.objects.filter(customer_id__in=list(before), tag_id=bulk.args["tag"])
    decided = set(held.values_list("customer_id", flat=True))
    return _restore(bulk, before, [pk for pk in lock_tags(list(before)) if pk not in decided], [])


def _restore(bulk: BulkAction, before: Mapping[int, Any], ids: list[int], went: Sequence[Any]) -> Outcome:

    rows = [row for pk in ids for row in before[pk]]
    came = _run(_PUT_BACK, rows=json.dumps(rows)) if rows else []
    _finish(bulk, sorted(ids), came=came, went=went)
    return Outcome(dict.fromkeys(ids), dict.fromkeys(set(before) - set(ids), SkipReason.CHANGED_SINCE))


def _describe(args: dict[str, Any]) -> str:
    return str(Tag.objects.filter(pk=args["tag"]).first() or "—")


def _clean_list(_actor: User, given: Mapping[str, str], _total: int) -> dict[str, Any]:
    name = given.get("name", "").strip()
    if not 1 <= len(name) <= 30 or not is_clean(name):
        raise BadInput(_("Give the list a name of 1 to 30 characters."), {"name": _("1 to 30 characters")})
    return {"name": name}


def _make_list(actor: User, args: dict[str, Any]) -> dict[str, Any]:
    """The tag of that name in the group of lists, and a segment of everybody who has it, made when there is none."""
    family, _made = TagGroup.objects.get_or_create(
        name=_("Lists by hand"), defaults={"dimension": Dimension.LIFECYCLE, "position": 900}
    )  # fmt: skip
    tag, is_new = Tag.objects.get_or_create(group=family, name=args["name"])
    if is_new:
        save_segment(
            actor, name=_("List: %(name)s") % args, condition={"tags": {"has": "any", "tags": [tag.pk]}},
            description=_("Kept by hand from the list of customers."),
        )  # fmt: skip
    return {**args, "tag": tag.pk, "group": family.pk}


_ASK: tuple[Ask, ...] = (Ask("tag", gettext_lazy("Tag"), _tags),)
ADD = Kind(gettext_lazy("Add a tag"), "tags.assign", "tag", _ASK, _clean, _add, _undo_add, _holders, describe=_describe)
REMOVE = Kind(gettext_lazy("Take a tag away"), "tags.assign", "minus", _ASK, _clean, _remove, _undo_remove, describe=_describe)
LIST = Kind(
    gettext_lazy("Add to a segment"), "segments.manage", "target",
    (Ask("name", gettext_lazy("Name of the list"), kind="text", hint=gettext_lazy("A new name makes a new segment")),),
    _clean_list, _add, _undo_add, prepare=_make_list, describe=lambda args: str(args["name"]),
)  # fmt: skip
