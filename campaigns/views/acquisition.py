"""Acquisition: what channels cost and bring, short links, drafts of words; and the public page behind a short link."""

import datetime as dt
from decimal import Decimal, InvalidOperation

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from campaigns.choices import CopyKind
from campaigns.models import CopyDraft, ShortLink
from campaigns.queries.acquisition import channel_rows
from campaigns.rules.wording import check_wording
from campaigns.services import acquisition as service
from campaigns.views.actor import actor
from catalog.choices import SaleState
from catalog.models import Product
from core import clock, params
from core.errors import BadInput
from customers.models import AcquisitionChannel, ContactWay
from staff.access import may, requires
from staff.models import AgencyPolicy

PERIODS = (7, 30, 90, 365)


@require_safe
@requires("channels.view")
def index(request: HttpRequest) -> HttpResponse:
    """Funnel, cost and pay-back of every channel."""
    days = params.whole("days", request.GET.get("days"), 90)
    days = days if days in PERIODS else 90
    last = clock.today()
    first = last - dt.timedelta(days=days - 1)
    rows = channel_rows(first, last, clock.day_bounds(first)[0], clock.day_bounds(last)[1])
    context = {
        "rows": rows, "days": days, "periods": PERIODS, "may_manage": may(request.user, "channels.manage"), "today": last,
        "total_cost": sum((row.cost for row in rows), Decimal(0)), "total_revenue": sum((row.revenue
            for row in rows), Decimal(0)),
        "total_added": sum(row.added for row in rows), "total_ordered": sum(row.ordered for row in rows),
        "channels": AcquisitionChannel.objects.filter(archived_at=None).order_by("name"),
        "products": Product.objects.filter(state=SaleState.ON_SALE).order_by("name"), "kinds": CopyKind.choices,
        "links": ShortLink.objects.select_related("channel").order_by("-id")[:20],
        "drafts": [(one, check_wording(f"{one.title}\n{one.text}"))
            for one in CopyDraft.objects.select_related("created_by").order_by("-id")[:8]],
    }  # fmt: skip
    return render(request, "campaigns/acquisition.html", context)


def _back() -> HttpResponseRedirect:
    return HttpResponseRedirect(reverse("campaigns:acquisition"))


@require_POST
@requires("channels.manage")
def cost(request: HttpRequest) -> HttpResponse:
    """Enter what was spent."""
    channel = get_object_or_404(AcquisitionChannel, pk=params.whole("channel", request.POST.get("channel"), 0))
    try:
        amount = Decimal(params.text("amount", request.POST.get("amount"), 20) or "x")
        day = dt.date.fromisoformat(params.text("day", request.POST.get("day"), 10))
    except (InvalidOperation, ValueError) as error:
        raise BadInput(_("Give an amount and a day."), {"amount": _("not an amount")}) from error
    exposures = params.whole("exposures", request.POST.get("exposures"), 0)
    note = params.text("note", request.POST.get("note"), 80)
    if not amount.is_finite():
        raise BadInput(_("Give an amount and a day."), {"amount": _("not an amount")})
    service.enter_cost(actor=actor(request), channel=channel, day=day, amount=amount, exposures=exposures, note=note)
    messages.success(request, _("The cost is entered."))
    return _back()


@require_POST
@requires("channels.manage")
def link(request: HttpRequest) -> HttpResponse:
    """Make a short link."""
    channel = get_object_or_404(AcquisitionChannel, pk=params.whole("channel", request.POST.get("channel"), 0))
    utm = {name: params.text(name, request.POST.get(f"utm_{name}"), 30) for name in ("source", "medium", "campaign", "content")}
    made = service.make_link(
        actor=actor(request), channel=channel, name=params.text("name", request.POST.get("name"), 40),
        product_code=params.text("product", request.POST.get("product"), 20), utm=utm,
    )  # fmt: skip
    messages.success(request, _("Short link /s/%(code)s is ready.") % {"code": made.code})
    return _back()


@require_POST
@requires("channels.manage")
def draft(request: HttpRequest) -> HttpResponse:
    """Draft words for a note or an advertisement."""
    product = get_object_or_404(
        Product.objects.select_related("destination"), code=params.text("product", request.POST.get("product"), 20)
    )
    service.draft_copy(actor=actor(request), product=product, kind=params.text("kind", request.POST.get("kind"), 12))
    messages.success(request, _("A draft is there. Read it before you publish it anywhere."))
    return _back()


@never_cache
@require_safe
def short(request: HttpRequest, code: str) -> HttpResponse:
    """The public page of a short link: the product, and the advisor's code of its channel. Each view counts, a HEAD does not."""
    found = get_object_or_404(ShortLink.objects.select_related("channel"), code=code)
    if request.method == "GET":
        service.count_link(found.pk)
    open_ways = ContactWay.objects.filter(channel=found.channel, withdrawn_at=None).exclude(config_id="").defer("picture")
    return _landing(request, found.product_code, open_ways.order_by("paused_at", "id").first(), found)


@require_safe
def product_page(request: HttpRequest, code: str) -> HttpResponse:
    """The public page of a product, to which Moments link: they carry no mini-program card."""
    get_object_or_404(Product, code=code, state=SaleState.ON_SALE)
    return _landing(request, code, None, None)


def _landing(request: HttpRequest, code: str, way: ContactWay | None, found: ShortLink | None) -> HttpResponse:
    product = Product.objects.select_related("destination").filter(code=code, state=SaleState.ON_SALE).first() if code else None
    utm = ""
    if found is not None:
        words = {
            "source": found.utm_source,
            "medium": found.utm_medium,
            "campaign": found.utm_campaign,
            "content": found.utm_content,
        }
        utm = "&".join(f"utm_{name}={value}" for name, value in words.items() if value)
    context = {"product": product, "way": way, "agency": AgencyPolicy.current().agency_name, "utm": utm}
    return render(request, "campaigns/landing.html", context)
