"""The real WeCom, through wechatpy's request builders on our own transport."""

import datetime as dt
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar
from urllib.parse import urlsplit

from django.conf import settings
from wechatpy.enterprise import WeChatClient

from core import clock
from gateways.errors import BAD_ANSWER, GatewayError
from gateways.rules import STAFF_MESSAGES, budgets
from gateways.services import record_call, spend_stamp
from gateways.shared_state import SharedState, shared_state
from gateways.transport import Transport
from gateways.wechat import Recorder, SafeMixin, WeChatApi
from gateways.wecom import (
    Attachment,
    CallbackEvent,
    Confirmation,
    Contact,
    ContactPage,
    Delivery,
    MassTask,
    MassTaskSummary,
    Media,
    TagGroup,
    parse,
)
from gateways.wecom.callbacks import CallbackCrypto
from gateways.wecom.growth_calls import GrowthCalls
from gateways.wecom.kf_calls import KfCalls
from gateways.wecom.reach_calls import ReachCalls

BASE = "https://qyapi.weixin.qq.com/cgi-bin/"
MEDIA_LIFE = dt.timedelta(days=3) - dt.timedelta(hours=6)
MAX_PAGES = 2_000
PICTURE_HOSTS = ("wework.qpic.cn", "wx.qlogo.cn", "p.qpic.cn")  # a code's picture is fetched from nowhere else
PICTURES, PICTURE_BYTES = (b"\x89PNG", b"\xff\xd8\xff"), 200_000
T = TypeVar("T")


class SafeClient(SafeMixin, WeChatClient):
    """wechatpy's WeCom client with everything below the request builders replaced."""

    def __init__(self, safe_api: WeChatApi) -> None:
        self.safe_api = safe_api


def fetch_token(corp_id: str, secret: str) -> Callable[[WeChatApi, bool], tuple[str, float]]:
    """How to get an access token: `gettoken` gives the same one until it expires."""

    def fetch(api: WeChatApi, _force: bool) -> tuple[str, float]:
        found = api.call("GET", BASE + "gettoken", params={"corpid": corp_id, "corpsecret": secret}, with_token=False)
        with understood("gettoken"):
            return str(found["access_token"]), float(found["expires_in"])

    return fetch


@contextmanager
def understood(api: str) -> Iterator[None]:
    """An answer of another shape than documented becomes a GatewayError."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, OSError):
        failure = GatewayError("wecom", api, BAD_ANSWER, ambiguous=True)
    else:
        return
    raise failure


class LiveWeCom(GrowthCalls, KfCalls, ReachCalls):
    """See gateways.wecom.WeCom for what each method promises."""

    base_url = ""

    def __init__(
        self,
        vendors: Mapping[str, str] | None = None,
        *,
        base_url: str | None = None,
        transport: Transport | None = None,
        state: SharedState | None = None,
        record: Recorder = record_call,
        spend: Callable[..., bool] = spend_stamp,
    ) -> None:
        config = vendors or settings.VENDORS
        corp_id, secret = config["WECOM_CORP_ID"], config["WECOM_SECRET"]
        self._agent_id = config["WECOM_AGENT_ID"]
        self._transport = transport = transport or Transport("wecom", base_url=self.base_url if base_url is None else base_url)
        self.api = WeChatApi(transport, state or shared_state(), (corp_id, secret), fetch_token(corp_id, secret), record=record)
        self._client = SafeClient(self.api)
        self._record = record
        self._crypto = CallbackCrypto(config["WECOM_CALLBACK_TOKEN"], config["WECOM_CALLBACK_AES_KEY"], corp_id, spend)

    # --- contacts --------------------------------------------------------------------------------
    def list_follow_users(self) -> list[str]:
        found = self._client.external_contact.get_follow_user_list()
        with understood("externalcontact/get_follow_user_list"):
            return [str(userid) for userid in found["follow_user"]]

    def get_contact(self, external_userid: str) -> Contact:
        api = "externalcontact/get"
        pages = list(
            self._pages(lambda cursor: self._client.get(api, params={"external_userid": external_userid, "cursor": cursor}))
        )
        with understood(api):
            follow = [user for page in pages for user in page.get("follow_user") or ()]
            return parse.contact(pages[0]["external_contact"], follow)

    def list_contacts(self, userids: Sequence[str], cursor: str = "") -> ContactPage:
        api = "externalcontact/batch/get_by_user"
        found = self._client.post(api, data={"userid_list": list(userids), "cursor": cursor, "limit": 100})
        with understood(api):
            rows = found.get("external_contact_list") or ()
            return ContactPage(
                tuple(parse.contact(row["external_contact"], [row["follow_info"]]) for row in rows),
                str(found.get("next_cursor") or ""),
            )

    def set_remark(
        self,
        *,
        userid: str,
        external_userid: str,
        remark: str | None = None,
        description: str | None = None,
        remark_company: str | None = None,
        remark_mobiles: Sequence[str] | None = None,
    ) -> None:
        mobiles = None if remark_mobiles is None else (list(remark_mobiles) or [""])  # [""] clears
        changes = {"remark": remark, "description": description, "remark_company": remark_company, "remark_mobiles": mobiles}
        given = {name: value for name, value in changes.items() if value is not None}
        self._client.post("externalcontact/remark", data={"userid": userid, "external_userid": external_userid, **given})

    # --- tags ------------------------------------------------------------------------------------
    def list_corp_tags(self, *, tag_ids: Sequence[str] = (), group_ids: Sequence[str] = ()) -> list[TagGroup]:
        api = "externalcontact/get_corp_tag_list"
        found = self._client.post(api, data={"tag_id": list(tag_ids), "group_id": list(group_ids)})
        with understood(api):
            return [parse.tag_group(group) for group in found.get("tag_group") or () if not group.get("deleted")]

    def add_corp_tag(self, group_name: str, names: Sequence[str], *, group_id: str = "") -> TagGroup:
        api = "externalcontact/add_corp_tag"
        group = {"group_id": group_id} if group_id else {"group_name": group_name}
        found = self._client.post(api, data={**group, "tag": [{"name": name} for name in names], "agentid": int(self._agent_id)})
        with understood(api):
            return parse.tag_group(found["tag_group"])

    def edit_corp_tag(self, *, tag_id: str, name: str | None = None, order: int | None = None) -> None:
        changes = {name_: value for name_, value in {"name": name, "order": order}.items() if value is not None}
        self._client.post("externalcontact/edit_corp_tag", data={"id": tag_id, **changes, "agentid": int(self._agent_id)})

    def delete_corp_tag(self, *, tag_ids: Sequence[str] = (), group_ids: Sequence[str] = ()) -> None:
        data = {"tag_id": list(tag_ids), "group_id": list(group_ids), "agentid": int(self._agent_id)}
        self._client.post("externalcontact/del_corp_tag", data=data)

    def mark_tag(self, *, userid: str, external_userid: str, add: Sequence[str] = (), remove: Sequence[str] = ()) -> None:
        self._client.external_contact.mark_tag(userid, external_userid, list(add), list(remove))

    # --- messages --------------------------------------------------------------------------------
    def send_welcome(self, *, welcome_code: str, text: str, attachments: Sequence[Attachment] = ()) -> None:
        self._client.external_contact.send_welcome_msg({"welcome_code": welcome_code, **_content(text, attachments)})

    def create_mass_task(
        self, *, sender: str, external_userids: Sequence[str], text: str, attachments: Sequence[Attachment] = ()
    ) -> MassTask:
        audience = {"chat_type": "single", "external_userid": list(external_userids), "sender": sender}
        found = self._client.external_contact.add_msg_template({**audience, **_content(text, attachments)})
        with understood("externalcontact/add_msg_template"):
            return MassTask(str(found["msgid"]), tuple(map(str, found.get("fail_list") or ())))

    def list_mass_tasks(self, *, created_after: dt.datetime, created_before: dt.datetime) -> list[MassTaskSummary]:
        window = {
            "chat_type": "single",
            "start_time": int(created_after.timestamp()),
            "end_time": int(created_before.timestamp()),
        }
        return self._all(
            "externalcontact/get_groupmsg_list_v2", {**window, "limit": 100}, "group_msg_list", parse.mass_task_summary
        )

    def mass_task_confirmations(self, msgid: str) -> list[Confirmation]:
        return self._all("externalcontact/get_groupmsg_task", {"msgid": msgid, "limit": 1000}, "task_list", parse.confirmation)

    def mass_task_results(self, msgid: str, userid: str) -> list[Delivery]:
        request = {"msgid": msgid, "userid": userid, "limit": 1000}
        return self._all("externalcontact/get_groupmsg_send_result", request, "send_list", parse.delivery)

    def remind_mass_task(self, msgid: str) -> None:
        self._client.post("externalcontact/remind_groupmsg_send", data={"msgid": msgid})

    def cancel_mass_task(self, msgid: str) -> None:
        self._client.post("externalcontact/cancel_groupmsg_send", data={"msgid": msgid})

    def upload_media(self, *, kind: str, filename: str, content: bytes) -> Media:
        found = self._client.media.upload(kind, (_plain_filename(filename), content))
        with understood("media/upload"):
            created_at = parse.moment(found.get("created_at")) or clock.now()
            return Media(str(found["media_id"]), created_at + MEDIA_LIFE)

    def send_staff_message(self, *, userids: Sequence[str], title: str, description: str, url: str) -> list[str]:
        card = {"title": title, "description": description, "url": url}
        data = {"touser": "|".join(userids), "msgtype": "textcard", "agentid": int(self._agent_id), "textcard": card}
        per_member = tuple(budget for userid in userids for budget in budgets(STAFF_MESSAGES, f"staff:{userid}"))
        found = self.api.call(
            "POST",
            BASE + "message/send",
            data={**data, "enable_duplicate_check": 1, "duplicate_check_interval": 1800},
            extra_budgets=per_member,
        )
        with understood("message/send"):
            return [userid for userid in str(found.get("invaliduser") or "").split("|") if userid]

    def contact_way_picture(self, qr_code: str) -> bytes:
        api, parts = "contact_way/picture", urlsplit(qr_code)
        if parts.scheme != "https" or parts.hostname not in PICTURE_HOSTS or parts.port is not None:
            raise GatewayError("wecom", api, BAD_ANSWER)
        with self._record("wecom", api):
            reply = self._transport.send(api, "GET", qr_code)
            if reply.status != 200 or not reply.body.startswith(PICTURES) or len(reply.body) > PICTURE_BYTES:
                raise self._transport.unhealthy(api, reply)
            return reply.body

    # --- callbacks -------------------------------------------------------------------------------
    def decrypt_callback(self, query: Mapping[str, str], body: bytes) -> CallbackEvent:
        return self._crypto.open_event(query, body, clock.now())

    def verify_url(self, query: Mapping[str, str]) -> str:
        return self._crypto.open_echo(query, clock.now())

    # --- pages -----------------------------------------------------------------------------------
    def _ask(self, api: str, data: Mapping[str, Any] | None = None, *, params: Mapping[str, Any] | None = None) -> Any:
        return self._client.get(api, params=dict(params or {})) if data is None else self._client.post(api, data=dict(data))

    def _all(self, api: str, request: Mapping[str, Any], name: str, read: Callable[[Mapping[str, Any]], T]) -> list[T]:
        pages = self._pages(lambda cursor: self._client.post(api, data={**request, "cursor": cursor}))
        rows = [row for page in pages for row in page.get(name) or ()]
        with understood(api):
            return [read(row) for row in rows]

    def _pages(self, ask: Callable[[str], Any]) -> Iterator[Mapping[str, Any]]:
        """Page after page; a cursor that stands still ends it, so that a faulty answer cannot hold us for ever."""
        cursor = ""
        for _ in range(MAX_PAGES):
            page = ask(cursor)
            yield page
            following = str(page.get("next_cursor") or "")
            if not following or following == cursor:
                return
            cursor = following


def _content(text: str, attachments: Sequence[Attachment]) -> dict[str, Any]:
    content = {"text": {"content": text}} if text else {}
    return {**content, "attachments": [parse.write_attachment(item) for item in attachments]}


def _plain_filename(filename: str) -> str:
    """ASCII only: the platform does not read the encoding that HTTP has for other names."""
    stem, _, ending = filename.rpartition(".")
    ending = re.sub(r"[^A-Za-z0-9]", "", ending)[:8]
    return (re.sub(r"[^A-Za-z0-9_-]", "", stem)[:60] or "upload") + (f".{ending}" if ending else "")
