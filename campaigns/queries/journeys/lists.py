"""The list of journeys, and what each of them has come to."""

import dataclasses
from collections.abc import Sequence

from django.db.models import Count, Q, QuerySet

from campaigns.choices import RunState
from campaigns.models import Journey, JourneyRun


@dataclasses.dataclass(frozen=True)
class Numbers:
    """People in a journey: under way, through, left early, held out, who reached the goal (without the hold-out), failed."""

    inside: int = 0
    finished: int = 0
    left: int = 0
    holdout: int = 0
    goal: int = 0
    failed: int = 0

    @property
    def entered(self) -> int:
        """Everybody who began."""
        return self.inside + self.finished + self.left + self.failed


def journey_list(state: str = "", text: str = "") -> QuerySet[Journey]:
    """Journeys, newest first."""
    found = Journey.objects.select_related("created_by", "current").defer("draft").order_by("-updated_at", "-id")
    if state:
        found = found.filter(state=state)
    return found.filter(name__icontains=text) if text else found


def journey_counts() -> dict[str, int]:
    """State -> number of journeys."""
    return dict(Journey.objects.values_list("state").annotate(n=Count("id")).order_by())


def numbers_of(journeys: Sequence[Journey]) -> dict[int, Numbers]:
    """Journey -> its numbers. One query."""
    began = ~Q(state__in=[RunState.REFUSED, RunState.HOLDOUT])
    rows = (
        JourneyRun.objects.filter(journey__in=journeys).values("journey_id").annotate(
            inside=Count("id", filter=Q(state=RunState.ACTIVE)), finished=Count("id", filter=Q(state=RunState.FINISHED)),
            left=Count("id", filter=Q(state=RunState.LEFT)), holdout=Count("id", filter=Q(state=RunState.HOLDOUT)),
            goal=Count("id", filter=began & Q(goal_at__isnull=False)), failed=Count("id", filter=Q(state=RunState.FAILED)),
        ).order_by()
    )  # fmt: skip
    return {
        row["journey_id"]: Numbers(row["inside"], row["finished"], row["left"], row["holdout"], row["goal"], row["failed"])
        for row in rows
    }
