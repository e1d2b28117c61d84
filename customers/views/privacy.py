"""P23, privacy: the queue of requests, texts, retention, the sharing register, who saw what."""

import csv
import re
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from core import clock, params
from core.errors import BadInput
from customers.choices import RequestKind, TextKind
from customers.models import Customer, DataRequest, Erasure, PrivacyText, Suppression
from customers.queries import privacy
from customers.services import requests, suppressions, texts
from customers.services.erasure import obstacles
from customers.services.sharing import record_sharing
from staff.access import actor, client_ip, may, requires
from staff.rules import safe_cell
from staff.services import write_audit

TABS = ("queue", "closed", "texts", "keeping", "sharing", "access")


@requires("audit.view", "customers.erase")
@require_safe
def privacy_page(request: HttpRequest) -> HttpResponse:
    """One tab at a time."""
    tab = params.one_of("tab", request.GET.get("tab"), list(TABS), "queue")
    context = {"tab": tab, "may_act": may(request.user, "customers.erase"), "may_publish": may(request.user, "policy.edit")}
    return render(request, "customers/privacy.html", {**context, **_tab(request, tab)})


def _tab(request: HttpRequest, tab: str) -> dict[str, Any]:
    before = params.whole("before", request.GET.get("before"), 0, high=2**62)
    if tab in {"queue", "closed"}:
        return {"rows": privacy.queue(actor(request), closed=tab == "closed")}
    if tab == "texts":
        return {"texts": privacy.text_rows()}
    if tab == "sharing":
        rows, cursor = privacy.sharings(before)
        return {"rows": rows, "cursor": cursor, "field_names": privacy.FIELD_NAMES.items()}
    if tab == "access":
        entries, cursor = privacy.accesses(before)
        return {"rows": entries, "cursor": cursor}
    return {
        "days": settings.RIGHTS_WORKING_DAYS, "erased": Erasure.objects.count(), "suppressed": Suppression.objects.count(),
        "waiting": Erasure.objects.filter(orders_until__isnull=False).count(),
    }  # fmt: skip


def _visible(request: HttpRequest, request_id: int) -> DataRequest:
    return get_object_or_404(privacy.requests_for(actor(request)), pk=request_id)


@requires("audit.view", "customers.erase")
@require_safe
def request_page(request: HttpRequest, request_id: int) -> HttpResponse:
    """One request with what can be done about it."""
    found = _visible(request, request_id)
    context = {
        "asked": found, "due": privacy.due(found, clock.today()), "may_act": may(request.user, "customers.erase"),
        "is_open": found.state in privacy.OPEN_STATES, "kinds": RequestKind,
        "obstacles": obstacles(found.customer) if found.customer and found.kind == RequestKind.ERASURE else [],
    }  # fmt: skip
    return render(request, "customers/privacy_request.html", context)


@requires("customers.erase")
@require_POST
def request_take(request: HttpRequest, request_id: int) -> HttpResponse:
    """Begin to work on it."""
    requests.take(_visible(request, request_id), actor=actor(request))
    return redirect("privacy:request", request_id)


@requires("customers.erase")
@require_POST
def request_close(request: HttpRequest, request_id: int) -> HttpResponse:
    """Answer in words, or refuse with a reason."""
    refused = request.POST.get("do") == "refuse"
    requests.close(
        _visible(request, request_id), actor=actor(request), answer=request.POST.get("answer", ""), refused=refused,
        ip=client_ip(request),
    )  # fmt: skip
    messages.success(request, _("The answer was sent to the customer's mini-program."))
    return redirect("privacy:page")


@requires("customers.erase")
@require_POST
def request_correct(request: HttpRequest, request_id: int) -> HttpResponse:
    """Make the corrections as asked."""
    requests.correct(_visible(request, request_id), actor=actor(request), ip=client_ip(request))
    messages.success(request, _("Corrected."))
    return redirect("privacy:page")


@requires("customers.erase")
@require_POST
def request_erase(request: HttpRequest, request_id: int) -> HttpResponse:
    """Erase the person; typed confirmation, checked here too."""
    if request.POST.get("confirm", "").strip() != _("erase"):
        raise BadInput(_("Type the word to confirm."), {"confirm": _("Type the word to confirm.")})
    requests.carry_out_erasure(_visible(request, request_id), actor=actor(request), ip=client_ip(request))
    messages.success(request, _("Erased. Orders stay under a number until their time is over."))
    return redirect("privacy:page")


@requires("policy.edit")
@require_POST
def text_save(request: HttpRequest) -> HttpResponse:
    """Keep a draft of a new version."""
    post = request.POST.get
    texts.save_text(
        actor=actor(request), kind=params.one_of("kind", post("kind"), list(TextKind.values), ""), version=post("version", ""),
        title=post("title", ""), body=post("body", ""), change_note=post("change_note", ""),
        needs_consent_again=post("again") == "on",
    )  # fmt: skip
    messages.success(request, _("The draft was saved. Customers see it once it is published."))
    return redirect("/settings/privacy?tab=texts")


@requires("policy.edit")
@require_POST
def text_publish(request: HttpRequest, text_id: int) -> HttpResponse:
    """Put a version in force, for ever unchanged."""
    texts.publish_text(get_object_or_404(PrivacyText, pk=text_id), actor=actor(request), ip=client_ip(request))
    messages.success(request, _("Published. From now on customers agree to this version."))
    return redirect("/settings/privacy?tab=texts")


@requires("customers.erase")
@require_POST
def suppress_phone(request: HttpRequest) -> HttpResponse:
    """Put a number on the suppression list, whoever has it."""
    reason = params.text("reason", request.POST.get("reason"), 60)
    added = suppressions.suppress_phone(request.POST.get("phone", ""), actor=actor(request), reason=reason or "staff")
    messages.success(request, _("On the list.") if added else _("It stands on the list already."))
    return redirect("/settings/privacy?tab=keeping")


PEOPLE = re.compile(r"[\s,，、;；#]+")
MOST_PEOPLE = 500
SHARED_FIELDS = ("name", "gender", "birthday", "phone", "document", "diet", "health", "room")


def _people(request: HttpRequest) -> list[int]:
    """The numbers of customers whom the actor may see; 400 when one of them is no such number."""
    words = [word for word in PEOPLE.split(params.text("people", request.POST.get("people"), 8000)) if word]
    numbers = {params.whole("people", word, 0, low=1, high=2**62) for word in words}
    seen = set(Customer.objects.visible_to(actor(request)).filter(pk__in=numbers).values_list("pk", flat=True))
    if not numbers or len(numbers) > MOST_PEOPLE or seen != numbers:
        raise BadInput(
            _("Name the customers by their numbers, at most %(limit)s, and only such as you may see.") % {"limit": MOST_PEOPLE},
            {"people": _("please check the numbers")},
        )
    return sorted(numbers)


@requires("customers.erase")
@require_POST
def sharing_record(request: HttpRequest) -> HttpResponse:
    """Write down that data was handed to somebody outside: a supplier, an insurer, an embassy."""
    given = request.POST.getlist("fields")
    fields = [params.one_of("fields", field, list(SHARED_FIELDS), "") for field in given[: len(SHARED_FIELDS)]]
    with transaction.atomic():
        entry = record_sharing(
            recipient=params.text("recipient", request.POST.get("recipient"), 120),
            purpose=params.text("purpose", request.POST.get("purpose"), 120), fields=sorted(set(fields)),
            customer_ids=_people(request), shared_by=actor(request),
            reference=params.text("reference", request.POST.get("reference"), 60), is_abroad=request.POST.get("abroad") == "on",
        )  # fmt: skip
        write_audit(actor(request), "sharing.recorded", entry, {"people": entry.people}, ip=client_ip(request))
    messages.success(request, _("The transfer stands in the register."))
    return redirect("/settings/privacy?tab=sharing")


@requires("audit.view", "customers.erase")
@require_safe
def sharing_list(request: HttpRequest) -> HttpResponse:
    """The register as CSV, people counted and not named. No cell can act as a formula."""
    write_audit(actor(request), "sharing.exported", None, {}, ip=client_ip(request))
    response = HttpResponse("\ufeff", content_type="text/csv; charset=utf-8")  # Excel reads UTF-8 only after this mark
    response.headers["Content-Disposition"] = 'attachment; filename="sharing.csv"'
    writer = csv.writer(response)
    heads = (_("Time"), _("Recipient"), _("What for"), _("Fields"), _("People"), _("Behind it"), _("abroad"), _("By"))
    writer.writerow(heads)
    for row in privacy.all_sharings():
        cells = (
            row.at.isoformat(timespec="seconds"), row.recipient, row.purpose, "、".join(row.fields), row.people, row.reference,
            _("yes") if row.is_abroad else "", row.shared_by or "",
        )  # fmt: skip
        writer.writerow([safe_cell(str(cell)) for cell in cells])
    return response
