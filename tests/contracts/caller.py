"""A plain caller of the simulated platforms, as a vendor's documentation describes one: no client of ours in between."""

import base64
import hashlib
import hmac
import json
import time
from typing import Any
from urllib.parse import quote

import requests

from gateways.simulator import callbacks
from gateways.simulator.adapter import SimulatorAdapter
from gateways.simulator.callbacks import Outgoing
from gateways.simulator.defaults import MERCHANT_PRIVATE_KEY, SIM_SETTINGS
from gateways.simulator.engine import Simulator
from gateways.simulator.pay_crypto import SCHEME, sign
from gateways.simulator.state import Contact, Relation
from gateways.simulator.world import World

WECOM = "https://qyapi.weixin.qq.com/cgi-bin/"
MINI = "https://api.weixin.qq.com/"
PAY = "https://api.mch.weixin.qq.com"
SMS = "https://dysmsapi.aliyuncs.com/"
LLM = "https://llm.example.com/v1/"
NOTIFY_URL = "http://testserver/callbacks/pay"
Json = dict[str, Any]


class Application:
    """The other end of the callbacks: remembers what came and answers with `status`."""

    def __init__(self) -> None:
        self.received: list[Outgoing] = []
        self.status = 200
        self.reply = ""

    def __call__(self, outgoing: Outgoing) -> tuple[int, str]:
        self.received.append(outgoing)
        return self.status, self.reply


class Caller:
    """Calls a simulator through the in-process adapter. Virtual time stands still unless moved."""

    def __init__(self, simulator: Simulator | None = None) -> None:
        self.simulator = simulator or Simulator()
        self.application = Application()
        self.simulator.transport = self.application
        self.session = requests.Session()
        self.session.mount("https://", SimulatorAdapter(self.simulator))
        self.session.mount("http://", SimulatorAdapter(self.simulator))
        self.world.state.config.short_page_rate = 0
        self.world.state.config.public_url = "http://testserver"
        self.world.clock.freeze()
        self._tokens: dict[str, str] = {}

    @property
    def world(self) -> World:
        return self.simulator.world

    def do(self, verb: str, **arguments: Any) -> Any:
        """A verb of the control plane."""
        reply = self.session.post(f"http://127.0.0.1/_sim/{verb}", json=arguments)
        assert reply.status_code == 200, reply.text
        return reply.json()

    def refused(self, verb: str, **arguments: Any) -> tuple[int, str]:
        """A verb that must be refused: status and message."""
        reply = self.session.post(f"http://127.0.0.1/_sim/{verb}", json=arguments)
        assert reply.status_code != 200
        return reply.status_code, reply.json()["error"]

    def token(self, secret: str = SIM_SETTINGS["WECOM_SECRET"]) -> str:
        reply = self.session.get(f"{WECOM}gettoken", params={"corpid": SIM_SETTINGS["WECOM_CORP_ID"], "corpsecret": secret})
        return str(reply.json()["access_token"])

    def wecom(self, path: str, body: Json | None = None, token: str | None = None, **query: str) -> Json:
        """A call to WeCom, POST when there is a body; a fresh token unless one is given."""
        query["access_token"] = self.token() if token is None else token
        return self._json(f"{WECOM}{path}", body, query)

    def contacts(self, path: str, body: Json | None = None, **query: str) -> Json:
        """A call to an external-contact API."""
        return self.wecom(f"externalcontact/{path}", body, **query)

    def mini_token(self, **more: Any) -> Json:
        body = {
            "grant_type": "client_credential",
            "appid": SIM_SETTINGS["MINI_APP_ID"],
            "secret": SIM_SETTINGS["MINI_APP_SECRET"],
        }
        return self._json(f"{MINI}cgi-bin/stable_token", body | more, {})

    def mini(self, path: str, body: Json | None = None, **query: str) -> Json:
        """A call to the mini-program API."""
        query["access_token"] = self.mini_token()["access_token"]
        return self._json(MINI + path, body, query)

    def login(self, js_code: str) -> Json:
        """What a server does with a js_code."""
        query = {"appid": SIM_SETTINGS["MINI_APP_ID"], "secret": SIM_SETTINGS["MINI_APP_SECRET"], "js_code": js_code}
        return self._json(f"{MINI}sns/jscode2session", None, query | {"grant_type": "authorization_code"})

    def _json(self, url: str, body: Json | None, query: dict[str, str]) -> Json:
        if body is None:
            reply = self.session.get(url, params=query)
        else:
            reply = self.session.post(url, params=query, data=json.dumps(body, ensure_ascii=False).encode())
        assert reply.status_code == 200, reply.text
        found: Json = reply.json()
        return found

    def pay(self, method: str, path: str, body: Json | None = None, *, age: int = 0, spoil: bool = False) -> requests.Response:
        """A signed call to WeChat Pay; `age` seconds old, or with a signature over something else."""
        data = json.dumps(body).encode() if body is not None else b""
        stamp, nonce = str(int(time.time()) - age), "NONCE123"
        signature = sign(MERCHANT_PRIVATE_KEY, method, path, stamp, nonce, data + b"x" * spoil)
        parts = {"mchid": SIM_SETTINGS["PAY_MCH_ID"], "nonce_str": nonce, "signature": signature, "timestamp": stamp}
        parts["serial_no"] = SIM_SETTINGS["PAY_SERIAL_NO"]
        header = f"{SCHEME} " + ",".join(f'{name}="{value}"' for name, value in parts.items())
        return self.session.request(method, PAY + path, data=data, headers={"Authorization": header})

    def sms(self, phone: str, template: str = "SMS_100000001", **more: str) -> requests.Response:
        """A signed SendSms."""
        form = {
            "Action": "SendSms",
            "AccessKeyId": SIM_SETTINGS["SMS_ACCESS_KEY_ID"],
            "PhoneNumbers": phone,
            "SignatureNonce": "1",
        }
        form |= {"SignName": SIM_SETTINGS["SMS_SIGN_NAME"], "TemplateCode": template, "TemplateParam": '{"name":"陈"}', **more}
        query = "&".join(f"{quote(k, safe='~')}={quote(v, safe='~')}" for k, v in sorted(form.items()))
        message = f"POST&%2F&{quote(query, safe='~')}"
        key = f"{SIM_SETTINGS['SMS_ACCESS_KEY_SECRET']}&"
        form.setdefault("Signature", base64.b64encode(hmac.new(key.encode(), message.encode(), hashlib.sha1).digest()).decode())
        return self.session.post(SMS, data=form)

    def befriend(self, userid: str, *names: str, unionid: str = "") -> list[str]:
        """Plant contacts who are friends of a member; their external_userids."""
        ids = []
        for name in names:
            external_userid = self.world.new_id("wm")
            self.world.state.contacts[external_userid] = Contact(external_userid, name, unionid=unionid)
            self.world.state.relations.setdefault(userid, {})[external_userid] = Relation(
                userid, external_userid, self.world.wall()
            )
            ids.append(external_userid)
        return ids

    def advance(self, seconds: float) -> None:
        self.world.clock.advance(seconds)

    def deliver(self) -> list[Outgoing]:
        """Send what is due; what the application received by that."""
        before = len(self.application.received)
        callbacks.deliver_due(self.world, self.application)
        return self.application.received[before:]

    def customer_pays(self, out_trade_no: str = "SH202611240001", total: int = 1280000) -> Json:
        """An order of a new customer, paid."""
        openid = self.do("customer/login_code", nickname="陈女士")["openid"]
        assert self.pay("POST", "/v3/pay/transactions/jsapi", order_body(openid, out_trade_no, total)).status_code == 200
        found: Json = self.do("pay/confirm", out_trade_no=out_trade_no)
        return found


def order_body(openid: str, out_trade_no: str = "SH202611240001", total: int = 1280000, **more: Any) -> Json:
    """A JSAPI order."""
    body: Json = {"appid": SIM_SETTINGS["MINI_APP_ID"], "mchid": SIM_SETTINGS["PAY_MCH_ID"], "description": "云南亲子六日"}
    body |= {"out_trade_no": out_trade_no, "notify_url": NOTIFY_URL, "amount": {"total": total, "currency": "CNY"}}
    return body | {"payer": {"openid": openid}} | more
