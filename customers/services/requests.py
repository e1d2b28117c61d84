"""Requests by right: taken in with a due date, worked through, answered; each step written down."""

import datetime as dt
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from core import clock
from core.choices import Lane
from core.errors import BadInput, Refused
from core.jobs import job
from core.parsers import is_clean
from customers.choices import Gender, RequestKind, RequestState
from customers.models import Customer, DataRequest, Erasure
from customers.privacy.working_days import after_working_days
from customers.services import exports
from customers.services.erasure import erase, obstacles
from customers.services.notes import edit_profile
from staff.models import User
from staff.services import write_audit

OPEN_STATES = (RequestState.OPEN, RequestState.WORKING, RequestState.BLOCKED)
CORRECTABLE = frozenset({"name", "gender", "birthday", "city"})


def open_request(
    customer: Customer, *, kind: str, words: str = "", changes: dict[str, Any] | None = None, source: str = "mini",
    actor: User | None = None,
) -> DataRequest:  # fmt: skip
    """Take a request in. A copy is made at once by a job; an erasure says at once what stands in its way.

    Refused ("already_open") while the same request waits (copies and erasures).
    """
    clean = words.strip()
    _check(kind, clean, changes or {})
    now = clock.now()
    due = after_working_days(clock.shanghai_date(now), settings.RIGHTS_WORKING_DAYS)
    try:
        with transaction.atomic():
            request = DataRequest.objects.create(
                customer=customer, kind=kind, words=clean, changes=changes or {}, source=source, due_on=due, created_at=now
            )
    except IntegrityError as error:
        raise Refused(_("You asked for this already; it is being worked on."), "already_open") from error
    with transaction.atomic():
        if kind == RequestKind.EXPORT:
            exports.ask_for_export(request)
        if kind == RequestKind.ERASURE:
            _note_obstacles(request, customer)
        if actor is not None:
            write_audit(actor, "privacy.request_opened", request, {"kind": kind})
    return request


def _check(kind: str, words: str, changes: dict[str, Any]) -> None:
    if kind not in RequestKind.values:
        raise BadInput(_("There is no such request."), {"kind": _("There is no such request.")})
    if len(words) > 1000 or not is_clean(words):
        raise BadInput(_("At most 1,000 characters."), {"words": _("At most 1,000 characters.")})
    if kind in {RequestKind.CORRECTION, RequestKind.COMPLAINT} and not words and not changes:
        raise BadInput(_("Say what it is about."), {"words": _("Say what it is about.")})
    if changes and kind != RequestKind.CORRECTION:
        raise BadInput(_("Only a correction changes something."), {"changes": _("not for this kind of request")})
    _read_changes(changes)


def _read_changes(changes: dict[str, Any]) -> dict[str, Any]:
    """Corrections as clean values; BadInput for what cannot be."""
    wrong = {name: _("cannot be corrected here") for name in changes if name not in CORRECTABLE}
    values: dict[str, Any] = {}
    for name in changes.keys() & CORRECTABLE:
        value = changes[name]
        limit = {"name": 60, "city": 40}.get(name, 20)
        if not isinstance(value, str) or len(value) > limit or not is_clean(value):
            wrong[name] = _("text of at most %(limit)s characters") % {"limit": limit}
        elif name == "gender" and value not in Gender.values:
            wrong[name] = _("female, male or nothing")
        elif name == "birthday":
            values[name] = _birthday(value, wrong)
        else:
            values[name] = value.strip()
    if wrong:
        raise BadInput(_("Please check the marked fields."), wrong)
    return values


def _birthday(text: str, wrong: dict[str, str]) -> dt.date | None:
    try:
        day = dt.date.fromisoformat(text) if text else None
    except ValueError:
        day = None
        wrong["birthday"] = _("must be a date such as 2026-10-01")
    if day and not clock.today().year - 120 <= day.year <= clock.today().year:
        wrong["birthday"] = _("A birthday lies in the last 120 years.")
    return day


def _note_obstacles(request: DataRequest, customer: Customer) -> None:
    blocked = obstacles(customer)
    request.state = RequestState.BLOCKED if blocked else RequestState.OPEN
    request.blocked_by = [obstacle.code for obstacle in blocked]
    request.answer = "\n".join(obstacle.message for obstacle in blocked)
    request.save(update_fields=["state", "blocked_by", "answer"])


def _locked(request: DataRequest) -> DataRequest:
    """The request while it is open. Refused ("closed") otherwise."""
    current = DataRequest.objects.select_for_update(of=("self",)).select_related("customer").get(pk=request.pk)
    if current.state not in OPEN_STATES:
        raise Refused(_("This request is closed."), "closed")
    return current


def take(request: DataRequest, *, actor: User) -> DataRequest:
    """Somebody begins to work on it."""
    with transaction.atomic():
        current = _locked(request)
        current.taken_by = actor
        if current.state == RequestState.OPEN:
            current.state = RequestState.WORKING
        current.save(update_fields=["taken_by", "state"])
        write_audit(actor, "privacy.request_taken", current)
    return current


def close(request: DataRequest, *, actor: User, answer: str, refused: bool = False, ip: str | None = None) -> DataRequest:
    """Answer a request in words; refusing one needs a reason of at least ten characters, which the customer reads."""
    clean = answer.strip()
    if len(clean) > 1000 or not is_clean(clean) or (refused and len(clean) < 10):
        raise BadInput(_("Give the customer an answer they can understand."), {"answer": _("10 to 1,000 characters")})
    with transaction.atomic():
        current = _locked(request)
        current.state = RequestState.REFUSED if refused else RequestState.DONE
        current.answer, current.closed_by, current.closed_at = clean, actor, clock.now()
        current.save(update_fields=["state", "answer", "closed_by", "closed_at"])
        write_audit(actor, "privacy.request_refused" if refused else "privacy.request_answered", current, ip=ip)
    return current


def correct(request: DataRequest, *, actor: User, ip: str | None = None) -> DataRequest:
    """Make the corrections a customer asked for, and close the request."""
    with transaction.atomic():
        current = _locked(request)
        if current.kind != RequestKind.CORRECTION or current.customer is None or not current.changes:
            raise Refused(_("This request names no facts to correct; answer it in words."), "nothing_to_correct")
        edit_profile(current.customer, changes=_read_changes(current.changes))
        write_audit(actor, "customer.corrected", current.customer, {"fields": sorted(current.changes)}, ip=ip)
        return close(current, actor=actor, answer=_("Corrected as you asked."), ip=ip)


def carry_out_erasure(request: DataRequest, *, actor: User, ip: str | None = None) -> Erasure:
    """Erase the person of an erasure request. Refused while something stands in the way; the request then says what."""
    with transaction.atomic():
        current = _locked(request)
        if current.kind != RequestKind.ERASURE or current.customer is None:
            raise Refused(_("This is no request for erasure."), "not_erasure")
        customer = current.customer
        _note_obstacles(current, customer)
        if not current.blocked_by:
            return erase(customer, actor=actor, request=current, ip=ip)
    raise Refused(current.answer, "erasure_blocked")


def take_back(request: DataRequest) -> None:
    """The customer changed their mind."""
    with transaction.atomic():
        current = _locked(request)
        current.state, current.closed_at = RequestState.CANCELLED, clock.now()
        current.save(update_fields=["state", "closed_at"])


@job(Lane.BULK, coalesce=True)
def recheck_blocked() -> int:
    """Every night: requests whose obstacle is gone are open again; the number opened."""
    opened = 0
    for request in DataRequest.objects.filter(state=RequestState.BLOCKED, customer__isnull=False).select_related("customer"):
        with transaction.atomic():
            current = _locked(request)
            if current.customer is not None:
                _note_obstacles(current, current.customer)
            opened += current.state == RequestState.OPEN
    return opened
