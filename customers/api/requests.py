"""Requests by right, and the download of one's own copy."""

import uuid
from typing import Any

from django.http import Http404, HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core import clock
from core.idempotency import idempotent
from customers import serializers
from customers.api.member import IDEMPOTENCY, clean, member
from customers.models import Customer, DataExport, DataRequest
from customers.services import exports, requests


def _shown(customer: Customer, found: list[DataRequest]) -> list[DataRequest]:
    """Requests with whether their copy can be fetched: one more query, however many."""
    fresh = DataExport.objects.filter(customer=customer, made_by__isnull=True, expires_at__gt=clock.now())
    until = dict(fresh.values_list("request_id", "expires_at"))
    for request in found:
        request.download_until = until.get(request.pk)  # type: ignore[attr-defined]
        request.can_download = request.pk in until  # type: ignore[attr-defined]
    return found


def _own(request: Request, public_id: uuid.UUID) -> DataRequest:
    found = DataRequest.objects.filter(customer=member(request), public_id=public_id).first()
    if found is None:
        raise Http404
    return found


class RequestsView(APIView):
    """The customer's requests."""

    @extend_schema(operation_id="data_requests_list", responses=serializers.RequestList)
    def get(self, request: Request) -> Response:
        """The newest fifty."""
        clean(serializers.Nothing, request.query_params.dict())
        found = list(DataRequest.objects.filter(customer=member(request)).order_by("-created_at", "-id")[:50])
        return Response(serializers.RequestList({"results": _shown(member(request), found)}).data)

    @extend_schema(
        operation_id="data_requests_open", request=serializers.RequestGiven, parameters=[IDEMPOTENCY],
        responses={201: serializers.RequestShown},
    )  # fmt: skip
    @idempotent("data_requests.open")
    def post(self, request: Request) -> Response:
        """Ask. A copy is ready within minutes; an erasure tells at once what must end first (`blocked`)."""
        asked = clean(serializers.RequestGiven, request.data)
        asked["changes"] = {
            name: value.isoformat() if hasattr(value, "isoformat") else value or ""
            for name, value in asked.get("changes", {}).items()
        }
        opened = requests.open_request(member(request), **asked)
        return Response(serializers.RequestShown(_shown(member(request), [opened])[0]).data, status=201)


class RequestView(APIView):
    """One request."""

    @extend_schema(operation_id="data_requests_get", responses=serializers.RequestShown)
    def get(self, request: Request, request_id: uuid.UUID) -> Response:
        """Where it stands."""
        clean(serializers.Nothing, request.query_params.dict())
        return Response(serializers.RequestShown(_shown(member(request), [_own(request, request_id)])[0]).data)

    @extend_schema(operation_id="data_requests_take_back", request=None, responses={204: None})
    def delete(self, request: Request, request_id: uuid.UUID) -> Response:
        """Take it back while it is open (409 `closed` afterwards)."""
        requests.take_back(_own(request, request_id))
        return Response(status=204)


class WhateverIsAccepted(BaseContentNegotiation):
    """A file is a file, whatever the client says it accepts; errors are JSON all the same."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        """The only one."""
        return parsers[0]

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        """JSON, for errors."""
        return renderers[0], renderers[0].media_type


class DownloadView(APIView):
    """The copy of one's own data."""

    content_negotiation_class = WhateverIsAccepted

    @extend_schema(operation_id="data_requests_download", responses={(200, "application/zip"): OpenApiTypes.BINARY})
    def get(self, request: Request, request_id: uuid.UUID) -> HttpResponse:
        """The zip, for its owner alone, for 24 hours. 404 when there is none, 409 `expired` when its time is over."""
        clean(serializers.Nothing, request.query_params.dict())
        wanted = _own(request, request_id)
        made = DataExport.objects.filter(request=wanted, customer=member(request), made_by__isnull=True).order_by("-pk").first()
        if made is None:
            raise Http404
        headers = {"Content-Disposition": 'attachment; filename="my-data.zip"', "Cache-Control": "no-store"}
        return HttpResponse(exports.read_archive(made), content_type="application/zip", headers=headers)
