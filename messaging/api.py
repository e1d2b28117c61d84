"""Mini-program API of touches: a card was opened."""

from django.http import Http404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.idempotency import idempotent
from messaging.serializers import OpenedSerializer
from messaging.services.touches import record_click

IDEMPOTENCY = OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER, required=True, description="8 to 100 characters")


class OpenView(APIView):
    """The opening of a mini-program card."""

    @extend_schema(request=None, responses=OpenedSerializer, parameters=[IDEMPOTENCY])
    @idempotent("touches.open")
    def post(self, request: Request, token: str) -> Response:
        """Note that the logged-in customer opened the card with this touch token. A forwarded card records nothing; 404
        when no card has the token."""
        recorded = record_click(token=token, customer_id=int(request.user.pk or 0))
        if recorded is None:
            raise Http404
        return Response(OpenedSerializer({"recorded": recorded}).data)
