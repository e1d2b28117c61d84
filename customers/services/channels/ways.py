"""Channels and their codes: made, staffed, paused, withdrawn."""

import dataclasses
import datetime as dt
import secrets
from collections.abc import Sequence

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from core import clock
from core.errors import BadInput, Refused
from customers.choices import ChannelKind, WayKind
from customers.models import Absence, AcquisitionChannel, ContactWay, Shift, WayMember
from customers.services.channels.pushing import push_soon
from staff.models import User
from staff.services.audit import write_audit

MOST_MEMBERS = 100  # what the platform puts behind one code


@dataclasses.dataclass(frozen=True)
class ShiftLine:
    """One line of the roster: a member, with hours on some weekdays or (no hours) always."""

    user_id: int
    daily_cap: int | None = None
    weekdays: tuple[int, ...] = ()
    starts: dt.time | None = None
    ends: dt.time | None = None


def save_channel(
    actor: User | None,
    *,
    name: str,
    kind: str,
    parent: AcquisitionChannel | None = None,
    welcome_text: str = "",
    tag_ids: Sequence[int] = (),
    channel: AcquisitionChannel | None = None,
) -> AcquisitionChannel:
    """Make or change a channel. Two levels; a child is of its parent's kind. Refused when the name is taken beside it."""
    target = channel or AcquisitionChannel(parent=parent)
    if target.parent is not None and target.parent.parent_id is not None:
        raise BadInput(_("Channels have two levels."), {"parent": _("Choose a channel of the first level.")})
    target.name, target.kind = name, target.parent.kind if target.parent else kind
    target.welcome_text, target.tag_ids = welcome_text, sorted(set(tag_ids))
    try:
        with transaction.atomic():
            target.save()
            write_audit(actor, "channel.saved", target, {"kind": target.kind})
    except IntegrityError as error:
        raise Refused(_("There is a channel of this name already."), "channel_exists") from error
    return target


@transaction.atomic
def archive_channel(actor: User, channel: AcquisitionChannel) -> None:
    """Take a channel out of sight. Refused while a code of it is in use; what it brought stays known."""
    in_use = ContactWay.objects.filter(channel=channel, withdrawn_at__isnull=True).exists()
    if in_use or channel.children.filter(archived_at__isnull=True).exists():
        raise Refused(_("Withdraw its codes first."), "channel_in_use")
    AcquisitionChannel.objects.filter(pk=channel.pk).update(archived_at=clock.now())
    write_audit(actor, "channel.archived", channel)


@transaction.atomic
def create_way(
    actor: User | None,
    *,
    channel: AcquisitionChannel,
    name: str,
    kind: str = WayKind.CODE,
    spare: User | None = None,
    skip_verify: bool = True,
    lines: Sequence[ShiftLine] = (),
) -> ContactWay:
    """A new code or link with the members behind it; it is made at the platform in a moment."""
    state = f"c_{secrets.token_hex(5)}"
    way = ContactWay.objects.create(channel=channel, kind=kind, name=name[:30], state=state, spare=spare, skip_verify=skip_verify)
    _staff(way, lines)
    write_audit(actor, "way.created", way, {"channel": channel.pk, "kind": kind})
    push_soon(way)
    return way


@transaction.atomic
def edit_way(actor: User, way: ContactWay, *, name: str, spare: User | None, lines: Sequence[ShiftLine]) -> None:
    """Change a code's name, members, shifts, caps and spare; what differs at the platform is changed in a moment."""
    ContactWay.objects.filter(pk=way.pk).update(name=name[:30], spare=spare)
    way.name, way.spare = name[:30], spare
    _staff(way, lines)
    write_audit(actor, "way.edited", way, {"members": len({line.user_id for line in lines})})
    push_soon(way)


def _staff(way: ContactWay, lines: Sequence[ShiftLine]) -> None:
    members = list(dict.fromkeys(line.user_id for line in lines))
    if not members:
        raise BadInput(_("A code needs somebody behind it."), {"lines": _("Choose at least one member.")})
    if len(members) > MOST_MEMBERS:
        raise BadInput(_("WeCom puts at most 100 members behind a code."), {"lines": ""})
    way.members.exclude(user__in=members).delete()
    for user_id in members:
        mine = [line for line in lines if line.user_id == user_id]
        cap = next((line.daily_cap for line in mine if line.daily_cap), None)
        member, _made = WayMember.objects.update_or_create(way=way, user_id=user_id, defaults={"daily_cap": cap})
        Shift.objects.filter(member=member).delete()
        Shift.objects.bulk_create(
            Shift(member=member, weekdays=sorted(set(line.weekdays)), starts=line.starts, ends=line.ends)
            for line in mine
            if line.weekdays and line.starts is not None and line.ends is not None
        )


@transaction.atomic
def pause_way(actor: User, way: ContactWay) -> None:
    """Newcomers go to the spare member from now on: a printed code cannot be switched off. Refused without a spare."""
    if way.spare_id is None:
        raise Refused(_("Choose a spare member first: whoever still scans the code must reach somebody."), "no_spare")
    ContactWay.objects.filter(pk=way.pk).update(paused_at=clock.now())
    write_audit(actor, "way.paused", way)
    push_soon(way)


@transaction.atomic
def resume_way(actor: User, way: ContactWay) -> None:
    """The members of the shifts answer again."""
    ContactWay.objects.filter(pk=way.pk).update(paused_at=None)
    write_audit(actor, "way.resumed", way)
    push_soon(way)


@transaction.atomic
def withdraw_way(actor: User, way: ContactWay) -> None:
    """Delete the code at the platform for good; whoever came by it stays known as having come by it."""
    if way.withdrawn_at is not None:
        return
    ContactWay.objects.filter(pk=way.pk).update(withdrawn_at=clock.now())
    write_audit(actor, "way.withdrawn", way)
    push_soon(way)


@transaction.atomic
def add_absence(actor: User | None, *, user: User, starts_on: dt.date, ends_on: dt.date, reason: str = "") -> Absence:
    """A member of staff is away on these days: every code they stand behind is looked at again now and when they are back."""
    if ends_on < starts_on:
        raise BadInput(_("The last day lies before the first."), {"ends_on": _("Choose a later day.")})
    absence = Absence.objects.create(user=user, starts_on=starts_on, ends_on=ends_on, reason=reason[:60])
    write_audit(actor, "absence.added", absence, {"user": user.pk, "from": str(starts_on), "until": str(ends_on)})
    _look_again(user)
    return absence


@transaction.atomic
def end_absence(actor: User, absence: Absence) -> None:
    """They are back earlier, or never went."""
    write_audit(actor, "absence.ended", absence, {"user": absence.user_id})
    absence.delete()
    _look_again(absence.user)


def _look_again(user: User) -> None:
    theirs = ContactWay.objects.filter(withdrawn_at__isnull=True, members__user=user)
    for way in (theirs | ContactWay.objects.filter(withdrawn_at__isnull=True, spare=user)).distinct().only("pk"):
        push_soon(way)


def install_starters(actor: User) -> int:
    """Three codes to begin with, all answered by whoever installs them; how many were new."""
    made = 0
    starters = (
        (ChannelKind.STORE, _("Store counter")),
        (ChannelKind.XIAOHONGSHU, _("Xiaohongshu notes")),
        (ChannelKind.OTA_CARD, _("Parcel card")),
    )
    for kind, name in starters:
        root = AcquisitionChannel.objects.filter(parent=None, kind=kind).first()
        root = root or save_channel(actor, name=str(ChannelKind(kind).label), kind=kind)
        if not ContactWay.objects.filter(channel=root, withdrawn_at__isnull=True).exists():
            create_way(actor, channel=root, name=name, lines=[ShiftLine(actor.pk)])
            made += 1
    return made
