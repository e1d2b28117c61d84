"""The question about an order of events: "did A, and then did (or did not do) B within n days"."""

# ruff: noqa: S608 - every value goes through Query.bind

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.conditions import filters
from core.conditions.event_kinds import kind_options
from core.conditions.events import EventField, did, fits, of_kinds
from core.conditions.fields import Args, Contribution, Field, Snapshot
from core.conditions.filters import Filters
from core.conditions.loading import load_events
from core.conditions.params import Option, Param, Pick, Picks, Whole
from core.conditions.sql import Query, Rows, Source


def _then_options() -> tuple[Option, ...]:
    return (Option("did", _("then did")), Option("did_not", _("then did not do")))


class SequenceField(Field):
    """What followed on something a customer did.

    Some event of the first kind stands in the window (n x 24 hours, as for `event`), and of the second kind one follows
    strictly after it within `within_days` x 24 hours; or none does, and those days are over. Each is the moment's own
    question: B a month before A says nothing.
    """

    name = "sequence"
    label = gettext_lazy("Behaviour, step by step")
    group = gettext_lazy("Behaviour")
    params: tuple[Param, ...] = (
        Whole("window_days", gettext_lazy("in the last"), is_optional=True, unit=gettext_lazy("days"), low=1, high=1100),
        Picks("kinds", gettext_lazy("did"), options=kind_options),
        Filters("where", gettext_lazy("where"), is_optional=True, default=()),
        Pick("then", "", is_optional=True, default="did", options=_then_options),
        Picks("then_kinds", "", options=kind_options),
        Filters("then_where", gettext_lazy("where"), is_optional=True, default=()),
        Whole("within_days", gettext_lazy("within"), unit=gettext_lazy("days"), low=1, high=365),
    )
    start: Mapping[str, Any] = {
        "window_days": 30, "kinds": ["quote.opened"], "then": "did_not", "then_kinds": ["order.placed"], "within_days": 7,
    }  # fmt: skip

    def touched_by(self, args: Args) -> frozenset[str] | None:
        return frozenset((*args["kinds"], *args["then_kinds"]))

    def _rows(self, args: Args, query: Query) -> Rows:
        return Rows(self._source(args, query), "e.hit", _days(args["window_days"]))

    def _source(self, args: Args, query: Query) -> Source:
        """Every event of the first kind, and whether it is answered by the second as asked.

        One pass: the window function looks from each event at those up to n days ahead, instead of joining events to events.
        """
        ahead = query.bind(dt.timedelta(days=args["within_days"]), "interval")
        first, second = (
            _is(args[kinds], args[where], query) for kinds, where in (("kinds", "where"), ("then_kinds", "then_where"))
        )
        followed = (
            f"bool_or({second}) OVER (PARTITION BY e.customer_id ORDER BY e.occurred_at"
            f" RANGE BETWEEN '1 microsecond'::interval FOLLOWING AND {ahead} FOLLOWING)"
        )
        hit = f"coalesce({followed}, false)"
        if args["then"] == "did_not":
            hit = f"(NOT {hit} AND e.occurred_at + {ahead} <= {query.moment()})"
        bounds = [f"e.occurred_at <= {query.moment()}", of_kinds((*args["kinds"], *args["then_kinds"]), query)]
        if args["window_days"]:
            bounds.append(f"e.occurred_at > {query.bind(query.at - dt.timedelta(days=args['window_days']), 'timestamptz')}")
        if query.ids is not None:
            bounds.append(f"e.customer_id = ANY({query.bind(tuple(query.ids), 'bigint[]')})")
        lookups = " ".join(query.lookup(one) for one in filters.lookups((*args["where"], *args["then_where"])))
        table = (
            f"(SELECT * FROM (SELECT e.customer_id, e.occurred_at, e.key, e.kind, e.props, {first} AS is_first, {hit} AS hit"
            f" FROM core_event AS e {lookups} WHERE {' AND '.join(bounds)}) AS step WHERE step.is_first) AS e"
        )
        return Source(table, "e.customer_id", "e.occurred_at")

    def sql(self, args: Args, query: Query) -> str:
        return f"(coalesce({query.column(self._rows(args, query), 'count(*)')}, 0) > 0)"

    def holds(self, args: Args, person: Snapshot, at: dt.datetime) -> bool:
        events = person.rows("events")
        second = {"kinds": args["then_kinds"], "where": args["then_where"], "window_days": args["window_days"]}
        answers = [event["occurred_at"] for event in events if fits(second, event, at)]
        ahead = dt.timedelta(days=args["within_days"])
        starts = [event["occurred_at"] for event in events if fits(args, event, at)]
        if args["then"] == "did":
            return any(start < answer <= start + ahead for start in starts for answer in answers)
        return any(start + ahead <= at and not any(start < answer <= start + ahead for answer in answers) for start in starts)

    def say(self, args: Args) -> str:
        facts = {
            "when": _("in the last %(days)s days") % {"days": args["window_days"]} if args["window_days"] else _("ever"),
            "first": did(args["kinds"], args["where"]),
            "second": did(args["then_kinds"], args["then_where"]),
            "days": args["within_days"],
        }
        if args["then"] == "did":
            return _("%(when)s %(first)s, then within %(days)s days %(second)s") % facts
        return _("%(when)s %(first)s, then for %(days)s days not: %(second)s") % facts

    def evidence(self, args: Args, query: Query) -> str:
        product = f"left(e.props->>{query.bind('product', 'text')}, 60)"
        shown = {"key": "e.key", "at": "e.occurred_at", "kind": "e.kind", "product": product}
        rows = query.newest(self._rows(args, query), shown, "e.occurred_at DESC, e.key")
        return f"jsonb_build_object('rows', {rows})"


def _is(kinds: tuple[str, ...], where: tuple[filters.Filter, ...], query: Query) -> str:
    parts = [of_kinds(kinds, query), *(f"({filters.sql(one, query)})" for one in where)]
    return f"coalesce({' AND '.join(parts)}, false)"


def _days(number: int | None) -> dt.timedelta | None:
    return dt.timedelta(days=number) if number else None


def contribution() -> Contribution:
    """Core's own part of the language: what customers did, and in which order."""
    return Contribution(fields=(EventField(), SequenceField()), loaders={"events": load_events})
