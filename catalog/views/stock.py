"""Staff pages of stock and rates of exchange: a supplier's month as a picture, bulk edits, the table of currencies."""

import datetime as dt
import json
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from catalog.choices import ResourceKind, StockState
from catalog.forms.contracts import ExchangeForm, StockForm
from catalog.models import Supplier
from catalog.queries import contracts as queries
from catalog.queries.products import holidays_of
from catalog.rules import month_bounds
from catalog.services import inventory, terms
from core import clock, params
from core.errors import BadInput, Refused
from staff.access import actor, may, requires


@requires("suppliers.view")
@require_safe
def stock_page(request: HttpRequest, supplier_id: int) -> HttpResponse:
    """P13: what can be had of every unit of a supplier through a month."""
    supplier = get_object_or_404(Supplier, pk=supplier_id)
    return render(request, "catalog/stock.html", _month(request, supplier))


def _month(request: HttpRequest, supplier: Supplier) -> dict[str, Any]:
    month = params.month("month", request.GET.get("month"), clock.today())
    kind = params.one_of("kind", request.GET.get("kind"), list(ResourceKind.values))
    first, following = month_bounds(month)
    days, rows = queries.stock_month(supplier, first, kind)
    holidays = holidays_of(first.year)
    return {
        "supplier": supplier,
        "month": first,
        "this_month": f"{first:%Y-%m}",
        "previous": f"{first - dt.timedelta(days=1):%Y-%m}",
        "following": f"{following:%Y-%m}",
        "days": [(day, day.isoweekday() >= 6, holidays.get(day, "")) for day in days],
        "rows": rows,
        "kind": kind,
        "kinds": ResourceKind.choices,
        "today": clock.today(),
        "can_edit": may(request.user, "suppliers.edit"),
    }


@require_http_methods(["GET", "POST"])
@requires("suppliers.edit")
def stock_edit(request: HttpRequest, supplier_id: int) -> HttpResponse:
    """The dialog of a bulk edit: GET shows it for what was marked, POST does it."""
    supplier = get_object_or_404(Supplier, pk=supplier_id)
    if request.method == "POST":
        return _edit(request, supplier)
    form = StockForm(supplier, initial=_marked(request))
    return render(request, "catalog/stock_form.html", {"supplier": supplier, "form": form})


def _marked(request: HttpRequest) -> dict[str, Any]:
    first = params.date("first", request.GET.get("first"), clock.today())
    last = params.date("last", request.GET.get("last"), first)
    skus = [params.whole("sku", text, 0, 1) for text in request.GET.getlist("sku")[: queries.MOST_SKUS]]
    return {"first": first, "last": last, "sku": skus, "weekdays": list("1234567"), "state": StockState.AVAILABLE}


def _edit(request: HttpRequest, supplier: Supplier) -> HttpResponse:
    form = StockForm(supplier, request.POST)
    changed = _try(form, request) if form.is_valid() else 0
    if form.errors:
        return render(request, "catalog/stock_form.html", {"supplier": supplier, "form": form}, status=422)
    messages.success(request, ngettext("%(n)s day was changed.", "%(n)s days were changed.", changed) % {"n": changed})
    if request.headers.get("HX-Request") != "true":
        month = f"{form.cleaned_data['first']:%Y-%m}"
        return HttpResponseRedirect(f"{reverse('catalog:stock', args=[supplier.pk])}?month={month}")
    return HttpResponse(status=204, headers={"HX-Trigger": json.dumps({"close-dialog": "", "stock-changed": ""})})


def _try(form: StockForm, request: HttpRequest) -> int:
    data = form.cleaned_data
    try:
        return inventory.edit_stock(
            skus=list(data["sku"]), first=data["first"], last=data["last"], state=StockState(data["state"]),
            allotment=data["allotment"] or 0, release_days=data["release_days"] or 0,
            weekdays=[int(day) for day in data["weekdays"]], user=actor(request),
        )  # fmt: skip
    except BadInput as error:
        for name, complaint in error.fields.items() or [("", error.message)]:
            form.add_error(name if name in form.fields else None, complaint)
    except Refused as error:
        form.add_error(None, error.message)
    return 0


@requires("cost.view")
@require_safe
def exchange(request: HttpRequest) -> HttpResponse:
    """Currencies with their buffer."""
    return _currencies(request, ExchangeForm(initial={"day": clock.today()}))


@require_POST
@requires("suppliers.edit")
def exchange_set(request: HttpRequest) -> HttpResponse:
    """Say what a currency costs from a day on."""
    form = ExchangeForm(request.POST)
    if form.is_valid() and _set_rate(form, request):
        messages.success(request, _("Saved. Quotes made already keep their rate."))
        return HttpResponseRedirect(reverse("catalog:exchange"))
    return _currencies(request, form)


def _currencies(request: HttpRequest, form: ExchangeForm) -> HttpResponse:
    context = {"currencies": queries.currencies(), "form": form, "can_edit": may(request.user, "suppliers.edit")}
    return render(request, "catalog/exchange.html", context, status=422 if form.errors else 200)


def _set_rate(form: ExchangeForm, request: HttpRequest) -> bool:
    data = form.cleaned_data
    try:
        terms.set_exchange_rate(
            currency=data["currency"], day=data["day"], rate=data["rate"], buffer_percent=data["buffer_percent"],
            is_sure=data["is_sure"], user=actor(request),
        )  # fmt: skip
    except BadInput as error:
        for name, complaint in error.fields.items():
            form.add_error(name if name in form.fields else None, complaint)
    except Refused as error:
        form.add_error("is_sure", error.message)
    return not form.errors
