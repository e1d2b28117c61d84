"""Privacy texts, consents in force, preferences."""

from django.conf import settings
from django.db import transaction
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.idempotency import idempotent
from customers import serializers
from customers.api.member import IDEMPOTENCY, clean, evidence, member
from customers.choices import Channel
from customers.models import Consent, Customer
from customers.queries import privacy
from customers.queries.texts import texts_for
from customers.services import consents
from customers.services.notes import edit_profile


class PrivacyView(APIView):
    """The texts in force; with a token also the customer's decisions."""

    permission_classes = (AllowAny,)

    @extend_schema(operation_id="privacy_texts", responses=serializers.PrivacyShown)
    def get(self, request: Request) -> Response:
        """What the privacy pop-up shows. `must_ask` says which texts need a decision now."""
        clean(serializers.Nothing, request.query_params.dict())
        customer = member(request) if request.auth else None
        shown = {"texts": texts_for(customer), "answer_within_working_days": settings.RIGHTS_WORKING_DAYS}
        return Response(serializers.PrivacyShown(shown).data)


class PrivacyAcceptView(APIView):
    """Agreement to a text."""

    @extend_schema(
        operation_id="privacy_accept", request=serializers.AcceptText, parameters=[IDEMPOTENCY],
        responses={201: serializers.ConsentShown},
    )  # fmt: skip
    @idempotent("privacy.accept")
    def post(self, request: Request) -> Response:
        """Agree to the text in force. 409 `text_outdated` when it was an older one."""
        given = clean(serializers.AcceptText, request.data)
        entry = consents.decide(
            member(request), purpose=given["kind"], channel=Channel.ANY, granted=True, text_version=given["version"],
            source="mini", evidence=evidence(request, given["screen"]),
        )  # fmt: skip
        return Response(serializers.ConsentShown(entry).data, status=201)


def consents_in_force(customer: Customer) -> Response:
    """The customer's decisions, as the API shows them."""
    found = Consent.objects.filter(customer=customer, is_current=True).order_by("purpose", "channel")
    return Response(serializers.ConsentList({"results": found}).data)


class PreferencesView(APIView):
    """What the customer wants."""

    @extend_schema(operation_id="preferences_get", responses=serializers.PreferencesShown)
    def get(self, request: Request) -> Response:
        """The preferences in force."""
        clean(serializers.Nothing, request.query_params.dict())
        return Response(serializers.PreferencesShown(member(request)).data)

    @extend_schema(operation_id="preferences_set", request=serializers.Preferences, responses=serializers.PreferencesShown)
    def patch(self, request: Request) -> Response:
        """Change some of them; the switch of personal recommendations is in force at once, everywhere."""
        wanted = clean(serializers.Preferences, request.data)
        customer = member(request)
        with transaction.atomic():
            if "personalised" in wanted:
                consents.set_personalised(customer, wanted["personalised"], source="mini", evidence=evidence(request))
            if "child_ages" in wanted:
                edit_profile(customer, changes={"child_ages": wanted["child_ages"]})
        customer.refresh_from_db()
        return Response(serializers.PreferencesShown(customer).data)


class AccessLogView(APIView):
    """Who saw or got the customer's data."""

    @extend_schema(operation_id="access_log", responses=serializers.AccessLog)
    def get(self, request: Request) -> Response:
        """Every time staff saw a number or took data out, by their role, and every transfer outside; the last
        hundred of each."""
        clean(serializers.Nothing, request.query_params.dict())
        customer = member(request)
        shown = {"accesses": privacy.own_accesses(customer), "sharings": privacy.own_sharings(customer)}
        return Response(serializers.AccessLog(shown).data)
