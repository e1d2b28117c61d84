"""The customer list and the customer's page with a large agency in the database, over HTTP.

People, friendships, events, orders and tags are planted by a few set-based statements: some customers have thousands of
events, most a handful. Then every saved view, sort, filter and kind of search, the first pages, deep ones and the ways
back, and the pages of the busiest and of ordinary customers with all their fragments are asked of one web process, in
turn. The import's and ingestion's ratios come from their own measures.
"""

import json
import os
import statistics
import tempfile
import urllib.parse
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg

from bench import ingest as ingestion
from bench import scratch
from bench.pages import PASSWORD, Browser, percentile

SIZES = {"smoke": (5_000, 40_000), "usual": (100_000, 1_000_000), "full": (1_000_000, 10_000_000)}
ROUNDS = {"smoke": 1, "usual": 8, "full": 8}
TARGETS = {"list_p95_ms": 150, "profile_p95_ms": 200}
PEOPLE = ("admin", "sales1")
PHONE = "13911112222"

_PEOPLE = """
INSERT INTO customers_customer (public_id, name, name_pinyin, name_initials, nickname, remark, gender, city, child_ages,
    phone_masked, lifecycle, source, owner_id, department_id, created_at)
SELECT gen_random_uuid(),
    (ARRAY['王','李','张','刘','陈','杨','赵','黄','周','吴','徐','孙','胡','朱','高','林'])[s] || given.name,
    (ARRAY['wang','li','zhang','liu','chen','yang','zhao','huang','zhou','wu','xu','sun','hu','zhu','gao','lin'])[s]
    || given.spoken,
    substr('wlzlcyzhzwxshzgl', s, 1) || given.initials, 'wx' || n, CASE WHEN n %% 7 = 0 THEN '亲子出游' ELSE '' END, '',
    (ARRAY['杭州','上海','宁波','苏州','嘉兴','绍兴'])[1 + n %% 6], '{}',
    CASE WHEN n %% 3 = 0 THEN '138****' || lpad((n %% 10000)::text, 4, '0')
    ELSE '' END,
    (ARRAY['lead','quoted','first_time','active','travelling','at_risk','dormant','lost'])
    [1 + (n * 7) %% 8],
    (ARRAY['mini','wecom','import','ota'])[1 + n %% 4], member.id, member.department_id, now() - random() * interval '500 days'
FROM generate_series(1, %(customers)s) AS n
CROSS JOIN LATERAL (SELECT 1 + (power(random(), 1.5) * 15.99)::int %% 16 AS s WHERE n > 0) AS surname
CROSS JOIN LATERAL (SELECT * FROM (VALUES (0, '子涵', 'zihan', 'zh'), (1, '思雨', 'siyu', 'sy'), (2, '浩然', 'haoran', 'hr'),
    (3, '欣怡', 'xinyi', 'xy'), (4, '伟', 'wei', 'w'), (5, '雅婷', 'yating', 'yt'), (6, '志强', 'zhiqiang', 'zq'))
    AS part (k, name, spoken, initials) WHERE part.k = n %% 7) AS given
CROSS JOIN LATERAL (SELECT id, department_id FROM staff_user WHERE role = 'sales' ORDER BY (id + n) %% 7, id LIMIT 1) AS member
"""
_REST = (
    "INSERT INTO customers_identity (customer_id, kind, scope, value_hash, value_sealed, verified_at, source)"
    " SELECT id, 'external_userid', 'bench', sha256(('e' || id)::bytea), '\\x00'::bytea, now(), 'bench' FROM customers_customer"
    " WHERE source <> 'ota' UNION ALL SELECT id, 'phone', '', sha256(('p' || id)::bytea), '\\x00'::bytea, now(), 'bench'"
    " FROM customers_customer WHERE phone_masked <> ''",
    "INSERT INTO customers_relationship (customer_id, user_id, external_userid, state, add_way, channel_state, added_at)"
    " SELECT id, owner_id, 'bench' || id, CASE WHEN id % 9 = 0 THEN 'deleted_by_customer' ELSE 'active' END, 0, '', created_at"
    " FROM customers_customer WHERE source <> 'ota' AND owner_id IS NOT NULL",
    "INSERT INTO customers_activity (customer_id, first_seen_at, last_seen_at, event_count)"
    " SELECT customer_id, min(occurred_at), max(occurred_at), count(*) FROM core_event"
    " WHERE customer_id IS NOT NULL GROUP BY 1 ON CONFLICT (customer_id) DO UPDATE SET last_seen_at = EXCLUDED.last_seen_at",
    "INSERT INTO tagging_customertags (customer_id, tag_ids) SELECT customer.id, ARRAY(SELECT id FROM tagging_tag"
    " WHERE (id * 31 + customer.id) % 11 < 2 ORDER BY id) FROM customers_customer AS customer WHERE customer.id % 5 < 3"
    " ON CONFLICT DO NOTHING",
    "INSERT INTO campaigns_followup (key, customer_id, assignee_id, title, reason, evidence, suggested_text, product_code, state,"
    " outcome, due_at) SELECT 'bench' || id, id, owner_id, '跟进', 'repeated_views', '[]', '', '', 'open', '', now() +"
    " (id % 400 - 200) * interval '1 hour' FROM customers_customer WHERE id % 97 = 0",
)
_EVENTS = """
INSERT INTO core_event (key, occurred_at, kind, customer_id, props, source)
SELECT gen_random_uuid(), now() - power(random(), 2) * interval '330 days',
    (ARRAY['product.viewed','product.viewed','product.viewed','page.viewed','product.searched','app.opened'])[1 + n %% 6],
    %(first)s + (power(random(), 1.6) * %(span)s)::bigint, '{"product": "P01", "query": "亲子"}', 'mini'
FROM generate_series(1, %(events)s) AS n
"""


def run(size: str, write: Callable[[str], object]) -> bool:
    """Print the slowest pages and the JSON line; whether both targets are met (the short form only has to work)."""
    customers, events = SIZES[size]
    with scratch.database() as url, tempfile.TemporaryDirectory() as folder:
        _plant(url, customers, events, Path(folder), bare=size == "smoke")
        write(f"planted {customers:,} customers and {events:,} events")
        measured = _measure(url, ROUNDS[size], profiles=1 if size == "smoke" else 3)
        write(json.dumps(_figures(measured)))
        import_ratio = _import_ratio(url, size == "smoke")
        write(f"import_ratio {import_ratio}")
        ingest_ratio = ingestion.measure(size, url=url)["ratio"]
    lines = sorted(((percentile(times, 0.95), name) for name, times in measured.items()), reverse=True)
    for slowest, name in lines[:15]:
        write(f"{slowest:>9} ms  {name}")
    result: dict[str, Any] = {"bench": "customers", "customers": customers, "events": events, **_figures(measured)}
    result |= {"import_ratio": import_ratio, "ingest_ratio": ingest_ratio}
    result["load_average"] = round(os.getloadavg()[1], 1)
    write(json.dumps(result, ensure_ascii=False))
    return size == "smoke" or all(result[name] < most for name, most in TARGETS.items())


def _import_ratio(url: str, smoke: bool) -> float:
    """The import's own measure in a process of its own, beside the customers planted here."""
    program = f"from bench.imports import measure; import json; print(json.dumps(measure({smoke})))"
    found: dict[str, Any] = json.loads(
        scratch.output("shell", "-v", "0", "-c", program, database_url=url).strip().splitlines()[-1]
    )
    return float(found["import_ratio"])


def _figures(measured: dict[str, list[float]]) -> dict[str, float]:
    figures = {}
    for kind in ("list", "profile"):
        times = [one for name, found in measured.items() if name.startswith(kind) for one in found]
        figures[f"{kind}_p95_ms"] = percentile(times, 0.95)
        figures[f"{kind}_p50_ms"] = round(1000 * statistics.median(times), 1)
    return figures


def _plant(url: str, customers: int, events: int, folder: Path, *, bare: bool = False) -> None:
    """Customers with all that hangs on them. `bare`: beside them only the staff, tags and the product that pages name; else
    the whole demo agency, which takes longer to load than the short form may run."""
    if bare:
        scratch.manage("shell", "-v", "0", "-c", "from bench.customers import found_agency; found_agency()", database_url=url)
    else:
        apart = {"SCRM_STATE_DIR": str(folder), "SCRM_SIM_URL": f"http://127.0.0.1:{scratch.free_port()}"}
        scratch.manage("load_demo", "--customers", "300", "--truth", str(folder / "truth"), database_url=url, **apart)
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute("SELECT core_ensure_event_partitions((now() - interval '12 months')::date, now()::date)")
        row = admin.execute("SELECT coalesce(max(id), 0) + 1 FROM customers_customer").fetchone()
        first = row[0] if row else 1
        admin.execute(_PEOPLE, {"customers": customers})
        admin.execute(_EVENTS, {"first": first, "span": customers - 1, "events": events})
        for statement in _REST:
            admin.execute(statement)
        admin.execute("VACUUM (ANALYZE)")
    refresh = "from customers.services.standing import refresh_standing; refresh_standing()"
    scratch.manage("shell", "-v", "0", "-c", refresh, database_url=url)
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute("VACUUM (ANALYZE) customers_standing")


def found_agency() -> None:
    """An administrator, three of sales, a dozen tags and a product, in the database of this process."""
    from catalog.models import Destination, Product
    from staff.models import Department, User
    from tagging.models import Tag, TagGroup

    shop = Department.objects.create(name="湖滨店")
    for name, role, scope in (("admin", "administrator", "all"), *((f"sales{n}", "sales", "own") for n in (1, 2, 3))):
        User.objects.create_user(name, password=PASSWORD, display_name=name, role=role, row_scope=scope, department=shop)
    group = TagGroup.objects.create(name="兴趣")
    Tag.objects.bulk_create([Tag(group=group, name=f"标签{n}") for n in range(12)])
    Product.objects.create(
        code="P01", name="大理6日", days=6, price_from_amount=3980, state="on_sale",
        destination=Destination.objects.create(code="yunnan", name="云南", cities=["大理"]),
    )  # fmt: skip


def _measure(url: str, rounds: int, profiles: int) -> dict[str, list[float]]:
    pages = dict(_pages(url, profiles))
    times: dict[str, list[float]] = {}
    with scratch.web(url, SCRM_LOG_LEVEL="ERROR") as port:
        browsers = {who: Browser(port, who) for who in PEOPLE}
        for turn in range(rounds + 1):
            for (who, name), address in pages.items():
                status, seconds = browsers[who].get(address)
                if status not in {200, 403, 404}:
                    raise RuntimeError(f"{who} {address}: {status}")
                if turn and status == 200:
                    times.setdefault(f"{name} ({who})", []).append(seconds)
    return times


def _pages(url: str, profiles: int) -> Iterator[tuple[tuple[str, str], str]]:
    from customers.queries import filters
    from customers.queries.listing import SORTS

    asked = {f"view {name}": {"view": name} for name in filters.VIEWS}
    asked |= {f"sort {name}": {"sort": name} for name in SORTS}
    asked |= {f"touch {name}": {"touch": name} for name in filters.TOUCHES}
    asked |= {f"value {name}": {"value": name} for name in filters.VALUES}
    asked |= {f"relation {name}": {"relation": name} for name in filters.RELATIONS}
    asked |= {f"lifecycle {name}": {"lifecycle": name} for name in ("lead", "quoted", "lost")}
    asked |= {"city": {"city": "宁波"}, "source": {"source": "ota"}, "channel": {"channel": "phone"}}
    texts = {"name": "陈", "given name": "子涵", "whole name": "陈子涵", "pinyin": "chenzi", "initials": "czh", "remark": "亲子"}
    texts |= {"phone": PHONE, "last four": "5678", "nobody": "zzzzzz"}
    asked |= {f"search {name}": {"q": text} for name, text in texts.items()}
    with psycopg.connect(url) as reader:
        asked |= dict(_places(reader))
        busiest = reader.execute(
            "SELECT customer_id FROM customers_activity ORDER BY event_count DESC LIMIT %s", [profiles]
        ).fetchall()
        usual = reader.execute(
            "SELECT customer_id FROM customers_standing WHERE owner_id IS NOT NULL LIMIT %s OFFSET 500", [profiles]
        ).fetchall()
    for who in PEOPLE if profiles > 1 else PEOPLE[:1]:  # the short form asks as the one who sees everybody
        for name, query in asked.items():
            yield (who, f"list {name}"), f"/customers?{urllib.parse.urlencode(query)}"
    yield from _profiles([row[0] for row in (*busiest, *usual)])


def _profiles(customers: list[int]) -> Iterator[tuple[tuple[str, str], str]]:
    from django.conf import settings
    from django.urls import reverse

    parts = ["", "/timeline", "/timeline?group=browse", "/timeline?group=order", "/peek"]
    for customer in customers:
        yield from ((("admin", f"profile {customer}{part}"), f"/customers/{customer}{part}") for part in parts)
        for name in settings.CUSTOMER_PANELS:
            yield ("admin", f"profile {customer} {name}"), reverse(name, args=[customer])


def _places(reader: psycopg.Connection[Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Cursors in the midst of the list and near its end, the tag that most people have, and a member's customers."""
    total = reader.execute("SELECT count(*) FROM customers_standing").fetchone()
    for name, share in (("second", 50), ("deep", (total or (0,))[0] // 2), ("last", (total or (0,))[0] - 60)):
        row = reader.execute(
            "SELECT extract(epoch FROM seen_at), customer_id FROM customers_standing ORDER BY seen_at DESC, customer_id DESC"
            " OFFSET %s LIMIT 1",
            [share],
        ).fetchone()
        if row:
            cursor = f"0_{float(row[0]):.6f}_{row[1]}"
            yield f"{name} page", {"after": cursor}
            yield f"before the {name} page", {"before": cursor}
    tag = reader.execute("SELECT tag FROM tagging_customertags, unnest(tag_ids) AS tag GROUP BY 1 ORDER BY count(*) DESC LIMIT 1")
    yield "tag", {"tag": (tag.fetchone() or (0,))[0]}
    owner = reader.execute("SELECT id FROM staff_user WHERE username = 'sales1'").fetchone()
    yield "owner", {"owner": (owner or (0,))[0]}
