"""P25: what a merchant's people do on their phones. Everything is reached through the merchant they work for."""

import datetime as dt
import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core import clock, params
from core.errors import BadInput, Refused
from merchants.choices import DisputeKind
from merchants.forms import CodeForm, DaysForm, OfferForm, RedeemForm
from merchants.models import MerchantUser
from merchants.queries import pages
from merchants.queries.codes import line_of
from merchants.services import redeeming, settling
from merchants.services.people import end_work, list_offer
from orders.services.offers import edit_offer, put_offer, set_days
from staff.access import actor, requires

P = ParamSpec("P")
Work = Callable[Concatenate[HttpRequest, MerchantUser, P], HttpResponse]
SHOWN_DAYS = 60


def at_work(view: "Work[P]") -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Let in who works for a merchant, and hand that over; whoever works for none is told so."""

    @requires("merchants.work")
    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        work = pages.work_of(actor(request))
        if work is None:
            return render(request, "merchants/no_work.html", status=200 if request.method in {"GET", "HEAD"} else 404)
        return view(request, work, *args, **kwargs)

    return guarded


def managed(view: "Work[P]") -> "Work[P]":
    """Money is the managers' business: for the others the page does not exist."""

    @wraps(view)
    def guarded(request: HttpRequest, work: MerchantUser, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not work.is_manager:
            raise Http404
        return view(request, work, *args, **kwargs)

    return guarded


def _page(request: HttpRequest, work: MerchantUser, name: str, tab: str, *, status: int = 200, **more: Any) -> HttpResponse:
    context = {"work": work, "merchant": work.merchant, "tab": tab, **more}
    return render(request, f"merchants/{name}.html", context, status=status)


@require_safe
@at_work
def today(request: HttpRequest, work: MerchantUser) -> HttpResponse:
    """The day at a glance."""
    return _page(request, work, "today", "today", today=pages.today_of(work.merchant))


@require_http_methods(["GET", "HEAD", "POST"])
@at_work
def scan(request: HttpRequest, work: MerchantUser) -> HttpResponse:
    """A code, by camera or by hand; posted, what it stands for."""
    if request.method != "POST":
        return _page(request, work, "scan", "scan", form=CodeForm())
    form = CodeForm(request.POST)
    line = line_of(work.merchant, form.cleaned_data["code"]) if form.is_valid() else None
    if line is None:
        if form.is_valid():
            form.add_error("code", _("This is no code of yours."))
        return _page(request, work, "scan", "scan", status=422, form=form)
    redeem_form = RedeemForm(initial={"code": line.code, "quantity": max(line.open_quantity, 1), "key": uuid.uuid4().hex[:16]})
    return _page(request, work, "scanned", "scan", line=line, form=redeem_form)


@require_POST
@at_work
def redeem(request: HttpRequest, work: MerchantUser) -> HttpResponse:
    """Hand it out."""
    form = RedeemForm(request.POST)
    if not form.is_valid():
        return _page(request, work, "scan", "scan", status=422, form=CodeForm(request.POST))
    done = redeeming.redeem(merchant=work.merchant, user=actor(request), **form.cleaned_data)
    messages.success(request, _("Redeemed: %(name)s × %(quantity)s") % {"name": done.name, "quantity": done.quantity})
    return HttpResponseRedirect(reverse("merchants:scan"))


@require_safe
@at_work
def goods(request: HttpRequest, work: MerchantUser) -> HttpResponse:
    """What the merchant offers."""
    return _page(request, work, "goods", "goods", goods=pages.goods_of(work.merchant))


@require_http_methods(["GET", "HEAD", "POST"])
@at_work
def offer_new(request: HttpRequest, work: MerchantUser) -> HttpResponse:
    """A new offer."""
    form = OfferForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        offer = list_offer(merchant=work.merchant, **form.cleaned_data)
        messages.success(request, _("Kept as a draft. Say now on which days it can be had."))
        return HttpResponseRedirect(reverse("merchants:offer", args=[offer.pk]))
    return _page(request, work, "offer", "goods", status=422 if form.errors else 200, form=form)


def _own_offer(work: MerchantUser, offer_id: int) -> Any:
    return get_object_or_404(work.merchant.listings.select_related("offer__product"), offer=offer_id).offer


@require_http_methods(["GET", "HEAD", "POST"])
@at_work
def offer(request: HttpRequest, work: MerchantUser, offer_id: int) -> HttpResponse:
    """An offer: what it is, and its days."""
    found = _own_offer(work, offer_id)
    initial = {
        "name": found.product.name, "kind": found.kind, "text": found.text, "price": found.product.price_from_amount,
        "most_per_order": found.most_per_order,
    }  # fmt: skip
    form = OfferForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        edit_offer(offer=found, **form.cleaned_data)
        messages.success(request, _("Kept."))
        return HttpResponseRedirect(reverse("merchants:offer", args=[found.pk]))
    return _offer_page(request, work, found, form, DaysForm(), status=422 if form.errors else 200)


def _offer_page(
    request: HttpRequest, work: MerchantUser, found: Any, form: OfferForm, days_form: DaysForm, *, status: int
) -> HttpResponse:
    days = found.product.departures.filter(departs_on__gte=clock.today()).order_by("departs_on")[:SHOWN_DAYS]
    return _page(request, work, "offer", "goods", status=status, offer=found, form=form, days_form=days_form, days=days)


@require_POST
@at_work
def offer_days(request: HttpRequest, work: MerchantUser, offer_id: int) -> HttpResponse:
    """Set stock and price of many days."""
    found = _own_offer(work, offer_id)
    form = DaysForm(request.POST)
    if form.is_valid():
        data = form.cleaned_data
        span = (data["last_on"] - data["first_on"]).days
        try:
            days = [data["first_on"] + dt.timedelta(days=day) for day in range(min(max(span + 1, 0), 400))]
            set_days(offer=found, days=days, pieces=data["pieces"], price=data["price"])
        except BadInput as error:
            form.add_error("first_on", error.message)
        else:
            messages.success(request, _("Kept."))
            return HttpResponseRedirect(reverse("merchants:offer", args=[found.pk]))
    initial = {"name": found.product.name, "kind": found.kind, "text": found.text, "price": found.product.price_from_amount}
    again = OfferForm(initial={**initial, "most_per_order": found.most_per_order})
    return _offer_page(request, work, found, again, form, status=422)


@require_POST
@at_work
def offer_state(request: HttpRequest, work: MerchantUser, offer_id: int) -> HttpResponse:
    """Put on sale, or pause."""
    found = _own_offer(work, offer_id)
    put_offer(offer=found, state=params.one_of("state", request.POST.get("state"), ["on_sale", "paused"], "paused"))
    messages.success(request, _("Kept."))
    return HttpResponseRedirect(reverse("merchants:offer", args=[found.pk]))


@require_safe
@at_work
def orders(request: HttpRequest, work: MerchantUser) -> HttpResponse:
    """What was bought of the merchant's."""
    text, day = params.text("q", request.GET.get("q"), 40), params.date("day", request.GET.get("day"))
    return _page(request, work, "orders", "orders", lines=pages.orders_of(work.merchant, text, day), q=text, day=day)


@require_safe
@at_work
def redemptions(request: HttpRequest, work: MerchantUser) -> HttpResponse:
    """What was handed out lately, and objections to it."""
    found = pages.redemptions_of(work.merchant)
    return _page(request, work, "redemptions", "orders", redemptions=found, kinds=DisputeKind.choices)


@require_POST
@at_work
def dispute(request: HttpRequest, work: MerchantUser, redemption_id: int) -> HttpResponse:
    """Object to a redemption."""
    found = get_object_or_404(work.merchant.redemptions, pk=redemption_id)
    kind = params.one_of("kind", request.POST.get("kind"), DisputeKind.values, DisputeKind.QUESTION)
    words = params.text("words", request.POST.get("words"), 300)
    settling.open_dispute(redemption=found, kind=kind, words=words, user=actor(request))
    messages.success(request, _("The agency looks into it."))
    return HttpResponseRedirect(reverse("merchants:redemptions"))


@require_safe
@at_work
@managed
def statements(request: HttpRequest, work: MerchantUser) -> HttpResponse:
    """Fees and statements."""
    return _page(request, work, "statements", "money", statements=pages.statements_of(work.merchant))


@require_safe
@at_work
@managed
def statement(request: HttpRequest, work: MerchantUser, statement_id: int) -> HttpResponse:
    """One week."""
    found = get_object_or_404(work.merchant.statements, pk=statement_id)
    return _page(request, work, "statement", "money", statement=found, redemptions=pages.redemptions_of(work.merchant, found))


@require_POST
@at_work
@managed
def statement_confirm(request: HttpRequest, work: MerchantUser, statement_id: int) -> HttpResponse:
    """The merchant agrees."""
    settling.confirm(statement=get_object_or_404(work.merchant.statements, pk=statement_id), user=actor(request))
    messages.success(request, _("Confirmed. The agency pays it now."))
    return HttpResponseRedirect(reverse("merchants:statement", args=[statement_id]))


@require_safe
@at_work
@managed
def people(request: HttpRequest, work: MerchantUser) -> HttpResponse:
    """Who works here."""
    found = work.merchant.people.select_related("user").order_by("-is_manager", "pk")
    return _page(request, work, "people", "people", people=found)


@require_POST
@at_work
@managed
def person_end(request: HttpRequest, work: MerchantUser, person_id: int) -> HttpResponse:
    """Somebody does not work here any more."""
    try:
        end_work(person=get_object_or_404(work.merchant.people, pk=person_id), by=actor(request))
        messages.success(request, _("Kept."))
    except Refused as no:
        messages.error(request, no.message)
    return HttpResponseRedirect(reverse("merchants:people"))
