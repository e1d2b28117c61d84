"""The calls behind `gateways.wecom.reach.Reach`, and how their JSON is read."""

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from core import clock
from gateways.errors import BAD_ANSWER, GatewayError
from gateways.wecom import parse
from gateways.wecom.reach import GroupDelivery, MomentJob, MomentJobState, MomentPublisher, MomentSign, Ticket

Json = Mapping[str, Any]
T = TypeVar("T")
EXTERNAL = "externalcontact/"


class ReachCalls:
    """Put before the client of `gateways.wecom.live`, which lends it its door and its paging."""

    @abstractmethod
    def _ask(self, api: str, data: Json | None = None, *, params: Json | None = None) -> Any:
        """POST `data`, or GET when there is none."""

    @abstractmethod
    def _pages(self, ask: Callable[[str], Any]) -> Iterator[Json]:
        """Page after page of an API with a cursor."""

    # --- Moments -----------------------------------------------------------------------------------
    def create_moment(
        self, *, text: str, userids: Sequence[str], tag_ids: Sequence[str] = (), link_title: str = "", link_url: str = ""
    ) -> str:
        if not userids:
            raise ValueError("a Moments task needs the members who publish it; without them WeCom asks everybody")
        api = EXTERNAL + "add_moment_task"
        seen = {"sender_list": {"user_list": list(userids)}, "external_contact_list": {"tag_list": list(tag_ids)}}
        data: dict[str, Any] = {"text": {"content": text}, "visible_range": seen}
        if link_url:
            data["attachments"] = [{"msgtype": "link", "link": {"title": link_title, "url": link_url}}]
        found = self._ask(api, data)
        return _read(api, lambda: str(found["jobid"]))

    def moment_job(self, jobid: str) -> MomentJob:
        api = EXTERNAL + "get_moment_task_result"
        found = self._ask(api, params={"jobid": jobid})
        return _read(api, lambda: _job(found))

    def moment_publishers(self, moment_id: str) -> list[MomentPublisher]:
        api = EXTERNAL + "get_moment_task"
        pages = list(self._pages(lambda cursor: self._ask(api, {"moment_id": moment_id, "limit": 1000, "cursor": cursor})))
        return _read(
            api,
            lambda: [
                MomentPublisher(str(row["userid"]), int(row.get("publish_status") or 0) == 1)
                for page in pages
                for row in page.get("task_list") or ()
            ],
        )

    def moment_signs(self, moment_id: str, userid: str) -> list[MomentSign]:
        api = EXTERNAL + "get_moment_comments"
        found = self._ask(api, {"moment_id": moment_id, "userid": userid})
        return _read(api, lambda: _signs(found))

    def cancel_moment(self, moment_id: str) -> None:
        self._ask(EXTERNAL + "cancel_moment_task", {"moment_id": moment_id})

    # --- groups ------------------------------------------------------------------------------------
    def create_group_task(self, *, owner: str, chat_ids: Sequence[str], text: str) -> str:
        api = EXTERNAL + "add_msg_template"
        found = self._ask(api, {"chat_type": "group", "sender": owner, "chat_id_list": list(chat_ids), "text": {"content": text}})
        return _read(api, lambda: str(found["msgid"]))

    def group_task_results(self, msgid: str, owner: str) -> list[GroupDelivery]:
        api = EXTERNAL + "get_groupmsg_send_result"
        request = {"msgid": msgid, "userid": owner, "limit": 1000}
        pages = list(self._pages(lambda cursor: self._ask(api, {**request, "cursor": cursor})))
        return _read(
            api,
            lambda: [
                GroupDelivery(str(row["chat_id"]), int(row.get("status") or 0))
                for page in pages
                for row in page.get("send_list") or ()
            ],
        )

    # --- pages -------------------------------------------------------------------------------------
    def page_ticket(self, *, for_agent: bool) -> Ticket:
        api = "ticket/get" if for_agent else "get_jsapi_ticket"
        found = self._ask(api, params={"type": "agent_config"} if for_agent else {})
        return _read(api, lambda: Ticket(str(found["ticket"]), int(found["expires_in"])))

    def member_of_code(self, code: str) -> str:
        api = "auth/getuserinfo"
        found = self._ask(api, params={"code": code})
        return _read(api, lambda: str(found.get("userid") or found.get("UserId") or ""))


def _read(api: str, read: Callable[[], T]) -> T:
    try:
        return read()
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, OSError):
        raise GatewayError("wecom", api, BAD_ANSWER, ambiguous=True) from None


def _job(found: Json) -> MomentJob:
    result: Json = found.get("result") or {}
    errcode = str(result.get("errcode") or "")
    invalid: Json = result.get("invalid_sender_list") or {}
    return MomentJob(
        MomentJobState(int(found["status"])), str(result.get("moment_id") or ""), "" if errcode == "0" else errcode,
        tuple(map(str, invalid.get("user_list") or ())),
    )  # fmt: skip


def _signs(found: Json) -> list[MomentSign]:
    rows = [(row, True) for row in found.get("comment_list") or ()] + [(row, False) for row in found.get("like_list") or ()]
    return [
        MomentSign(str(row["external_userid"]), is_comment, parse.moment(row.get("create_time")) or clock.now())
        for row, is_comment in rows
        if row.get("external_userid")
    ]
