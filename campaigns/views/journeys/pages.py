"""The list of journeys, the editor, and a journey at work."""

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from rest_framework.exceptions import ParseError

from campaigns.choices import JourneyState, RunReason, RunState
from campaigns.models import Journey, JourneyRun
from campaigns.queries.journeys import lists, picture
from campaigns.queries.journeys.flows import complaints_of, flow_of, read_flow
from campaigns.queries.journeys.outlook import dry_run, outlook
from campaigns.queries.journeys.palette import ICONS, editor_options
from campaigns.queries.journeys.say import refusal_words, say_complaint, say_condition, say_trigger
from campaigns.rules.journeys.flow import BadFlow
from campaigns.rules.journeys.starters import EMPTY, STARTERS, flow_of_starter, starter
from campaigns.services.journeys import publishing
from campaigns.services.journeys.advancing import remove_from_journey
from campaigns.views.actor import actor
from core import clock, params
from core.errors import BadInput
from core.parsers import decode
from customers.models import Customer
from staff.access import may, requires
from tagging.models import Segment

MOST_BYTES = 300_000


@require_safe
@requires("campaigns.view")
def index(request: HttpRequest) -> HttpResponse:
    """Journeys by state, each with its numbers."""
    state = params.one_of("state", request.GET.get("state"), [str(value) for value in JourneyState.values])
    text = params.text("q", request.GET.get("q"), 60)
    found = list(lists.journey_list(state, text)[:60])
    numbers, counts = lists.numbers_of(found), lists.journey_counts()
    context = {
        "rows": [(one, numbers.get(one.pk, lists.Numbers())) for one in found], "state": state, "q": text,
            "total": sum(counts.values()),
        "tabs": [(value, label, counts[value]) for value, label in JourneyState.choices if counts.get(value)],
        "starters": STARTERS, "may_edit": may(request.user, "campaigns.edit"),
    }  # fmt: skip
    return render(request, "campaigns/journeys/index.html", context)


@require_POST
@requires("campaigns.edit")
def new(request: HttpRequest) -> HttpResponse:
    """A draft, empty or from a template."""
    chosen = starter(params.text("template", request.POST.get("template"), 20))
    segment = Segment.objects.order_by("id").values_list("pk", flat=True).first()
    flow = flow_of_starter(chosen, segment) if chosen else dict(EMPTY)
    name = chosen.name if chosen else _("New journey")
    journey = publishing.create_journey(actor=actor(request), name=name, flow=flow, template=chosen.key if chosen else "")
    return HttpResponseRedirect(reverse("campaigns:journey-edit", args=[journey.pk]))


@require_safe
@requires("campaigns.view")
def edit(request: HttpRequest, journey_id: int) -> HttpResponse:
    """The flow editor."""
    journey = get_object_or_404(Journey, pk=journey_id)
    may_edit = may(request.user, "campaigns.edit")
    inside = JourneyRun.objects.filter(journey=journey, state=RunState.ACTIVE).count()
    page = {
        "flow": journey.draft, "name": journey.name, "revision": journey.revision, "canEdit": may_edit, **_judged(journey.draft),
        "options": editor_options(coupons=None),
    }  # fmt: skip
    context = {
        "journey": journey, "page": page, "may_edit": may_edit, "may_publish": may(request.user, "campaigns.launch"),
            "inside": inside,
        "icons": sorted(set(ICONS.values())),
    }  # fmt: skip
    return render(request, "campaigns/journeys/editor.html", context)


def _judged(flow: Any) -> dict[str, Any]:
    """Complaints at their places, and the conditions as sentences."""
    complaints = [{"place": one.place, "field": one.field, "text": say_complaint(one)} for one in complaints_of(flow)]
    return {"complaints": complaints, "says": {key: say_condition(raw) for key, raw in _conditions(flow)}}


def _conditions(flow: Any) -> list[tuple[str, Any]]:
    """(place, condition) of everything in a raw flow that is asked."""
    if not isinstance(flow, dict):
        return []
    exits = flow.get("exits") if isinstance(flow.get("exits"), list) else []
    found = [("entry", flow.get("entry"))]
    found += [
        (f"exit{place}", one.get("when")) for place, one in enumerate(exits or []) if isinstance(one, dict) and one.get("when")
    ]
    return found + _step_conditions(flow.get("steps"), 0)


def _step_conditions(rows: Any, depth: int) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for row in rows if isinstance(rows, list) and depth < 12 else []:
        if not isinstance(row, dict):
            continue
        if row.get("do") == "if":
            found.append((str(row.get("id")), row.get("when")))
        branches = row.get("branches") if isinstance(row.get("branches"), list) else []
        for inner in (row.get("yes"), row.get("no"), *(one.get("steps") for one in branches or [] if isinstance(one, dict))):
            found += _step_conditions(inner, depth + 1)
    return found


def _posted(request: HttpRequest) -> dict[str, Any]:
    if len(request.body) > MOST_BYTES:
        raise BadInput(_("This is not a flow."), {"flow": _("too large")})
    try:
        found = decode(request.body)
    except ParseError as error:
        raise BadInput(_("This is not a flow."), {"flow": _("not a flow")}) from error
    if not isinstance(found, dict):
        raise BadInput(_("This is not a flow."), {"flow": _("not a flow")})
    return found


@require_POST
@requires("campaigns.edit")
def save(request: HttpRequest, journey_id: int) -> JsonResponse:
    """Keep the draft; what is wrong with it, place by place. 409 when somebody else has edited it meanwhile."""
    journey = get_object_or_404(Journey, pk=journey_id)
    given = _posted(request)
    revision = given.get("revision")
    if type(revision) is not int:
        raise BadInput(_("This is not a flow."), {"revision": _("not a number")})
    number = publishing.save_draft(journey, revision=revision, flow=given.get("flow"), name=str(given.get("name", "")))
    return JsonResponse({"revision": number, **_judged(given.get("flow"))})


@require_POST
@requires("campaigns.view")
def count(request: HttpRequest, journey_id: int) -> JsonResponse:
    """How many people the flow would concern."""
    get_object_or_404(Journey, pk=journey_id)
    try:
        flow = read_flow(_posted(request).get("flow"))
    except BadFlow:
        return JsonResponse({"number": None, "kind": ""})
    with transaction.atomic():
        found = outlook(flow, clock.now())
    kind = "now" if flow.trigger in ("schedule", "holiday") else "ahead" if found.ahead else "past"
    return JsonResponse({"number": found.number, "kind": kind})


@require_POST
@requires("campaigns.view")
def attempt(request: HttpRequest, journey_id: int) -> HttpResponse:
    """A dry run of the draft for one customer."""
    journey = get_object_or_404(Journey, pk=journey_id)
    text = params.text("who", request.POST.get("who"), 60)
    seen = Customer.objects.visible_to(actor(request))
    customer = seen.filter(pk=int(text)).first() if text.isdigit() and len(text) < 10 else None
    customer = customer or (seen.filter(name__icontains=text).order_by("-id").first() if text else seen.order_by("-id").first())
    rows, complaint = [], ""
    if customer is None:
        complaint = _("Nobody of that name.")
    else:
        try:
            rows = dry_run(read_flow(journey.draft), customer, journey.salt, clock.now())
        except BadFlow:
            complaint = _("Mend the faults first; then the flow can be tried.")
    context = {
        "customer": customer,
        "rows": [(row, ICONS[row.step.do], refusal_words(row.reason)) for row in rows],
        "complaint": complaint,
    }
    return render(request, "campaigns/journeys/_trial.html", context)


@require_POST
@requires("campaigns.launch")
def publish(request: HttpRequest, journey_id: int) -> HttpResponse:
    """Let the draft run."""
    journey = get_object_or_404(Journey, pk=journey_id)
    inside = params.one_of("inside", request.POST.get("inside"), list(publishing.INSIDE), "finish")
    version = publishing.publish_journey(journey, actor=actor(request), inside=inside)
    messages.success(request, _("Version %(n)s is running.") % {"n": version.number})
    return HttpResponseRedirect(reverse("campaigns:journey", args=[journey.pk]))


@require_POST
@requires("campaigns.launch")
def state(request: HttpRequest, journey_id: int) -> HttpResponse:
    """Pause, resume or stop."""
    journey = get_object_or_404(Journey, pk=journey_id)
    wanted = params.one_of("state", request.POST.get("state"), ["running", "paused", "stopped"], "")
    publishing.set_journey_state(journey, actor=actor(request), state=wanted)
    messages.success(request, _("The journey is now: %(state)s.") % {"state": journey.get_state_display()})
    return HttpResponseRedirect(reverse("campaigns:journey", args=[journey.pk]))


@require_POST
@requires("campaigns.edit")
def delete(request: HttpRequest, journey_id: int) -> HttpResponse:
    """Remove a draft that never ran."""
    publishing.delete_draft(get_object_or_404(Journey, pk=journey_id), actor=actor(request))
    messages.success(request, _("The draft is gone."))
    return HttpResponseRedirect(reverse("campaigns:journeys"))


@require_safe
@requires("campaigns.view")
def detail(request: HttpRequest, journey_id: int) -> HttpResponse:
    """A journey at work: funnel by step, who is in it, who was not let in, and what it changed."""
    journey = get_object_or_404(Journey.objects.select_related("current", "created_by"), pk=journey_id)
    if journey.current is None:
        return HttpResponseRedirect(reverse("campaigns:journey-edit", args=[journey.pk]))
    numbers = lists.numbers_of([journey]).get(journey.pk, lists.Numbers())
    flow = flow_of(journey.current.pk)
    context = {
        "journey": journey, "numbers": numbers, "trigger": say_trigger(flow), "entry": say_condition(flow.entry), "flow": flow,
        "steps": [
            (row, ICONS[row.step.do], [(refusal_words(code), n) for code, n in row.reasons.items()])
            for row in picture.step_numbers(journey.current)
        ],
        "refused": [(RunReason(code).label, n) for code, n in picture.refusals(journey).items()],
        "left": [(RunReason(code).label, n) for code, n in picture.leavers(journey).items()],
        "lift": picture.goal_lift(journey), "versions": journey.versions.select_related("published_by").order_by("-number")[:10],
        "may_edit": may(request.user, "campaigns.edit"), "may_publish": may(request.user, "campaigns.launch"),
        **_people(request, journey),
    }  # fmt: skip
    return render(request, "campaigns/journeys/detail.html", context)


def _people(request: HttpRequest, journey: Journey) -> dict[str, Any]:
    chosen = params.one_of("state", request.GET.get("state"), [str(value) for value in RunState.values])
    step = params.text("step", request.GET.get("step"), 12)
    text = params.text("q", request.GET.get("q"), 60)
    rows = list(picture.people(journey, actor(request), state=chosen, step=step, text=text)[: picture.SHOWN + 1])
    return {
        "runs": rows[: picture.SHOWN], "has_more": len(rows) > picture.SHOWN, "state": chosen, "step": step, "q": text,
        "states": RunState.choices, "all_steps": picture.all_steps(journey.current) if journey.current else [],
    }  # fmt: skip


@require_safe
@requires("campaigns.view")
def people(request: HttpRequest, journey_id: int) -> HttpResponse:
    """The list of people as a fragment."""
    journey = get_object_or_404(Journey.objects.select_related("current"), pk=journey_id)
    return render(request, "campaigns/journeys/_people.html", {"journey": journey, **_people(request, journey)})


def _run(request: HttpRequest, run_id: int) -> JourneyRun:
    seen = Customer.objects.visible_to(actor(request))
    return get_object_or_404(JourneyRun.objects.select_related("customer", "journey", "version"), pk=run_id, customer__in=seen)


@require_safe
@requires("campaigns.view")
def way(request: HttpRequest, passage_id: int) -> HttpResponse:
    """One person's way: what was done, what is waited for, and why something was not."""
    run = _run(request, passage_id)
    found = picture.way_of(run)
    context = {
        "way": found, "run": run, "passed": [(one, refusal_words(one.reason) if one.reason else "") for one in found.passed],
        "others": [one for one in picture.why_not(run.journey, run.customer) if one.pk != run.pk],
        "may_edit": may(request.user, "campaigns.edit"),
    }  # fmt: skip
    return render(request, "campaigns/journeys/_way.html", context)


@require_POST
@requires("campaigns.edit")
def take_out(request: HttpRequest, passage_id: int) -> HttpResponse:
    """Take somebody out."""
    run = _run(request, passage_id)
    if remove_from_journey(run):
        messages.success(request, _("%(who)s is out of this journey.") % {"who": run.customer})
    return HttpResponseRedirect(reverse("campaigns:journey", args=[run.journey_id]))
