"""A customer's phone: WeChat with its chats, service notices, text messages."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from gateways.views.screens import ask, screen, show

PART = "customer"
TALK = ("chat", "mass", "welcome")


@require_safe
@screen(PART)
def pick(request: HttpRequest) -> HttpResponse:
    """Whose phone to hold: a search over contacts and visitors, and a newcomer who scans a code."""
    wanted = request.GET.get("who", "")
    if wanted:
        return home(request, wanted)
    search = request.GET.get("search", "").strip()[:40]
    people = ask("customers", search=search, limit=30)
    context = {"people": people, "search": search, "members": _servers(), "ways": ask("ways")}
    return show(request, PART, "customer_pick", reverse("sim:customers"), **context)


def _servers() -> list[dict[str, Any]]:
    return [member for member in ask("members") if member["serves"]]


@require_POST
@screen(PART)
def scan(request: HttpRequest) -> HttpResponse:
    """A stranger scans a member's code, a live code, or opens an acquisition link, and becomes a friend."""
    name = request.POST.get("name", "").strip()[:20]
    kind, _, wanted = request.POST.get("userid", "").rpartition(":")
    by = {"code": "config_id", "link": "link_id"}.get(kind, "userid")
    added = ask("customer/add", name=name, state=request.POST.get("state", "")[:30], **{by: wanted})
    return _home(request, added["external_userid"])


@require_safe
@screen(PART, pick)
def home(request: HttpRequest, who: str) -> HttpResponse:
    """The list of chats."""
    return _home(request, who)


def _home(request: HttpRequest, who: str) -> HttpResponse:
    profile, lines = ask("customer/profile", who=who), ask("customer/inbox", who=who)
    last_notice = next((line for line in reversed(lines) if line["channel"] == "subscribe"), None)
    context = {"profile": profile, "chats": _chats(profile, lines), "notice": last_notice, "tab": "chats"}
    return show(request, PART, "customer_home", reverse("sim:customer_home", args=[who]), who=who, **context)


def _chats(profile: dict[str, Any], lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    last = {line["peer"]: line for line in lines if line["channel"] in TALK}
    chats = [{**friend, "last": last.get(friend["userid"])} for friend in profile["friends"]]
    return sorted(chats, key=lambda chat: chat["last"]["at"] if chat["last"] else 0, reverse=True)


@require_safe
@screen(PART, pick)
def chat(request: HttpRequest, who: str, userid: str) -> HttpResponse:
    """The chat with one member."""
    return _chat(request, who, userid)


def _chat(request: HttpRequest, who: str, userid: str) -> HttpResponse:
    profile = ask("customer/profile", who=who)
    friend = next((friend for friend in profile["friends"] if friend["userid"] == userid), None)
    lines = [line for line in ask("customer/inbox", who=who) if line["peer"] == userid and line["channel"] in TALK]
    context = {"profile": profile, "friend": friend, "lines": lines, "me": "customer", "userid": userid}
    return show(request, PART, "customer_chat", reverse("sim:customer_chat", args=[who, userid]), who=who, **context)


@require_POST
@screen(PART)
def say(request: HttpRequest, who: str, userid: str) -> HttpResponse:
    """Write to the member."""
    profile = ask("customer/profile", who=who)
    if text := request.POST.get("text", "").strip()[:500]:
        ask("customer/message", userid=userid, external_userid=profile["external_userid"], text=text)
    return _chat(request, who, userid)


@require_POST
@screen(PART)
def delete(request: HttpRequest, who: str, userid: str) -> HttpResponse:
    """Delete the member: the app learns of it by a callback."""
    ask("customer/delete", userid=userid, external_userid=ask("customer/profile", who=who)["external_userid"])
    return _chat(request, who, userid)


@require_safe
@screen(PART, pick)
def notices(request: HttpRequest, who: str) -> HttpResponse:
    """服务通知: subscribe messages of the mini-program."""
    lines = [line for line in ask("customer/inbox", who=who) if line["channel"] == "subscribe"]
    return show(request, PART, "customer_notices", reverse("sim:customer_notices", args=[who]), who=who, lines=lines)


@require_safe
@screen(PART, pick)
def sms(request: HttpRequest, who: str) -> HttpResponse:
    """Text messages."""
    return _sms(request, who)


def _sms(request: HttpRequest, who: str) -> HttpResponse:
    profile = ask("customer/profile", who=who)
    lines = [line for line in ask("customer/inbox", who=who) if line["channel"] == "sms"]
    here = reverse("sim:customer_sms", args=[who])
    return show(request, PART, "customer_sms", here, who=who, profile=profile, lines=lines, tab="sms")


@require_POST
@screen(PART)
def sms_reply(request: HttpRequest, who: str) -> HttpResponse:
    """Answer a text message; TD means: no more."""
    ask("customer/sms_reply", who=who, text=request.POST.get("text", "TD").strip()[:60] or "TD")
    return _sms(request, who)


@require_safe
@screen(PART, pick)
def me(request: HttpRequest, who: str) -> HttpResponse:
    """Who this customer is on every platform, what they bought, and their group chats."""
    return _me(request, who)


def _me(request: HttpRequest, who: str) -> HttpResponse:
    profile = ask("customer/profile", who=who)
    orders = ask("pay/orders", who=who, limit=10) if profile["openid"] else []
    groups = ask("groups", who=profile["external_userid"]) if profile["external_userid"] else []
    here = reverse("sim:customer_me", args=[who])
    return show(request, PART, "customer_me", here, who=who, profile=profile, orders=orders, groups=groups, tab="me")


@require_POST
@screen(PART)
def group(request: HttpRequest, who: str, chat_id: str) -> HttpResponse:
    """Join a group chat by its code, or leave it (`leave=1`): the app learns of it by a callback."""
    verb = "group/leave" if request.POST.get("leave") else "group/join"
    ask(verb, chat_id=chat_id, external_userid=ask("customer/profile", who=who)["external_userid"])
    return _me(request, who)
