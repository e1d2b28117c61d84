"""A supplier's file from upload to applied, quarantined or refused."""

import json
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from catalog.choices import FeedRunState, ResourceKind
from catalog.models import Destination, FeedRun, Resource, Supplier
from catalog.services.feeds import approve_feed, read_feed, reject_feed, remap_feed, upload_feed
from core.errors import BadInput, Refused
from core.models import Job
from core.worker import run_pending
from staff.models import User

CROSSWOZ = Path(__file__).parents[3] / "shared" / "data" / "crosswoz"
needs_crosswoz = pytest.mark.skipif(not CROSSWOZ.is_dir(), reason="../shared/data/crosswoz is absent")
pytestmark = pytest.mark.django_db


@pytest.fixture
def supplier() -> Supplier:
    return Supplier.objects.create(code="jiangnan", name="江南地接社")


@pytest.fixture
def ops() -> User:
    return User.objects.create(username="ops", display_name="周文博")


def records(count: int, price: int = 100) -> list[dict[str, Any]]:
    return [{"编号": f"A{n:03}", "名称": f"景点{n:03}", "城市": "杭州", "门票": price + n} for n in range(count)]


def take(supplier: Supplier, rows: list[Any], **options: Any) -> FeedRun:
    run = upload_feed(supplier=supplier, filename="表.json", content=json.dumps(rows).encode(), user=None, **options)
    run_pending("usual")
    run.refresh_from_db()
    return run


def counts(run: FeedRun) -> tuple[int, ...]:
    return (run.rows_created, run.rows_changed, run.rows_same, run.rows_refused, run.rows_flagged, run.rows_gone)


def prices() -> dict[str, Decimal | None]:
    return dict(Resource.objects.filter(gone_at=None).values_list("external_id", "price_amount"))


def test_a_first_file_fills_the_resources(supplier: Supplier) -> None:
    destination = Destination.objects.create(code="jiangnan", name="江南", cities=["杭州", "苏州"])
    run = take(supplier, [*records(3), {"编号": "A9", "名称": "", "城市": "杭州", "门票": 1}])
    assert run.state == FeedRunState.APPLIED
    assert run.kind == ResourceKind.ATTRACTION
    assert (run.rows_total, run.rows_read) == (4, 4)
    assert counts(run) == (3, 0, 0, 1, 0, 0)
    assert prices() == {"A000": Decimal("100.00"), "A001": Decimal("101.00"), "A002": Decimal("102.00")}
    assert {resource.destination for resource in Resource.objects.all()} == {destination}
    issue = run.issues.get()
    assert (issue.row_no, issue.field, issue.reason, issue.severity) == (4, "名称", "missing_name", "refused")


def test_the_same_file_is_read_once(supplier: Supplier) -> None:
    first = take(supplier, records(3))
    second = take(supplier, records(3))
    assert first.pk == second.pk
    assert FeedRun.objects.count() == 1
    assert first.finished_at == second.finished_at


def test_a_job_that_runs_twice_changes_nothing(supplier: Supplier) -> None:
    run = take(supplier, records(3))
    before = list(Resource.objects.order_by("id").values())
    read_feed(run.pk)
    FeedRun.objects.filter(pk=run.pk).update(state=FeedRunState.RUNNING)  # a worker died after it had applied the rows
    read_feed(run.pk)
    run.refresh_from_db()
    assert list(Resource.objects.order_by("id").values()) == before
    assert counts(run) == (0, 0, 3, 0, 0, 0)


def test_a_newer_file_changes_only_what_is_new(supplier: Supplier) -> None:
    take(supplier, records(10))
    newer = records(10)
    newer[0]["门票"] = 150
    newer.append({"编号": "B1", "名称": "新馆", "城市": "杭州", "门票": 30})
    untouched = Resource.objects.get(external_id="A005").updated_at
    run = take(supplier, newer)
    assert counts(run) == (1, 1, 9, 0, 0, 0)
    assert prices()["A000"] == Decimal("150.00")
    assert Resource.objects.get(external_id="A005").updated_at == untouched


def test_what_left_the_list_is_kept_aside_and_comes_back(supplier: Supplier) -> None:
    take(supplier, records(10))
    run = take(supplier, records(8))
    assert counts(run) == (0, 0, 8, 0, 0, 2)
    assert len(prices()) == 8
    assert Resource.objects.count() == 10
    again = take(supplier, [*records(8), {**records(10)[9]}])
    assert counts(again) == (0, 1, 8, 0, 0, 0)
    assert len(prices()) == 9


def test_a_file_that_lists_only_a_part_removes_nothing(supplier: Supplier) -> None:
    take(supplier, records(10))
    run = take(supplier, records(2, price=101), is_full=False)
    assert counts(run) == (0, 2, 0, 0, 0, 0)
    assert len(prices()) == 10


def test_a_refused_row_keeps_its_last_good_state(supplier: Supplier) -> None:
    take(supplier, records(10))
    broken = records(10)
    broken[3]["门票"] = -1
    run = take(supplier, broken)
    assert counts(run) == (0, 0, 9, 1, 0, 0)
    assert prices()["A003"] == Decimal("103.00")


def test_too_many_changes_wait_for_a_person(supplier: Supplier, ops: User) -> None:
    take(supplier, records(10))
    before = prices()
    run = take(supplier, records(10, price=120)[:6])  # 6 prices change, 4 resources vanish
    assert run.state == FeedRunState.QUARANTINED
    assert prices() == before
    assert run.findings["share_percent"] == 100.0
    assert run.findings["changes"]["gone"] == ["景点006", "景点007", "景点008", "景点009"]
    assert run.findings["changes"]["changed"][0] == {
        "name": "景点000", "old_name": "景点000", "old_price": "100.00", "price": "120.00", "old_city": "杭州", "city": "杭州",
    }  # fmt: skip
    approve_feed(run, user=ops)
    run_pending("usual")
    run.refresh_from_db()
    assert (run.state, run.decided_by) == (FeedRunState.APPLIED, ops)
    assert prices() == {f"A{n:03}": Decimal(120 + n) for n in range(6)}


def test_reworded_descriptions_are_no_reason_to_stop_a_file(supplier: Supplier) -> None:
    take(supplier, records(10))
    run = take(supplier, [{**row, "简介": "新写的介绍"} for row in records(10)])
    assert run.state == FeedRunState.APPLIED
    assert counts(run) == (0, 10, 0, 0, 0, 0)
    assert run.findings["share_percent"] == 0


def test_the_limit_is_the_suppliers_own(supplier: Supplier) -> None:
    def with_changes(number: int) -> list[dict[str, Any]]:
        return [{**row, "门票": row["门票"] + 1} if index < number else row for index, row in enumerate(records(10))]

    take(supplier, records(10))
    assert take(supplier, with_changes(3)).state == FeedRunState.APPLIED  # 30 % is not more than 30 %
    Supplier.objects.update(quarantine_percent=10)
    assert take(supplier, with_changes(2)).state == FeedRunState.APPLIED  # one price goes back
    assert take(supplier, with_changes(4)).state == FeedRunState.QUARANTINED


def test_rejecting_leaves_everything_and_cannot_be_done_twice(supplier: Supplier, ops: User) -> None:
    take(supplier, records(10))
    before = prices()
    run = take(supplier, records(3))
    reject_feed(run, user=ops)
    run.refresh_from_db()
    assert (run.state, run.decided_by) == (FeedRunState.REJECTED, ops)
    assert prices() == before
    with pytest.raises(Refused):
        reject_feed(run, user=ops)
    with pytest.raises(Refused):
        approve_feed(run, user=ops)


def test_an_old_file_cannot_be_approved_over_a_newer_one(supplier: Supplier, ops: User) -> None:
    take(supplier, records(10))
    old = take(supplier, records(3))
    take(supplier, [*records(10), {"编号": "B1", "名称": "新馆", "城市": "杭州", "门票": 30}])
    with pytest.raises(Refused) as caught:
        approve_feed(old, user=ops)
    assert caught.value.code == "superseded"


def test_a_fivefold_price_is_held_back_until_approved(supplier: Supplier, ops: User) -> None:
    take(supplier, records(10))
    wrong = records(10)
    wrong[2]["门票"] = 10200
    run = take(supplier, wrong)
    assert run.state == FeedRunState.APPLIED
    assert counts(run) == (0, 0, 9, 1, 0, 0)
    assert prices()["A002"] == Decimal("102.00")
    assert list(run.issues.values_list("row_no", "reason", "value", "severity")) == [
        (3, "price_jump", "102.00 → 10200.00", "refused")
    ]
    approve_feed(run, user=ops)
    run_pending("usual")
    run.refresh_from_db()
    assert prices()["A002"] == Decimal("10200.00")
    assert list(run.issues.values_list("reason", "severity")) == [("price_jump", "flagged")]
    assert counts(run) == (0, 1, 9, 0, 1, 0)


def test_all_prices_a_hundredfold_is_quarantined(supplier: Supplier) -> None:
    take(supplier, records(10))
    before = prices()
    run = take(supplier, [{**row, "门票": row["门票"] * 100} for row in records(10)])
    assert run.state == FeedRunState.QUARANTINED
    assert prices() == before


def test_going_back_to_an_earlier_file(supplier: Supplier) -> None:
    first = take(supplier, records(10))
    take(supplier, [{**row, "门票": row["门票"] + 1} if index < 2 else row for index, row in enumerate(records(10))])
    again = take(supplier, records(10))
    assert again.pk == first.pk
    assert prices()["A000"] == Decimal("100.00")


def test_a_file_without_a_certain_name_column_waits_for_a_person(supplier: Supplier, ops: User) -> None:
    rows = [{"项目": "西湖", "门票": 0}, {"项目": "灵隐寺", "门票": 75}]
    run = take(supplier, rows)
    assert run.state == FeedRunState.UPLOADED
    assert Job.objects.count() == 0
    with pytest.raises(BadInput):
        remap_feed(run, {"门票": "skip"}, user=ops)
    with pytest.raises(BadInput):
        remap_feed(run, {"项目": "name", "门票": "name"}, user=ops)
    remap_feed(run, {"项目": "name"}, user=ops)
    run_pending("usual")
    run.refresh_from_db()
    assert run.state == FeedRunState.APPLIED
    assert set(Resource.objects.values_list("name", flat=True)) == {"西湖", "灵隐寺"}


def test_bad_files_are_refused_at_the_door(supplier: Supplier) -> None:
    for content in (b"", b"%PDF", '[["故宫", {'.encode(), b"\x00\x01\x02"):
        with pytest.raises(BadInput):
            upload_feed(supplier=supplier, filename="x", content=content, user=None)
    with pytest.raises(BadInput) as caught:
        upload_feed(supplier=supplier, filename="x", content="名称,价格\n甲,1\n".encode(), user=None)
    assert list(caught.value.fields) == ["kind"]
    assert FeedRun.objects.count() == 0


@needs_crosswoz
@pytest.mark.parametrize(
    ("name", "expected", "reasons"),
    [
        ("attraction", (465, 0, 0, 0, 66, 0), {"duration_impossible": 39, "price_missing": 29, "phone_bad": 1}),
        ("hotel", (1012, 0, 0, 121, 0, 0), {"price_missing": 121}),
        ("restaurant", (950, 0, 0, 1, 10, 0), {"hours_unreadable": 10, "duplicate_row": 1}),
    ],
)
def test_a_real_suppliers_feed(supplier: Supplier, name: str, expected: tuple[int, ...], reasons: dict[str, int]) -> None:
    content = (CROSSWOZ / f"{name}_db.json").read_bytes()
    started = time.monotonic()
    run = upload_feed(supplier=supplier, filename=f"{name}_db.json", content=content, user=None)
    run_pending("usual")
    assert time.monotonic() - started < 10  # about half a second on a quiet machine
    run.refresh_from_db()
    assert (run.state, run.kind) == (FeedRunState.APPLIED, name)
    assert counts(run) == expected
    assert {reason: run.issues.filter(reason=reason).count() for reason in run.issues.values_list("reason", flat=True)} == reasons
    assert set(Resource.objects.values_list("city", flat=True)) == {"北京"}
    if name == "attraction":
        palace = run.issues.get(name="故宫")
        assert (palace.row_no, palace.field, palace.value) == (1, "游玩时间", "12小时 - 3天")
        assert Resource.objects.get(name="故宫").visit_minutes is None


def test_twenty_thousand_rows(supplier: Supplier) -> None:
    content = ("编号,名称,城市,价格,评分\n" + "".join(f"H{n},酒店{n},杭州,{100 + n % 900},4.5\n" for n in range(20_000))).encode()
    started = time.monotonic()
    run = upload_feed(supplier=supplier, filename="大表.csv", content=content, user=None, kind="hotel")
    run_pending("usual")
    assert time.monotonic() - started < 30
    run.refresh_from_db()
    assert counts(run) == (20_000, 0, 0, 0, 0, 0)
