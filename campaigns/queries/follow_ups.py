"""Follow-up tasks as staff work through them: now, today, later, done."""

import dataclasses
import datetime as dt
from typing import Any

from django.db.models import Count, Q, QuerySet

from campaigns.choices import FollowUpState
from campaigns.models import FollowUp
from catalog.models import Product
from core import clock
from customers.models import Customer
from staff.choices import RowScope
from staff.models import User

SHOWN = 30
NOT_SHOWN = tuple(
    f"{person}__{column}"
    for person in ("assignee", "done_by", "escalated_to")
    for column in ("password", "email", "first_name", "last_name", "last_login", "date_joined", "wecom_userid")
)  # columns of colleagues that no card shows
TABS = ("now", "today", "later", "done")


def visible_to(user: User, *, mine: bool = False) -> QuerySet[FollowUp]:
    """The tasks a user may see: their own, and those of customers in their row scope."""
    tasks = FollowUp.objects.select_related("customer", "assignee", "done_by", "escalated_to")
    if mine or (user.row_scope == RowScope.OWN and not user.is_superuser):
        return tasks.filter(assignee=user)
    if user.is_superuser or user.row_scope == RowScope.ALL:
        return tasks
    return tasks.filter(Q(assignee=user) | Q(customer__in=Customer.objects.visible_to(user)))


def in_tab(tab: str, at: dt.datetime) -> Q:
    """Which tasks stand under a tab at a moment; days are Shanghai's."""
    _start, tomorrow = clock.day_bounds(clock.shanghai_date(at))
    return {
        "now": Q(state=FollowUpState.OPEN, due_at__lte=at),
        "today": Q(state=FollowUpState.OPEN, due_at__gt=at, due_at__lt=tomorrow),
        "later": Q(state=FollowUpState.OPEN, due_at__gte=tomorrow),
        "done": Q(state=FollowUpState.DONE, done_at__gte=at - dt.timedelta(days=30)),
    }[tab]


def tab_counts(user: User, at: dt.datetime, *, mine: bool) -> dict[str, int]:
    """Tab -> number of tasks, in one query."""
    return visible_to(user, mine=mine).aggregate(**{tab: Count("id", filter=in_tab(tab, at)) for tab in TABS})


@dataclasses.dataclass
class TaskCard:
    """A task with what its card shows."""

    task: FollowUp
    product: Product | None
    facts: dict[str, Any]
    is_overdue: bool

    @property
    def customer_name(self) -> str:
        """The customer's name, as the list calls them."""
        return str(self.task.customer)


def task_cards(user: User, tab: str, at: dt.datetime, *, mine: bool, limit: int = SHOWN) -> list[TaskCard]:
    """The tab's tasks: the longest due first, of the done ones the latest first. Two queries whatever their number."""
    order = ["-done_at", "-id"] if tab == "done" else ["due_at", "id"]
    tasks = list(visible_to(user, mine=mine).filter(in_tab(tab, at)).defer(*NOT_SHOWN).order_by(*order)[:limit])
    return _cards(tasks, at)


def _cards(tasks: list[FollowUp], at: dt.datetime) -> list[TaskCard]:
    codes = {task.product_code for task in tasks if task.product_code}
    products = {product.code: product for product in Product.objects.filter(code__in=codes)}
    return [TaskCard(task, products.get(task.product_code), _facts(task), _is_overdue(task, at)) for task in tasks]


def _is_overdue(task: FollowUp, at: dt.datetime) -> bool:
    return task.state == FollowUpState.OPEN and task.due_at + dt.timedelta(hours=task.sla_hours) < at


def _facts(task: FollowUp) -> dict[str, Any]:
    """The evidence of a task that behaviour made; empty for others."""
    first = task.evidence[0] if isinstance(task.evidence, list) and task.evidence else {}
    if not isinstance(first, dict):
        return {"text": str(first)}
    facts = dict(first)
    for name in ("first_at", "last_at"):
        if isinstance(facts.get(name), str):
            facts[name] = dt.datetime.fromisoformat(facts[name])
    return facts


def task_card(task: FollowUp) -> TaskCard:
    """One task as a card."""
    return _cards([task], clock.now())[0]


def task_figures(only: str) -> str:
    """SQL of `customer_id, figure`: when the customer's first open task is due, for those that `only` picks."""
    rows = f"campaigns_followup WHERE state = 'open' AND {only}"
    return f"SELECT customer_id, min(due_at) AS figure FROM {rows} GROUP BY customer_id"  # noqa: S608
