"""A list of customers as a CSV file: written in the background, sealed, for one person and one day."""

import csv
import datetime as dt
import io
from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Sum
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core import clock
from core.choices import Lane
from core.errors import BadInput, Refused
from core.jobs import job
from core.secrets import seal_bytes, unseal, unseal_bytes
from customers.choices import BulkState, IdentityKind
from customers.models import BulkAction, BulkPart, Customer, Identity
from customers.queries.listing import decorate
from customers.rules.exporting import HEADINGS, may_take
from customers.services.bulk import Ask, Kind, Outcome
from staff.access import may
from staff.models import User
from staff.rules import reason_complaint, safe_cell
from staff.services import write_audit

LIFE = dt.timedelta(hours=24)
DAY = dt.timedelta(days=1)


def _phones(user: User) -> Sequence[tuple[Any, str, str]]:
    masked = ("", _("masked (138****5678)"), "")
    return [masked, ("plain", _("in the clear; written down with the reason"), "")] if may(user, "contact.reveal") else [masked]


def _clean(actor: User, given: Mapping[str, str], total: int) -> dict[str, Any]:
    reason, plain = given.get("reason", "").strip()[:200], given.get("phones") == "plain"
    if reason_complaint(reason):
        raise BadInput(_("Say what the file is for (at least four characters)."), {"reason": _("at least four characters")})
    if plain and not may(actor, "contact.reveal"):
        raise BadInput(_("Numbers stay masked for your role."), {"phones": _("not for your role")})
    if not may_take(total, _taken(actor, plain=plain), plain=plain):
        raise Refused(
            _("This is more than one person may take out in a day. Narrow the list, or leave the numbers masked."), "too_many"
        )
    return {"reason": reason, "plain": plain}


def _taken(actor: User, *, plain: bool) -> int:
    today = BulkAction.objects.filter(actor=actor, kind="export", created_at__gt=clock.now() - DAY, args__plain=plain)
    return int(today.aggregate(total=Sum("total"))["total"] or 0)


def _step(bulk: BulkAction, ids: list[int]) -> Outcome:
    """One piece of the file. Contact data in it only for who may reveal contact data."""
    with translation.override("zh-hans"):
        text = _lines(bulk, ids)
    number = BulkPart.objects.filter(bulk=bulk).count()
    BulkPart.objects.create(bulk=bulk, number=number, content=seal_bytes(text.encode()))
    return Outcome(dict.fromkeys(ids))


def _lines(bulk: BulkAction, ids: list[int]) -> str:
    people = Customer.objects.filter(pk__in=ids).select_related("owner", "standing").order_by("pk")
    tags = decorate(ids, "tags")
    contact = may(bulk.actor, "contact.reveal")
    numbers = _numbers(ids) if bulk.args.get("plain") and contact else {}
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    for customer in people:
        row = _row(customer, tags[customer.pk].get("tags", []), numbers.get(customer.pk), contact)
        writer.writerow([safe_cell(cell) for cell in row])
    return out.getvalue()


def _row(customer: Customer, tags: Sequence[str], number: str | None, contact: bool) -> list[str]:
    standing = customer.standing
    birthday = customer.birthday
    return [
        customer.name, customer.nickname, number or customer.phone_masked, str(customer.get_gender_display()),
        "" if birthday is None else birthday.isoformat() if contact else f"{birthday:%Y}", customer.city,
        str(customer.get_lifecycle_display()), "、".join(tags), str(customer.owner or ""), customer.source,
        f"{standing.value_amount:.2f}", _day(standing.seen_at), _day(standing.last_touch_at), _day(customer.created_at),
        customer.remark if contact else "",
    ]  # fmt: skip


def _day(moment: dt.datetime | None) -> str:
    return clock.shanghai_date(moment).isoformat() if moment else ""


def _numbers(ids: list[int]) -> dict[int, str]:
    found = Identity.objects.filter(customer_id__in=ids, kind=IdentityKind.PHONE).order_by("verified_at")
    return {customer_id: unseal(bytes(sealed)) for customer_id, sealed in found.values_list("customer_id", "value_sealed")}


def read_file(bulk: BulkAction, *, actor: User, ip: str | None = None) -> bytes:
    """The whole file with heading and, as its last line, who took it out and what for. Each download is written down.

    Refused while it is being written, and when its day is over.
    """
    now = clock.now()
    if bulk.expires_at is None or bulk.expires_at <= now:
        raise Refused(_("This file has expired. Make it anew."), "expired")
    if bulk.state not in {BulkState.DONE, BulkState.STOPPED}:
        raise Refused(_("The file is still being written."), "not_ready")
    with translation.override("zh-hans"):
        head = ",".join(str(word) for word in HEADINGS)
        mark = _("Taken out by %(who)s on %(when)s, no. %(number)s: %(reason)s") % {
            "who": bulk.actor, "when": f"{now.astimezone(clock.SHANGHAI):%Y-%m-%d %H:%M}", "number": bulk.pk,
            "reason": bulk.args["reason"],
        }  # fmt: skip
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow([safe_cell(mark)])
    parts = [unseal_bytes(bytes(content)) for content in bulk.parts.order_by("number").values_list("content", flat=True)]
    write_audit(actor, "customers.export_downloaded", bulk, {"people": bulk.changed}, ip=ip)
    return b"".join([b"\xef\xbb\xbf", f"{head}\r\n".encode(), *parts, out.getvalue().encode()])


@job(Lane.BULK, coalesce=True)
def remove_expired_files() -> int:
    """Remove the pieces of files whose day is over; how many."""
    return int(BulkPart.objects.filter(bulk__expires_at__lte=clock.now()).delete()[0])


EXPORT = Kind(
    gettext_lazy("Export"), "customers.export", "file-down",
    (
        Ask("phones", gettext_lazy("Phone numbers"), _phones),
        Ask("reason", gettext_lazy("What the file is for"), None, "text", gettext_lazy("Stands in the audit and in the file")),
    ),
    _clean, _step, keeps=LIFE,
)  # fmt: skip
