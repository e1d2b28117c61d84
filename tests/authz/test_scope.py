"""Object scope: what belongs to a stranger's customer does not exist, on every URL that names such an object."""

import datetime as dt
import uuid
from decimal import Decimal

import pytest
from django.test import Client

from campaigns.models import FollowUp, Journey, JourneyRun, JourneyVersion
from catalog.models import Departure, Destination, Product
from core import clock
from core.secrets import seal
from customers.models import Customer, DataRequest, HouseholdMember, MergeReview, Note, Traveller, TravellerDocument
from customers.services.exports import make_export
from customers.services.households import save_traveller
from customers.services.merging import merge_customers
from itinerary.models import Itinerary, ItineraryVersion, Quote, QuoteVersion, Trip
from membership.models import (
    Adjustment,
    Coupon,
    CouponTemplate,
    MallItem,
    MallOrder,
    MemberService,
    MemberTask,
    ServiceBooking,
    ServiceSlot,
    TaskDone,
)  # fmt: skip
from messaging.models import Message
from messaging.services.chats import Inbound, receive_chat
from orders.models import Order
from service_bot.models import Turn
from staff.models import User
from staff.rules import can
from tests.authz.routes import Route, declared
from tests.factories import make_customer

# Parameters that name something with an owner. A new parameter must be put here or among the shared ones.
SCOPED = {
    "customer_id", "note_id", "task_id", "no", "refund_id", "review_id", "merge_id", "traveller_id", "member_id",
    "document_id", "request_id", "export_id", "message_id", "adjustment_id", "done_id", "exchange_id", "booking_id", "coupon_id",
    "conversation_id", "turn_id",
    "passage_id",
}  # fmt: skip
SHARED = {
    "day": "a day of a proposal, whose secret link stands before it",
    "moment_id": "Moments are the agency's; reactions of customers out of scope are left out",
    "journey_id": "journeys are the agency's; the people in them are filtered by the page",
    "campaign_id": "campaigns are the agency's; the people inside them are filtered by the page",
    "variant_id": "campaigns are the agency's",
    "code": "products are the agency's",
    "department_id": "administrators only",
    "text_id": "privacy texts are the agency's",
    "user_id": "administrators and auditors only",
    "entry_id": "knowledge is the agency's",
    "evaluation_id": "knowledge is the agency's",
    "document_id": "knowledge is the agency's",
    **dict.fromkeys(
        ["resource_id", "pair_id", "change_id", "supplier_id", "sku_id", "plan_id", "item_id", "key"],
        "suppliers and the library are the agency's",
    ),
    "line_id": "the mini-program's own: tests/messaging/test_chats.py",
    "batch_id": "imports are the agency's",
    "key_id": "keys of sources are the agency's",
    "rejection_id": "what sources sent is the agency's",
    "run_id": "imports are the agency's",
    **dict.fromkeys(
        ["group_id", "tag_id", "rule_id", "segment_id", "version_id"], "the taxonomy is the agency's; people in it are filtered"
    ),
    **dict.fromkeys(["channel_id", "way_id", "absence_id", "action", "kind", "ending"], "channels are the agency's"),
    **dict.fromkeys(
        ["template_id", "service_id", "record_id"], "coupons and services are the agency's; people in them are filtered"
    ),
    **dict.fromkeys(["item_id", "slot_id", "task"], "what members are offered is the agency's"),
    "booking_no": "a member's own, 404 for everybody else",
    "benefit": "a benefit's code; the customer stands beside it",
    **dict.fromkeys(["day", "difference_id"], "the agency's bills: administrators, finance and auditors only"),
    **dict.fromkeys(
        ["merchant_code", "offer_id", "redemption_id", "statement_id", "person_id", "dispute_id"],
        "reached through the merchant somebody works for: tests/merchants/test_assistant.py; the agency's managers see all",
    ),
    "state": "printed on a public code",
    "sync_id": "synchronisations are the agency's",
    "chat_id": "the simulator's own world",
    "name": "a card of the workbench, filled by the user's own scope",
    "fact": "a field's name; the customer stands beside it",
    **dict.fromkeys(["view_id", "bulk_id"], "only their owner's, whoever asks: tests/customers/test_lists.py, test_bulk.py"),
    "token": "a random token in the customer's hands",
    **dict.fromkeys(
        ["media_id", "userid", "msgid", "external_userid", "who", "out_trade_no", "entry"], "the simulator's own world"
    ),
}
ROUTES = [route for route in declared() if set(route.parameters) & SCOPED and not route.path.startswith(("api/", "sim/"))]


def test_every_parameter_is_known_to_be_scoped_or_shared() -> None:
    named = {name for route in declared() for name in route.parameters}
    assert named - SCOPED - set(SHARED) == set()


@pytest.fixture
def stranger_s(wang: User) -> dict[str, object]:
    """One of each thing, all belonging to a customer of 王子涵 in Ningbo."""
    customer = make_customer("钱多多", owner=wang, department=wang.department)
    destination = Destination.objects.create(code="yunnan", name="云南", cities=["大理"])
    product = Product.objects.create(code="P01", name="云南6日", destination=destination, days=6, price_from_amount=Decimal(3980))
    day = dt.date(2027, 5, 1)
    departure = Departure.objects.create(
        product=product, departs_on=day, adult_amount=Decimal(3980), child_amount=Decimal(2980), seats=20
    )
    now = clock.now()
    traveller = Traveller.objects.create(customer=customer, name="多多")
    document = TravellerDocument.objects.create(
        traveller=traveller, kind="passport", number_sealed=seal("E12345678"), last_four="5678", consent_version="1",
        consent_source="mini", consent_at=now,
    )  # fmt: skip
    order = Order.objects.create(
        no="A2611240001", customer=customer, product=product, departure=departure, adults=1,
        adult_amount=3980, child_amount=2980, total_amount=3980, placed_at=now, hold_until=now,
    )  # fmt: skip
    itinerary = Itinerary.objects.create(no=order.no, title="云南6日", customer=customer, owner=wang, starts_on=day)
    _sell(itinerary, ItineraryVersion.objects.create(itinerary=itinerary, number=1), order)
    journey = Journey.objects.create(name="欢迎", created_by=wang)
    version = JourneyVersion.objects.create(
        journey=journey,
        number=1,
        live_from=now,
        published_by=wang,
        flow={"trigger": {"kind": "friend"}, "steps": [{"id": "a", "do": "end"}]},
    )
    return {
        "customer_id": customer.pk,
        "note_id": Note.objects.create(customer=customer, author=wang, text="喜欢安静").pk,
        "task_id": FollowUp.objects.create(
            key="k", customer=customer, assignee=wang, title="回访", reason="checkout_unpaid", due_at=now
        ).pk,
        "no": order.no,
        "traveller_id": save_traveller(customer, name="钱小多", kinship="child").pk,
        "member_id": HouseholdMember.objects.get(customer=customer).pk,
        "review_id": MergeReview.objects.create(
            left=customer, right=make_customer("钱多多", owner=wang), reason="name_birthday"
        ).pk,
        "merge_id": merge_customers(make_customer(owner=wang).pk, make_customer(owner=wang).pk, evidence=[], source="test").pk,
        "refund_id": 1,
        "document_id": document.pk,
        "request_id": DataRequest.objects.create(customer=customer, kind="complaint", due_on=day, created_at=now).pk,
        "export_id": make_export(customer, made_by=wang).public_id,
        **_membership(customer, wang),
        "fact": "city",
        "conversation_id": (
            talk := receive_chat(Inbound("mini", "wx", "o", "k", "在吗"), customer_id=customer.pk).conversation
        ).pk,
        "turn_id": Turn.objects.create(conversation=talk, question="在吗", move="menu", reason="unsure", at=now).pk,
        "passage_id": JourneyRun.objects.create(
            key="j", journey=journey, version=version, customer=customer, state="left", entered_at=now, since_at=now
        ).pk,
        "message_id": Message.objects.create(
            key="m", customer=customer, channel="wecom", purpose="service", state="queued", created_at=now
        ).pk,
    }


def _sell(itinerary: Itinerary, version: ItineraryVersion, order: Order) -> None:
    """A trip under this order."""
    now, terms = clock.now(), [{"days_from": 30, "days_to": 0, "percent": "20"}]
    sold = QuoteVersion.objects.create(
        quote=Quote.objects.create(itinerary=itinerary), version=version, number=1, token="t" * 43, state="accepted",
        sheet={}, shown={"days": 1, "blocks": []}, cancellation=terms, schedule=[], content_hash="0" * 64, total_amount=3980, valid_until=now, sent_at=now,
    )  # fmt: skip
    day = order.departure.departs_on if order.departure else now.date()
    Trip.objects.create(itinerary=itinerary, order=order, quote_version=sold, starts_on=day, ends_on=day, opened_at=now)


def _membership(customer: Customer, staff: User) -> dict[str, object]:
    now = clock.now()
    template = CouponTemplate.objects.create(name="满减", kind="fixed", amount=10, valid_days=30)
    coupon = Coupon.objects.create(
        template=template,
        customer=customer,
        code="A" * 12,
        key="a",
        state="issued",
        source="staff",
        issued_at=now,
        expires_at=now,
    )
    service = MemberService.objects.create(name="停车", kind="parking")
    slot = ServiceSlot.objects.create(service=service, starts_at=now, ends_at=now + dt.timedelta(hours=1), capacity=1)
    task = MemberTask.objects.create(code="photo", kind="photo", name="晒图")
    item = MallItem.objects.create(name="帆布包", kind="goods", points=100)
    exchange = MallOrder.objects.create(no="M1", key="m1", customer=customer, item=item, points=100, at=now)
    booking = ServiceBooking.objects.create(no="S1", key="s1", customer=customer, slot=slot, paid_by="on_site", at=now)
    return {
        "template_id": template.pk, "coupon_id": coupon.pk, "service_id": service.pk, "benefit": "parking", "record_id": item.pk,
        "adjustment_id": Adjustment.objects.create(customer=customer, points=5, reason="补分", key="k1", requested_by=staff).pk,
        "done_id": TaskDone.objects.create(customer=customer, task=task, slot="x", state="waiting", at=now).pk,
        "exchange_id": exchange.pk, "booking_id": booking.pk,
    }  # fmt: skip


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.path}-{'-'.join(route.methods)}")
@pytest.mark.parametrize("scope", ["own", "department"])
def test_a_stranger_s_object_does_not_exist(route: Route, scope: str, chen: User, stranger_s: dict[str, object]) -> None:
    chen.role, chen.row_scope, chen.is_superuser = "sales", scope, False
    chen.save()
    client = Client()
    client.force_login(chen)
    for method in route.methods:
        response = client.generic(method, route.url(stranger_s))
        refused = response.status_code == 403  # the role may not do this to anybody's
        assert refused or response.status_code == 404, f"{method} {route.path}: {response.status_code}"
        nowhere = client.generic(
            method, route.url({**dict.fromkeys(stranger_s, 999_999_999), "no": "A0000000000", "export_id": uuid.UUID(int=0)})
        )
        assert nowhere.status_code == response.status_code


@pytest.mark.parametrize("route", [route for route in ROUTES if route.methods == ("GET",)], ids=lambda route: route.path)
def test_the_owner_reaches_it(route: Route, wang: User, stranger_s: dict[str, object]) -> None:
    client = Client()
    client.force_login(wang)
    allowed = any(ability == "signed_in" or can(wang.role, ability) for ability in route.abilities)
    assert client.get(route.url(stranger_s)).status_code == (200 if allowed else 403)
