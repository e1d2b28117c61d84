"""Journeys with people in them."""

import datetime as dt
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import time_machine

from campaigns.models import Journey, JourneyRun
from campaigns.services.journeys.advancing import advance_due
from campaigns.services.journeys.entering import sweep_journeys
from campaigns.services.journeys.noticing import notice_changes
from campaigns.services.journeys.publishing import create_journey, publish_journey
from core import clock
from core.models import Event
from customers.models import Customer
from staff.models import User

NOW = dt.datetime(2026, 11, 18, 4, tzinfo=dt.UTC)  # Wednesday noon in Shanghai


@pytest.fixture
def noon() -> Iterator[time_machine.Traveller]:
    """The clock, standing at noon; `.shift(seconds)` moves it."""
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


def happened(customer: Customer, kind: str, *, ago: dt.timedelta = dt.timedelta(), **props: Any) -> Event:
    """A fact about a customer, some time ago."""
    return Event.objects.create(key=uuid.uuid4(), occurred_at=clock.now() - ago, kind=kind, customer_id=customer.pk, props=props)


def step(step_id: str, do: str, **args: Any) -> dict[str, Any]:
    return {"id": step_id, "do": do, **args}


def wait(step_id: str, **args: Any) -> dict[str, Any]:
    return step(step_id, "wait", mode="for", **args)


def task(step_id: str, **args: Any) -> dict[str, Any]:
    return step(step_id, "task", **{"title": "打个电话", **args})


def started(ops: User, steps: list[dict[str, Any]], trigger: dict[str, Any] | None = None, **more: Any) -> Journey:
    """A running journey; by default the fact `trip.wished` lets people in."""
    flow = {"trigger": trigger or {"kind": "fact", "fact": "trip.wished"}, "steps": steps, **more}
    journey = create_journey(actor=ops, name="旅程", flow=flow)
    publish_journey(journey, actor=ops)
    journey.refresh_from_db()
    return journey


Go = Callable[..., None]


@pytest.fixture
def go(noon: time_machine.Traveller) -> Go:
    """Let time pass and the beat ring once."""

    def passing(**length: float) -> None:
        noon.shift(dt.timedelta(**length))
        sweep_journeys()
        notice_changes()
        advance_due()

    return passing


def runs(journey: Journey) -> list[tuple[str, str, str]]:
    """(state, reason, step) of everybody, in the order of coming."""
    return list(JourneyRun.objects.filter(journey=journey).order_by("id").values_list("state", "reason", "step"))


def steps_of(run: JourneyRun) -> list[tuple[str, str]]:
    """(step, outcome) of one person, in order."""
    return list(run.steps.order_by("id").values_list("step", "outcome"))
