"""Loading again, cutting a load short, and what the command refuses."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from core.models import Event
from customers.models import Customer
from orders.models import Order
from scrm.demo.loader import load

AT = dt.datetime.now(dt.UTC).replace(microsecond=0)


def silent(_text: str) -> None:
    """Nobody watches a test."""


def fingerprint() -> list[Any]:
    return [
        list(Customer.objects.order_by("id").values_list("id", "public_id", "name", "nickname", "city", "lifecycle")),
        list(Order.objects.order_by("id").values_list("id", "no", "state", "total_amount")),
        Event.objects.count(),
        list(Event.objects.order_by("key").values_list("key", "kind", "customer_id")[:500]),
    ]


@pytest.mark.django_db
def test_the_same_seed_loads_the_same_rows(tmp_path: Path, django_capture_on_commit_callbacks: Any) -> None:
    wish, prints = load.Wish(customers=60, events=1200, seed=3, at=AT), []
    for _ in range(2):
        with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
            load.load_world(wish, tmp_path / "truth", silent, reset=True)
        prints.append(fingerprint())
    assert prints[0] == prints[1]
    assert len((tmp_path / "truth").read_text().splitlines()) == 60
    assert not (tmp_path / "truth.new").exists()


@pytest.mark.django_db
def test_cut_short_a_load_leaves_nothing(tmp_path: Path) -> None:
    def stop(_text: str) -> None:
        if Customer.objects.exists():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), transaction.atomic():
        load.load_world(load.Wish(40, 400, 3, AT), tmp_path / "truth", stop)
    assert load.is_empty()
    assert not (tmp_path / "truth").exists()


def test_the_command_refuses_nonsense() -> None:
    for wrong in ({"customers": 0}, {"customers": 10, "events": -1}, {"customers": 10, "events": 10_000}):
        with pytest.raises(CommandError):
            call_command("load_demo", **wrong)


def test_the_command_refuses_to_stand_beside_live_platforms(settings: Any) -> None:
    settings.PLATFORM_MODE = "live"
    with pytest.raises(CommandError, match="live"):
        call_command("load_demo", customers=10)


def test_a_truth_that_cannot_be_written_stops_the_load_with_one_line(tmp_path: Path, db: None) -> None:
    with pytest.raises(CommandError, match="nothing was loaded"):
        call_command("load_demo", customers=10, truth=tmp_path / "no such folder" / "truth.jsonl")
    assert load.is_empty()
