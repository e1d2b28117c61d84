"""200,000 customers from a CSV with identity resolution, against a hand-written COPY and one SQL statement.

The reference reads the same file with csv.reader, normalises, hashes and seals the phone as we do, copies into one
temporary table and creates customers and identities in one statement, joined to the people known already. Ours is the
whole product: decoding, mapping, checks of every cell, `resolve_many`, a report line per row, progress, in pieces that
survive a crash. Gated on the wall time of both, run in turn in one process on one database.
"""

import csv
import io
import json
import random
import statistics
import time
from collections.abc import Callable
from typing import Any

ROWS = {"smoke": 10_000, "usual": 200_000, "full": 200_000}
REPEATS = {"smoke": 1, "usual": 3, "full": 5}
TARGET = 1.5
KNOWN = 0.25  # this share of the file is known already

_TABLE = """
CREATE TEMP TABLE hand (name text, gender text, birthday date, city text, remark text, phone_masked text,
    value_hash bytea, value_sealed bytea) ON COMMIT DROP
"""
_COPY = "COPY hand (name, gender, birthday, city, remark, phone_masked, value_hash, value_sealed) FROM STDIN"
_WRITE = """
WITH fresh AS (
    SELECT DISTINCT ON (hand.value_hash) nextval(pg_get_serial_sequence('customers_customer', 'id')) AS id, hand.*
    FROM hand LEFT JOIN customers_identity AS known
        ON known.kind = 'phone' AND known.scope = '' AND known.value_hash = hand.value_hash
    WHERE known.id IS NULL ORDER BY hand.value_hash
), made AS (
    INSERT INTO customers_customer (id, public_id, name, name_pinyin, nickname, remark, gender, birthday, city, child_ages,
        phone_masked, lifecycle, source, created_at, updated_at)
    SELECT id, gen_random_uuid(), name, '', '', remark, gender, birthday, city, '{}', phone_masked, 'lead', 'bench', now(), now()
    FROM fresh
)
INSERT INTO customers_identity (customer_id, kind, scope, value_hash, value_sealed, verified_at, source, created_at)
SELECT id, 'phone', '', value_hash, value_sealed, now(), 'bench', now() FROM fresh
"""


def run(size: str, write: Callable[[str], object]) -> bool:
    """Print the table and the JSON line; whether the target is met. On a throw-away database."""
    from bench import scratch

    with scratch.database() as url:
        program = f"from bench.imports import measure; import json; print(json.dumps(measure({size == 'smoke'})))"
        found = scratch.output("shell", "-c", program, database_url=url)
    result = json.loads(found.strip().splitlines()[-1])
    write(f"hand-written {result['hand_seconds']:.2f} s, ours {result['our_seconds']:.2f} s for {result['rows']:,} rows")
    write(json.dumps({"bench": "imports", **result, "target": TARGET}))
    return bool(result["import_ratio"] <= TARGET)


def measure(smoke: bool) -> dict[str, Any]:
    """`import_ratio` and its parts, in seconds, on the database of this process, which is left as it was but for sequences."""
    from django.db import connection

    size = "smoke" if smoke else "usual"
    pairs: list[tuple[float, float]] = []
    with connection.cursor() as cursor:
        for repeat in range(REPEATS[size]):
            content = _file(ROWS[size], seed=repeat)
            _known(content)
            cursor.execute("VACUUM ANALYZE customers_customer, customers_identity")
            hand = _timed(lambda content=content: _by_hand(content))  # type: ignore[misc]
            _clean("bench")
            cursor.execute("VACUUM ANALYZE customers_customer, customers_identity")
            ours = _timed(lambda content=content: _by_us(content))  # type: ignore[misc]
            _clean("import")
            _clean("known")
            pairs.append((hand, ours))
    ratio = statistics.median(ours / hand for hand, ours in pairs)
    hand_seconds, our_seconds = (statistics.median(side) for side in zip(*pairs, strict=True))
    return {
        "import_ratio": round(ratio, 3), "hand_seconds": round(hand_seconds, 2), "our_seconds": round(our_seconds, 2),
        "rows": ROWS[size], "rows_per_s": round(ROWS[size] / our_seconds),
    }  # fmt: skip


def _timed(work: Callable[[], None]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _file(rows: int, seed: int) -> bytes:
    dice = random.Random(seed)
    base = 13_000_000_000 + dice.randrange(400_000_000)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["客户姓名", "手机号", "性别", "出生日期", "常住城市", "备注"])
    for number in range(rows):
        day = f"{1950 + dice.randrange(60)}-{1 + dice.randrange(12):02}-{1 + dice.randrange(28):02}"
        city, gender = dice.choice(["杭州", "上海", "宁波", "苏州"]), dice.choice(["男", "女"])
        writer.writerow([f"客户{number % 9973}", str(base + number), gender, day, city, "老客户推荐"])
    return text.getvalue().encode()


def _hand_rows(content: bytes) -> list[tuple[Any, ...]]:
    from core.secrets import lookup_hash, seal

    reader = csv.reader(io.StringIO(content.decode("utf-8")))
    next(reader)
    rows = []
    for name, phone, gender, day, city, remark in reader:
        number = f"+86{phone.strip()}"
        hashed, sealed = lookup_hash("phone:", number), seal(number)
        rows.append(
            (name, {"男": "male", "女": "female"}[gender], day, city, remark, f"{phone[:3]}****{phone[-4:]}", hashed, sealed)
        )
    return rows


def _by_hand(content: bytes) -> None:
    from django.db import connection, transaction

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_TABLE)
        with cursor.copy(_COPY) as copy:
            for row in _hand_rows(content):
                copy.write_row(row)
        cursor.execute(_WRITE)


def _known(content: bytes) -> None:
    """Every fourth person of the file is a customer already."""
    lines = content.decode().splitlines(keepends=True)
    _by_hand((lines[0] + "".join(lines[1 :: round(1 / KNOWN)])).encode())
    _rename("bench", "known")


def _rename(old: str, new: str) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("UPDATE customers_identity SET source = %s WHERE source = %s", [new, old])
        cursor.execute("UPDATE customers_customer SET source = %s WHERE source = %s", [new, old])


def _by_us(content: bytes) -> None:
    """What a worker does: upload, confirm, and the jobs of the bulk lane for this file."""
    from customers.models import ImportBatch
    from customers.services import imports
    from staff.models import User

    user, _made = User.objects.get_or_create(username="bench", defaults={"display_name": "bench"})
    batch, _new = imports.upload_file(target="customers", filename="bench.csv", content=content, user=user)
    imports.confirm_file(batch, is_verified=True, user=user)
    while batch.state == "running" or batch.state == "uploaded":
        imports.import_rows(batch.pk)
        batch = ImportBatch.objects.get(pk=batch.pk)
    if batch.state != "done" or batch.rows_read != content.count(b"\n") - 1:
        raise RuntimeError(f"{batch.state}, {batch.rows_read} rows: the measure is void")


def _clean(source: str) -> None:
    from django.db import connection, transaction

    with transaction.atomic(), connection.cursor() as cursor:
        like = f"{source}%"
        cursor.execute("SET LOCAL session_replication_role = replica")  # a throw-away database: no keys and triggers to ask
        cursor.execute("DELETE FROM customers_identity WHERE source LIKE %s", [like])
        cursor.execute("DELETE FROM customers_clue WHERE source LIKE %s", [like])
        cursor.execute("DELETE FROM customers_customer WHERE source LIKE %s", [like])
        if source == "import":
            cursor.execute("TRUNCATE customers_importrow")
            cursor.execute("DELETE FROM customers_importbatch WHERE filename = 'bench.csv'")
            cursor.execute("DELETE FROM core_job WHERE function LIKE 'customers.services.%%' AND state = 'pending'")
