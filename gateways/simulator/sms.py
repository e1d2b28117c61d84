"""Aliyun SMS (`dysmsapi.aliyuncs.com`): SendSms with its signature, flow caps, receipts and replies."""

import base64
import hashlib
import hmac
import json
from urllib.parse import parse_qsl, quote

from gateways.simulator.clock import shanghai
from gateways.simulator.exchange import Json, Request, Response, json_response
from gateways.simulator.state import Delivery, Line, Sms
from gateways.simulator.world import World

HOST = "dysmsapi.aliyuncs.com"
# (seconds back, most messages) for one number: all per minute, hour, day; Shanghai's natural day is near enough to 24 h.
CODE_CAPS = ((60, 1), (3600, 5), (86_400, 10))
NOTICE_CAPS = ((86_400, 50),)
TOTAL_PER_DAY = 40
OPT_OUT_WORDS = ("TD", "T", "R", "退订", "N")


class SmsError(Exception):
    """A refusal: the vendor's code word, and the HTTP status (business refusals come with 200)."""

    def __init__(self, code: str, message: str, status: int = 200) -> None:
        super().__init__(code)
        self.code, self.message, self.status = code, message, status


def respond(world: World, request: Request) -> Response:
    """Answer one call to the SMS service."""
    form = {**request.query, **dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))}
    try:
        _check_signature(world, request, form)
        action = form.get("Action") or request.headers.get("x-acs-action")
        if action == "QuerySendDetails":
            return json_response(
                {"Code": "OK", "Message": "OK", "RequestId": _request_id(world), **_details(world, form)}, code="OK"
            )
        if action != "SendSms":
            raise SmsError("InvalidAction.NotFound", "Specified api is not found", 404)
        biz_id = _send(world, form)
    except SmsError as error:
        return refusal(world, error.status, error.code, error.message)
    reply = {"Code": "OK", "Message": "OK", "BizId": biz_id, "RequestId": _request_id(world)}
    return json_response(reply, code="OK")


def refusal(world: World, status: int, code: str, message: str = "") -> Response:
    """An error as Aliyun writes it."""
    return json_response({"Code": code, "Message": message or code, "RequestId": _request_id(world)}, status, code)


def _request_id(world: World) -> str:
    digits = world.letters(32).upper()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def _check_signature(world: World, request: Request, form: dict[str, str]) -> None:
    if request.headers.get("authorization", "").startswith("ACS3-HMAC-SHA256"):
        expected, given = _acs3(world, request)
        key = request.headers["authorization"].partition("Credential=")[2].partition(",")[0]
    else:
        expected, given, key = _rpc_signature(world, request.method, form), form.get("Signature", ""), form.get("AccessKeyId", "")
    if key != world.setting("SMS_ACCESS_KEY_ID"):
        raise SmsError("InvalidAccessKeyId.NotFound", "Specified access key is not found.", 404)
    if not hmac.compare_digest(expected.encode(), given.encode()):
        raise SmsError("SignatureDoesNotMatch", "Specified signature is not matched with our calculation.", 400)


def _quoted(text: str) -> str:
    return quote(text, safe="~")


def _canonical(form: dict[str, str]) -> str:
    return "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in sorted(form.items()))


def _rpc_signature(world: World, method: str, form: dict[str, str]) -> str:
    query = _canonical({name: value for name, value in form.items() if name != "Signature"})
    message = f"{method}&%2F&{_quoted(query)}"
    key = f"{world.setting('SMS_ACCESS_KEY_SECRET')}&"
    return base64.b64encode(hmac.new(key.encode(), message.encode(), hashlib.sha1).digest()).decode()


def _acs3(world: World, request: Request) -> tuple[str, str]:
    header = request.headers["authorization"]
    parts = dict(part.strip().partition("=")[::2] for part in header.removeprefix("ACS3-HMAC-SHA256").split(","))
    names = parts.get("SignedHeaders", "").split(";")
    headers = "".join(f"{name}:{request.headers.get(name, '').strip()}\n" for name in names)
    body_hash = hashlib.sha256(request.body).hexdigest()
    canonical = "\n".join((request.method, request.path or "/", _canonical(request.query), headers, ";".join(names), body_hash))
    message = "ACS3-HMAC-SHA256\n" + hashlib.sha256(canonical.encode()).hexdigest()
    key = world.setting("SMS_ACCESS_KEY_SECRET").encode()
    return hmac.new(key, message.encode(), hashlib.sha256).hexdigest(), parts.get("Signature", "")


def _send(world: World, form: dict[str, str]) -> str:
    phone = form.get("PhoneNumbers", "").removeprefix("+86")
    if not (phone.isascii() and phone.isdigit() and len(phone) == 11 and phone.startswith("1")):
        raise SmsError("isv.MOBILE_NUMBER_ILLEGAL", "号码格式错误")
    if form.get("SignName") not in world.state.config.sms_signs:
        raise SmsError("isv.SMS_SIGNATURE_ILLEGAL", "短信签名不合法")
    if not form.get("TemplateCode", "").startswith("SMS_"):
        raise SmsError("isv.SMS_TEMPLATE_ILLEGAL", "短信模板不合法")
    if world.state.config.sms_balance < 1:
        raise SmsError("isv.AMOUNT_NOT_ENOUGH", "账户余额不足")
    _check_caps(world, phone, form["TemplateCode"])
    return _keep(world, phone, form)


def _check_caps(world: World, phone: str, template: str) -> None:
    now = world.now()
    times = [(sms.virtual_at, sms.template_code) for sms in world.state.sms if sms.phone == phone]
    caps = CODE_CAPS if "CODE" in template else NOTICE_CAPS
    if any(sum(at > now - back for at, code in times if code == template) >= most for back, most in caps):
        raise SmsError("isv.BUSINESS_LIMIT_CONTROL", "触发分钟级流控Permits")
    if sum(shanghai(at).date() == shanghai(now).date() for at, _ in times) >= TOTAL_PER_DAY:
        raise SmsError("isv.DAY_LIMIT_CONTROL", "触发日发送限额")


def _details(world: World, form: dict[str, str]) -> Json:
    """The messages to a number on a Shanghai day, newest first, by pages."""
    phone, day = form.get("PhoneNumber", ""), form.get("SendDate", "")
    size, page = int(form.get("PageSize") or 10), int(form.get("CurrentPage") or 1)
    mine = [one for one in reversed(world.state.sms) if one.phone == phone and f"{shanghai(one.at):%Y%m%d}" == day]
    rows = [
        {"PhoneNum": one.phone, "OutId": one.out_id, "BizId": one.biz_id, "SendStatus": 3, "ErrCode": "DELIVERED",
         "TemplateCode": one.template_code}
        for one in mine[(page - 1) * size : page * size]
    ]  # fmt: skip
    return {"TotalCount": str(len(mine)), "SmsSendDetailDTOs": {"SmsSendDetailDTO": rows}}


def _params(form: dict[str, str]) -> Json:
    try:
        params = json.loads(form.get("TemplateParam") or "{}")
    except ValueError as error:
        raise SmsError("isv.INVALID_JSON_PARAM", "参数格式错误,请修改为字符串值") from error
    if not isinstance(params, dict):
        raise SmsError("isv.INVALID_JSON_PARAM", "参数格式错误")
    return params


def _keep(world: World, phone: str, form: dict[str, str]) -> str:
    biz_id = world.new_id("9", 20)
    head = (biz_id, phone, form["SignName"], form["TemplateCode"], _params(form), form.get("OutId", ""))
    kept = Sms(*head, world.wall(), world.now())
    world.state.sms.append(kept)
    world.state.config.sms_balance -= 1
    shown: Json = {"sign_name": kept.sign_name, "template_code": kept.template_code, "params": kept.params}
    world.customer_line(phone, Line(world.wall(), "sms", kept.sign_name, "sms", shown, biz_id))
    _push(world, "report", _receipt(kept), world.state.config.sms_receipt_seconds)
    return biz_id


def _receipt(sms: Sms) -> Json:
    at = shanghai(sms.at).strftime("%Y-%m-%d %H:%M:%S")
    result = {"success": True, "err_code": "DELIVERED", "err_msg": "用户接收成功", "sms_size": "1"}
    return {"phone_number": sms.phone, "send_time": at, "report_time": at, "biz_id": sms.biz_id, "out_id": sms.out_id, **result}


def _push(world: World, kind: str, item: Json, delay: float) -> None:
    world.callback(Delivery(0, "sms", "", {"kind": kind, "items": [item]}, world.now() + delay))


def reply_by_sms(world: World, phone: str, content: str) -> None:
    """The customer answers a message; a word such as TD means: no more."""
    at = shanghai(world.wall()).strftime("%Y-%m-%d %H:%M:%S")
    sign = world.state.config.sms_signs[0] if world.state.config.sms_signs else ""
    item = {"phone_number": phone, "send_time": at, "content": content, "sign_name": sign, "dest_code": "1069001"}
    world.customer_line(phone, Line(world.wall(), "sms", "customer", "sms_reply", {"text": content}))
    if content.strip().upper() in OPT_OUT_WORDS and phone not in world.state.opted_out:
        world.state.opted_out.append(phone)
    _push(world, "up", {**item, "sequence_id": world.state.serial}, 0)
