"""Coupons and points: what the membership part gives, once per person and step."""

import datetime as dt
from collections.abc import Sequence

from campaigns.choices import StepOutcome
from campaigns.rules.journeys.flow import Graph, Step
from campaigns.services.journeys.world import Moved, Traveller


def give_coupon(step: Step, _graph: Graph, people: Sequence[Traveller], _now: dt.datetime) -> list[Moved]:
    """A coupon of a template for each; refused where its stock or its rules say no."""
    return [Moved(person, StepOutcome.REFUSED, detail={"code": "no_membership"}) for person in people]


def give_points(step: Step, _graph: Graph, people: Sequence[Traveller], _now: dt.datetime) -> list[Moved]:
    """Points for each."""
    return [Moved(person, StepOutcome.REFUSED, detail={"code": "no_membership"}) for person in people]
