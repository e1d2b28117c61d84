"""Orders for the mini-program: only the caller's own exist; everybody else's are 404."""

import datetime as dt
from typing import Any, cast

from django.http import Http404
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog.choices import SaleState
from catalog.models import Product
from core.errors import BadInput
from core.idempotency import idempotency_key, idempotent
from core.money import to_fen
from core.serializers import StrictSerializer
from customers.models import Customer, MemberToken
from orders.choices import OrderState
from orders.models import Order
from orders.serializers import Nothing, OrderPage, OrderQuery, OrderShown, PaymentParams, PlaceOrder
from orders.services.payments import start_payment
from orders.services.placing import cancel_order, place_order

KEY = OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER, required=True, description="8 to 100 characters")


def clean(serializer: type[StrictSerializer], given: Any) -> dict[str, Any]:
    """The clean values of a body or query; 400 names what is wrong."""
    values = serializer(data=given)
    values.is_valid(raise_exception=True)
    cleaned: dict[str, Any] = values.validated_data
    return cleaned


class OrdersView(APIView):
    """The customer's orders."""

    @extend_schema(operation_id="orders_list", parameters=[OrderQuery], responses=OrderPage)
    def get(self, request: Request) -> Response:
        """A page of them, newest first."""
        wanted = clean(OrderQuery, request.query_params.dict())
        mine = Order.objects.filter(customer=customer_of(request)).select_related("product", "departure").order_by("-id")
        found = mine.filter(state=wanted["state"]) if wanted.get("state") else mine
        if wanted.get("cursor"):
            last = mine.filter(no=wanted["cursor"]).values_list("id", flat=True).first()
            if last is None:
                raise BadInput(_("The cursor is not one of ours."), {"cursor": _("start again without it")})
            found = found.filter(id__lt=last)
        orders = list(found[: wanted["limit"] + 1])
        more, orders = len(orders) > wanted["limit"], orders[: wanted["limit"]]
        return Response({"results": [shown(order) for order in orders], "next": orders[-1].no if more else None})

    @extend_schema(operation_id="orders_place", parameters=[KEY], request=PlaceOrder, responses={201: OrderShown})
    @idempotent("orders.place")
    def post(self, request: Request) -> Response:
        """Hold seats for half an hour. 404 for an unknown product, 409 when it cannot be had."""
        wish = clean(PlaceOrder, request.data)
        product = Product.objects.filter(code=wish.pop("product")).exclude(state__in=[SaleState.DRAFT, SaleState.CUSTOM]).first()
        if product is None:
            raise Http404
        token = cast(MemberToken, request.auth)
        order = place_order(customer=customer_of(request), product=product, home_id=token.home_id, **wish)
        return Response(shown(order), status=status.HTTP_201_CREATED)


class OrderView(APIView):
    """One order."""

    @extend_schema(operation_id="orders_get", responses=OrderShown)
    def get(self, request: Request, no: str) -> Response:
        """Where it stands; ask again after paying, until the state is `paid`."""
        clean(Nothing, request.query_params.dict())
        return Response(shown(own_order(request, no)))


class PayView(APIView):
    """Paying an order."""

    @extend_schema(operation_id="orders_pay", parameters=[KEY], request=Nothing, responses=PaymentParams)
    def post(self, request: Request, no: str) -> Response:
        """Start the payment, or go on with it: by itself idempotent. Only the platform's notice makes the order paid."""
        idempotency_key(request)
        clean(Nothing, request.data)
        token = cast(MemberToken, request.auth)
        return Response(start_payment(order=own_order(request, no), openid=token.openid))


class CancelView(APIView):
    """Giving up an unpaid order."""

    @extend_schema(operation_id="orders_cancel", parameters=[KEY], request=Nothing, responses=OrderShown)
    def post(self, request: Request, no: str) -> Response:
        """Close it and free its seats: by itself idempotent. 409 when it is paid."""
        idempotency_key(request)
        clean(Nothing, request.data)
        return Response(shown(cancel_order(order=own_order(request, no))))


def customer_of(request: Request) -> Customer:
    """Who is calling; IsMember has let nobody else in."""
    return cast(Customer, request.user)


def own_order(request: Request, no: str) -> Order:
    """The caller's own order of that number; 404 for everything else."""
    found = Order.objects.filter(no=no, customer=customer_of(request)).select_related("product", "departure").first()
    if found is None:
        raise Http404
    return found


def moment(value: dt.datetime | None) -> str | None:
    """A moment as ISO text in UTC, the same in a first answer and in its replay."""
    return value.astimezone(dt.UTC).isoformat(timespec="seconds") if value else None


def shown(order: Order) -> dict[str, Any]:
    """An order as its customer sees it."""
    product = order.product
    return {
        "no": order.no,
        "state": order.state,
        "state_text": str(OrderState(order.state).label),
        "product": {"code": product.code, "name": product.name, "cover": f"/covers/{product.code}.svg"},
        "departs_on": order.departure.departs_on.isoformat(),
        "days": product.days,
        "adults": order.adults,
        "children": order.children,
        "adult_price": to_fen(order.adult_amount),
        "child_price": to_fen(order.child_amount),
        "total": to_fen(order.total_amount),
        "paid": to_fen(order.paid_amount),
        "refunded": to_fen(order.refunded_amount),
        "placed_at": moment(order.placed_at),
        "pay_before": moment(order.hold_until) if order.state == OrderState.PLACED else None,
        "paid_at": moment(order.paid_at),
        "closed_at": moment(order.closed_at),
        "close_reason": order.close_reason,
    }
