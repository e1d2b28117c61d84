"""Moments: who publishes, who sees them, who has published, who liked and commented."""

from typing import Any

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from campaigns.choices import MomentState
from campaigns.models import Moment
from campaigns.services import moments as service
from campaigns.views.actor import actor
from catalog.choices import SaleState
from catalog.models import Product
from core import params
from core.errors import BadInput
from customers.models import CorpTag, Customer
from staff.access import may, requires
from staff.models import User

SHOWN = 40


@require_safe
@requires("campaigns.view")
def index(request: HttpRequest) -> HttpResponse:
    """All Moments, the newest first."""
    rows = Moment.objects.select_related("created_by").annotate(
        asked=Count("staff", distinct=True), published=Count("staff", filter=Q(staff__published_at__isnull=False), distinct=True),
        likes=Count("reactions", filter=Q(reactions__kind="like"), distinct=True),
        comments=Count("reactions", filter=Q(reactions__kind="comment"), distinct=True),
    ).order_by("-created_at", "-id")[:SHOWN]  # fmt: skip
    return render(request, "campaigns/moments/index.html", {"rows": rows, "may_edit": may(request.user, "campaigns.edit")})


@require_http_methods(["GET", "POST"])
@requires("campaigns.edit")
def new(request: HttpRequest) -> HttpResponse:
    """Write one. Without anybody to publish it, it is not kept."""
    given: dict[str, Any] = {"text": "", "users": [], "tags": [], "product": ""}
    complaint = ""
    if request.method == "POST":
        given = {
            "text": params.text("text", request.POST.get("text"), 2000), "product": params.text("product",
                request.POST.get("product"), 20),
            "users": [int(one) for one in request.POST.getlist("users") if one.isdigit() and len(one) < 10],
            "tags": request.POST.getlist("tags")[:100],
        }  # fmt: skip
        try:
            moment = service.write_moment(
                actor=actor(request), text=str(given["text"]), user_ids=given["users"], corp_tag_ids=given["tags"],
                product_code=str(given["product"]),
            )  # fmt: skip
            return HttpResponseRedirect(reverse("campaigns:moment", args=[moment.pk]))
        except BadInput as error:
            complaint = error.message
    context = {
        "given": given, "complaint": complaint, "products": Product.objects.filter(state=SaleState.ON_SALE).order_by("name"),
        "users": User.objects.filter(is_active=True, wecom_userid__isnull=False).order_by("display_name"),
        "tags": CorpTag.objects.order_by("group_name", "position", "name"),
    }  # fmt: skip
    return render(request, "campaigns/moments/new.html", context, status=422 if complaint else 200)


def _context(request: HttpRequest, moment: Moment) -> dict[str, Any]:
    seen = Customer.objects.visible_to(actor(request))
    signs = (
        moment.reactions.filter(Q(customer__in=seen) | Q(customer=None))
        .select_related("customer", "user")
        .order_by("-at")[:SHOWN]
    )
    staff = list(moment.staff.select_related("user").order_by("-published_at", "id"))
    return {
        "moment": moment, "staff": staff, "signs": signs, "published": sum(row.published_at is not None for row in staff),
        "publishers": User.objects.filter(pk__in=moment.user_ids), "tags": CorpTag.objects.filter(tag_id__in=moment.corp_tag_ids),
        "product": Product.objects.filter(code=moment.product_code).first() if moment.product_code else None,
        "may_send": may(request.user, "campaigns.launch"), "is_live": moment.next_poll_at is not None,
    }  # fmt: skip


@require_safe
@requires("campaigns.view")
def detail(request: HttpRequest, moment_id: int) -> HttpResponse:
    """One Moment with its publishers and reactions."""
    return render(request, "campaigns/moments/detail.html", _context(request, get_object_or_404(Moment, pk=moment_id)))


@require_safe
@requires("campaigns.view")
def live(request: HttpRequest, moment_id: int) -> HttpResponse:
    """What changes by itself."""
    moment = get_object_or_404(Moment, pk=moment_id)
    return render(request, "campaigns/moments/_live.html", _context(request, moment), status=200 if moment.next_poll_at else 286)


@require_POST
@requires("campaigns.launch")
def act(request: HttpRequest, moment_id: int) -> HttpResponse:
    """Send it to its publishers, take it back, or make tasks of its comments."""
    moment = get_object_or_404(Moment, pk=moment_id)
    wanted = params.one_of("do", request.POST.get("do"), ["send", "cancel", "tasks"], "")
    if wanted == "send":
        service.send_moment(moment, actor=actor(request))
        messages.success(request, _("Its publishers are being asked to confirm on their phones."))
    elif wanted == "cancel":
        was_draft = moment.state == MomentState.DRAFT
        service.cancel_moment(moment, actor=actor(request))
        messages.success(request, _("Withdrawn."))
        if was_draft:
            return HttpResponseRedirect(reverse("campaigns:moments"))
    elif wanted == "tasks":
        made = service.answer_comments(moment, actor=actor(request))
        messages.success(request, ngettext("%(n)s new task", "%(n)s new tasks", made) % {"n": made})
    return HttpResponseRedirect(reverse("campaigns:moment", args=[moment_id]))
