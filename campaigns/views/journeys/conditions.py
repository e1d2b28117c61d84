"""The dialog in which a condition of a flow is written: the same builder as for segments."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from core.conditions import dump, say
from core.conditions.params import remembering_options
from staff.access import requires
from tagging.forms.draft import check, empty_draft
from tagging.forms.records import posted_draft


@require_POST
@requires("campaigns.edit")
def condition_form(request: HttpRequest) -> HttpResponse:
    """The builder with the condition as it stands."""
    with remembering_options():
        draft = posted_draft(request.POST) if request.POST.get("condition") else empty_draft()
        return render(request, "campaigns/journeys/_condition.html", {"draft": draft})


@require_POST
@requires("campaigns.edit")
def condition_take(request: HttpRequest) -> HttpResponse:
    """The written condition as JSON with its sentence; 422 with the builder where a line is wrong."""
    with remembering_options():
        draft = posted_draft(request.POST)
        node = check(draft)
        if node is None:
            return render(request, "campaigns/journeys/_condition.html", {"draft": draft}, status=422)
        return JsonResponse({"condition": dump(node), "says": say(node)})
