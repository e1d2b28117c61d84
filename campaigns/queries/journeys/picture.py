"""A journey at work: how far people got, step by step, and why one of them waits or was not reached."""

import dataclasses

from django.db import connection
from django.db.models import Count, Q, QuerySet

from campaigns.choices import RunState, StepOutcome
from campaigns.models import Journey, JourneyRun, JourneyStep, JourneyVersion
from campaigns.queries.journeys.flows import flow_of, graph_of
from campaigns.queries.journeys.say import say_step, say_trigger
from campaigns.rules.journeys.flow import Step, walk
from campaigns.rules.lift import ArmTotals, Interval, conversion_difference
from customers.models import Customer
from messaging.models import Message
from staff.models import User

SHOWN = 40


@dataclasses.dataclass(frozen=True)
class StepNumbers:
    """What a step did: how many came by, how many stand there now, each outcome,
    and of its messages how many arrived and were opened."""

    step: Step
    number: str
    depth: int
    label: str
    words: str
    here: int
    outcomes: dict[str, int]
    reasons: dict[str, int]
    delivered: int = 0
    opened: int = 0

    @property
    def passed(self) -> int:
        """Everybody for whom the step is done."""
        return sum(self.outcomes.values())


def step_numbers(version: JourneyVersion) -> list[StepNumbers]:
    """The funnel of a version, in reading order. Three queries."""
    here = dict(
        JourneyRun.objects.filter(version=version, state=RunState.ACTIVE).values_list("step").annotate(n=Count("id")).order_by()
    )
    done = _outcomes(version.pk)
    reasons = _reasons(version.pk)
    sent = _sent(version.pk)
    numbers = graph_of(version.pk).numbers
    return [
        StepNumbers(
            step, numbers[step.id], depth, label, say_step(step), here.get(step.id, 0), done.get(step.id, {}),
            reasons.get(step.id, {}), *sent.get(step.id, (0, 0)),
        )
        for step, depth, label in _indented(flow_of(version.pk).steps)
    ]  # fmt: skip


def _indented(steps: tuple[Step, ...], depth: int = 0, label: str = "") -> list[tuple[Step, int, str]]:
    rows: list[tuple[Step, int, str]] = []
    for place, step in enumerate(steps):
        rows.append((step, depth, label if place == 0 else ""))
        for branch in step.branches:
            rows += _indented(branch.steps, depth + 1, branch.label)
    return rows


def _outcomes(version_id: int) -> dict[str, dict[str, int]]:
    rows = JourneyStep.objects.filter(run__version=version_id).values_list("step", "outcome").annotate(n=Count("id")).order_by()
    found: dict[str, dict[str, int]] = {}
    for step, outcome, number in rows:
        found.setdefault(step, {})[outcome] = number
    return found


_REASONS = """
SELECT done.step, coalesce(done.detail ->> 'reason', done.detail ->> 'code', ''), count(*) FROM campaigns_journeystep AS done
JOIN campaigns_journeyrun AS run ON run.id = done.run_id
WHERE run.version_id = %s AND done.outcome IN ('held', 'refused') GROUP BY 1, 2
"""
_SENT = """
SELECT done.step, count(*) FILTER (WHERE message.state = 'sent'), count(*) FILTER (WHERE message.clicked_at IS NOT NULL)
FROM campaigns_journeystep AS done JOIN campaigns_journeyrun AS run ON run.id = done.run_id
JOIN messaging_message AS message ON message.id = done.message_id WHERE run.version_id = %s GROUP BY 1
"""


def _reasons(version_id: int) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_REASONS, [version_id])
        for step, reason, number in cursor.fetchall():
            found.setdefault(step, {})[reason] = number
    return found


def _sent(version_id: int) -> dict[str, tuple[int, int]]:
    with connection.cursor() as cursor:
        cursor.execute(_SENT, [version_id])
        return {step: (delivered, opened) for step, delivered, opened in cursor.fetchall()}


def refusals(journey: Journey) -> dict[str, int]:
    """Why people were not let in: reason -> how many."""
    rows = JourneyRun.objects.filter(journey=journey, state=RunState.REFUSED).values_list("reason").annotate(n=Count("id"))
    return dict(rows.order_by("-n"))


def leavers(journey: Journey) -> dict[str, int]:
    """Why people left early: reason -> how many."""
    rows = JourneyRun.objects.filter(journey=journey, state__in=[RunState.LEFT, RunState.FAILED]).values_list("reason")
    return dict(rows.annotate(n=Count("id")).order_by("-n"))


def goal_lift(journey: Journey) -> Interval | None:
    """How much more often people reach the goal than those held out, with a 95 % interval; None without a hold-out."""
    began = ~Q(state__in=[RunState.REFUSED, RunState.HOLDOUT])
    row = JourneyRun.objects.filter(journey=journey).aggregate(
        treated=Count("customer", filter=began, distinct=True),
        treated_goal=Count("customer", filter=began & Q(goal_at__isnull=False), distinct=True),
        held=Count("customer", filter=Q(state=RunState.HOLDOUT), distinct=True),
        held_goal=Count("customer", filter=Q(state=RunState.HOLDOUT, goal_at__isnull=False), distinct=True),
    )
    if not row["held"] or not row["treated"]:
        return None
    treated = ArmTotals(people=row["treated"], buyers=row["treated_goal"])
    return conversion_difference(treated, ArmTotals(people=row["held"], buyers=row["held_goal"]))


def people(journey: Journey, user: User, *, state: str = "", step: str = "", text: str = "") -> QuerySet[JourneyRun]:
    """People of a journey whom this user may see, the latest first."""
    found = JourneyRun.objects.filter(journey=journey, customer__in=Customer.objects.visible_to(user))
    if state:
        found = found.filter(state=state)
    if step:
        found = found.filter(state=RunState.ACTIVE, step=step)
    if text:
        found = found.filter(Q(customer__name__icontains=text) | Q(customer__nickname__icontains=text))
    return found.select_related("customer", "version").order_by("-entered_at", "-id")


@dataclasses.dataclass(frozen=True)
class Passed:
    """One step of a person's way, with what became of it."""

    number: str
    words: str
    done: JourneyStep
    outcome: str
    reason: str
    message: Message | None


@dataclasses.dataclass(frozen=True)
class Way:
    """A person's whole way: what let them in, what was done, what they wait for."""

    run: JourneyRun
    trigger: str
    passed: list[Passed]
    waits_for: str
    waits_number: str


def way_of(run: JourneyRun) -> Way:
    """Everything about one person in a journey. Two queries."""
    graph = graph_of(run.version_id)
    rows = list(run.steps.select_related("message").order_by("id"))
    passed = [
        Passed(
            graph.numbers.get(row.step, ""), say_step(graph.steps[row.step]) if row.step in graph.steps else row.step, row,
            str(StepOutcome(row.outcome).label), str(row.detail.get("reason") or row.detail.get("code") or ""), row.message,
        )
        for row in rows
    ]  # fmt: skip
    stands = graph.steps.get(run.step) if run.state == RunState.ACTIVE else None
    return Way(
        run, say_trigger(flow_of(run.version_id)), passed, say_step(stands) if stands else "", graph.numbers.get(run.step, "")
    )


def why_not(journey: Journey, customer: Customer) -> list[JourneyRun]:
    """Everything this journey ever decided about a customer, the latest first."""
    return list(JourneyRun.objects.filter(journey=journey, customer=customer).order_by("-entered_at", "-id")[:10])


def all_steps(version: JourneyVersion) -> list[tuple[str, str]]:
    """(step, number) of a version, for filters."""
    numbers = graph_of(version.pk).numbers
    return [(step.id, f"{numbers[step.id]} {say_step(step)}") for step in walk(flow_of(version.pk).steps)]
