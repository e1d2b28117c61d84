"""Reads over tags, rules and segments, and what tagging adds to the condition language."""

from tagging.queries.conditions import condition_fields
from tagging.queries.members import condition_members, segment_members
from tagging.queries.names import choices, palette, segment_names, tag_names, tags_of

__all__ = [
    "choices",
    "condition_fields",
    "condition_members",
    "palette",
    "segment_members",
    "segment_names",
    "tag_names",
    "tags_of",
]
