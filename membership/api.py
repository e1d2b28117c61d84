"""Membership for the mini-program: tier, points, coupons, tasks, mall, services. Only the caller's own exist."""

import datetime as dt
from typing import Any

from django.db.models import Count, Q, Sum
from django.http import Http404
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core import clock
from core.conditions import parse, say
from core.errors import BadInput
from core.idempotency import idempotency_key, idempotent
from core.money import to_fen
from customers.api.member import IDEMPOTENCY, clean, member
from membership import serializers as shapes
from membership.choices import CouponState, DoneState, TaskKind, TemplateState
from membership.models import (
    Coupon,
    CouponTemplate,
    GrowthEntry,
    MallItem,
    MallOrder,
    Member,
    MemberService,
    MemberTask,
    ServiceBooking,
    ServiceSlot,
    TaskDone,
    Tier,
)  # fmt: skip
from membership.queries.points import history, is_movement_of, standing
from membership.queries.tiers import entitlements, scheme_in_force
from membership.services.coupons import claim_code, issue_coupon
from membership.services.mall import book_service, cancel_booking, exchange, price_for
from membership.services.tasking import accept_invitation, do_task, invite_code_of

SHOWN = 50
AHEAD = dt.timedelta(days=14)


def moment(value: dt.datetime | None) -> str | None:
    """A moment as ISO text in UTC, the same in a first answer and in its replay."""
    return value.astimezone(dt.UTC).isoformat(timespec="seconds") if value else None


def own_key(request: Request) -> str:
    """The caller's key, made theirs: the same words of two people are two keys."""
    return f"mp:{member(request).pk}:{idempotency_key(request)}"[:120]


class MemberView(APIView):
    """The member's card."""

    @extend_schema(operation_id="member_get", responses=shapes.MemberShown)
    def get(self, request: Request) -> Response:
        """Tier, growth, points, benefits, and what the next tier asks."""
        clean(shapes.NothingAsked, request.query_params.dict())
        customer_id, now = member(request).pk, clock.now()
        mine = Member.objects.filter(pk=customer_id).first()
        scheme = scheme_in_force()
        tiers = list(scheme.tiers.order_by("rank")) if scheme else []
        rank = mine.rank if mine else 0
        held = next((tier for tier in tiers if tier.rank == rank), None)
        points = standing(customer_id, now)
        growth = GrowthEntry.objects.filter(customer_id=customer_id).aggregate(sum=Sum("amount"))["sum"] or 0
        return Response(
            {
                "tier": held.code if held else "base", "tier_name": held.name if held else "", "rank": rank,
                "valid_until": moment(mine.valid_until) if mine else None,
                "grace_until": moment(mine.grace_until) if mine else None, "growth": growth, "points": points.balance,
                "points_held": points.held, "points_expiring": points.expiring, "points_expire_at": moment(points.expires_at),
                "next_tier": _next(tiers, rank), "benefits": _benefits(customer_id, now),
                "invite_code": invite_code_of(customer_id),
            }
        )  # fmt: skip


def _next(tiers: list[Tier], rank: int) -> dict[str, str] | None:
    above = next((tier for tier in tiers if tier.rank > rank), None)
    if above is None or above.condition is None:
        return None
    return {"name": above.name, "condition": say(parse(above.condition))}


def _benefits(customer_id: int, at: dt.datetime) -> list[dict[str, Any]]:
    return [
        {
            "code": one.benefit.code, "name": one.benefit.name, "text": one.benefit.text, "value": f"{one.value.normalize():f}",
            "quantity": None if one.is_figure else one.quantity, "left": None if one.is_figure else one.left,
            "period": "" if one.is_figure else one.period_text,
        }
        for one in entitlements(customer_id, at)
    ]  # fmt: skip


class PointsView(APIView):
    """The points statement."""

    @extend_schema(operation_id="points_list", parameters=[shapes.PointsQuery], responses=shapes.PointsPage)
    def get(self, request: Request) -> Response:
        """Newest first; go on with `before`."""
        asked = clean(shapes.PointsQuery, request.query_params.dict())
        if "before" in asked and not is_movement_of(member(request).pk, asked["before"]):
            raise BadInput(_("The cursor is not one of ours."), {"before": _("start again without it")})
        found = history(member(request).pk, limit=asked["limit"] + 1, before=asked.get("before"))
        rows, more = found[: asked["limit"]], len(found) > asked["limit"]
        shown = [
            {"id": one.id, "at": moment(one.at), "code": one.code, "text": one.text, "points": one.points, "state": one.state}
            for one in rows
        ]
        balance = standing(member(request).pk, clock.now()).balance
        return Response({"points": balance, "results": shown, "next": rows[-1].id if more else None})


class CouponsView(APIView):
    """One's coupons."""

    @extend_schema(operation_id="coupons_list", parameters=[shapes.CouponQuery], responses=shapes.CouponList)
    def get(self, request: Request) -> Response:
        """The newest fifty."""
        asked = clean(shapes.CouponQuery, request.query_params.dict())
        mine = Coupon.objects.filter(customer=member(request)).select_related("template").order_by("-id")
        if asked["usable"]:
            mine = mine.filter(state=CouponState.ISSUED, expires_at__gte=clock.now())
        return Response({"results": [coupon_shown(one) for one in mine[:SHOWN]]})


def coupon_shown(coupon: Coupon) -> dict[str, Any]:
    """A coupon as its owner sees it."""
    terms = coupon.template
    is_past = coupon.state == CouponState.ISSUED and coupon.expires_at is not None and coupon.expires_at < clock.now()
    return {
        "id": coupon.pk, "name": terms.name, "kind": terms.kind, "code": coupon.code,
        "state": "expired" if is_past else coupon.state,
        "off": to_fen(terms.amount), "percent": terms.percent, "cap": to_fen(terms.cap_amount) if terms.cap_amount else None,
        "from_total": to_fen(terms.min_amount), "item": terms.item, "rules": terms.rule_text,
        "valid_from": moment(coupon.valid_from), "valid_until": moment(coupon.expires_at),
    }  # fmt: skip


class CouponCentreView(APIView):
    """The coupon centre."""

    @extend_schema(operation_id="coupons_centre", responses=shapes.OfferList)
    def get(self, request: Request) -> Response:
        """What can be fetched now."""
        clean(shapes.NothingAsked, request.query_params.dict())
        open_now = CouponTemplate.objects.filter(state=TemplateState.ACTIVE, is_claimable=True).filter(
            Q(valid_until__isnull=True) | Q(valid_until__gte=clock.now())
        )
        had = dict(
            Coupon.objects.filter(customer=member(request)).exclude(state=CouponState.VOID)
            .values_list("template_id").annotate(number=Count("id"))
        )  # fmt: skip
        return Response({"results": [_offer(one, had.get(one.pk, 0)) for one in open_now.order_by("-id")[:SHOWN]]})


def _offer(template: CouponTemplate, mine: int) -> dict[str, Any]:
    return {
        "id": template.pk, "name": template.name, "kind": template.kind, "off": to_fen(template.amount),
        "percent": template.percent,
        "from_total": to_fen(template.min_amount), "rules": template.rule_text,
        "left": None if template.stock is None else template.stock - template.issued_count, "mine": mine,
        "per_person": template.per_person,
    }  # fmt: skip


class ClaimView(APIView):
    """Fetching a coupon."""

    @extend_schema(
        operation_id="coupons_claim", parameters=[IDEMPOTENCY], request=shapes.NothingAsked, responses={201: shapes.CouponShown}
    )
    @idempotent("coupons.claim")
    def post(self, request: Request, template_id: int) -> Response:
        """From the coupon centre; 409 when they are gone or one has had one's share."""
        clean(shapes.NothingAsked, request.data)
        found = CouponTemplate.objects.filter(pk=min(template_id, shapes.MOST_ID), is_claimable=True).first()
        if found is None:
            raise Http404
        coupon = issue_coupon(member(request).pk, found.pk, f"claim:{own_key(request)}"[:120], source="centre")
        return Response(coupon_shown(coupon), status=status.HTTP_201_CREATED)


class CodeView(APIView):
    """A coupon by its code."""

    @extend_schema(
        operation_id="coupons_code", parameters=[IDEMPOTENCY], request=shapes.CouponCodeGiven, responses=shapes.CouponShown
    )
    @idempotent("coupons.code")
    def post(self, request: Request) -> Response:
        """Type a code to own its coupon. 409 for a wrong or used one."""
        given = clean(shapes.CouponCodeGiven, request.data)
        return Response(coupon_shown(claim_code(member(request).pk, given["coupon_code"])))


class TasksView(APIView):
    """Tasks."""

    @extend_schema(operation_id="tasks_list", responses=shapes.TaskList)
    def get(self, request: Request) -> Response:
        """What is offered, and what was done today."""
        clean(shapes.NothingAsked, request.query_params.dict())
        start, end = clock.day_bounds(clock.today())
        today = TaskDone.objects.filter(customer=member(request), at__gte=start, at__lt=end).exclude(state=DoneState.REFUSED)
        done = dict(today.values_list("task_id").annotate(number=Count("id")))
        fields = ("code", "kind", "name", "text", "points", "growth", "per_day")
        tasks = MemberTask.objects.filter(is_active=True).order_by("id")
        rows = [{**{name: getattr(one, name) for name in fields}, "done_today": done.get(one.pk, 0)} for one in tasks]
        return Response({"results": rows})


def _done(done: TaskDone) -> Response:
    return Response({"task": done.task.code, "state": done.state, "points": done.points, "streak": done.streak})


class TaskView(APIView):
    """Doing a task."""

    @extend_schema(
        operation_id="tasks_complete", parameters=[IDEMPOTENCY], request=shapes.TaskGiven, responses=shapes.TaskDoneShown
    )
    @idempotent("tasks.complete")
    def post(self, request: Request, task: str) -> Response:
        """The same thing counts once; 409 when today's share is done."""
        given = clean(shapes.TaskGiven, request.data)
        return _done(do_task(member(request).pk, task[:20], given.get("evidence", "")))


class CheckInView(APIView):
    """Signing in."""

    @extend_schema(operation_id="checkin", parameters=[IDEMPOTENCY], request=shapes.NothingAsked, responses=shapes.TaskDoneShown)
    @idempotent("checkin")
    def post(self, request: Request) -> Response:
        """Once a day; `streak` counts days in a row."""
        clean(shapes.NothingAsked, request.data)
        code = MemberTask.objects.filter(kind=TaskKind.SIGN_IN, is_active=True).values_list("code", flat=True).first()
        return _done(do_task(member(request).pk, code or "sign-in"))


class InvitationView(APIView):
    """Who invited me."""

    @extend_schema(
        operation_id="invitations_accept",
        parameters=[IDEMPOTENCY],
        request=shapes.InvitationGiven,
        responses=shapes.InvitationShown,
    )
    @idempotent("invitations.accept")
    def post(self, request: Request) -> Response:
        """A new member names the code of who invited them. 409 for one's own code, or for who is not new."""
        given = clean(shapes.InvitationGiven, request.data)
        accept_invitation(member(request).pk, given["invite_code"])
        return Response({"state": "joined"})  # what looked wrong is for staff to see, not for who tries


class MallView(APIView):
    """The points mall."""

    @extend_schema(operation_id="mall_list", responses=shapes.MallList)
    def get(self, request: Request) -> Response:
        """What is offered, at the member's own price."""
        clean(shapes.NothingAsked, request.query_params.dict())
        items = MallItem.objects.filter(is_active=True).order_by("points", "id")[:SHOWN]
        fields = ("id", "name", "kind", "text", "stock", "per_person")
        rows = [{**{name: getattr(one, name) for name in fields}, "points": price_for(member(request).pk, one)} for one in items]
        return Response({"results": rows})


class RedeemView(APIView):
    """Exchanging points."""

    @extend_schema(
        operation_id="mall_redeem", parameters=[IDEMPOTENCY], request=shapes.NothingAsked, responses={201: shapes.ExchangeShown}
    )
    @idempotent("mall.redeem")
    def post(self, request: Request, item_id: int) -> Response:
        """409 when stock, tier, limit or points say no."""
        clean(shapes.NothingAsked, request.data)
        if not MallItem.objects.filter(pk=min(item_id, shapes.MOST_ID)).exists():
            raise Http404
        order = exchange(member(request).pk, item_id, key=own_key(request))
        return Response(exchange_shown(order), status=status.HTTP_201_CREATED)


def exchange_shown(order: MallOrder) -> dict[str, Any]:
    """An exchange as its owner sees it."""
    return {
        "no": order.no, "item": order.item.name, "points": order.points, "state": order.state,
        "state_text": str(order.get_state_display()), "coupon": order.coupon.code if order.coupon else None,
        "at": moment(order.at),
    }  # fmt: skip


class ExchangesView(APIView):
    """One's exchanges."""

    @extend_schema(operation_id="mall_orders", responses=shapes.ExchangeList)
    def get(self, request: Request) -> Response:
        """The newest fifty."""
        clean(shapes.NothingAsked, request.query_params.dict())
        mine = MallOrder.objects.filter(customer=member(request)).select_related("item", "coupon").order_by("-id")[:SHOWN]
        return Response({"results": [exchange_shown(one) for one in mine]})


class ServicesView(APIView):
    """Services that members book."""

    @extend_schema(operation_id="services_list", responses=shapes.ServiceList)
    def get(self, request: Request) -> Response:
        """With the slots of the next two weeks."""
        clean(shapes.NothingAsked, request.query_params.dict())
        now = clock.now()
        offered = list(MemberService.objects.filter(is_active=True).select_related("benefit").order_by("id")[:SHOWN])
        slots: dict[int, list[ServiceSlot]] = {}
        for slot in ServiceSlot.objects.filter(service__in=offered, starts_at__gt=now, starts_at__lt=now + AHEAD).order_by(
            "starts_at"
        ):
            slots.setdefault(slot.service_id, []).append(slot)
        return Response({"results": [_service(one, slots.get(one.pk, [])) for one in offered]})


def _service(service: MemberService, slots: list[ServiceSlot]) -> dict[str, Any]:
    return {
        "id": service.pk, "name": service.name, "kind": service.kind, "place": service.place, "text": service.text,
        "price": to_fen(service.price_amount), "points": service.points,
        "is_free_with": service.benefit.name if service.benefit else None,
        "slots": [
            {"id": one.pk, "starts_at": moment(one.starts_at), "ends_at": moment(one.ends_at), "left": one.capacity - one.taken}
            for one in slots
        ],
    }  # fmt: skip


class BookView(APIView):
    """Booking a slot."""

    @extend_schema(
        operation_id="services_book", parameters=[IDEMPOTENCY], request=shapes.BookingGiven, responses={201: shapes.BookingShown}
    )
    @idempotent("services.book")
    def post(self, request: Request, slot_id: int) -> Response:
        """Paid with a benefit, with points or on site; 409 when it is full or past, or the benefit is used up."""
        given = clean(shapes.BookingGiven, request.data)
        if not ServiceSlot.objects.filter(pk=min(slot_id, shapes.MOST_ID)).exists():
            raise Http404
        booking = book_service(member(request).pk, slot_id, paid_by=given["paid_by"], key=own_key(request))
        return Response(booking_shown(booking), status=status.HTTP_201_CREATED)


def booking_shown(booking: ServiceBooking) -> dict[str, Any]:
    """A booking as its owner sees it."""
    slot = booking.slot
    return {
        "no": booking.no, "service": slot.service.name, "place": slot.service.place, "starts_at": moment(slot.starts_at),
        "ends_at": moment(slot.ends_at), "state": booking.state, "state_text": str(booking.get_state_display()),
        "paid_by": booking.paid_by, "points": booking.points, "price": to_fen(booking.price_amount),
    }  # fmt: skip


class BookingsView(APIView):
    """One's bookings."""

    @extend_schema(operation_id="services_orders", responses=shapes.BookingList)
    def get(self, request: Request) -> Response:
        """The newest fifty."""
        clean(shapes.NothingAsked, request.query_params.dict())
        mine = ServiceBooking.objects.filter(customer=member(request)).select_related("slot__service").order_by("-id")[:SHOWN]
        return Response({"results": [booking_shown(one) for one in mine]})


class CancelBookingView(APIView):
    """Giving a booking up."""

    @extend_schema(
        operation_id="services_cancel", parameters=[IDEMPOTENCY], request=shapes.NothingAsked, responses=shapes.BookingShown
    )
    @idempotent("services.cancel")
    def post(self, request: Request, booking_no: str) -> Response:
        """Points or benefit return; 409 when it is too late."""
        clean(shapes.NothingAsked, request.data)
        found = ServiceBooking.objects.filter(customer=member(request), no=booking_no).first()
        if found is None:
            raise Http404
        return Response(booking_shown(cancel_booking(found.pk)))
