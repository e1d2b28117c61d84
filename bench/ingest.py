"""Events accepted over HTTP in batches of 50, against a bare COPY of the same rows into the same table.

The product's side is whole: HTTP, token, validation, de-duplication, activity row, waiting jobs, durable commit.
The reference is one COPY of ready-made rows into the same partitioned table with the same indexes, one connection,
one commit. Both are measured several times, in turn, on an emptied table; the ratio is the median of the pairs.
"""

import asyncio
import contextlib
import datetime as dt
import json
import random
import statistics
import time
import uuid
from collections.abc import Callable
from typing import Any

import psycopg
import uvloop

from bench import scratch
from core.secrets import token_hash

BATCH = 50
CONNECTIONS = 24
CUSTOMERS = 5_000
TARGET = 0.25
EVENTS = {"smoke": 20_000, "usual": 200_000, "full": 2_000_000}
REPEATS = {"smoke": 2, "usual": 3, "full": 3}
RESENT = 0.02  # this share of the requests is sent twice, as phones on bad networks do


def run(size: str, write: Callable[[str], object]) -> bool:
    """Print the table and the JSON line; whether the target is met."""
    result = measure(size, write)
    write(json.dumps(result))
    return bool(result["ratio"] >= TARGET)


def measure(size: str, write: Callable[[str], object] = lambda _line: None, *, url: str = "") -> dict[str, Any]:
    """`ratio` and its parts, on a database of its own (or on the scratch database at `url`); the table goes to `write`."""
    events = EVENTS[size]
    url_given = bool(url)
    place = contextlib.nullcontext(url) if url else scratch.database()
    with place as url, psycopg.connect(url, autocommit=True) as connection:
        tokens = _customers(connection)
        with scratch.web(url) as port:
            _measure(connection, port, tokens, 5_000, seed=1)  # warm caches, plans and the JIT of nobody
            pairs = [
                _measure(connection, port, tokens, events, seed=repeat + 2)
                for repeat in range(1 if url_given and size == "smoke" else REPEATS[size])
            ]
    write(f"{'run':>4} {'HTTP events/s':>14} {'COPY rows/s':>12} {'ratio':>6}")
    for index, (ours, copy) in enumerate(pairs):
        write(f"{index + 1:>4} {ours:>14,.0f} {copy:>12,.0f} {ours / copy:>6.3f}")
    return {
        "bench": "ingest", "ratio": round(statistics.median(ours / copy for ours, copy in pairs), 3), "target": TARGET,
        "events": events, "batch": BATCH,
        "http_events_per_s": round(statistics.median(ours for ours, _ in pairs)),
        "copy_rows_per_s": round(statistics.median(copy for _, copy in pairs)),
    }  # fmt: skip


def _customers(connection: psycopg.Connection) -> list[str]:
    tokens = [uuid.uuid4().hex + uuid.uuid4().hex for _ in range(CUSTOMERS)]
    made = connection.execute(
        "INSERT INTO customers_customer"
        " (public_id, name, name_pinyin, nickname, remark, gender, city, child_ages, phone_masked, lifecycle, source)"
        " SELECT gen_random_uuid(), 'bench', '', '', '', '', '', '{}', '', 'lead', 'bench' FROM generate_series(1, %s)"
        " RETURNING id",
        [CUSTOMERS],
    )
    ids = sorted(row[0] for row in made.fetchall())
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO customers_membertoken (token_hash, customer_id, openid, appid, created_at, expires_at)"
            " VALUES (%s, %s, 'o', 'a', now(), now() + interval '1 day')",
            [(token_hash(token), customer) for token, customer in zip(tokens, ids, strict=True)],
        )
    return tokens


def _measure(connection: psycopg.Connection, port: int, tokens: list[str], events: int, seed: int) -> tuple[float, float]:
    """(events/s over HTTP, rows/s by COPY) for the same events."""
    random_ = random.Random(seed)
    now = dt.datetime.now(dt.UTC)
    requests, rows = [], []
    for number in range(events // BATCH):
        batch = [_event(random_, now) for _ in range(BATCH)]
        token = tokens[random_.randrange(len(tokens))]
        requests.append(_request(port, token, batch))
        if random_.random() < RESENT:
            requests.append(requests[-1])
        customer = number % len(tokens) + 1
        rows += [f"{e['id']}\t{e['occurred_at']}\t{e['kind']}\t{customer}\t{json.dumps(e['props'])}\tmini" for e in batch]
    _empty(connection)
    copy_rate = len(rows) / _copy(connection, "\n".join(rows).encode() + b"\n")
    _empty(connection)
    seconds = uvloop.run(_send(port, requests))
    stored = connection.execute("SELECT count(*) FROM core_event").fetchone()
    if stored != (len(rows),):
        raise RuntimeError(f"{stored} events stored of {len(rows)} sent: the measure is void")
    return len(rows) / seconds, copy_rate


def _event(random_: random.Random, now: dt.datetime) -> dict[str, object]:
    at = now - dt.timedelta(seconds=random_.randrange(60 * 86_400))
    return {
        "id": str(uuid.UUID(int=random_.getrandbits(128), version=4)),
        "kind": random_.choice(["product.viewed", "product.viewed", "product.searched", "product.favorited", "page.viewed"]),
        "occurred_at": at.isoformat(timespec="milliseconds"),
        "props": {"product": f"P{random_.randrange(24):02}", "theme": "亲子", "seconds": random_.randrange(300)},
    }


def _request(port: int, token: str, batch: list[dict[str, object]]) -> bytes:
    body = json.dumps({"events": batch}, ensure_ascii=False, separators=(",", ":")).encode()
    head = (
        f"POST /api/mp/v1/events:batch HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _empty(connection: psycopg.Connection) -> None:
    connection.execute("TRUNCATE core_event, core_job, customers_activity")
    connection.execute("CHECKPOINT")


def _copy(connection: psycopg.Connection, data: bytes) -> float:
    started = time.perf_counter()
    with (
        connection.cursor() as cursor,
        cursor.copy("COPY core_event (key, occurred_at, kind, customer_id, props, source) FROM STDIN") as copy,
    ):
        copy.write(data)
    return time.perf_counter() - started


async def _send(port: int, requests: list[bytes]) -> float:
    """Send all requests over keep-alive connections; seconds. Any answer but 200 voids the measure."""
    waiting = iter(requests)
    started = time.perf_counter()
    await asyncio.gather(*(_client(port, waiting) for _ in range(CONNECTIONS)))
    return time.perf_counter() - started


async def _client(port: int, waiting: "object") -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for request in waiting:  # type: ignore[attr-defined]
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"the server answered {head[:60]!r}")
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        await reader.readexactly(length)
    writer.close()
