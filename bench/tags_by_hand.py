"""The sixty rules of `bench tags`, and the SQL a person would write for exactly these."""

# ruff: noqa: E501 - statements of planting read better whole

import dataclasses
from typing import Any

THEMES = ("亲子", "海岛", "蜜月", "摄影", "徒步", "美食", "人文", "康养", "研学", "银发", "滑雪", "露营")
WINDOWS = (7, 30, 90)
KINDS = ("product.searched", "product.favorited", "product.shared", "page.viewed")
CITIES = ("杭州", "上海", "宁波", "苏州")
STAGES = ("lead", "active", "dormant", "lost")


@dataclasses.dataclass(frozen=True)
class Rule:
    """A rule: its tag's name, its condition, and the same as a hand-written SQL expression (aliases c and w7, w30, w90)."""

    name: str
    condition: dict[str, Any]
    sql: str


def rules() -> list[Rule]:
    """36 rules on themes, 12 on kinds of events, 4 on cities, 4 on stages, 4 that combine: sixty."""
    found = [_theme(window, place) for window in WINDOWS for place in range(len(THEMES))]
    found += [_kind(window, place) for window in WINDOWS for place in range(len(KINDS))]
    found += [Rule(f"城市{city}", {"city": {"values": [city]}}, f"c.city = '{city}'") for city in CITIES]
    found += [Rule(f"阶段{stage}", {"lifecycle": {"values": [stage]}}, f"c.lifecycle = '{stage}'") for stage in STAGES]
    return found + [_combined(place) for place in range(4)]


def _least(window: int) -> int:
    return {7: 1, 30: 2, 90: 3}[window]


def _event(window: int, value: int, kind: str, theme: str = "") -> dict[str, Any]:
    where = [{"name": "theme", "in": [theme]}] if theme else []
    return {"event": {"kinds": [kind], "window_days": window, "op": ">=", "value": value, "where": where}}


def _theme(window: int, place: int) -> Rule:
    least = _least(window)
    return Rule(
        f"{window}天看{THEMES[place]}", _event(window, least, "product.viewed", THEMES[place]), f"w{window}.t{place} >= {least}"
    )


def _kind(window: int, place: int) -> Rule:
    least = 2 if KINDS[place] == "product.favorited" and window == 7 else _least(window)
    return Rule(f"{window}天{KINDS[place]}", _event(window, least, KINDS[place]), f"w{window}.k{place} >= {least}")


def _combined(place: int) -> Rule:
    city, theme = CITIES[place], THEMES[place]
    condition = {"all": [{"city": {"values": [city]}}, _event(90, 2, "product.viewed", theme),
                         {"not": _event(30, 1, "product.shared")}]}  # fmt: skip
    return Rule(f"{city}爱{theme}", condition, f"c.city = '{city}' AND w90.t{place} >= 2 AND coalesce(w30.k2, 0) < 1")


def by_hand(rule_table: str) -> list[str]:
    """The statements: wanted tags of everybody into `bench_want`, then what differs from the tags held into `bench_diff`."""
    tags = ", ".join(
        f"CASE WHEN {rule.sql} THEN (SELECT tag_id FROM {rule_table} WHERE name = '{rule.name}') END" for rule in rules()
    )
    scans = " ".join(f"LEFT JOIN ({_scan(window)}) AS w{window} ON w{window}.customer_id = c.id" for window in WINDOWS)
    want = (
        f"SELECT c.id AS customer_id, array_remove(ARRAY[{tags}]::integer[], NULL) AS tag_ids"
        f" FROM customers_customer AS c {scans} WHERE c.merged_into_id IS NULL"
    )
    return [
        "SET LOCAL jit = off", "SET LOCAL work_mem = '128MB'", "SET LOCAL enable_indexscan = off",
        "DROP TABLE IF EXISTS bench_want", f"CREATE TABLE bench_want AS {want}",
        "DROP TABLE IF EXISTS bench_diff",
        "CREATE TABLE bench_diff AS SELECT want.customer_id, want.tag_ids FROM bench_want AS want"
        " LEFT JOIN tagging_customertags AS held ON held.customer_id = want.customer_id"
        " WHERE coalesce(held.tag_ids, '{}') <> (SELECT coalesce(array_agg(one ORDER BY one), '{}') FROM unnest(want.tag_ids) AS one)",
    ]  # fmt: skip


def _scan(window: int) -> str:
    """One pass over the events of a window: products' themes as columns of a small table, counts by FILTER."""
    themes = ", ".join(f"(p.themes @> ARRAY['{theme}']::varchar[]) AS f{place}" for place, theme in enumerate(THEMES))
    columns = [f"count(*) FILTER (WHERE e.kind = 'product.viewed' AND p.f{place}) AS t{place}" for place in range(len(THEMES))]
    columns += [f"count(*) FILTER (WHERE e.kind = '{kind}') AS k{place}" for place, kind in enumerate(KINDS)]
    kinds = ", ".join(f"'{kind}'" for kind in ("product.viewed", *KINDS))
    return (
        f"SELECT e.customer_id, {', '.join(columns)} FROM core_event AS e"
        f" LEFT JOIN (SELECT p.code, {themes} FROM catalog_product AS p) AS p ON p.code = e.props->>'product'"
        f" WHERE e.occurred_at > now() - interval '{window} days' AND e.occurred_at <= now() AND e.kind IN ({kinds})"
        f" GROUP BY e.customer_id"
    )
