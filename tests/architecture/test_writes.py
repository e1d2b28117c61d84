"""Only services write. They are the verbs: one use case, one transaction, one place to look for who changed a row."""

import ast
import re
from pathlib import Path

from tests.architecture.source import calls, named, role_of, sources, tree_of

# The ledger itself: the two functions everybody calls to record a fact and to enqueue a job, and the worker that marks jobs.
LEDGER = {"core/events.py", "core/jobs.py", "core/worker.py", "core/idempotency.py"}
WRITES = re.compile(
    r"(\.objects\b.*|_meta\.default_manager.*|\bqueryset.*)"
    r"\.(create|bulk_create|update|bulk_update|delete|get_or_create|update_or_create|acreate|aupdate|adelete)\(|\.(save|asave)\(\)$"
)
WRITING_SQL = re.compile(
    r"^\s*(WITH\b.*\b)?"
    r"(INSERT\s+INTO|UPDATE\s+\w+\s+(AS\s+\w+\s+)?SET|DELETE\s+FROM|MERGE\s+INTO|TRUNCATE|COPY\s+\w+.*FROM)\b",
    re.DOTALL | re.IGNORECASE,
)


def _may_write(path: Path) -> bool:
    role, name = role_of(path), named(path)
    return role == "services" or name in LEDGER or name.startswith(("scrm/demo/", "gateways/simulator/"))


def test_only_services_write_through_the_orm() -> None:
    wrong = [
        f"{named(path)}:{line} {name}"
        for path in sources()
        if not _may_write(path)
        for line, name in calls(path)
        if WRITES.search(name.replace("\n", " "))
    ]
    assert wrong == []


def test_only_services_hold_sql_that_writes() -> None:
    wrong = [
        f"{named(path)}:{node.lineno}"
        for path in sources()
        if not _may_write(path)
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and WRITING_SQL.search(node.value)
    ]
    assert wrong == []


def test_the_patterns_recognise_a_write() -> None:
    assert WRITES.search("Order.objects.filter(pk=pk).update()")
    assert WRITES.search("Order.objects.bulk_create(_)")
    assert WRITES.search("order.save()")
    assert not WRITES.search("image.save(_)")
    assert not WRITES.search("Order.objects.filter(pk=pk).first()")
    assert not WRITES.search("found.update(_)")
    assert WRITING_SQL.search("\nWITH due AS (SELECT 1) UPDATE core_job SET state = 'done'")
    assert WRITING_SQL.search("INSERT INTO core_event (id) VALUES (1)")
    assert not WRITING_SQL.search("SELECT id FROM core_job FOR UPDATE SKIP LOCKED")
