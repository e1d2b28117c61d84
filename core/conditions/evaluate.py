"""A tree asked of one customer in memory: the second opinion that keeps the SQL honest, and the answer for one person."""

import datetime as dt

from core.conditions.fields import Snapshot
from core.conditions.tree import Leaf, Node, Not


def holds(node: Node, person: Snapshot, at: dt.datetime) -> bool:
    """Whether the tree holds for a customer at a moment."""
    if isinstance(node, Leaf):
        return node.field.holds(node.args, person, at)
    if isinstance(node, Not):
        return not holds(node.child, person, at)
    answers = (holds(child, person, at) for child in node.children)
    return all(answers) if node.kind == "all" else any(answers)
