"""A sold trip: its people and papers, its reminders, and what becomes of it when the customer changes his mind."""

import datetime as dt
import json
import time
from decimal import Decimal

import pytest
import time_machine
from django.test import Client

from core import clock
from core.errors import BadInput, Refused
from customers.models import Customer, Traveller
from itinerary.choices import BookingState, ChangeKind, ChangeState, ReminderState, TripStage
from itinerary.models import Itinerary, QuoteVersion, Reminder, Trip
from itinerary.papers.render import render
from itinerary.queries.departures import departures, name_list, rooming
from itinerary.services.quoting import accept_quote, send_proposal
from itinerary.services.reminding import look_at, run_reminder
from itinerary.services.travelling import ask_change, cancelling, decide_change, set_document, set_passengers
from itinerary.services.trips import open_trip
from orders.choices import OrderState, PaymentState
from orders.models import Order, Payment, Refund
from staff.models import User

D = Decimal


@pytest.fixture
def sold(trip: Itinerary, lin: User) -> Trip:
    """The trip accepted, its deposit paid."""
    sent = send_proposal(itinerary=trip, user=lin)
    order = accept_quote(sent_id=sent.pk, version_hash=sent.content_hash, name="陈雨")
    first = order.instalments.order_by("position")[0]
    now = clock.now()
    order.instalments.filter(pk=first.pk).update(paid_at=now)
    Order.objects.filter(pk=order.pk).update(state=OrderState.PAID, paid_at=now, paid_amount=first.amount)
    Payment.objects.create(
        order=order, instalment=first, out_trade_no=f"{order.no}I1", transaction_id="4200", openid="o", amount=first.amount,
        state=PaymentState.PAID, paid_at=now,
    )  # fmt: skip
    opened = open_trip(order.pk)
    assert opened is not None
    return Trip.objects.select_related("itinerary", "order", "quote_version").get(pk=opened.pk)


@pytest.fixture
def family(customer: Customer) -> list[Traveller]:
    """陈雨, a husband, a child of eight."""
    rows = [("陈雨", dt.date(1990, 5, 1)), ("=HYPERLINK(1)", dt.date(1988, 3, 2)), ("陈小小", dt.date(2018, 9, 9))]
    return [Traveller.objects.create(customer=customer, name=name, birthday=born) for name, born in rows]


# --- people and papers ---------------------------------------------------------------------------------------


def test_people_are_put_into_rooms(sold: Trip, family: list[Traveller], lin: User) -> None:
    set_passengers(trip=sold, traveller_ids=[one.pk for one in family], rooms={family[2].pk: 7}, user=lin)
    rooms = {room: [one.traveller.name for one in people] for room, people in rooming(name_list(sold))}
    assert rooms == {1: ["陈雨", "=HYPERLINK(1)"], 7: ["陈小小"]}


def test_strangers_and_too_many_are_refused(sold: Trip, family: list[Traveller], lin: User) -> None:
    stranger = Traveller.objects.create(customer=Customer.objects.create(name="别人"), name="外人")
    more = Traveller.objects.create(customer=sold.order.customer, name="第四人")
    for ids in ([stranger.pk], [*(one.pk for one in family), more.pk]):
        with pytest.raises(BadInput):
            set_passengers(trip=sold, traveller_ids=ids, rooms={}, user=lin)
    assert not sold.passengers.exists()


def test_the_list_to_take_along_is_masked_and_harmless(sold: Trip, family: list[Traveller], lin: User, client: Client) -> None:
    set_passengers(trip=sold, traveller_ids=[one.pk for one in family], rooms={}, user=lin)
    client.force_login(lin)
    text = client.get(f"/departures/{sold.itinerary.no}/names.csv").content.decode("utf-8-sig")
    assert "陈小小" in text
    assert "'=HYPERLINK" in text
    pdf = client.get(f"/departures/{sold.itinerary.no}/names.pdf")
    assert pdf.content[:5] == b"%PDF-"


def test_what_is_open_is_named_and_closes(sold: Trip, family: list[Traveller], lin: User) -> None:
    codes = {one["code"] for one in look_at(sold)}
    assert codes == {"unpaid", "not_booked", "names_missing", "paper_missing"}
    set_passengers(trip=sold, traveller_ids=[one.pk for one in family], rooms={}, user=lin)
    for paper in sold.documents.all():
        set_document(document_id=paper.pk, is_ready=True, reference="A1", user=lin)
    sold.bookings.update(state=BookingState.CONFIRMED)
    sold.order.instalments.update(paid_at=clock.now())
    assert look_at(sold) == []
    row = departures(lin, sold.starts_on - dt.timedelta(days=2))[0]
    assert (row.is_ready, row.tone, row.days, row.named) == (True, "good", 2, 3)


# --- reminders -----------------------------------------------------------------------------------------------


def test_reminders_look_again_and_write_once(sold: Trip) -> None:
    rows = list(sold.reminders.order_by("due_at"))
    assert [one.kind for one in rows] == ["t-7", "t-3", "t-1", "day"]
    with time_machine.travel(rows[0].due_at, tick=False):
        run_reminder(rows[0].pk)
        run_reminder(rows[0].pk)
    done = Reminder.objects.get(pk=rows[0].pk)
    assert done.state == ReminderState.DONE
    assert {one["code"] for one in done.findings} >= {"unpaid", "not_booked"}
    assert set(done.outcome) in ({"message", "channel"}, {"held_back"})
    with time_machine.travel(rows[3].due_at, tick=False):
        run_reminder(rows[3].pk)
    sold.itinerary.refresh_from_db()
    assert sold.itinerary.stage == TripStage.TRAVELLING


# --- changing one's mind -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("before", "percent"), [(30, 0), (6, 20), (3, 40), (0, 60)])
def test_cancelling_costs_what_the_snapshot_says(sold: Trip, before: int, percent: int) -> None:
    terms = cancelling(sold, sold.starts_on - dt.timedelta(days=before))
    assert terms.fee_amount == (sold.quote_version.total_amount * percent / 100).quantize(D("0.01"))
    assert terms.refund_amount == max(sold.order.paid_amount - terms.fee_amount, D(0))


def test_terms_changed_later_do_not_count(sold: Trip) -> None:
    QuoteVersion.objects.filter(pk=sold.quote_version_id).update(cancellation=[{"days_from": 60, "days_to": 0, "percent": "90"}])
    sold.quote_version.refresh_from_db()
    assert cancelling(sold).percent == 90, "it is the snapshot that counts, whatever the tiers of today are"


def test_a_cancelled_trip_is_let_go(sold: Trip, lin: User) -> None:
    change = ask_change(trip=sold, kind=ChangeKind.CANCEL, reason="孩子生病", user=lin)
    with pytest.raises(Refused):
        ask_change(trip=sold, kind=ChangeKind.CHANGE, reason="再改", user=lin)
    decide_change(change_id=change.pk, accept=True, user=lin)
    with pytest.raises(Refused):
        decide_change(change_id=change.pk, accept=False, user=lin)
    sold.itinerary.refresh_from_db()
    assert sold.itinerary.stage == TripStage.LOST
    assert set(sold.bookings.values_list("state", flat=True)) == {BookingState.CANCELLED}
    assert set(sold.reminders.values_list("state", flat=True)) == {ReminderState.SKIPPED}
    (refund,) = Refund.objects.filter(payment__order=sold.order)
    assert refund.amount == change.refund_amount == sold.order.paid_amount
    assert departures(lin, sold.starts_on) == []


def test_a_declined_change_leaves_all_as_it_is(sold: Trip, lin: User) -> None:
    change = ask_change(trip=sold, kind=ChangeKind.CANCEL, reason="问问", user=lin)
    decide_change(change_id=change.pk, accept=False, user=lin)
    change.refresh_from_db()
    sold.itinerary.refresh_from_db()
    assert (change.state, sold.itinerary.stage) == (ChangeState.DECLINED, TripStage.DEPOSIT)


# --- pages ---------------------------------------------------------------------------------------------------


def test_board_trip_and_versions_are_read_and_worked_on(sold: Trip, family: list[Traveller], lin: User, client: Client) -> None:
    client.force_login(lin)
    no = sold.itinerary.no
    assert sold.itinerary.title in client.get("/departures").content.decode()
    assert client.get(f"/departures/{no}").status_code == 200
    booking = sold.bookings.order_by("pk")[0]
    client.post(f"/departures/{no}/booking", {"booking": booking.pk, "state": "failed"})
    client.post(f"/departures/{no}/booking", {"booking": booking.pk, "name": "另一家酒店", "cost": "380"})
    booking.refresh_from_db()
    assert booking.replaced_by is not None
    assert (booking.state, booking.replaced_by.name) == (BookingState.REPLACED, "另一家酒店")
    ids = [one.pk for one in family]
    client.post(f"/departures/{no}/passengers", {"traveller": ids, f"room-{ids[0]}": "3"})
    assert sold.passengers.count() == 3
    paper = sold.documents.order_by("pk")[0]
    client.post(f"/departures/{no}/document", {"document": paper.pk, "is_ready": "1", "reference": "HT-1"})
    client.post(f"/departures/{no}/change", {"kind": "cancel", "reason": "行程有变"})
    page = client.get(f"/departures/{no}").content.decode()
    for text in ("另一家酒店", "陈小小", "HT-1", "行程有变"):
        assert text in page
    assert client.post(f"/departures/{no}/booking", {"booking": 999999, "state": "held"}).status_code == 404
    assert client.get(f"/itineraries/{no}/versions").status_code == 200


def test_versions_are_compared_page_by_page(trip: Itinerary, lin: User, client: Client) -> None:
    from itinerary.queries.documents import days_of, working
    from itinerary.services.editing import apply_edits

    send_proposal(itinerary=trip, user=lin)
    trip.refresh_from_db()
    key = next(str(one.key) for day in days_of(working(trip)) for one in day.blocks.all() if one.kind == "sight")
    apply_edits(itinerary_id=trip.pk, revision=trip.revision, operations=[{"do": "remove", "key": key}], user=lin)
    trip.refresh_from_db()
    send_proposal(itinerary=trip, user=lin)
    client.force_login(lin)
    page = client.get(f"/itineraries/{trip.no}/versions").content.decode()
    assert 'id="difference"' in page
    assert "−" in page


# --- papers --------------------------------------------------------------------------------------------------


def test_the_proposal_on_paper_in_less_than_a_second(trip: Itinerary, lin: User, client: Client) -> None:
    sent = send_proposal(itinerary=trip, user=lin)
    pdf = client.get(f"/p/{sent.token}.pdf")
    assert (pdf.status_code, pdf.content[:5]) == (200, b"%PDF-")
    picture = client.get(f"/p/{sent.token}.png")
    assert (picture.status_code, picture.content[:4]) == (200, b"\x89PNG")
    QuoteVersion.objects.filter(pk=sent.pk).update(valid_until=clock.now())
    assert client.get(f"/p/{sent.token}.pdf").status_code == 410
    assert client.get("/p/nonsense.pdf").status_code == 404


def test_papers_take_texts_as_texts() -> None:
    evil = '#panic("x") $1/0$ ] #include("/etc/passwd") <b> \\ "'
    began = time.process_time()
    data = {"title": evil, "under": evil, "head": [evil] * 6, "rows": [[evil] * 6]}
    assert render("names", data, "pdf")[:5] == b"%PDF-"
    assert time.process_time() - began < 2
    assert json.dumps(data)


def test_the_customer_chooses_and_pays_for_the_choice(trip: Itinerary, lin: User, client: Client) -> None:
    from itinerary.queries.documents import days_of, document, working
    from itinerary.services.editing import apply_edits

    blocks = document(trip, days_of(working(trip)))["days"][0]["blocks"]
    hotel = next(one for one in blocks if one["kind"] == "hotel")
    better = {
        **hotel,
        "key": "11111111-1111-4111-8111-111111111111",
        "name": "湖景酒店",
        "resource": None,
        "price_amount": "1500",
        "alternative": "h1",
    }
    operations = [
        {"do": "change", "key": hotel["key"], "set": {"alternative": "h1"}},
        {"do": "add", "day": 1, "at": 99, "block": better},
    ]
    apply_edits(itinerary_id=trip.pk, revision=trip.revision, operations=operations, user=lin)
    trip.refresh_from_db()
    sent = send_proposal(itinerary=trip, user=lin)
    (group,) = sent.shown["options"]
    delta = D(group["choices"][1]["delta"])
    assert (D(group["choices"][0]["delta"]), [one["name"] for one in group["choices"]]) == (D(0), [hotel["name"], "湖景酒店"])
    assert delta > 0
    assert "1500" not in json.dumps(sent.shown)
    page = client.get(f"/p/{sent.token}").content.decode()
    assert f'name="choice-h1" value="{better["key"]}"' in page
    assert client.get(f"/p/{sent.token}/1.svg").content[:4] == b"<svg"
    with pytest.raises(BadInput):
        accept_quote(sent_id=sent.pk, version_hash=sent.content_hash, name="陈雨", choices={"h1": "nonsense"})
    client.post(f"/p/{sent.token}/accept", {"name": "陈雨", "content_hash": sent.content_hash, "choice-h1": better["key"]})
    order = Order.objects.get()
    assert order.total_amount == sent.total_amount + delta
    assert sum(part.amount for part in order.instalments.all()) == order.total_amount
    Order.objects.filter(pk=order.pk).update(state=OrderState.PAID, paid_at=clock.now())
    opened = open_trip(order.pk)
    assert opened is not None
    booked = list(opened.bookings.filter(day=1).values_list("name", flat=True))
    assert "湖景酒店" in booked
    assert hotel["name"] not in booked
