"""What the mini-program may ask of the catalogue, and what it is told. Amounts are whole fen."""

import re
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from core.clock import EARLIEST, LATEST
from core.serializers import StrictSerializer

LARGEST_FEN = 10**12


class ProductQuery(StrictSerializer):
    """Filters of the product list; all given ones must hold."""

    q = serializers.CharField(max_length=60, required=False, help_text="words in the name, subtitle or destination")
    destination = serializers.SlugField(max_length=20, required=False, help_text="code of a destination")
    theme = serializers.CharField(max_length=20, required=False)
    days = serializers.IntegerField(min_value=1, max_value=60, required=False)
    price_min = serializers.IntegerField(min_value=0, max_value=LARGEST_FEN, required=False, help_text="fen")
    price_max = serializers.IntegerField(min_value=0, max_value=LARGEST_FEN, required=False, help_text="fen")
    sort = serializers.ChoiceField(["recommended", "price", "-price", "days"], default="recommended")
    limit = serializers.IntegerField(min_value=1, max_value=50, default=20)
    cursor = serializers.CharField(max_length=200, required=False, help_text="`next` of the page before")


class MonthQuery(StrictSerializer):
    """Which month of a price calendar; the current one when absent."""

    month = serializers.CharField(max_length=7, required=False, help_text="YYYY-MM")

    def validate_month(self, value: str) -> str:
        """A month between 1900 and 2100."""
        match = re.fullmatch(r"([0-9]{4})-(0[1-9]|1[0-2])", value)
        if not match or not EARLIEST.year <= int(match[1]) < LATEST.year:
            raise serializers.ValidationError(_("must be a month such as 2026-10"))
        return value


class NoQuery(StrictSerializer):
    """An address without parameters."""


class DestinationShown(serializers.Serializer[Any]):
    """A destination in short."""

    code = serializers.CharField()
    name = serializers.CharField()


class ProductCard(serializers.Serializer[Any]):
    """A product in a list. `price_from` is fen per adult; `next_departure` the next date with seats, if any."""

    code = serializers.CharField()
    name = serializers.CharField()
    subtitle = serializers.CharField()
    destination = DestinationShown()
    days = serializers.IntegerField()
    themes = serializers.ListField(child=serializers.CharField())
    hotel_class = serializers.IntegerField(allow_null=True)
    price_from = serializers.IntegerField()
    next_departure = serializers.DateField(allow_null=True)
    cover = serializers.CharField()


class ProductPage(serializers.Serializer[Any]):
    """One page of products; `next` is the cursor of the next one, null at the end."""

    results = ProductCard(many=True)
    next = serializers.CharField(allow_null=True)


class ProductDetail(ProductCard):
    """Everything a product's page shows."""

    pace = serializers.CharField()
    min_people = serializers.IntegerField()
    max_people = serializers.IntegerField()
    highlights = serializers.ListField()
    outline = serializers.ListField()
    included = serializers.ListField()
    excluded = serializers.ListField()
    cancellation = serializers.ListField()


class CalendarDayShown(serializers.Serializer[Any]):
    """A date that can be booked or is sold out. Prices are fen."""

    date = serializers.DateField()
    adult_price = serializers.IntegerField()
    child_price = serializers.IntegerField()
    seats_left = serializers.IntegerField()


class CalendarShown(serializers.Serializer[Any]):
    """The coming dates on sale of one month."""

    month = serializers.CharField()
    days = CalendarDayShown(many=True)
