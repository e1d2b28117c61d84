"""Showing a guarded value on request: allowed by role, with a reason, counted, and written down."""

import datetime as dt

from django.core.exceptions import PermissionDenied
from django.db.models import Count, Model, Q
from django.utils.translation import gettext as _

from core import clock
from core.errors import BadInput, Refused
from staff.choices import FieldClass
from staff.models import AuditEntry, User
from staff.rules import RevealCount, may_see_field, reason_complaint, reveal_wait
from staff.services.audit import write_audit

REVEAL = "reveal."


def reveal(
    actor: User, obj: Model, field: str, *, field_class: str = FieldClass.CONTACT, reason: str, ip: str | None = None
) -> None:
    """Record that `actor` sees the plain value of `obj.field` now; the caller shows it after this returns.

    PermissionDenied when the role may not; BadInput without a real reason; Refused ("reveal_limit") beyond the limits
    of staff/rules.py, which also leaves an entry, because many reveals are how customer lists are stolen.
    """
    if not (actor.is_active and (actor.is_superuser or may_see_field(actor.role, field_class))):
        raise PermissionDenied(_("Your role does not include this. Ask an administrator if you need it."))
    if reason_complaint(reason):
        raise BadInput(_("Say in a few words why you need it."), {"reason": _("Say in a few words why you need it.")})
    wait = reveal_wait(reveals_of(actor, clock.now()))
    if wait is not None:
        write_audit(actor, "reveal_refused.limit", obj, {"field": field}, ip=ip)
        hours = int(wait.total_seconds() // 3600)
        raise Refused(
            _("Too many reveals. Try again in %(hours)s h, or ask an administrator.") % {"hours": hours}, "reveal_limit"
        )
    write_audit(actor, f"{REVEAL}{field_class}", obj, {"field": field, "reason": reason.strip()[:200]}, ip=ip)


def reveals_of(actor: User, at: dt.datetime) -> RevealCount:
    """How often the actor revealed anything in the hour and the day before `at`."""
    since = at - dt.timedelta(days=1)
    found = AuditEntry.objects.filter(actor=actor, at__gt=since, action__startswith=REVEAL).aggregate(
        day=Count("id"), hour=Count("id", filter=Q(at__gt=at - dt.timedelta(hours=1)))
    )
    return RevealCount(last_hour=found["hour"], last_day=found["day"])
