"""WeCom customer service (微信客服): what customers write is pulled by a cursor, what we say goes out by API.

https://developer.work.weixin.qq.com/document/path/94670 (sync_msg), 94677 (send_msg), 94669 (service_state).
Part of `gateways.wecom`; import the names from there.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

CUSTOMER, SYSTEM, SERVICER = 3, 4, 5  # `origin` of a message
NEW, ASSISTANT, POOL, SERVED, ENDED = 0, 1, 2, 3, 4  # states of a session at the platform
TEXT_BYTES = 2048
REPLIES, REPLY_WINDOW = 5, dt.timedelta(hours=48)  # messages we may send after the customer's last one, and for how long


@dataclass(frozen=True)
class KfMessage:
    """One message or event of a session. `text` is empty for what is no text; `event` holds an event's own fields."""

    msgid: str
    open_kfid: str
    external_userid: str
    send_time: dt.datetime
    origin: int
    msgtype: str
    text: str = ""
    menu_id: str = ""
    servicer_userid: str = ""
    event: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class KfPage:
    """A page of messages; read on while `has_more`, even when a page is empty."""

    messages: tuple[KfMessage, ...]
    next_cursor: str
    has_more: bool


@dataclass(frozen=True)
class KfCustomer:
    """Who writes."""

    external_userid: str
    nickname: str
    unionid: str = ""


class Kf(Protocol):
    """What we use of WeCom customer service."""

    def kf_accounts(self) -> list[str]:
        """The open_kfid of every account."""
        ...

    def kf_customers(self, external_userids: Sequence[str]) -> list[KfCustomer]:
        """Names of up to 100 customers who wrote in the last 48 hours; who is not known is left out."""
        ...

    def kf_sync(self, *, open_kfid: str, cursor: str = "", token: str = "") -> KfPage:
        """What was said since the cursor, at most three days back. Without the callback's token calls are strictly limited."""
        ...

    def kf_send_text(self, *, open_kfid: str, external_userid: str, msgid: str, text: str) -> None:
        """Key mode: the platform sends a `msgid` (32 letters and digits at most) once. At most 2,048 bytes."""
        ...

    def kf_send_menu(
        self, *, open_kfid: str, external_userid: str, msgid: str, head: str, options: Sequence[tuple[str, str]], tail: str = ""
    ) -> None:
        """A menu of (id, text) options, ten at most; a tap comes back as a message with that menu id. Key mode."""
        ...

    def kf_send_card(
        self, *, open_kfid: str, external_userid: str, msgid: str, title: str, page: str, appid: str, media_id: str
    ) -> None:
        """A mini-program card. Key mode."""
        ...

    def kf_send_on_event(self, *, code: str, msgid: str, text: str) -> None:
        """The greeting of a new session (welcome_code, 20 s) or its closing words; not counted against the five."""
        ...

    def kf_state(self, *, open_kfid: str, external_userid: str) -> int:
        """The session's state at the platform: 0 new, 1 assistant, 2 pool, 3 a servicer, 4 ended."""
        ...

    def kf_move(self, *, open_kfid: str, external_userid: str, state: int, servicer: str = "") -> None:
        """Move the session to a state; 95016 where the platform does not allow it."""
        ...
