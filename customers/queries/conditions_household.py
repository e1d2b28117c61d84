"""The question about who lives and travels with a customer."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.conditions.columns import age_fits, age_sql, bounds, check_range, fixed
from core.conditions.fields import Args, Field, Row, Snapshot
from core.conditions.params import Param, Picks, either, words
from core.conditions.sql import Query, Rows, Source
from customers.choices import Kinship

# The people somebody books for, and the other customers of the same household.
_TABLE = """
(SELECT traveller.customer_id, traveller.kinship, traveller.birthday FROM customers_traveller AS traveller
 WHERE traveller.deleted_at IS NULL AND traveller.kinship <> 'self'
 UNION ALL SELECT own.customer_id, other.kinship, person.birthday FROM customers_householdmember AS own
 JOIN customers_householdmember AS other ON other.household_id = own.household_id AND other.id <> own.id
 JOIN customers_customer AS person ON person.id = other.customer_id WHERE own.customer_id IS NOT NULL) AS kin
"""
_KIN = Source(" ".join(_TABLE.split()), "kin.customer_id")
_LOAD = f"SELECT kin.customer_id, kin.kinship, kin.birthday FROM {_TABLE} WHERE kin.customer_id = ANY(%s)"  # noqa: S608 - constants


class HouseholdField(Field):
    """Somebody of the household or among the travellers: of a relation, of an age. Who has no known birthday has no age.

    A relation is what was written down: to the buyer for travellers, to the household's keeper for its other members.
    """

    name = "household"
    label = gettext_lazy("Household and travellers")
    group = gettext_lazy("Profile")
    params: tuple[Param, ...] = (
        Picks("kinship", gettext_lazy("there is a"), is_optional=True, options=fixed(Kinship)),
        *bounds(120),
    )
    start: Mapping[str, Any] = {"kinship": ["child"]}

    def check(self, args: Args, path: str) -> None:
        check_range(args, path)

    @staticmethod
    def _rows(args: Args, query: Query) -> Rows:
        parts = [f"kin.kinship = ANY({query.bind(args['kinship'], 'text[]')})"] if args["kinship"] else []
        if args["low"] is not None or args["high"] is not None:
            parts.append(age_sql("kin.birthday", args, query))
        return Rows(_KIN, " AND ".join(parts) or "true")

    def sql(self, args: Args, query: Query) -> str:
        return f"(coalesce({query.column(self._rows(args, query), 'count(*)')}, 0) > 0)"

    def holds(self, args: Args, person: Snapshot, at: dt.datetime) -> bool:
        aged = args["low"] is not None or args["high"] is not None
        return any(
            (not args["kinship"] or row["kinship"] in args["kinship"]) and (not aged or age_fits(row["birthday"], args, at))
            for row in person.rows("household")
        )

    def say(self, args: Args) -> str:
        who = either([words(fixed(Kinship), one) for one in args["kinship"] or ()]) or _("somebody")
        low, high = args["low"], args["high"]
        if low is None and high is None:
            return _("travels with %(who)s") % {"who": who}
        ages = f"{low if low is not None else 0}–{high}" if high is not None else f"{low}+"
        return _("travels with %(who)s aged %(ages)s") % {"who": who, "ages": ages}

    def evidence(self, args: Args, query: Query) -> str:
        return f"jsonb_build_object('value', coalesce({query.column(self._rows(args, query), 'count(*)')}, 0))"


def load_household(ids: Sequence[int]) -> list[tuple[int, Row]]:
    """Each customer's relatives and travellers."""
    with connection.cursor() as cursor:
        cursor.execute(_LOAD, [list(ids)])
        return [(customer_id, {"kinship": kinship, "birthday": birthday}) for customer_id, kinship, birthday in cursor.fetchall()]
