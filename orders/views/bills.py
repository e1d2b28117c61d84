"""The platform's bills against our books, and the differences somebody has to explain."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from core import params
from orders.models import Bill, BillDifference
from orders.queries.bills import newest_bills
from orders.services.bills import explain
from staff.access import actor, may, requires


@requires("bills.view")
@require_safe
def bill_list(request: HttpRequest) -> HttpResponse:
    """The last days, and every difference that is not explained."""
    return render(request, "orders/bills.html", {"page": newest_bills(), "explains": may(request.user, "bills.explain")})


@requires("bills.view")
@require_safe
def bill(request: HttpRequest, day: str) -> HttpResponse:
    """One day."""
    found = get_object_or_404(Bill, day=params.date("day", day))
    rows = found.differences.select_related("explained_by").order_by("kind", "number")
    context = {"bill": found, "differences": rows, "explains": may(request.user, "bills.explain")}
    return render(request, "orders/bill.html", context)


@require_POST
@requires("bills.explain")
def bill_explain(request: HttpRequest, day: str, difference_id: int) -> HttpResponse:
    """Say why a line differs."""
    found = get_object_or_404(BillDifference, pk=difference_id, bill__day=params.date("day", day))
    explain(difference=found, words=params.text("words", request.POST.get("words"), 200), user=actor(request))
    messages.success(request, _("Explained."))
    return HttpResponseRedirect(reverse("orders:bill", args=[day]))
