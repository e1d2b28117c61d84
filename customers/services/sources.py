"""Sources and their keys: made, rotated, revoked, paused."""

import base64
import dataclasses
import datetime as dt
import os

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from core import clock
from core.errors import BadInput, Refused
from core.secrets import seal
from customers.intake.kinds import SOURCES
from customers.intake.signing import PREFIX, SECRET_BYTES
from customers.models import Source, SourceKey
from staff.models import User
from staff.services import write_audit

MAX_KEYS = 2


def create_source(*, code: str, kind: str, name: str, user: User | None) -> Source:
    """Make a source. BadInput when the code is taken or the kind unknown."""
    if kind not in SOURCES:
        raise BadInput(_("Choose what kind of system it is."), {"kind": _("is not known")})
    try:
        with transaction.atomic():
            source = Source.objects.create(code=code, kind=kind, name=name, created_by=user)
            if user is not None:
                write_audit(user, "source.created", source, {"code": code, "kind": kind})
    except IntegrityError as error:
        raise BadInput(_("This code is taken."), {"code": _("This code is taken.")}) from error
    return source


@transaction.atomic
def create_key(source: Source, *, user: User | None) -> tuple[SourceKey, str]:
    """A new key and its secret, which is never shown again. Refused when two keys are valid already."""
    Source.objects.select_for_update().get(pk=source.pk)
    if source.keys.filter(revoked_at__isnull=True).count() >= MAX_KEYS:
        raise Refused(_("Two keys are valid already. Revoke the old one first."), "two_keys")
    secret = PREFIX + base64.b64encode(os.urandom(SECRET_BYTES)).decode()
    key = SourceKey.objects.create(source=source, hint=secret[-6:], secret_sealed=seal(secret), created_by=user)
    if user is not None:
        write_audit(user, "source.key_created", source, {"key": key.pk})
    return key, secret


@transaction.atomic
def revoke_key(key: SourceKey, *, user: User) -> None:
    """From now on nothing signed with this key is believed. A second revocation changes nothing."""
    if SourceKey.objects.filter(pk=key.pk, revoked_at__isnull=True).update(revoked_at=clock.now()):
        write_audit(user, "source.key_revoked", key.source, {"key": key.pk})


@transaction.atomic
def pause_source(source: Source, *, paused: bool, user: User) -> None:
    """Stop or resume taking in what the source sends; a paused source is told to come back later."""
    if Source.objects.filter(pk=source.pk, is_paused=not paused).update(is_paused=paused):
        write_audit(user, "source.paused" if paused else "source.resumed", source, {})


def note_key_use(key_id: int, last_used_at: dt.datetime | None) -> None:
    """Write down, at most once a minute, that a key was used."""
    now = clock.now()
    if last_used_at is None or now - last_used_at > dt.timedelta(minutes=1):
        SourceKey.objects.filter(pk=key_id).update(last_used_at=now)


@dataclasses.dataclass(frozen=True)
class Check:
    """One question about a connection: how it was answered, and the exact thing to do when it is not well."""

    label: str
    is_good: bool
    fix: str = ""


def check_source(source: Source) -> list[Check]:
    """Go through everything a source needs to get its data in, one by one; nothing is changed."""
    now, valid = clock.now(), source.keys.filter(revoked_at__isnull=True)
    used = valid.filter(last_used_at__isnull=False).exists()
    quiet = source.last_event_at is None or now - source.last_event_at > dt.timedelta(days=1)
    waiting = source.rejections.filter(state="open").count()
    if SOURCES[source.kind].connector:
        return [Check(_("The source takes data in"), not source.is_paused, _("It is paused. Press “Resume”."))]
    https = settings.PUBLIC_URL.startswith("https://") or settings.PLATFORM_MODE == "sim"
    return [
        Check(_("The source takes data in"), not source.is_paused, _("It is paused. Press “Resume”.")),
        Check(_("It has a valid key"), valid.exists(), _("Create a key and give its secret to the other system.")),
        Check(_("Our address can be reached safely"), https, _("Set SCRM_PUBLIC_URL to the https:// address of this system.")),
        Check(
            _("A signed message has arrived"),
            used,
            _("Run the sample sender with the secret; 403 means a wrong secret or clock."),
        ),
        Check(_("Data came within a day"), not quiet, _("Ask the other system's operator whether it is running.")),
        Check(
            _("Nothing waits that could not be taken"),
            waiting == 0,
            _("Look at the items below, mend the sender, then replay."),
        ),
    ]
