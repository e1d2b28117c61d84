"""Whether a condition that somebody wants to save asks about things that exist."""

from django.utils.translation import gettext as _

from core.conditions import ConditionError, Node, dump, leaves, parse
from core.conditions.params import Picks, remembering_options
from tagging.choices import RuleState
from tagging.models import Tag, TagRule
from tagging.queries.conditions_segment import refuse_cycles


def checked(raw: object, *, about_tag: int | None = None, about_segment: int | None = None) -> Node:
    """The tree of a condition to be saved. ConditionError also for tags, staff and departments that are gone, for a rule
    that asks for the very tag it gives (`about_tag`), for segments in a circle, and for two tags of an exclusive group at once.
    """
    node = parse(raw)
    with remembering_options():
        for leaf in leaves(node):
            for param in leaf.field.params:
                value = leaf.args[param.name]
                if isinstance(param, Picks) and param.is_live and value and param.missing(value):
                    raise ConditionError(f"{leaf.path}.{param.name}", _("Something chosen here no longer exists. Choose again."))
            if leaf.field.name == "tags" and about_tag in leaf.args["tags"]:
                raise ConditionError(f"{leaf.path}.tags", _("A rule cannot ask for the tag that it gives."))
    refuse_cycles(node, about_segment)
    _refuse_impossible_tags(node)
    return node


def _refuse_impossible_tags(node: Node) -> None:
    """Nobody has two tags of an exclusive group: who asks for both asks for nobody."""
    for leaf in leaves(node):
        if leaf.field.name != "tags" or leaf.args["has"] != "all":
            continue
        seen: dict[int, Tag] = {}
        for tag in Tag.objects.filter(pk__in=leaf.args["tags"], group__is_exclusive=True).select_related("group").order_by("pk"):
            other = seen.setdefault(tag.group_id, tag)
            if other.pk != tag.pk:
                facts = {"group": tag.group.name, "one": other.name, "two": tag.name}
                complaint = _("Nobody has both %(one)s and %(two)s: “%(group)s” allows one tag at most.") % facts
                raise ConditionError(f"{leaf.path}.tags", complaint)


def refuse_contradiction(node: Node, tag: Tag, priority: int, rule_id: int | None) -> None:
    """ConditionError where a rule in force gives another tag of the same exclusive group to the very same people, with the
    same priority: one of the two tags would never be given.
    """
    if not tag.group.is_exclusive:
        return
    rivals = TagRule.objects.filter(tag__group=tag.group_id, state=RuleState.ACTIVE, priority=priority, condition=dump(node))
    rival = rivals.exclude(tag=tag).exclude(pk=rule_id or 0).select_related("tag").first()
    if rival is not None:
        facts = {"rule": rival.name, "tag": rival.tag.name, "group": tag.group.name}
        complaint = (
            _("The rule “%(rule)s” gives %(tag)s to exactly these people, and “%(group)s” allows one tag at most.") % facts
        )
        raise ConditionError("", complaint)
