"""The real mini-program server API. wechatpy 1.8.18 lacks most of it, so the requests are built here."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal

import msgspec
from django.conf import settings

from core.clock import SHANGHAI
from gateways.errors import BAD_ANSWER, GatewayError
from gateways.many import Batch, Parcel, WeChatMany
from gateways.mini import MiniSession, PhoneNumber, ShippedKind
from gateways.services import record_call
from gateways.shared_state import SharedState, shared_state
from gateways.transport import Transport
from gateways.wechat import Recorder, WeChatApi

BASE = "https://api.weixin.qq.com/"
PHONE_PRICE = Decimal("0.03")  # yuan per number since 2023-08-28; the first thousand are free
CODE_WIDTH = 430
SHIPPED_ALREADY = {"10060002", "10060003"}


def fetch_token(app_id: str, secret: str) -> Callable[[WeChatApi, bool], tuple[str, float]]:
    """How to get an access token: `stable_token`; a forced one only when the platform refuses the one it gave us."""

    def fetch(api: WeChatApi, force: bool) -> tuple[str, float]:
        request = {"grant_type": "client_credential", "appid": app_id, "secret": secret, "force_refresh": force}
        found = api.call("POST", BASE + "cgi-bin/stable_token", data=request, with_token=False)
        with understood("stable_token"):
            return str(found["access_token"]), float(found["expires_in"])

    return fetch


@contextmanager
def understood(api: str) -> Iterator[None]:
    """An answer of another shape than documented becomes a GatewayError."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError):
        failure = GatewayError("mini", api, BAD_ANSWER, ambiguous=True)
    else:
        return
    raise failure


class LiveMini:
    """See gateways.mini.Mini for what each method promises."""

    def __init__(
        self,
        vendors: Mapping[str, str] | None = None,
        *,
        base_url: str = "",
        transport: Transport | None = None,
        state: SharedState | None = None,
        record: Recorder = record_call,
    ) -> None:
        config = vendors or settings.VENDORS
        self._app_id, self._secret = config["MINI_APP_ID"], config["MINI_APP_SECRET"]
        credentials = (self._app_id, self._secret)
        self.api = WeChatApi(
            transport or Transport("mini", base_url=base_url),
            state or shared_state(),
            credentials,
            fetch_token(*credentials),
            can_force=True,
            record=record,
        )
        self._subscribe = WeChatMany(self.api, base_url, "api.weixin.qq.com", "/cgi-bin/message/subscribe/send")

    def code2session(self, code: str) -> MiniSession:
        params = {"appid": self._app_id, "secret": self._secret, "js_code": code, "grant_type": "authorization_code"}
        found = self.api.call("GET", BASE + "sns/jscode2session", params=params, with_token=False)
        with understood("sns/jscode2session"):
            return MiniSession(str(found["openid"]), str(found.get("unionid") or ""), str(found["session_key"]))

    def phone_number(self, code: str) -> PhoneNumber:
        found = self.api.call("POST", BASE + "wxa/business/getuserphonenumber", data={"code": code}, cost=PHONE_PRICE)
        with understood("wxa/business/getuserphonenumber"):
            info = found["phone_info"]
            if info["watermark"]["appid"] != self._app_id:
                raise ValueError("a number granted to another app")
            return PhoneNumber(str(info["purePhoneNumber"]), str(info["countryCode"]))

    def send_subscribe_message(self, *, openid: str, template_id: str, page: str, data: Mapping[str, str]) -> None:
        fields = {name: {"value": value} for name, value in data.items()}
        message = {"touser": openid, "template_id": template_id, "page": page, "data": fields}
        self.api.call(
            "POST", BASE + "cgi-bin/message/subscribe/send", data={**message, "miniprogram_state": "formal", "lang": "zh_CN"}
        )

    def send_subscribe_messages(self, parcels: Sequence[Parcel]) -> Batch:
        return self._subscribe.start(parcels, _subscribe_body)

    def wxacode(self, *, scene: str, page: str) -> bytes:
        request = {"scene": scene, "page": page, "width": CODE_WIDTH, "env_version": "release"}
        found = self.api.call("POST", BASE + "wxa/getwxacodeunlimit", data=request, binary=True)
        if not isinstance(found, bytes):
            raise GatewayError("mini", "wxa/getwxacodeunlimit", BAD_ANSWER)
        return found

    def url_link(self, *, path: str, query: str, expires_in_days: int) -> str:
        request = {"path": path, "query": query, "expire_type": 1, "expire_interval": expires_in_days, "env_version": "release"}
        found = self.api.call("POST", BASE + "wxa/generate_urllink", data=request)
        with understood("wxa/generate_urllink"):
            return str(found["url_link"])

    def upload_shipping(self, *, transaction_id: str, openid: str, kind: ShippedKind, words: str, at: dt.datetime) -> None:
        request = {
            "order_key": {"order_number_type": 2, "transaction_id": transaction_id}, "logistics_type": int(kind),
            "delivery_mode": 1, "shipping_list": [{"item_desc": words[:120]}],
            "upload_time": at.astimezone(SHANGHAI).isoformat(timespec="milliseconds"), "payer": {"openid": openid},
        }  # fmt: skip
        try:
            self.api.call("POST", BASE + "wxa/sec/order/upload_shipping_info", data=request)
        except GatewayError as error:
            if error.errcode not in SHIPPED_ALREADY:
                raise


def _subscribe_body(parcel: Parcel) -> bytes:
    return msgspec.json.encode(
        {
            "touser": parcel.address, "template_id": parcel.template_id, "page": parcel.page,
            "data": {name: {"value": value} for name, value in parcel.fields.items()},
            "miniprogram_state": "formal", "lang": "zh_CN",
        }
    )  # fmt: skip
