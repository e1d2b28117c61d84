"""Trips for the mini-program: say what you want, read a proposal, accept it. A proposal exists for its customer only."""

from typing import Any, cast

from django.http import Http404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.idempotency import idempotency_key, idempotent
from core.money import to_fen, yuan
from core.serializers import StrictSerializer
from customers.models import Customer, MemberToken
from itinerary.models import QuoteVersion
from itinerary.serializers import Accept, Accepted, Nothing, ProposalShown, Said, TripRequestShown
from itinerary.services.quoting import accept_quote, note_view
from itinerary.services.requests import capture_requirement, next_question
from orders.services.payments import next_instalment
from staff.access import client_ip

KEY = OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER, required=True, description="8 to 100 characters")


def clean(serializer: type[StrictSerializer], given: Any) -> dict[str, Any]:
    """The clean values of a body or query; 400 names what is wrong."""
    values = serializer(data=given)
    values.is_valid(raise_exception=True)
    cleaned: dict[str, Any] = values.validated_data
    return cleaned


def customer_of(request: Request) -> Customer:
    """Who is calling; IsMember has let nobody else in."""
    return cast(Customer, request.user)


class RequestView(APIView):
    """Talking about a trip."""

    @extend_schema(operation_id="trips_request", parameters=[KEY], request=Said, responses=TripRequestShown)
    @idempotent("trips.request")
    def post(self, request: Request) -> Response:
        """One more message; what is understood now, and the next question. A complete request is planned in the background."""
        said = clean(Said, request.data)
        found = capture_requirement(customer=customer_of(request), text=said["text"])
        question = "" if found.is_complete else next_question(found.ask)
        return Response({"understood": found.values, "question": question, "is_complete": found.is_complete})


class ProposalView(APIView):
    """A proposal."""

    @extend_schema(operation_id="proposals_get", responses=ProposalShown)
    def get(self, request: Request, token: str) -> Response:
        """The frozen proposal; what it costs us is nowhere in it."""
        clean(Nothing, request.query_params.dict())
        sent = own_proposal(request, token)
        note_view(sent=sent, visitor=f"member:{customer_of(request).pk}")
        return Response(shown(sent))


class AcceptView(APIView):
    """Saying yes."""

    @extend_schema(operation_id="proposals_accept", parameters=[KEY], request=Accept, responses=Accepted)
    def post(self, request: Request, token: str) -> Response:
        """Accept and get the order to pay: by itself idempotent. 409 when it expired, was replaced or taken back."""
        idempotency_key(request)
        given = clean(Accept, request.data)
        sent = own_proposal(request, token)
        order = accept_quote(
            sent_id=sent.pk,
            version_hash=given["content_hash"],
            name=given["name"],
            openid=cast(MemberToken, request.auth).openid,
            ip=client_ip(request._request),
            customer=customer_of(request),
            choices=given.get("choices"),
        )
        part = next_instalment(order)
        return Response({"order": order.no, "pay_now": to_fen(part.amount) if part else 0})


def own_proposal(request: Request, token: str) -> QuoteVersion:
    """The proposal of that token, if it was made for the caller; 404 for everything else."""
    found = QuoteVersion.objects.filter(token=token, quote__itinerary__customer=customer_of(request)).first()
    if found is None:
        raise Http404
    return found


def _option(group: dict[str, Any]) -> dict[str, Any]:
    choices = [{**one, "delta": to_fen(yuan(one["delta"]))} for one in group["choices"]]
    return {"group": group["group"], "day": group["day"], "choices": choices}


def shown(sent: QuoteVersion) -> dict[str, Any]:
    """The frozen data with amounts in fen."""
    data = sent.shown
    return {
        "no": data["no"],
        "number": sent.number,
        "title": data["title"],
        "state": sent.state,
        "starts_on": data["starts_on"],
        "days": data["days"],
        "plan": data["plan"],
        "options": [_option(one) for one in data.get("options", [])],
        "prices": [{**cell, "price": to_fen(yuan(cell["price"]))} for cell in data["prices"]],
        "total": to_fen(sent.total_amount),
        "schedule": [{**part, "amount": to_fen(yuan(part["amount"]))} for part in sent.schedule],
        "valid_until": sent.valid_until.isoformat(timespec="seconds"),
        "content_hash": sent.content_hash,
    }
