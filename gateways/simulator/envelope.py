"""What WeCom and the mini-program API have in common: routes, the JSON envelope, error codes, tokens, quotas."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from gateways.simulator.exchange import Json, Request, Response, html_response, json_response
from gateways.simulator.state import QuotaWindow, Token
from gateways.simulator.world import World

TOKEN_LIFE_SECONDS = 7200
GRACE_SECONDS = 300
_ESCAPED = re.compile(rb"\\u[0-9a-fA-F]{4}")
ERROR_TEXTS = {
    -1: "system error",
    40001: "invalid credential, access_token is invalid or not latest",
    40003: "invalid openid",
    40007: "invalid media_id",
    40013: "invalid appid",
    40014: "invalid access_token",
    40029: "invalid code",
    40031: "invalid userid list",
    40033: "invalid charset. please check",
    40037: "invalid template_id",
    40050: "invalid chatid",
    40056: "invalid agentid",
    40058: "invalid Request Parameter",
    40063: "some parameters are empty",
    40066: "invalid url",
    40068: "invalid tagid",
    40071: "tag name already exist",
    40096: "invalid external userid",
    40100: "customer is being transferred",
    40125: "invalid appsecret",
    40129: "invalid scene",
    40163: "code been used",
    40169: "invalid length for scene, or the data is not json string",
    40226: "code blocked",
    41001: "access_token missing",
    41002: "appid missing",
    41004: "appsecret missing",
    41008: "missing code",
    41030: "invalid page",
    41041: "too many users in contact way",
    41044: "invalid config_id",
    41045: "contact way limit reached",
    41048: "no customer to send",
    41049: "invalid welcome_code",
    41050: "welcome_code expired",
    41051: "customer has started chatting",
    41063: "group msg is dispatching",
    41064: "too many attachments",
    41093: "group msg already cancelled",
    41094: "remind too frequently",
    41095: "acquisition link limit reached",
    41096: "welcome msg is being sent by another app",
    42001: "access_token expired",
    43001: "require GET method",
    43002: "require POST method",
    43101: "user refuse to accept the msg",
    44001: "empty media data",
    45002: "message content size out of limit",
    45009: "api freq out of limit",
    45011: "api minute-quota reach limit, must slower, retry next minute",
    45033: "api concurrent out of limit",
    47001: "data format error",
    47003: "argument invalid",
    48002: "api forbidden for the app",
    60011: "no privilege to access/modify contact",
    60020: "not allow to access from your ip",
    60111: "userid not found",
    81013: "user & party & tag all invalid",
    84061: "not external contact",
    90207: "appid not linked to corp",
    301002: "no permission to operate this tag",
    40054: "invalid sub button url domain",
    85401: "expire_interval out of range",
    95000: "invalid open_kfid",
    95001: "send msg count limit",
    95008: "menu size limit",
    95012: "invalid code",
    95016: "not allow to change state",
    95018: "session status not allow",
}

Item = TypeVar("Item")
Handler = Callable[[World, "Call"], Json | Response]


class ApiError(Exception):
    """A vendor's no: an errcode and, where the vendor says more, a text."""

    def __init__(self, errcode: int, text: str = "") -> None:
        super().__init__(errcode)
        self.errcode = errcode
        self.text = text or ERROR_TEXTS.get(errcode, "unknown error")


@dataclass(slots=True)
class Call:
    """A request that passed the gate: who calls, with which body. Readers raise 40058 on a value of the wrong type."""

    request: Request
    body: Json = field(default_factory=dict)
    app: str = ""

    def text(self, name: str, default: str = "") -> str:
        """A text field; the query counts as well."""
        value = self.body.get(name, self.request.query.get(name, default))
        if value is None:
            return default
        if not isinstance(value, str):
            raise ApiError(40058, f"{name} is not a string")
        return value

    def number(self, name: str, default: int = 0) -> int:
        """A whole number; digits in a text count as well, as the platform takes both."""
        value = self.body.get(name, self.request.query.get(name, default))
        if isinstance(value, bool) or not str(value).lstrip("-").isdigit():
            raise ApiError(40058, f"{name} is not a number")
        return int(value)

    def texts(self, name: str) -> list[str]:
        """A list of texts; absent is empty."""
        value = self.body.get(name) or []
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise ApiError(40058, f"{name} is not a list of strings")
        return value

    def objects(self, name: str) -> list[Json]:
        """A list of objects; absent is empty."""
        value = self.body.get(name) or []
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise ApiError(40058, f"{name} is not a list of objects")
        return value

    def object(self, name: str) -> Json:
        """An object; absent is empty."""
        value = self.body.get(name) or {}
        if not isinstance(value, dict):
            raise ApiError(40058, f"{name} is not an object")
        return value


@dataclass(frozen=True, slots=True)
class Route:
    """One API: its method, and whether it needs a token and the 客户联系 permission."""

    method: Literal["GET", "POST"]
    handler: Handler
    token: bool = True
    contacts: bool = False
    raw: bool = False


class Routes:
    """The APIs of one host, by path."""

    def __init__(self) -> None:
        self.table: dict[str, Route] = {}

    def get(self, path: str, **options: bool) -> Callable[[Handler], Handler]:
        """Register a GET."""
        return self._register("GET", path, options)

    def post(self, path: str, **options: bool) -> Callable[[Handler], Handler]:
        """Register a POST with a JSON body; `raw=True` leaves the body alone."""
        return self._register("POST", path, options)

    def _register(self, method: Literal["GET", "POST"], path: str, options: Mapping[str, bool]) -> Callable[[Handler], Handler]:
        def keep(handler: Handler) -> Handler:
            self.table[path] = Route(method, handler, **options)
            return handler

        return keep


def answer(world: World, request: Request, routes: Routes, gate: Callable[[World, Request, Route], str]) -> Response:
    """Run a request through gate, body check and handler, and wrap what comes out."""
    route = routes.table.get(request.path)
    if route is None:
        return html_response(404, "404 Not Found")
    try:
        app = gate(world, request, route)
        result = route.handler(world, Call(request, _body(request, route), app))
    except ApiError as error:
        return refusal(world, request, error)
    return result if isinstance(result, Response) else wrap(world, result)


def wrap(world: World, payload: Json) -> Response:
    """A success: errcode 0, fields in no fixed order, now and then a field nobody has documented yet."""
    fields = {"errcode": 0, "errmsg": "ok", **payload}
    if world.dice.random() < world.state.config.unknown_field_rate:
        fields[f"x_{world.letters(5).lower()}"] = {"v": world.dice.randrange(1000)}
    return json_response(_shuffled(world, fields), code="0")


def refusal(world: World, request: Request, error: ApiError) -> Response:
    """A refusal whose text changes every time, so that nobody can live by parsing it."""
    hint = f"hint: [{world.dice.randrange(10**18)}{world.letters(6)}], from ip: {request.remote_addr}"
    link = f"more info at https://open.work.weixin.qq.com/devtool/query?e={error.errcode}"
    payload: Json = {"errcode": error.errcode, "errmsg": f"{error.text}, {hint}, {link}"}
    return json_response(_shuffled(world, payload), code=str(error.errcode))


def _shuffled(world: World, fields: Json) -> Json:
    names = list(fields)
    world.dice.shuffle(names)
    return {name: fields[name] for name in names}


def _body(request: Request, route: Route) -> Json:
    if route.method != request.method:
        raise ApiError(43001 if route.method == "GET" else 43002)
    if route.method == "GET" or route.raw:
        return {}
    if _ESCAPED.search(request.body):
        raise ApiError(40033)
    try:
        body = request.json()
    except ValueError as error:
        raise ApiError(47001) from error
    if not isinstance(body, dict):
        raise ApiError(47001)
    return body


def issue_token(world: World, app: str, *, force: bool = False) -> Json:
    """The app's token: the same one until it expires, a new one when forced."""
    now = world.now()
    current = next((t for t in world.state.tokens.values() if t.app == app and not t.superseded and t.valid_until > now), None)
    if current and force:
        current.superseded, current.valid_until = True, min(current.valid_until, now + GRACE_SECONDS)
        current = None
    if current is None:
        _forget_old_tokens(world, now)
        current = Token(world.new_id("", 180), app, now + TOKEN_LIFE_SECONDS)
        world.state.tokens[current.value] = current
    return {"access_token": current.value, "expires_in": max(int(current.valid_until - now), 1)}


def _forget_old_tokens(world: World, now: float) -> None:
    old = [t.value for t in world.state.tokens.values() if t.valid_until < now - 86_400]
    for value in old:
        del world.state.tokens[value]


def check_token(world: World, request: Request, family: str) -> str:
    """The app that a token belongs to; 41001, 40014, 40001 or 42001 otherwise."""
    value = request.query.get("access_token", "")
    if not value:
        raise ApiError(41001)
    token = world.state.tokens.get(value)
    if token is None or not token.app.startswith(family):
        raise ApiError(40014)
    if token.valid_until <= world.now():
        raise ApiError(40001 if token.superseded else 42001)
    return token.app


def expire_tokens(world: World, family: str) -> None:
    """All tokens of a family of apps end now: the platform may do so at any time."""
    for token in world.state.tokens.values():
        if token.app.startswith(family):
            token.valid_until = min(token.valid_until, world.now())


def check_quota(world: World, api: str) -> None:
    """45009 above the calls a minute or an hour, and until the block ends; 45033 above the concurrent calls."""
    config, now = world.state.config, world.now()
    if world.in_flight[api] > config.concurrency:
        raise ApiError(45033)
    window = world.state.quota_windows.setdefault(api, QuotaWindow())
    _roll(window, int(now // 60), int(now // 3600))
    if window.blocked_until > now:
        raise ApiError(45009)
    window.minute_calls += 1
    window.hour_calls += 1
    if window.minute_calls > config.quotas.get(api, config.per_minute):
        window.blocked_until = now + 60
        raise ApiError(45009)
    if window.hour_calls > config.per_hour:
        window.blocked_until = now + 3600
        raise ApiError(45009)


def _roll(window: QuotaWindow, minute: int, hour: int) -> None:
    if window.minute != minute:
        window.minute, window.minute_calls = minute, 0
    if window.hour != hour:
        window.hour, window.hour_calls = hour, 0


def page_of(items: list[Item], cursor: str, limit: int) -> tuple[list[Item], str]:
    """A page of a list and the cursor of the next one; a cursor nobody gave out is 40058."""
    start = read_cursor(cursor)
    end = start + limit
    return items[start:end], write_cursor(end) if end < len(items) else ""


def write_cursor(offset: int) -> str:
    """An opaque cursor."""
    return f"CAES{offset:08x}IAA"


def read_cursor(cursor: str) -> int:
    """The offset in a cursor; 40058 when it is no cursor of ours."""
    if not cursor:
        return 0
    match = re.fullmatch(r"CAES([0-9a-f]{8})IAA", cursor)
    if not match:
        raise ApiError(40058, "invalid cursor")
    return int(match[1], 16)


def limited(call: Call, default: int, most: int) -> int:
    """The `limit` field, bounded; 40058 outside 1..most."""
    limit = call.number("limit", default) or default
    if not 1 <= limit <= most:
        raise ApiError(40058, f"limit is not in 1..{most}")
    return limit


def utf8_length(text: Any) -> int:
    """Length in bytes, where the documentation counts bytes."""
    return len(str(text).encode("utf-8", "surrogatepass"))
