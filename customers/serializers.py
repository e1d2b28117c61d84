"""What the mini-program may send and gets back."""

import datetime as dt
from typing import Any

from django.core.validators import RegexValidator
from django.utils.translation import gettext as _
from rest_framework import serializers

from core import clock
from core.clock import LATEST
from core.parsers import is_clean
from core.serializers import StrictSerializer
from customers.choices import Channel, DocumentKind, Gender, Kinship, Purpose, RequestKind, RequestState, TextKind
from customers.models import Customer, DataRequest, Favourite, Sharing, Traveller, TravellerDocument


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


CODE = r"^[!-~]{1,128}$"  # what WeChat makes: printable ASCII


class LogInSerializer(StrictSerializer):
    """`code` of wx.login."""

    code = CleanText(min_length=1, max_length=128, validators=[RegexValidator(CODE)])
    anonymous_id = serializers.UUIDField(required=False, help_text="The visitor id under which events were sent before")


class WebTicketSerializer(serializers.Serializer[Any]):
    """A ticket to open the agency's website with, as `?scrm_ticket=`."""

    ticket = serializers.CharField()
    expires_in = serializers.IntegerField(help_text="seconds")


class PhoneSerializer(StrictSerializer):
    """`code` of the getPhoneNumber button."""

    code = CleanText(min_length=1, max_length=128, validators=[RegexValidator(CODE)])


class ConsentSerializer(StrictSerializer):
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


class Nothing(StrictSerializer):
    """A body or query without parameters."""


class Birthday(serializers.DateField):
    """A day that has been, within the last 120 years."""

    def to_internal_value(self, value: Any) -> dt.date:
        """The day; a ValidationError for anything else."""
        day: dt.date = super().to_internal_value(value)
        today = clock.today()
        if not dt.date(today.year - 120, 1, 1) <= day <= today:
            raise serializers.ValidationError(_("A birthday lies in the last 120 years."))
        return day


class ProfileChange(StrictSerializer):
    """What customers may change of their own profile."""

    name = CleanText(max_length=60, required=False, allow_blank=True)
    nickname = CleanText(max_length=64, required=False, allow_blank=True)
    gender = serializers.ChoiceField(Gender.choices, required=False, allow_blank=True)
    birthday = Birthday(required=False, allow_null=True)
    city = CleanText(max_length=40, required=False, allow_blank=True)


class PrivacyTextShown(serializers.Serializer[Any]):
    """A text in force. `decision`: true, false, or null where the customer must (again) be asked."""

    kind = serializers.ChoiceField(TextKind.choices, source="text.kind")
    version = serializers.CharField(source="text.version")
    title = serializers.CharField(source="text.title")
    body = serializers.CharField(source="text.body")
    decision = serializers.BooleanField(allow_null=True)
    agreed_version = serializers.CharField(allow_blank=True)
    must_ask = serializers.BooleanField(source="is_due")


class PrivacyShown(serializers.Serializer[Any]):
    """All texts, and how many working days an answer to a request takes at most."""

    texts = PrivacyTextShown(many=True)
    answer_within_working_days = serializers.IntegerField()


class AcceptText(StrictSerializer):
    """Agreement to the text in force of one kind."""

    kind = serializers.ChoiceField([choice for choice in TextKind.choices if choice[0] != TextKind.GUARDIAN])
    version = CleanText(max_length=20)
    screen = CleanText(max_length=80, required=False, default="", allow_blank=True)


class ConsentShown(serializers.Serializer[Any]):
    """A decision in force."""

    purpose = serializers.ChoiceField(Purpose.choices)
    channel = serializers.ChoiceField(Channel.choices)
    granted = serializers.BooleanField()
    text_version = serializers.CharField()
    origin = serializers.CharField(source="source")
    at = serializers.DateTimeField()


class ConsentList(serializers.Serializer[Any]):
    """Every decision in force."""

    results = ConsentShown(many=True)


class Preferences(StrictSerializer):
    """What the customer wants: personal recommendations or not, and for whom trips should fit."""

    personalised = TrueOrFalse(required=False)
    child_ages = serializers.ListField(
        child=serializers.IntegerField(min_value=0, max_value=17), max_length=10, required=False, help_text="whole years"
    )


class PreferencesShown(serializers.Serializer[Any]):
    """The preferences in force."""

    personalised = serializers.BooleanField(source="is_personalised")
    child_ages = serializers.ListField(child=serializers.IntegerField())


class DocumentShown(serializers.ModelSerializer[TravellerDocument]):
    """A document, masked."""

    number = serializers.CharField(source="masked")

    class Meta:
        model = TravellerDocument
        fields = ("id", "kind", "number", "expires_on", "guardian_agreed_at")


class TravellerShown(serializers.ModelSerializer[Traveller]):
    """Somebody the customer books for."""

    documents = DocumentShown(many=True, read_only=True)

    class Meta:
        model = Traveller
        fields = ("id", "name", "gender", "birthday", "kinship", "documents")


class TravellerList(serializers.Serializer[Any]):
    """Everybody the customer books for."""

    results = TravellerShown(many=True)


class TravellerChange(StrictSerializer):
    """What is known about a traveller."""

    name = CleanText(min_length=1, max_length=60)
    gender = serializers.ChoiceField(Gender.choices, required=False, allow_blank=True)
    birthday = Birthday(required=False, allow_null=True)
    kinship = serializers.ChoiceField(Kinship.choices, required=False)


class TravellerPatch(TravellerChange):
    """The same, each fact by itself."""

    name = CleanText(min_length=1, max_length=60, required=False)


class DocumentGiven(StrictSerializer):
    """A document with the text agreed to; for a child under 14 also the guardian's."""

    kind = serializers.ChoiceField(DocumentKind.choices)
    number = CleanText(min_length=4, max_length=40)
    expires_on = serializers.DateField(required=False, allow_null=True)
    text_version = CleanText(max_length=20)
    guardian_version = CleanText(max_length=20, required=False, default="", allow_blank=True)

    def validate_expires_on(self, value: dt.date | None) -> dt.date | None:
        """A date this century; whether it is past is checked against today."""
        if value is not None and not dt.date(2000, 1, 1) <= value < LATEST.date():
            raise serializers.ValidationError(_("must be a date such as 2026-10-01"))
        return value


class FavouriteShown(serializers.Serializer[Favourite]):
    """A product the customer keeps in mind; `name` is empty when it is no longer there."""

    code = serializers.CharField(source="product_code")
    name = serializers.CharField()
    kept_at = serializers.DateTimeField(source="created_at")


class FavouriteList(serializers.Serializer[Any]):
    """Favourites, the newest first."""

    results = FavouriteShown(many=True)


class Corrections(StrictSerializer):
    """Facts as they should be."""

    name = CleanText(max_length=60, required=False, allow_blank=True)
    gender = serializers.ChoiceField(Gender.choices, required=False, allow_blank=True)
    birthday = Birthday(required=False, allow_null=True)
    city = CleanText(max_length=40, required=False, allow_blank=True)


class RequestGiven(StrictSerializer):
    """A request by right. A complaint needs words; a correction words or facts."""

    kind = serializers.ChoiceField(RequestKind.choices)
    words = CleanText(max_length=1000, required=False, default="", allow_blank=True)
    changes = Corrections(required=False)


class RequestShown(serializers.ModelSerializer[DataRequest]):
    """Where a request stands. `download` is there while a copy can be fetched."""

    id = serializers.UUIDField(source="public_id")
    state = serializers.ChoiceField(RequestState.choices)
    download = serializers.BooleanField(source="can_download")
    download_until = serializers.DateTimeField(allow_null=True)

    class Meta:
        model = DataRequest
        fields = (
            "id", "kind", "state", "words", "answer", "blocked_by", "due_on", "created_at", "closed_at",
            "download", "download_until",
        )  # fmt: skip


class RequestList(serializers.Serializer[Any]):
    """The customer's requests, the newest first."""

    results = RequestShown(many=True)


class AccessShown(serializers.Serializer[Any]):
    """One look at the customer's data. `action`: reveal.contact, reveal.document, customer.data_exported, …; `role` of whom."""

    at = serializers.DateTimeField()
    action = serializers.CharField()
    role = serializers.CharField(allow_blank=True)


class SharingShown(serializers.ModelSerializer[Sharing]):
    """One transfer of the customer's data to somebody outside."""

    fields_given = serializers.ListField(child=serializers.CharField(), source="fields")

    class Meta:
        model = Sharing
        fields = ("at", "recipient", "purpose", "fields_given", "is_abroad")


class AccessLog(serializers.Serializer[Any]):
    """Who saw the customer's data, and who was given it; the newest first."""

    accesses = AccessShown(many=True)
    sharings = SharingShown(many=True)
