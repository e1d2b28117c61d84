"""Favourites: products kept in mind."""

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from customers import serializers
from customers.api.member import clean, member
from customers.models import Favourite
from customers.services import favourites


class FavouritesView(APIView):
    """The customer's favourites."""

    @extend_schema(operation_id="favourites_list", responses=serializers.FavouriteList)
    def get(self, request: Request) -> Response:
        """All of them, the newest first."""
        clean(serializers.Nothing, request.query_params.dict())
        kept = list(Favourite.objects.filter(customer=member(request)).order_by("-created_at", "-id"))
        names = favourites.names_of([favourite.product_code for favourite in kept])
        rows = [
            {"product_code": one.product_code, "name": names.get(one.product_code, ""), "created_at": one.created_at}
            for one in kept
        ]
        return Response(serializers.FavouriteList({"results": rows}).data)


class FavouriteView(APIView):
    """One product."""

    @extend_schema(operation_id="favourites_add", request=None, responses={204: None})
    def put(self, request: Request, code: str) -> Response:
        """Keep it; keeping it again changes nothing. 404 when there is no such product."""
        if favourites.add_favourite(member(request), code) is None:
            raise Http404
        return Response(status=204)

    @extend_schema(operation_id="favourites_remove", request=None, responses={204: None})
    def delete(self, request: Request, code: str) -> Response:
        """Keep it no longer; 404 when it was not kept."""
        if not favourites.remove_favourite(member(request), code):
            raise Http404
        return Response(status=204)
