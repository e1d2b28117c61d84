"""What should make somebody stop before publishing: a condition that means everybody, or rivals for the same people."""

import datetime as dt

from django.db import OperationalError
from django.utils.translation import gettext as _
from psycopg.errors import QueryCanceled

from core.conditions import ConditionError, Node, Statement, both, parse, select_members
from tagging.choices import RuleState
from tagging.models import Tag, TagRule
from tagging.queries.members import Count, population, within_seconds

NEARLY_ALL = 0.95
_SECONDS = 1.0
MOST_RIVALS = 8


def warnings(node: Node, count: Count, at: dt.datetime, tag: Tag | None = None, rule_id: int | None = None) -> list[str]:
    """Sentences to read before publishing; none is a refusal."""
    found = []
    total = population()
    if total and count.number >= NEARLY_ALL * total:
        found.append(
            _("This means nearly everybody (%(n)s of %(all)s): a tag that all have says nothing.")
            % {"n": count.number, "all": total}
        )
    if tag is not None and tag.group.is_exclusive and count.number:
        found += _rivals(node, tag, rule_id, at)
    return found


def _rivals(node: Node, tag: Tag, rule_id: int | None, at: dt.datetime) -> list[str]:
    """Rules of the same exclusive group that match some of the same people: only one tag is given, and by which order."""
    told = []
    rivals = TagRule.objects.filter(tag__group=tag.group_id, state=RuleState.ACTIVE).exclude(tag=tag).exclude(pk=rule_id or 0)
    for rival in rivals.select_related("tag").order_by("tag__position", "pk")[:MOST_RIVALS]:
        both_match = _count_both(node, rival, at)
        if both_match:
            facts = {"n": both_match, "rule": rival.name, "tag": rival.tag.name}
            told.append(
                _("%(n)s of them also match “%(rule)s” (%(tag)s): priority decides, then the order of the group.") % facts
            )
    return told


def _count_both(node: Node, rival: TagRule, at: dt.datetime) -> int:
    try:
        members = select_members(both(node, parse(rival.condition)), at)
        counted = Statement(f"SELECT count(*) FROM ({members.sql}) AS member", members.params)  # noqa: S608 - the compiler's text
        return int(within_seconds(counted, 0, _SECONDS)[0])
    except ConditionError:
        return 0
    except OperationalError as error:
        if isinstance(error.__cause__, QueryCanceled):
            return 0
        raise
