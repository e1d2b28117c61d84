"""Tags of customers: the panel of the profile, tags by hand for one or for many."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from core import params
from core.conditions.params import remembering_options
from core.errors import BadInput
from customers.models import Customer
from staff.access import actor, may, requires
from tagging.choices import SuggestionState
from tagging.models import Tag, TagSuggestion
from tagging.queries.conditions import tag_options
from tagging.queries.lists import open_suggestions, tags_of_customer
from tagging.services import manual, verdicts

ACTIONS = ["add", "remove", "never", "again", "right", "wrong", "accept", "refuse"]


@requires("tags.view")
@require_safe
def customer_panel(request: HttpRequest, customer_id: int) -> HttpResponse:
    """A customer's tags with their reasons."""
    return _panel(request, _visible(request, customer_id))


def _visible(request: HttpRequest, customer_id: int) -> Customer:
    return get_object_or_404(Customer.objects.visible_to(actor(request)), pk=customer_id)


def _panel(request: HttpRequest, customer: Customer) -> HttpResponse:
    with remembering_options():
        given, blocked = tags_of_customer(customer)
        can_assign = may(request.user, "tags.assign")
        owned = {one.assignment.tag_id for one in given}
        more = [option for option in tag_options() if option.value not in owned] if can_assign else []
        context = {
            "customer": customer, "given": given, "blocked": blocked, "more": more, "can_assign": can_assign,
            "suggestions": open_suggestions(customer),
        }  # fmt: skip
        return render(request, "tagging/customer_panel.html", context)


@requires("tags.assign")
@require_POST
def customer_tag(request: HttpRequest, customer_id: int) -> HttpResponse:
    """Give or take a tag by hand; `never` also keeps the rules from giving it again, `again` lifts that; `right` and `wrong`
    are verdicts, `accept` and `refuse` decide about a suggestion.
    """
    customer = _visible(request, customer_id)
    tag = get_object_or_404(Tag, pk=params.whole("tag", request.POST.get("tag"), 0))
    action = params.one_of("do", request.POST.get("do"), ACTIONS, "add")
    if action in ("right", "wrong"):
        verdicts.judge_tag(actor(request), customer, tag, is_right=action == "right")
    elif action in ("accept", "refuse"):
        suggestion = get_object_or_404(TagSuggestion, customer=customer, tag=tag, state=SuggestionState.OPEN)
        verdicts.decide_suggestion(actor(request), suggestion, accepted=action == "accept")
    else:
        _change(request, [customer.pk], tag, action)
    return _panel(request, customer)


def _change(request: HttpRequest, ids: list[int], tag: Tag, action: str) -> int:
    if action == "add":
        return manual.add_tag(actor(request), ids, tag)
    if action == "again":
        manual.allow_tag_again(actor(request), ids, tag)
        return len(ids)
    return manual.remove_tag(actor(request), ids, tag, never_again=action == "never")


@requires("tags.assign")
@require_safe
def bulk_choice(request: HttpRequest) -> HttpResponse:
    """The part of a list's bulk bar that gives or takes a tag."""
    return render(request, "tagging/bulk_choice.html", {"options": tag_options()})


@requires("tags.assign")
@require_POST
def bulk_tag(request: HttpRequest) -> HttpResponse:
    """Give or take a tag for the customers ticked in a list (`id` values)."""
    chosen = request.POST.getlist("id")
    if not chosen:
        raise BadInput(_("Choose at least one customer."))
    if len(chosen) > manual.MOST_AT_ONCE:
        raise BadInput(_("Choose at most %(most)s customers at once.") % {"most": manual.MOST_AT_ONCE})
    ids = [params.whole("id", value, 0, 1) for value in chosen]
    tag = get_object_or_404(Tag, pk=params.whole("tag", request.POST.get("tag"), 0))
    action = params.one_of("do", request.POST.get("do"), ["add", "remove"], "add")
    done = _change(request, ids, tag, action)
    if action == "add":
        text = ngettext("%(n)s customer got the tag “%(tag)s”.", "%(n)s customers got the tag “%(tag)s”.", done)
    else:
        text = ngettext("%(n)s customer lost the tag “%(tag)s”.", "%(n)s customers lost the tag “%(tag)s”.", done)
    messages.success(request, text % {"n": done, "tag": tag.name})
    return redirect(reverse("customers:list"))
