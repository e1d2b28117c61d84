"""P18: tasks to be checked, the mall and bookings to be handed over, gifts; and the card on a customer's page."""

import datetime as dt
from typing import Any

from django.contrib import messages
from django.db.models import Count, Q, Sum
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from core import clock, params
from core.errors import BadInput, Refused
from customers.models import Customer
from membership.choices import BookingState, CouponState, DoneState, InvitationState, MallOrderState, SchemeState
from membership.forms import SlotsForm, confirmation, new_key
from membership.models import (
    Coupon,
    GrowthEntry,
    Invitation,
    MallItem,
    MallOrder,
    Member,
    MemberService,
    MemberTask,
    ServiceBooking,
    TaskDone,
    Tier,
)  # fmt: skip
from membership.queries.points import history, standing
from membership.queries.tiers import entitlements_of
from membership.services.gifts import give_holiday_gifts
from membership.services.mall import cancel_booking, deliver, open_slots, take_exchange_back, use_booking
from membership.services.tasking import decide_task
from membership.services.tiers import use_benefit
from membership.views.tiers import actor
from staff.access import may, requires


@requires("membership.view")
@require_safe
def task_page(request: HttpRequest) -> HttpResponse:
    """Tasks with what they brought in 30 days; what waits for a look; invitations that looked wrong."""
    visible = Customer.objects.visible_to(actor(request))
    month = clock.now() - dt.timedelta(days=30)
    done = dict(TaskDone.objects.filter(at__gte=month, state=DoneState.DONE).values_list("task_id").annotate(number=Count("id")))
    waiting = TaskDone.objects.filter(state=DoneState.WAITING, customer__in=visible).select_related("customer", "task")
    refused = Invitation.objects.filter(state=InvitationState.REFUSED, inviter__in=visible).select_related("inviter", "invitee")
    context = {
        "tab": "tasks",
        "tasks": [{"task": one, "done": done.get(one.pk, 0)} for one in MemberTask.objects.order_by("id")],
        "waiting": list(waiting.order_by("id")[:30]),
        "invitations": list(refused.order_by("-id")[:10]),
        "invited": Invitation.objects.filter(at__gte=month).count(),
        "rewarded": Invitation.objects.filter(rewarded_at__gte=month).count(),
        "may_manage": may(request.user, "membership.manage"),
    }
    return render(request, "membership/tasks.html", context)


@require_POST
@requires("membership.manage")
def check_task(request: HttpRequest, done_id: int) -> HttpResponse:
    """Say whether a task done counts."""
    done = get_object_or_404(TaskDone, pk=done_id, customer__in=Customer.objects.visible_to(actor(request)))
    is_good = params.one_of("decision", request.POST.get("decision"), ["good", "refuse"], "refuse") == "good"
    decide_task(done.pk, is_good=is_good, by=actor(request))
    messages.success(request, _("It counts.") if is_good else _("Refused."))
    return HttpResponseRedirect(reverse("membership:tasks"))


@requires("membership.view")
@require_safe
def mall_page(request: HttpRequest) -> HttpResponse:
    """Items and services, and what is to be handed over."""
    return render(request, "membership/mall.html", _mall(request))


def _mall(request: HttpRequest, form: SlotsForm | None = None, wrong: int = 0) -> dict[str, Any]:
    visible, now = Customer.objects.visible_to(actor(request)), clock.now()
    coming = Q(slots__starts_at__gt=now, slots__starts_at__lt=now + dt.timedelta(days=14))
    services = MemberService.objects.select_related("benefit").order_by("id").annotate(
        places=Sum("slots__capacity", filter=coming), taken=Sum("slots__taken", filter=coming)
    )  # fmt: skip
    return {
        "tab": "mall",
        "items": list(MallItem.objects.order_by("points", "id")),
        "services": list(services),
        "exchanges": list(
            MallOrder.objects.filter(state=MallOrderState.ORDERED, customer__in=visible)
            .select_related("customer", "item").order_by("id")[:20]
        ),
        "bookings": list(
            ServiceBooking.objects.filter(state=BookingState.BOOKED, customer__in=visible)
            .filter(slot__ends_at__gte=now - dt.timedelta(days=1))
            .select_related("customer", "slot__service").order_by("slot__starts_at", "id")[:20]
        ),
        "slot_form": form or SlotsForm(initial={"first": clock.today() + dt.timedelta(days=1), "days": 7, "capacity": 10}),
        "wrong": wrong,
        "may_manage": may(request.user, "membership.manage"),
        "may_redeem": may(request.user, "coupons.redeem"),
    }  # fmt: skip


@require_POST
@requires("coupons.redeem")
def finish_exchange(request: HttpRequest, exchange_id: int) -> HttpResponse:
    """Hand an item over, or take the exchange back."""
    order = get_object_or_404(MallOrder, pk=exchange_id, customer__in=Customer.objects.visible_to(actor(request)))
    if params.one_of("decision", request.POST.get("decision"), ["deliver", "return"], "deliver") == "deliver":
        deliver(order.pk, by=actor(request))
        messages.success(request, _("Handed over."))
    else:
        take_exchange_back(order.pk, by=actor(request))
        messages.success(request, _("Taken back: the points are returned."))
    return HttpResponseRedirect(reverse("membership:mall"))


@require_POST
@requires("coupons.redeem")
def finish_booking(request: HttpRequest, booking_id: int) -> HttpResponse:
    """The member is here, or does not come."""
    booking = get_object_or_404(ServiceBooking, pk=booking_id, customer__in=Customer.objects.visible_to(actor(request)))
    if params.one_of("decision", request.POST.get("decision"), ["use", "cancel"], "use") == "use":
        use_booking(booking.pk, by=actor(request))
        messages.success(request, _("Checked in."))
    else:
        cancel_booking(booking.pk, by=actor(request))
        messages.success(request, _("Cancelled: the place is free, points or benefit are returned."))
    return HttpResponseRedirect(reverse("membership:mall"))


@require_POST
@requires("membership.manage")
def slots(request: HttpRequest, service_id: int) -> HttpResponse:
    """Offer hours on several days."""
    service = get_object_or_404(MemberService, pk=service_id)
    form = SlotsForm(request.POST)
    if not form.is_valid():
        return render(request, "membership/mall.html", _mall(request, form, service.pk), status=422)
    data = form.cleaned_data
    days = [data["first"] + dt.timedelta(days=number) for number in range(data["days"])]
    added = open_slots(service, days, data["starts"], data["ends"], data["capacity"], by=actor(request))
    messages.success(request, _("%(number)s times are offered.") % {"number": added})
    return HttpResponseRedirect(reverse("membership:mall"))


@require_POST
@requires("membership.manage")
def gifts(request: HttpRequest) -> HttpResponse:
    """Give the holiday gift; confirmed by typing."""
    if str(request.POST.get("confirm", "")).strip() != confirmation():
        message = _("Type “%(word)s” to confirm.") % {"word": confirmation()}
        raise BadInput(message, {"confirm": message})
    number = give_holiday_gifts(str(request.POST.get("name", "")).strip(), by=actor(request))
    messages.success(request, _("%(number)s members get the gift.") % {"number": number})
    return HttpResponseRedirect(reverse("membership:overview"))


@requires("membership.view")
@require_safe
def customer_panel(request: HttpRequest, customer_id: int) -> HttpResponse:
    """Tier, points, coupons and benefits on a customer's page."""
    customer = get_object_or_404(Customer.objects.visible_to(actor(request)), pk=customer_id)
    return render(request, "membership/panel.html", _panel(request, customer))


def _panel(request: HttpRequest, customer: Customer) -> dict[str, Any]:
    now, member = clock.now(), Member.objects.filter(pk=customer.pk).first()
    tier = Tier.objects.filter(scheme__state=SchemeState.PUBLISHED, rank=member.rank if member else 0).first()
    usable = Coupon.objects.filter(customer=customer, state=CouponState.ISSUED, expires_at__gte=now).select_related("template")
    return {
        "customer": customer, "member": member, "tier": tier, "points": standing(customer.pk, now),
        "growth": GrowthEntry.objects.filter(customer=customer).aggregate(sum=Sum("amount"))["sum"] or 0,
        "coupons": list(usable.order_by("expires_at")[:4]),
        "benefits": [one for one in entitlements_of(customer.pk, member, now) if not one.is_figure],
        "movements": history(customer.pk, limit=3), "key": new_key(), "may_redeem": may(request.user, "coupons.redeem"),
    }  # fmt: skip


@require_POST
@requires("coupons.redeem")
def use(request: HttpRequest, customer_id: int, benefit: str) -> HttpResponse:
    """A member uses a benefit at the counter."""
    customer = get_object_or_404(Customer.objects.visible_to(actor(request)), pk=customer_id)
    key = params.text("key", request.POST.get("key"), 40) or new_key()
    try:
        use_benefit(customer.pk, benefit, key=f"desk:{key}", by=actor(request))
        messages.success(request, _("Noted: one use less."))
    except Refused as refused:
        messages.error(request, refused.message)
    return render(request, "membership/panel.html", _panel(request, customer))
