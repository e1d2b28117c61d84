"""The review queue: are these two one person? And what was joined before, with the way back."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from core import params
from customers.models import Customer, Merge, MergeReview
from customers.queries import reviews as queue
from customers.services import merging, reviews
from customers.views.access import visible_customer
from staff.access import actor, may, requires


@requires("customers.merge")
@require_safe
def review_queue(request: HttpRequest) -> HttpResponse:
    """The questions that wait, and the chosen one side by side."""
    pairs = queue.open_pairs(actor(request))
    wanted = params.whole("at", request.GET.get("at"), 0)
    current = next((pair for pair in pairs if pair.review.pk == wanted), pairs[0] if pairs else None)
    context = {"pairs": pairs, "current": current, "total": queue.count_open() if pairs else 0, **_preview(current)}
    return render(request, "customers/reviews.html", context)


def _preview(pair: queue.Pair | None) -> dict[str, object]:
    if pair is None:
        return {}
    return {"pair": pair, "lines": queue.compare(pair), "moves": queue.what_would_move(pair.other.pk)}


@requires("customers.merge")
@require_safe
def review_pair(request: HttpRequest) -> HttpResponse:
    """One question side by side, as a fragment."""
    return render(request, "customers/review_pair.html", _preview(_pair(request, params.whole("at", request.GET.get("at"), 0))))


def _pair(request: HttpRequest, review_id: int) -> queue.Pair:
    """The open question, if both people are within the user's scope."""
    pairs = queue.open_pairs(actor(request), only=review_id) if review_id else []
    if not pairs:
        raise Http404
    return pairs[0]


def _next(request: HttpRequest) -> HttpResponse:
    return HttpResponse(status=204, headers={"HX-Redirect": reverse("customers:reviews")})


@requires("customers.merge")
@require_POST
def review_confirm(request: HttpRequest, review_id: int) -> HttpResponse:
    """One person: join them. The toast undoes it."""
    merge = reviews.confirm_review(_pair(request, review_id).review, actor=actor(request))
    undo = reverse("customers:merge_undo", args=[merge.pk]) if merge else ""
    messages.success(request, _("The two records are one person now."), extra_tags=undo)
    return _next(request)


@requires("customers.merge")
@require_POST
def review_reject(request: HttpRequest, review_id: int) -> HttpResponse:
    """Two people: never suggested again. The toast undoes it."""
    pair = _pair(request, review_id)
    reviews.reject_review(pair.review, actor=actor(request))
    undo = reverse("customers:review_reopen", args=[pair.review.pk])
    messages.success(request, _("These two stay apart; the pair is not suggested again."), extra_tags=undo)
    return _next(request)


@requires("customers.merge")
@require_POST
def review_reopen(request: HttpRequest, review_id: int) -> HttpResponse:
    """Undo of "two people"."""
    review = get_object_or_404(MergeReview, pk=review_id)
    seen = Customer.objects.visible_to(actor(request))
    for customer_id in queue.roots_of([review.left_id, review.right_id]).values():
        get_object_or_404(seen, pk=customer_id)
    reviews.reopen_review(review, actor=actor(request))
    return _next(request)


@requires("customers.merge")
@require_POST
def merge_undo(request: HttpRequest, merge_id: int) -> HttpResponse:
    """Make two people of one again, with everything that came with each."""
    merge = get_object_or_404(Merge, pk=merge_id)
    root = queue.roots_of([merge.absorbed_id]).get(merge.absorbed_id, merge.absorbed_id)
    visible_customer(request, root)
    merging.undo_merge(merge, actor=actor(request))
    messages.success(request, _("The two are separate again, with everything that came with each."))
    url = reverse("customers:detail", args=[root])
    return HttpResponse(status=204, headers={"HX-Redirect": url})


@requires("customers.view")
@require_safe
def merges_panel(request: HttpRequest, customer_id: int) -> HttpResponse:
    """A card of the 360 page: what was joined, and what may belong together."""
    customer = visible_customer(request, customer_id)
    can_merge = may(request.user, "customers.merge")
    context = {
        "customer": customer,
        "merges": queue.merges_of(customer.pk),
        "questions": queue.questions_about(actor(request), customer.pk) if can_merge else [],
        "can_merge": can_merge,
    }
    return render(request, "customers/merges_panel.html", context)


@requires("customers.view")
@require_safe
def reviews_badge(request: HttpRequest) -> HttpResponse:
    """The list's button to the queue with the number that waits; nothing for those who may not decide."""
    can_merge = may(request.user, "customers.merge")
    return render(request, "customers/reviews_badge.html", {"n": queue.count_open() if can_merge else 0, "can_merge": can_merge})
