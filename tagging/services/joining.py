"""Two tags that say the same become one, and part again."""

import json
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from core import clock
from core.errors import Refused
from core.event_types import TagAssigned, TagRemoved
from core.events import Dated, record_many
from staff.models import User
from staff.services import write_audit
from tagging.models import Segment, Tag, TagMerge, TagRule, TagVerdict
from tagging.services.refresh import rebuild_tags
from tagging.services.versions import keep_version

BATCH = 5_000
_KINDS: dict[str, Any] = {"rule": TagRule, "segment": Segment}
# The survivor keeps its own row where a customer has both, unless the other's is a person's word and its own a rule's.
_JOIN = (
    """
    INSERT INTO tagging_tagmergerow (merge_id, customer_id, assignment_id, lost)
    SELECT %(merge)s, customer_id, id, to_jsonb(row) FROM tagging_tagassignment AS row WHERE id IN (
        SELECT (array_agg(id ORDER BY is_blocked DESC, source <> 'rule' DESC, tag_id = %(to)s DESC))[2]
        FROM tagging_tagassignment WHERE tag_id IN (%(to)s, %(from)s) GROUP BY customer_id HAVING count(*) > 1)
    """,
    """
    DELETE FROM tagging_tagassignment AS row USING tagging_tagmergerow AS noted
    WHERE noted.merge_id = %(merge)s AND noted.assignment_id = row.id
    """,
    """
    INSERT INTO tagging_tagmergerow (merge_id, customer_id, assignment_id)
    SELECT %(merge)s, customer_id, id FROM tagging_tagassignment WHERE tag_id = %(from)s
    """,
    "UPDATE tagging_tagassignment SET tag_id = %(to)s WHERE tag_id = %(from)s",
)
# Rows that somebody took away since stay away; a tag given anew since stays as it is; a rule deleted since is named no more.
_PART = (
    """
    UPDATE tagging_tagassignment AS row SET tag_id = %(from)s FROM tagging_tagmergerow AS noted
    WHERE noted.merge_id = %(merge)s AND noted.lost IS NULL AND row.id = noted.assignment_id AND row.tag_id = %(to)s
        AND NOT EXISTS (
            SELECT 1 FROM tagging_tagassignment AS own WHERE own.tag_id = %(from)s AND own.customer_id = row.customer_id)
    """,
    """
    INSERT INTO tagging_tagassignment SELECT was.* FROM tagging_tagmergerow AS noted CROSS JOIN LATERAL jsonb_populate_record(
        NULL::tagging_tagassignment, noted.lost || jsonb_build_object('customer_id', noted.customer_id,
        'rule_id', (SELECT id FROM tagging_tagrule WHERE id = (noted.lost ->> 'rule_id')::bigint))) AS was
    WHERE noted.merge_id = %(merge)s AND noted.lost IS NOT NULL ON CONFLICT DO NOTHING
    """,
)
_LOST_VERDICTS = """
DELETE FROM tagging_tagverdict AS old WHERE tag_id = %s AND EXISTS (
    SELECT 1 FROM tagging_tagverdict AS own WHERE own.tag_id = %s AND own.customer_id = old.customer_id) RETURNING to_jsonb(old)
"""
_VERDICTS_BACK = """
INSERT INTO tagging_tagverdict SELECT was.* FROM jsonb_populate_recordset(NULL::tagging_tagverdict, %s) AS was
WHERE EXISTS (SELECT 1 FROM customers_customer WHERE id = was.customer_id) ON CONFLICT DO NOTHING
"""


def merge_tags(actor: User, absorbed: Tag, survivor: Tag) -> int:
    """Everybody who has `absorbed` has `survivor` instead; rules and conditions follow; the absorbed tag is archived.

    The number of customers who had it. Refused within an exclusive group's border crossing: a tag of an exclusive group is
    merged inside its group only, else customers could end with two of one question.
    """
    if absorbed.pk == survivor.pk:
        raise Refused(_("Choose another tag."), "same_tag")
    if survivor.group.is_exclusive and absorbed.group_id != survivor.group_id:
        facts = {"group": survivor.group.name}
        raise Refused(
            _("“%(group)s” allows one tag at most: only its own tags can be merged into it.") % facts, "exclusive_group"
        )
    with transaction.atomic():
        keep_version(actor, _("before merging “%(one)s” into “%(two)s”") % {"one": absorbed.name, "two": survivor.name})
        people, had_both = _had(absorbed), _had(survivor) & _had(absorbed)
        merge = TagMerge.objects.create(absorbed=absorbed, survivor=survivor, people=len(people), by=actor, at=clock.now())
        _execute(_JOIN, merge)
        merge.verdicts = _move_verdicts(absorbed, survivor)
        merge.rule_ids = list(absorbed.rules.order_by("id").values_list("id", flat=True))
        absorbed.rules.update(tag=survivor)
        merge.conditions = {kind: _rewrite(model, absorbed.pk, survivor.pk) for kind, model in _KINDS.items()}
        merge.save(update_fields=["verdicts", "rule_ids", "conditions"])
        absorbed.is_archived = True
        absorbed.save(update_fields=["is_archived"])
        _tell(people, came=people - had_both, came_tag=survivor, went=people, went_tag=absorbed)
        write_audit(actor, "tags.merge", survivor, {"absorbed": absorbed.name, "customers": len(people)})
    return len(people)


def part_tags(actor: User, merge: TagMerge) -> int:
    """Take a merge back: people, verdicts, rules and conditions as they were, but for what was changed since.

    The number of customers who have the absorbed tag again. Refused when it was taken back already, or when the survivor
    was merged further: that has to be taken back first.
    """
    with transaction.atomic():
        merge = TagMerge.objects.select_for_update(of=("self",)).select_related("absorbed", "survivor").get(pk=merge.pk)
        if merge.undone_at:
            raise Refused(_("This merge was taken back already."), "undone")
        if TagMerge.objects.filter(absorbed=merge.survivor, undone_at=None, pk__gt=merge.pk).exists():
            raise Refused(_("“%(name)s” was merged further. Take that back first.") % {"name": merge.survivor.name}, "merged_on")
        absorbed, survivor = merge.absorbed, merge.survivor
        absorbed_before, survivor_before = _had(absorbed), _had(survivor)
        _execute(_PART, merge)
        _give_verdicts_back(merge)
        TagRule.objects.filter(pk__in=merge.rule_ids, tag=survivor).update(tag=absorbed)
        _restore_conditions(merge)
        absorbed.is_archived = False
        absorbed.save(update_fields=["is_archived"])
        merge.undone_at = clock.now()
        merge.save(update_fields=["undone_at"])
        people = _had(absorbed)
        gone = survivor_before - _had(survivor)
        _tell(people | gone, came=people - absorbed_before, came_tag=absorbed, went=gone, went_tag=survivor)
        write_audit(actor, "tags.part", survivor, {"absorbed": absorbed.name, "customers": len(people)})
    return len(people)


def _execute(statements: tuple[str, ...], merge: TagMerge) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement, {"merge": merge.pk, "to": merge.survivor_id, "from": merge.absorbed_id})


def _had(tag: Tag) -> set[int]:
    return set(tag.assignments.filter(is_blocked=False).values_list("customer_id", flat=True))


def _move_verdicts(absorbed: Tag, survivor: Tag) -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute(_LOST_VERDICTS, [absorbed.pk, survivor.pk])
        lost = [json.loads(row[0]) if isinstance(row[0], str) else row[0] for row in cursor.fetchall()]
    moved = list(absorbed.verdicts.order_by("id").values_list("id", flat=True))
    absorbed.verdicts.update(tag=survivor)
    return {"moved": moved, "lost": lost}


def _give_verdicts_back(merge: TagMerge) -> None:
    known = merge.absorbed.verdicts.values("customer_id")
    moved = TagVerdict.objects.filter(pk__in=merge.verdicts["moved"], tag=merge.survivor).exclude(customer_id__in=known)
    moved.update(tag=merge.absorbed)
    with connection.cursor() as cursor:
        cursor.execute(_VERDICTS_BACK, [json.dumps(merge.verdicts["lost"])])


def _tell(touched: set[int], *, came: set[int], came_tag: Tag, went: set[int], went_tag: Tag) -> None:
    now = clock.now()
    stamp, people = now.isoformat(), sorted(touched)
    for start in range(0, len(people), BATCH):
        some = people[start : start + BATCH]
        rebuild_tags(some)
        for fact, who, tag, what in ((TagAssigned, came, came_tag, "assigned"), (TagRemoved, went, went_tag, "removed")):
            record_many([Dated(fact(pk, tag.pk, "manual"), f"tag.{what}:{pk}:{tag.pk}:{stamp}", now) for pk in some if pk in who])


def _rewrite(model: Any, old: int, new: int) -> dict[str, list[Any]]:
    """Every stored condition asks for the new tag; {id: [before, after]} of those that changed."""
    changed = {}
    for row in model.objects.all():
        before, after = row.condition, _replaced(row.condition, old, new)
        if after != before:
            row.condition = after
            row.save(update_fields=["condition"])
            changed[str(row.pk)] = [before, after]
    return changed


def _restore_conditions(merge: TagMerge) -> None:
    """Conditions that nobody changed since ask for what they asked before."""
    for kind, model in _KINDS.items():
        noted = merge.conditions[kind]
        for row in model.objects.filter(pk__in=noted):
            before, after = noted[str(row.pk)]
            if row.condition == after:
                row.condition = before
                row.save(update_fields=["condition"])


def _replaced(raw: Any, old: int, new: int) -> Any:
    """A stored condition that asks for the other tag instead."""
    if isinstance(raw, list):
        return [_replaced(one, old, new) for one in raw]
    if not isinstance(raw, dict):
        return raw
    found = {key: _replaced(value, old, new) for key, value in raw.items()}
    own = found.get("tags")
    if isinstance(own, dict) and isinstance(own.get("tags"), list):
        found["tags"] = {**own, "tags": list(dict.fromkeys(new if one == old else one for one in own["tags"]))}
    return found
