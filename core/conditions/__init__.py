"""One question about a customer, as a JSON tree: tag rules, segments, journey branches and tier rules speak it.

`parse` checks a tree, `select_members` compiles it to one SQL statement, `holds` answers for one customer in memory,
`say` renders it as a sentence. Fields are contributed by the apps that settings.CONDITION_FIELDS names.
"""

from core.conditions.errors import ConditionError
from core.conditions.evaluate import holds
from core.conditions.loading import load_snapshots
from core.conditions.sentences import say
from core.conditions.sql import Statement, select_evidence, select_matches, select_members
from core.conditions.tree import Node, both, dump, leaves, parse

__all__ = [
    "ConditionError",
    "Node",
    "Statement",
    "both",
    "dump",
    "holds",
    "leaves",
    "load_snapshots",
    "parse",
    "say",
    "select_evidence",
    "select_matches",
    "select_members",
]
