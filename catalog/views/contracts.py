"""Staff pages of contracts: a supplier with its terms, one unit's prices and stock by the month, the contract itself."""

import datetime as dt
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from catalog.choices import ChargeUnit
from catalog.forms.contracts import ChargeSet, ContractForm, RowSet, TermsForm, TierSet
from catalog.models import RatePlan, Resource, Sku, Supplier
from catalog.queries import contracts as queries
from catalog.rules import month_bounds
from catalog.services import inventory, terms
from core import clock, params
from core.errors import BadInput
from staff.access import actor, may, may_reveal, requires
from staff.choices import FieldClass


@requires("suppliers.view")
@require_safe
def supplier_page(request: HttpRequest, supplier_id: int) -> HttpResponse:
    """One supplier: its units with their contracts, its terms, what a cancellation costs."""
    supplier = get_object_or_404(Supplier, pk=supplier_id)
    return render(request, "catalog/supplier.html", _supplier(request, supplier))


def _supplier(request: HttpRequest, supplier: Supplier, **more: Any) -> dict[str, Any]:
    tiers = queries.tiers_of(supplier)
    initial = [{"days_from": one.days_from, "days_to": one.days_to, "percent": one.percent} for one in tiers]
    return {
        "supplier": supplier,
        "contracts": queries.contracts_of(supplier),
        "tiers": tiers,
        "tier_set": TierSet(initial=initial, prefix="tier"),
        "terms_form": TermsForm(instance=supplier),
        "can_edit": may(request.user, "suppliers.edit"),
        "shows_prices": may_reveal(request.user, FieldClass.COST),
        **more,
    }


@require_POST
@requires("suppliers.edit")
def supplier_terms(request: HttpRequest, supplier_id: int) -> HttpResponse:
    """Change a supplier's terms."""
    supplier = get_object_or_404(Supplier, pk=supplier_id)
    form = TermsForm(request.POST, instance=supplier)
    if not form.is_valid():
        fresh = get_object_or_404(Supplier, pk=supplier_id)
        return render(request, "catalog/supplier.html", _supplier(request, fresh, terms_form=form), status=422)
    terms.save_terms(supplier=Supplier(pk=supplier_id), values=form.cleaned_data, user=actor(request))
    messages.success(request, _("The supplier's terms were changed. Quotes made already keep theirs."))
    return HttpResponseRedirect(reverse("catalog:supplier", args=[supplier_id]))


@require_POST
@requires("suppliers.edit")
def supplier_cancellation(request: HttpRequest, supplier_id: int) -> HttpResponse:
    """Replace the cancellation tiers."""
    supplier = get_object_or_404(Supplier, pk=supplier_id)
    form: Any = TierSet(request.POST, prefix="tier")
    fault = ""
    if form.is_valid():
        try:
            terms.set_cancellation(supplier=supplier, tiers=[one.tier() for one in form.filled()], user=actor(request))
        except BadInput as error:
            fault = error.message
        else:
            messages.success(request, _("Saved. Quotes and orders carry their own copy and stay as they are."))
            return HttpResponseRedirect(reverse("catalog:supplier", args=[supplier_id]))
    context = _supplier(request, supplier, tier_set=form, tier_fault=fault)
    return render(request, "catalog/supplier.html", context, status=422)


def _sku(sku_id: int) -> Sku:
    sku = queries.sku_with_plans(sku_id)
    if sku is None:
        raise Http404
    return sku


@requires("cost.view")
@require_safe
def sku_page(request: HttpRequest, sku_id: int) -> HttpResponse:
    """One purchasable unit: its prices and stock by the month, and every contract row by row."""
    sku = _sku(sku_id)
    today = clock.today()
    month = params.month("month", request.GET.get("month"), today)
    pax = params.whole("pax", request.GET.get("pax"), 2, 1, 999)
    first, following = month_bounds(month)
    context = {
        "sku": sku,
        "month": first,
        "this_month": f"{first:%Y-%m}",
        "previous": f"{first - dt.timedelta(days=1):%Y-%m}",
        "following": f"{following:%Y-%m}",
        "pax": pax,
        "weeks": queries.month_of_sku(sku, first, pax),
        "can_edit": may(request.user, "suppliers.edit"),
        "today": today,
    }
    return render(request, "catalog/sku.html", context)


@require_http_methods(["GET", "POST"])
@requires("suppliers.edit")
def contract_new(request: HttpRequest, resource_id: int) -> HttpResponse:
    """A contract for a unit the resource does not have yet."""
    resource = get_object_or_404(Resource.objects.select_related("supplier"), pk=resource_id)
    units = {"hotel": ChargeUnit.ROOM_NIGHT, "transport": ChargeUnit.VEHICLE_DAY}
    start = {
        "unit": units.get(resource.kind, ChargeUnit.PERSON), "currency": resource.supplier.currency,
        "basis": resource.supplier.basis, "commission_percent": resource.supplier.commission_percent,
        "plan_name": _("Contract %(year)s") % {"year": clock.today().year},
    }  # fmt: skip
    return _contract(request, resource, None, start, [], [])


@require_http_methods(["GET", "POST"])
@requires("suppliers.edit")
def contract_edit(request: HttpRequest, sku_id: int) -> HttpResponse:
    """Change a unit's contract (`?plan=` names which), or give it another."""
    sku = _sku(sku_id)
    chosen = params.whole("plan", request.GET.get("plan"), 0)
    plan = next((one for one in sku.plans.all() if one.pk == chosen), None) if chosen else next(iter(sku.plans.all()), None)
    if chosen and plan is None:
        raise Http404
    return _contract(request, sku.resource, sku, *_said(sku, plan))


def _said(sku: Sku, plan: RatePlan | None) -> tuple[dict[str, Any], list[dict[str, Any]], list[dict[str, Any]]]:
    """What a contract says, as the forms' first values."""
    whole: dict[str, Any] = {name: getattr(sku, name) for name in ("code", "name", "sleeps", "seats")}
    if plan is None:
        return whole | {"plan_name": sku.name}, [], []
    rows = list(plan.rows.all())
    whole |= {name: getattr(plan, name) for name in ("currency", "basis", "commission_percent", "tax_percent")}
    whole |= {"plan_name": plan.name, "unit": rows[0].charge_unit if rows else ChargeUnit.PERSON}
    fields = ("starts_on", "ends_on", "amount", "pax_from", "pax_to", "age_from", "age_to", "seats")
    said = [{name: getattr(row, name) for name in fields} | {"weekdays": [str(day) for day in row.weekdays]} for row in rows]
    names = ("kind", "amount", "percent", "age_from", "age_to")
    return whole, said, [{name: getattr(one, name) for name in names} for one in plan.supplements.all()]


def _contract(
    request: HttpRequest, resource: Resource, sku: Sku | None, whole: dict[str, Any], rows: list[dict[str, Any]],
    charges: list[dict[str, Any]],
) -> HttpResponse:  # fmt: skip
    """The form, and what becomes of it."""
    posted = request.POST if request.method == "POST" else None
    forms = (
        ContractForm(posted, initial=whole), RowSet(posted, initial=rows, prefix="row"),
        ChargeSet(posted, initial=charges, prefix="charge"),
    )  # fmt: skip
    fault = ""
    if posted is not None and all([form.is_valid() for form in forms]):  # noqa: C419 - all are checked, so all complain
        saved, fault = _save(request, resource, sku, *forms)
        if saved is not None:
            messages.success(request, _("The contract was saved. Quotes made already keep their prices."))
            return HttpResponseRedirect(reverse("catalog:sku", args=[saved.pk]))
    form, row_set, charge_set = forms
    context = {"resource": resource, "sku": sku, "form": form, "row_set": row_set, "charge_set": charge_set, "fault": fault}
    return render(request, "catalog/contract.html", context, status=422 if posted is not None else 200)


def _save(
    request: HttpRequest, resource: Resource, sku: Sku | None, form: ContractForm, row_set: Any, charge_set: Any
) -> tuple[Sku | None, str]:
    data = form.cleaned_data
    rows = [one.row() for one in row_set.filled()]
    if not rows:
        return None, _("A contract needs at least one row.")
    if sku is None and resource.skus.filter(code=data["code"]).exists():
        return None, _("This resource has a unit of that code already.")
    gross = data["basis"] == "gross"
    try:
        saved = inventory.save_contract(
            resource=resource, code=sku.code if sku else data["code"], name=data["name"], unit=ChargeUnit(data["unit"]),
            rows=rows, currency=data["currency"].upper(),
            commission_percent=Decimal(data["commission_percent"] or 0) if gross else Decimal(0),
            tax_percent=Decimal(data["tax_percent"] or 0), sleeps=data["sleeps"] or 0, seats=data["seats"] or 0,
            plan_name=data["plan_name"], charges=[one.charge() for one in charge_set.filled()], user=actor(request),
        )  # fmt: skip
    except BadInput as error:
        return None, error.message
    return saved, ""


@require_POST
@requires("suppliers.edit")
def plan_rest(request: HttpRequest, plan_id: int) -> HttpResponse:
    """Stop quoting from a contract, or start again."""
    get_object_or_404(RatePlan, pk=plan_id)
    plan = inventory.rest_plan(plan_id=plan_id, user=actor(request))
    said = _("Quotes take this contract again.") if plan.is_active else _("No new quote takes this contract.")
    messages.success(request, said)
    return HttpResponseRedirect(reverse("catalog:sku", args=[plan.sku_id]))
