"""Staff pages of products: cards, one product with its price calendar, bulk edits."""

import datetime as dt
import json
from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from catalog.choices import SaleState
from catalog.forms import CalendarForm
from catalog.models import Product
from catalog.queries import products as queries
from catalog.queries.resources import destination_options
from catalog.rules import month_bounds
from catalog.services import products as services
from core import clock, params
from core.errors import BadInput, Refused
from staff.access import may, requires
from staff.models import User


@requires("products.view")
@require_safe
def product_list(request: HttpRequest) -> HttpResponse:
    """P13: every product as a card."""
    get = request.GET.get
    destinations, themes = destination_options(), queries.themes_in_use()
    wanted = queries.StaffFilter(
        q=params.text("q", get("q"), 60),
        destination=params.one_of("destination", get("destination"), [code for code, _name in destinations]),
        theme=params.one_of("theme", get("theme"), themes),
        state=params.one_of("state", get("state"), list(SaleState.values)),
    )
    counts = queries.state_counts()
    context = {
        "wanted": wanted,
        "rows": queries.products_for_staff(wanted),
        "destinations": destinations,
        "themes": themes,
        "states": [
            ("", _("All"), sum(counts.values())),
            *((value, label, counts.get(value, 0)) for value, label in SaleState.choices),
        ],
        "is_filtered": wanted != queries.StaffFilter(),
    }
    return render(request, "catalog/products.html", context)


@requires("products.view")
@require_safe
def product_page(request: HttpRequest, code: str) -> HttpResponse:
    """One product: what it is, and its price calendar."""
    product = _product(code)
    context = {"product": product, **_calendar(request, product), "can_edit": may(request.user, "products.edit")}
    return render(request, "catalog/product.html", context)


@requires("products.view")
@require_safe
def calendar(request: HttpRequest, code: str) -> HttpResponse:
    """The month grid alone, for the arrows and after an edit."""
    product = _product(code)
    context = {"product": product, **_calendar(request, product), "can_edit": may(request.user, "products.edit")}
    return render(request, "catalog/calendar.html", context)


def _product(code: str) -> Product:
    return get_object_or_404(Product.objects.select_related("destination", "supplier"), code=code)


def _calendar(request: HttpRequest, product: Product) -> dict[str, Any]:
    month = params.month("month", request.GET.get("month"), _first_month(product))
    first, following = month_bounds(month)
    return {
        "month": first,
        "weeks": queries.month_of(product, first),
        "previous": f"{first - dt.timedelta(days=1):%Y-%m}",
        "following": f"{following:%Y-%m}",
        "this_month": f"{first:%Y-%m}",
    }


def _first_month(product: Product) -> dt.date:
    """The month of the next departure, so that nobody opens an empty page; this month without one."""
    following = queries.next_departures([product.pk]).get(product.pk)
    return following.departs_on if following else clock.today()


@require_http_methods(["GET", "POST"])
@requires("products.edit")
def calendar_edit(request: HttpRequest, code: str) -> HttpResponse:
    """The dialog of a bulk edit: GET shows it for a day or a month, POST does it."""
    product = _product(code)
    if request.method == "POST":
        return _edit(request, product)
    form = CalendarForm(initial=_suggested(request, product))
    return render(request, "catalog/calendar_form.html", {"product": product, "form": form})


def _suggested(request: HttpRequest, product: Product) -> dict[str, Any]:
    """One day with its own values, or what is left of a month."""
    day = params.date("day", request.GET.get("day"))
    if day is not None:
        found = product.departures.filter(departs_on=day).first()
        if found is None:
            return {"first": day, "last": day}
        sale = "closed" if found.is_closed else "open"
        prices = {"adult_amount": found.adult_amount, "child_amount": found.child_amount}
        return {"first": day, "last": day, "seats": found.seats, "sale": sale, **prices}
    first, following = month_bounds(params.month("month", request.GET.get("month"), clock.today()))
    return {"first": max(first, clock.today() + dt.timedelta(days=1)), "last": following - dt.timedelta(days=1)}


def _edit(request: HttpRequest, product: Product) -> HttpResponse:
    form = CalendarForm(request.POST)
    count = 0
    if form.is_valid():
        count = _try_edit(form, product, cast(User, request.user))
    if form.errors:
        return render(request, "catalog/calendar_form.html", {"product": product, "form": form}, status=422)
    messages.success(request, ngettext("%(n)s day was changed.", "%(n)s days were changed.", count) % {"n": count})
    if request.headers.get("HX-Request") != "true":
        month = f"{form.cleaned_data['first']:%Y-%m}"
        return HttpResponseRedirect(f"{reverse('catalog:product', args=[product.code])}?month={month}")
    events = {"close-dialog": "", "calendar-changed": ""}
    return HttpResponse(status=204, headers={"HX-Trigger": json.dumps(events)})


def _try_edit(form: CalendarForm, product: Product, user: User) -> int:
    data = form.cleaned_data
    try:
        return services.edit_calendar(
            product=product,
            first=data["first"],
            last=data["last"],
            weekdays=[int(day) for day in data["weekdays"]],
            change=form.change(),
            user=user,
        )
    except BadInput as error:
        for name, complaint in error.fields.items() or [("", error.message)]:
            form.add_error(name if name in form.fields else None, complaint)
    except Refused as error:
        form.add_error(None, error.message)
    return 0


@require_POST
@requires("products.edit")
def sale(request: HttpRequest, code: str) -> HttpResponse:
    """Put on sale, or pause."""
    product = _product(code)
    wanted = params.one_of("state", request.POST.get("state"), [SaleState.ON_SALE, SaleState.PAUSED], SaleState.PAUSED)
    user = cast(User, request.user)
    if wanted == SaleState.ON_SALE:
        services.put_on_sale(product=product, user=user)
        messages.success(request, _("On sale: customers see it in the mini-program now."))
    else:
        services.pause_sale(product=product, user=user)
        messages.success(request, _("Paused: customers no longer see it. Orders placed already go on."))
    return HttpResponseRedirect(reverse("catalog:product", args=[product.code]))
