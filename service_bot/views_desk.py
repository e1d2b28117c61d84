"""The desk (P15): list, talk, surroundings; drafts that never send themselves; the supervisor's page."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core import params
from core.errors import BadInput, Refused
from messaging.choices import ChatChannel, ChatState
from messaging.models import Agent, Conversation
from messaging.queries_chat import visible_conversations
from service_bot.choices import Resolution, Skill
from service_bot.forms import CannedForm
from service_bot.models import CannedReply, Turn
from service_bot.queries import desk as reads
from service_bot.services import desk as deeds
from service_bot.services.assigning import set_presence
from staff.access import actor, may, requires


def _conversation(request: HttpRequest, conversation_id: int) -> Conversation:
    found = visible_conversations(actor(request)).select_related("customer", "assignee")
    return get_object_or_404(found, pk=conversation_id)


@requires("inbox.work")
@require_safe
def inbox(request: HttpRequest) -> HttpResponse:
    """The desk with no conversation open."""
    return render(request, "service_bot/inbox.html", {**_list(request), "current": None})


def _list(request: HttpRequest) -> dict[str, Any]:
    user = actor(request)
    tab = params.one_of("tab", request.GET.get("tab"), list(reads.TABS), "all")
    channel = params.one_of("channel", request.GET.get("channel"), list(ChatChannel.values))
    text, mood = params.text("q", request.GET.get("q"), 60), request.GET.get("mood", "")[:1]
    agent = Agent.objects.filter(user=user).first()
    return {
        "rows": list(reads.inbox(user, tab, channel, mood, text)[: reads.PAGE]), "tab": tab, "counts": reads.tab_counts(user),
        "channel": channel, "mood": mood, "q": text, "channels": ChatChannel.choices, "agent": agent,
        "may_supervise": may(user, "inbox.supervise"),
        "tabs": [("mine", _("Mine")), ("waiting", _("Waiting")), ("bot", _("Assistant")), ("all", _("All")),
                 ("closed", _("Closed"))],
    }  # fmt: skip


@requires("inbox.work")
@require_safe
def inbox_list(request: HttpRequest) -> HttpResponse:
    """The list alone, and the word that this agent's page is open."""
    if Agent.objects.filter(user=actor(request), is_online=True).exists():
        set_presence(actor(request).pk)
    current = params.whole("current", request.GET.get("current"), 0, 0, 2**62)
    return render(request, "service_bot/_inbox_list.html", {**_list(request), "current_id": current})


@requires("inbox.work")
@require_safe
def conversation(request: HttpRequest, conversation_id: int) -> HttpResponse:
    """The desk with one conversation open."""
    found = _conversation(request, conversation_id)
    deeds.seen(found, actor(request))
    return render(request, "service_bot/inbox.html", {**_list(request), **_pane(request, found), "current_id": found.pk})


def _pane(request: HttpRequest, found: Conversation) -> dict[str, Any]:
    user = actor(request)
    return {
        "current": found, "talk": reads.talk_of(found), "codes": Resolution.choices, "skills": Skill.choices,
        "is_mine": found.state == ChatState.HUMAN and found.assignee_id == user.pk, "may_supervise": may(user, "inbox.supervise"),
        "may_see_customer": may(user, "customers.view"), **reads.surroundings(found),
    }  # fmt: skip


@requires("inbox.work")
@require_safe
def talk(request: HttpRequest, conversation_id: int) -> HttpResponse:
    """The talk and its head; 204 while nothing has happened."""
    found = _conversation(request, conversation_id)
    if request.GET.get("v") == f"{found.version}-{found.epoch}":
        return HttpResponse(status=204)
    deeds.seen(found, actor(request))
    return render(request, "service_bot/_talk.html", _pane(request, found))


@requires("inbox.work")
@require_POST
def say(request: HttpRequest, conversation_id: int) -> HttpResponse:
    """Send what was typed, or keep it as a note."""
    found, text = _conversation(request, conversation_id), request.POST.get("text", "")[:4000]
    if request.POST.get("note"):
        deeds.add_note(found, actor(request), text)
    else:
        deeds.write(found, actor(request), text, canned=request.POST.get("canned", "")[:20])
    return _again(request, found)


def _again(request: HttpRequest, found: Conversation) -> HttpResponse:
    return render(request, "service_bot/_talk.html", _pane(request, _conversation(request, found.pk)))


@requires("inbox.work")
@require_POST
def act(request: HttpRequest, conversation_id: int) -> HttpResponse:
    """Take over, give back, pass on, end; `do` says which."""
    found, user, wanted = _conversation(request, conversation_id), actor(request), request.POST.get("do", "")
    if wanted == "take":
        deeds.take_over(found, user)
    elif wanted == "force":
        if not may(user, "inbox.supervise"):
            raise Refused(_("Only a supervisor takes a conversation from a colleague."), "forbidden")
        deeds.take_over(found, user, force=True)
    elif wanted == "bot":
        deeds.to_bot(found, user)
    elif wanted == "pass":
        deeds.pass_on(found, user, request.POST.get("skill", ""))
    elif wanted == "close":
        deeds.finish(found, user, request.POST.get("code", ""))
    else:
        raise BadInput(_("There is no such action."))
    return _again(request, found)


@requires("inbox.work")
@require_safe
def drafts(request: HttpRequest, conversation_id: int) -> HttpResponse:
    """What the assistant would say; a tap puts it into the box."""
    found = _conversation(request, conversation_id)
    return render(request, "service_bot/_drafts.html", {"drafts": reads.drafts(found), "current": found})


@requires("inbox.work")
@require_safe
def picks(request: HttpRequest, conversation_id: int) -> HttpResponse:
    """What `/` and `@` offer."""
    found = _conversation(request, conversation_id)
    mark = params.one_of("mark", request.GET.get("mark"), ["/", "@"], "/")
    text = params.text("q", request.GET.get("q"), 40)
    rows = reads.picks(actor(request), found.customer, mark, text)
    return render(request, "service_bot/_picks.html", {"picks": rows, "current": found})


@requires("inbox.work")
@require_POST
def card(request: HttpRequest, conversation_id: int) -> HttpResponse:
    """Send a product's card or a quote."""
    found = _conversation(request, conversation_id)
    deeds.send_card(found, actor(request), request.POST.get("kind", ""), request.POST.get("value", "")[:40])
    return _again(request, found)


@requires("inbox.work")
@require_POST
def verdict(request: HttpRequest, conversation_id: int, turn_id: int) -> HttpResponse:
    """Say whether the assistant was right."""
    found = _conversation(request, conversation_id)
    deeds.judge(get_object_or_404(Turn, pk=turn_id, conversation=found), actor(request), request.POST.get("verdict", ""))
    return _again(request, found)


@requires("inbox.work")
@require_POST
def presence(request: HttpRequest) -> HttpResponse:
    """Go online or offline; how much and what one takes."""
    user = actor(request)
    if "capacity" in request.POST:
        deeds.settings_of(
            user, capacity=params.whole("capacity", request.POST.get("capacity"), 6, 1, 30), skills=request.POST.getlist("skill")
        )
    set_presence(user.pk, online=request.POST.get("online") == "1")
    return HttpResponseRedirect(reverse("service_bot:inbox"))


@requires("inbox.supervise")
@require_safe
def supervisor(request: HttpRequest) -> HttpResponse:
    """How the desk is doing."""
    return render(request, "service_bot/desk.html", reads.figures())


@requires("inbox.work")
@require_http_methods(["GET", "POST"])
def canned(request: HttpRequest) -> HttpResponse:
    """Canned replies, and a new one."""
    form = CannedForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        deeds.keep_canned(actor(request), form.cleaned_data)
        messages.success(request, _("Saved."))
        return HttpResponseRedirect(reverse("service_bot:canned"))
    rows = CannedReply.objects.order_by("-uses", "shortcut")[:200]
    return render(request, "service_bot/canned.html", {"form": form, "rows": rows}, status=422 if form.errors else 200)
