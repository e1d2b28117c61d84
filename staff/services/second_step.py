"""The optional second step of a log-in: an authenticator app (TOTP), and recovery codes for when the phone is gone."""

import secrets

from django.db import transaction
from django.utils.translation import gettext as _
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken

from core.errors import Refused
from core.secrets import lookup_hash
from staff.models import Authenticator, User
from staff.services.audit import write_audit

RECOVERY_CODES = 10
APP = "app"
RECOVERY = "recovery"


def confirmed_device(user: User) -> Authenticator | None:
    """The authenticator app that is in force for a user, if any."""
    found: Authenticator | None = Authenticator.objects.filter(user=user, confirmed=True).first()
    return found


def pending_device(user: User) -> Authenticator:
    """The app being set up: one unconfirmed secret per user, kept until it is confirmed."""
    device: Authenticator
    device, _created = Authenticator.objects.get_or_create(user=user, confirmed=False, defaults={"name": APP})
    return device


@transaction.atomic
def confirm_app(user: User, code: str, *, ip: str | None = None) -> list[str] | None:
    """Turn the second step on when the code is right; the recovery codes, to be shown once. None when it is wrong."""
    device = Authenticator.objects.select_for_update().filter(user=user, confirmed=False).first()
    if device is None or not device.verify_token(code):
        return None
    Authenticator.objects.filter(user=user, confirmed=True).delete()
    device.confirmed = True
    device.save(update_fields=["confirmed"])
    write_audit(user, "staff.second_step_on", user, ip=ip)
    return _new_codes(user)


@transaction.atomic
def renew_codes(user: User, *, ip: str | None = None) -> list[str]:
    """New recovery codes; the old ones are void."""
    if confirmed_device(user) is None:
        raise Refused(_("Turn on two-step log-in first."), "no_second_step")
    write_audit(user, "staff.recovery_codes_renewed", user, ip=ip)
    return _new_codes(user)


@transaction.atomic
def remove_second_step(actor: User, user: User, *, ip: str | None = None) -> None:
    """Turn the second step off, by the person or by an administrator when phone and codes are lost."""
    Authenticator.objects.filter(user=user).delete()
    StaticDevice.objects.filter(user=user).delete()
    write_audit(actor, "staff.second_step_off", user, ip=ip)


def check_code(user: User, code: str) -> Authenticator | StaticDevice | None:
    """The device whose code this is; None when wrong or asked too often (the wait doubles with each wrong code).

    A recovery code works once.
    """
    digits = "".join(code.split())
    for device in Authenticator.objects.filter(user=user, confirmed=True):
        if device.verify_token(digits):
            return device
    for spare in StaticDevice.objects.filter(user=user, confirmed=True):
        if len(digits) > 6 and spare.verify_token(_hashed(user, digits)):
            return spare
    return None


def codes_left(user: User) -> int:
    """How many recovery codes are unused."""
    return int(StaticToken.objects.filter(device__user=user).count())


def _new_codes(user: User) -> list[str]:
    StaticDevice.objects.filter(user=user).delete()
    device = StaticDevice.objects.create(user=user, name=RECOVERY, confirmed=True)
    codes = [f"{secrets.token_hex(2)}-{secrets.token_hex(2)}-{secrets.token_hex(2)}" for _number in range(RECOVERY_CODES)]
    StaticToken.objects.bulk_create([StaticToken(device=device, token=_hashed(user, code)) for code in codes])
    return codes


def _hashed(user: User, code: str) -> str:
    """Recovery codes are stored as a keyed hash, so that the table alone opens no account."""
    return lookup_hash(f"recovery:{user.pk}", code.replace("-", "").lower()).hex()[:16]
