"""Simulated data platforms: Douyin orders, Alipay identities, an OTA's order files. Pure functions of the time: nothing
is stored, and the same hour always holds the same orders. Everything is invented, and labelled so on our pages."""

import hashlib
import hmac
import json
import threading
import time
from urllib.parse import parse_qsl

from gateways.simulator import pay_crypto
from gateways.simulator.callbacks import Outgoing, over_http
from gateways.simulator.clock import shanghai
from gateways.simulator.control import verb
from gateways.simulator.exchange import Json, Request, Response, html_response, json_response
from gateways.simulator.world import World

DOUYIN_HOST = "open.douyin.com"
ALIPAY_HOST = "openapi.alipay.com"
OTA_HOST = "files.ota.example"
EVERY_SECONDS = 600  # an order each
KEPT = 144  # the last day
_PRODUCTS = ("西湖夜游双人票", "乌镇一日游", "千岛湖亲子2日", "莫干山民宿套餐")
_TOKEN = "douyin-sim-token"  # noqa: S105 - nobody accepts it but this module


def respond_douyin(world: World, request: Request) -> Response:
    """Token and orders."""
    if request.path == "/oauth/client_token/":
        form = dict(parse_qsl(request.body.decode("utf-8", "replace")))
        good = hmac.compare_digest(form.get("client_secret", "").encode(), world.setting("DOUYIN_CLIENT_SECRET").encode())
        data: Json = {"access_token": _TOKEN, "expires_in": 7200, "error_code": 0} if good else {"error_code": 2190002}
        return json_response({"data": data, "message": "success" if good else "error"}, code=str(data["error_code"]))
    if request.path != "/goodlife/v1/trade/order/query/":
        return html_response(404, "404 Not Found")
    if request.headers.get("access-token") != _TOKEN:
        return json_response({"data": {"error_code": 2190008, "description": "access_token 过期"}}, code="2190008")
    return json_response({"data": _orders(world, request)}, code="0")


def _orders(world: World, request: Request) -> Json:
    newest = int(world.wall()) // EVERY_SECONDS
    after = request.query.get("cursor", "")
    start = max(int(after) + 1 if after.isdigit() else 0, newest - KEPT)
    size = min(int(request.query.get("page_size", "50") or 50), 50)
    numbers = list(range(start, min(start + size, newest + 1)))
    last = numbers[-1] if numbers else (int(after) if after.isdigit() else newest)
    return {"error_code": 0, "orders": [douyin_order(n) for n in numbers], "next_cursor": str(last), "has_more": last < newest}


def douyin_order(number: int) -> Json:
    """The order of a ten-minute slot."""
    dice = hashlib.sha256(f"douyin{number}".encode()).digest()
    return {
        "order_id": f"DY{number}", "order_status": ("paid", "paid", "fulfilled", "refunded")[dice[0] % 4],
        "sku_name": _PRODUCTS[dice[1] % 4], "pay_amount": 9900 + dice[2] * 100, "update_time": number * EVERY_SECONDS,
        "open_id": f"dy_{dice[3] % 40:04d}", "masked_phone": f"138****{dice[4] * 30 % 10000:04d}",
    }  # fmt: skip


def respond_alipay(world: World, request: Request) -> Response:
    """alipay.system.oauth.token: a code that begins with `sim` is a user, any other is refused; answers are signed."""
    form = dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
    sign = form.pop("sign", "")
    text = "&".join(f"{name}={value}" for name, value in sorted(form.items()))
    if form.get("app_id") != world.setting("ALIPAY_APP_ID") or not _signed_by_us(world, sign, text):
        return json_response({"error_response": {"code": "40002", "sub_code": "isv.invalid-signature"}}, code="40002")
    code = form.get("code", "")
    if not code.startswith("sim"):
        return json_response({"error_response": {"code": "40002", "sub_code": "isv.code-invalid"}}, code="40002")
    user = "2088" + hashlib.sha256(code.encode()).hexdigest()[:12]
    inner = json.dumps({"user_id": user, "access_token": "x", "expires_in": 1}, separators=(",", ":"))
    key = pay_crypto.private_key(world.setting("SIM_PLATFORM_PRIVATE_KEY"))
    made = pay_crypto.plain_signature(key, inner.encode())
    body = f'{{"alipay_system_oauth_token_response":{inner},"sign":"{made}"}}'
    return Response(200, body.encode(), code="10000")


def _signed_by_us(world: World, sign: str, text: str) -> bool:
    return pay_crypto.plain_verifies(world.setting("SIM_MERCHANT_PUBLIC_KEY"), sign, text.encode())


@verb("connectors/lead")
def push_lead(world: World, code: str = "xiaohongshu", phone: str = "13800005678", name: str = "小红薯") -> Json:
    """Somebody leaves a lead on Xiaohongshu: the signed webhook goes out to the source with that code, and is returned."""
    number, stamp = world.new_id("XHS", 20), str(int(time.time()))
    app, secret = world.setting("XHS_APP_ID"), world.setting("XHS_APP_SECRET")
    sign = hashlib.md5(f"appId={app}&lead_id={number}&timestamp={stamp}{secret}".encode()).hexdigest()  # noqa: S324
    lead = {"lead_id": number, "timestamp": stamp, "sign": sign, "phone": phone, "name": name, "created_at": int(stamp)}
    body = json.dumps({**lead, "campaign_name": "春节亲子", "city": "杭州"}, ensure_ascii=False)
    return _push(world, code, body, {})


@verb("connectors/douyin")
def push_douyin(world: World, code: str = "douyin", order: int = 0, check: bool = False) -> Json:
    """Douyin tells of an order, or checks our address; signed, sent out to the source with that code, and returned."""
    content: Json = {"challenge": 4711} if check else douyin_order(order or int(world.wall()) // EVERY_SECONDS)
    body = json.dumps({"event": "verify_webhook" if check else "life_trade_order_notify", "content": content})
    signed = hashlib.sha1((world.setting("DOUYIN_CLIENT_SECRET") + body).encode()).hexdigest()  # noqa: S324
    return _push(world, code, body, {"X-Douyin-Signature": signed, "Msg-Id": f"{content.get('order_id', 'check')}"})


def _push(world: World, code: str, body: str, headers: dict[str, str]) -> Json:
    if world.state.config.public_url.startswith("http://127.") or world.state.config.public_url.startswith("https://"):
        url = f"{world.state.config.public_url}/callbacks/from/{code}"
        outgoing = Outgoing(url, body.encode(), {}, {"Content-Type": "application/json", **headers})
        threading.Thread(target=over_http, args=[outgoing], daemon=True).start()
    return {"path": f"/callbacks/from/{code}", "body": body, "headers": headers}


def respond_ota(world: World, request: Request) -> Response:
    """A folder with one file a day of the last week: GB18030, masked phones, a row repeated, a negative amount."""
    if request.headers.get("authorization") != f"Bearer {world.setting('OTA_FILES_TOKEN')}":
        return html_response(401, "401 Unauthorized")
    today = int(world.wall()) // 86_400
    names = {f"orders-{_day(day)}.csv": day for day in range(today - 7, today)}
    name = request.path.removeprefix("/outbox/")
    if not name:
        return json_response({"files": sorted(names)})
    if name not in names:
        return html_response(404, "404 Not Found")
    return Response(200, _file(names[name]).encode("gb18030"), "text/csv")


def _day(day: int) -> str:
    return shanghai(day * 86_400).strftime("%Y%m%d")


def _file(day: int) -> str:
    lines = ["订单号,平台,产品名称,金额,下单时间,出行日期,人数,联系人,手机"]
    for number in range(8):
        dice = hashlib.sha256(f"ota{day}-{number}".encode()).digest()
        amount = "-1.00" if number == 7 else f"{399 + dice[0]}.00"
        ordered, departs = shanghai(day * 86_400).strftime("%Y-%m-%d"), shanghai((day + 20) * 86_400).strftime("%Y-%m-%d")
        who = f"{'王李张刘陈'[dice[1] % 5]}{'伟芳娜敏静'[dice[2] % 5]},139****{dice[3] * 39 % 10000:04d}"
        lines.append(f"CT{day}{number},携程,{_PRODUCTS[dice[4] % 4]},{amount},{ordered},{departs},{1 + dice[5] % 4},{who}")
    return "\r\n".join([*lines, lines[1], ""])
