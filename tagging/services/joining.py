"""Two tags that say the same become one."""

from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from core import clock
from core.errors import Refused
from core.event_types import TagAssigned, TagRemoved
from core.events import Dated, record_many
from staff.models import User
from staff.services import write_audit
from tagging.models import Segment, Tag, TagRule
from tagging.services.refresh import rebuild_tags
from tagging.services.versions import keep_version

BATCH = 5_000
# The survivor keeps its own row where a customer has both, unless the other's is a person's word and its own a rule's.
_LOSERS = """
DELETE FROM tagging_tagassignment WHERE id IN (
    SELECT (array_agg(id ORDER BY is_blocked DESC, source <> 'rule' DESC, tag_id = %(to)s DESC))[2]
    FROM tagging_tagassignment WHERE tag_id IN (%(to)s, %(from)s) GROUP BY customer_id HAVING count(*) > 1)
"""
_MOVE = "UPDATE tagging_tagassignment SET tag_id = %(to)s WHERE tag_id = %(from)s"
_VERDICTS = """
DELETE FROM tagging_tagverdict AS old WHERE tag_id = %(from)s AND EXISTS (
    SELECT 1 FROM tagging_tagverdict AS own WHERE own.tag_id = %(to)s AND own.customer_id = old.customer_id)
"""
_MOVE_VERDICTS = "UPDATE tagging_tagverdict SET tag_id = %(to)s WHERE tag_id = %(from)s"


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
        people = _had(absorbed)
        had_both = set(_had(survivor)) & set(people)
        with connection.cursor() as cursor:
            for statement in (_LOSERS, _MOVE, _VERDICTS, _MOVE_VERDICTS):
                cursor.execute(statement, {"to": survivor.pk, "from": absorbed.pk})
        absorbed.rules.update(tag=survivor)
        for model in (TagRule, Segment):
            _rewrite(model, absorbed.pk, survivor.pk)
        absorbed.is_archived = True
        absorbed.save(update_fields=["is_archived"])
        _tell(people, had_both, absorbed, survivor)
        write_audit(actor, "tags.merge", survivor, {"absorbed": absorbed.name, "customers": len(people)})
    return len(people)


def _had(tag: Tag) -> list[int]:
    return list(tag.assignments.filter(is_blocked=False).order_by("customer_id").values_list("customer_id", flat=True))


def _tell(people: list[int], had_both: set[int], absorbed: Tag, survivor: Tag) -> None:
    now = clock.now()
    stamp = now.isoformat()
    for start in range(0, len(people), BATCH):
        some = people[start : start + BATCH]
        rebuild_tags(some)
        record_many(
            [
                Dated(TagAssigned(pk, survivor.pk, "manual"), f"tag.assigned:{pk}:{survivor.pk}:{stamp}", now)
                for pk in some
                if pk not in had_both
            ]
        )
        record_many([Dated(TagRemoved(pk, absorbed.pk, "manual"), f"tag.removed:{pk}:{absorbed.pk}:{stamp}", now) for pk in some])


def _rewrite(model: Any, old: int, new: int) -> None:
    for row in model.objects.all():
        changed = _replaced(row.condition, old, new)
        if changed != row.condition:
            row.condition = changed
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
