"""Trips in the making and trips sold, in every state there is: made by the same services as any other."""

import datetime as dt

from django.conf import settings

from core import clock
from core.money import to_fen
from customers.choices import Kinship
from customers.models import Customer, Traveller
from gateways.pay import PaymentNotice
from itinerary.choices import BookingState, TripStage
from itinerary.models import Itinerary, QuoteVersion, Trip
from itinerary.services.briefs import start_from_brief
from itinerary.services.copies import save_template
from itinerary.services.quoting import accept_quote, comment, note_view, send_proposal
from itinerary.services.travelling import set_document, set_passengers
from itinerary.services.trips import open_trip
from orders.models import Order, Payment
from orders.services.payments import next_instalment, settle_payment
from scrm.demo.loader.load import Story
from staff.models import User

# What customers said, how long ahead it is, and how far it has come.
_BRIEFS = (
    ("两大一小去大理丽江玩5天，孩子8岁，住四星，节奏轻松，从杭州出发", 45, "design"),
    ("三个大人去西安玩4天，想看兵马俑，预算一万五", 38, "design"),
    ("两个人去成都玩3天，预算两千，住五星，一定要去熊猫基地", 33, "design"),
    ("我们四个人去三亚玩4天，住五星，从杭州飞", 30, "quoted"),
    ("两大一小去成都玩4天，孩子6岁，想看熊猫", 26, "quoted"),
    ("两个人去大理玩4天，拍照，轻松一点", 24, "accepted"),
    ("六个人去西安玩3天，住四星", 12, "deposit"),
    ("两大一小去三亚玩5天，孩子5岁，亲子", 6, "ready"),
    ("两个人去成都玩3天，美食", 2, "travelling"),
)
_SAID = ("第二天能不能晚点出发？", "酒店想要海景房", "孩子不吃辣，餐厅帮忙留意")


def load_itineraries(story: Story) -> int:
    """One itinerary for each sentence, for customers who write to us; how many. Nothing is sent to anybody."""
    people = list(
        Customer.objects.filter(owner__isnull=False).exclude(name="").select_related("owner").order_by("-pk")[: len(_BRIEFS)]
    )
    made = 0
    for at, ((brief, ahead, state), customer) in enumerate(zip(_BRIEFS, people, strict=False)):
        if customer.owner is None:
            continue
        starts_on = clock.today() + dt.timedelta(days=ahead)
        itinerary = start_from_brief(customer=customer, user=customer.owner, brief=brief, starts_on=starts_on)
        made += 1
        if at == 0:
            save_template(source=itinerary, title="大理丽江5日·亲子轻松", user=customer.owner)
        if state != "design":
            _sell(itinerary, customer, customer.owner, state)
    return made


def _sell(itinerary: Itinerary, customer: Customer, user: User, state: str) -> None:
    sent = send_proposal(itinerary=itinerary, user=user)
    for visitor in range(3):
        note_view(sent=sent, visitor=f"demo {visitor}")
    comment(sent=sent, day=2, name=customer.name[:40], text=_SAID[itinerary.pk % len(_SAID)])
    if state == "quoted":
        return
    order = accept_quote(sent_id=sent.pk, version_hash=sent.content_hash, name=customer.name)
    if state == "accepted":
        return
    _pay(order)
    trip = open_trip(order.pk)
    if trip is None:
        return
    if state in {"ready", "travelling"}:
        _prepare(trip, customer, user)
    if state == "travelling":
        _pay(order)
        _has_left(trip, sent)


def _pay(order: Order) -> None:
    """The next part, as the platform would tell it."""
    part = next_instalment(order)
    if part is None:
        return
    number = f"{order.no}I{part.position}"
    Payment.objects.create(order=order, instalment=part, out_trade_no=number, openid="demo", amount=part.amount)
    settle_payment(
        PaymentNotice(
            event_type="TRANSACTION.SUCCESS", out_trade_no=number, transaction_id=f"demo{order.pk:010}{part.position}",
            trade_state="SUCCESS", amount_fen=to_fen(part.amount), currency="CNY", appid=settings.VENDORS["MINI_APP_ID"],
            mchid=settings.VENDORS["PAY_MCH_ID"], success_at=clock.now(),
        )
    )  # fmt: skip


def _prepare(trip: Trip, customer: Customer, user: User) -> None:
    """Names, rooms, papers and most bookings."""
    itinerary = trip.itinerary
    born = [1988, 1990, *(clock.today().year - age for age in itinerary.child_ages)]
    names = [customer.name, f"{customer.name[:1]}先生", *(f"{customer.name[:1]}小朋友" for _age in itinerary.child_ages)]
    kin = [Kinship.SELF, Kinship.SPOUSE, *(Kinship.CHILD for _age in itinerary.child_ages)]
    people = [
        Traveller.objects.create(customer=customer, name=name, birthday=dt.date(year, 6, 1), kinship=of)
        for name, year, of in zip(names, born, kin, strict=True)
    ]
    set_passengers(trip=trip, traveller_ids=[one.pk for one in people], rooms={}, user=user)
    for paper in list(trip.documents.order_by("pk"))[:3]:
        set_document(document_id=paper.pk, is_ready=True, reference=f"HT{trip.pk:05}", user=user)
    bookings = list(trip.bookings.order_by("day", "pk"))
    done = [one.pk for one in bookings[:-2]]
    trip.bookings.filter(pk__in=done).update(state=BookingState.CONFIRMED, reference="已确认")
    if bookings:
        until = clock.now() + dt.timedelta(days=1)
        trip.bookings.filter(pk=bookings[-1].pk).update(state=BookingState.HELD, hold_until=until)


def _has_left(trip: Trip, sent: QuoteVersion) -> None:
    """The trip began yesterday."""
    began = clock.today() - dt.timedelta(days=1)
    days = sent.shown["days"]
    trip.bookings.update(state=BookingState.CONFIRMED, hold_until=None)
    Trip.objects.filter(pk=trip.pk).update(starts_on=began, ends_on=began + dt.timedelta(days=days - 1))
    Itinerary.objects.filter(pk=trip.itinerary_id).update(starts_on=began, stage=TripStage.TRAVELLING)
