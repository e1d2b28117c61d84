"""客服 on the customer's phone: the WeCom customer-service chat, and the chat inside the mini-program."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from gateways.simulator.mini_client import MiniClient
from gateways.views import customer_phone, mini_program
from gateways.views.customer_phone import PART
from gateways.views.screens import ask, screen, show


@require_safe
@screen(PART, customer_phone.pick)
def service(request: HttpRequest, who: str) -> HttpResponse:
    """The chat with the agency's customer service in WeChat."""
    if not request.GET.get("v"):
        ask("kf/enter", who=who)
    return _service(request, who)


def _service(request: HttpRequest, who: str) -> HttpResponse:
    found = ask("kf/chat", who=who)
    lines = [_kf_line(line) for line in found["lines"]]
    urls = {"say": reverse("sim:customer_service_say", args=[who]), "recall": reverse("sim:customer_service_recall", args=[who])}
    here = reverse("sim:customer_service", args=[who])
    return show(request, PART, "customer_service", here, who=who, lines=lines, profile=ask("customer/profile", who=who), **urls)


def _kf_line(line: dict[str, Any]) -> dict[str, Any]:
    content, kind = line["content"], line["kind"]
    shown = {
        "at": line["at"],
        "mine": line["from"] == "customer",
        "kind": kind,
        "msgid": line["msgid"],
        "options": [],
        "card": None,
    }
    if kind == "msgmenu":
        options = [(one["click"]["id"], one["click"]["content"]) for one in content.get("list", ())]
        return {**shown, "text": content.get("head_content", ""), "options": options}
    if kind == "miniprogram":
        return {**shown, "text": "", "card": {"title": content.get("title", ""), "page": content.get("pagepath", "")}}
    return {**shown, "text": content.get("content", "")}


@require_POST
@screen(PART)
def say(request: HttpRequest, who: str) -> HttpResponse:
    """Write, tap an entry of a menu (`choice`), or send a picture (`kind`)."""
    kind = request.POST.get("kind", "text")
    text = request.POST.get("text", "").strip()[:2000]
    if text or kind in ("image", "voice"):
        ask(
            "kf/say",
            who=who,
            text=text,
            kind=kind if kind in ("text", "image", "voice") else "text",
            menu_id=request.POST.get("choice", "")[:60],
        )
    return _service(request, who)


@require_POST
@screen(PART)
def recall(request: HttpRequest, who: str) -> HttpResponse:
    """Take a message back."""
    ask("kf/recall", who=who, msgid=request.POST.get("msgid", "")[:64])
    return _service(request, who)


@require_safe
@screen(PART, customer_phone.pick)
def mini_chat(request: HttpRequest, who: str) -> HttpResponse:
    """The chat page of the mini-program, through our API."""
    return mini_program.guarded(request, who, "pages/chat/index", lambda client: _mini_chat(request, who, client))


def _mini_chat(request: HttpRequest, who: str, client: MiniClient) -> HttpResponse:
    found = client.get("chat/messages")
    lines = [_mini_line(line) for line in found["messages"]]
    here = reverse("sim:mini_chat", args=[who])
    context = {"lines": lines, "say": reverse("sim:mini_chat_say", args=[who]), "rate": found["rate"], "state": found["state"]}
    return show(request, PART, "mini_chat", here, who=who, profile=ask("customer/profile", who=who), **context)


def _mini_line(line: dict[str, Any]) -> dict[str, Any]:
    options = [(one["id"], one["title"]) for one in line["options"]]
    shown = {
        "id": line["id"],
        "mine": line["author"] == "customer",
        "text": line["text"],
        "options": options,
        "card": line["card"],
    }
    return {**shown, "kind": line["kind"], "at": 0, "by": line["name"], "assistant": line["by_assistant"]}


@require_POST
@screen(PART, customer_phone.pick)
def mini_say(request: HttpRequest, who: str) -> HttpResponse:
    """Write, tap an entry, give a thumb (`vote` and `line`) or a rating."""
    page = "pages/chat/index"
    return mini_program.guarded(request, who, page, lambda client: _mini_said(request, who, client))


def _mini_said(request: HttpRequest, who: str, client: MiniClient) -> HttpResponse:
    told = request.POST
    if told.get("vote") and told.get("line", "").isdigit():
        client.post(f"chat/messages/{told['line']}/vote", {"value": 1 if told["vote"] == "1" else -1})
    elif told.get("rating", "").isdigit():
        client.post("chat/rating", {"rating": int(told["rating"])})
    elif text := told.get("text", "").strip()[:2000]:
        client.post("chat/messages", {"text": text, **({"choice": told["choice"]} if told.get("choice") else {})})
    return _mini_chat(request, who, client)
