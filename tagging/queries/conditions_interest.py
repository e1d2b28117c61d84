"""The question about what a customer is drawn to, as tagging.interests finds it."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.conditions.fields import Args, Field, Row, Snapshot
from core.conditions.params import Option, Param, Picks, Whole, either
from core.conditions.sql import Query, Rows, Source

_INTERESTS = Source("tagging_interest AS drawn", "drawn.customer_id")


def _themes() -> Sequence[Option]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT theme FROM catalog_product, unnest(themes) AS theme GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 99")
        return tuple(Option(theme, theme) for (theme,) in cursor.fetchall())


class InterestField(Field):
    """Drawn to one of some themes: more of what the customer looked at shows it than chance and their other interests explain.

    `at_least` is the probability in percent that the interest is there.
    """

    name = "interest"
    label = gettext_lazy("Interest, read from behaviour")
    group = gettext_lazy("Behaviour")
    params: tuple[Param, ...] = (
        Picks("themes", gettext_lazy("theme"), options=_themes, is_open=True),
        Whole("at_least", gettext_lazy("at least"), is_optional=True, default=80, unit="%", low=1, high=99),
    )
    start: Mapping[str, Any] = {"at_least": 80}

    @staticmethod
    def _rows(args: Args, query: Query) -> Rows:
        themes = query.bind(args["themes"], "text[]")
        return Rows(_INTERESTS, f"drawn.theme = ANY({themes}) AND drawn.score * 100 >= {query.bind(args['at_least'], 'int')}")

    def sql(self, args: Args, query: Query) -> str:
        return f"(coalesce({query.column(self._rows(args, query), 'count(*)')}, 0) > 0)"

    def holds(self, args: Args, person: Snapshot, at: dt.datetime) -> bool:
        return any(row["theme"] in args["themes"] and row["score"] * 100 >= args["at_least"] for row in person.rows("interests"))

    def say(self, args: Args) -> str:
        return _("drawn to %(themes)s (at least %(percent)s %% sure)") % {
            "themes": either([str(one) for one in args["themes"]]),
            "percent": args["at_least"],
        }

    def evidence(self, args: Args, query: Query) -> str:
        """The strongest interest: its rows, and its probability as the strength."""
        rows = self._rows(args, query)
        strongest = query.column(rows, "array_agg(drawn.evidence ORDER BY drawn.score DESC, drawn.theme)")
        score = query.column(rows, "max(drawn.score)")
        value = f"round({score} * 100)::int || '%%'"
        shown = f"'value', {value}, 'rows', coalesce(({strongest})[1], '[]'::jsonb), 'strength', {score}"
        return f"jsonb_strip_nulls(jsonb_build_object({shown}))"


def load_interests(ids: Sequence[int]) -> list[tuple[int, Row]]:
    """Each customer's interests."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT customer_id, theme, score FROM tagging_interest WHERE customer_id = ANY(%s)", [list(ids)])
        return [(customer_id, {"theme": theme, "score": score}) for customer_id, theme, score in cursor.fetchall()]
