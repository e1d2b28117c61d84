"""WeCom (企业微信): contacts, corp tags, mass-send tasks, welcome, staff messages, callbacks.

`wecom()` gives the client chosen in settings. Every method may raise `GatewayError`. Vendor ids keep the vendor's
spelling. Nothing reaches a customer by `create_mass_task` alone: a member must confirm it on the phone.
"""

import datetime as dt
import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, cast

from gateways.registry import gateway
from gateways.wecom.growth import (
    AcquisitionCustomer,
    AcquisitionLink,
    AcquisitionQuota,
    ContactWay,
    GroupChat,
    GroupChatPage,
    GroupMember,
    Growth,
    LinkCustomerPage,
    Member,
    Transfer,
    TransferState,
)
from gateways.wecom.kf import Kf, KfCustomer, KfMessage, KfPage
from gateways.wecom.reach import GroupDelivery, MomentJob, MomentJobState, MomentPublisher, MomentSign, Reach, Ticket

__all__ = [
    "AcquisitionCustomer",
    "AcquisitionLink",
    "AcquisitionQuota",
    "Attachment",
    "CallbackEvent",
    "Confirmation",
    "ConfirmationStatus",
    "Contact",
    "ContactPage",
    "ContactTag",
    "ContactWay",
    "CorpTag",
    "Delivery",
    "DeliveryStatus",
    "FollowUser",
    "GroupChat",
    "GroupChatPage",
    "GroupDelivery",
    "GroupMember",
    "ImageAttachment",
    "Kf",
    "KfCustomer",
    "KfMessage",
    "KfPage",
    "LinkAttachment",
    "LinkCustomerPage",
    "MassTask",
    "MassTaskSummary",
    "Media",
    "Member",
    "MiniProgramAttachment",
    "MomentJob",
    "MomentJobState",
    "MomentPublisher",
    "MomentSign",
    "TagGroup",
    "Ticket",
    "Transfer",
    "TransferState",
    "WeCom",
    "wecom",
]  # fmt: skip


@dataclass(frozen=True)
class ContactTag:
    """A tag one member gave a contact. `kind`: 1 corp tag, 2 the member's own, 3 rule group. Batch reads know only the id."""

    tag_id: str
    name: str = ""
    group_name: str = ""
    kind: int = 1


@dataclass(frozen=True)
class FollowUser:
    """One member's side of a friendship. `add_way` and `state` say where it came from; `created_at` is aware UTC."""

    userid: str
    remark: str
    description: str
    created_at: dt.datetime
    tags: tuple[ContactTag, ...]
    remark_mobiles: tuple[str, ...]
    add_way: int
    state: str


@dataclass(frozen=True)
class Contact:
    """An external contact. `kind`: 1 WeChat user, 2 WeCom user; `gender`: 0 unknown, 1 male, 2 female.

    `unionid` is empty unless the corp is bound to an open-platform account. A batch read carries exactly one follow user.
    """

    external_userid: str
    name: str
    avatar: str
    kind: int
    gender: int
    unionid: str
    follow_users: tuple[FollowUser, ...]


@dataclass(frozen=True)
class ContactPage:
    """One page of a batch read; a contact may stand on two pages. Read on while `next_cursor` is not empty."""

    contacts: tuple[Contact, ...]
    next_cursor: str


@dataclass(frozen=True)
class CorpTag:
    """A tag of the corp's library."""

    id: str
    name: str
    order: int = 0


@dataclass(frozen=True)
class TagGroup:
    """A group of corp tags. Only tags our own app made can be renamed or deleted."""

    group_id: str
    name: str
    tags: tuple[CorpTag, ...]
    order: int = 0


@dataclass(frozen=True)
class ImageAttachment:
    """A picture, by the id of an uploaded medium (valid three days)."""

    media_id: str


@dataclass(frozen=True)
class LinkAttachment:
    """A web link. Title up to 128 bytes, description up to 512 bytes of UTF-8."""

    title: str
    url: str
    picurl: str = ""
    desc: str = ""


@dataclass(frozen=True)
class MiniProgramAttachment:
    """A mini-program card. Title up to 64 bytes of UTF-8; `media_id` is its cover, 520 x 416."""

    title: str
    media_id: str
    appid: str
    page: str


Attachment = ImageAttachment | LinkAttachment | MiniProgramAttachment


@dataclass(frozen=True)
class MassTask:
    """A mass-send task was created; `fail_list` holds the external_userids that the platform did not take."""

    msgid: str
    fail_list: tuple[str, ...]


@dataclass(frozen=True)
class MassTaskSummary:
    """A task as the platform lists it: enough to recognise our own after an answer was lost."""

    msgid: str
    create_time: dt.datetime
    text: str
    attachments: tuple[Attachment, ...]


class ConfirmationStatus(enum.IntEnum):
    """What a member did with a task."""

    UNCONFIRMED = 0
    CONFIRMED = 2


class DeliveryStatus(enum.IntEnum):
    """What became of one customer's message."""

    NOT_SENT = 0
    SENT = 1
    NOT_FRIEND = 2
    OVER_CAP = 3


@dataclass(frozen=True)
class Confirmation:
    """One member's answer to a task; `send_time` is None until confirmed."""

    userid: str
    status: ConfirmationStatus
    send_time: dt.datetime | None


@dataclass(frozen=True)
class Delivery:
    """One customer's result of a task; `send_time` is None until sent."""

    external_userid: str
    userid: str
    status: DeliveryStatus
    send_time: dt.datetime | None


@dataclass(frozen=True)
class Media:
    """An uploaded temporary medium. `expires_at` is six hours before the platform's three days are over."""

    media_id: str
    expires_at: dt.datetime


@dataclass(frozen=True)
class CallbackEvent:
    """A verified, decrypted callback: its XML leaves as plain text, and the key that makes retries one.

    Nested elements are joined by dots, repeated ones by commas: `MemChangeList.Item` -> "u1,u2".
    """

    fields: dict[str, str]
    dedupe_key: str


class WeCom(Growth, Kf, Reach, Protocol):
    """What we use of WeCom. Times are aware UTC."""

    def list_follow_users(self) -> list[str]:
        """The userids of members who may have external contacts."""
        ...

    def get_contact(self, external_userid: str) -> Contact:
        """One contact with all members who follow it (all pages)."""
        ...

    def list_contacts(self, userids: Sequence[str], cursor: str = "") -> ContactPage:
        """One page of the contacts of up to 100 members: the workhorse of synchronisation."""
        ...

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
        """Change a member's notes on a contact. None leaves a field as it is; an empty value clears it."""
        ...

    def list_corp_tags(self, *, tag_ids: Sequence[str] = (), group_ids: Sequence[str] = ()) -> list[TagGroup]:
        """The corp's tag library, or the named part of it. Deleted tags and groups are left out."""
        ...

    def add_corp_tag(self, group_name: str, names: Sequence[str], *, group_id: str = "") -> TagGroup:
        """Add tags to a group (made when missing); the group with the tags just added. Names up to 30 characters."""
        ...

    def edit_corp_tag(self, *, tag_id: str, name: str | None = None, order: int | None = None) -> None:
        """Rename or reorder a tag or a group that our app made."""
        ...

    def delete_corp_tag(self, *, tag_ids: Sequence[str] = (), group_ids: Sequence[str] = ()) -> None:
        """Delete tags or groups that our app made."""
        ...

    def mark_tag(self, *, userid: str, external_userid: str, add: Sequence[str] = (), remove: Sequence[str] = ()) -> None:
        """Put corp tags on one member's contact and take others off. Mutual exclusion is our rule, not the platform's."""
        ...

    def send_welcome(self, *, welcome_code: str, text: str, attachments: Sequence[Attachment] = ()) -> None:
        """Greet a new contact: at most once, within 20 s of the callback."""
        ...

    def create_mass_task(
        self, *, sender: str, external_userids: Sequence[str], text: str, attachments: Sequence[Attachment] = ()
    ) -> MassTask:
        """Ask a member to send a message to up to 10,000 contacts. Ask mode: the platform does not de-duplicate."""
        ...

    def list_mass_tasks(self, *, created_after: dt.datetime, created_before: dt.datetime) -> list[MassTaskSummary]:
        """The corp's single-chat tasks created in a window (all pages): how an `unknown` creation is settled."""
        ...

    def mass_task_confirmations(self, msgid: str) -> list[Confirmation]:
        """Which members confirmed a task (all pages). Asked too early it raises 41063 (retryable)."""
        ...

    def mass_task_results(self, msgid: str, userid: str) -> list[Delivery]:
        """What became of each of one member's customers (all pages)."""
        ...

    def remind_mass_task(self, msgid: str) -> None:
        """Remind the members who have not confirmed; at most three times in 24 h."""
        ...

    def cancel_mass_task(self, msgid: str) -> None:
        """Withdraw a task from members who have not confirmed."""
        ...

    def upload_media(self, *, kind: str, filename: str, content: bytes) -> Media:
        """Upload a temporary medium; `kind` is image, voice, video or file."""
        ...

    def send_staff_message(self, *, userids: Sequence[str], title: str, description: str, url: str) -> list[str]:
        """A text card to members; the userids the platform could not reach. The platform silently drops over 30 a minute."""
        ...

    def decrypt_callback(self, query: Mapping[str, str], body: bytes) -> CallbackEvent:
        """Verify and decrypt a POST callback; raises `CallbackRefused`. Call it in the transaction that stores the event."""
        ...

    def verify_url(self, query: Mapping[str, str]) -> str:
        """Answer the GET by which WeCom checks our URL: the plain echo text; raises `CallbackRefused`."""
        ...


def wecom() -> WeCom:
    """The WeCom client chosen in settings.GATEWAYS."""
    return cast(WeCom, gateway("wecom"))
