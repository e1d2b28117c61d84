"""What WeCom offers around contacts: members, group chats, contact ways (渠道活码), customer-acquisition links, hand-over.

Part of `gateways.wecom`; import the names from there.
"""

import datetime as dt
import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Member:
    """A member of the corp whom our app may see."""

    userid: str
    name: str


@dataclass(frozen=True)
class GroupMember:
    """Somebody in a group chat. `kind`: 1 member of the corp, 2 external; `join_scene`: 1 invited, 2 by link, 3 by QR code."""

    userid: str
    kind: int
    name: str
    joined_at: dt.datetime | None
    join_scene: int
    unionid: str = ""


@dataclass(frozen=True)
class GroupChat:
    """A customer group chat with everybody in it."""

    chat_id: str
    name: str
    owner: str
    created_at: dt.datetime | None
    notice: str
    members: tuple[GroupMember, ...]


@dataclass(frozen=True)
class GroupChatPage:
    """One page of chat ids. Read on while `next_cursor` is not empty."""

    chat_ids: tuple[str, ...]
    next_cursor: str


@dataclass(frozen=True)
class ContactWay:
    """A contact-me code: who stands behind it, and the address of the platform's own picture of it."""

    config_id: str
    qr_code: str
    users: tuple[str, ...]
    state: str
    remark: str
    skip_verify: bool


@dataclass(frozen=True)
class AcquisitionLink:
    """A customer-acquisition link. `customer_channel=<state>` added to `url` comes back as the contact's state."""

    link_id: str
    name: str
    url: str
    users: tuple[str, ...] = ()
    skip_verify: bool = True


@dataclass(frozen=True)
class AcquisitionQuota:
    """How many more friends may come by links. `expires_at` is the end of the next batch that runs out."""

    total: int
    balance: int
    expires_at: dt.datetime | None


@dataclass(frozen=True)
class AcquisitionCustomer:
    """Somebody who came by a link; `has_spoken`: they wrote first words to the member."""

    external_userid: str
    userid: str
    has_spoken: bool
    state: str


@dataclass(frozen=True)
class LinkCustomerPage:
    """One page of those who came by a link. Read on while `next_cursor` is not empty."""

    customers: tuple[AcquisitionCustomer, ...]
    next_cursor: str


class TransferState(enum.IntEnum):
    """Where the hand-over of one customer stands; accepted by itself after 24 hours."""

    DONE = 1
    WAITING = 2
    REFUSED = 3
    AT_LIMIT = 4
    UNKNOWN = 5


@dataclass(frozen=True)
class Transfer:
    """One customer of a hand-over."""

    external_userid: str
    state: TransferState
    taken_at: dt.datetime | None


class Growth(Protocol):
    """The part of `gateways.wecom.WeCom` that this module's types belong to."""

    def list_members(self) -> list[Member]:
        """The members in our app's scope."""
        ...

    def list_contact_ids(self, userid: str) -> list[str]:
        """The external_userids of one member; empty when there are none."""
        ...

    def list_group_chats(self, *, owners: Sequence[str] = (), cursor: str = "") -> GroupChatPage:
        """One page (1,000) of the corp's customer groups, or of those that up to 100 members own."""
        ...

    def get_group_chat(self, chat_id: str) -> GroupChat:
        """One group chat with the names of its members; 40050 when it is gone."""
        ...

    def add_contact_way(self, *, users: Sequence[str], state: str, remark: str = "", skip_verify: bool = True) -> ContactWay:
        """A QR code for up to 100 members; state and remark up to 30 characters. Ask mode: each call makes a new code."""
        ...

    def get_contact_way(self, config_id: str) -> ContactWay:
        """One code; 41044 when it is gone."""
        ...

    def list_contact_ways(self, *, created_after: dt.datetime) -> list[str]:
        """The config_ids of codes made through the API since then (all pages); the platform looks back 90 days at most."""
        ...

    def contact_way_picture(self, qr_code: str) -> bytes:
        """The picture behind a code's `qr_code` address, PNG or JPEG; only from the platform's own picture host."""
        ...

    def update_contact_way(
        self, config_id: str, *, users: Sequence[str] | None = None, skip_verify: bool | None = None, remark: str | None = None
    ) -> None:
        """Change a code; None leaves a field as it is. The picture stays the same."""
        ...

    def delete_contact_way(self, config_id: str) -> None:
        """Withdraw a code for ever."""
        ...

    def list_links(self) -> list[str]:
        """The ids of all customer-acquisition links (all pages)."""
        ...

    def get_link(self, link_id: str) -> AcquisitionLink:
        """One link with its members."""
        ...

    def create_link(self, *, name: str, users: Sequence[str], skip_verify: bool = True) -> AcquisitionLink:
        """A new link for up to 500 members; name up to 30 characters. Ask mode."""
        ...

    def update_link(self, link_id: str, *, name: str | None = None, users: Sequence[str] | None = None) -> None:
        """Change a link; None leaves a field as it is."""
        ...

    def delete_link(self, link_id: str) -> None:
        """Withdraw a link."""
        ...

    def acquisition_quota(self) -> AcquisitionQuota:
        """How many friends may still come by links."""
        ...

    def list_link_customers(self, link_id: str, cursor: str = "") -> LinkCustomerPage:
        """One page (1,000) of those who came by a link."""
        ...

    def transfer_customers(
        self, *, from_userid: str, to_userid: str, external_userids: Sequence[str], message: str = ""
    ) -> list[str]:
        """Hand up to 100 customers of a member in service to a colleague; the external_userids the platform refused."""
        ...

    def transfer_results(self, *, from_userid: str, to_userid: str) -> list[Transfer]:
        """Where the hand-overs from one member to another stand (all pages)."""
        ...
