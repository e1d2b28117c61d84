"""The people of the messaging and campaign tests: members of staff, their friends, what they agreed to."""

import datetime as dt
import uuid
from typing import Any

from core.secrets import lookup_hash, seal
from customers.choices import Channel, IdentityKind, Purpose, RelationState
from customers.models import Consent, Customer, Identity, Relationship, Suppression
from messaging.choices import MessageState
from messaging.models import Content, MassTask, Message
from messaging.queries import TouchPlan
from staff.models import AgencyPolicy, User

NOON = dt.datetime(2026, 11, 18, 4, tzinfo=dt.UTC)  # a Wednesday, 12:00 in Shanghai


def make_member(username: str, **fields: Any) -> User:
    """A member of staff with a WeCom account of the same name."""
    values = {"display_name": username.title(), "wecom_userid": username, "role": "sales", "row_scope": "all"} | fields
    return User.objects.create(username=username, **values)


def make_customer(name: str = "", *, friend_of: User | None = None, consents: bool = True) -> Customer:
    """A customer; by default nobody's friend, who agreed to marketing."""
    customer = Customer.objects.create(name=name)
    if friend_of:
        befriend(customer, friend_of)
    if consents:
        consent(customer)
    return customer


def befriend(customer: Customer, member: User, *, external_userid: str = "", **fields: Any) -> Relationship:
    """An active WeCom friendship, an hour old."""
    values = {"added_at": NOON - dt.timedelta(hours=1), "state": RelationState.ACTIVE} | fields
    return Relationship.objects.create(
        customer=customer, user=member, external_userid=external_userid or f"wm_{customer.id}_{member.username}", **values
    )


def consent(
    customer: Customer, granted: bool = True, *, channel: str = Channel.ANY, at: dt.datetime | None = None,
    purpose: str = Purpose.MARKETING,
) -> Consent:  # fmt: skip
    """An entry in force of the consent ledger, for marketing by default."""
    return Consent.objects.create(
        customer=customer, purpose=purpose, channel=channel, granted=granted, text_version="1", source="test",
        at=at or NOON - dt.timedelta(days=30),
    )  # fmt: skip


def suppress_phone(customer: Customer, phone: str = "13800000001") -> None:
    """The customer's phone number stands on the suppression list."""
    digest = lookup_hash("phone", phone)
    Identity.objects.create(customer=customer, kind=IdentityKind.PHONE, value_hash=digest, value_sealed=seal(phone))
    Suppression.objects.create(kind=IdentityKind.PHONE, value_hash=digest, reason="asked us to stop")


def make_content(**fields: Any) -> Content:
    """A text with a card."""
    values = {
        "name": "Autumn", "text": "秋天的云南", "card_title": "云南六日", "card_page": "pages/product/index?code=P01",
        "product_code": "P01", "card_image": PNG,
    } | fields  # fmt: skip
    return Content.objects.create(**values)


def make_touch(customer: Customer, member: User, at: dt.datetime, *, state: str = MessageState.SENT, **fields: Any) -> Message:
    """A mass message the customer had, or waits for, by another campaign (number 900)."""
    name = uuid.uuid4().hex
    task = MassTask.objects.create(key=name, token=name, sender=member, content=make_content(), campaign_id=900)
    sent = {"sent_at": at} if state == MessageState.SENT else {}
    values = {"channel": Channel.WECOM, "purpose": Purpose.MARKETING, "campaign_id": 900, "created_at": at, "task": task}
    return Message.objects.create(key=name, customer=customer, sender=member, state=state, **(values | sent | fields))


def plan(at: dt.datetime = NOON, **fields: Any) -> TouchPlan:
    """A touch of everybody."""
    values: dict[str, Any] = {
        "audience": ("SELECT id FROM customers_customer WHERE merged_into_id IS NULL", []), "at": at, "policy": AgencyPolicy(),
    }  # fmt: skip
    return TouchPlan(**(values | fields))


# A valid 1x1 picture.
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360606060000000050001a5f6"
    "45400000000049454e44ae426082"
)
