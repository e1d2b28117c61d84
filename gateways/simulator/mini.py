"""The mini-program's server API (`api.weixin.qq.com`): tokens, log-in, phone, subscribe messages, codes and links."""

import io
import re
from typing import Literal

from gateways.simulator.clock import shanghai
from gateways.simulator.envelope import ApiError, Call, Route, Routes, answer, check_quota, check_token, issue_token
from gateways.simulator.exchange import Json, Request, Response
from gateways.simulator.mini_state import MiniLink, MiniUser, OneTimeCode
from gateways.simulator.state import Line
from gateways.simulator.world import World

HOST = "api.weixin.qq.com"
FAMILY = "mini:"
CODE_LIFE_SECONDS = 300
CODES_KEPT = 20_000
FORCED_PER_DAY = 20
LOGINS_PER_MINUTE = 100
_SCENE = re.compile(r"[0-9A-Za-z!#$&'()*+,/:;=?@\-._~%]{1,32}")
_DAY = r"(\d{4}年\d{1,2}月\d{1,2}日|\d{4}-\d{1,2}-\d{1,2})"
_TIME = re.compile(rf"{_DAY}|({_DAY} ?)?\d{{1,2}}:\d{{2}}(:\d{{2}})?")
# A field of a subscribe message is named by its kind and a number: thing1, amount3.
FIELD_RULES = {
    "thing": re.compile(r".{1,20}", re.DOTALL),
    "number": re.compile(r"-?\d{1,32}(\.\d+)?"),
    "letter": re.compile(r"[A-Za-z]{1,32}"),
    "symbol": re.compile(r"[^\w\s]{1,5}"),
    "character_string": re.compile(r"[\x20-\x7e]{1,32}"),
    "time": _TIME,
    "date": _TIME,
    "amount": re.compile(r"[¥$€]?\d{1,10}(\.\d+)?元?"),
    "phone_number": re.compile(r"[\d+\-()]{1,17}"),
    "car_number": re.compile(r"\S{1,8}"),
    "name": re.compile(r"[\u4e00-\u9fff·]{1,10}|[A-Za-z .]{1,20}"),
    "phrase": re.compile(r"[\u4e00-\u9fff]{1,5}"),
}
routes = Routes()


def respond(world: World, request: Request) -> Response:
    """Answer one call to the mini-program API."""
    return answer(world, request, routes, _gate)


def _gate(world: World, request: Request, route: Route) -> str:
    if not route.token:
        return ""
    app = check_token(world, request, FAMILY)
    check_quota(world, request.path)
    return app


def _check_app(world: World, call: Call) -> str:
    appid, secret = call.text("appid"), call.text("secret")
    if not appid or not secret:
        raise ApiError(41004 if appid else 41002)
    known = {world.setting(f"{name}_APP_ID"): world.setting(f"{name}_APP_SECRET") for name in ("MINI", "OA")}
    if appid not in known:
        raise ApiError(40013)
    if secret != known[appid]:
        raise ApiError(40125)
    return appid


@routes.post("/cgi-bin/stable_token", token=False)
def stable_token(world: World, call: Call) -> Json:
    """The stable token; a forced refresh (20 a day, 30 s apart) leaves the old one alive for five minutes."""
    appid = _check_app(world, call)
    if call.text("grant_type") != "client_credential":
        raise ApiError(40058, "invalid grant_type")
    force = bool(call.body.get("force_refresh", False))
    if force:
        _count_forced(world)
    return issue_token(world, FAMILY + appid, force=force)


def _count_forced(world: World) -> None:
    now = world.now()
    forced = [at for at in world.state.forced_refreshes if shanghai(at).date() == shanghai(now).date()]
    if len(forced) >= FORCED_PER_DAY:
        raise ApiError(45009)
    if forced and forced[-1] > now - 30:
        raise ApiError(45011)
    world.state.forced_refreshes = [*forced, now]


@routes.get("/sns/jscode2session", token=False)
def jscode2session(world: World, call: Call) -> Json:
    """Who stands behind a `wx.login` code; five minutes, once."""
    _check_app(world, call)
    value = call.text("js_code")
    if not value:
        raise ApiError(41008)
    code = _usable_code(world, value, "login")
    _count_login(world, code.openid)
    user = world.state.mini_users[code.openid]
    if user.flagged:
        raise ApiError(40226)
    code.used = True
    session: Json = {"openid": user.openid, "session_key": world.letters(22) + "=="}
    return session | ({"unionid": user.unionid} if user.unionid and world.state.config.unionid_bound else {})


def _usable_code(world: World, value: str, kind: str) -> OneTimeCode:
    code = world.state.codes.get(value)
    if code is None or code.kind != kind or code.valid_until <= world.now():
        raise ApiError(40029)
    if code.used:
        raise ApiError(40163)
    return code


def _count_login(world: World, openid: str) -> None:
    now = world.now()
    times = [at for at in world.state.login_times.get(openid, ()) if at > now - 60]
    if len(times) >= LOGINS_PER_MINUTE:
        raise ApiError(45011)
    world.state.login_times[openid] = [*times, now]


@routes.post("/wxa/business/getuserphonenumber")
def getuserphonenumber(world: World, call: Call) -> Json:
    """The phone number a customer agreed to share; each code once. The agency pays per call."""
    code = _usable_code(world, call.text("code"), "phone")
    code.used = True
    world.count("phone_lookups")
    watermark = {"timestamp": world.wall(), "appid": world.setting("MINI_APP_ID")}
    number = code.phone or world.state.mini_users[code.openid].phone
    return {"phone_info": {"phoneNumber": number, "purePhoneNumber": number, "countryCode": "86", "watermark": watermark}}


@routes.post("/cgi-bin/message/subscribe/send")
def subscribe_send(world: World, call: Call) -> Json:
    """A subscribe message: one per accept; every field must keep the rule of its kind."""
    user = world.state.mini_users.get(call.text("touser"))
    if user is None:
        raise ApiError(40003)
    template = call.text("template_id")
    if not template or (world.state.config.templates and template not in world.state.config.templates):
        raise ApiError(40037)
    _check_page(world, call.text("page"))
    data = {name: field.get("value") if isinstance(field, dict) else None for name, field in call.object("data").items()}
    _check_fields(data)
    if user.subscribe.get(template, 0) < 1:
        raise ApiError(43101)
    user.subscribe[template] -= 1
    shown: Json = {"template_id": template, "page": call.text("page"), "data": data}
    world.customer_line(user.openid, Line(world.wall(), "subscribe", "mini", "subscribe", shown))
    return {}


def _check_fields(data: dict[str, object]) -> None:
    if not data:
        raise ApiError(47003)
    for name, value in data.items():
        rule = FIELD_RULES.get(name.rstrip("0123456789"))
        if rule is None or not isinstance(value, str) or not rule.fullmatch(value):
            raise ApiError(47003, f"argument invalid! data.{name}.value invalid")


def _check_page(world: World, page: str) -> None:
    path = page.split("?")[0]
    pages = world.state.config.pages
    if path and (path.startswith("/") or (pages and path not in pages)):
        raise ApiError(41030)


@routes.post("/wxa/getwxacodeunlimit")
def getwxacodeunlimit(world: World, call: Call) -> Response:
    """A code as a picture; its content is `page?scene=...`, so that a test can follow it."""
    import segno

    scene, page = call.text("scene"), call.text("page")
    if not _SCENE.fullmatch(scene):
        raise ApiError(40169)
    if call.body.get("check_path", True):
        _check_page(world, page)
    target = f"{page or 'pages/index/index'}?scene={scene}"
    world.state.links[f"wxacode:{scene}"] = MiniLink(page or "pages/index/index", f"scene={scene}")
    picture = io.BytesIO()
    segno.make(target, error="m").save(picture, kind="png", scale=8)
    return Response(200, picture.getvalue(), "image/png", code="0")


@routes.post("/wxa/generate_urllink")
def generate_urllink(world: World, call: Call) -> Json:
    """A link that opens the mini-program from a browser or an SMS, for at most 30 days."""
    path = call.text("path")
    _check_page(world, path.removeprefix("/"))
    days = call.number("expire_interval", 30) if call.number("expire_type", 0) == 1 else 30
    if not 1 <= days <= 30:
        raise ApiError(85401)
    url = f"https://wxaurl.cn/{world.new_id('', 12)}"
    world.state.links[url] = MiniLink(path.removeprefix("/"), call.text("query"), world.now() + days * 86_400)
    return {"url_link": url}


@routes.post("/wxa/sec/order/upload_shipping_info")
def upload_shipping_info(world: World, call: Call) -> Json:
    """What was delivered for a payment; once: a second time is refused, as the platform does."""
    key, payer = call.object("order_key"), call.object("payer")
    order = next(
        (o for o in world.state.orders.values() if o.transaction_id and o.transaction_id == key.get("transaction_id")), None
    )
    if order is None or order.openid != payer.get("openid"):
        raise ApiError(10060001, "pay order not exist")
    listed = call.objects("shipping_list")
    if (
        call.number("logistics_type") not in {1, 2, 3, 4}
        or len(listed) != 1
        or not 1 <= len(str(listed[0].get("item_desc", ""))) <= 120
    ):
        raise ApiError(47001)
    if order.shipped:
        raise ApiError(10060002, "shipped already")
    order.shipped = str(listed[0]["item_desc"])
    return {}


def mini_user(world: World, openid: str = "", unionid: str = "", nickname: str = "", phone: str = "") -> MiniUser:
    """The mini-program user with this openid or unionid; made on first sight."""
    user = world.state.mini_users.get(openid) or (world.mini_user_with(unionid) if unionid else None)
    if user is None:
        user = MiniUser(openid or world.new_id("o", 28), unionid or world.new_id("u", 28))
        world.keep_mini_user(user)
    user.nickname, user.phone = nickname or user.nickname, phone or user.phone
    return user


def one_time_code(world: World, kind: Literal["login", "phone"], user: MiniUser, phone: str = "") -> OneTimeCode:
    """A fresh code for a user, as `wx.login` (`login`) or the phone button (`phone`) gives to the client."""
    now = world.now()
    if len(world.state.codes) > CODES_KEPT:
        world.state.codes = {c.code: c for c in world.state.codes.values() if c.valid_until > now}
    code = OneTimeCode(world.new_id("0", 32), kind, user.openid, now + CODE_LIFE_SECONDS, phone=phone)
    world.state.codes[code.code] = code
    return code
