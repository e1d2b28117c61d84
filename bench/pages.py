"""The staff's pages over HTTP with a large agency in the database: how long they take, and how many queries they ask.

One web process as `up` starts it, one administrator and one sales advisor, one request at a time; every page is asked
40 times, the pages in turn, so that no page has the caches to itself. Then the same pages in this process, once each,
to count their SQL queries. The targets hold for every page of both people.
"""

import dataclasses
import http.cookiejar
import json
import os
import statistics
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext, override_settings

from bench import scratch
from scrm.environment import database as database_settings

CUSTOMERS = {"smoke": 3_000, "usual": 100_000, "full": 100_000}
REQUESTS = {"smoke": 12, "usual": 40, "full": 40}
TARGET_P95_MS = 150
TARGET_QUERIES = 12
PASSWORD = "demo-pass-2026"
PEOPLE = ("admin", "sales1")
CARDS = ("pulse", "tasks", "hot", "departures", "campaigns")
VIEWS = ("all", "mine", "new", "active", "silent", "left")
PLAIN = ("tags", "segments", "campaigns", "tasks", "products", "suppliers", "orders", "data", "settings")


@dataclasses.dataclass
class Page:
    """One address as one person, and what was measured. `status` other than 200 is shown and counts for nothing."""

    who: str
    name: str
    url: str
    status: int = 0
    seconds: list[float] = dataclasses.field(default_factory=list)
    queries: int = 0

    def percentile(self, share: float) -> float:
        """Milliseconds that this share of the requests did not exceed."""
        ordered = sorted(self.seconds)
        return round(1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))], 1)


class Browser:
    """A logged-in member of staff over HTTP, with cookies and nothing else."""

    def __init__(self, port: int, username: str) -> None:
        self._base = f"http://127.0.0.1:{port}"
        self._jar = http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(self._jar))
        self.get("/login")
        token = next(cookie.value for cookie in self._jar if cookie.name == "csrftoken")
        form = {"username": username, "password": PASSWORD, "csrfmiddlewaretoken": token}
        self._opener.open(f"{self._base}/login", urllib.parse.urlencode(form).encode(), timeout=60).read()

    def get(self, url: str) -> tuple[int, float]:
        """(status, seconds until the last byte)."""
        started = time.perf_counter()
        try:
            with self._opener.open(f"{self._base}{url}", timeout=60) as answer:
                answer.read()
                status = answer.status if answer.url == f"{self._base}{url}" else 302
        except urllib.error.HTTPError as error:
            status = error.code
        return status, time.perf_counter() - started


def run(size: str, write: Callable[[str], object]) -> bool:
    """Print the table and the JSON line; whether every page meets both targets."""
    with scratch.database() as url, tempfile.TemporaryDirectory() as folder:
        _load(url, CUSTOMERS[size], Path(folder))
        pages = list(_pages(url))
        _measure(url, pages, REQUESTS[size])
        _count(url, pages)
    return _tell(size, pages, write)


def _load(url: str, customers: int, folder: Path) -> None:
    # The simulated platforms of this checkout must not hear of these people: a state folder and an address of its own.
    apart = {"SCRM_STATE_DIR": str(folder), "SCRM_SIM_URL": f"http://127.0.0.1:{scratch.free_port()}"}
    scratch.manage("load_demo", "--customers", str(customers), "--truth", str(folder / "truth"), database_url=url, **apart)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM (ANALYZE)")  # what autovacuum does within minutes


def _pages(url: str) -> Iterator[Page]:
    for who in PEOPLE:
        person = _somebody(url, who)
        named = {"workbench": "/", **{f"card {name}": f"/workbench/{name}" for name in CARDS}}
        named |= {f"customers {view}": f"/customers?view={view}" for view in VIEWS}
        named |= {f"search {what}": f"/customers?q={urllib.parse.quote(text)}" for what, text in SEARCHES.items()}
        named["customers next page"] = f"/customers?after={person['cursor']}"
        named["customers by tag"] = f"/customers?tag={person['tag']}"
        named["customer"] = f"/customers/{person['id']}"
        named |= {part: f"/customers/{person['id']}/{part}" for part in ("timeline", "peek", "tags", "campaigns", "orders")}
        named |= {f"/{name}": f"/{name}" for name in PLAIN}
        yield from (Page(who, name, address) for name, address in named.items())


SEARCHES = {
    "name": "陈",
    "full name": "王子",
    "pinyin": "chen",
    "phone": "13800000000",
    "last four digits": "5678",
    "nobody": "zzzzzz",
}
_PERSON = """
SELECT customer.id, extract(epoch FROM activity.last_seen_at) FROM customers_customer AS customer
JOIN customers_activity AS activity ON activity.customer_id = customer.id
JOIN staff_user AS owner ON owner.id = customer.owner_id
WHERE owner.username = 'sales1' AND EXISTS (SELECT 1 FROM orders_order AS bought WHERE bought.customer_id = customer.id)
ORDER BY activity.last_seen_at DESC OFFSET %s LIMIT 1
"""


def _somebody(url: str, who: str) -> dict[str, Any]:
    """A customer of sales1 with an order, a cursor in the midst of the list, and a tag many have."""
    with psycopg.connect(url) as connection:
        person = connection.execute(_PERSON, [PEOPLE.index(who)]).fetchone()
        tag = connection.execute(
            "SELECT tag FROM tagging_customertags, unnest(tag_ids) AS tag GROUP BY 1 ORDER BY count(*) DESC LIMIT 1"
        ).fetchone()
    if person is None or tag is None:
        raise RuntimeError("the demo gave sales1 no customer with an order, or no tags")
    return {"id": person[0], "cursor": f"{float(person[1]):.6f}_{person[0]}", "tag": tag[0]}


def _measure(url: str, pages: list[Page], requests: int) -> None:
    with scratch.web(url) as port:
        browsers = {who: Browser(port, who) for who in PEOPLE}
        for turn in range(requests + 2):
            for page in pages:
                page.status, seconds = browsers[page.who].get(page.url)
                if turn > 1:  # templates, plans and names are warm
                    page.seconds.append(seconds)


def _count(url: str, pages: list[Page]) -> None:
    """Queries of each page, in this process against the scratch database."""
    connection = connections["default"]
    mine = dict(connection.settings_dict)
    connection.close()
    connection.close_pool()
    connection.settings_dict.update(database_settings(url, dict))
    try:
        with override_settings(ALLOWED_HOSTS=["*"]):
            clients = {who: _client(who) for who in PEOPLE}
            for page in pages:
                with CaptureQueriesContext(connection) as asked:
                    clients[page.who].get(page.url)
                page.queries = len(asked)
    finally:
        connection.close()
        connection.settings_dict.update(mine)


def _client(who: str) -> Client:
    from staff.models import User

    client = Client(raise_request_exception=False)
    client.force_login(User.objects.get(username=who), backend="django.contrib.auth.backends.ModelBackend")
    return client


def _tell(size: str, pages: list[Page], write: Callable[[str], object]) -> bool:
    write(f"{'as':<8}{'page':<26}{'status':>6}{'p50 ms':>9}{'p95 ms':>9}{'queries':>9}")
    for page in sorted(pages, key=lambda one: -one.percentile(0.95)):
        figures = f"{page.status:>6}{page.percentile(0.5):>9}{page.percentile(0.95):>9}{page.queries:>9}"
        write(f"{page.who:<8}{page.name:<26}{figures}")
    shown = [page for page in pages if page.status == 200]
    p95, queries = max(page.percentile(0.95) for page in shown), max(page.queries for page in shown)
    result = {
        "bench": "pages", "p95_ms": p95, "max_queries": queries, "target_p95_ms": TARGET_P95_MS, "target_queries": TARGET_QUERIES,
        "customers": CUSTOMERS[size], "requests": REQUESTS[size],
        "median_p50_ms": statistics.median(page.percentile(0.5) for page in shown),
        "not_shown": sorted({f"{page.who} {page.url}: {page.status}" for page in pages if page.status not in {200, 403}}),
        "load_average": round(os.getloadavg()[0], 1),
        "pages": {f"{page.who} {page.name}": [page.percentile(0.5), page.percentile(0.95), page.queries] for page in shown},
    }  # fmt: skip
    write(json.dumps(result, ensure_ascii=False))
    return p95 < TARGET_P95_MS and queries <= TARGET_QUERIES and not result["not_shown"]
