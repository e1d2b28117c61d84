"""What campaigns keep of a person who was forgotten: places that are counted, without whose they were, until the orders go."""

from collections.abc import Sequence

from campaigns.choices import RunReason, RunState
from campaigns.models import JourneyRun, JourneyStep, Recipient
from core import clock


def delete_recipients(customer_ids: Sequence[int]) -> int:
    """Delete the person's places in audiences; the number deleted."""
    return Recipient.objects.filter(customer__in=customer_ids).delete()[0]


def end_journeys(customer_ids: Sequence[int]) -> int:
    """Whoever is under way leaves at once; what brought them in and what the steps noted is blanked."""
    runs = JourneyRun.objects.filter(customer__in=customer_ids)
    JourneyStep.objects.filter(run__in=runs).update(detail={})
    runs.filter(state=RunState.ACTIVE).update(state=RunState.LEFT, reason=RunReason.GONE, ended_at=clock.now())
    return runs.update(facts={}, error="")


def delete_journeys(customer_ids: Sequence[int]) -> int:
    """Delete the person's ways through journeys, when the time of their orders is over."""
    return JourneyRun.objects.filter(customer__in=customer_ids).delete()[0]
