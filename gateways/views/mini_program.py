"""The mini-program on the customer's phone: what it shows and does goes through our real mini-program API."""

from typing import Any
from urllib.parse import parse_qsl, quote

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from gateways.simulator.mini_client import ApiAnswer, MiniClient
from gateways.views import customer_phone
from gateways.views.customer_phone import PART
from gateways.views.screens import ask, screen, show

SESSIONS = "sim_mini_sessions"
LIST_PAGE = "pages/index/index"


@require_safe
@screen(PART, customer_phone.pick)
def open_page(request: HttpRequest, who: str) -> HttpResponse:
    """Open a page, as by a tap on a card: `?page=pages/product/index?code=P01&touch=...`."""
    page = request.GET.get("page", LIST_PAGE)[:300]
    return guarded(request, who, page, lambda client: _open(request, who, page, client))


def guarded(request: HttpRequest, who: str, page: str, work: Any) -> HttpResponse:
    """Run what needs the API; a session that ended is renewed once, a no is shown as the mini-program would show it."""
    try:
        try:
            return _with_session(request, who, work)
        except ApiAnswer as answer:
            if answer.status != 401:
                raise
            _forget(request, who)
            return _with_session(request, who, work)
    except ApiAnswer as answer:
        text = answer.message if answer.status else _("The application does not answer.")
        here = f"{reverse('sim:mini', args=[who])}?page={page}"
        return show(request, PART, "mini_no", here, who=who, text=text, tab="mini")


def _with_session(request: HttpRequest, who: str, work: Any) -> HttpResponse:
    sessions = request.session.get(SESSIONS, {})
    client = MiniClient(settings.PUBLIC_URL, sessions.get(who, ""))
    if not client.token:
        client.log_in(ask("customer/login_code", who=who)["js_code"])
        request.session[SESSIONS] = {**dict(list(sessions.items())[-20:]), who: client.token}
    response: HttpResponse = work(client)
    return response


def _forget(request: HttpRequest, who: str) -> None:
    request.session[SESSIONS] = {name: token for name, token in request.session.get(SESSIONS, {}).items() if name != who}


def _open(request: HttpRequest, who: str, page: str, client: MiniClient) -> HttpResponse:
    path, _mark, query = page.partition("?")
    wanted = dict(parse_qsl(query))
    if wanted.get("touch"):
        _note_touch(client, wanted["touch"])
    if wanted.get("code"):
        return _product(request, who, client, wanted)
    client.track("page.viewed", title=path)
    here = f"{reverse('sim:mini', args=[who])}"
    return show(request, PART, "mini_list", here, who=who, products=client.get("products", limit="20")["results"], tab="mini")


def _note_touch(client: MiniClient, touch: str) -> None:
    try:
        client.post(f"touches/{quote(touch, safe='')}/open", {})
    except ApiAnswer as answer:
        if answer.status != 404:  # a card of an older world opens all the same
            raise


def _product(request: HttpRequest, who: str, client: MiniClient, wanted: dict[str, str]) -> HttpResponse:
    path = f"products/{quote(wanted['code'], safe='')}"
    product = client.get(path)
    month = (product.get("next_departure") or "")[:7]
    days = client.get(f"{path}/calendar", **({"month": month} if month else {}))["days"]
    client.track("product.viewed", product=wanted["code"])
    here = reverse("sim:mini", args=[who])
    context = {"product": product, "days": [day for day in days if day["seats_left"]][:8], "touch": wanted.get("touch", "")}
    return show(request, PART, "mini_product", here, who=who, **context)


@require_POST
@screen(PART, customer_phone.pick)
def order(request: HttpRequest, who: str) -> HttpResponse:
    """下单: place the order and bring up the pay sheet."""
    asked = request.POST
    body: dict[str, Any] = {"product": asked.get("product", ""), "departs_on": asked.get("departs_on", "")}
    body |= {"adults": _few(asked.get("adults"), 2), "children": _few(asked.get("children"), 0)}
    if asked.get("touch"):
        body["touch"] = asked["touch"]
    page = f"pages/product/index?code={body['product']}&touch={asked.get('touch', '')}"
    return guarded(request, who, page, lambda client: _place(request, who, client, body))


def _few(text: str | None, default: int) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and int(text) < 100 else default


def _place(request: HttpRequest, who: str, client: MiniClient, body: dict[str, Any]) -> HttpResponse:
    client.track("checkout.started", product=str(body["product"]))
    placed = client.post("orders", body)
    params = client.post(f"orders/{placed['no']}/pay", {})
    found = ask("pay/sheet", params=params)
    return _sheet(request, who, found["out_trade_no"], order_no=placed["no"])


@require_safe
@screen(PART, customer_phone.pick)
def sheet(request: HttpRequest, who: str, out_trade_no: str) -> HttpResponse:
    """The pay sheet of an order at the cashier, or its result."""
    return _sheet(request, who, out_trade_no)


@require_POST
@screen(PART, customer_phone.pick)
def settle(request: HttpRequest, who: str, out_trade_no: str) -> HttpResponse:
    """支付 or 取消."""
    verb = "pay/confirm" if request.POST.get("pay") else "pay/cancel"
    ask(verb, out_trade_no=out_trade_no)
    return _sheet(request, who, out_trade_no, cancelled=verb == "pay/cancel")


def _sheet(request: HttpRequest, who: str, out_trade_no: str, **more: Any) -> HttpResponse:
    found = ask("pay/sheet", out_trade_no=out_trade_no)
    cancelled = bool(more.pop("cancelled", request.GET.get("cancelled")))
    here = reverse("sim:sheet", args=[who, out_trade_no]) + ("?cancelled=1" if cancelled else "")
    return show(request, PART, "pay_sheet", here, who=who, sheet=found, cancelled=cancelled, **more)
