"""Orders for the mini-program: only the caller's own exist; everybody else's are 404."""

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
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
from core import clock
from core.errors import BadInput
from core.idempotency import idempotency_key, idempotent
from core.money import ZERO, to_fen, to_yuan
from core.serializers import StrictSerializer
from customers.models import Customer, MemberToken
from orders.choices import OrderState
from orders.models import Offer, Order, OrderLine
from orders.queries.offers import OnSale, due_now, offers_on_sale
from orders.serializers import (
    AskChange,
    AskInvoice,
    AskRefund,
    ChangeShown,
    ChangeWish,
    InvoiceShown,
    Nothing,
    OffersShown,
    OrderPage,
    OrderQuery,
    OrderServices,
    OrderShown,
    PaymentParams,
    PlaceOrder,
    PreviewShown,
    RefundAsked,
    RefundPreview,
    RefundWish,
    TripWish,
    WhoTravels,
)
from orders.services import offsets
from orders.services.changing import Wanted, change_order, preview_change
from orders.services.invoices import request_invoice
from orders.services.lines import Service, Trip, Wish, price_lines
from orders.services.payments import start_payment
from orders.services.people import name_travellers, set_contact
from orders.services.placing import cancel_order, place_basket
from orders.services.refunds import give_up, propose_refund

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
        mine = mine.prefetch_related("lines", "instalments", "travellers")
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
        return _placed(request, wishes_of(wish), wish)


class ServiceOrdersView(APIView):
    """Ordering services without a trip."""

    @extend_schema(operation_id="service_orders_place", parameters=[KEY], request=OrderServices, responses={201: OrderShown})
    @idempotent("orders.place_services")
    def post(self, request: Request) -> Response:
        """Hold them for half an hour. 404 for an unknown offer, 409 when it cannot be had."""
        wish = clean(OrderServices, request.data)
        return _placed(request, wishes_of(wish), wish)


class PreviewView(APIView):
    """What an order would cost."""

    @extend_schema(operation_id="orders_preview", parameters=[KEY], request=TripWish, responses=PreviewShown)
    def post(self, request: Request) -> Response:
        """Prices, coupons and points of this moment; nothing is held. Refused as placing it would be."""
        idempotency_key(request)
        wish = clean(TripWish, request.data)
        lines = price_lines(wishes_of(wish))
        at = clock.now()
        covered = offsets.preview(customer_of(request).pk, lines, wish.get("coupons", ()), wish["points"], at=at)
        total = sum((line.total_amount for line in lines), ZERO)
        return Response(
            {
                "lines": [line_shown(line) for line in lines],
                "total": to_fen(total),
                "coupon": to_fen(covered.coupons),
                "points": to_fen(covered.points),
                "points_used": covered.points_used,
                "payable": to_fen(total - covered.coupons - covered.points),
            }
        )


def wishes_of(wish: Mapping[str, Any]) -> list[Wish]:
    """What was asked for, of products and offers that customers may see; 404 for the others."""
    wishes: list[Wish] = []
    if "product" in wish:
        hidden = [SaleState.DRAFT, SaleState.CUSTOM]
        product = Product.objects.filter(code=wish["product"]).exclude(state__in=hidden).first()
        if product is None:
            raise Http404
        wishes.append(Trip(product, wish["departs_on"], wish["adults"], wish["children"]))
    for one in wish.get("services", ()):
        offer = Offer.objects.select_related("product").filter(product__code=one["offer"]).exclude(state="draft").first()
        if offer is None:
            raise Http404
        wishes.append(Service(offer, one["day"], one["quantity"]))
    return wishes


def _placed(request: Request, wishes: Sequence[Wish], wish: Mapping[str, Any]) -> Response:
    token = cast(MemberToken, request.auth)
    order = place_basket(
        customer=customer_of(request), wishes=wishes, coupon_ids=wish.get("coupons", ()), points=wish["points"],
        touch=wish.get("touch", ""), home_id=token.home_id,
    )  # fmt: skip
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


class RefundPreviewView(APIView):
    """What giving up brings back."""

    @extend_schema(operation_id="orders_refund_preview", parameters=[KEY], request=RefundWish, responses=RefundPreview)
    def post(self, request: Request, no: str) -> Response:
        """By the terms the order was placed on, today; nothing changes."""
        idempotency_key(request)
        found = propose_refund(own_order(request, no), _pieces(clean(RefundWish, request.data)))
        back = found.back
        return Response(
            {"money": to_fen(back.money), "covered": to_fen(back.offsets), "fee": to_fen(back.fee), "closes": found.closes}
        )


class RefundsView(APIView):
    """Asking for a refund."""

    @extend_schema(operation_id="orders_refund", parameters=[KEY], request=AskRefund, responses={201: RefundAsked})
    @idempotent("orders.refund")
    def post(self, request: Request, no: str) -> Response:
        """Ask; the agency decides. 409 (`changed`) when the terms give another amount than the preview told."""
        wish, order = clean(AskRefund, request.data), own_order(request, no)
        key = hashlib.sha256(idempotency_key(request).encode()).hexdigest()[:12]
        asked = give_up(
            order_id=order.pk, key=f"M{key}", reason=wish["words"], pieces=_pieces(wish), expected=to_yuan(wish["expected"])
        )
        body = {"no": asked.out_refund_no, "state": asked.state, "money": wish["expected"]}
        return Response(body, status=status.HTTP_201_CREATED)


def _pieces(wish: Mapping[str, Any]) -> dict[int, int] | None:
    return {one["line"]: one["quantity"] for one in wish["pieces"]} if wish.get("pieces") else None


class ChangePreviewView(APIView):
    """What a change costs."""

    @extend_schema(operation_id="orders_change_preview", parameters=[KEY], request=ChangeWish, responses=ChangeShown)
    def post(self, request: Request, no: str) -> Response:
        """Prices of this moment; nothing is held."""
        idempotency_key(request)
        cost = preview_change(own_order(request, no), Wanted(**clean(ChangeWish, request.data)))
        return Response({"difference": to_fen(cost.difference), "fee": to_fen(cost.fee), "to_pay": to_fen(cost.to_pay)})


class ChangeView(APIView):
    """Changing an order."""

    @extend_schema(operation_id="orders_change", parameters=[KEY], request=AskChange, responses=OrderShown)
    def post(self, request: Request, no: str) -> Response:
        """Another date, other people. By itself idempotent. 409 (`changed`) when the price is another by now."""
        key = hashlib.sha256(idempotency_key(request).encode()).hexdigest()[:16]
        wish = clean(AskChange, request.data)
        expected, order = to_yuan(wish.pop("expected")), own_order(request, no)
        change_order(order_id=order.pk, wanted=Wanted(**wish), key=key, expected=expected)
        return Response(shown(own_order(request, no)))


class TravellersView(APIView):
    """Who travels."""

    @extend_schema(operation_id="orders_travellers", parameters=[KEY], request=WhoTravels, responses=OrderShown)
    @idempotent("orders.travellers")
    def post(self, request: Request, no: str) -> Response:
        """Name who travels and whom to call, in place of what was said before."""
        wish, order = clean(WhoTravels, request.data), own_order(request, no)
        name_travellers(order=order, traveller_ids=wish["travellers"])
        set_contact(
            order=order, name=wish["contact"], phone=wish["contact_phone"], emergency_name=wish.get("emergency", ""),
            emergency_phone=wish.get("emergency_phone", ""),
        )  # fmt: skip
        return Response(shown(order))


class InvoiceView(APIView):
    """Asking for an invoice."""

    @extend_schema(operation_id="orders_invoice", parameters=[KEY], request=AskInvoice, responses={201: InvoiceShown})
    @idempotent("orders.invoice")
    def post(self, request: Request, no: str) -> Response:
        """Ask for it; asking again returns the open one."""
        wish = clean(AskInvoice, request.data)
        wish["kind"] = wish.pop("holder")
        made = request_invoice(order=own_order(request, no), **wish)
        body = {"state": made.state, "title": made.title, "amount": to_fen(made.amount), "number": made.number}
        return Response(body, status=status.HTTP_201_CREATED)


class OffersView(APIView):
    """Services, activities and goods."""

    @extend_schema(operation_id="offers_list", responses=OffersShown)
    def get(self, request: Request) -> Response:
        """What is on sale, with the days on which it can be had."""
        clean(Nothing, request.query_params.dict())
        return Response({"results": [offer_shown(one) for one in offers_on_sale()]})


def offer_shown(one: OnSale) -> dict[str, Any]:
    """An offer as customers see it."""
    offer = one.offer
    days = [
        {"day": day.departs_on.isoformat(), "price": to_fen(day.adult_amount), "left": day.seats - day.seats_taken}
        for day in one.days
    ]
    return {
        "code": offer.product.code, "kind": offer.kind, "name": offer.product.name, "text": offer.text,
        "most": offer.most_per_order, "days": days,
    }  # fmt: skip


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


def line_shown(line: OrderLine) -> dict[str, Any]:
    """A line as its customer sees it."""
    return {
        "id": line.pk,
        "kind": line.kind,
        "name": line.name,
        "day": line.starts_on.isoformat() if line.starts_on else None,
        "quantity": line.quantity,
        "left": line.open_quantity,
        "price": to_fen(line.unit_amount),
        "total": to_fen(line.total_amount),
        "covered": to_fen(ZERO + line.coupon_amount + line.points_amount),
        "code": line.code,
        "valid_until": moment(line.valid_until),
    }


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
        "coupon": to_fen(order.coupon_amount),
        "points": to_fen(order.points_amount),
        "points_used": order.points_used,
        "payable": to_fen(order.payable_amount),
        "due": to_fen(due_now(order)),
        "lines": [line_shown(line) for line in order.lines.all()],
        "instalments": [
            {"label": one.label, "amount": to_fen(one.amount), "due_on": one.due_on.isoformat(), "paid_at": moment(one.paid_at)}
            for one in order.instalments.all()
        ],
        "travellers": [one.name for one in order.travellers.all()],
        "paid": to_fen(order.paid_amount),
        "refunded": to_fen(order.refunded_amount),
        "placed_at": moment(order.placed_at),
        "pay_before": moment(order.hold_until) if order.state == OrderState.PLACED else None,
        "paid_at": moment(order.paid_at),
        "closed_at": moment(order.closed_at),
        "close_reason": order.close_reason,
    }
