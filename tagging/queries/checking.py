"""Whether a condition that somebody wants to save asks about things that exist."""

from django.utils.translation import gettext as _

from core.conditions import ConditionError, Node, leaves, parse
from core.conditions.params import Picks, remembering_options


def checked(raw: object, *, about_tag: int | None = None) -> Node:
    """The tree of a condition to be saved. ConditionError also for tags, staff and departments that are gone, and for a
    rule that asks for the very tag it gives (`about_tag`).
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
    return node
