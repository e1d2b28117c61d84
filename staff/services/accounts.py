"""Staff accounts: made, changed, ended; passwords and sessions."""

import secrets
from collections.abc import Mapping
from typing import Any

from axes.utils import reset as forget_failures
from django.db import transaction
from django.utils.translation import gettext as _

from core.errors import Refused
from staff.choices import Role
from staff.models import User
from staff.rules import changes, temporary_password
from staff.services.audit import write_audit

FIELDS = ("username", "display_name", "department", "role", "row_scope", "wecom_userid")


@transaction.atomic
def create_user(actor: User, *, ip: str | None = None, **fields: Any) -> tuple[User, str]:
    """A new account and its temporary password, which is shown once and must be changed at the first log-in."""
    password = new_temporary_password()
    user = User(**fields, must_change_password=True)
    _apply_role(user)
    user.set_password(password)
    user.save()
    write_audit(actor, "staff.created", user, {"role": user.role, "row_scope": user.row_scope}, ip=ip)
    return user, password


@transaction.atomic
def adopt_members(names: Mapping[str, str]) -> dict[str, int]:
    """Sleeping accounts for WeCom members (userid -> name) who have none; userid -> id of the account.

    Nobody can log in to one until an administrator opens it: no password, not active, read-only, own customers.
    """
    for userid, name in sorted(names.items()):
        taken = User.objects.filter(username=userid[:150]).exists()
        user = User(
            username=f"wecom-{userid}"[:150] if taken else userid[:150], display_name=(name or userid)[:40],
            wecom_userid=userid, is_active=False, role=Role.READONLY, must_change_password=True,
        )  # fmt: skip
        _apply_role(user)
        user.set_unusable_password()
        User.objects.bulk_create([user], ignore_conflicts=True)
    return {str(u): pk for u, pk in User.objects.filter(wecom_userid__in=names).values_list("wecom_userid", "pk")}


@transaction.atomic
def update_user(actor: User, user_id: int, *, ip: str | None = None, **fields: Any) -> User:
    """Change an account. Refused: taking the administrator role from oneself or from the last one."""
    user = User.objects.select_for_update().get(pk=user_id)
    before = snapshot(user)
    if user.role == Role.ADMINISTRATOR and fields.get("role", user.role) != Role.ADMINISTRATOR:
        _keep_an_administrator(actor, user)
    for name, value in fields.items():
        setattr(user, name, value)
    _apply_role(user)
    user.save()
    changed = changes(before, snapshot(user))
    if changed:
        write_audit(actor, "staff.updated", user, {"changes": changed}, ip=ip)
    return user


def snapshot(user: User) -> dict[str, str]:
    """The audited fields as people read them."""
    return {name: str(getattr(user, name) or "") for name in FIELDS}


@transaction.atomic
def deactivate_user(actor: User, user_id: int, *, ip: str | None = None) -> User:
    """End an account: no log-in, and every session of it dies at once, also if the account is opened again later."""
    user = User.objects.select_for_update().get(pk=user_id)
    if not user.is_active:
        return user
    if user.pk == actor.pk:
        raise Refused(_("You cannot deactivate your own account."), "own_account")
    if user.role == Role.ADMINISTRATOR:
        _keep_an_administrator(actor, user)
    user.is_active = False
    user.session_epoch += 1
    user.save(update_fields=["is_active", "session_epoch"])
    write_audit(actor, "staff.deactivated", user, ip=ip)
    return user


@transaction.atomic
def activate_user(actor: User, user_id: int, *, ip: str | None = None) -> User:
    """Open an account again; its old sessions stay dead."""
    user = User.objects.select_for_update().get(pk=user_id)
    if user.is_active:
        return user
    user.is_active = True
    user.save(update_fields=["is_active"])
    write_audit(actor, "staff.activated", user, ip=ip)
    return user


@transaction.atomic
def reset_password(actor: User, user_id: int, *, ip: str | None = None) -> str:
    """A new temporary password; ends the sessions and forgets wrong tries, so that a locked account opens at once."""
    user = User.objects.select_for_update().get(pk=user_id)
    password = new_temporary_password()
    user.set_password(password)
    user.must_change_password = True
    user.session_epoch += 1
    user.save(update_fields=["password", "must_change_password", "session_epoch"])
    forget_failures(username=user.username)
    write_audit(actor, "staff.password_reset", user, ip=ip)
    return password


@transaction.atomic
def change_own_password(user: User, new_password: str, *, ip: str | None = None) -> None:
    """Set the password that the person chose; their other sessions die (the password is in the session's fingerprint)."""
    user.set_password(new_password)
    user.must_change_password = False
    user.save(update_fields=["password", "must_change_password"])
    write_audit(user, "staff.password_changed", user, ip=ip)


@transaction.atomic
def end_sessions(user: User, *, ip: str | None = None) -> None:
    """Log a person out everywhere."""
    user.session_epoch += 1
    user.save(update_fields=["session_epoch"])
    write_audit(user, "staff.sessions_ended", user, ip=ip)


def new_temporary_password() -> str:
    """A password to read out over the telephone: 16 letters and digits without look-alikes, in groups."""
    return temporary_password(secrets.choice)


def _apply_role(user: User) -> None:
    """Administrators may use the reference tables (Django admin); nobody else may."""
    user.is_staff = user.is_superuser = user.role == Role.ADMINISTRATOR


def _keep_an_administrator(actor: User, user: User) -> None:
    if user.pk == actor.pk:
        raise Refused(_("You cannot take the administrator role from yourself."), "own_role")
    # Locks all administrators, so that two of them cannot remove each other at the same moment.
    others = list(User.objects.select_for_update().filter(role=Role.ADMINISTRATOR, is_active=True).exclude(pk=user.pk))
    if not others:
        raise Refused(_("There must be at least one active administrator."), "last_administrator")
