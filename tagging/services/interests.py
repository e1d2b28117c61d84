"""Interests kept current: for who did something at once, for the others when theirs have not been looked at for a month."""

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction

from core import clock
from core.choices import Lane
from core.jobs import job
from tagging.choices import RuleState
from tagging.models import ProductViews, Segment, TagRule

if TYPE_CHECKING:
    from tagging.interests import Catalogue, Found

WINDOW_DAYS = 180
HALF_LIFE_DAYS = 60
MOST_VIEWS = 200  # the newest of one customer; older ones have faded
SHOWN = 5
LEAST = 0.05  # less is no interest worth a row
_AGAIN_AFTER = dt.timedelta(days=30)
_AT_ONCE = 20_000
BATCH = 500
# A look counts once; what takes an effort counts as two.
WEIGHTS = {"product.viewed": 1.0, "product.favorited": 2.0, "product.shared": 2.0, "advisor.asked": 2.0, "checkout.started": 2.0}

_VIEWS = """
SELECT customer_id, key, occurred_at, kind, code FROM (
    SELECT e.customer_id, e.key, e.occurred_at, e.kind, e.props->>'product' AS code,
        row_number() OVER (PARTITION BY e.customer_id ORDER BY e.occurred_at DESC, e.key) AS place
    FROM core_event AS e JOIN customers_customer AS customer ON customer.id = e.customer_id
    WHERE e.customer_id = ANY(%s) AND e.kind = ANY(%s) AND e.occurred_at > %s AND e.occurred_at <= %s
        AND jsonb_typeof(e.props) = 'object' AND jsonb_typeof(e.props->'product') = 'string'
        AND customer.merged_into_id IS NULL AND customer.is_personalised
) AS one WHERE place <= %s ORDER BY customer_id, place
"""
_WRITE = """
WITH fresh AS (
    SELECT customer_id, theme, score, evidence::jsonb AS evidence
    FROM unnest(%(customers)s::bigint[], %(themes)s::text[], %(scores)s::numeric[], %(evidence)s::text[])
        AS told (customer_id, theme, score, evidence)
), gone AS (
    DELETE FROM tagging_interest AS old WHERE old.customer_id = ANY(%(ids)s)
        AND NOT EXISTS (SELECT 1 FROM fresh WHERE fresh.customer_id = old.customer_id AND fresh.theme = old.theme)
)
INSERT INTO tagging_interest AS old (customer_id, theme, score, evidence, at)
SELECT customer_id, theme, score, evidence, %(now)s FROM fresh ORDER BY customer_id, theme
ON CONFLICT (customer_id, theme) DO UPDATE SET score = EXCLUDED.score, evidence = EXCLUDED.evidence, at = EXCLUDED.at
"""


def refresh_interests(customer_ids: Collection[int]) -> int:
    """Find anew what these customers are drawn to; how many interests they have. None who turned personal advice off."""
    ids, total = sorted(set(customer_ids)), 0
    if not ids or not _is_asked():
        return 0
    catalogue = _catalogue()
    masses = _masses(catalogue)
    for start in range(0, len(ids), BATCH):
        total += _refresh(ids[start : start + BATCH], catalogue, masses, clock.now())
    return total


_ASKED = '"interest":'


def _is_asked() -> bool:
    """Whether any rule in force or segment asks about interests: else nobody needs them."""
    asked = [TagRule.objects.filter(state=RuleState.ACTIVE), Segment.objects.all()]
    return any(rows.extra(where=["condition::text LIKE %s"], params=[f"%{_ASKED}%"]).exists() for rows in asked)


def _masses(catalogue: "Catalogue") -> dict[str, float]:
    masses: dict[str, float] = defaultdict(float)
    for code, themes in catalogue.themes.items():
        for theme in themes:
            masses[theme] += catalogue.rates[code]
    return dict(masses)


def _catalogue() -> "Catalogue":
    from tagging.interests import Catalogue  # numpy: only who computes interests pays for it

    with connection.cursor() as cursor:
        cursor.execute("SELECT code, themes FROM catalog_product WHERE themes <> '{}'")
        themes = dict(cursor.fetchall())
    return Catalogue.of(themes, dict(ProductViews.objects.values_list("code", "seen")))


@transaction.atomic
def _refresh(ids: list[int], catalogue: "Catalogue", masses: Mapping[str, float], now: dt.datetime) -> int:
    since = now - dt.timedelta(days=WINDOW_DAYS)
    with connection.cursor() as cursor:
        cursor.execute(_VIEWS, [ids, list(WEIGHTS), since, now, MOST_VIEWS])
        rows = cursor.fetchall()
    by_customer: dict[int, list[Any]] = defaultdict(list)
    for customer_id, *view in rows:
        by_customer[customer_id].append(view)
    found = [(pk, one, views) for pk, views in by_customer.items() for one in _find(views, catalogue, masses, now)]
    with connection.cursor() as cursor:
        cursor.execute(
            _WRITE,
            {
                "ids": ids, "now": now, "customers": [pk for pk, _one, _views in found],
                "themes": [one.theme for _pk, one, _views in found],
                "scores": [round(min(one.probability, 0.999), 3) for _pk, one, _views in found],
                "evidence": [json.dumps(_rows(one, views)) for _pk, one, views in found],
            },
        )  # fmt: skip
    return len(found)


def _find(views: Sequence[Any], catalogue: "Catalogue", masses: Mapping[str, float], now: dt.datetime) -> list["Found"]:
    from tagging.interests import find

    weighed = [(code, WEIGHTS[kind] * _fade(now - at)) for _key, at, kind, code in views]
    return [one for one in find(weighed, catalogue, masses) if one.probability >= LEAST]


def _fade(age: dt.timedelta) -> float:
    return float(0.5 ** (age.total_seconds() / 86_400 / HALF_LIFE_DAYS))


def _rows(one: "Found", views: Sequence[Any]) -> list[dict[str, str]]:
    shown = [views[place] for place in one.events[:SHOWN]]
    return [{"key": str(key), "at": at.isoformat(), "kind": kind, "product": code} for key, at, kind, code in shown]


_RATES = """
WITH seen AS (
    SELECT e.props->>'product' AS code, count(*) AS times FROM core_event AS e
    WHERE e.kind = 'product.viewed' AND e.occurred_at > %s AND e.occurred_at <= %s AND jsonb_typeof(e.props) = 'object'
    GROUP BY 1
)
INSERT INTO tagging_productviews AS old (code, seen)
SELECT product.code, coalesce(seen.times, 0) FROM catalog_product AS product LEFT JOIN seen ON seen.code = product.code
ON CONFLICT (code) DO UPDATE SET seen = EXCLUDED.seen WHERE old.seen <> EXCLUDED.seen
"""


@job(Lane.BULK, coalesce=True)
def refresh_base_rates() -> None:
    """Count what everybody looked at in 30 days, then look again at the interests that nobody has looked at for a month."""
    now = clock.now()
    with connection.cursor() as cursor:
        cursor.execute(_RATES, [now - dt.timedelta(days=30), now])
        cursor.execute(
            "SELECT DISTINCT customer_id FROM"
            " (SELECT customer_id FROM tagging_interest WHERE at < %s ORDER BY at LIMIT %s) AS old",
            [now - _AGAIN_AFTER, _AT_ONCE],
        )
        old = [row[0] for row in cursor.fetchall()]
    refresh_interests(old)
