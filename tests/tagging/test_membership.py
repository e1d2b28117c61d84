"""Who is in a segment: enters and leaves with facts and evidence, as of a day; snapshots keep their people; circles are refused."""

import datetime as dt
from typing import Any

import pytest
import time_machine

from core.conditions import ConditionError
from core.errors import Refused
from core.event_types import CustomerActive
from core.events import record
from core.models import Event
from core.worker import run_pending
from customers.models import Customer
from staff.models import User
from tagging.models import Segment, SegmentMembership
from tagging.queries.members import count_members
from tagging.queries.segment_facts import as_of, segment_facts
from tagging.services.segments import count_segments, save_segment
from tests.factories import make_customer
from tests.tagging.conftest import Did

NOW = dt.datetime(2026, 11, 24, 4, 0, tzinfo=dt.UTC)
SHARED = {"event": {"kinds": ["product.shared"], "window_days": 30, "op": ">=", "value": 1}}
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def frozen() -> Any:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def lin(db: None) -> User:
    return User.objects.create(username="lin", role="administrator", row_scope="all")


def facts(kind: str) -> list[int]:
    return list(Event.objects.filter(kind=kind).order_by("occurred_at").values_list("customer_id", flat=True))


def members(segment: Segment) -> set[int]:
    return set(SegmentMembership.objects.filter(segment=segment, left_at=None).values_list("customer_id", flat=True))


def test_members_enter_and_leave_with_facts_and_reasons(did: Did, lin: User, frozen: Any) -> None:
    su, li = make_customer("苏"), make_customer("李")
    key = did(su, "product.shared", product="P01")
    segment = save_segment(lin, name="爱分享", description="", condition=SHARED)
    assert Segment.objects.get().ready_at is None
    run_pending()
    segment.refresh_from_db()
    assert (members(segment), segment.last_count, segment.ready_at) == ({su.pk}, 1, NOW)
    assert facts("segment.entered") == []  # the first filling is no news about anybody
    assert SegmentMembership.objects.get().evidence[0]["rows"][0]["key"] == str(key)

    did(li, "product.shared", days=0)
    record(CustomerActive(li.pk), key="active:li")
    run_pending()
    assert members(segment) == {su.pk, li.pk}
    assert facts("segment.entered") == [li.pk]

    frozen.move_to(NOW + dt.timedelta(days=29, hours=12))
    count_segments()
    run_pending()
    assert members(segment) == {li.pk}
    assert facts("segment.left") == [su.pk]
    assert [stay.customer for stay in as_of(segment, lin, dt.date(2026, 11, 24)).stays] == [su, li]
    then, now = as_of(segment, lin, dt.date(2026, 12, 1)), as_of(segment, lin, dt.date(2026, 12, 24))
    assert (then.number, now.number) == (2, 1)
    assert then.stays[0].reasons[0].proofs[0].text == "分享产品 · 云南亲子 6 日"
    assert segment_facts(segment).came == 2
    assert segment_facts(segment).trend[-1] == 1


def test_a_snapshot_keeps_its_people(did: Did, lin: User) -> None:
    su, li = make_customer("苏", city="杭州"), make_customer("李", city="上海")
    segment = save_segment(lin, name="杭州快照", description="", condition={"city": {"values": ["杭州"]}}, kind="snapshot")
    run_pending()
    Customer.objects.filter(pk=li.pk).update(city="杭州")
    count_segments()
    run_pending()
    assert members(segment) == {su.pk}
    segment.refresh_from_db()
    with pytest.raises(Refused):
        save_segment(lin, name="杭州快照", description="", condition={"city": {"values": ["上海"]}}, segment=segment)
    asks = save_segment(lin, name="问快照", description="", condition={"segment": {"segments": [segment.pk]}})
    run_pending()
    assert members(asks) == {su.pk}


def test_segments_in_a_circle_are_refused_at_the_place(lin: User) -> None:
    one = save_segment(lin, name="一", description="", condition={"city": {"values": ["杭州"]}})
    two = save_segment(lin, name="二", description="", condition={"all": [{"segment": {"segments": [one.pk]}}]})
    with pytest.raises(ConditionError) as refused:
        save_segment(
            lin, name="一", description="", segment=one,
            condition={"any": [{"city": {"values": ["上海"]}}, {"segment": {"segments": [two.pk]}}]},
        )  # fmt: skip
    assert refused.value.path == "any[1].segment.segments"
    assert "一 → 二 → 一" in refused.value.complaint
    with pytest.raises(ConditionError):
        save_segment(lin, name="一", description="", segment=one, condition={"segment": {"segments": [one.pk]}})
    one.refresh_from_db()
    assert one.condition == {"city": {"is": "in", "values": ["杭州"]}}


def test_an_estimate_tells_its_interval(lin: User, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(30):
        make_customer(f"客{number}", city="杭州" if number % 3 == 0 else "上海")
    from core.conditions import parse
    from tagging.queries import members as module

    monkeypatch.setattr(module, "EXACT_UP_TO", 5)
    monkeypatch.setattr(module, "ESTIMATE_FROM", 10)
    found = module.quick_count(parse({"city": {"values": ["杭州"]}}), NOW)
    assert found.is_estimate
    assert found.low <= 10 <= found.high
    assert count_members(parse({"city": {"values": ["杭州"]}}), NOW).number == 10
