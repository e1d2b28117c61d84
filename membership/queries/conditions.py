"""What membership adds to the condition language: tier, points, growth, tasks done."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.conditions.comparing import OPERATORS, SIGNS, compare, compare_sql, options, plain
from core.conditions.fields import Args, Contribution, Field, Row, Snapshot
from core.conditions.params import Number, Option, Param, Pick, Picks, Whole, either, words
from core.conditions.sql import Query, Rows, Source
from membership.models import MemberTask, Tier

BASE = "base"
_GROUP = gettext_lazy("Membership")
_MEMBER = "LEFT JOIN membership_member AS member ON member.customer_id = customer.id"
_ACCOUNT = "LEFT JOIN membership_account AS points ON points.customer_id = customer.id"
_GROWTH = Source("membership_growthentry AS growth", "growth.customer_id", "growth.at")
_DONE = Source(
    "membership_taskdone AS done JOIN membership_membertask AS task ON task.id = done.task_id", "done.customer_id", "done.at"
)
_COUNTED = "done.state = 'done'"


def condition_fields() -> Contribution:
    """The fields, and who loads their snapshots."""
    return Contribution(
        fields=(TierField(), PointsField(), GrowthField(), TasksField()),
        loaders={"membership": _load_standing, "growth": _load_growth, "tasks_done": _load_tasks},
    )


def tier_options() -> Sequence[Option]:
    """The tiers in force, lowest first."""
    found = Tier.objects.filter(scheme__state="published").order_by("rank").values_list("code", "name")
    return tuple(Option(code, name) for code, name in found)


def _task_options() -> Sequence[Option]:
    return tuple(Option(code, name) for code, name in MemberTask.objects.order_by("id").values_list("code", "name"))


def _is_options() -> tuple[Option, ...]:
    return (Option("in", _("is")), Option("not_in", _("is not")))


class TierField(Field):
    """The tier a customer holds now; who has none holds the lowest, whose code is always "base"."""

    name = "tier"
    label = gettext_lazy("Tier")
    group = _GROUP
    params: tuple[Param, ...] = (
        Pick("is", "", is_optional=True, default="in", options=_is_options),
        Picks("values", "", options=tier_options, is_open=True),
    )
    start = {"is": "in"}

    def touched_by(self, args: Args) -> frozenset[str] | None:
        return frozenset({"tier.changed"})

    def sql(self, args: Args, query: Query) -> str:
        query.join(_MEMBER)
        found = f"coalesce(nullif(member.tier, ''), 'base') = ANY({query.bind(args['values'], 'text[]')})"
        return found if args["is"] == "in" else f"NOT ({found})"

    def holds(self, args: Args, person: Snapshot, at: dt.datetime) -> bool:
        return bool(((person.one("membership").get("tier") or BASE) in args["values"]) == (args["is"] == "in"))

    def say(self, args: Args) -> str:
        names = either([words(tier_options, value) for value in args["values"]])
        return _("%(field)s %(is)s %(values)s") % {"field": self.label, "is": words(_is_options, args["is"]), "values": names}

    def evidence(self, args: Args, query: Query) -> str:
        query.join(_MEMBER)
        return "jsonb_build_object('value', coalesce(nullif(member.tier, ''), 'base'))"


class PointsField(Field):
    """How many points a customer can use now."""

    name = "points"
    label = gettext_lazy("Points")
    group = _GROUP
    params: tuple[Param, ...] = (Pick("op", "", is_optional=True, default=">=", options=options), Number("value", ""))
    start = {"op": ">=", "value": 1000}

    def sql(self, args: Args, query: Query) -> str:
        query.join(_ACCOUNT)
        return compare_sql("points.balance", args["op"], query.bind(args["value"], "numeric"), zero_counts=True)

    def holds(self, args: Args, person: Snapshot, at: dt.datetime) -> bool:
        return compare(person.one("membership").get("balance") or 0, args["op"], args["value"])

    def say(self, args: Args) -> str:
        return _("points %(sign)s %(value)s") % {"sign": SIGNS[args["op"]], "value": plain(args["value"])}

    def evidence(self, args: Args, query: Query) -> str:
        query.join(_ACCOUNT)
        return "jsonb_build_object('value', coalesce(points.balance, 0))"


class GrowthField(Field):
    """Growth value, in all or within the last so many days; what refunds took back is taken off."""

    name = "growth"
    label = gettext_lazy("Growth")
    group = _GROUP
    params: tuple[Param, ...] = (
        Whole("window_days", gettext_lazy("in the last"), is_optional=True, unit=gettext_lazy("days"), low=1, high=3650),
        Pick("op", "", is_optional=True, default=">=", options=options),
        Number("value", ""),
    )
    start = {"window_days": 365, "op": ">=", "value": 3000}

    @staticmethod
    def _rows(args: Args) -> Rows:
        return Rows(_GROWTH, "true", dt.timedelta(days=args["window_days"]) if args["window_days"] else None)

    def sql(self, args: Args, query: Query) -> str:
        zero_counts = OPERATORS[args["op"]](0, args["value"])
        measured = query.column(self._rows(args), "sum(growth.amount)")
        return compare_sql(measured, args["op"], query.bind(args["value"], "numeric"), zero_counts=zero_counts)

    def holds(self, args: Args, person: Snapshot, at: dt.datetime) -> bool:
        after = at - dt.timedelta(days=args["window_days"]) if args["window_days"] else None
        rows = [row for row in person.rows("growth") if row["at"] <= at and (after is None or row["at"] > after)]
        return compare(sum((Decimal(row["amount"]) for row in rows), Decimal(0)), args["op"], args["value"])

    def say(self, args: Args) -> str:
        window = _("in the last %(days)s days") % {"days": args["window_days"]} if args["window_days"] else _("ever")
        return _("growth %(when)s %(sign)s %(value)s") % {
            "when": window,
            "sign": SIGNS[args["op"]],
            "value": plain(args["value"]),
        }

    def evidence(self, args: Args, query: Query) -> str:
        return f"jsonb_build_object('value', coalesce({query.column(self._rows(args), 'sum(growth.amount)')}, 0))"


class TasksField(Field):
    """How often a customer has done certain tasks (any, where none is named)."""

    name = "tasks_done"
    label = gettext_lazy("Tasks done")
    group = _GROUP
    params: tuple[Param, ...] = (
        Picks("tasks", gettext_lazy("tasks"), is_optional=True, options=_task_options, is_open=True),
        Whole("window_days", gettext_lazy("in the last"), is_optional=True, unit=gettext_lazy("days"), low=1, high=3650),
        Pick("op", "", is_optional=True, default=">=", options=options),
        Number("value", ""),
    )
    start = {"op": ">=", "value": 1}

    def touched_by(self, args: Args) -> frozenset[str] | None:
        return frozenset({"task.rewarded"})

    @staticmethod
    def _rows(args: Args, query: Query) -> Rows:
        where = _COUNTED + (f" AND task.code = ANY({query.bind(args['tasks'], 'text[]')})" if args["tasks"] else "")
        return Rows(_DONE, where, dt.timedelta(days=args["window_days"]) if args["window_days"] else None)

    def sql(self, args: Args, query: Query) -> str:
        zero_counts = OPERATORS[args["op"]](0, args["value"])
        measured = query.column(self._rows(args, query), "count(*)")
        return compare_sql(measured, args["op"], query.bind(args["value"], "numeric"), zero_counts=zero_counts)

    def holds(self, args: Args, person: Snapshot, at: dt.datetime) -> bool:
        after = at - dt.timedelta(days=args["window_days"]) if args["window_days"] else None
        found = [
            row
            for row in person.rows("tasks_done")
            if row["at"] <= at and (after is None or row["at"] > after) and (not args["tasks"] or row["task"] in args["tasks"])
        ]
        return compare(len(found), args["op"], args["value"])

    def say(self, args: Args) -> str:
        which = either([words(_task_options, code) for code in args["tasks"]]) if args["tasks"] else _("any task")
        window = _("in the last %(days)s days") % {"days": args["window_days"]} if args["window_days"] else _("ever")
        return _("%(when)s %(tasks)s done %(sign)s %(value)s times") % {
            "when": window,
            "tasks": which,
            "sign": SIGNS[args["op"]],
            "value": plain(args["value"]),
        }

    def evidence(self, args: Args, query: Query) -> str:
        shown = {"at": "done.at", "task": "task.code"}
        return f"jsonb_build_object('rows', {query.newest(self._rows(args, query), shown, 'done.at DESC, done.id DESC')})"


_STANDING = """
SELECT customer.id, member.tier, points.balance FROM customers_customer AS customer
LEFT JOIN membership_member AS member ON member.customer_id = customer.id
LEFT JOIN membership_account AS points ON points.customer_id = customer.id
WHERE customer.id = ANY(%s) AND (member.customer_id IS NOT NULL OR points.customer_id IS NOT NULL)
"""
_ENTRIES = "SELECT customer_id, amount, at FROM membership_growthentry WHERE customer_id = ANY(%s)"
_TASKS = f"""
SELECT done.customer_id, task.code, done.at FROM membership_taskdone AS done
JOIN membership_membertask AS task ON task.id = done.task_id WHERE done.customer_id = ANY(%s) AND {_COUNTED}
"""  # noqa: S608 - a constant of this file


def _load(sql: str, ids: Sequence[int], names: Sequence[str]) -> list[tuple[int, Row]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, [list(ids)])
        return [(customer_id, dict(zip(names, values, strict=True))) for customer_id, *values in cursor.fetchall()]


def _load_standing(ids: Sequence[int]) -> list[tuple[int, Row]]:
    return _load(_STANDING, ids, ("tier", "balance"))


def _load_growth(ids: Sequence[int]) -> list[tuple[int, Row]]:
    return _load(_ENTRIES, ids, ("amount", "at"))


def _load_tasks(ids: Sequence[int]) -> list[tuple[int, Row]]:
    return _load(_TASKS, ids, ("task", "at"))
