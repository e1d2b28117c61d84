"""Travellers and their documents: only the caller's own exist, and numbers come back masked."""

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.idempotency import idempotent
from customers import serializers
from customers.api.member import IDEMPOTENCY, clean, evidence, member
from customers.models import Traveller, TravellerDocument
from customers.services import documents

LARGEST = 2**63 - 1


def _own(request: Request, traveller_id: int) -> Traveller:
    """The caller's traveller; 404 for everybody else's, as if it did not exist."""
    mine = Traveller.objects.filter(customer=member(request), deleted_at__isnull=True).select_related("customer")
    found = mine.filter(pk=traveller_id).first() if traveller_id <= LARGEST else None
    if found is None:
        raise Http404
    return found


class TravellersView(APIView):
    """Everybody the customer books for."""

    @extend_schema(operation_id="travellers_list", responses=serializers.TravellerList)
    def get(self, request: Request) -> Response:
        """All of them, the first entered first."""
        clean(serializers.Nothing, request.query_params.dict())
        mine = Traveller.objects.filter(customer=member(request), deleted_at__isnull=True)
        return Response(serializers.TravellerList({"results": mine.prefetch_related("documents").order_by("id")}).data)

    @extend_schema(
        operation_id="travellers_add", request=serializers.TravellerChange, parameters=[IDEMPOTENCY],
        responses={201: serializers.TravellerShown},
    )  # fmt: skip
    @idempotent("travellers.add")
    def post(self, request: Request) -> Response:
        """Add one; at most fifty (409 `too_many`)."""
        traveller = documents.add_traveller(member(request), **clean(serializers.TravellerChange, request.data))
        return Response(serializers.TravellerShown(traveller).data, status=201)


class TravellerView(APIView):
    """One traveller."""

    @extend_schema(operation_id="travellers_get", responses=serializers.TravellerShown)
    def get(self, request: Request, traveller_id: int) -> Response:
        """What is known, documents masked."""
        clean(serializers.Nothing, request.query_params.dict())
        return Response(serializers.TravellerShown(_own(request, traveller_id)).data)

    @extend_schema(operation_id="travellers_edit", request=serializers.TravellerPatch, responses=serializers.TravellerShown)
    def patch(self, request: Request, traveller_id: int) -> Response:
        """Change some facts."""
        traveller = _own(request, traveller_id)
        documents.edit_traveller(traveller, **clean(serializers.TravellerPatch, request.data))
        return Response(serializers.TravellerShown(traveller).data)

    @extend_schema(operation_id="travellers_remove", request=None, responses={204: None})
    def delete(self, request: Request, traveller_id: int) -> Response:
        """Remove from the list; documents are deleted for good."""
        documents.remove_traveller(_own(request, traveller_id))
        return Response(status=204)


class DocumentsView(APIView):
    """A traveller's documents."""

    @extend_schema(
        operation_id="documents_keep", request=serializers.DocumentGiven, parameters=[IDEMPOTENCY],
        responses={201: serializers.DocumentShown},
    )  # fmt: skip
    @idempotent("documents.keep")
    def post(self, request: Request, traveller_id: int) -> Response:
        """Keep a number, sealed; a second of one kind replaces the first. 409 `text_outdated`, `guardian_needed` or
        `birthday_needed` say what must come first."""
        traveller = _own(request, traveller_id)
        document = documents.keep_document(
            traveller, **clean(serializers.DocumentGiven, request.data), evidence=evidence(request)
        )
        return Response(serializers.DocumentShown(document).data, status=201)


class DocumentView(APIView):
    """One document."""

    @extend_schema(operation_id="documents_remove", request=None, responses={204: None})
    def delete(self, request: Request, traveller_id: int, document_id: int) -> Response:
        """Delete a document for good."""
        traveller = _own(request, traveller_id)
        found = TravellerDocument.objects.filter(traveller=traveller, pk=document_id).first() if document_id <= LARGEST else None
        if found is None:
            raise Http404
        documents.drop_document(found)
        return Response(status=204)
