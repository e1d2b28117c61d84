"""Which questions are personal: they look at what somebody did, bought or was tagged with (PIPL 24, E-commerce Law 18)."""

from core.conditions import Node, both, leaves, parse

# What the customer told us, who looks after them, and what a contract needs. Whatever is not named here is personal, so that a
# new field is on the safe side.
NEUTRAL = frozenset(
    {
        "city", "source", "gender", "owner", "department", "age", "birthday", "child_age", "created",
        "friend", "consent", "personalised", "departure",
    }
)  # fmt: skip


def looks_at_behaviour(node: Node) -> bool:
    """Whether any part of a question is personal."""
    return any(leaf.field.name not in NEUTRAL for leaf in leaves(node))


def is_personal(condition: object) -> bool:
    """The same for a stored condition."""
    return looks_at_behaviour(parse(condition))


def as_asked_by_rules(node: Node) -> Node:
    """The question as a tag rule asks it: a personal one only about those who take personal recommendations."""
    return both(node, parse({"personalised": {"is": "on"}})) if looks_at_behaviour(node) else node
