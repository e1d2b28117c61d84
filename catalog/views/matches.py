"""Staff pages of matching: the queue, two offers side by side, what was joined and how to take it back."""

import dataclasses
from typing import Any, cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from catalog.choices import MatchState, ResourceKind
from catalog.models import MatchPair, Resource, SpuChange
from catalog.queries import matching as queries
from catalog.services import matching as services
from core import params
from core.errors import BadInput
from core.jobs import enqueue
from staff.access import actor, may, may_reveal, requires
from staff.choices import FieldClass
from staff.models import User

SAID = {
    "exact_name": gettext_lazy("The same name to the letter"),
    "same_name": gettext_lazy("The same name, but many have it"),
    "same_stem": gettext_lazy("The same name without the usual words"),
    "name_inside": gettext_lazy("One name is part of the other"),
    "name_alike": gettext_lazy("Similar names"),
    "name_akin": gettext_lazy("Names only a little alike"),
    "other_name": gettext_lazy("Different names"),
    "same_brand": gettext_lazy("The same chain"),
    "one_brand": gettext_lazy("Only one names a chain"),
    "other_brand": gettext_lazy("Different chains"),
    "exact_branch": gettext_lazy("The same branch of the chain"),
    "same_branch": gettext_lazy("The same branch"),
    "branch_alike": gettext_lazy("Branches of nearly the same name"),
    "branch_akin": gettext_lazy("Branches of similar names"),
    "other_branch": gettext_lazy("Branches of different names"),
    "no_branch": gettext_lazy("One does not name the branch"),
    "other_line": gettext_lazy("Perhaps another line of the chain"),
    "other_sort": gettext_lazy("Another sort of lodging"),
    "other_number": gettext_lazy("Another number, tower or annex"),
    "other_direction": gettext_lazy("Another point of the compass"),
    "one_direction": gettext_lazy("Only one names a point of the compass"),
    "other_city": gettext_lazy("Different cities"),
    "other_kind": gettext_lazy("Different kinds"),
    "near": gettext_lazy("Close to each other"),
    "near_if_shifted": gettext_lazy("Close, if one uses the other map system"),
    "same_area": gettext_lazy("In one neighbourhood"),
    "far": gettext_lazy("Far from each other"),
    "address_same": gettext_lazy("The same road and number"),
    "address_road": gettext_lazy("The same road"),
    "address_number": gettext_lazy("The same road, another number"),
    "address_other": gettext_lazy("Different roads"),
    "same_phone": gettext_lazy("The same phone number"),
    "other_phone": gettext_lazy("Different phone numbers"),
    "class": gettext_lazy("Stars"),
    "price": gettext_lazy("Prices compared"),
}


@dataclasses.dataclass(frozen=True)
class Said:
    """A reason in words, with its weight's sign."""

    text: str
    detail: str
    weight: float

    @property
    def is_for(self) -> bool:
        """Whether it speaks for the two being one."""
        return self.weight > 0


@requires("suppliers.view")
@require_safe
def match_list(request: HttpRequest) -> HttpResponse:
    """P13: what waits for a person, and what was decided."""
    get = request.GET.get
    wanted = queries.PairFilter(
        state=params.one_of("state", get("state"), list(MatchState.values), MatchState.REVIEW),
        kind=params.one_of("kind", get("kind"), list(ResourceKind.values)),
        q=params.text("q", get("q"), 60),
    )
    counts = queries.pair_counts()
    context = {
        "wanted": wanted,
        "page": queries.read_pairs(wanted, params.text("after", get("after"), 20)),
        "states": [(value, label, counts.get(value, 0)) for value, label in MatchState.choices],
        "kinds": ResourceKind.choices,
        "can_edit": may(request.user, "suppliers.edit"),
        "shows_prices": may_reveal(request.user, FieldClass.COST),
    }
    return render(request, "catalog/matches.html", context)


@requires("suppliers.view")
@require_safe
def match_pair(request: HttpRequest, pair_id: int) -> HttpResponse:
    """Two offers side by side, and what speaks for and against their being one."""
    pair = queries.pair_with_both(pair_id)
    if pair is None:
        raise Http404
    context = {
        "pair": pair,
        "reasons": reasons_of(pair),
        "rows": _rows(pair, may_reveal(request.user, FieldClass.COST)),
        "following": queries.following(pair),
        "can_edit": may(request.user, "suppliers.edit"),
    }
    return render(request, "catalog/match.html", context)


def reasons_of(pair: MatchPair) -> list[Said]:
    """The pair's reasons in words, the weightiest first."""
    told = [one for one in pair.reasons if isinstance(one, dict)]
    said = [Said(str(SAID.get(one["code"], one["code"])), str(one["detail"]), float(one["weight"])) for one in told]
    return sorted((one for one in said if one.weight), key=lambda one: -abs(one.weight))


def _rows(pair: MatchPair, shows_prices: bool) -> list[tuple[str, str, str, bool]]:
    """Label, left, right, whether they differ."""
    facts: list[tuple[str, Any]] = [
        (_("Name"), lambda one: one.name),
        (_("City"), lambda one: one.city),
        (_("Street address"), lambda one: one.address),
        (_("Coordinates"), lambda one: "" if one.latitude is None else f"{one.latitude:.5f}, {one.longitude:.5f}"),
        (_("Class"), lambda one: one.attributes.get("stars") or one.attributes.get("hotel_type") or ""),
        (_("Phone"), lambda one: "、".join(str(part) for part in one.attributes.get("phones", [])[:3])),
        (_("Rating"), lambda one: one.rating or ""),
    ]
    if shows_prices:
        facts.append((_("Net price"), lambda one: "" if one.price_amount is None else f"¥{one.price_amount}"))
    pairs = [(label, str(read(pair.left)), str(read(pair.right))) for label, read in facts]
    return [(label, left, right, bool(left and right and left != right)) for label, left, right in pairs if left or right]


@require_POST
@requires("suppliers.edit")
def match_decide(request: HttpRequest, pair_id: int) -> HttpResponse:
    """The same, or not the same; then on to the next pair."""
    pair = get_object_or_404(MatchPair, pk=pair_id)
    answer = params.one_of("answer", request.POST.get("answer"), ["same", "different"])
    if not answer:
        raise BadInput(_("Say whether they are the same."), {"answer": _("same or different")})
    user = cast(User, request.user)
    if answer == "same":
        services.accept_match(pair_id=pair.pk, user=user)
        messages.success(request, _("Joined: both are offers of one thing now."))
    else:
        services.reject_match(pair_id=pair.pk, user=user)
        messages.info(request, _("Kept apart: this pair will not be suggested again."))
    after = queries.following(pair)
    to = reverse("catalog:match", args=[after]) if after else reverse("catalog:matches")
    return HttpResponseRedirect(to)


@require_POST
@requires("suppliers.edit")
def match_run(request: HttpRequest) -> HttpResponse:
    """Look for pairs again, in the background."""
    for kind in ResourceKind.values:
        enqueue(services.match_resources, key=kind, kind=kind)
    messages.success(request, _("Looking for matches in the background."))
    return HttpResponseRedirect(reverse("catalog:matches"))


@requires("suppliers.view")
@require_safe
def match_changes(request: HttpRequest) -> HttpResponse:
    """What was joined or parted lately; each can be taken back."""
    context = {"changes": queries.newest_changes(), "can_edit": may(request.user, "suppliers.edit")}
    return render(request, "catalog/match_changes.html", context)


@require_POST
@requires("suppliers.edit")
def match_undo(request: HttpRequest, change_id: int) -> HttpResponse:
    """Take a change back."""
    get_object_or_404(SpuChange, pk=change_id)
    services.undo_change(change_id=change_id, user=actor(request))
    messages.success(request, _("Taken back."))
    return HttpResponseRedirect(reverse("catalog:match_changes"))


@require_POST
@requires("suppliers.edit")
def resource_split(request: HttpRequest, resource_id: int) -> HttpResponse:
    """Take an offer out of what it was joined to."""
    get_object_or_404(Resource, pk=resource_id)
    change = services.split_resource(resource_id=resource_id, user=actor(request))
    undo = reverse("catalog:match_undo", args=[change.pk])
    messages.success(request, _("Taken apart."), extra_tags=undo)
    return HttpResponseRedirect(reverse("catalog:match_changes"))


@require_POST
@requires("suppliers.edit")
def resource_merge(request: HttpRequest) -> HttpResponse:
    """Put the chosen resources together."""
    chosen = [params.whole("id", text, 0, 1) for text in request.POST.getlist("id")[: services.MOST_AT_ONCE + 1]]
    services.merge_resources(resource_ids=sorted({pk for pk in chosen if pk}), user=actor(request))
    messages.success(request, _("Joined: they are offers of one thing now."))
    return HttpResponseRedirect(reverse("catalog:match_changes"))
