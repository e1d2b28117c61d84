"""An import is resolved by a few statements, with the same outcome as row by row."""

import datetime as dt
import functools
from collections.abc import Sequence

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.clock import now
from core.models import Event
from core.worker import run_pending
from customers.models import Clue, Customer, ErasedIdentity, Erasure, Identity, MergeReview
from customers.services import keys
from customers.services.keys import Key, staged
from customers.services.resolve import Profile, resolve
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


Said = tuple[str, str, str, str]  # name, birthday, masked phone, unverified phone; empty when not said


def weak_keys(said: Said) -> list[Key]:
    return [keys.phone(f"+86138{said[3]:0>8}", verified=False)] if said[3] else []


def weak_profile(said: Said) -> Profile:
    return Profile(said[0], "", dt.date.fromisoformat(said[1]) if said[1] else None, said[2])


def weak_one_by_one(rows: Sequence[Said], *, backwards: bool = False) -> list[int | None]:
    found: dict[int, int] = {}
    for number, said in sorted(enumerate(rows), reverse=backwards):
        if any(said):
            about = weak_profile(said)
            found[number] = resolve(weak_keys(said), source="import", profile=about, own_act=False).customer.pk
    return [found.get(number) for number in range(len(rows))]


def weak_at_once(rows: Sequence[Said]) -> list[int | None]:
    with connection.cursor() as cursor:
        open_staging()
        for number, said in enumerate(rows):
            about = weak_profile(said)
            cursor.execute(
                "INSERT INTO resolve_row (row, name, birthday, phone_masked) VALUES (%s, %s, %s, %s)",
                [number, about.name, about.birthday, about.masked_phone],
            )
            for key in weak_keys(said):
                cursor.execute("INSERT INTO resolve_key VALUES (%s, %s, %s, %s, %s, %s)", [number, *staged(key)])
        resolve_many(source="import")
        cursor.execute("SELECT customer_id FROM resolve_row ORDER BY row")
        return [row[0] for row in cursor.fetchall()]


def outcome(found: Sequence[int | None], known: int) -> tuple[list[object], set[object]]:
    """Who is whom and what is remembered of whom; who is asked about whom. By the rows, not by number."""
    name = {known: "known"} | {customer: f"row {row}" for row, customer in reversed(list(enumerate(found))) if customer}
    asked: set[object] = {frozenset((name[one.left_id], name[one.right_id])) for one in MergeReview.objects.all()}
    hints = {(name[one.customer_id], one.kind, bytes(one.value_hash)) for one in Clue.objects.all()}
    return [[name.get(one or 0) for one in found], hints, Customer.objects.count(), Identity.objects.count()], asked


said_rows = st.lists(
    st.tuples(
        st.sampled_from(["", "苏晴", "陆 远"]), st.sampled_from(["", "1990-01-02"]),
        st.sampled_from(["", "138****0001", "****0001"]), st.sampled_from(["", "1", "2"]),
    ), max_size=5,
)  # fmt: skip


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(said_rows)
def test_rows_without_a_strong_key_come_out_as_one_by_one(rows: list[Said]) -> None:
    """One by one a later fact asks about earlier ones only, so that the order matters; at once everybody asks."""
    ways = (weak_at_once, weak_one_by_one, functools.partial(weak_one_by_one, backwards=True))
    outcomes = []
    for way in ways:
        with transaction.atomic():
            known = resolve([phone(1)], source="mini", profile=Profile("苏晴", "", dt.date(1990, 1, 2))).customer
            outcomes.append(outcome(way(rows), known.pk))
            transaction.set_rollback(True)
    (at_once, asked), (forward, first), (backward, second) = outcomes
    assert at_once == forward == backward
    assert asked == first | second


def test_what_many_share_asks_nothing_whoever_came_first() -> None:
    weak_at_once([("苏晴", "1990-01-02", f"1380000{number:04}", "") for number in range(8)])
    assert (Customer.objects.count(), MergeReview.objects.count()) == (8, 0)


@pytest.mark.parametrize("rows", [1, 40])
def test_one_row_and_many_take_the_same_statements(rows: int) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        open_staging()
        for number in range(rows):
            cursor.execute("INSERT INTO resolve_row (row) VALUES (%s)", [number])
            cursor.execute("INSERT INTO resolve_key VALUES (%s, %s, %s, %s, %s, %s)", [number, *staged(phone(number))])
        with CaptureQueriesContext(connection) as queries:
            resolve_many(source="import")
    assert len(queries) == 20
