"""The main story in one piece: a sentence in the mini-program becomes a plan, a quote, an order, a trip with its reminders."""

import datetime as dt
import uuid
from typing import Any

import time_machine
from django.conf import settings
from django.test import Client

from catalog.models import Resource
from core import clock
from core.event_types import OrderPaid
from core.money import to_fen
from customers.models import Customer
from gateways.pay import PaymentNotice
from itinerary.choices import TripStage
from itinerary.handlers import on_order_paid
from itinerary.models import Itinerary, QuoteVersion, Trip, TripRequest
from itinerary.services.reminding import run_reminder
from itinerary.services.requests import draft_requested
from orders.models import Order, Payment
from orders.services.payments import next_instalment, settle_payment
from staff.models import User
from tests.factories import make_token


def pay(order: Order) -> None:
    """The platform says that the next part was paid."""
    part = next_instalment(order)
    assert part is not None
    number = f"{order.no}X{part.position}"
    Payment.objects.create(order=order, instalment=part, out_trade_no=number, openid="o1", amount=part.amount)
    notice = PaymentNotice(
        event_type="TRANSACTION.SUCCESS", out_trade_no=number, transaction_id=f"4200{part.position}", trade_state="SUCCESS",
        amount_fen=to_fen(part.amount), currency="CNY", appid=settings.VENDORS["MINI_APP_ID"],
        mchid=settings.VENDORS["PAY_MCH_ID"], success_at=clock.now(),
    )  # fmt: skip
    assert settle_payment(notice) is not None


def test_from_a_sentence_to_a_trip(hangzhou_resources: list[Resource], rules: None, customer: Customer, lin: User) -> None:
    phone, desk = Client(), Client()
    member: dict[str, Any] = {"HTTP_AUTHORIZATION": f"Bearer {make_token(customer)}"}

    # the customer writes one sentence; the plan is made in the background
    text = "下个月20号两大一小去杭州玩三天，孩子8岁，节奏轻松"
    said = phone.post(
        "/api/mp/v1/trips/request", {"text": text}, content_type="application/json", HTTP_IDEMPOTENCY_KEY="story-one", **member
    )
    assert said.json()["is_complete"] is True
    with time_machine.travel(clock.now() + dt.timedelta(seconds=30)):
        draft_requested(TripRequest.objects.get().pk)
    itinerary = Itinerary.objects.get()
    assert itinerary.planning["reasons"]

    # the advisor edits it in the browser and sends it
    desk.force_login(lin)
    state = desk.get(f"/itineraries/{itinerary.no}/data.json").json()
    sight = next(block for day in state["document"]["days"] for block in day["blocks"] if block["kind"] == "sight")
    change = {"do": "change", "key": sight["key"], "set": {"note": "请带身份证", "is_locked": True}}
    own = {"key": str(uuid.uuid4()), "kind": "activity", "name": "采茶", "starts": 540, "ends": 540, "price_amount": "60"}
    body = {
        "revision": state["revision"],
        "operations": [change, {"do": "add", "day": 3, "at": 0, "block": {**own, "is_optional": True}}],
    }
    assert desk.post(f"/itineraries/{itinerary.no}/edits", body, content_type="application/json").status_code == 200
    desk.post(f"/itineraries/{itinerary.no}/send")
    sent = QuoteVersion.objects.get()

    # the customer reads and accepts it on the phone, and pays the deposit
    page = phone.get(f"/p/{sent.token}").content.decode()
    assert "请带身份证" in page
    given = {"name": "陈雨", "content_hash": sent.content_hash}
    accepted = phone.post(
        f"/api/mp/v1/proposals/{sent.token}/accept",
        given,
        content_type="application/json",
        HTTP_IDEMPOTENCY_KEY="story-two",
        **member,
    )
    order = Order.objects.get(no=accepted.json()["order"])
    assert accepted.json()["pay_now"] > 0
    pay(order)
    on_order_paid(OrderPaid(customer.pk, order.pk, order.total_amount))

    # and it is a trip: bookings, papers, reminders that look again
    trip = Trip.objects.get(order=order)
    assert trip.bookings.exists()
    assert trip.documents.count() == 5
    reminder = trip.reminders.order_by("due_at")[0]
    with time_machine.travel(reminder.due_at):
        run_reminder(reminder.pk)
    reminder.refresh_from_db()
    assert reminder.outcome
    itinerary.refresh_from_db()
    assert itinerary.stage == TripStage.DEPOSIT
    assert "T-" in desk.get("/departures").content.decode()
