"""The staff's pages over HTTP with a large agency in the database: how long they take, and how many queries they ask.

One web process as `up` starts it, an administrator and a sales advisor, one request at a time; every page is asked 40 times,
the pages in turn, so that no page has the caches to itself. Then each page once more in this process, to count its SQL
queries. `cpu_p95_ms` is the processor time of the web process and of Postgres: information that tells a busy
machine from a slow page. The target holds for `p95_ms`, whatever else the machine had to do.
"""

import dataclasses
import http.cookiejar
import json
import logging
import os
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext, override_settings
from django.urls import NoReverseMatch, reverse

from bench import scratch

CUSTOMERS = {"smoke": 3_000, "usual": 100_000, "full": 1_000_000}
REQUESTS = {"smoke": 10, "usual": 40, "full": 40}
WARM_UP = 2  # templates, plans and names
TARGET_P95_MS = 150
TARGET_QUERIES = 12
PASSWORD = "demo-pass-2026"
PEOPLE = ("admin", "sales1")
CARDS = ("pulse", "tasks", "hot", "departures", "campaigns")
VIEWS = ("all", "mine", "new", "active", "eager", "silent", "left")
PLAIN = ("tags", "segments", "campaigns", "tasks", "products", "suppliers", "orders", "data", "settings")
SEARCHES = {
    "name": "陈",
    "full name": "王子",
    "pinyin": "chen",
    "phone": "13800000000",
    "last digits": "5678",
    "nobody": "zzzzzz",
}


@dataclasses.dataclass
class Page:
    """One address as one person, and what was measured. 403 means that the role does not include it: it counts for nothing."""

    who: str
    name: str
    url: str
    status: int = 0
    seconds: list[float] = dataclasses.field(default_factory=list)
    cpu_seconds: list[float] = dataclasses.field(default_factory=list)
    queries: int = 0

    @property
    def p50_ms(self) -> float:
        """Median, by the clock."""
        return percentile(self.seconds, 0.5)

    @property
    def p95_ms(self) -> float:
        """By the clock."""
        return percentile(self.seconds, 0.95)

    @property
    def cpu_p95_ms(self) -> float:
        """Processor time of web and Postgres."""
        return percentile(self.cpu_seconds, 0.95)


def percentile(seconds: Sequence[float], share: float) -> float:
    """Milliseconds that this share of the values does not exceed."""
    ordered = sorted(seconds)
    return round(1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))], 1)


class Browser:
    """A logged-in member of staff over HTTP, with cookies and nothing else."""

    def __init__(self, port: int, username: str) -> None:
        self._base = f"http://127.0.0.1:{port}"
        jar = http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(jar))
        self.get("/login")
        token = next(cookie.value for cookie in jar if cookie.name == "csrftoken")
        form = {"username": username, "password": PASSWORD, "csrfmiddlewaretoken": token}
        self._opener.open(f"{self._base}/login", urllib.parse.urlencode(form).encode(), timeout=60).read()

    def get(self, url: str) -> tuple[int, float]:
        """(status, seconds until the last byte). A redirect, as to the log-in page, is told as 302."""
        started = time.perf_counter()
        try:
            with self._opener.open(f"{self._base}{url}", timeout=60) as answer:
                answer.read()
                status = answer.status if answer.url == f"{self._base}{url}" else 302
        except urllib.error.HTTPError as error:
            error.read()
            status = error.code
        return status, time.perf_counter() - started


def run(size: str, write: Callable[[str], object]) -> bool:
    """Print the table and the JSON line; whether every page meets both targets."""
    with scratch.database() as url, tempfile.TemporaryDirectory() as folder:
        _load(url, CUSTOMERS[size], Path(folder))
        pages = measured(url, REQUESTS[size])
    return _tell(size, pages, write)


def _load(url: str, customers: int, folder: Path) -> None:
    # The simulated platforms of this checkout must not hear of these people: a state folder and an address of its own.
    apart = {"SCRM_STATE_DIR": str(folder), "SCRM_SIM_URL": f"http://127.0.0.1:{scratch.free_port()}"}
    scratch.manage("load_demo", "--customers", str(customers), "--truth", str(folder / "truth"), database_url=url, **apart)
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute("VACUUM (ANALYZE)")  # what autovacuum does within minutes


def measured(url: str, requests: int) -> list[Page]:
    """Every page of both people, measured over HTTP and counted in process."""
    pages = list(_pages(url))
    with scratch.web(url, SCRM_LOG_LEVEL="ERROR") as port:
        browsers = {who: Browser(port, who) for who in PEOPLE}
        for turn in range(requests + WARM_UP):
            for page in pages:
                if page.status in {0, 200}:
                    _ask(browsers[page.who], page, port, url, keep=turn >= WARM_UP)
    _count(url, [page for page in pages if page.status == 200])
    return pages


def _ask(browser: Browser, page: Page, port: int, url: str, *, keep: bool) -> None:
    name = database_name(url)
    before = scratch.cpu_seconds(port, name)
    page.status, seconds = browser.get(page.url)
    if keep:
        page.seconds.append(seconds)
        page.cpu_seconds.append(scratch.cpu_seconds(port, name) - before)


def database_name(url: str) -> str:
    """The database in a libpq URL."""
    return urllib.parse.urlsplit(url).path.strip("/")


def _pages(url: str) -> Iterator[Page]:
    for who in PEOPLE:
        person = _somebody(url, who)
        named = {"workbench": "/", **{f"card {name}": f"/workbench/{name}" for name in CARDS}}
        named |= {f"customers {view}": f"/customers?view={view}" for view in VIEWS}
        named |= {f"search {what}": f"/customers?q={urllib.parse.quote(text)}" for what, text in SEARCHES.items()}
        named["customers next page"] = f"/customers?after={person['cursor']}"
        named["customers by tag"] = f"/customers?tag={person['tag']}"
        named["customer"] = f"/customers/{person['id']}"
        named |= {f"customer {part}": f"/customers/{person['id']}/{part}" for part in ("timeline", "peek")}
        named |= {f"panel {name}": address for name, address in _panels(person["id"])}
        named |= {f"/{name}": f"/{name}" for name in PLAIN}
        yield from (Page(who, name, address) for name, address in named.items())


def _panels(customer_id: int) -> Iterator[tuple[str, str]]:
    for name in settings.CUSTOMER_PANELS:
        try:
            yield name, reverse(name, args=[customer_id])
        except NoReverseMatch:
            continue


_PERSON = """
SELECT customer.id, extract(epoch FROM activity.last_seen_at) FROM customers_customer AS customer
JOIN customers_activity AS activity ON activity.customer_id = customer.id
JOIN staff_user AS owner ON owner.id = customer.owner_id
WHERE owner.username = 'sales1' AND EXISTS (SELECT 1 FROM orders_order AS bought WHERE bought.customer_id = customer.id)
ORDER BY activity.last_seen_at DESC OFFSET %s LIMIT 1
"""
_TAG = "SELECT tag FROM tagging_customertags, unnest(tag_ids) AS tag GROUP BY 1 ORDER BY count(*) DESC LIMIT 1"


def _somebody(url: str, who: str) -> dict[str, Any]:
    """A customer of sales1 with an order, a cursor in the midst of the list, and the tag that most have."""
    with psycopg.connect(url) as reader:
        person = reader.execute(_PERSON, [PEOPLE.index(who)]).fetchone()
        tag = reader.execute(_TAG).fetchone()
    if person is None or tag is None:
        raise RuntimeError("the demo gave sales1 no customer with an order, or no tags")
    return {"id": person[0], "cursor": f"0_{float(person[1]):.6f}_{person[0]}", "tag": tag[0]}


def _count(url: str, pages: list[Page]) -> None:
    """Queries of each page, in this process against the scratch database."""
    mine = connection.settings_dict["NAME"]
    connection.close()
    connection.close_pool()  # type: ignore[attr-defined]
    connection.settings_dict["NAME"] = database_name(url)
    try:
        with override_settings(ALLOWED_HOSTS=["*"]):
            clients = {who: _client(who) for who in PEOPLE}
            for page in pages:
                page.queries = _queries(clients[page.who], page.url)
    finally:
        connection.close()
        connection.close_pool()  # type: ignore[attr-defined]
        connection.settings_dict["NAME"] = mine


def _client(who: str) -> Client:
    from staff.models import User

    client = Client(raise_request_exception=False)
    client.force_login(User.objects.get(username=who), backend="django.contrib.auth.backends.ModelBackend")
    return client


def _queries(client: Client, url: str) -> int:
    logging.disable(logging.CRITICAL)
    try:
        with CaptureQueriesContext(connection) as asked:
            client.get(url)
    finally:
        logging.disable(logging.NOTSET)
    return len(asked)


def _tell(size: str, pages: list[Page], write: Callable[[str], object]) -> bool:
    shown = sorted((page for page in pages if page.status == 200), key=lambda page: -page.cpu_p95_ms)
    write(f"{'as':<8}{'page':<26}{'p50 ms':>9}{'p95 ms':>9}{'p95 cpu ms':>12}{'queries':>9}")
    for page in shown:
        write(f"{page.who:<8}{page.name:<26}{page.p50_ms:>9}{page.p95_ms:>9}{page.cpu_p95_ms:>12}{page.queries:>9}")
    broken = sorted(f"{page.who} {page.url}: {page.status}" for page in pages if page.status not in {200, 403})
    load = os.getloadavg()[1]
    result = {
        "bench": "pages", "p95_ms": max(page.p95_ms for page in shown), "cpu_p95_ms": max(page.cpu_p95_ms for page in shown),
        "max_queries": max(page.queries for page in shown), "target_p95_ms": TARGET_P95_MS, "target_queries": TARGET_QUERIES,
        "customers": CUSTOMERS[size], "requests": REQUESTS[size], "load_average": round(load, 1), "broken": broken,
        "pages": {f"{page.who} {page.name}": [page.p50_ms, page.p95_ms, page.cpu_p95_ms, page.queries] for page in shown},
    }  # fmt: skip
    write(json.dumps(result, ensure_ascii=False))
    slowest = max(page.p95_ms for page in shown)
    queries = max(page.queries for page in shown)
    return slowest < TARGET_P95_MS and queries <= TARGET_QUERIES and not broken
