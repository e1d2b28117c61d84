"""Hand-overs: who gave what to whom, and what the customers answered."""

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from campaigns.choices import HandOverState
from campaigns.models import HandOver
from campaigns.services.handover import hand_over
from campaigns.views.actor import actor
from core import params
from staff.access import requires
from staff.models import User


@require_safe
@requires("customers.assign")
def index(request: HttpRequest) -> HttpResponse:
    """The latest hand-overs, and the form of a new one."""
    rows = HandOver.objects.select_related("giver", "taker", "created_by").annotate(
        friends=Count("items"), done=Count("items", filter=Q(items__state=HandOverState.DONE)),
        waiting=Count("items", filter=Q(items__state__in=[HandOverState.TO_ASK, HandOverState.WAITING])),
        refused=Count("items", filter=Q(items__state__in=[HandOverState.REFUSED, HandOverState.AT_LIMIT, HandOverState.FAILED])),
    ).order_by("-id")[:40]  # fmt: skip
    context = {
        "rows": rows, "givers": User.objects.order_by("display_name"),
        "takers": User.objects.filter(is_active=True, wecom_userid__isnull=False).order_by("display_name"),
    }  # fmt: skip
    return render(request, "campaigns/handovers.html", context)


@require_POST
@requires("customers.assign")
def new(request: HttpRequest) -> HttpResponse:
    """Hand over."""
    giver = get_object_or_404(User, pk=params.whole("giver", request.POST.get("giver"), 0))
    taker = get_object_or_404(User, pk=params.whole("taker", request.POST.get("taker"), 0))
    row = hand_over(
        actor=actor(request), giver=giver, taker=taker, message=params.text("message", request.POST.get("message"), 200)
    )
    text = _("%(tasks)s tasks and %(customers)s customers are with %(who)s now; WeCom asks the friends.")
    messages.success(request, text % {"tasks": row.tasks, "customers": row.customers, "who": taker})
    return HttpResponseRedirect(reverse("campaigns:handovers"))
