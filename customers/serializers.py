"""What the mini-program may send and gets back."""

from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from core.parsers import is_clean
from customers.choices import Channel, Purpose
from customers.models import Customer


class CleanText(serializers.CharField):
    """Text that Postgres can store: without NUL and lone surrogates."""

    def to_internal_value(self, data: Any) -> str:
        """The text; a ValidationError for anything else, numbers and booleans included."""
        if not isinstance(data, str) or not is_clean(data):
            raise serializers.ValidationError(_("This is not text that can be stored."))
        return str(super().to_internal_value(data))


class TrueOrFalse(serializers.BooleanField):
    """JSON true or false and nothing else: a consent is not guessed from "on" or 0."""

    def to_internal_value(self, data: Any) -> bool:
        """The value; a ValidationError for anything else."""
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class LogInSerializer(serializers.Serializer[Any]):
    """`code` of wx.login."""

    code = CleanText(min_length=1, max_length=128)
    anonymous_id = serializers.UUIDField(required=False, help_text="The visitor id under which events were sent before")


class WebTicketSerializer(serializers.Serializer[Any]):
    """A ticket to open the agency's website with, as `?scrm_ticket=`."""

    ticket = serializers.CharField()
    expires_in = serializers.IntegerField(help_text="seconds")


class PhoneSerializer(serializers.Serializer[Any]):
    """`code` of the getPhoneNumber button."""

    code = CleanText(min_length=1, max_length=128)


class ConsentSerializer(serializers.Serializer[Any]):
    """A decision about one purpose on one channel."""

    purpose = serializers.ChoiceField(choices=Purpose.choices)
    channel = serializers.ChoiceField(choices=Channel.choices, default=Channel.ANY)
    granted = TrueOrFalse()
    text_version = CleanText(max_length=20)
    screen = CleanText(max_length=80, required=False, default="", allow_blank=True)


class ProfileSerializer(serializers.ModelSerializer[Customer]):
    """What a customer sees and may change of their own profile."""

    id = serializers.UUIDField(source="public_id", read_only=True)
    phone = serializers.CharField(source="phone_masked", read_only=True)

    class Meta:
        model = Customer
        fields = ("id", "name", "nickname", "gender", "birthday", "city", "phone")
        extra_kwargs = {"birthday": {"required": False}}


class LogInAnswerSerializer(serializers.Serializer[Any]):
    """The session: keep the token in the mini-program's storage."""

    token = serializers.CharField()
    customer = ProfileSerializer()
    is_new = serializers.BooleanField()
