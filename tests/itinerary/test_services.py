"""From a chat to a plan, to a price, to an accepted order, to a trip."""

import datetime as dt
import json
import uuid
from decimal import Decimal

import pytest
import time_machine

from catalog.choices import ChargeUnit, StockState, SupplementKind
from catalog.models import ExchangeRate, Resource
from catalog.queries.rates import contract_rates, stock_of
from catalog.rules import Stock
from catalog.services.inventory import Row, give_back_allotment, save_contract, set_inventory, take_allotment
from core import clock
from core.errors import BadInput, Later, Refused
from core.models import Event, Job
from customers.models import Customer
from itinerary.choices import BookingState, QuoteState, ReminderState, RequestState, TripStage
from itinerary.models import Itinerary, Operation, QuoteVersion, SupplierBooking, Trip
from itinerary.queries.comparing import compare_versions
from itinerary.queries.documents import days_of, document, working
from itinerary.services.editing import Conflict, apply_edits, check_version, clone_itinerary, create_itinerary
from itinerary.services.quoting import (
    accept_quote,
    comment,
    note_view,
    quote_itinerary,
    revoke_proposal,
    send_proposal,
)
from itinerary.services.reminding import run_reminder
from itinerary.services.requests import capture_requirement, draft_itinerary, tell_wishes
from itinerary.services.trips import open_trip, replace_booking, set_booking
from orders.models import Order
from orders.services.payments import next_instalment
from staff.models import User

D = Decimal


def block(**more: object) -> dict[str, object]:
    return {
        "key": str(uuid.uuid4()),
        "kind": "activity",
        "name": "采茶",
        "starts": 840,
        "ends": 900,
        "price_amount": "60",
        **more,
    }


def keys(itinerary: Itinerary) -> list[str]:
    return [str(one.key) for day in days_of(working(itinerary)) for one in day.blocks.all()]


def edit(itinerary: Itinerary, *operations: dict[str, object], revision: int | None = None, user: User | None = None) -> int:
    at = itinerary.revision if revision is None else revision
    saved = apply_edits(itinerary_id=itinerary.pk, revision=at, operations=operations, user=user)
    itinerary.refresh_from_db()
    return saved.revision


def sent(itinerary: Itinerary, user: User) -> QuoteVersion:
    return send_proposal(itinerary=itinerary, user=user)


# --- request and draft ---------------------------------------------------------------------------------------


def test_a_chat_becomes_a_request_becomes_a_plan(hangzhou_resources: list[Resource], customer: Customer, lin: User) -> None:
    first = capture_requirement(customer=customer, text="想带孩子去杭州玩")
    assert first.ask
    second = capture_requirement(customer=customer, text="下个月20号出发，玩三天，两大一小，孩子8岁，从上海走，预算一万，住四星")
    assert second.request.pk == first.request.pk
    assert (second.values["destinations"], second.values["days"], second.values["adults"]) == (["杭州"], 3, 2)
    assert second.request.slots["days"]["quote"]
    itinerary = draft_itinerary(request=second.request, user=lin)
    second.request.refresh_from_db()
    assert second.request.state == RequestState.PLANNED
    assert (itinerary.adults, itinerary.child_ages) == (2, [8])
    days = days_of(working(itinerary))
    assert len(days) == 3
    assert [sum(one.kind == "hotel" for one in day.blocks.all()) for day in days] == [1, 1, 0]
    assert not working(itinerary).issues.filter(severity="error").exists()


def test_a_request_without_a_date_is_not_drafted(hangzhou_resources: list[Resource], customer: Customer) -> None:
    understood = capture_requirement(customer=customer, text="想去杭州")
    with pytest.raises(Refused) as refused:
        draft_itinerary(request=understood.request)
    assert refused.value.code == "missing_slots"
    assert not Itinerary.objects.exists()


def test_a_chat_tells_the_customers_tags_what_is_wished(customer: Customer) -> None:
    request = capture_requirement(customer=customer, text="下个月20号想带8岁孩子去杭州玩三天，预算一万").request
    with pytest.raises(Later):
        tell_wishes(request.pk)  # the customer may still be writing
    with time_machine.travel(clock.now() + dt.timedelta(seconds=6), tick=False):
        tell_wishes(request.pk)
        tell_wishes(request.pk)
    wished = Event.objects.get(customer_id=customer.pk, kind="trip.wished")
    assert (wished.props["days"], wished.props["children"], wished.props["budget"]) == (3, 1, 10000)
    assert Job.objects.filter(function="itinerary.services.requests.tell_wishes").count() == 1


def test_a_city_without_resources_is_named(customer: Customer) -> None:
    capture_requirement(customer=customer, text="想去敦煌，下个月20号，玩三天，两个人")
    request = capture_requirement(customer=customer, text="从上海出发").request
    with pytest.raises(Refused) as refused:
        draft_itinerary(request=request)
    assert refused.value.code == "no_resources"
    assert not Itinerary.objects.exists()


@pytest.mark.parametrize(
    ("change", "field"),
    [({"adults": 0}, "adults"), ({"days": 40}, "days"), ({"days": 0}, "days"), ({"starts_on": dt.date(2020, 1, 1)}, "starts_on"), ({"child_ages": [40]}, "child_ages")],
)  # fmt: skip
def test_impossible_frames_are_refused(db: None, starts_on: dt.date, change: dict[str, object], field: str) -> None:
    with pytest.raises(BadInput) as refused:
        create_itinerary(**{"title": "x", "starts_on": starts_on, "days": 3, "adults": 2, **change})
    assert field in refused.value.fields
    assert not Itinerary.objects.exists()


# --- edits ---------------------------------------------------------------------------------------------------


def test_every_edit_can_be_undone(trip: Itinerary, lin: User) -> None:
    before = document(trip, days_of(working(trip)))
    first = before["days"][0]["blocks"][0]["key"]
    operations = [
        {"do": "add", "day": 1, "at": 1, "block": block()},
        {"do": "move", "key": first, "day": 2, "at": 0},
        {"do": "change", "key": first, "set": {"note": "请提前预约", "is_locked": True}},
        {"do": "add_day", "at": 2},
        {"do": "move_day", "day": 1, "to": 4},
        {"do": "change_day", "day": 1, "set": {"title": "自由活动"}},
        {"do": "change_trip", "set": {"adults": 4}},
        {"do": "remove", "key": first},
        {"do": "remove_day", "day": 3},
    ]
    saved = apply_edits(itinerary_id=trip.pk, revision=trip.revision, operations=operations, user=lin)
    trip.refresh_from_db()
    assert document(trip, days_of(working(trip))) != before
    apply_edits(itinerary_id=trip.pk, revision=saved.revision, operations=saved.inverses[::-1], user=lin)
    trip.refresh_from_db()
    assert document(trip, days_of(working(trip))) == before
    assert Operation.objects.filter(itinerary=trip, revision__gt=saved.revision - 9).count() == 18


def test_edits_of_two_people_are_merged_unless_they_collide(trip: Itinerary, lin: User, chen: User) -> None:
    base = trip.revision
    one, other = keys(trip)[:2]
    edit(trip, {"do": "change", "key": one, "set": {"note": "林岚的话"}}, user=lin)
    edit(trip, {"do": "change", "key": other, "set": {"note": "思雨的话"}}, revision=base, user=chen)
    with pytest.raises(Conflict) as conflict:
        edit(trip, {"do": "change", "key": one, "set": {"note": "太晚了"}}, revision=base, user=chen)
    assert conflict.value.theirs[0]["set"] == {"note": "林岚的话"}
    notes = {str(b.key): b.note for day in days_of(working(trip)) for b in day.blocks.all()}
    assert (notes[one], notes[other]) == ("林岚的话", "思雨的话")


@pytest.mark.parametrize(
    "operation",
    [
        {"do": "fly"},
        {"do": "remove", "key": "nothing"},
        {"do": "add", "day": 9, "at": 0, "block": {"key": "x"}},
        {"do": "add", "day": 1, "at": 0, "block": {"key": "not-a-uuid", "kind": "sight", "name": "x"}},
        {"do": "add", "day": 1, "at": 0, "block": {"key": str(uuid.uuid4()), "kind": "sight", "name": "x", "resource": 999999}},
        {"do": "add", "day": 1, "at": 0, "block": {"key": str(uuid.uuid4()), "kind": "sight", "name": "x", "price_amount": "-1"}},
        {"do": "change_trip", "set": {"adults": 0}},
        {"do": "change_trip", "set": {"starts_on": "gestern"}},
        {"do": "change_trip", "set": {"customer": 1}},
    ],
)  # fmt: skip
def test_edits_that_do_not_fit_change_nothing(trip: Itinerary, operation: dict[str, object]) -> None:
    before = document(trip, days_of(working(trip)))
    with pytest.raises(BadInput):
        edit(trip, operation)
    trip.refresh_from_db()
    assert document(trip, days_of(working(trip))) == before


def test_a_clone_is_priced_by_its_own_dates(
    trip: Itinerary, lin: User, starts_on: dt.date, hangzhou_resources: list[Resource]
) -> None:
    hotel = next(one for one in hangzhou_resources if one.kind == "hotel")
    later = starts_on + dt.timedelta(days=60)
    fresh = clone_itinerary(source=trip, starts_on=later, user=lin, customer=trip.customer)
    before = quote_itinerary(fresh).sheet
    Resource.objects.filter(pk=hotel.pk).update(price_amount=D(1000))
    after = quote_itinerary(fresh).sheet
    assert before is not None
    assert after is not None
    assert (fresh.starts_on, after.revenue > before.revenue) == (later, True)


# --- rates ---------------------------------------------------------------------------------------------------


def test_contract_rates_by_season_weekday_and_group(hangzhou_resources: list[Resource]) -> None:
    summer, autumn = dt.date(2027, 7, 3), dt.date(2027, 10, 4)  # a Saturday, a Monday
    rows = [
        Row(dt.date(2027, 6, 1), dt.date(2027, 8, 31), D(600), weekdays=(6, 7)),
        Row(dt.date(2027, 6, 1), dt.date(2027, 12, 31), D(400), weekdays=(1, 2, 3, 4, 5), pax=(1, 9)),
        Row(dt.date(2027, 6, 1), dt.date(2027, 12, 31), D(350), weekdays=(1, 2, 3, 4, 5), pax=(10, 99)),
    ]
    sku = save_contract(
        resource=hangzhou_resources[-1], code="TWN", name="双床房", unit=ChargeUnit.ROOM_NIGHT, rows=rows,
        supplements=[(SupplementKind.SINGLE_USE, D(380)), (SupplementKind.EXTRA_BED, D(120))], commission_percent=D(10),
    )  # fmt: skip
    few, many = contract_rates({(sku.pk, summer), (sku.pk, autumn)}, 2), contract_rates({(sku.pk, autumn)}, 12)
    assert (few[sku.pk, summer].amount, few[sku.pk, autumn].amount, many[sku.pk, autumn].amount) == (D(600), D(400), D(350))
    assert (few[sku.pk, autumn].single_use, few[sku.pk, autumn].commission_percent) == (D(380), D(10))
    assert contract_rates({(sku.pk, dt.date(2028, 1, 1))}, 2) == {}


def test_allotment_is_taken_whole_or_not_at_all(hangzhou_resources: list[Resource], starts_on: dt.date) -> None:
    days = [starts_on, starts_on + dt.timedelta(days=1)]
    row = Row(starts_on, days[1], D(1))
    sku = save_contract(resource=hangzhou_resources[-1], code="TWN", name="双床房", unit=ChargeUnit.ROOM_NIGHT, rows=[row])
    set_inventory(sku=sku, first=days[0], last=days[0], state=StockState.AVAILABLE, allotment=5, release_days=7)
    set_inventory(sku=sku, first=days[1], last=days[1], state=StockState.AVAILABLE, allotment=2, release_days=60)
    with pytest.raises(Refused):
        take_allotment(sku_id=sku.pk, days=days, pieces=3)
    take_allotment(sku_id=sku.pk, days=days, pieces=2)
    found = stock_of({(sku.pk, days[0]), (sku.pk, days[1]), (sku.pk, days[0] - dt.timedelta(days=1))}, 1)
    assert found == {
        (sku.pk, days[0]): Stock.YES,
        (sku.pk, days[1]): Stock.NO,
        (sku.pk, days[0] - dt.timedelta(days=1)): Stock.ASK,
    }
    with pytest.raises(Refused):
        set_inventory(sku=sku, first=days[0], last=days[1], state=StockState.AVAILABLE, allotment=1)
    give_back_allotment(sku_id=sku.pk, days=days, pieces=2)
    assert stock_of({(sku.pk, days[1])}, 1) == {(sku.pk, days[1]): Stock.ASK}  # within its release period


def test_foreign_contracts_use_the_buffered_rate(trip: Itinerary, hangzhou_resources: list[Resource], starts_on: dt.date) -> None:
    row = Row(starts_on, starts_on, D(10000))
    sku = save_contract(resource=hangzhou_resources[0], code="T", name="票", unit=ChargeUnit.GROUP, rows=[row], currency="JPY")
    edit(trip, {"do": "change", "key": keys(trip)[0], "set": {"resource": hangzhou_resources[0].pk, "sku": sku.pk}})
    assert quote_itinerary(trip).refused == "no_rate_of_exchange"
    ExchangeRate.objects.create(currency="JPY", day=clock.today(), rate=D("0.047"), buffer_percent=D(3))
    found = quote_itinerary(trip)
    assert found.sheet is not None
    assert found.frozen["exchange"]["JPY"]["used"] == "0.04841000"
    assert found.sheet.lines[0].total == D("484.10")


# --- quote and acceptance -------------------------------------------------------------------------------------


def test_a_quote_is_frozen_when_it_is_sent(trip: Itinerary, lin: User) -> None:
    proposal = sent(trip, lin)
    total, shown = proposal.total_amount, json.loads(json.dumps(proposal.shown))
    Resource.objects.update(price_amount=D(9999))
    proposal.refresh_from_db()
    assert (proposal.total_amount, proposal.shown) == (total, shown)
    assert working(trip).sent_at is not None
    trip.refresh_from_db()
    edit(trip, {"do": "add", "day": 1, "at": 0, "block": block(kind="fee", name="采茶")})
    assert working(trip).number == 2
    newer = sent(trip, lin)
    proposal.refresh_from_db()
    assert (proposal.state, newer.state, newer.number) == (QuoteState.SUPERSEDED, QuoteState.SENT, 2)
    changes = compare_versions(proposal, newer)
    assert changes["came"] == [(1, "采茶")]
    assert changes["delta"] == (newer.total_amount - total) * 100


def test_no_cost_ever_reaches_the_customer(trip: Itinerary, lin: User) -> None:
    """Costs that no price can equal by chance, and internal words, must not occur in what is frozen for the customer."""
    first = keys(trip)[0]
    edit(
        trip,
        {
            "do": "change",
            "key": first,
            "set": {"price_amount": "7319.31", "price_reason": "秘密理由", "internal_note": "内部备注"},
        },
    )
    proposal = sent(trip, lin)
    shown = json.dumps([proposal.shown, proposal.schedule, proposal.cancellation], ensure_ascii=False)
    costs = {line["amount"] for line in proposal.sheet["lines"]} | {line["total"] for line in proposal.sheet["lines"]}
    assert "7319.31" in costs
    for secret in [
        *(cost for cost in costs if len(cost) > 5),
        proposal.sheet["cost"],
        proposal.sheet["margin"],
        "秘密理由",
        "内部备注",
        "西湖地接社",
    ]:
        assert secret not in shown


def test_two_customers_with_the_same_trip_are_asked_for_the_same(trip: Itinerary, lin: User) -> None:
    """PIPL, article 24: spend, tags and stage of the customer change nothing; nor is there a way for them to be read."""
    ours = quote_itinerary(trip).sheet
    rich = Customer.objects.create(name="钱多多", owner=lin, lifecycle="customer")
    same_trip = Itinerary.objects.filter(pk=trip.pk)
    same_trip.update(customer=rich)
    trip.refresh_from_db()
    theirs = quote_itinerary(trip).sheet
    assert ours is not None
    assert theirs is not None
    assert [c.price for c in ours.cells] == [c.price for c in theirs.cells]
    assert ours.revenue == theirs.revenue


def test_pricing_imports_nothing_about_customers() -> None:
    from pathlib import Path

    for path in Path("itinerary/pricing").glob("*.py"):
        text = path.read_text()
        assert "customers" not in text.replace("customers do", ""), path
        assert "tagging" not in text
    source = Path("itinerary/queries/documents.py").read_text()
    assert "itinerary.customer" not in source
    assert "tagging" not in source


def test_accepting_places_one_order_with_deposit_and_balance(trip: Itinerary, lin: User) -> None:
    proposal = sent(trip, lin)
    order = accept_quote(sent_id=proposal.pk, version_hash=proposal.content_hash, name=" 陈雨 ", ip="1.2.3.4")
    again = accept_quote(sent_id=proposal.pk, version_hash=proposal.content_hash, name="陈雨")
    assert (again.pk, Order.objects.count()) == (order.pk, 1)
    parts = list(order.instalments.order_by("position"))
    assert order.total_amount == proposal.total_amount == sum(part.amount for part in parts)
    assert [part.position for part in parts] == [1, 2]
    assert parts[1].due_on == trip.starts_on - dt.timedelta(days=14)
    assert next_instalment(order) == parts[0]
    trip.refresh_from_db()
    assert trip.stage == TripStage.ACCEPTED
    with pytest.raises(Refused):
        edit(trip, {"do": "add", "day": 1, "at": 0, "block": block()})


@pytest.mark.parametrize("code", ["expired", "superseded", "revoked", "changed", "not_yours"])
def test_what_is_no_longer_offered_cannot_be_accepted(trip: Itinerary, lin: User, code: str) -> None:
    proposal = sent(trip, lin)
    version_hash, at, customer = proposal.content_hash, clock.now(), None
    if code == "expired":
        at = proposal.valid_until
    elif code == "superseded":
        sent(trip, lin)
    elif code == "revoked":
        revoke_proposal(sent=proposal, user=lin)
    elif code == "changed":
        version_hash = "0" * 64
    else:
        customer = Customer.objects.create(name="别人")
    with time_machine.travel(at), pytest.raises(Refused) as refused:
        accept_quote(sent_id=proposal.pk, version_hash=version_hash, name="陈雨", customer=customer)
    assert refused.value.code == code
    assert not Order.objects.exists()


def test_a_trip_with_conflicts_or_without_prices_is_not_sent(trip: Itinerary, lin: User) -> None:
    late = block(starts=100, ends=160)
    edit(trip, {"do": "add", "day": 1, "at": 0, "block": late})
    with pytest.raises(Refused) as refused:
        sent(trip, lin)
    assert refused.value.code == "not_sellable"
    assert check_version(trip).issues.filter(code="TIME-08").exists()
    edit(trip, {"do": "change", "key": late["key"], "set": {"price_amount": None}})
    with pytest.raises(Refused) as refused:
        sent(trip, lin)
    assert refused.value.code == "no_rate"
    assert not QuoteVersion.objects.exists()


def test_views_and_comments(trip: Itinerary, lin: User) -> None:
    proposal = sent(trip, lin)
    for visitor in ("a", "a", "b"):
        note_view(sent=proposal, visitor=visitor)
    assert sorted(proposal.views.values_list("opens", flat=True)) == [1, 2]
    assert comment(sent=proposal, day=2, name="陈雨", text="第二天能晚点出发吗").day == 2
    with pytest.raises(BadInput):
        comment(sent=proposal, day=2, name="陈雨", text="   ")


# --- the trip --------------------------------------------------------------------------------------------------


@pytest.fixture
def opened(trip: Itinerary, lin: User) -> Trip:
    proposal = sent(trip, lin)
    order = accept_quote(sent_id=proposal.pk, version_hash=proposal.content_hash, name="陈雨")
    assert open_trip(order.pk) is None  # not paid
    deposit = next_instalment(order)
    assert deposit is not None
    Order.objects.filter(pk=order.pk).update(state="paid", paid_at=clock.now(), paid_amount=deposit.amount)
    order.instalments.filter(pk=deposit.pk).update(paid_at=clock.now())
    trip_ = open_trip(order.pk)
    assert trip_ is not None
    assert open_trip(order.pk) == trip_
    return trip_


def test_a_paid_deposit_opens_the_trip(opened: Trip) -> None:
    assert Itinerary.objects.get(pk=opened.itinerary_id).stage == TripStage.DEPOSIT
    assert opened.ends_on == opened.starts_on + dt.timedelta(days=2)
    assert list(opened.reminders.order_by("due_at").values_list("kind", flat=True)) == ["t-7", "t-3", "t-1", "day"]
    assert opened.bookings.filter(name__startswith="酒店").count() == 2


def test_reminders_look_again_when_they_are_due(opened: Trip, lin: User) -> None:
    reminder = opened.reminders.get(kind="t-7")
    booking = opened.bookings.order_by("id")[0]
    set_booking(booking_id=booking.pk, state=BookingState.CONFIRMED, user=lin, reference="HZ-1")
    with time_machine.travel(reminder.due_at):
        run_reminder(reminder.pk)
        run_reminder(reminder.pk)
    reminder.refresh_from_db()
    assert reminder.state == ReminderState.DONE
    assert {one["code"] for one in reminder.findings} == {"unpaid", "not_booked", "names_missing", "paper_missing"}
    assert booking.name not in {one.get("name") for one in reminder.findings if one.get("day") == booking.day}
    eve = opened.reminders.get(kind="t-1")
    Order.objects.filter(pk=opened.order_id).update(state="refunded")
    with time_machine.travel(eve.due_at):
        run_reminder(eve.pk)
    eve.refresh_from_db()
    assert (eve.state, eve.findings) == (ReminderState.SKIPPED, [])


def test_bookings_hold_fail_and_are_replaced(opened: Trip, lin: User) -> None:
    booking = opened.bookings.order_by("id")[0]
    set_booking(booking_id=booking.pk, state=BookingState.HELD, user=lin, hold_until=clock.now())
    set_booking(booking_id=booking.pk, state=BookingState.FAILED, user=lin)
    new = replace_booking(booking_id=booking.pk, name="另一家", cost_amount=D(500), user=lin)
    booking.refresh_from_db()
    assert (booking.state, booking.replaced_by, new.state) == (BookingState.REPLACED, new, BookingState.WANTED)
    with pytest.raises(Refused):
        set_booking(booking_id=booking.pk, state=BookingState.CONFIRMED, user=lin)
    assert SupplierBooking.objects.get(pk=new.pk).block_key == booking.block_key
