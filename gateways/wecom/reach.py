"""What WeCom offers to reach many: Moments (客户朋友圈), messages to customer groups; and the sidebar's signatures.

Part of `gateways.wecom`; import the names from there.
"""

import datetime as dt
import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


class MomentJobState(enum.IntEnum):
    """Where the creation of a Moments task stands."""

    CREATED = 1
    RUNNING = 2
    DONE = 3


@dataclass(frozen=True)
class MomentJob:
    """The creation of a Moments task; `moment_id` once it is done, `invalid_senders` are members it could not ask."""

    state: MomentJobState
    moment_id: str = ""
    errcode: str = ""
    invalid_senders: tuple[str, ...] = ()


@dataclass(frozen=True)
class MomentPublisher:
    """A member asked to publish, and whether they did."""

    userid: str
    is_published: bool


@dataclass(frozen=True)
class MomentSign:
    """A like or a comment of an external person under a member's Moment."""

    external_userid: str
    is_comment: bool
    at: dt.datetime


@dataclass(frozen=True)
class GroupDelivery:
    """What became of a message to one group: 0 not sent, 1 sent, 2 the owner left it, 3 over the cap."""

    chat_id: str
    status: int


@dataclass(frozen=True)
class Ticket:
    """A ticket that page signatures are made with; good for `seconds`."""

    text: str
    seconds: int


class Reach(Protocol):
    """The part of `gateways.wecom.WeCom` that this module's types belong to."""

    def create_moment(
        self, *, text: str, userids: Sequence[str], tag_ids: Sequence[str] = (), link_title: str = "", link_url: str = ""
    ) -> str:
        """Ask members to publish a Moment; the job's id, good for 24 hours. `userids` must not be empty: WeCom would ask
        everybody. Moments carry no mini-program card; a link stands for it. Ask mode: each call makes a new task."""
        ...

    def moment_job(self, jobid: str) -> MomentJob:
        """Where the creation stands."""
        ...

    def moment_publishers(self, moment_id: str) -> list[MomentPublisher]:
        """Who was asked, and who has published (all pages)."""
        ...

    def moment_signs(self, moment_id: str, userid: str) -> list[MomentSign]:
        """Likes and comments under one member's Moment."""
        ...

    def cancel_moment(self, moment_id: str) -> None:
        """Withdraw the task from members who have not published."""
        ...

    def create_group_task(self, *, owner: str, chat_ids: Sequence[str], text: str) -> str:
        """Ask a group owner to send a text to up to 2,000 of their groups; the msgid. Ask mode."""
        ...

    def group_task_results(self, msgid: str, owner: str) -> list[GroupDelivery]:
        """What became of each group (all pages). Asked too early it raises 41063 (retryable)."""
        ...

    def page_ticket(self, *, for_agent: bool) -> Ticket:
        """The ticket for `wx.config` (corp) or `wx.agentConfig` (our app). At most 400 and 100 calls an hour: keep it."""
        ...

    def member_of_code(self, code: str) -> str:
        """The userid of the member who opened a page with this OAuth code; empty for somebody outside the corp."""
        ...
