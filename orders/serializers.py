"""What the mini-program may send about orders, and what it is told. Amounts are whole fen."""

import datetime as dt
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from core.clock import LATEST
from core.serializers import StrictSerializer
from orders.choices import OrderState

MOST_PEOPLE = 200


class PlaceOrder(StrictSerializer):
    """A wish to buy. The price is never the client's to say."""

    product = serializers.SlugField(max_length=20, help_text="code")
    departs_on = serializers.DateField()
    adults = serializers.IntegerField(min_value=1, max_value=MOST_PEOPLE)
    children = serializers.IntegerField(min_value=0, max_value=MOST_PEOPLE, default=0)
    touch = serializers.RegexField(r"^[A-Za-z0-9_\-]{1,32}\Z", required=False, allow_blank=True, help_text="from the card's page")

    def validate_departs_on(self, value: dt.date) -> dt.date:
        """A date this century; whether it is to come is checked against today when the order is placed."""
        if not dt.date(2020, 1, 1) <= value < LATEST.date():
            raise serializers.ValidationError(_("must be a date such as 2026-10-01"))
        return value


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
