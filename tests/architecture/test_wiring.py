"""The tables that start code are complete: nothing named is missing, nothing written is forgotten."""

import ast
import datetime as dt
import importlib

import pytest
from django.core.management import call_command
from django.utils.module_loading import import_string

from core import schedule
from core.events import Subscription
from core.jobs import REGISTRY, spec_of
from scrm.schedule import SCHEDULE
from scrm.subscriptions import SUBSCRIPTIONS
from tests.architecture.source import named, role_of, sources, tree_of


def _handler_names() -> list[str]:
    return [entry.handler if isinstance(entry, Subscription) else entry for many in SUBSCRIPTIONS.values() for entry in many]


def test_every_subscribed_handler_exists() -> None:
    for name in _handler_names():
        module, _, function = name.rpartition(".")
        assert callable(import_string(name))
        assert module.endswith(".handlers")
        assert function.startswith("on_")


def test_every_handler_is_subscribed() -> None:
    """A handler nobody calls is either dead or, worse, forgotten."""
    subscribed = set(_handler_names())
    forgotten = [
        name
        for path in sources()
        if role_of(path) == "handlers"
        for node in tree_of(path).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("on_")
        if (name := f"{named(path).removesuffix('.py').replace('/', '.')}.{node.name}") not in subscribed
    ]
    assert forgotten == []


def test_every_scheduled_job_exists_and_has_slots() -> None:
    at = dt.datetime(2026, 11, 24, 12, 0, tzinfo=dt.UTC)
    for entry in SCHEDULE:
        assert spec_of(entry.job).name == entry.job
        assert entry.slot(at)
    assert [entry.job for entry in schedule.table()] == [entry.job for entry in SCHEDULE]
    assert len({entry.job for entry in SCHEDULE}) == len(SCHEDULE)


def test_jobs_live_in_services() -> None:
    for path in sources():
        if role_of(path) == "services":
            importlib.import_module(named(path).removesuffix(".py").removesuffix("/__init__").replace("/", "."))
    ours = [name for name in REGISTRY if not name.startswith("tests.")]
    assert [name for name in ours if name.split(".")[1] != "services"] == []
    assert len(ours) >= 5


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)
