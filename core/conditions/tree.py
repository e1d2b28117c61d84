"""The condition tree: JSON in, a checked tree of frozen dataclasses out, and back.

    {"all": [node, ...]}   every one holds          {"any": [node, ...]}   at least one holds
    {"not": node}          it does not hold         {"<field>": {...}}     one question; the fields are in the registry

`parse` refuses whatever it does not know, with the path of the offending part. Depth 8 and 60 questions at most.
"""

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _

from core.conditions.errors import ConditionError
from core.conditions.fields import Args, Field
from core.conditions.registry import fields

MAX_DEPTH = 8
MAX_LEAVES = 60
MAX_CHILDREN = 30


@dataclasses.dataclass(frozen=True)
class Leaf:
    """One question: a field of the registry with its cleaned arguments. `path` is where it stands in the JSON."""

    field: Field
    args: Args
    path: str


@dataclasses.dataclass(frozen=True)
class Group:
    """`all` or `any` of some nodes."""

    kind: str
    children: tuple["Node", ...]
    path: str


@dataclasses.dataclass(frozen=True)
class Not:
    """The opposite of a node."""

    child: "Node"
    path: str


Node = Leaf | Group | Not


def parse(raw: object) -> Node:
    """A JSON value to a checked tree; ConditionError names the path of the first thing that is wrong."""
    node = _node(raw, "", 1)
    if sum(1 for _leaf in leaves(node)) > MAX_LEAVES:
        raise ConditionError("", _("A condition holds at most %(most)s questions.") % {"most": MAX_LEAVES})
    return node


def _node(raw: object, path: str, depth: int) -> Node:
    if depth > MAX_DEPTH:
        raise ConditionError(path, _("Groups may be nested %(most)s deep at most.") % {"most": MAX_DEPTH})
    if not isinstance(raw, dict) or len(raw) != 1:
        raise ConditionError(path, _("Each part must have exactly one key: all, any, not or the name of a field."))
    key, value = next(iter(raw.items()))
    where = f"{path}.{key}" if path else str(key)
    if key in ("all", "any"):
        return _group(str(key), value, where, depth)
    if key == "not":
        return Not(_node(value, where, depth + 1), where)
    return _leaf(key, value, path, where)


def _group(kind: str, value: object, where: str, depth: int) -> Group:
    if not isinstance(value, list) or not value:
        raise ConditionError(where, _("Add at least one condition to the group."))
    if len(value) > MAX_CHILDREN:
        raise ConditionError(where, _("A group holds at most %(most)s conditions.") % {"most": MAX_CHILDREN})
    children = tuple(_node(child, f"{where}[{index}]", depth + 1) for index, child in enumerate(value))
    return Group(kind, children, where)


def _leaf(key: object, value: object, path: str, where: str) -> Leaf:
    field = fields().get(key) if isinstance(key, str) else None
    if field is None:
        raise ConditionError(path, _("There is no field called %(name)s.") % {"name": str(key)[:40]})
    if not isinstance(value, dict):
        raise ConditionError(where, _("A field's settings must be an object."))
    return Leaf(field, field.clean(value, where), where)


def leaves(node: Node) -> Iterator[Leaf]:
    """Every question of a tree, in reading order."""
    if isinstance(node, Leaf):
        yield node
    elif isinstance(node, Not):
        yield from leaves(node.child)
    else:
        for child in node.children:
            yield from leaves(child)


def positive_leaves(node: Node) -> Iterator[Leaf]:
    """The questions that can be reasons for a match: those not under a `not`."""
    if isinstance(node, Leaf):
        yield node
    elif isinstance(node, Group):
        for child in node.children:
            yield from positive_leaves(child)


def dump(node: Node) -> dict[str, Any]:
    """The canonical JSON of a tree: what is stored. `parse(dump(node))` is the same tree."""
    if isinstance(node, Leaf):
        return {node.field.name: node.field.dump(node.args)}
    if isinstance(node, Not):
        return {"not": dump(node.child)}
    return {node.kind: [dump(child) for child in node.children]}


def both(first: Node, second: Node) -> Group:
    """A tree that asks two trees at once."""
    return Group("all", (first, second), "all")


def used(node: Node) -> Mapping[str, list[Leaf]]:
    """Field name -> its questions in the tree."""
    found: dict[str, list[Leaf]] = {}
    for leaf in leaves(node):
        found.setdefault(leaf.field.name, []).append(leaf)
    return found
