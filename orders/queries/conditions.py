"""Reads over orders, and what orders add to the condition language."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core import clock
from core.conditions.columns import fixed
from core.conditions.comparing import OPERATORS, SIGNS, compare, compare_sql, options, plain
from core.conditions.errors import ConditionError
from core.conditions.fields import Args, Contribution, Field, Row, Snapshot
from core.conditions.params import Number, Option, Param, Pick, Picks, Whole, either, words
from core.conditions.registry import properties
from core.conditions.sql import Query, Rows, Source, shanghai_day
from orders.choices import OrderState

# --- What orders add to the condition language -------------------------------------------------------

_BUYING = gettext_lazy("Orders")
_ORDERS = Source(
    "orders_order AS o JOIN catalog_product AS product ON product.id = o.product_id"
    " JOIN catalog_destination AS destination ON destination.id = product.destination_id",
    "o.customer_id",
    "coalesce(o.paid_at, o.placed_at)",
)
_TRIPS = Source(
    "orders_order AS o JOIN catalog_departure AS departure ON departure.id = o.departure_id",
    _ORDERS.customer,
    _ORDERS.time,
)
_BOUGHT = ("paid", "completed")
_BY_ORDERS = frozenset({"order.placed", "order.paid", "order.closed", "order.refunded"})
_VALUES = {"count": "count(*)", "sum": "sum(o.paid_amount - o.refunded_amount)", "since_last": f"max({_ORDERS.time})"}
_SHOWN = {"at": _ORDERS.time, "order": "o.no", "product": "product.code", "amount": "(o.paid_amount - o.refunded_amount)::text"}


def condition_fields() -> Contribution:
    """Orders and coming departures as fields of the condition language."""
    return Contribution(fields=(OrdersField(), DepartureField()), loaders={"orders": _load_orders})


def _theme_options() -> Sequence[Option]:
    return properties()["theme"].options()


def _destination_options() -> Sequence[Option]:
    return properties()["destination"].options()


def _measures() -> tuple[Option, ...]:
    return (
        Option("count", _("number of orders")),
        Option("sum", _("paid amount in yuan")),
        Option("since_last", _("days since the last order")),
    )


class OrdersField(Field):
    """How many orders, how much paid (refunds taken off), or how long ago, within a window, by state, theme, destination.

    An order's time is when it was paid, or when it was placed if it never was. Someone without orders measures 0, but
    has no "days since".
    """

    name = "orders"
    label = gettext_lazy("Orders")
    group = _BUYING
    params: tuple[Param, ...] = (
        Whole("window_days", gettext_lazy("in the last"), is_optional=True, unit=gettext_lazy("days"), low=1, high=3650),
        Picks("states", gettext_lazy("state"), is_optional=True, default=_BOUGHT, options=fixed(OrderState)),
        Picks("themes", gettext_lazy("theme"), is_optional=True, options=_theme_options, is_open=True),
        Picks("destinations", gettext_lazy("destination"), is_optional=True, options=_destination_options, is_open=True),
        Pick("measure", "", is_optional=True, default="count", options=_measures),
        Pick("op", "", is_optional=True, default=">=", options=options),
        Number("value", ""),
    )
    start = {"states": list(_BOUGHT), "measure": "count", "op": ">=", "value": 1}

    def touched_by(self, args: Args) -> frozenset[str] | None:
        return _BY_ORDERS

    @staticmethod
    def _rows(args: Args, query: Query) -> Rows:
        parts = [f"o.state = ANY({query.bind(args['states'], 'text[]')})"]
        if args["themes"]:
            parts.append(f"product.themes && {query.bind(args['themes'], 'varchar[]')}")
        if args["destinations"]:
            parts.append(f"destination.code = ANY({query.bind(args['destinations'], 'text[]')})")
        return Rows(_ORDERS, " AND ".join(parts), _window(args))

    def _measured(self, args: Args, query: Query) -> str:
        found = query.column(self._rows(args, query), _VALUES[args["measure"]])
        return f"({shanghai_day(query.moment())} - {shanghai_day(found)})" if args["measure"] == "since_last" else found

    def sql(self, args: Args, query: Query) -> str:
        measured = self._measured(args, query)
        zero_counts = args["measure"] != "since_last" and OPERATORS[args["op"]](0, args["value"])
        return compare_sql(measured, args["op"], query.bind(args["value"], "numeric"), zero_counts=zero_counts)

    def holds(self, args: Args, person: Snapshot, at: dt.datetime) -> bool:
        found = [order for order in person.rows("orders") if _fits(args, order, at)]
        return compare(_measure(args, found, at), args["op"], args["value"])

    def say(self, args: Args) -> str:
        window = _("in the last %(days)s days") % {"days": args["window_days"]} if args["window_days"] else _("ever")
        asked = f"{SIGNS[args['op']]} {plain(args['value'])}"
        return _("%(when)s orders (%(which)s): %(measure)s %(wanted)s") % {
            "when": window,
            "which": _which(args),
            "measure": words(_measures, args["measure"]),
            "wanted": asked,
        }

    def evidence(self, args: Args, query: Query) -> str:
        rows = query.newest(self._rows(args, query), _SHOWN, f"{_ORDERS.time} DESC, o.id")
        return f"jsonb_build_object('value', coalesce({self._measured(args, query)}, 0), 'rows', {rows})"


def _which(args: Args) -> str:
    parts = [either([words(fixed(OrderState), state) for state in args["states"]])]
    for options_of, values in ((_theme_options, args["themes"]), (_destination_options, args["destinations"])):
        if values:
            parts.append(either([words(options_of, value) for value in values]))
    return _(", ").join(parts)


def _window(args: Args) -> dt.timedelta | None:
    return dt.timedelta(days=args["window_days"]) if args["window_days"] else None


def _fits(args: Args, order: Row, at: dt.datetime) -> bool:
    window = _window(args)
    return bool(
        order["at"] <= at
        and (window is None or order["at"] > at - window)
        and order["state"] in args["states"]
        and (not args["themes"] or not set(args["themes"]).isdisjoint(order["themes"]))
        and (not args["destinations"] or order["destination"] in args["destinations"])
    )


def _measure(args: Args, found: Sequence[Row], at: dt.datetime) -> Decimal | int | None:
    if args["measure"] == "sum":
        return sum((order["paid_amount"] - order["refunded_amount"] for order in found), Decimal(0))
    if args["measure"] == "since_last":
        days = [(clock.shanghai_date(at) - clock.shanghai_date(order["at"])).days for order in found]
        return min(days) if days else None
    return len(found)


class DepartureField(Field):
    """A paid trip departs so many days from the Shanghai date of the question; negative numbers lie in the past."""

    name = "departure"
    label = gettext_lazy("Departure")
    group = _BUYING
    params: tuple[Param, ...] = (
        Whole("low", gettext_lazy("from day"), low=-730, high=730),
        Whole("high", gettext_lazy("to day"), low=-730, high=730),
    )
    start = {"low": 0, "high": 14}

    def check(self, args: Args, path: str) -> None:
        if args["low"] > args["high"]:
            raise ConditionError(f"{path}.high", _("The second number must not be smaller than the first."))

    @staticmethod
    def _rows(args: Args, query: Query) -> Rows:
        today = clock.shanghai_date(query.at)
        first, last = (query.bind(today + dt.timedelta(days=args[end]), "date") for end in ("low", "high"))
        bought = f"o.state = ANY({query.bind(_BOUGHT, 'text[]')})"
        return Rows(_TRIPS, f"{bought} AND departure.departs_on BETWEEN {first} AND {last}")

    def sql(self, args: Args, query: Query) -> str:
        return f"({query.column(self._rows(args, query), 'count(*)')} > 0) IS TRUE"

    def holds(self, args: Args, person: Snapshot, at: dt.datetime) -> bool:
        today = clock.shanghai_date(at)
        return any(
            order["state"] in _BOUGHT and order["at"] <= at and args["low"] <= (order["departs_on"] - today).days <= args["high"]
            for order in person.rows("orders")
        )

    def say(self, args: Args) -> str:
        low, high = args["low"], args["high"]
        if low >= 0:
            return _("departs in %(low)s to %(high)s days") % {"low": low, "high": high}
        if high <= 0:
            return _("departed %(low)s to %(high)s days ago") % {"low": -high, "high": -low}
        return _("departure between %(low)s days ago and %(high)s days from now") % {"low": -low, "high": high}

    def evidence(self, args: Args, query: Query) -> str:
        columns = {"at": _TRIPS.time, "order": "o.no", "departs_on": "departure.departs_on"}
        rows = query.newest(self._rows(args, query), columns, "departure.departs_on, o.id")
        return f"jsonb_build_object('rows', {rows})"


_LOAD = """
SELECT o.customer_id, coalesce(o.paid_at, o.placed_at), o.state, product.themes, destination.code, departure.departs_on,
       o.paid_amount, o.refunded_amount
FROM orders_order AS o JOIN catalog_product AS product ON product.id = o.product_id
JOIN catalog_destination AS destination ON destination.id = product.destination_id
JOIN catalog_departure AS departure ON departure.id = o.departure_id
WHERE o.customer_id = ANY(%s)
"""
_NAMES = ("at", "state", "themes", "destination", "departs_on", "paid_amount", "refunded_amount")


def _load_orders(ids: Sequence[int]) -> list[tuple[int, Row]]:
    with connection.cursor() as cursor:
        cursor.execute(_LOAD, [list(ids)])
        return [(customer_id, dict(zip(_NAMES, values, strict=True))) for customer_id, *values in cursor.fetchall()]
