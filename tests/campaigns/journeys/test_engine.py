"""The engine against Postgres: once per reason, every wait and branch, and the world that changes meanwhile."""

import datetime as dt
from typing import Any

import pytest
import time_machine

from campaigns.models import FollowUp, Journey, JourneyRun, JourneyStep, Occasion
from campaigns.services.erasing import end_journeys
from campaigns.services.journeys import advancing
from campaigns.services.journeys.advancing import advance_due
from campaigns.services.journeys.entering import enter_one, sweep_journeys
from campaigns.services.journeys.noticing import notice_changes
from campaigns.services.journeys.publishing import publish_journey, save_draft, set_journey_state
from catalog.models import Departure, Product
from core import clock
from core.errors import BadInput, Refused
from customers.models import Customer
from messaging.models import Message
from orders.models import Order
from staff.models import AgencyPolicy, User
from tagging.models import Segment, Tag, TagAssignment, TagGroup
from tests.campaigns.conftest import order
from tests.campaigns.journeys.conftest import NOW, Go, happened, runs, started, step, steps_of, task, wait
from tests.factories import make_customer
from tests.messaging.conftest import Corp

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]


def the_run(journey: Journey) -> JourneyRun:
    return JourneyRun.objects.get(journey=journey)


def test_a_fact_lets_in_once_however_often_it_is_asked(ops: User, go: Go) -> None:
    customer = make_customer()
    journey = started(ops, [wait("a", hours=2), task("b")])
    go(minutes=1)
    happened(customer, "trip.wished")
    go(minutes=1)
    go(minutes=1)
    assert runs(journey) == [("active", "", "a")]
    go(hours=2)
    go(hours=2)
    assert runs(journey) == [("finished", "", "")]
    assert steps_of(the_run(journey)) == [("a", "done"), ("b", "done")]
    assert FollowUp.objects.values_list("title", "reason").get() == ("打个电话", "journey")


def test_what_happened_before_it_went_live_lets_nobody_in(ops: User, go: Go) -> None:
    happened(make_customer(), "trip.wished", ago=dt.timedelta(minutes=5))
    journey = started(ops, [task("b")])
    go(minutes=1)
    assert runs(journey) == []


def test_a_fact_that_arrives_two_days_late_still_counts(ops: User, go: Go) -> None:
    journey = started(ops, [task("b")])
    go(days=2, hours=1)
    happened(make_customer(), "trip.wished", ago=dt.timedelta(days=2))
    go(minutes=1)
    assert runs(journey) == [("finished", "", "")]


@pytest.mark.parametrize(
    ("rule", "second"),
    [
        ({"rule": "never"}, ("refused", "again", "")),
        ({"rule": "after", "days": 3}, ("refused", "again", "")),
        ({"rule": "after", "days": 1}, ("finished", "", "")),
        ({"rule": "always"}, ("finished", "", "")),
    ],
)
def test_the_rule_of_coming_again(ops: User, go: Go, rule: dict[str, Any], second: tuple[str, str, str]) -> None:
    customer = make_customer()
    journey = started(ops, [task("b")], reentry=rule)
    go(minutes=1)
    happened(customer, "trip.wished")
    go(minutes=1)
    go(days=2)
    happened(customer, "trip.wished")
    go(minutes=1)
    assert runs(journey) == [("finished", "", ""), second]


def test_why_somebody_is_not_let_in(ops: User, go: Go) -> None:
    private = make_customer(is_personalised=False)
    other = make_customer(city="上海")
    merged = make_customer(merged_into=other)
    flow = [step("m", "message", text="您好", purpose="marketing")]
    journey = started(ops, flow, {"kind": "fact", "fact": "product.viewed"}, entry={"city": {"values": ["杭州"]}})
    go(minutes=1)
    for customer in (private, other, merged):
        happened(customer, "product.viewed", product="P01")
    go(minutes=1)
    reasons = dict(JourneyRun.objects.filter(journey=journey).values_list("customer_id", "reason"))
    assert reasons == {private.pk: "impersonal", other.pk: "entry", merged.pk: "gone"}


def test_the_hold_out_is_kept_aside_and_measured(ops: User, go: Go) -> None:
    people = [make_customer() for _ in range(40)]
    journey = started(ops, [wait("a", days=1), task("b")], holdout=50, goal={"fact": "order.paid", "days": 7})
    go(minutes=1)
    for customer in people:
        happened(customer, "trip.wished")
    go(minutes=1)
    held = JourneyRun.objects.filter(journey=journey, state="holdout")
    assert 8 <= held.count() <= 32
    one = held[0]
    happened(one.customer, "order.paid", order_id=1)
    go(minutes=1)
    one.refresh_from_db()
    assert (one.state, one.goal_at) == ("holdout", clock.now() - dt.timedelta(minutes=1))


def test_partings_follow_the_condition_and_the_arm(ops: User, go: Go) -> None:
    here, there = make_customer(city="杭州"), make_customer(city="上海")
    parting = step("i", "if", when={"city": {"values": ["杭州"]}}, yes=[task("y", title="本地")], no=[task("n", title="外地")])
    split = step("s", "ab", branches=[{"weight": 50, "steps": [task("a")]}, {"weight": 50, "steps": [task("b")]}])
    journey = started(ops, [parting, split])
    go(minutes=1)
    for customer in (here, there):
        happened(customer, "trip.wished")
    go(minutes=1)
    ways = {run.customer_id: steps_of(run) for run in JourneyRun.objects.filter(journey=journey)}
    assert ways[here.pk][:2] == [("i", "yes"), ("y", "done")]
    assert ways[there.pk][:2] == [("i", "no"), ("n", "done")]
    assert all(way[2] == ("s", "arm") and way[3][0] in ("a", "b") for way in ways.values())


def test_waiting_for_a_fact_ends_with_it_or_with_the_time(ops: User, go: Go) -> None:
    quick, slow = make_customer("快"), make_customer("慢")
    waiting = step("w", "wait", mode="fact", fact="order.paid", days=2, yes=[task("y")], no=[task("n")])
    journey = started(ops, [waiting])
    go(minutes=1)
    happened(quick, "order.paid", order_id=1)  # before: does not count
    for customer in (quick, slow):
        happened(customer, "trip.wished")
    go(minutes=1)
    assert runs(journey) == [("active", "", "w")] * 2
    go(hours=5)
    happened(quick, "order.paid", order_id=2)
    go(minutes=1)
    assert dict(JourneyRun.objects.values_list("customer_id", "state")) == {quick.pk: "finished", slow.pk: "active"}
    go(days=2)
    ways = {run.customer_id: steps_of(run) for run in JourneyRun.objects.filter(journey=journey)}
    assert ways == {quick.pk: [("w", "yes"), ("y", "done")], slow.pk: [("w", "no"), ("n", "done")]}


def test_exits_and_the_goal_end_the_way(ops: User, go: Go) -> None:
    leaver, buyer = make_customer(), make_customer()
    journey = started(
        ops, [wait("a", days=3), task("b")], exits=[{"fact": "contact.lost"}], goal={"fact": "order.paid", "days": 14}
    )
    go(minutes=1)
    for customer in (leaver, buyer):
        happened(customer, "trip.wished")
    go(minutes=1)
    happened(leaver, "contact.lost")
    happened(buyer, "order.paid", order_id=1)
    go(minutes=1)
    assert runs(journey) == [("left", "exit", "a"), ("left", "goal", "a")]
    go(days=4)
    assert not FollowUp.objects.exists()


def test_somebody_looked_but_did_not_order(ops: User, go: Go, product: Product) -> None:
    keen, buyer, early = make_customer("看"), make_customer("买"), make_customer("刚看")
    journey = started(ops, [task("b", product="trigger")], {"kind": "browse", "views": 2, "hours": 48, "quiet_minutes": 120})
    go(minutes=1)
    for customer in (keen, buyer, early):
        happened(customer, "product.viewed", product="P01")
        happened(customer, "product.viewed", product="P01")
    go(hours=1, minutes=30)
    happened(early, "product.viewed", product="P01")
    order(buyer, paid_at=clock.now())
    assert runs(journey) == []
    go(minutes=45)
    go(minutes=1)
    assert list(JourneyRun.objects.values_list("customer_id", "state", "facts")) == [
        (keen.pk, "finished", {"views": 2, "product": "P01"})
    ]
    assert FollowUp.objects.get().product_code == "P01"


def departing(customer: Customer, days: int) -> Order:
    paid = order(customer, paid_at=clock.now())
    Departure.objects.filter(pk=paid.departure_id).update(departs_on=clock.today() + dt.timedelta(days=days))
    return paid


def before(step_id: str, days: int) -> dict[str, Any]:
    return step(step_id, "wait", mode="date", edge="start", offset=-days, at="10:00")


def test_a_trip_that_moves_takes_its_journey_along(ops: User, go: Go, product: Product) -> None:
    customer = make_customer()
    journey = started(ops, [before("w7", 7), task("a"), before("w1", 1), task("b")], {"kind": "departure", "days": -14})
    bought = departing(customer, 10)
    go(minutes=1)
    run = the_run(journey)
    assert (run.step, run.run_at) == ("w7", dt.datetime(2026, 11, 21, 2, tzinfo=dt.UTC))
    Departure.objects.filter(pk=bought.departure_id).update(departs_on=clock.today() + dt.timedelta(days=20))
    go(days=4)  # the old moment passes and nothing happens
    run.refresh_from_db()
    assert (run.step, run.run_at, run.starts_on) == ("w7", dt.datetime(2026, 12, 1, 2, tzinfo=dt.UTC), dt.date(2026, 12, 8))
    Departure.objects.filter(pk=bought.departure_id).update(departs_on=clock.today() + dt.timedelta(days=7))
    go(minutes=1)  # earlier than thought: T-7 was at ten today
    assert steps_of(run) == [("w7", "done"), ("a", "done")]
    go(days=6)
    assert steps_of(run)[2:] == [("w1", "done"), ("b", "done")]
    assert runs(journey) == [("finished", "", "")]


def test_who_books_late_gets_only_what_still_helps(ops: User, go: Go, product: Product) -> None:
    journey = started(ops, [before("w7", 7), task("a"), before("w1", 1), task("b")], {"kind": "departure", "days": -14})
    departing(make_customer(), 3)
    go(minutes=1)
    assert steps_of(the_run(journey)) == [("w7", "late"), ("a", "late")]
    go(days=2)
    assert steps_of(the_run(journey))[2:] == [("w1", "done"), ("b", "done")]


def test_a_trip_called_off_ends_the_journey(ops: User, go: Go, product: Product) -> None:
    journey = started(ops, [before("w7", 7), task("a")], {"kind": "departure", "days": -14})
    bought = departing(make_customer(), 10)
    go(minutes=1)
    Order.objects.filter(pk=bought.pk).update(state="refunded", refunded_amount=bought.paid_amount)
    go(minutes=1)
    assert runs(journey) == [("left", "trip_off", "w7")]


def test_birthdays_come_once_a_year_solar_and_lunar(ops: User, go: Go) -> None:
    solar, lunar = make_customer(birthday=dt.date(1990, 11, 20)), make_customer(birthday=dt.date(1980, 11, 19))
    sun = started(ops, [task("b")], {"kind": "date", "field": "birthday", "days": -1, "at": "10:00"}, reentry={"rule": "always"})
    moon = started(ops, [task("b")], {"kind": "date", "field": "birthday", "calendar": "lunar", "days": 0, "at": "10:00"})
    go(hours=21)  # the 19th, nine in the morning
    assert runs(sun) == []
    go(hours=1, minutes=1)
    go(minutes=5)
    assert list(JourneyRun.objects.filter(journey=sun).values_list("customer_id", "starts_on")) == [
        (solar.pk, dt.date(2026, 11, 20))
    ]
    go(days=1)  # lunar 10-12 is 20 November in 2026, and was 19 November in 1980
    assert list(JourneyRun.objects.filter(journey=moon).values_list("customer_id", flat=True)) == [lunar.pk]
    go(days=364)
    assert JourneyRun.objects.filter(journey=sun).count() == 2


def test_the_agencys_own_holiday_wins_over_the_calendars(ops: User, go: Go) -> None:
    make_customer(city="杭州")
    trigger = {"kind": "holiday", "name": "寒假", "days": -30, "at": "10:00"}
    journey = started(ops, [task("b")], trigger, entry={"city": {"values": ["杭州"]}})
    Occasion.objects.create(name="寒假", on=dt.date(2027, 1, 25))
    go(days=30, hours=-1)  # 18 December: 30 days before the calendar's day
    assert runs(journey) == []
    go(days=8)
    assert runs(journey) == [("finished", "", "")]


def test_a_schedule_lets_everybody_of_its_condition_in_once(ops: User, go: Go) -> None:
    make_customer(city="杭州"), make_customer(city="上海")
    trigger = {"kind": "schedule", "every": "month", "day": 31, "at": "13:00"}
    journey = started(ops, [task("b")], trigger, entry={"city": {"values": ["杭州"]}}, reentry={"rule": "always"})
    go(days=12, hours=2)
    go(hours=1)
    assert len(runs(journey)) == 1  # 30 November is the 31st of a month with thirty days
    go(days=30, hours=22)
    assert len(runs(journey)) == 2


def test_tags_and_segment_entry(ops: User, go: Go) -> None:
    group = TagGroup.objects.create(name="阶段", is_exclusive=True)
    old, new = (Tag.objects.create(group=group, name=name) for name in ("旧", "新"))
    customer = make_customer()
    TagAssignment.objects.create(customer=customer, tag=old, source="manual", assigned_at=NOW, matched_at=NOW)
    segment = Segment.objects.create(name="客群", condition={"city": {"values": ["杭州"]}})
    journey = started(ops, [step("t", "tag", add=[new.pk])], {"kind": "segment", "segment": segment.pk})
    go(minutes=1)
    segment.memberships.create(customer=customer, entered_at=clock.now())
    go(minutes=1)
    assert runs(journey) == [("finished", "", "")]
    assert list(TagAssignment.objects.filter(customer=customer).values_list("tag__name", flat=True)) == ["新"]


def test_messages_wait_for_the_morning_and_keep_the_reason_of_a_no(
    ops: User, go: Go, corp: Corp, noon: time_machine.Traveller
) -> None:
    AgencyPolicy.objects.update(quiet_start="21:00", quiet_end="09:00")
    member = corp.member("sales1")
    friend, stranger = corp.friend(member, "c1"), make_customer()
    started(ops, [step("m", "message", text="{{name|朋友}}您好", purpose="marketing")])
    go(hours=10)  # ten at night
    for customer in (friend, stranger):
        happened(customer, "trip.wished")
    go(minutes=1)
    message = Message.objects.get()
    assert (message.customer, message.state, message.send_at) == (friend, "queued", dt.datetime(2026, 11, 19, 1, tzinfo=dt.UTC))
    held = JourneyStep.objects.get(run__customer=stranger)
    assert (held.outcome, held.detail["reason"]) == ("held", "no_relation")
    go(days=1)
    assert Message.objects.count() == 1


def test_an_erased_customer_leaves_at_once(ops: User, go: Go) -> None:
    customer, shell = make_customer(), make_customer()
    journey = started(ops, [wait("a", days=1), task("b")])
    go(minutes=1)
    happened(customer, "trip.wished", product="P01")
    happened(shell, "trip.wished")
    go(minutes=1)
    assert end_journeys([customer.pk]) == 1
    Customer.objects.filter(pk=shell.pk).update(erased_at=clock.now())
    go(days=1, minutes=1)
    assert runs(journey) == [("left", "gone", "a")] * 2
    assert not FollowUp.objects.exists()
    assert the_facts(journey) == [{}, {}]


def the_facts(journey: Journey) -> list[dict[str, Any]]:
    return list(JourneyRun.objects.filter(journey=journey).order_by("id").values_list("facts", flat=True))


@pytest.mark.parametrize(
    ("inside", "then", "made"),
    [
        ("finish", ("finished", "", ""), "旧任务"),
        ("move", ("finished", "", ""), "新任务"),
        ("leave", ("left", "moved", "a"), None),
    ],
)
def test_edited_while_people_are_in_it(ops: User, go: Go, inside: str, then: tuple[str, str, str], made: str | None) -> None:
    journey = started(ops, [wait("a", days=1), task("b", title="旧任务")])
    go(minutes=1)
    happened(make_customer(), "trip.wished")
    go(minutes=1)
    flow = {**journey.draft, "steps": [wait("a", days=1), task("b", title="新任务")]}
    save_draft(journey, revision=0, flow=flow, name="旅程")
    publish_journey(journey, actor=ops, inside=inside)
    go(days=1, minutes=1)
    assert runs(journey) == [then]
    assert list(FollowUp.objects.values_list("title", flat=True)) == ([made] if made else [])


def test_a_step_that_is_gone_from_the_new_version_is_finished_on_the_old_one(ops: User, go: Go) -> None:
    journey = started(ops, [wait("a", days=1), task("b", title="旧任务")])
    go(minutes=1)
    happened(make_customer(), "trip.wished")
    go(minutes=1)
    save_draft(journey, revision=0, flow={**journey.draft, "steps": [task("c")]}, name="旅程")
    publish_journey(journey, actor=ops, inside="move")
    go(days=1, minutes=1)
    assert (runs(journey), FollowUp.objects.get().title) == ([("finished", "", "")], "旧任务")


def test_two_people_edit_at_once(ops: User) -> None:
    journey = started(ops, [task("b")])
    save_draft(journey, revision=0, flow=journey.draft, name="旅程")
    with pytest.raises(Refused):
        save_draft(journey, revision=0, flow={}, name="旅程")
    journey.refresh_from_db()
    assert (journey.revision, journey.draft["steps"][0]["id"]) == (1, "b")


def test_a_flow_with_faults_is_not_published(ops: User) -> None:
    journey = started(ops, [task("b")])
    save_draft(journey, revision=0, flow={**journey.draft, "steps": [task("b", text="全网最低价")]}, name="旅程")
    with pytest.raises(BadInput):
        publish_journey(journey, actor=ops)
    assert journey.versions.count() == 1


def test_paused_nobody_enters_and_nobody_moves(ops: User, go: Go) -> None:
    journey = started(ops, [wait("a", hours=1), task("b")])
    go(minutes=1)
    happened(make_customer(), "trip.wished")
    go(minutes=1)
    set_journey_state(journey, actor=ops, state="paused")
    happened(make_customer(), "trip.wished")
    go(hours=3)
    assert runs(journey) == [("active", "", "a")]
    set_journey_state(journey, actor=ops, state="running")
    go(minutes=1)
    go(hours=1)
    assert runs(journey) == [("finished", "", "")] * 2
    set_journey_state(journey, actor=ops, state="stopped")
    with pytest.raises(Refused):
        set_journey_state(journey, actor=ops, state="paused")


def test_a_clock_that_jumps_ahead_does_not_fire_everything_at_once(ops: User, go: Go) -> None:
    journey = started(ops, [wait("a", days=1), task("b"), wait("c", days=1), task("d")])
    go(minutes=1)
    happened(make_customer(), "trip.wished")
    go(minutes=1)
    go(days=30)
    assert FollowUp.objects.count() == 1
    go(days=-29)
    go(minutes=1)
    assert FollowUp.objects.count() == 1
    go(days=31)
    assert (FollowUp.objects.count(), runs(journey)) == (2, [("finished", "", "")])


def test_a_bad_row_holds_up_nobody_else(ops: User, go: Go, monkeypatch: pytest.MonkeyPatch) -> None:
    good, bad = make_customer("好"), make_customer("坏")
    journey = started(ops, [task("b")])
    go(minutes=1)
    for customer in (good, bad):
        happened(customer, "trip.wished")
    sweep_journeys()
    real = advancing.act  # type: ignore[attr-defined]

    def act(asked: object, graph: object, people: list[Any], now: dt.datetime) -> list[Any]:
        if any(person.customer_id == bad.pk for person in people):
            raise ValueError("broken")
        return real(asked, graph, people, now)

    monkeypatch.setattr(advancing, "act", act)
    for _ in range(7):
        advance_due()
        go(hours=2)
    assert dict(JourneyRun.objects.filter(journey=journey).values_list("customer_id", "state")) == {
        good.pk: "finished",
        bad.pk: "failed",
    }
    assert JourneyRun.objects.get(customer=bad).error == "ValueError: broken"


def test_let_in_by_hand_is_once_per_key(ops: User, go: Go) -> None:
    customer = make_customer()
    journey = started(ops, [wait("a", days=1)])
    assert journey.current is not None
    assert enter_one(journey.current, customer.pk, "1")
    assert not enter_one(journey.current, customer.pk, "1")
    assert not enter_one(journey.current, customer.pk, "2")
    assert runs(journey) == [("active", "", "a"), ("refused", "inside", "")]
    notice_changes()
