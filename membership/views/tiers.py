"""P18: the ladder, its draft, and what publishing it would do."""

from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from core import clock
from core.conditions import parse, say
from core.errors import BadInput
from customers.models import Customer
from membership.choices import Period, SchemeState
from membership.forms import MOST_RUNGS, LadderForm, confirmation, ladder_rows
from membership.models import Benefit, Proof, TierChange, TierScheme
from membership.queries.points import outstanding
from membership.queries.tiers import FIGURES, scheme_in_force, simulate, tier_counts
from membership.services import tiers
from staff.access import may, requires
from staff.models import User
from tagging.queries import choices as tag_choices


def actor(request: HttpRequest) -> User:
    """Who is signed in; `requires` has let nobody else in."""
    return cast(User, request.user)


@requires("membership.view")
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """The ladder in force with its members and benefits."""
    scheme = scheme_in_force()
    counts = tier_counts()
    present = Customer.objects.filter(merged_into__isnull=True, erased_at__isnull=True).count()
    context = {
        "tab": "tiers",
        "scheme": scheme,
        "columns": _columns(scheme, counts, present) if scheme else [],
        "matrix": _matrix(scheme) if scheme else [],
        "outstanding": outstanding(),
        "members": sum(counts.values()),
        "proof": Proof.objects.order_by("-day").first(),
        "changes": list(TierChange.objects.select_related("customer").filter(
            customer__in=Customer.objects.visible_to(actor(request))).order_by("-at")[:8]),
        "names": {tier.code: tier.name for tier in scheme.tiers.all()} if scheme else {},
        "may_manage": may(request.user, "membership.manage"),
        "can_go_back": TierScheme.objects.filter(state=SchemeState.RETIRED).exists(),
        "confirm_word": confirmation(),
    }  # fmt: skip
    return render(request, "membership/overview.html", context)


def _columns(scheme: TierScheme, counts: dict[str, int], present: int) -> list[dict[str, Any]]:
    rows = []
    for tier in scheme.tiers.order_by("rank"):
        number = counts.get(tier.code, 0) if tier.rank else present - sum(counts.values())
        rows.append({"tier": tier, "members": number, "asks": say(parse(tier.condition)) if tier.condition else ""})
    return rows


def _matrix(scheme: TierScheme) -> list[dict[str, Any]]:
    """One row per benefit, one cell per tier."""
    found = list(scheme.tiers.prefetch_related("benefits").order_by("rank"))
    cells = {(tier.pk, cell.benefit_id): cell for tier in found for cell in tier.benefits.all()}
    rows = []
    for benefit in Benefit.objects.order_by("id"):
        line = [cells.get((tier.pk, benefit.pk)) for tier in found]
        rows.append({"benefit": benefit, "is_figure": benefit.kind in FIGURES, "cells": line})
    return rows


@requires("membership.manage")
@require_safe
def draft(request: HttpRequest) -> HttpResponse:
    """The next ladder, to be changed."""
    return _show(request, TierScheme.objects.filter(state=SchemeState.DRAFT).first(), [])


def _show(request: HttpRequest, found: TierScheme | None, errors: list[str], status: int = 200) -> HttpResponse:
    rows = ladder_rows(found) if found else []
    context = {
        "tab": "tiers", "draft": found, "rows": rows, "errors": errors, "periods": Period.choices, "confirm_word": confirmation(),
        "benefits": list(Benefit.objects.order_by("id")), "spare": len(rows) if 0 < len(rows) < MOST_RUNGS else None,
        "tags": list(tag_choices())[:200],
    }  # fmt: skip
    return render(request, "membership/draft.html", context, status=status)


@require_POST
@requires("membership.manage")
def save(request: HttpRequest) -> HttpResponse:
    """Start a draft, or keep what was typed."""
    found = tiers.start_draft(actor(request))
    if "name-0" not in request.POST:
        return HttpResponseRedirect(reverse("membership:draft"))
    form = LadderForm(request.POST)
    rungs = form.rungs()
    if not form.errors:
        try:
            tiers.save_draft(found, rungs, note=str(request.POST.get("note", ""))[:120], by=actor(request))
        except BadInput as error:
            form.errors.append(error.message)
    if form.errors:
        return _show(request, found, form.errors, 422)
    messages.success(request, _("Kept. Look at what it would change before you publish it."))
    return HttpResponseRedirect(reverse("membership:draft"))


@requires("membership.manage")
@require_safe
def simulation(request: HttpRequest) -> HttpResponse:
    """What the draft would change: a fragment."""
    found = get_object_or_404(TierScheme, state=SchemeState.DRAFT)
    return render(request, "membership/simulation.html", {"simulation": simulate(found, clock.now())})


@require_POST
@requires("membership.manage")
def publish(request: HttpRequest) -> HttpResponse:
    """Put the draft in force; confirmed by typing."""
    found = get_object_or_404(TierScheme, state=SchemeState.DRAFT)
    _confirmed(request)
    tiers.publish_draft(found, by=actor(request))
    messages.success(request, _("In force. Everybody's tier is being looked at."))
    return HttpResponseRedirect(reverse("membership:overview"))


@require_POST
@requires("membership.manage")
def back(request: HttpRequest) -> HttpResponse:
    """The ladder before this one, in force again."""
    _confirmed(request)
    tiers.roll_back(by=actor(request))
    messages.success(request, _("The earlier ladder is in force again."))
    return HttpResponseRedirect(reverse("membership:overview"))


def _confirmed(request: HttpRequest) -> None:
    if str(request.POST.get("confirm", "")).strip() != confirmation():
        message = _("Type “%(word)s” to confirm.") % {"word": confirmation()}
        raise BadInput(message, {"confirm": message})
