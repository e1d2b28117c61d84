"""A tree as a sentence a person reads, in the reader's language."""

from django.utils.translation import gettext as _

from core.conditions.params import remembering_options
from core.conditions.tree import Group, Leaf, Node, Not


def say(node: Node) -> str:
    """The whole tree in one sentence; nested groups stand in brackets."""
    with remembering_options():
        return _say(node)


def _say(node: Node) -> str:
    if isinstance(node, Leaf):
        return node.field.say(node.args)
    if isinstance(node, Not):
        return _("not (%(what)s)") % {"what": _say(node.child)}
    return _glue(node).join(_inner(child, node) for child in node.children)


def _glue(group: Group) -> str:
    return _(", and ") if group.kind == "all" else _(", or ")


def _inner(child: Node, parent: Group) -> str:
    if isinstance(child, Group) and len(child.children) > 1 and child.kind != parent.kind:
        return _("(%(what)s)") % {"what": _say(child)}
    return _say(child)
