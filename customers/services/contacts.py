"""WeCom friends: a callback is only a hint; what the platform says when asked is the truth."""

import datetime as dt
import logging

from django.db import transaction

from core import clock
from core.choices import Lane
from core.errors import Later
from core.event_types import ContactAdded, ContactLost
from core.events import record
from core.jobs import enqueue, job
from customers.choices import Gender, RelationState
from customers.models import Customer, Relationship
from customers.services import keys
from customers.services.resolve import Profile, resolve
from gateways import services as border
from gateways.errors import GatewayError
from gateways.queries import callback_fields
from gateways.wecom import CallbackEvent, Contact, FollowUser, wecom
from staff.models import User

logger = logging.getLogger(__name__)

GENDERS = {1: Gender.MALE, 2: Gender.FEMALE}
ADDED = {"add_external_contact", "add_half_external_contact"}
LOST = {"del_follow_user": RelationState.DELETED_BY_CUSTOMER, "del_external_contact": RelationState.DELETED_BY_STAFF}
NOT_A_CONTACT_YET = "84061"  # may pass within seconds of adding
WAITS = (5.0, 30.0, 120.0)


def receive_callback(event: CallbackEvent, body: str) -> None:
    """Keep a verified callback and remember to work on it; a retry of the vendor changes nothing. In a transaction."""
    callback_id = border.store_callback(
        source="wecom",
        dedupe_key=event.dedupe_key,
        body=body,
        kind=f"{event.fields.get('Event', '')}/{event.fields.get('ChangeType', '')}",
    )
    if callback_id is not None:
        enqueue(apply_callback, key=str(callback_id), callback_id=callback_id)


@job(Lane.CHAT)
def apply_callback(callback_id: int) -> None:
    """Bring our state in line with what the callback hints at. The chat lane: a welcome must go out within 20 s."""
    fields = callback_fields(callback_id)
    if fields.get("Event") == "change_external_contact":
        _apply_contact_change(callback_id, fields)
    border.mark_callback_processed(callback_id)


def _apply_contact_change(callback_id: int, fields: dict[str, str]) -> None:
    change, external_userid = fields.get("ChangeType", ""), fields.get("ExternalUserID", "")
    if change in LOST:
        end_relationship(fields.get("UserID", ""), external_userid, LOST[change])
        return
    try:
        contact = wecom().get_contact(external_userid)
    except GatewayError as error:
        wait = _wait_for_contact(error, fields)
        if wait is None:
            raise
        raise Later(wait, "the platform does not show the new contact yet") from error
    welcome = fields.get("WelcomeCode", "") if change in ADDED else ""
    save_contact(contact, welcome_code=welcome, welcome_userid=fields.get("UserID", ""), key=f"callback:{callback_id}")


def _wait_for_contact(error: GatewayError, fields: dict[str, str]) -> float | None:
    """How long to wait for a contact the platform does not show yet; None when it is no longer worth it."""
    created = fields.get("CreateTime", "")
    if error.errcode != NOT_A_CONTACT_YET or not created.isdigit():
        return None
    age = clock.now().timestamp() - int(created)
    return next((wait for wait in WAITS if age < wait * 2), None)


def save_contact(contact: Contact, *, key: str, welcome_code: str = "", welcome_userid: str = "") -> Customer:
    """Make or find the customer behind a contact and set each member's relation as the platform tells it."""
    told = [keys.unionid(contact.unionid)] if contact.unionid else []
    told.append(keys.external_userid(contact.external_userid))
    members = {user.wecom_userid: user for user in User.objects.filter(wecom_userid__in=[f.userid for f in contact.follow_users])}
    with transaction.atomic():
        customer = resolve(told, source="wecom", profile=Profile(nickname=contact.name)).customer
        _fill_profile(customer, contact, members)
        for follow in contact.follow_users:
            user = members.get(follow.userid)
            if user is not None:
                code = welcome_code if follow.userid == welcome_userid else ""
                _save_relationship(customer, user, contact.external_userid, follow, key=key, welcome_code=code)
    return customer


def _fill_profile(customer: Customer, contact: Contact, members: dict[str | None, User]) -> None:
    """Fill what is empty; what staff wrote stays."""
    changes: dict[str, object] = {}
    if not customer.nickname and contact.name:
        changes["nickname"] = contact.name[:64]
    if not customer.gender and contact.gender in GENDERS:
        changes["gender"] = GENDERS[contact.gender]
    first = min(contact.follow_users, key=lambda follow: follow.created_at, default=None)
    owner = members.get(first.userid) if first else None
    if customer.owner_id is None and owner is not None:
        changes |= {"owner": owner, "department": owner.department}
    if changes:
        Customer.objects.filter(pk=customer.pk).update(**changes, updated_at=clock.now())


def _save_relationship(
    customer: Customer, user: User, external_userid: str, follow: FollowUser, *, key: str, welcome_code: str
) -> None:
    before = Relationship.objects.select_for_update().filter(user=user, external_userid=external_userid).first()
    is_new = before is None or before.state != RelationState.ACTIVE
    Relationship.objects.update_or_create(
        user=user,
        external_userid=external_userid,
        defaults={
            "customer": customer, "state": RelationState.ACTIVE, "add_way": max(0, follow.add_way),
            "channel_state": follow.state[:30], "added_at": follow.created_at, "ended_at": None,
        },
    )  # fmt: skip
    if is_new:
        fact = ContactAdded(customer.pk, user.pk, follow.state[:30], welcome_code)
        record(fact, key=f"contact.added:{user.pk}:{external_userid}:{int(follow.created_at.timestamp())}")
        logger.info("customer %s is now a friend of %s (%s)", customer.pk, user.pk, key)


def end_relationship(userid: str, external_userid: str, state: str, at: dt.datetime | None = None) -> None:
    """A friendship ended; nothing happens when it is unknown or over already."""
    with transaction.atomic():
        relation = (
            Relationship.objects.select_for_update(of=("self",))
            .filter(user__wecom_userid=userid, external_userid=external_userid, state=RelationState.ACTIVE)
            .first()
        )
        if relation is None:
            return
        relation.state, relation.ended_at = state, at or clock.now()
        relation.save(update_fields=["state", "ended_at"])
        by = "customer" if state == RelationState.DELETED_BY_CUSTOMER else "staff"
        fact = ContactLost(relation.customer_id, relation.user_id, by)
        record(fact, key=f"contact.lost:{relation.pk}:{int(relation.added_at.timestamp())}")
