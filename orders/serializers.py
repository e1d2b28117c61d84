"""What the mini-program may send about orders, and what it is told. Amounts are whole fen."""

import datetime as dt
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from core.clock import LATEST
from core.serializers import StrictSerializer, Whole
from orders.choices import InvoiceKind, InvoiceState, LineKind, OfferKind, OrderState, RefundState

MOST_PEOPLE = 200


def near(value: dt.date) -> None:
    """A date this century; whether it is to come is checked against today when the order is placed."""
    if not dt.date(2020, 1, 1) <= value < LATEST.date():
        raise serializers.ValidationError(_("must be a date such as 2026-10-01"))


class OrderedService(StrictSerializer):
    """So many of an offer, on a day."""

    offer = serializers.SlugField(max_length=20, help_text="code")
    day = serializers.DateField(validators=[near])
    quantity = Whole(min_value=1, max_value=MOST_PEOPLE)


class Covering(StrictSerializer):
    """What is to cover a part of the price: coupons of the customer's own, and points."""

    coupons = serializers.ListField(child=Whole(min_value=1, max_value=2**63 - 1), max_length=5, required=False, help_text="ids")
    points = Whole(min_value=0, max_value=10**9, default=0)


class TripWish(Covering):
    """A trip, and services with it. The price is never the client's to say."""

    product = serializers.SlugField(max_length=20, help_text="code")
    departs_on = serializers.DateField(validators=[near])
    adults = Whole(min_value=1, max_value=MOST_PEOPLE)
    children = Whole(min_value=0, max_value=MOST_PEOPLE, default=0)
    services = OrderedService(many=True, required=False, max_length=10)  # type: ignore[call-arg]


class PlaceOrder(TripWish):
    """A wish to buy."""

    touch = serializers.RegexField(r"^[A-Za-z0-9_\-]{1,32}\Z", required=False, allow_blank=True, help_text="from the card's page")


class OrderServices(Covering):
    """A wish to buy services, activities or goods without a trip."""

    services = OrderedService(many=True, max_length=10, allow_empty=False)  # type: ignore[call-arg]


class GivingUp(StrictSerializer):
    """Pieces of a line that are given up."""

    line = Whole(min_value=1, max_value=2**63 - 1)
    quantity = Whole(min_value=1, max_value=999)


class RefundWish(StrictSerializer):
    """What is given up; without `pieces` all of the order."""

    pieces = GivingUp(many=True, required=False, max_length=12)  # type: ignore[call-arg]


class AskRefund(RefundWish):
    """`expected` is the money the preview told, in fen."""

    expected = Whole(min_value=0, max_value=10**12)
    words = serializers.CharField(max_length=80, help_text="why")


class ChangeWish(StrictSerializer):
    """What the order is to become."""

    departs_on = serializers.DateField(validators=[near])
    adults = Whole(min_value=1, max_value=MOST_PEOPLE)
    children = Whole(min_value=0, max_value=MOST_PEOPLE, default=0)


class AskChange(ChangeWish):
    """`expected` is what the preview told is to be paid, in fen; negative comes back."""

    expected = Whole(min_value=-(10**12), max_value=10**12)


class WhoTravels(StrictSerializer):
    """Ids of the customer's own travellers, and whom to call. Phones with their country code, as +8613800000000."""

    travellers = serializers.ListField(child=Whole(min_value=1, max_value=2**63 - 1), max_length=200)
    contact = serializers.CharField(max_length=60)
    contact_phone = serializers.RegexField(r"^\+[1-9][0-9]{6,14}\Z")
    emergency = serializers.CharField(max_length=60, required=False, allow_blank=True)
    emergency_phone = serializers.RegexField(r"^\+[1-9][0-9]{6,14}\Z", required=False, allow_blank=True)


class AskInvoice(StrictSerializer):
    """Whom an invoice is for, and where it goes."""

    holder = serializers.ChoiceField(InvoiceKind.choices)
    title = serializers.CharField(max_length=100)
    tax_no = serializers.CharField(max_length=20, required=False, allow_blank=True)
    email = serializers.CharField(max_length=254)


class LineShown(serializers.Serializer[Any]):
    """A line of an order. `code` is what a merchant scans, null until it is paid; `left` may still be used or given up."""

    id = serializers.IntegerField(allow_null=True)
    kind = serializers.ChoiceField(LineKind.choices)
    name = serializers.CharField()
    day = serializers.DateField(allow_null=True)
    quantity = serializers.IntegerField()
    left = serializers.IntegerField()
    price = serializers.IntegerField()
    total = serializers.IntegerField()
    covered = serializers.IntegerField()
    code = serializers.CharField(allow_null=True)
    valid_until = serializers.DateTimeField(allow_null=True)


class PreviewShown(serializers.Serializer[Any]):
    """What an order would cost now."""

    lines = LineShown(many=True)
    total = serializers.IntegerField()
    coupon = serializers.IntegerField()
    points = serializers.IntegerField()
    points_used = serializers.IntegerField()
    payable = serializers.IntegerField()


class InstalmentShown(serializers.Serializer[Any]):
    """A part of the price."""

    label = serializers.CharField()  # type: ignore[assignment]
    amount = serializers.IntegerField()
    due_on = serializers.DateField()
    paid_at = serializers.DateTimeField(allow_null=True)


class RefundPreview(serializers.Serializer[Any]):
    """What giving up brings back now: money, what coupons and points had covered, the fee that is kept."""

    money = serializers.IntegerField()
    covered = serializers.IntegerField()
    fee = serializers.IntegerField()
    closes = serializers.BooleanField()


class RefundAsked(serializers.Serializer[Any]):
    """A refund that was asked for."""

    no = serializers.CharField()
    state = serializers.ChoiceField(RefundState.choices)
    money = serializers.IntegerField()


class ChangeShown(serializers.Serializer[Any]):
    """What a change costs: the difference of the prices, the fee, and both together."""

    difference = serializers.IntegerField()
    fee = serializers.IntegerField()
    to_pay = serializers.IntegerField()


class InvoiceShown(serializers.Serializer[Any]):
    """An invoice."""

    state = serializers.ChoiceField(InvoiceState.choices)
    title = serializers.CharField()
    amount = serializers.IntegerField()
    number = serializers.CharField()


class OfferDay(serializers.Serializer[Any]):
    """A day on which an offer can be had."""

    day = serializers.DateField()
    price = serializers.IntegerField()
    left = serializers.IntegerField()


class OfferShown(serializers.Serializer[Any]):
    """A service, an activity or goods."""

    code = serializers.CharField()
    kind = serializers.ChoiceField(OfferKind.choices)
    name = serializers.CharField()
    text = serializers.CharField()
    most = serializers.IntegerField()
    days = OfferDay(many=True)


class OffersShown(serializers.Serializer[Any]):
    """What is on sale beside trips."""

    results = OfferShown(many=True)


class Nothing(StrictSerializer):
    """A body or query without parameters."""


class OrderQuery(StrictSerializer):
    """Which of the customer's orders."""

    state = serializers.ChoiceField(OrderState.choices, required=False)
    limit = serializers.IntegerField(min_value=1, max_value=50, default=20)
    cursor = serializers.RegexField(r"^[0-9]{1,24}\Z", required=False, help_text="`next` of the page before")


class OrderedProduct(serializers.Serializer[Any]):
    """What was bought."""

    code = serializers.CharField()
    name = serializers.CharField()
    cover = serializers.CharField()


class OrderShown(serializers.Serializer[Any]):
    """An order as its customer sees it. `pay_before` is null once it does not wait for payment."""

    no = serializers.CharField()
    state = serializers.ChoiceField(OrderState.choices)
    state_text = serializers.CharField()
    product = OrderedProduct()
    departs_on = serializers.DateField()
    days = serializers.IntegerField()
    adults = serializers.IntegerField()
    children = serializers.IntegerField()
    adult_price = serializers.IntegerField()
    child_price = serializers.IntegerField()
    total = serializers.IntegerField()
    coupon = serializers.IntegerField()
    points = serializers.IntegerField()
    points_used = serializers.IntegerField()
    payable = serializers.IntegerField()
    due = serializers.IntegerField(help_text="what the next payment collects")
    lines = LineShown(many=True)
    instalments = InstalmentShown(many=True)
    travellers = serializers.ListField(child=serializers.CharField())
    paid = serializers.IntegerField()
    refunded = serializers.IntegerField()
    placed_at = serializers.DateTimeField()
    pay_before = serializers.DateTimeField(allow_null=True)
    paid_at = serializers.DateTimeField(allow_null=True)
    closed_at = serializers.DateTimeField(allow_null=True)
    close_reason = serializers.CharField()


class OrderPage(serializers.Serializer[Any]):
    """One page of orders, newest first; `next` is the cursor of the next one, null at the end."""

    results = OrderShown(many=True)
    next = serializers.CharField(allow_null=True)


class PaymentParams(serializers.Serializer[Any]):
    """What `wx.requestPayment` takes."""

    timeStamp = serializers.CharField()  # noqa: N815 - the platform's spelling
    nonceStr = serializers.CharField()  # noqa: N815
    package = serializers.CharField()
    signType = serializers.CharField()  # noqa: N815
    paySign = serializers.CharField()  # noqa: N815
