"""A member's phone: the WeCom client with its mass-send assistant."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from gateways.views.screens import ask, screen, show

PART = "staff"


def _first_member(members: list[dict[str, Any]]) -> str:
    busiest = max(members, key=lambda member: (member["waiting"], member["serves"], member["friends"]), default=None)
    return str(busiest["userid"]) if busiest else ""


@require_safe
@screen(PART)
def pick(request: HttpRequest) -> HttpResponse:
    """The phone of the chosen member, or of the one with most waiting for them."""
    members = ask("members")
    wanted = request.GET.get("userid", "")
    known = {member["userid"] for member in members}
    return _home(request, wanted if wanted in known else _first_member(members))


@require_safe
@screen(PART, pick)
def home(request: HttpRequest, userid: str) -> HttpResponse:
    """The message list."""
    return _home(request, userid)


def _home(request: HttpRequest, userid: str) -> HttpResponse:
    inbox = ask("staff/inbox", userid=userid, limit=30)
    waiting = sum(task["state"] == "waiting" for task in inbox["tasks"])
    context = {"members": ask("members"), "inbox": inbox, "waiting": waiting, "tab": "messages"}
    return show(request, PART, "staff_home", reverse("sim:staff_home", args=[userid]), userid=userid, **context)


@require_safe
@screen(PART, pick)
def contacts(request: HttpRequest, userid: str) -> HttpResponse:
    """The member's customers."""
    people = ask("customers", userid=userid, limit=60)
    here = reverse("sim:staff_contacts", args=[userid])
    return show(request, PART, "staff_contacts", here, userid=userid, people=people, members=ask("members"), tab="contacts")


@require_safe
@screen(PART, pick)
def notices(request: HttpRequest, userid: str) -> HttpResponse:
    """What our app told the member."""
    inbox = ask("staff/inbox", userid=userid, limit=30)
    return show(
        request, PART, "staff_notices", reverse("sim:staff_notices", args=[userid]), userid=userid, lines=inbox["messages"]
    )


@require_safe
@screen(PART, pick)
def tasks(request: HttpRequest, userid: str) -> HttpResponse:
    """群发助手: the tasks this member was asked to send."""
    inbox = ask("staff/inbox", userid=userid, limit=50)
    return show(request, PART, "staff_tasks", reverse("sim:staff_tasks", args=[userid]), userid=userid, tasks=inbox["tasks"])


@require_safe
@screen(PART, pick)
def task(request: HttpRequest, userid: str, msgid: str) -> HttpResponse:
    """One task: what is sent, to whom, and the buttons."""
    return _task(request, userid, msgid)


def _task(request: HttpRequest, userid: str, msgid: str) -> HttpResponse:
    found = ask("staff/task", userid=userid, msgid=msgid)
    return show(request, PART, "staff_task", reverse("sim:staff_task", args=[userid, msgid]), userid=userid, task=found)


@require_POST
@screen(PART)
def send(request: HttpRequest, userid: str, msgid: str) -> HttpResponse:
    """Send to all, or (`some=1`) to those that are ticked."""
    only = {"only": request.POST.getlist("only")} if request.POST.get("some") else {}
    ask("staff/confirm", msgid=msgid, sender=userid, **only)
    return _task(request, userid, msgid)


@require_POST
@screen(PART)
def ignore(request: HttpRequest, userid: str, msgid: str) -> HttpResponse:
    """Put the task aside."""
    ask("staff/ignore", msgid=msgid, sender=userid)
    return _task(request, userid, msgid)


@require_safe
@screen(PART, pick)
def chat(request: HttpRequest, userid: str, external_userid: str) -> HttpResponse:
    """The chat with one customer."""
    return _chat(request, userid, external_userid)


@require_POST
@screen(PART)
def say(request: HttpRequest, userid: str, external_userid: str) -> HttpResponse:
    """Write to the customer."""
    if text := request.POST.get("text", "").strip()[:500]:
        ask("staff/message", userid=userid, external_userid=external_userid, text=text)
    return _chat(request, userid, external_userid)


def _chat(request: HttpRequest, userid: str, external_userid: str) -> HttpResponse:
    profile = ask("customer/profile", who=external_userid)
    lines = [line for line in ask("customer/inbox", who=external_userid) if line["peer"] == userid]
    here = reverse("sim:staff_chat", args=[userid, external_userid])
    own = next((friend["name"] for friend in profile["friends"] if friend["userid"] == userid), userid)
    context = {"profile": profile, "lines": lines, "me": userid, "own": own, "ended": _ended(profile, userid)}
    return show(request, PART, "staff_chat", here, userid=userid, external_userid=external_userid, **context)


def _ended(profile: dict[str, Any], userid: str) -> bool:
    return all(friend["status"] != "active" for friend in profile["friends"] if friend["userid"] == userid)
