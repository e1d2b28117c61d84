"""The real official account's server API: the same host, token and errors as the mini-program's."""

from collections.abc import Mapping, Sequence

import msgspec
from django.conf import settings

from gateways.many import Batch, Parcel, WeChatMany
from gateways.mini.live import fetch_token
from gateways.services import record_call
from gateways.shared_state import SharedState, shared_state
from gateways.transport import Transport
from gateways.wechat import Recorder, WeChatApi

HOST = "api.weixin.qq.com"
SENT_ALREADY = frozenset({45065})  # this client_msg_id has been taken before


class LiveOfficial:
    """See gateways.official.Official for what each method promises. `limited` is off where no platform stands behind."""

    def __init__(
        self,
        vendors: Mapping[str, str] | None = None,
        *,
        base_url: str = "",
        transport: Transport | None = None,
        state: SharedState | None = None,
        record: Recorder = record_call,
        limited: bool = True,
    ) -> None:
        config = vendors or settings.VENDORS
        self._mini_app = config.get("MINI_APP_ID", "")
        credentials = (config["OA_APP_ID"], config["OA_APP_SECRET"])
        self.api = WeChatApi(
            transport or Transport("official", base_url=base_url),
            state or shared_state(),
            credentials,
            fetch_token(*credentials),
            can_force=True,
            record=record,
        )
        self._template = WeChatMany(self.api, base_url, HOST, "/cgi-bin/message/template/send", limited=limited)

    def send_template_messages(self, parcels: Sequence[Parcel]) -> Batch:
        return self._template.start(parcels, self._body, known=SENT_ALREADY)

    def _body(self, parcel: Parcel) -> bytes:
        message = {
            "touser": parcel.address, "template_id": parcel.template_id, "client_msg_id": parcel.key[:32],
            "data": {name: {"value": value} for name, value in parcel.fields.items()},
        }  # fmt: skip
        if parcel.page:
            message["miniprogram"] = {"appid": self._mini_app, "pagepath": parcel.page}
        return msgspec.json.encode(message)
