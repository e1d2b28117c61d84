"""Reads over customers, and what customers add to the condition language."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.conditions.columns import AgeField, AnyNumberField, BirthdayField, Column, ListField, MomentField, ScoreField, fixed
from core.conditions.fields import Args, Contribution, Field, Row, Snapshot
from core.conditions.params import Option, Options, Param, Pick, Picks, words
from core.conditions.sql import Query, Rows, Source
from customers.choices import Channel, Gender, Lifecycle, Purpose, RfmSegment
from customers.queries.conditions_household import HouseholdField, load_household
from customers.queries.conditions_reach import PersonalisedField, ReachableField, load_addresses
from staff.models import Department, User

# --- What customers add to the condition language ----------------------------------------------------

_PERSON = gettext_lazy("Profile")
_REACH = gettext_lazy("Reachability")
_RELATIONS = Source("customers_relationship AS relation", "relation.customer_id", "relation.added_at")
_CONSENTS = Source("customers_consent AS consent", "consent.customer_id", "consent.at")
_ACTIVITY = "LEFT JOIN customers_activity AS activity ON activity.customer_id = customer.id"


def condition_fields() -> Contribution:
    """Profile, consent and WeCom relation as fields of the condition language."""
    return Contribution(
        fields=(
            *_profile_fields(), HouseholdField(), FriendField(), ConsentField(), ReachableField(ConsentField()),
            PersonalisedField(),
        ),
        loaders={
            "profile": _load_profiles, "relations": _load_relations, "consents": _load_consents, "household": load_household,
            "addresses": load_addresses,
        },
    )  # fmt: skip


def _profile_fields() -> tuple[Field, ...]:
    words_of = {"city": _city_options, "source": _source_options}
    named = (("city", gettext_lazy("City")), ("source", gettext_lazy("Source")))
    fixed_lists = (("gender", gettext_lazy("Gender"), Gender), ("lifecycle", gettext_lazy("Lifecycle"), Lifecycle))
    people = (("owner", gettext_lazy("Owner"), _owner_options), ("department", gettext_lazy("Department"), _department_options))
    return (
        *(_list(name, label, Picks("values", "", options=words_of[name], is_open=True)) for name, label in named),
        *(_list(name, label, Picks("values", "", options=fixed(choices))) for name, label, choices in fixed_lists),
        *(_list(name, label, _live(options), f"{name}_id") for name, label, options in people),
        *(_portrait(*entry) for entry in _PORTRAIT),
        *(ScoreField(f"rfm_{name}", label, _PERSON, _portrait_column(name)) for name, label in _CELL),
        AgeField("age", gettext_lazy("Age"), _PERSON, Column("customer.birthday", "birthday")),
        BirthdayField("birthday", gettext_lazy("Birthday"), _PERSON, Column("customer.birthday", "birthday")),
        AnyNumberField("child_age", gettext_lazy("Age of a child"), _PERSON, Column("customer.child_ages", "child_ages")),
        MomentField("created", gettext_lazy("Known to us since"), _PERSON, Column("customer.created_at", "created_at")),
        MomentField("seen", gettext_lazy("Last active"), _PERSON, Column("activity.last_seen_at", "last_seen_at"), _ACTIVITY),
    )


_PORTRAIT = (
    ("rfm", gettext_lazy("Value as a buyer (RFM)"), RfmSegment),
    ("preferred_channel", gettext_lazy("Channel that works best"), Channel),
)


# The cell of the RFM cube, each from 1 (weakest) to 5.
_CELL = (
    ("recency", gettext_lazy("RFM: bought recently, 1 to 5")),
    ("frequency", gettext_lazy("RFM: buys often, 1 to 5")),
    ("monetary", gettext_lazy("RFM: pays much, 1 to 5")),
)


def _portrait(name: str, label: Any, choices: Any) -> ListField:
    """What the profile engine found; unknown before the first night."""
    return ListField(name, label, _PERSON, _portrait_column(name), Picks("values", "", options=fixed(choices)))


def _portrait_column(name: str) -> Column:
    column = f"(SELECT portrait.{name} FROM customers_portrait AS portrait WHERE portrait.customer_id = customer.id)"  # noqa: S608 - constants only
    return Column(column, name)


def _live(options: Options) -> Picks:
    return Picks("values", "", options=options, is_live=True, of=int)


def _list(name: str, label: Any, values: Picks, column: str = "") -> ListField:
    key = column or name
    return ListField(name, label, _PERSON, Column(f"customer.{key}", key), values)


def _city_options() -> Sequence[Option]:
    return _values_of("city")


def _source_options() -> Sequence[Option]:
    return _values_of("source")


# From value to next value along the list's partial index: as many steps as there are values, however many customers.
_DISTINCT = """
WITH RECURSIVE step (value, n) AS (
    (SELECT {column}, 1 FROM customers_standing WHERE {column} <> '' ORDER BY {column} LIMIT 1)
    UNION ALL
    SELECT (SELECT {column} FROM customers_standing WHERE {column} <> '' AND {column} > step.value ORDER BY {column} LIMIT 1),
        n + 1
    FROM step WHERE step.value IS NOT NULL AND n < 200
) SELECT value FROM step WHERE value IS NOT NULL
"""


def _values_of(column: str) -> Sequence[Option]:
    with connection.cursor() as cursor:
        cursor.execute(_DISTINCT.replace("{column}", column))
        return tuple(Option(value, value) for (value,) in cursor.fetchall())


def _owner_options() -> Sequence[Option]:
    return tuple(Option(user.pk, str(user)) for user in User.objects.filter(is_active=True).order_by("id"))


def _department_options() -> Sequence[Option]:
    return tuple(Option(department.pk, department.name) for department in Department.objects.order_by("id"))


def _friend_options() -> tuple[Option, ...]:
    return (
        Option("friend", _("is a WeCom friend of ours")),
        Option("lost", _("was a WeCom friend and left")),
        Option("never", _("was never a WeCom friend")),
    )


class FriendField(Field):
    """The WeCom friendship with anyone of the house: now, once, or never."""

    name = "friend"
    label = gettext_lazy("WeCom friendship")
    group = _REACH
    params: tuple[Param, ...] = (Pick("is", "", options=_friend_options),)
    start = {"is": "friend"}

    def touched_by(self, args: Args) -> frozenset[str] | None:
        return frozenset({"contact.added", "contact.lost"})

    def sql(self, args: Args, query: Query) -> str:
        active = query.column(Rows(_RELATIONS), "bool_or(relation.state = 'active')")
        return {"friend": f"{active} IS TRUE", "lost": f"{active} IS FALSE", "never": f"{active} IS NULL"}[args["is"]]

    def holds(self, args: Args, person: Snapshot, at: dt.datetime) -> bool:
        states = [row["state"] for row in person.rows("relations") if row["added_at"] <= at]
        if not states:
            return bool(args["is"] == "never")
        return bool(args["is"] == ("friend" if "active" in states else "lost"))

    def say(self, args: Args) -> str:
        return words(_friend_options, args["is"])

    def evidence(self, args: Args, query: Query) -> str:
        columns = {"at": "relation.added_at", "user": "relation.user_id", "state": "relation.state"}
        rows = query.newest(Rows(_RELATIONS), columns, "relation.added_at DESC, relation.id")
        return f"jsonb_build_object('rows', {rows})"


def _consent_options() -> tuple[Option, ...]:
    return (Option("granted", _("has agreed to")), Option("refused", _("has refused or never agreed to")))


class ConsentField(Field):
    """The consent in force, as the Touch Governor reads it: the channel's own entry decides, the one for every channel
    where there is none; a refusal of every channel also ends a channel's older grant.
    """

    name = "consent"
    label = gettext_lazy("Consent")
    group = _REACH
    params: tuple[Param, ...] = (
        Pick("is", "", is_optional=True, default="granted", options=_consent_options),
        Pick("purpose", gettext_lazy("purpose"), options=fixed(Purpose)),
        Pick("channel", gettext_lazy("channel"), is_optional=True, default="any", options=fixed(Channel)),
    )
    start = {"is": "granted", "purpose": "marketing", "channel": "wecom"}

    @staticmethod
    def _rows(args: Args, query: Query) -> Rows:
        channels = query.bind(tuple(dict.fromkeys(("any", args["channel"]))), "text[]")
        purpose = query.bind(args["purpose"], "text")
        return Rows(_CONSENTS, f"consent.is_current AND consent.purpose = {purpose} AND consent.channel = ANY({channels})")

    def sql(self, args: Args, query: Query) -> str:
        rows, channel = self._rows(args, query), query.bind(args["channel"], "text")
        refused = query.column(rows, f"bool_or(NOT consent.granted AND consent.channel = {channel})")
        ended_at = query.column(rows, "max(CASE WHEN consent.channel = 'any' AND NOT consent.granted THEN consent.at END)")
        granted_at = query.column(rows, f"max(CASE WHEN consent.channel = {channel} AND consent.granted THEN consent.at END)")
        granted = f"NOT {refused} AND ({ended_at} >= coalesce({granted_at}, '-infinity')) IS NOT TRUE"
        return f"({granted}) IS {'TRUE' if args['is'] == 'granted' else 'NOT TRUE'}"

    def holds(self, args: Args, person: Snapshot, at: dt.datetime) -> bool:
        rows = {row["channel"]: row for row in person.rows("consents") if row["purpose"] == args["purpose"] and row["at"] <= at}
        own, general = rows.get(args["channel"]), rows.get("any")
        deciding = own or general
        granted = deciding is not None and deciding["granted"]
        if own and general and not general["granted"] and general["at"] >= own["at"]:
            granted = False
        return bool(granted == (args["is"] == "granted"))

    def say(self, args: Args) -> str:
        return _("%(is)s %(purpose)s by %(channel)s") % {
            "is": words(_consent_options, args["is"]),
            "purpose": words(fixed(Purpose), args["purpose"]),
            "channel": words(fixed(Channel), args["channel"]),
        }

    def evidence(self, args: Args, query: Query) -> str:
        columns = {"at": "consent.at", "channel": "consent.channel", "granted": "consent.granted"}
        rows = query.newest(self._rows(args, query), columns, "consent.at DESC, consent.id DESC")
        return f"jsonb_build_object('rows', {rows})"


def _load(sql: str, ids: Sequence[int], names: Sequence[str]) -> list[tuple[int, Row]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, [list(ids)])
        return [(customer_id, dict(zip(names, values, strict=True))) for customer_id, *values in cursor.fetchall()]


_PROFILE = (
    "city", "source", "gender", "lifecycle", "owner_id", "department_id", "birthday", "child_ages", "created_at", "last_seen_at",
    "is_personalised", "rfm", "preferred_channel", "recency", "frequency", "monetary",
)  # fmt: skip
_PROFILES = """
SELECT customer.id, city, source, gender, lifecycle, owner_id, department_id, birthday, child_ages, created_at,
       activity.last_seen_at, customer.is_personalised, portrait.rfm, portrait.preferred_channel,
       portrait.recency, portrait.frequency, portrait.monetary
FROM customers_customer AS customer LEFT JOIN customers_activity AS activity ON activity.customer_id = customer.id
LEFT JOIN customers_portrait AS portrait ON portrait.customer_id = customer.id
WHERE customer.id = ANY(%s)
"""


_CONSENTS_IN_FORCE = """
SELECT customer_id, id, purpose, channel, granted, at FROM customers_consent WHERE customer_id = ANY(%s) AND is_current
"""


def _load_profiles(ids: Sequence[int]) -> list[tuple[int, Row]]:
    return _load(_PROFILES, ids, _PROFILE)


def _load_relations(ids: Sequence[int]) -> list[tuple[int, Row]]:
    sql = "SELECT customer_id, state, added_at, user_id FROM customers_relationship WHERE customer_id = ANY(%s)"
    return _load(sql, ids, ("state", "added_at", "user_id"))


def _load_consents(ids: Sequence[int]) -> list[tuple[int, Row]]:
    return _load(_CONSENTS_IN_FORCE, ids, ("id", "purpose", "channel", "granted", "at"))
