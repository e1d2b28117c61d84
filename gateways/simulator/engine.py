"""The core: one request in, one response out, whichever way it came. Faults strike here, and everything is journalled."""

import time
import traceback
from collections.abc import Callable

from gateways.simulator import connectors as data_platforms
from gateways.simulator import (
    contacts,
    control_groups,
    control_moments,
    control_people,
    groups,
    kf,
    llm,
    mass,
    messages,
    mini,
    moments,
    octo,
    official,
    pay,
    pay_sharing,
    sms,
    tags,
    ways,
    wecom,
)
from gateways.simulator.callbacks import over_http
from gateways.simulator.control import answer_control
from gateways.simulator.envelope import ApiError, expire_tokens
from gateways.simulator.envelope import refusal as wechat_refusal
from gateways.simulator.exchange import NoReply, Request, Response, html_response, json_response
from gateways.simulator.faults import FaultRule
from gateways.simulator.journal import Entry, clipped, without_secrets
from gateways.simulator.state import State
from gateways.simulator.world import World

LONGEST_WAIT_SECONDS = 60.0
CONTROL = "_sim"
_REGISTERED = (
    contacts,
    tags,
    mass,
    messages,
    groups,
    ways,
    official,
    control_people,
    control_groups,
    kf,
    pay_sharing,
    moments,
    control_moments,
)  # importing them adds their APIs and verbs
_VENDORS: dict[str, Callable[[World, Request], Response]] = {
    wecom.HOST: wecom.respond,
    ways.PICTURE_HOST: ways.picture,
    mini.HOST: mini.respond,
    pay.HOST: pay.respond,
    sms.HOST: sms.respond,
    llm.HOST: llm.respond,
    octo.HOST: octo.respond,
    data_platforms.DOUYIN_HOST: data_platforms.respond_douyin,
    data_platforms.ALIPAY_HOST: data_platforms.respond_alipay,
    data_platforms.OTA_HOST: data_platforms.respond_ota,
}
_TOKEN_FAMILIES = {wecom.HOST: wecom.FAMILY, mini.HOST: mini.FAMILY}


class Simulator:
    """All simulated platforms over one world. Thread-safe."""

    def __init__(self, state: State | None = None) -> None:
        self.world = World(state)
        self.transport = over_http
        self.sleep: Callable[[float], None] = time.sleep

    def handle(self, request: Request) -> Response:
        """Answer a request; `host` names the vendor, or is `_sim` for the control plane. May raise `NoReply`."""
        if request.host == CONTROL:
            return answer_control(self.world, request, self.transport)
        vendor = _VENDORS.get(request.host)
        if vendor is None:
            return html_response(404, "404 Not Found")
        return self._answer(vendor, request)

    def _answer(self, vendor: Callable[[World, Request], Response], request: Request) -> Response:
        started = time.perf_counter()
        entry = Entry("call", request.host, request.method, request.path, without_secrets(request.query), clipped(request.body))
        with self.world.lock:
            fault = self.world.faults.pick("api", request.host, request.path)
        entry.fault = fault.kind if fault else ""
        try:
            response = self._with_fault(vendor, request, fault) if fault else self._work(vendor, request)
        except NoReply:
            entry.code = "no reply"
            raise
        else:
            entry.status, entry.code, entry.note = response.status, response.code, response.note
            readable = response.content_type.startswith(("application/json", "text/"))
            entry.reply = clipped(response.body) if readable else response.content_type
            return response
        finally:
            entry.took_ms = round((time.perf_counter() - started) * 1000, 1)
            entry.at, entry.virtual_at = self.world.clock.wall(), self.world.now()
            self.world.journal.add(entry)

    def _work(self, vendor: Callable[[World, Request], Response], request: Request) -> Response:
        api = request.path.removeprefix("/cgi-bin/") if request.host == wecom.HOST else request.path
        self.world.in_flight[api] += 1
        try:
            with self.world.lock:
                response = vendor(self.world, request)
                self.world.changed()
                return response
        except Exception:  # noqa: BLE001 - a bug here must be loud, but must not hang the caller
            traceback.print_exc()
            return json_response({"error": "the simulator failed; see its output"}, 500, "bug")
        finally:
            self.world.in_flight[api] -= 1

    def _with_fault(self, vendor: Callable[[World, Request], Response], request: Request, fault: FaultRule) -> Response:
        kind = fault.kind
        if kind in ("timeout", "reset"):
            self._hang_up(fault.number(15) if kind == "timeout" else 0)
        if kind in ("errcode", "http", "html", "expire"):
            with self.world.lock:
                return self._refuse(vendor, request, fault)
        if kind == "slow":
            self.sleep(min(fault.number(3), LONGEST_WAIT_SECONDS))
        response = self._work(vendor, request)
        if kind == "lost_reply":
            self._hang_up(fault.number(0))
        if kind == "malformed":
            response.body = response.body[: len(response.body) // 2]
        return response

    @staticmethod
    def _hang_up(seconds: float) -> None:
        raise NoReply(min(seconds, LONGEST_WAIT_SECONDS))

    def _refuse(self, vendor: Callable[[World, Request], Response], request: Request, fault: FaultRule) -> Response:
        if fault.kind == "expire":
            expire_tokens(self.world, _TOKEN_FAMILIES.get(request.host, "-"))
            return vendor(self.world, request)
        if fault.kind == "http":
            return html_response(int(fault.number(502)), "Bad Gateway")
        if fault.kind == "html":
            return html_response(200, "Service maintenance")
        return self._errcode(request, fault.value)

    def _errcode(self, request: Request, value: int | float | str | None) -> Response:
        if request.host == pay.HOST:
            word = str(value or "SYSTEM_ERROR")
            return pay.refusal(self.world, {"SYSTEM_ERROR": 500, "FREQUENCY_LIMITED": 429}.get(word, 400), word)
        if request.host == sms.HOST:
            return sms.refusal(self.world, 200, str(value or "isp.SYSTEM_ERROR"))
        if request.host == octo.HOST:
            word = str(value or "INTERNAL_SERVER_ERROR")
            return octo.refusal({"INTERNAL_SERVER_ERROR": 500, "UNAUTHORIZED": 401}.get(word, 422), word)
        if request.host == llm.HOST:
            status = int(value) if isinstance(value, int | float) else 500
            return llm.refusal(self.world, status, "server_error" if status >= 500 else "invalid_request_error")
        return wechat_refusal(self.world, request, ApiError(int(value if isinstance(value, int | float) else -1)))
