"""The copy of one's own data: made, handed to one owner, gone after a day."""

import datetime as dt

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from core import clock
from core.choices import Lane
from core.errors import Refused
from core.jobs import enqueue, job
from core.secrets import seal_bytes, unseal_bytes
from customers.choices import RequestState
from customers.models import Customer, DataExport, DataRequest
from customers.privacy import archive
from customers.queries import own_data
from customers.services.erasure import cluster
from staff.models import AgencyPolicy, User
from staff.services import write_audit

LIFE = dt.timedelta(hours=24)


def make_export(customer: Customer, *, made_by: User | None, request: DataRequest | None = None) -> DataExport:
    """Gather everything and keep it, sealed, for a day. For staff, numbers and platform ids are masked."""
    now = clock.now()
    with transaction.atomic(), translation.override("zh-hans"):
        ids = cluster(customer.pk)
        tables = own_data.own_data(ids, in_clear=made_by is None)
        agency = AgencyPolicy.current().agency_name
        content = archive.build(
            tables, heading=_("Your data at %(agency)s") % {"agency": agency} if agency else _("Your data"),
            note=_("Made on %(day)s. Everything we hold about you; ask us about anything you do not understand.")
            % {"day": clock.shanghai_date(now)},
            at=now, more={"texts": own_data.texts_read()},
        )  # fmt: skip
        DataExport.objects.filter(customer=customer, made_by=made_by).delete()  # the newest copy is the only one
        return DataExport.objects.create(
            customer=customer, request=request, made_by=made_by, archive=seal_bytes(content), size=len(content), made_at=now,
            expires_at=now + LIFE,
        )  # fmt: skip


def export_for_staff(customer: Customer, *, actor: User, reason: str, ip: str | None = None) -> DataExport:
    """A masked copy for the member of staff who makes it, written down with the reason."""
    with transaction.atomic():
        made = make_export(customer, made_by=actor)
        write_audit(actor, "customer.data_exported", customer, {"export": made.pk, "reason": reason.strip()[:200]}, ip=ip)
    return made


@job(Lane.BULK)
def prepare_export(request_id: int) -> None:
    """Answer a customer's request for a copy. Nothing happens when it was taken back or answered meanwhile."""
    with transaction.atomic():
        request = DataRequest.objects.select_for_update().filter(pk=request_id).first()
        if request is None or request.customer is None or request.state not in {RequestState.OPEN, RequestState.WORKING}:
            return
        make_export(request.customer, made_by=None, request=request)
        DataRequest.objects.filter(pk=request.pk).update(state=RequestState.DONE, closed_at=clock.now())


def ask_for_export(request: DataRequest) -> None:
    """Have the copy made soon, in the caller's transaction."""
    enqueue(prepare_export, key=str(request.pk), request_id=request.pk)


def read_archive(made: DataExport) -> bytes:
    """The zip, for its owner: whoever calls has made sure of that. Refused ("expired") when its day is over."""
    if made.expires_at <= clock.now():
        raise Refused(_("This copy has expired. Please ask for a new one."), "expired")
    DataExport.objects.filter(pk=made.pk).update(downloaded_at=clock.now())
    return unseal_bytes(bytes(made.archive))


@job(Lane.BULK, coalesce=True)
def remove_expired_exports() -> int:
    """Remove copies whose day is over; the number removed."""
    return DataExport.objects.filter(expires_at__lte=clock.now()).delete()[0]
