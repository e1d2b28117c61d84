"""Log-in, phone, consent, own profile."""

from typing import cast

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.errors import BadInput
from core.idempotency import idempotent
from customers import serializers
from customers.api.member import clean
from customers.api.privacy import consents_in_force
from customers.models import Customer, MemberToken
from customers.privacy.phones import to_e164
from customers.services import consents, identities, login, visitors
from customers.services.notes import edit_profile
from gateways.mini import mini

IDEMPOTENCY = OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER, required=True, description="8 to 100 characters")


def _member(request: Request) -> Customer:
    """The customer behind the request; the permission class has made sure that there is one."""
    return cast(Customer, request.user)


class LogInView(APIView):
    """Silent log-in."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(request=serializers.LogInSerializer, responses=serializers.LogInAnswerSerializer)
    def post(self, request: Request) -> Response:
        """Exchange a wx.login code for our token; the customer is made on the first visit."""
        form = serializers.LogInSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        answer = login.log_in(form.validated_data["code"], anonymous_id=str(form.validated_data.get("anonymous_id") or ""))
        return Response(serializers.LogInAnswerSerializer(answer).data)


class LogOutView(APIView):
    """The end of a session."""

    @extend_schema(request=None, responses={204: None})
    def post(self, request: Request) -> Response:
        """End this session at once."""
        login.log_out(cast(MemberToken, request.auth))
        return Response(status=204)


class WebTicketView(APIView):
    """From the mini-program to the website, as the same person."""

    @extend_schema(request=None, responses=serializers.WebTicketSerializer)
    def post(self, request: Request) -> Response:
        """A ticket good for ten minutes: the website's visits before and after become this customer's."""
        return Response({"ticket": visitors.web_ticket(_member(request)), "expires_in": visitors.TICKET_SECONDS})


class ProfileView(APIView):
    """The customer's own profile."""

    @extend_schema(responses=serializers.ProfileSerializer)
    def get(self, request: Request) -> Response:
        """Who is logged in; slides the session's end."""
        login.extend(cast(MemberToken, request.auth))
        return Response(serializers.ProfileSerializer(_member(request)).data)

    @extend_schema(request=serializers.ProfileChange, responses=serializers.ProfileSerializer)
    def patch(self, request: Request) -> Response:
        """Correct one's own profile; whatever is not named stays."""
        changes = clean(serializers.ProfileChange, request.data)
        edit_profile(_member(request), changes=changes)
        _member(request).refresh_from_db()
        return Response(serializers.ProfileSerializer(_member(request)).data)


class PhoneView(APIView):
    """The verified phone number."""

    @extend_schema(request=serializers.PhoneSerializer, responses=serializers.ProfileSerializer)
    def post(self, request: Request) -> Response:
        """Bind the phone number behind a getPhoneNumber code. 409 `phone_in_use` when it is another account's."""
        form = serializers.PhoneSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        number = mini().phone_number(form.validated_data["code"])
        try:
            e164 = to_e164(number.number, number.country_code)
        except ValueError as error:
            raise BadInput(_("This is not a phone number we can use."), {"code": _("ask for the number again")}) from error
        customer = identities.bind_phone(_member(request), e164, source="mini")
        return Response(serializers.ProfileSerializer(customer).data)


class ConsentView(APIView):
    """The customer's decisions about their data."""

    @extend_schema(operation_id="consents_list", responses=serializers.ConsentList)
    def get(self, request: Request) -> Response:
        """Every decision in force."""
        clean(serializers.Nothing, request.query_params.dict())
        return consents_in_force(_member(request))

    @extend_schema(request=serializers.ConsentSerializer, responses=serializers.ConsentSerializer, parameters=[IDEMPOTENCY])
    @idempotent("consents")
    def post(self, request: Request) -> Response:
        """Grant or withdraw a consent; the newest decision is in force at once. 409 `text_outdated`: show the new text first."""
        form = serializers.ConsentSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        decision = dict(form.validated_data)
        evidence = consents.Evidence(screen=decision.pop("screen"), ip=request.META.get("REMOTE_ADDR", ""))
        consents.decide(_member(request), **decision, source="mini", evidence=evidence)
        return Response(form.validated_data, status=201)
