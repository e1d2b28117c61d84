"""Transfers a second, ours beside bare SQL that does the same work: 1,000 accounts and one hot account, 8 threads each.

The work of one transfer: lock the account, note the transfer under a unique key, write the balance, and make the lot it brings
(or take from the oldest lots). The reference is the best single statement that a person would write for it, executed with
psycopg on autocommit, one connection per thread; it checks neither a repeated key's content nor expiry. Ours is
`membership.services.ledger.post`, Django's connection and all. Both run in turn, in rounds, in this process.
"""

import contextlib
import json
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import psycopg

from bench import scratch

THREADS = 8
ACCOUNTS = 1_000
SIZES = {"smoke": (40, 2), "usual": (250, 3), "full": (1_000, 5)}  # transfers per thread and round, rounds
TARGET = 0.5

_BARE = """
WITH locked AS (
    SELECT customer_id FROM membership_account WHERE customer_id = %(customer)s FOR NO KEY UPDATE
), moved AS (
    INSERT INTO membership_transfer (key, credit_id, house, amount, code, state, ref, at, settled_at)
    SELECT %(key)s, customer_id, 'issued', 10, 'earn', 'posted', '', now(), now() FROM locked
    ON CONFLICT (key) DO NOTHING RETURNING id, credit_id
), paid AS (
    UPDATE membership_account SET balance = balance + 10 FROM moved WHERE customer_id = moved.credit_id
)
INSERT INTO membership_lot (customer_id, transfer_id, amount, remaining, ref, earned_at)
SELECT credit_id, id, 10, 10, '', now() FROM moved
"""


def run(size: str, write: Callable[[str], object]) -> bool:
    """True when both ratios reach the target."""
    each, rounds = SIZES[size]
    with scratch.database() as url, _pointed_at(url):
        first = _plant(url)
        found = {
            "1,000 accounts": _compare(url, [first + number for number in range(ACCOUNTS)], each, rounds),
            "one hot account": _compare(url, [first], each, rounds),
        }
        wrong = _disagreements(url)
    write(f"{'':18}{'ours /s':>12}{'bare SQL /s':>14}{'ratio':>8}")
    for name, (ours, bare) in found.items():
        write(f"{name:18}{ours:>12,.0f}{bare:>14,.0f}{ours / bare:>8.2f}")
    ratios = {name: round(ours / bare, 3) for name, (ours, bare) in found.items()}
    passed = wrong == 0 and min(ratios.values()) >= TARGET
    write(
        json.dumps(
            {
                "bench": "ledger", "size": size, "threads": THREADS, "transfers": each * rounds * THREADS,
                "ours_per_s": {name: round(pair[0]) for name, pair in found.items()},
                "bare_per_s": {name: round(pair[1]) for name, pair in found.items()},
                "ratio": ratios, "accounts_that_disagree": wrong, "target": TARGET, "passed": passed,
            }
        )
    )  # fmt: skip
    return passed


def _plant(url: str) -> int:
    """A thousand customers with an account each; the first one's id."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO customers_customer (public_id, name, name_pinyin, nickname, remark, gender, city, child_ages,"
            " phone_masked, lifecycle, source, created_at, updated_at)"
            " SELECT gen_random_uuid(), '', '', '', '', '', '', '{}', '', 'lead', '', now(), now() FROM generate_series(1, %s)",
            [ACCOUNTS],
        )
        connection.execute("INSERT INTO membership_account (customer_id) SELECT id FROM customers_customer")
        row = connection.execute("SELECT min(id) FROM customers_customer").fetchone()
    assert row is not None
    return int(row[0])


def _compare(url: str, accounts: list[int], each: int, rounds: int) -> tuple[float, float]:
    """Median transfers per second: (ours, bare)."""
    ours: list[float] = []
    bare: list[float] = []
    for number in range(rounds):
        for speeds, worker in ((ours, _ours), (bare, _bare))[:: 1 if number % 2 else -1]:
            speeds.append(_timed(url, worker, accounts, each, f"{worker.__name__}:{len(accounts)}:{number}"))
    return statistics.median(ours), statistics.median(bare)


def _timed(url: str, worker: Callable[..., Any], accounts: list[int], each: int, name: str) -> float:
    """All threads start together; per second."""
    start = threading.Barrier(THREADS + 1)
    threads = [
        threading.Thread(target=worker, args=(url, start, accounts, each, f"{name}:{number}", number))
        for number in range(THREADS)
    ]
    for thread in threads:
        thread.start()
    start.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    return THREADS * each / (time.perf_counter() - began)


def _bare(url: str, start: threading.Barrier, accounts: list[int], each: int, name: str, number: int) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SELECT 1")
        start.wait()
        for step in range(each):
            customer = accounts[(number * 131 + step * 7) % len(accounts)]
            connection.execute(_BARE, {"customer": customer, "key": f"{name}:{step}"})


def _ours(url: str, start: threading.Barrier, accounts: list[int], each: int, name: str, number: int) -> None:
    from django.db import connection

    from membership.choices import Code, House
    from membership.services.ledger import post

    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    start.wait()
    for step in range(each):
        customer = accounts[(number * 131 + step * 7) % len(accounts)]
        post(key=f"{name}:{step}", points=10, code=Code.EARN, credit=customer, house=House.ISSUED)
    connection.close()


@contextlib.contextmanager
def _pointed_at(url: str) -> Iterator[None]:
    """New connections of this process, one per thread and without a pool, go to the scratch database."""
    from django.db import connections

    known = connections.settings["default"]
    options = {name: value for name, value in known["OPTIONS"].items() if name != "pool"}
    connections.settings["default"] = {**known, "NAME": url.rpartition("/")[2].partition("?")[0], "OPTIONS": options}
    try:
        yield
    finally:
        connections.settings["default"] = known


def _disagreements(url: str) -> int:
    """Accounts whose balance is not what their transfers and lots add up to."""
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "SELECT count(*) FROM membership_account AS account WHERE balance <> (SELECT coalesce(sum(amount), 0) FROM"
            " membership_transfer WHERE credit_id = account.customer_id) OR balance <> (SELECT coalesce(sum(remaining), 0) FROM"
            " membership_lot AS lot WHERE lot.customer_id = account.customer_id)"
        ).fetchone()
    assert row is not None
    return int(row[0])
