"""The versions of a quote side by side: what came, what went, what it costs more; validity and taking back."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from core import clock, params
from itinerary.choices import QuoteState
from itinerary.models import QuoteVersion
from itinerary.queries.comparing import compare_versions
from itinerary.views.pages import itinerary_or_404
from staff.access import may, may_reveal, requires
from staff.choices import FieldClass


@requires("orders.view")
@require_safe
def compare(request: HttpRequest, no: str) -> HttpResponse:
    """All versions, and two of them compared: the newest with the one before, or those in the address."""
    itinerary = itinerary_or_404(request, no)
    rows = (
        QuoteVersion.objects.filter(quote__itinerary=itinerary)
        .select_related("sent_by", "acceptance")
        .prefetch_related("views", "comments")
    )
    versions = list(rows.prefetch_related("views", "comments").order_by("-number"))
    by_number = {one.number: one for one in versions}
    newest = versions[0].number if versions else 0
    number = params.whole("of", request.GET.get("of"), newest, high=10_000)
    other = by_number.get(number)
    base = by_number.get(params.whole("with", request.GET.get("with"), max(number - 1, 1), high=10_000))
    context = {
        "itinerary": itinerary,
        "versions": [(one, _is_expired(one), sum(view.opens for view in one.views.all())) for one in versions],
        "base": base,
        "other": other,
        "difference": compare_versions(base, other) if base and other and base != other else None,
        "sees_costs": may_reveal(request.user, FieldClass.COST),
        "can_edit": may(request.user, "orders.create"),
        "comments": [comment for one in versions for comment in one.comments.all()],
    }
    return render(request, "itinerary/versions.html", context)


def _is_expired(one: QuoteVersion) -> bool:
    return one.state == QuoteState.SENT and one.valid_until <= clock.now()
