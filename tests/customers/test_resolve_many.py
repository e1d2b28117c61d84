"""An import is resolved by a few statements, with the same outcome as row by row."""

from collections.abc import Sequence

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from core.clock import now
from core.models import Event
from core.worker import run_pending
from customers.models import Customer, ErasedIdentity, Erasure, Identity, MergeReview
from customers.services import keys
from customers.services.keys import Key, staged
from customers.services.resolve import resolve
from customers.services.resolve_bulk import Tally, open_staging, resolve_many

pytestmark = pytest.mark.django_db


def stage(rows: Sequence[Sequence[Key]]) -> tuple[Tally, list[int | None]]:
    """Resolve rows of keys; who each row is."""
    with transaction.atomic(), connection.cursor() as cursor:
        open_staging()
        for number, told in enumerate(rows):
            cursor.execute("INSERT INTO resolve_row (row, name) VALUES (%s, %s)", [number, f"客{number}"])
            for key in told:
                cursor.execute("INSERT INTO resolve_key VALUES (%s, %s, %s, %s, %s, %s)", [number, *staged(key)])
        tally = resolve_many(source="import")
        cursor.execute("SELECT customer_id FROM resolve_row ORDER BY row")
        found = [row[0] for row in cursor.fetchall()]
        cursor.execute("DROP TABLE resolve_row, resolve_key, resolve_match, resolve_link")
    return tally, found


def phone(number: int) -> Key:
    return keys.phone(f"+86138{number:08d}")


def test_rows_that_share_a_key_are_one_person_and_a_second_import_adds_nothing() -> None:
    rows = [[keys.unionid("u1"), phone(1)], [keys.mini_openid("o1"), phone(1)], [phone(2)], [keys.mini_openid("o1")]]
    tally, found = stage(rows)
    assert tally == Tally(new=4, known=0, doubtful=0, erased=0)
    assert found[0] == found[1] == found[3] != found[2]
    assert Customer.objects.count() == 2
    again, same = stage(rows)
    assert (again, same) == (Tally(0, 4, 0, 0), found)
    assert (Customer.objects.count(), Identity.objects.count()) == (2, 4)
    run_pending("bulk")
    run_pending("bulk")
    assert Event.objects.filter(kind="customer.created").count() == 2


def test_a_chain_of_rows_is_one_person() -> None:
    _tally, found = stage([[keys.mini_openid(f"o{n}"), keys.mini_openid(f"o{n + 1}")] for n in reversed(range(12))])
    assert len(set(found)) == 1


def test_a_row_that_names_two_customers_joins_them_unless_their_phones_differ() -> None:
    first = resolve([keys.unionid("u1")], source="test").customer
    second = resolve([keys.mini_openid("o1")], source="test").customer
    su, lu = (resolve([keys.unionid(f"x{n}"), phone(n)], source="test").customer for n in (1, 2))
    tally, found = stage([[keys.unionid("u1"), keys.mini_openid("o1")], [keys.unionid("x1"), keys.unionid("x2")]])
    assert tally.doubtful == 2
    assert found == [first.pk, su.pk]
    assert Customer.objects.get(pk=second.pk).merged_into == first
    review = MergeReview.objects.get()
    assert (review.left, review.right, review.reason) == (su, lu, "phones_differ")


def test_an_unverified_phone_only_asks() -> None:
    su = resolve([phone(1)], source="mini").customer
    weak = keys.phone("+8613800000001", verified=False)
    _tally, found = stage([[Key("ota_account", "ctrip", "c-1"), weak]])
    assert found[0] not in {None, su.pk}
    assert MergeReview.objects.get().reason == "unverified_phone"


def test_who_was_erased_stays_out() -> None:
    gone = Erasure.objects.create(customer_id=99, public_id="6f0c7c9e-4a52-4d0e-9a58-5d3c9a1f7b10", at=now())
    ErasedIdentity.objects.create(erasure=gone, kind="phone", scope="", value_hash=phone(1).hash, at=now())
    tally, found = stage([[phone(1)], [phone(2)]])
    assert tally == Tally(new=1, known=0, doubtful=0, erased=1)
    assert found[0] is None
    assert Customer.objects.count() == 1


@pytest.mark.parametrize("rows", [1, 40])
def test_one_row_and_many_take_the_same_statements(rows: int) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        open_staging()
        for number in range(rows):
            cursor.execute("INSERT INTO resolve_row (row) VALUES (%s)", [number])
            cursor.execute("INSERT INTO resolve_key VALUES (%s, %s, %s, %s, %s, %s)", [number, *staged(phone(number))])
        with CaptureQueriesContext(connection) as queries:
            resolve_many(source="import")
    assert len(queries) == 26
