"""Calls to WeChat's JSON APIs (WeCom and mini-program): token, budget, one refresh, errcode, log.

wechatpy builds the requests it knows; `SafeMixin` takes over everything below that, because wechatpy 1.8.18 refreshes
a refused token without end, waits for ever, and puts access tokens into its exceptions.
"""

import json
import re
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from core import clock
from gateways.errcodes import RetryClass, rule_for
from gateways.errors import OUR_LIMIT, GatewayError
from gateways.rules import Budget, block_seconds, budgets_for
from gateways.services import CallNote, record_call
from gateways.shared_state import SharedState
from gateways.tokens import AccessTokens
from gateways.transport import Reply, Transport

Recorder = Callable[[str, str], AbstractContextManager[CallNote]]

BUSY = -1
_REQUEST_ID = re.compile(r"hint: \[([\w-]{1,80})\]|rid: ([\w-]{1,80})")
_STREAK_SECONDS = 600.0  # a second 45009 within this time after a block means a longer one


class WeChatApi:
    """One app's door to a WeChat platform."""

    def __init__(
        self,
        transport: Transport,
        state: SharedState,
        credentials: tuple[str, ...],
        fetch_token: Callable[["WeChatApi", bool], tuple[str, float]],
        *,
        can_force: bool = False,
        record: Recorder = record_call,
    ) -> None:
        self.vendor = transport.vendor
        self._transport, self._state, self._record = transport, state, record
        self._scope = f"{self.vendor}:{transport.base_url}:{credentials[0]}"
        self.tokens = AccessTokens(
            state, self.vendor, (transport.base_url, *credentials), lambda force: fetch_token(self, force), can_force=can_force
        )

    def call(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, Any] | None = None,
        data: Any = None,
        files: Mapping[str, tuple[str, bytes]] | None = None,
        with_token: bool = True,
        binary: bool = False,
        cost: Decimal = Decimal(0),
        extra_budgets: tuple[Budget, ...] = (),
    ) -> Any:
        """Call an API; its JSON object, or the bytes of its picture when `binary`. `cost` is yuan, spent on success.

        A token the platform refuses is renewed and the call repeated, once.
        """
        api = urlsplit(url).path.removeprefix("/").removeprefix("cgi-bin/")
        request = {"params": params or {}, "data": data, "files": files}
        self._admit(api, extra_budgets)
        if not with_token:
            return self._once(api, method, url, request, "", binary, cost)
        token = self.tokens.current()
        try:
            return self._once(api, method, url, request, token, binary, cost)
        except GatewayError as error:
            if error.rule.retry is not RetryClass.TOKEN:
                raise
        return self._once(api, method, url, request, self.tokens.renewed(token), binary, cost)

    def _admit(self, api: str, extra: tuple[Budget, ...]) -> None:
        verdict = self._state.admit(self._block_name(api), [*budgets_for(self.vendor, api), *extra], self._scope)
        if not verdict.allowed:
            raise GatewayError(self.vendor, api, 45009 if verdict.blocked else OUR_LIMIT, retry_in_seconds=verdict.seconds)

    def admit_lease(self, api: str, budgets: list[Budget]) -> float:
        """Take one lease of calls of an API that is called in great numbers: 0.0, or the seconds to wait for it."""
        verdict = self._state.admit(self._block_name(api), budgets, self._scope)
        return 0.0 if verdict.allowed else max(verdict.seconds, 0.05)

    def _once(self, api: str, method: str, url: str, request: Mapping[str, Any], token: str, binary: bool, cost: Decimal) -> Any:
        with self._record(self.vendor, api) as note:
            reply = self._transport.send(
                api,
                method,
                url,
                params={**request["params"], **({"access_token": token} if token else {})},
                body=_encode(request["data"]),
                files=request["files"],
                headers={"Content-Type": "application/json"} if request["data"] is not None else {},
            )
            result = self._result(api, reply, binary)
            note.cost_amount = cost
            return result

    def _result(self, api: str, reply: Reply, binary: bool) -> Any:
        found = reply.json_object() if reply.status == 200 else None
        if found is None:
            if reply.status == 200 and binary and reply.headers.get("Content-Type", "").startswith("image/"):
                return reply.body
            raise self._transport.unhealthy(api, reply)
        errcode = _whole(found.get("errcode", 0))
        if errcode is None:
            raise self._transport.unhealthy(api, reply)
        if errcode != 0:
            raise self._refusal(api, errcode, str(found.get("errmsg", "")))
        return found

    def _refusal(self, api: str, errcode: int, errmsg: str) -> GatewayError:
        pause = self._shut(api) if rule_for(self.vendor, errcode).retry is RetryClass.QUOTA else None
        found = _REQUEST_ID.search(errmsg)
        return GatewayError(
            self.vendor,
            api,
            errcode,
            ambiguous=errcode == BUSY,  # the platform may have acted before it gave up
            retry_in_seconds=pause,
            request_id=(found[1] or found[2]) if found else "",
            help_url=f"https://open.work.weixin.qq.com/devtool/query?e={errcode}" if self.vendor == "wecom" else "",
        )

    def _shut(self, api: str) -> float:
        """Keep the API shut until the platform's block is likely over; its length in seconds."""
        name = self._block_name(api)
        streak = self._state.count(f"streak:{name}", _STREAK_SECONDS)
        seconds = block_seconds(streak, clock.now())
        if streak > 1:
            self._state.write(f"streak:{name}", str(streak).encode(), seconds + _STREAK_SECONDS)
        self._state.block(name, seconds)
        return seconds

    def _block_name(self, api: str) -> str:
        return f"{self._scope}:{api}"


class SafeMixin:
    """Put before a wechatpy client: its endpoint methods build the request, `WeChatApi` makes the call."""

    API_BASE_URL: str
    safe_api: WeChatApi

    def _request(self, method: str, url_or_endpoint: str, **kwargs: Any) -> Any:
        base = kwargs.get("api_base_url") or self.API_BASE_URL
        url = url_or_endpoint if url_or_endpoint.startswith("https://") else base + url_or_endpoint
        result = self.safe_api.call(
            method.upper(), url, params=kwargs.get("params"), data=kwargs.get("data"), files=kwargs.get("files")
        )
        process = kwargs.get("result_processor")
        return process(result) if process else result

    @property
    def access_token(self) -> str:
        """The token in use, for the few endpoints of wechatpy that build URLs themselves."""
        return self.safe_api.tokens.current()

    def fetch_access_token(self) -> None:
        """wechatpy's own refresh: nothing may call it."""
        raise NotImplementedError("tokens come from gateways.tokens")


def _encode(data: Any) -> bytes | None:
    """Real UTF-8, because the platform refuses escaped text (40033)."""
    if data is None or isinstance(data, bytes):
        return data
    return json.dumps(data, ensure_ascii=False).encode()


def _whole(value: Any) -> int | None:
    try:
        return int(value)
    except (TypeError, ValueError):
        return None
