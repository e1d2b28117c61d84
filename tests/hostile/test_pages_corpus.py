"""Nonsense in every query parameter that a staff page reads, and in every piece of its path: never a 500."""

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.http import QueryDict
from django.test import Client

from staff.models import User
from tests.authz.routes import resolved
from tests.hostile.corpus import CORPUS, spelled
from tests.hostile.test_api_corpus import undone

pytestmark = pytest.mark.django_db
SKIPPED = ("admin/", "api/", "callbacks/", "sim/", "logout", "settings/me/sessions")
NEVER = [what for what, entry in CORPUS["texts"].items() if entry.get("never")]
# A row of the demo for every kind of id in a path, so that pages come as far as their parameters.
SAMPLES = {
    "customer_id": "SELECT customer_id FROM orders_order LIMIT 1",
    "campaign_id": "SELECT id FROM campaigns_campaign WHERE state NOT IN ('draft', 'in_review') ORDER BY id LIMIT 1",
    "segment_id": "SELECT id FROM tagging_segment ORDER BY id LIMIT 1",
    "tag_id": "SELECT id FROM tagging_tag ORDER BY id LIMIT 1",
    "rule_id": "SELECT id FROM tagging_tagrule ORDER BY id LIMIT 1",
    "resource_id": "SELECT id FROM catalog_resource ORDER BY id LIMIT 1",
    "run_id": "SELECT id FROM catalog_feedrun ORDER BY id LIMIT 1",
    "user_id": "SELECT id FROM staff_user ORDER BY id LIMIT 1",
    "department_id": "SELECT id FROM staff_department ORDER BY id LIMIT 1",
    "task_id": "SELECT id FROM campaigns_followup ORDER BY id LIMIT 1",
    "no": "SELECT no FROM orders_order ORDER BY id LIMIT 1",
    "code": "SELECT code FROM catalog_product ORDER BY id LIMIT 1",
    "name": "SELECT 'hot'",
}


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Client:
    """The demo agency with a few customers, and an administrator in front of it."""
    monkeypatch.setattr("scrm.management.commands.load_demo.plant", lambda **_about: "nobody")
    call_command("load_demo", customers=60, events=900, truth=tmp_path / "truth", verbosity=0)
    client = Client(raise_request_exception=False)
    client.force_login(User.objects.get(username="admin"))
    return client


def pages() -> list[str]:
    """Paths of staff pages, as urls.py spells them."""
    return [path for path in resolved() if not path.startswith(SKIPPED)]


def address(path: str) -> str:
    """The page of a row that exists."""

    def value(match: re.Match[str]) -> str:
        statement = SAMPLES.get(match[1])
        if statement is None:
            return "1"
        with connection.cursor() as cursor:
            cursor.execute(statement)
            row = cursor.fetchone()
        return str(row[0]) if row else "1"

    return "/" + re.sub(r"<(?:\w+:)?(\w+)>", value, path)


@contextlib.contextmanager
def noted() -> Iterator[set[str]]:
    """The names that are looked up in any query string meanwhile."""
    names: set[str] = set()
    with pytest.MonkeyPatch.context() as patch:
        for method in ("get", "getlist", "__getitem__"):
            patch.setattr(QueryDict, method, _noting(getattr(QueryDict, method), names))
        yield names


def _noting(real: Any, names: set[str]) -> Any:
    def noting(self: QueryDict, key: str, *rest: Any) -> Any:
        if not self._mutable:
            names.add(key)
        return real(self, key, *rest)

    return noting


def parameters_of(client: Client, url: str) -> list[str]:
    """What the page reads of its query string, found by asking it twice: some are read only beside others."""
    with noted() as names, undone():
        client.get(url)
        client.get(url, dict.fromkeys(sorted(names), "1"))
    return sorted(name for name in names if name.isidentifier())


@pytest.mark.timeout(300)
def test_query_strings(office: Client) -> None:
    failures: list[str] = []
    asked, known = 0, dict[str, list[str]]()
    for path in pages():
        url = address(path)
        known[path] = names = parameters_of(office, url)
        for name in [*names, "undeclared"]:
            for what in CORPUS["pages"] if name != "undeclared" else NEVER[:2]:
                entry = CORPUS["texts"][what]
                with transaction.atomic(), undone():
                    answer = office.generic("GET", url, QUERY_STRING=f"{name}={spelled(entry)}")
                asked += 1
                if answer.status_code >= 500:
                    failures.append(f"{url}?{name}={what}: {answer.status_code}")
                elif entry.get("never") and not 400 <= answer.status_code < 500:
                    failures.append(f"{url}?{name}={what}: accepted with {answer.status_code}")
    assert failures == []
    assert {"after", "before", "city", "cols", "lifecycle", "owner", "q", "sort", "tag", "view"} <= set(known["customers"])
    assert asked > 500


def test_paths(office: Client) -> None:
    failures: list[str] = []
    for path in pages():
        for piece in re.findall(r"<(?:\w+:)?\w+>", path):
            for what in CORPUS["paths"]:
                entry = CORPUS["texts"][what]
                url = address(path.replace(piece, "\0", 1)).replace("\0", spelled(entry))
                with transaction.atomic(), undone():
                    answer = office.generic("GET", url)
                if answer.status_code >= 500 or (entry.get("never") and answer.status_code < 400):
                    failures.append(f"{path} with {what}: {answer.status_code}")
    assert failures == []


def test_the_pages_are_there(office: Client) -> None:
    """The addresses above lead somewhere: without this the two tests would only ask for 404 pages."""
    answers = {path: office.get(address(path)).status_code for path in pages()}
    assert {path for path, status in answers.items() if status >= 500} == set()
    assert sum(status == 200 for status in answers.values()) > 40
    assert answers["customers/<int:customer_id>"] == answers["orders/<str:no>"] == answers["campaigns/<int:campaign_id>"] == 200
