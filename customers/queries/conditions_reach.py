"""The question whether a customer can be reached at all: an address, consent to marketing, no refusal on the list."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.conditions.fields import Args, Field, Row, Snapshot
from core.conditions.params import Option, Param, Pick, words
from core.conditions.sql import Query, Rows, Source
from customers.choices import Channel, IdentityKind, Purpose

_ADDRESSES = Source(
    "customers_identity AS address LEFT JOIN customers_suppression AS refusal"
    " ON refusal.kind = address.kind AND refusal.value_hash = address.value_hash",
    "address.customer_id",
)
_FRIENDS = Source("customers_relationship AS relation", "relation.customer_id", "relation.added_at")
_KIND = {Channel.SUBSCRIBE: IdentityKind.MINI_OPENID, Channel.SMS: IdentityKind.PHONE}
_LOAD = """
SELECT address.customer_id, address.kind, refusal.id IS NOT NULL FROM customers_identity AS address
LEFT JOIN customers_suppression AS refusal ON refusal.kind = address.kind AND refusal.value_hash = address.value_hash
WHERE address.customer_id = ANY(%s)
"""


def _channels() -> tuple[Option, ...]:
    return tuple(Option(value, label) for value, label in Channel.choices if value != Channel.ANY)


class ReachableField(Field):
    """A channel can carry marketing to the customer: there is an address (for WeCom a friendship), consent is in force, and
    no address of theirs is on the suppression list. Quiet hours and caps are the Touch Governor's, at the moment of sending.
    """

    name = "reachable"
    label = gettext_lazy("Reachable")
    group = gettext_lazy("Reachability")
    params: tuple[Param, ...] = (Pick("channel", gettext_lazy("by"), options=_channels),)
    start: Mapping[str, Any] = {"channel": "wecom"}

    def __init__(self, consent: Field) -> None:
        self._consent = consent

    @staticmethod
    def _agreed(args: Args) -> Args:
        return {"is": "granted", "purpose": Purpose.MARKETING.value, "channel": args["channel"]}

    def sql(self, args: Args, query: Query) -> str:
        refused = query.column(Rows(_ADDRESSES), "bool_or(refusal.id IS NOT NULL)")
        return f"({self._address(args, query)} AND {refused} IS NOT TRUE AND {self._consent.sql(self._agreed(args), query)})"

    @staticmethod
    def _address(args: Args, query: Query) -> str:
        if args["channel"] == Channel.WECOM:
            friend = query.column(Rows(_FRIENDS), "bool_or(relation.state = 'active')")
            return f"{friend} IS TRUE"
        kind = query.bind(str(_KIND[args["channel"]].value), "text")
        return f"{query.column(Rows(_ADDRESSES), f'bool_or(address.kind = {kind})')} IS TRUE"

    def holds(self, args: Args, person: Snapshot, at: dt.datetime) -> bool:
        addresses = person.rows("addresses")
        if args["channel"] == Channel.WECOM:
            found = any(row["state"] == "active" and row["added_at"] <= at for row in person.rows("relations"))
        else:
            found = any(row["kind"] == _KIND[args["channel"]] for row in addresses)
        refused = any(row["is_refused"] for row in addresses)
        return found and not refused and self._consent.holds(self._agreed(args), person, at)

    def say(self, args: Args) -> str:
        return _("can be reached by %(channel)s") % {"channel": words(_channels, args["channel"])}

    def evidence(self, args: Args, query: Query) -> str:
        return self._consent.evidence(self._agreed(args), query)


def _advice_options() -> tuple[Option, ...]:
    return (Option("on", _("takes personal recommendations")), Option("off", _("turned personal recommendations off")))


class PersonalisedField(Field):
    """Whether the customer lets us advise them by what they did (PIPL 24); tag rules that look at behaviour always ask it."""

    name = "personalised"
    label = gettext_lazy("Personal recommendations")
    group = gettext_lazy("Reachability")
    params: tuple[Param, ...] = (Pick("is", "", options=_advice_options),)
    start: Mapping[str, Any] = {"is": "on"}

    def sql(self, args: Args, query: Query) -> str:
        return "customer.is_personalised" if args["is"] == "on" else "NOT customer.is_personalised"

    def holds(self, args: Args, person: Snapshot, at: dt.datetime) -> bool:
        return bool(person.one("profile")["is_personalised"] == (args["is"] == "on"))

    def say(self, args: Args) -> str:
        return words(_advice_options, args["is"])

    def evidence(self, args: Args, query: Query) -> str:
        return "jsonb_build_object('value', customer.is_personalised)"


def load_addresses(ids: Sequence[int]) -> list[tuple[int, Row]]:
    """Each customer's kinds of addresses, and whether one is on the suppression list."""
    with connection.cursor() as cursor:
        cursor.execute(_LOAD, [list(ids)])
        return [(customer_id, {"kind": kind, "is_refused": refused}) for customer_id, kind, refused in cursor.fetchall()]
