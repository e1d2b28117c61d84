"""What the privacy pages show: one customer's consents, the queue of requests, texts, who saw what."""

import dataclasses
import datetime as dt
from collections.abc import Iterator
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core import clock
from customers.choices import Channel, Purpose, RequestState, TextKind
from customers.models import (
    Consent,
    Customer,
    DataRequest,
    Identity,
    PrivacyText,
    Sharing,
    SharingSubject,
    Suppression,
    TravellerDocument,
)
from customers.privacy.working_days import working_days_left
from customers.queries.texts import current_texts
from staff.choices import RowScope
from staff.models import AuditEntry, User

PAGE = 50
OPEN_STATES = (RequestState.OPEN, RequestState.WORKING, RequestState.BLOCKED)
# Purposes that are agreed to once and for every channel: channels would mean nothing.
WHOLE = {Purpose.SERVICE, Purpose.PROFILING, Purpose.DOCUMENT, Purpose.CROSS_BORDER}


@dataclasses.dataclass(frozen=True)
class Line:
    """One purpose of the matrix: a cell per channel; None where nobody asked, "" where the channel means nothing."""

    purpose: str
    label: Any
    cells: list[Any]


def matrix(customer: Customer) -> dict[str, Any]:
    """The consents in force, purposes down and channels across, with their evidence, and the last entries before."""
    entries = list(Consent.objects.filter(customer=customer).select_related("recorded_by").order_by("-at", "-id")[:60])
    current = {(entry.purpose, entry.channel): entry for entry in entries if entry.is_current}
    lines = [
        Line(purpose, label, [current.get((purpose, channel)) if _means(purpose, channel) else "" for channel in Channel.values])
        for purpose, label in Purpose.choices
    ]
    return {
        "channels": [label for _value, label in Channel.choices], "lines": lines,
        "history": [entry for entry in entries if not entry.is_current][:10], "is_suppressed": is_suppressed(customer),
    }  # fmt: skip


def _means(purpose: str, channel: str) -> bool:
    return channel == Channel.ANY or purpose not in WHOLE


def is_suppressed(customer: Customer) -> bool:
    """Whether any identity of the customer stands on the suppression list."""
    mine = Identity.objects.filter(customer=customer).values("value_hash")
    return Suppression.objects.filter(value_hash__in=mine).exists()


def documents_of(customer: Customer) -> QuerySet[TravellerDocument]:
    """Identity documents of the customer's travellers, masked."""
    mine = TravellerDocument.objects.filter(traveller__customer=customer, traveller__deleted_at__isnull=True)
    return mine.select_related("traveller").defer("number_sealed").order_by("traveller_id", "id")


def requests_for(user: User) -> QuerySet[DataRequest]:
    """Requests of customers within the user's row scope; those whose customer was erased for who sees everybody."""
    found = DataRequest.objects.select_related("customer", "taken_by", "closed_by")
    if user.is_superuser or user.row_scope == RowScope.ALL:
        return found
    return found.filter(customer__in=Customer.objects.visible_to(user))


@dataclasses.dataclass(frozen=True)
class Due:
    """A request with how urgent it is: `tone` late, soon, calm or closed."""

    request: DataRequest
    left: int
    tone: str

    @property
    def words(self) -> str:
        """The time left as people say it."""
        if self.tone == "closed":
            return ""
        if self.left < 0:
            return _("%(days)s working days late") % {"days": -self.left}
        return _("today") if self.left == 0 else _("%(days)s working days left") % {"days": self.left}


def due(request: DataRequest, today: dt.date) -> Due:
    """How urgent a request is today."""
    if request.state not in OPEN_STATES:
        return Due(request, 0, "closed")
    left = working_days_left(today, request.due_on)
    return Due(request, left, "late" if left < 0 else "soon" if left <= 3 else "calm")


def queue(user: User, *, closed: bool = False) -> list[Due]:
    """Open requests, the most urgent first; or the last closed ones."""
    found = requests_for(user)
    if closed:
        rows = found.exclude(state__in=OPEN_STATES).order_by("-closed_at", "-id")[:PAGE]
    else:
        rows = found.filter(state__in=OPEN_STATES).order_by("due_on", "id")[: 2 * PAGE]
    today = clock.today()
    return [due(request, today) for request in rows]


def text_rows() -> list[dict[str, Any]]:
    """Every kind of text: the one in force, the draft if there is one, and the versions before. Two queries."""
    stored: dict[str, list[PrivacyText]] = {}
    for text in PrivacyText.objects.select_related("author").order_by("-published_at", "-id"):
        stored.setdefault(text.kind, []).append(text)
    current = current_texts()
    rows = []
    for kind, label in TextKind.choices:
        versions = stored.get(kind, [])
        drafts = [text for text in versions if text.published_at is None]
        rows.append({"kind": kind, "label": label, "current": current[kind], "drafts": drafts, "versions": versions})
    return rows


def sharings(before: int) -> tuple[list[Sharing], int]:
    """A page of the sharing register, newest first, and the cursor of the next (0 at the end)."""
    found = Sharing.objects.select_related("shared_by").order_by("-at", "-id")
    if before:
        found = found.filter(id__lt=before)
    rows = list(found[: PAGE + 1])
    return rows[:PAGE], rows[PAGE - 1].pk if len(rows) > PAGE else 0


# What is handed over, as the register names it.
FIELD_NAMES: dict[str, Any] = {
    "name": gettext_lazy("name"), "gender": gettext_lazy("gender"), "birthday": gettext_lazy("birthday"),
    "phone": gettext_lazy("phone"), "document": gettext_lazy("identity document"), "diet": gettext_lazy("diet"),
    "health": gettext_lazy("health"), "room": gettext_lazy("room wishes"),
}  # fmt: skip


def all_sharings() -> Iterator[Sharing]:
    """The whole register, newest first."""
    return Sharing.objects.select_related("shared_by").order_by("-at", "-id").iterator(chunk_size=2000)


def family_ids(customer: Customer) -> list[int]:
    """The customer with every record that was merged into them."""
    found, level = [customer.pk], [customer.pk]
    while level := list(Customer.objects.filter(merged_into__in=level).values_list("pk", flat=True)):
        found += level
    return found


def own_accesses(customer: Customer, most: int = 100) -> list[dict[str, Any]]:
    """Who saw or took the customer's contact data or documents: when, what, in which role; nobody's name. Newest first."""
    ids = family_ids(customer)
    documents = TravellerDocument.objects.filter(traveller__customer__in=ids).values_list("pk", flat=True)
    mine = Q(object_type="customers.customer", object_id__in=[str(pk) for pk in ids])
    mine |= Q(object_type="customers.travellerdocument", object_id__in=[str(pk) for pk in documents])
    found = AuditEntry.objects.filter(ACCESS & mine).select_related("actor").order_by("-id")[:most]
    return [{"at": one.at, "action": one.action, "role": str(one.actor.get_role_display()) if one.actor else ""} for one in found]


def own_sharings(customer: Customer, most: int = 100) -> list[Sharing]:
    """To whom the customer's data was handed, newest first."""
    mine = SharingSubject.objects.filter(customer__in=family_ids(customer)).values("sharing_id")
    return list(Sharing.objects.filter(pk__in=mine).order_by("-at", "-id")[:most])


ACCESS = Q(action__startswith="reveal") | Q(action__in=["customer.data_exported", "customers.exported", "customer.erased"])


def accesses(before: int) -> tuple[list[AuditEntry], int]:
    """Who saw or took contact data of which customer, newest first, and the cursor of the next page (0 at the end)."""
    found = AuditEntry.objects.filter(ACCESS).select_related("actor").order_by("-id")
    if before:
        found = found.filter(id__lt=before)
    rows = list(found[: PAGE + 1])
    return rows[:PAGE], rows[PAGE - 1].pk if len(rows) > PAGE else 0
