"""The calls behind `gateways.wecom.growth.Growth`, and how their JSON is read."""

import datetime as dt
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from core import clock
from gateways.errors import BAD_ANSWER, GatewayError
from gateways.wecom import parse
from gateways.wecom.growth import (
    AcquisitionCustomer,
    AcquisitionLink,
    AcquisitionQuota,
    ContactWay,
    GroupChat,
    GroupChatPage,
    GroupMember,
    LinkCustomerPage,
    Member,
    Transfer,
    TransferState,
)

Json = Mapping[str, Any]
T = TypeVar("T")
NO_CONTACTS = "84061"
EXTERNAL, ACQUISITION = "externalcontact/", "externalcontact/customer_acquisition/"


class GrowthCalls:
    """Put before the client of `gateways.wecom.live`, which lends it its door and its paging."""

    @abstractmethod
    def _ask(self, api: str, data: Json | None = None, *, params: Json | None = None) -> Any:
        """POST `data`, or GET when there is none."""

    @abstractmethod
    def _pages(self, ask: Callable[[str], Any]) -> Iterator[Json]:
        """Page after page of an API with a cursor."""

    # --- members and contacts ----------------------------------------------------------------------
    def list_members(self) -> list[Member]:
        found = self._ask("user/simplelist", params={"department_id": 1, "fetch_child": 1})
        return _read("user/simplelist", lambda: [Member(str(m["userid"]), str(m.get("name") or "")) for m in found["userlist"]])

    def list_contact_ids(self, userid: str) -> list[str]:
        try:
            found = self._ask(EXTERNAL + "list", params={"userid": userid})
        except GatewayError as error:
            if error.errcode == NO_CONTACTS:
                return []
            raise
        return _read(EXTERNAL + "list", lambda: [str(each) for each in found["external_userid"]])

    # --- group chats -------------------------------------------------------------------------------
    def list_group_chats(self, *, owners: Sequence[str] = (), cursor: str = "") -> GroupChatPage:
        api = EXTERNAL + "groupchat/list"
        data: dict[str, Any] = {"status_filter": 0, "limit": 1000, "cursor": cursor}
        if owners:
            data["owner_filter"] = {"userid_list": list(owners)}
        found = self._ask(api, data)
        ids = _read(api, lambda: tuple(str(row["chat_id"]) for row in found.get("group_chat_list") or ()))
        return GroupChatPage(ids, str(found.get("next_cursor") or ""))

    def get_group_chat(self, chat_id: str) -> GroupChat:
        api = EXTERNAL + "groupchat/get"
        found = self._ask(api, {"chat_id": chat_id, "need_name": 1})
        return _read(api, lambda: _group_chat(found["group_chat"]))

    # --- contact ways ------------------------------------------------------------------------------
    def add_contact_way(self, *, users: Sequence[str], state: str, remark: str = "", skip_verify: bool = True) -> ContactWay:
        api = EXTERNAL + "add_contact_way"
        wanted = {"type": 2, "scene": 2, "style": 1, "remark": remark, "skip_verify": skip_verify, "state": state}
        found = self._ask(api, {**wanted, "user": list(users)})
        return _read(
            api,
            lambda: ContactWay(
                str(found["config_id"]), str(found.get("qr_code") or ""), tuple(users), state, remark, skip_verify
            ),
        )

    def get_contact_way(self, config_id: str) -> ContactWay:
        api = EXTERNAL + "get_contact_way"
        found = self._ask(api, {"config_id": config_id})
        return _read(api, lambda: _contact_way(found["contact_way"]))

    def list_contact_ways(self, *, created_after: dt.datetime) -> list[str]:
        api = EXTERNAL + "list_contact_way"
        window = {"start_time": int(created_after.timestamp()), "end_time": int(clock.now().timestamp()), "limit": 1000}
        pages = list(self._pages(lambda cursor: self._ask(api, {**window, "cursor": cursor})))
        return _read(api, lambda: [str(row["config_id"]) for page in pages for row in page.get("contact_way") or ()])

    @abstractmethod
    def contact_way_picture(self, qr_code: str) -> bytes:
        """See `Growth`."""

    def update_contact_way(
        self, config_id: str, *, users: Sequence[str] | None = None, skip_verify: bool | None = None, remark: str | None = None
    ) -> None:
        wanted = {"user": None if users is None else list(users), "skip_verify": skip_verify, "remark": remark}
        self._ask(EXTERNAL + "update_contact_way", {"config_id": config_id, **_given(wanted)})

    def delete_contact_way(self, config_id: str) -> None:
        self._ask(EXTERNAL + "del_contact_way", {"config_id": config_id})

    # --- customer-acquisition links ------------------------------------------------------------------
    def list_links(self) -> list[str]:
        api = ACQUISITION + "list_link"
        pages = list(self._pages(lambda cursor: self._ask(api, {"limit": 100, "cursor": cursor})))
        return _read(api, lambda: [str(each) for page in pages for each in page.get("link_id_list") or ()])

    def get_link(self, link_id: str) -> AcquisitionLink:
        api = ACQUISITION + "get"
        found = self._ask(api, {"link_id": link_id})
        return _read(api, lambda: _link(found["link"], (found.get("range") or {}).get("user_list") or ()))

    def create_link(self, *, name: str, users: Sequence[str], skip_verify: bool = True) -> AcquisitionLink:
        api = ACQUISITION + "create_link"
        found = self._ask(api, {"link_name": name, "range": {"user_list": list(users)}, "skip_verify": skip_verify})
        return _read(api, lambda: _link(found["link"], users))

    def update_link(self, link_id: str, *, name: str | None = None, users: Sequence[str] | None = None) -> None:
        wanted = {"link_name": name, "range": None if users is None else {"user_list": list(users)}}
        self._ask(ACQUISITION + "update_link", {"link_id": link_id, **_given(wanted)})

    def delete_link(self, link_id: str) -> None:
        self._ask(ACQUISITION + "delete_link", {"link_id": link_id})

    def acquisition_quota(self) -> AcquisitionQuota:
        api = "externalcontact/customer_acquisition_quota"
        found = self._ask(api)
        return _read(api, lambda: _quota(found))

    def list_link_customers(self, link_id: str, cursor: str = "") -> LinkCustomerPage:
        api = ACQUISITION + "customer"
        found = self._ask(api, {"link_id": link_id, "limit": 1000, "cursor": cursor})
        rows = _read(api, lambda: tuple(_link_customer(row) for row in found.get("customer_list") or ()))
        return LinkCustomerPage(rows, str(found.get("next_cursor") or ""))

    # --- hand-over -----------------------------------------------------------------------------------
    def transfer_customers(
        self, *, from_userid: str, to_userid: str, external_userids: Sequence[str], message: str = ""
    ) -> list[str]:
        api = EXTERNAL + "transfer_customer"
        pair = {"handover_userid": from_userid, "takeover_userid": to_userid, "external_userid": list(external_userids)}
        found = self._ask(api, {**pair, "transfer_success_msg": message})
        return _read(api, lambda: [str(row["external_userid"]) for row in found.get("customer") or () if row.get("errcode")])

    def transfer_results(self, *, from_userid: str, to_userid: str) -> list[Transfer]:
        api = EXTERNAL + "transfer_result"
        pair = {"handover_userid": from_userid, "takeover_userid": to_userid}
        pages = list(self._pages(lambda cursor: self._ask(api, {**pair, "cursor": cursor})))
        return _read(api, lambda: [_transfer(row) for page in pages for row in page.get("customer") or ()])


def _read(api: str, read: Callable[[], T]) -> T:
    """What `read` makes of an answer; an answer of another shape than documented becomes a GatewayError."""
    try:
        return read()
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, OSError):
        raise GatewayError("wecom", api, BAD_ANSWER, ambiguous=True) from None


def _given(wanted: Json) -> dict[str, Any]:
    return {name: value for name, value in wanted.items() if value is not None}


def _group_chat(data: Json) -> GroupChat:
    members = tuple(
        GroupMember(
            str(row["userid"]), int(row.get("type") or 0), str(row.get("group_nickname") or row.get("name") or ""),
            parse.moment(row.get("join_time")), int(row.get("join_scene") or 0), str(row.get("unionid") or ""),
        )
        for row in data.get("member_list") or ()
    )  # fmt: skip
    head = (str(data["chat_id"]), str(data.get("name") or ""), str(data.get("owner") or ""))
    return GroupChat(*head, parse.moment(data.get("create_time")), str(data.get("notice") or ""), members)


def _contact_way(data: Json) -> ContactWay:
    return ContactWay(
        config_id=str(data["config_id"]),
        qr_code=str(data.get("qr_code") or ""),
        users=tuple(map(str, data.get("user") or ())),
        state=str(data.get("state") or ""),
        remark=str(data.get("remark") or ""),
        skip_verify=bool(data.get("skip_verify", True)),
    )


def _link(data: Json, users: Sequence[str]) -> AcquisitionLink:
    name, url = str(data.get("link_name") or ""), str(data.get("url") or "")
    return AcquisitionLink(str(data["link_id"]), name, url, tuple(map(str, users)), bool(data.get("skip_verify", True)))


def _quota(data: Json) -> AcquisitionQuota:
    ends = [moment for row in data.get("quota_list") or () if (moment := parse.moment(row.get("expire_date")))]
    return AcquisitionQuota(int(data.get("total") or 0), int(data.get("balance") or 0), min(ends, default=None))


def _link_customer(data: Json) -> AcquisitionCustomer:
    spoke = int(data.get("chat_status") or 0) == 1
    return AcquisitionCustomer(str(data["external_userid"]), str(data.get("userid") or ""), spoke, str(data.get("state") or ""))


def _transfer(data: Json) -> Transfer:
    known = {state.value for state in TransferState}
    number = int(data.get("status") or 0)
    state = TransferState(number) if number in known else TransferState.UNKNOWN
    return Transfer(str(data["external_userid"]), state, parse.moment(data.get("takeover_time")))
