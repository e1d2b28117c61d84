"""The calls behind `gateways.wecom.kf.Kf`, and how their JSON is read."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from gateways.errors import BAD_ANSWER, GatewayError
from gateways.wecom import parse
from gateways.wecom.kf import KfCustomer, KfMessage, KfPage

Json = Mapping[str, Any]


class KfCalls:
    """Put before the client of `gateways.wecom.live`."""

    @abstractmethod
    def _ask(self, api: str, data: Json | None = None, *, params: Json | None = None) -> Any:
        """POST `data`, or GET when there is none."""

    def kf_accounts(self) -> list[str]:
        found = self._ask("kf/account/list", {"offset": 0, "limit": 100})
        return [str(row["open_kfid"]) for row in found.get("account_list") or () if "open_kfid" in row]

    def kf_customers(self, external_userids: Sequence[str]) -> list[KfCustomer]:
        found = self._ask("kf/customer/batchget", {"external_userid_list": list(external_userids)})
        rows = found.get("customer_list") or ()
        return [
            KfCustomer(str(row["external_userid"]), str(row.get("nickname") or ""), str(row.get("unionid") or ""))
            for row in rows
            if "external_userid" in row
        ]

    def kf_sync(self, *, open_kfid: str, cursor: str = "", token: str = "") -> KfPage:
        api = "kf/sync_msg"
        found = self._ask(api, {"open_kfid": open_kfid, "cursor": cursor, "token": token, "limit": 1000, "voice_format": 0})
        try:
            messages = tuple(_message(row) for row in found.get("msg_list") or ())
            return KfPage(messages, str(found.get("next_cursor") or cursor), bool(found.get("has_more")))
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError, OSError):
            failure = GatewayError("wecom", api, BAD_ANSWER, ambiguous=True)
        raise failure

    def kf_send_text(self, *, open_kfid: str, external_userid: str, msgid: str, text: str) -> None:
        self._send(open_kfid, external_userid, msgid, "text", {"content": text})

    def kf_send_menu(
        self, *, open_kfid: str, external_userid: str, msgid: str, head: str, options: Sequence[tuple[str, str]], tail: str = ""
    ) -> None:
        entries = [{"type": "click", "click": {"id": one, "content": text}} for one, text in options]
        self._send(open_kfid, external_userid, msgid, "msgmenu", {"head_content": head, "list": entries, "tail_content": tail})

    def kf_send_card(
        self, *, open_kfid: str, external_userid: str, msgid: str, title: str, page: str, appid: str, media_id: str
    ) -> None:
        card = {"appid": appid, "title": title, "thumb_media_id": media_id, "pagepath": page}
        self._send(open_kfid, external_userid, msgid, "miniprogram", card)

    def _send(self, open_kfid: str, external_userid: str, msgid: str, kind: str, content: Json) -> None:
        head = {"touser": external_userid, "open_kfid": open_kfid, "msgid": msgid, "msgtype": kind}
        self._ask("kf/send_msg", {**head, kind: dict(content)})

    def kf_send_on_event(self, *, code: str, msgid: str, text: str) -> None:
        self._ask("kf/send_msg_on_event", {"code": code, "msgid": msgid, "msgtype": "text", "text": {"content": text}})

    def kf_state(self, *, open_kfid: str, external_userid: str) -> int:
        found = self._ask("kf/service_state/get", {"open_kfid": open_kfid, "external_userid": external_userid})
        return int(found.get("service_state") or 0)

    def kf_move(self, *, open_kfid: str, external_userid: str, state: int, servicer: str = "") -> None:
        data = {"open_kfid": open_kfid, "external_userid": external_userid, "service_state": state}
        self._ask("kf/service_state/trans", {**data, **({"servicer_userid": servicer} if servicer else {})})


def _message(row: Json) -> KfMessage:
    kind, event = str(row["msgtype"]), row.get("event") or {}
    text = row.get("text") or {}
    sent = parse.moment(row.get("send_time"))
    if sent is None:
        raise ValueError("a message without its time")
    return KfMessage(
        str(row["msgid"]), str(row.get("open_kfid") or event.get("open_kfid") or ""),
        str(row.get("external_userid") or event.get("external_userid") or ""), sent, int(row.get("origin") or 0), kind,
        str(text.get("content") or ""), str(text.get("menu_id") or ""), str(row.get("servicer_userid") or ""),
        {str(name): str(value) for name, value in event.items()},
    )  # fmt: skip
