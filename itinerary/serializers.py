"""What the mini-program may send about trips, and what it is told. Amounts are whole fen."""

from typing import Any

from rest_framework import serializers

from core.serializers import StrictSerializer


class Said(StrictSerializer):
    """One message of the customer."""

    text = serializers.CharField(max_length=1000)


class Nothing(StrictSerializer):
    """A body or query without parameters."""


class TripRequestShown(serializers.Serializer[Any]):
    """What was understood so far; `question` asks for what is missing, empty when a first plan is being made."""

    understood = serializers.DictField()
    question = serializers.CharField(allow_blank=True)
    is_complete = serializers.BooleanField()


class Accept(StrictSerializer):
    """The customer's yes: the name, the hash of the text that was on the screen, and the key picked of each group of options."""

    name = serializers.CharField(max_length=40)
    content_hash = serializers.RegexField(r"^[0-9a-f]{64}\Z")
    choices = serializers.DictField(child=serializers.CharField(max_length=40), required=False)


class PriceShown(serializers.Serializer[Any]):
    """One price of a proposal."""

    kind = serializers.CharField()
    age = serializers.IntegerField(allow_null=True)
    count = serializers.IntegerField()
    price = serializers.IntegerField(help_text="fen")


class PartShown(serializers.Serializer[Any]):
    """A part to be paid."""

    label = serializers.CharField()  # type: ignore[assignment]
    amount = serializers.IntegerField(help_text="fen")
    due_on = serializers.DateField()


class ProposalShown(serializers.Serializer[Any]):
    """A proposal as its customer sees it."""

    no = serializers.CharField()
    number = serializers.IntegerField()
    title = serializers.CharField()
    state = serializers.CharField()
    starts_on = serializers.DateField()
    days = serializers.IntegerField()
    plan = serializers.ListField(child=serializers.DictField())
    options = serializers.ListField(child=serializers.DictField())
    prices = PriceShown(many=True)
    total = serializers.IntegerField(help_text="fen")
    schedule = PartShown(many=True)
    valid_until = serializers.CharField()
    content_hash = serializers.CharField()


class Accepted(serializers.Serializer[Any]):
    """The order of an accepted proposal; pay it like any other."""

    order = serializers.CharField()
    pay_now = serializers.IntegerField(help_text="fen")
