"""WeChat Pay v3 (`api.mch.weixin.qq.com`) with a public key: JSAPI orders, closing, refunds, signed answers, notices."""

import re
import string
import time
from collections.abc import Callable

from gateways.simulator.clock import from_rfc3339, rfc3339
from gateways.simulator.defaults import MERCHANT_PUBLIC_KEY, PLATFORM_PRIVATE_KEY
from gateways.simulator.exchange import Json, Request, Response, html_response, json_response
from gateways.simulator.mini_state import PayOrder, Refund
from gateways.simulator.pay_crypto import SCHEME, authorization_parts, sign, verifies
from gateways.simulator.state import Delivery
from gateways.simulator.world import World

HOST = "api.mch.weixin.qq.com"
SKEW_SECONDS = 300
PREPAY_LIFE_SECONDS = 7200
# Seconds after the previous attempt, from the documentation of the notice.
NOTIFY_RETRIES = (15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600, 10_800, 10_800, 10_800, 21_600, 21_600)
_STATES = {"SUCCESS": "支付成功", "REFUND": "转入退款", "NOTPAY": "订单未支付", "CLOSED": "订单已关闭", "PAYERROR": "支付失败"}
_OUT_NO = re.compile(r"[0-9A-Za-z_\-|*]{6,32}")
_REFUND_NO = re.compile(r"[0-9A-Za-z_\-|*@]{1,64}")
_DIGITS = {ord(letter): str(number % 10) for number, letter in enumerate(string.ascii_letters)}
Handler = Callable[[World, Request, Json, str], Json | Response | None]
_routes: list[tuple[str, re.Pattern[str], Handler]] = []


class PayError(Exception):
    """A refusal: HTTP status, code word, message."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(code)
        self.status, self.code, self.message = status, code, message


def route(method: str, pattern: str) -> Callable[[Handler], Handler]:
    """Register the handler of a path; its one group is handed over."""

    def keep(handler: Handler) -> Handler:
        _routes.append((method, re.compile(pattern), handler))
        return handler

    return keep


def respond(world: World, request: Request) -> Response:
    """Answer one call: check the signature over the raw bytes, work, sign the answer."""
    found = [(p.fullmatch(request.path), m, handler) for m, p, handler in _routes]
    matches = [(match, handler) for match, method, handler in found if match and method == request.method]
    if not matches:
        return html_response(404, "404 Not Found")
    match, handler = matches[0]
    try:
        _check_signature(world, request)
        body = handler(world, request, _json(request), match[1] if match.groups() else "")
    except PayError as error:
        return refusal(world, error.status, error.code, error.message)
    if isinstance(body, Response):
        return body
    return signed(world, json_response(body, code="SUCCESS") if body is not None else Response(204, code="SUCCESS"))


def refusal(world: World, status: int, code: str, message: str = "") -> Response:
    """An error as v3 writes it."""
    return signed(world, json_response({"code": code, "message": message or code}, status, code))


def signed(world: World, response: Response) -> Response:
    """Add the platform's signature over the answer."""
    response.headers |= signature_headers(world, response.body)
    response.headers["Request-ID"] = world.letters(32)
    return response


def signature_headers(world: World, body: bytes, age: float = 0) -> dict[str, str]:
    """The four headers that prove a body comes from the platform."""
    stamp, nonce = str(int(time.time() - age)), world.letters(32)
    return {
        "Wechatpay-Timestamp": stamp,
        "Wechatpay-Nonce": nonce,
        "Wechatpay-Serial": world.setting("PAY_PUBLIC_KEY_ID"),
        "Wechatpay-Signature": sign(PLATFORM_PRIVATE_KEY, stamp, nonce, body),
        "Wechatpay-Signature-Type": SCHEME,
    }


def _json(request: Request) -> Json:
    if request.method == "GET" or not request.body:
        return {}
    try:
        body = request.json()
    except ValueError as error:
        raise PayError(400, "PARAM_ERROR", "请求体不是合法的JSON") from error
    if not isinstance(body, dict):
        raise PayError(400, "PARAM_ERROR", "请求体不是JSON对象")
    return body


def _check_signature(world: World, request: Request) -> None:
    parts = authorization_parts(request.headers.get("authorization", ""))
    stamp, nonce = parts.get("timestamp", ""), parts.get("nonce_str", "")
    if parts.get("mchid") != world.setting("PAY_MCH_ID") or parts.get("serial_no") != world.setting("PAY_SERIAL_NO"):
        raise PayError(401, "SIGN_ERROR", "商户号或证书序列号有误")
    if not stamp.isdigit() or abs(time.time() - int(stamp)) > SKEW_SECONDS:
        raise PayError(401, "SIGN_ERROR", "Http头Authorization值的timestamp与当前时间相差超过5分钟")
    message = (request.method, request.target, stamp, nonce, request.body)
    if not verifies(MERCHANT_PUBLIC_KEY, parts.get("signature", ""), *message):
        raise PayError(401, "SIGN_ERROR", "签名错误,请检查后再试")


@route("POST", r"/v3/pay/transactions/jsapi")
def prepay(world: World, request: Request, body: Json, _: str) -> Json:
    """Register an order. The same number again gives a new prepay_id while it is unpaid and the content is the same."""
    _check_order_fields(world, body)
    existing = world.state.orders.get(body["out_trade_no"])
    if existing is not None:
        return {"prepay_id": _prepay_again(world, existing, body)}
    now, expires = world.now(), float("inf")
    if body.get("time_expire"):
        expires = now + _seconds_left(body["time_expire"])
    order = _order_from(world, body, min(expires, now + 7 * 86_400))
    world.state.orders[order.out_trade_no] = order
    return {"prepay_id": order.prepay_id}


def _check_order_fields(world: World, body: Json) -> None:
    amount, payer = body.get("amount"), body.get("payer")
    if body.get("appid") != world.setting("MINI_APP_ID") or body.get("mchid") != world.setting("PAY_MCH_ID"):
        raise PayError(400, "APPID_MCHID_NOT_MATCH", "appid和mchid不匹配")
    if not isinstance(body.get("out_trade_no"), str) or not _OUT_NO.fullmatch(body["out_trade_no"]):
        raise PayError(400, "PARAM_ERROR", "out_trade_no无效")
    if not isinstance(body.get("description"), str) or not 1 <= len(body["description"]) <= 127:
        raise PayError(400, "PARAM_ERROR", "description无效")
    if not re.fullmatch(r"https?://[^?#]+", str(body.get("notify_url", ""))):
        raise PayError(400, "PARAM_ERROR", "notify_url无效,不能携带参数")
    if not isinstance(amount, dict) or type(amount.get("total")) is not int or amount["total"] < 1:
        raise PayError(400, "PARAM_ERROR", "amount.total无效")
    if not isinstance(payer, dict) or payer.get("openid") not in world.state.mini_users:
        raise PayError(400, "INVALID_REQUEST", "payer.openid与appid不匹配")


def _seconds_left(time_expire: object) -> float:
    try:
        left = from_rfc3339(str(time_expire)) - time.time()
    except ValueError as error:
        raise PayError(400, "PARAM_ERROR", "time_expire无效") from error
    if left <= 0:
        raise PayError(400, "PARAM_ERROR", "time_expire早于当前时间")
    return left


def _order_from(world: World, body: Json, expires_after: float) -> PayOrder:
    return PayOrder(
        out_trade_no=body["out_trade_no"],
        prepay_id=_prepay_id(world),
        appid=body["appid"],
        openid=body["payer"]["openid"],
        total=body["amount"]["total"],
        description=body["description"],
        notify_url=body["notify_url"],
        attach=str(body.get("attach", "")),
        created_at=world.wall(),
        expires_after=expires_after,
        prepay_until=world.now() + PREPAY_LIFE_SECONDS,
        request=_comparable(body),
        shares_profit=(body.get("settle_info") or {}).get("profit_sharing") is True,
    )


def _prepay_id(world: World) -> str:
    return world.new_id("wx", 36)


def _comparable(body: Json) -> Json:
    return {name: body.get(name) for name in ("description", "notify_url", "amount", "payer", "attach")}


def _prepay_again(world: World, order: PayOrder, body: Json) -> str:
    settle_expiry(world, order)
    if order.trade_state == "CLOSED":
        raise PayError(400, "ORDER_CLOSED", "订单已关闭")
    if order.trade_state != "NOTPAY":
        raise PayError(400, "ORDER_PAID", "该订单已支付")
    if order.request != _comparable(body):
        raise PayError(400, "INVALID_REQUEST", "请求重入时,参数与首次请求时不一致。")
    order.prepay_id, order.prepay_until = _prepay_id(world), world.now() + PREPAY_LIFE_SECONDS
    return order.prepay_id


@route("GET", r"/v3/pay/transactions/out-trade-no/([^/]+)")
def query_by_out_trade_no(world: World, request: Request, body: Json, number: str) -> Json:
    """What became of an order, by our number."""
    return order_json(world, _known_order(world, request, number))


@route("GET", r"/v3/pay/transactions/id/([^/]+)")
def query_by_id(world: World, request: Request, body: Json, number: str) -> Json:
    """What became of an order, by the platform's number."""
    order = next((o for o in world.state.orders.values() if o.transaction_id == number), None)
    return order_json(world, _known_order(world, request, order.out_trade_no if order else ""))


def _known_order(world: World, request: Request, number: str) -> PayOrder:
    if request.query.get("mchid") != world.setting("PAY_MCH_ID"):
        raise PayError(400, "PARAM_ERROR", "mchid无效")
    order = world.state.orders.get(number)
    if order is None:
        raise PayError(404, "ORDER_NOT_EXIST", "订单不存在")
    settle_expiry(world, order)
    return order


def settle_expiry(world: World, order: PayOrder) -> None:
    """An unpaid order past its time is closed."""
    if order.trade_state == "NOTPAY" and order.expires_after <= world.now():
        order.trade_state = "CLOSED"


@route("POST", r"/v3/pay/transactions/out-trade-no/([^/]+)/close")
def close(world: World, request: Request, body: Json, number: str) -> None:
    """Close an unpaid order; closing again is fine, closing a paid one is not."""
    order = world.state.orders.get(number)
    if order is None:
        raise PayError(404, "ORDER_NOT_EXIST", "订单不存在")
    if body.get("mchid") != world.setting("PAY_MCH_ID"):
        raise PayError(400, "PARAM_ERROR", "mchid无效")
    if order.trade_state in ("SUCCESS", "REFUND"):
        raise PayError(400, "ORDER_PAID", "该订单已支付")
    order.trade_state = "CLOSED"


def order_json(world: World, order: PayOrder) -> Json:
    """An order as queries and notices show it."""
    shown: Json = {"appid": order.appid, "mchid": world.setting("PAY_MCH_ID"), "out_trade_no": order.out_trade_no}
    shown |= {"trade_state": order.trade_state, "trade_state_desc": _STATES[order.trade_state], "attach": order.attach}
    if not order.transaction_id:
        return shown | {"amount": {"total": order.total, "currency": "CNY"}}
    shown |= {"transaction_id": order.transaction_id, "trade_type": "JSAPI", "bank_type": "OTHERS"}
    shown |= {"success_time": order.success_time}
    amount = {"total": order.total, "payer_total": order.total, "currency": "CNY", "payer_currency": "CNY"}
    return shown | {"payer": {"openid": order.openid}, "amount": amount}


def pay_order(world: World, order: PayOrder) -> None:
    """The customer paid: the order succeeds, once, and a notice is queued."""
    order.trade_state = "SUCCESS"
    order.transaction_id = world.new_id("42000", 28).translate(_DIGITS)
    order.success_time = rfc3339(world.wall())
    order.paid_after = world.now()
    world.count("payments")
    world.count("paid_fen", order.total)
    _notify(world, order.notify_url, "TRANSACTION.SUCCESS", order_json(world, order))


def _notify(world: World, url: str, event: str, resource: Json) -> None:
    payload: Json = {"event_type": event, "resource": resource}
    payload |= {"create_time": rfc3339(world.wall()), "notice": world.new_id("", 36)}
    world.callback(Delivery(0, "pay", url, payload, world.now() + world.state.config.callback_delay))


@route("POST", r"/v3/refund/domestic/refunds")
def refund(world: World, request: Request, body: Json, _: str) -> Json:
    """Ask for a refund; the same out_refund_no again is the same refund."""
    order = _order_to_refund(world, body)
    amount, number = body.get("amount"), str(body.get("out_refund_no", ""))
    if not _REFUND_NO.fullmatch(number) or not isinstance(amount, dict) or type(amount.get("refund")) is not int:
        raise PayError(400, "PARAM_ERROR", "out_refund_no或amount无效")
    existing = world.state.refunds.get(number)
    if existing is not None:
        return refund_json(world, _same_refund(existing, order, amount))
    if amount.get("total") != order.total or amount["refund"] < 1 or order.refunded + amount["refund"] > order.total:
        raise PayError(400, "INVALID_REQUEST", "订单金额或退款金额与之前请求不一致,或累计退款金额超过订单金额")
    return refund_json(world, _new_refund(world, order, number, body))


def _order_to_refund(world: World, body: Json) -> PayOrder:
    key = body.get("out_trade_no") or body.get("transaction_id")
    order = next((o for o in world.state.orders.values() if key and key in (o.out_trade_no, o.transaction_id)), None)
    if order is None:
        raise PayError(404, "RESOURCE_NOT_EXISTS", "订单不存在")
    if order.trade_state not in ("SUCCESS", "REFUND"):
        raise PayError(400, "INVALID_REQUEST", "订单状态不允许退款")
    return order


def _same_refund(existing: Refund, order: PayOrder, amount: Json) -> Refund:
    if existing.out_trade_no != order.out_trade_no or existing.amount != amount["refund"]:
        raise PayError(400, "INVALID_REQUEST", "退款单号已使用,参数与首次请求不一致")
    return existing


def _new_refund(world: World, order: PayOrder, number: str, body: Json) -> Refund:
    config = world.state.config
    made = Refund(
        out_refund_no=number,
        refund_id=world.new_id("50", 28).translate(_DIGITS),
        out_trade_no=order.out_trade_no,
        amount=body["amount"]["refund"],
        total=order.total,
        reason=str(body.get("reason", ""))[:80],
        notify_url=str(body.get("notify_url", "")),
        create_time=rfc3339(world.wall()),
        settles_after=world.now() + config.refund_seconds,
        outcome=config.refund_outcome,
    )
    world.state.refunds[number] = made
    order.refunded += made.amount
    order.trade_state = "REFUND"
    return made


@route("GET", r"/v3/refund/domestic/refunds/([^/]+)")
def query_refund(world: World, request: Request, body: Json, number: str) -> Json:
    """What became of a refund."""
    found = world.state.refunds.get(number)
    if found is None:
        raise PayError(404, "RESOURCE_NOT_EXISTS", "退款单不存在")
    return refund_json(world, found)


def refund_json(world: World, found: Refund) -> Json:
    """A refund as the API shows it."""
    order = world.state.orders[found.out_trade_no]
    shown: Json = {"refund_id": found.refund_id, "out_refund_no": found.out_refund_no, "out_trade_no": found.out_trade_no}
    shown |= {"transaction_id": order.transaction_id, "channel": "ORIGINAL", "user_received_account": "支付用户零钱"}
    shown |= {"create_time": found.create_time, "status": found.status, "funds_account": "AVAILABLE"}
    shown |= {"amount": _refund_amount(found)}
    return shown | ({"success_time": found.success_time} if found.success_time else {})


def _refund_amount(found: Refund) -> Json:
    amount = {"total": found.total, "refund": found.amount, "payer_total": found.total, "payer_refund": found.amount}
    return amount | {"settlement_total": found.total, "settlement_refund": found.amount, "discount_refund": 0, "currency": "CNY"}


def settle_refunds(world: World) -> None:
    """Refunds whose time has come reach their outcome, and a notice is queued for each."""
    now = world.now()
    for found in world.state.refunds.values():
        if found.status == "PROCESSING" and found.settles_after <= now:
            _settle(world, found)


def _settle(world: World, found: Refund) -> None:
    found.status = found.outcome
    if found.status == "SUCCESS":
        found.success_time = rfc3339(world.wall())
        world.count("refunds")
        world.count("refunded_fen", found.amount)
    else:
        world.state.orders[found.out_trade_no].refunded -= found.amount if found.status == "CLOSED" else 0
    if found.notify_url:
        _notify(world, found.notify_url, f"REFUND.{found.status}", _refund_notice(world, found))


def _refund_notice(world: World, found: Refund) -> Json:
    order = world.state.orders[found.out_trade_no]
    shown: Json = {"mchid": world.setting("PAY_MCH_ID"), "out_trade_no": found.out_trade_no}
    shown |= {"transaction_id": order.transaction_id}
    shown |= {"out_refund_no": found.out_refund_no, "refund_id": found.refund_id, "refund_status": found.status}
    shown |= {"success_time": found.success_time, "user_received_account": "支付用户零钱"}
    amount = {"total": found.total, "refund": found.amount, "payer_total": found.total, "payer_refund": found.amount}
    return shown | {"amount": amount}
