"""The catalogue for the mini-program: open to everybody, since nobody logs in to look around."""

import datetime as dt
from typing import Any

from django.http import Http404
from django.utils.decorators import method_decorator
from django.views.decorators.http import conditional_page
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog.models import Departure, Product
from catalog.queries.products import ProductFilter, calendar_of, next_departures, page_of_products, product_on_sale
from catalog.serializers import CalendarShown, MonthQuery, NoQuery, ProductDetail, ProductPage, ProductQuery
from core import clock
from core.money import to_fen, to_yuan
from core.serializers import StrictSerializer


def asked(serializer: type[StrictSerializer], request: Request) -> dict[str, Any]:
    """The clean query parameters; 400 names what is wrong."""
    query = serializer(data=request.query_params.dict())
    query.is_valid(raise_exception=True)
    values: dict[str, Any] = query.validated_data
    return values


@method_decorator(conditional_page, name="dispatch")
class PublicView(APIView):
    """Readable without a token; answers carry an ETag."""

    permission_classes = [AllowAny]


class ProductsView(PublicView):
    """Products on sale."""

    @extend_schema(operation_id="products_list", parameters=[ProductQuery], responses=ProductPage)
    def get(self, request: Request) -> Response:
        """A page of products that fit the filters."""
        values = asked(ProductQuery, request)
        for name in {"price_min", "price_max"} & set(values):
            values[name] = to_yuan(values[name])
        page = page_of_products(ProductFilter(**values))
        departures = next_departures([product.pk for product in page.products])
        cards = [card(product, departures.get(product.pk)) for product in page.products]
        return Response({"results": cards, "next": page.next_cursor})


class ProductView(PublicView):
    """One product on sale."""

    @extend_schema(operation_id="products_get", responses=ProductDetail)
    def get(self, request: Request, code: str) -> Response:
        """Everything its page shows; 404 when it is unknown or not on sale."""
        asked(NoQuery, request)
        product = on_sale_or_404(code)
        more = {
            name: getattr(product, name)
            for name in ("pace", "min_people", "max_people", "highlights", "outline", "included", "excluded", "cancellation")
        }
        return Response({**card(product, next_departures([product.pk]).get(product.pk)), **more})


class CalendarView(PublicView):
    """Prices and seats of one month."""

    @extend_schema(operation_id="products_calendar", parameters=[MonthQuery], responses=CalendarShown)
    def get(self, request: Request, code: str) -> Response:
        """The month's coming dates on sale; sold-out ones have `seats_left` 0."""
        month = asked(MonthQuery, request).get("month") or f"{clock.today():%Y-%m}"
        days = calendar_of(on_sale_or_404(code), dt.date.fromisoformat(f"{month}-01"), for_customers=True)
        return Response({"month": month, "days": [day_shown(departure) for departure in days]})


def on_sale_or_404(code: str) -> Product:
    """The product of a code, if customers may see it."""
    product = product_on_sale(code)
    if product is None:
        raise Http404
    return product


def card(product: Product, departure: Departure | None) -> dict[str, Any]:
    """A product as lists show it."""
    return {
        "code": product.code,
        "name": product.name,
        "subtitle": product.subtitle,
        "destination": {"code": product.destination.code, "name": product.destination.name},
        "days": product.days,
        "themes": product.themes,
        "hotel_class": product.hotel_class,
        "price_from": to_fen(product.price_from_amount),
        "next_departure": departure.departs_on if departure else None,
        "cover": f"/covers/{product.code}.svg",
    }


def day_shown(departure: Departure) -> dict[str, Any]:
    """A date as the calendar shows it."""
    return {
        "date": departure.departs_on,
        "adult_price": to_fen(departure.adult_amount),
        "child_price": to_fen(departure.child_amount),
        "seats_left": departure.seats - departure.seats_taken,
    }
