"""Files with customers, orders and events: upload, columns, preview, progress, report, roll-back."""

import csv
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core import params
from core.choices import FileFault
from core.errors import BadInput
from customers.choices import ImportState, RowState
from customers.forms import ImportForm
from customers.intake.sheets import COLUMNS, SKIP, Parsed, missing_columns
from customers.models import ImportBatch
from customers.queries import imports as queries
from customers.rules import mask_phone
from customers.services import import_undo, imports
from staff.access import actor, may, requires
from staff.rules import safe_cell
from staff.services import write_audit

BUSY = (ImportState.RUNNING, ImportState.UNDOING)


@require_http_methods(["GET", "POST"])
@requires("data.manage")
def import_list(request: HttpRequest) -> HttpResponse:
    """The door for a file, and the files that came before."""
    form = ImportForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        batch = _upload(request, form)
        if batch is not None:
            return HttpResponseRedirect(reverse("data:import", args=[batch.pk]))
    context = {"form": form, "batches": queries.newest_batches(), "targets": list(COLUMNS)}
    return render(request, "customers/imports.html", context, status=422 if form.errors else 200)


def _upload(request: HttpRequest, form: ImportForm) -> ImportBatch | None:
    data = form.cleaned_data
    try:
        batch, is_new = imports.upload_file(
            target=data["target"], filename=data["file"].name, content=data["file"].read(), user=actor(request)
        )
    except BadInput as bad:
        for name, complaint in bad.fields.items():
            form.add_error(name if name in form.fields else None, complaint)
        return None
    if not is_new:
        messages.info(request, _("This very file was uploaded before; here is what became of it."))
    return batch


def _batch(batch_id: int) -> ImportBatch:
    batch = queries.batch_without_file(batch_id)
    if batch is None:
        raise Http404
    return batch


@requires("data.manage")
@require_safe
def import_detail(request: HttpRequest, batch_id: int) -> HttpResponse:
    """One file: its columns and first rows before it starts, its progress, its report."""
    batch = _batch(batch_id)
    context = _report(request, batch) if batch.state != ImportState.UPLOADED else _wizard(batch)
    return render(request, "customers/import.html", {"batch": batch, "is_busy": batch.state in BUSY, **context})


def _wizard(batch: ImportBatch) -> dict[str, Any]:
    matches = imports.matches_of(batch)
    form = _mapping_form(batch)
    preview = imports.preview_of(batch)
    certain = [match for match in matches if match.is_certain]
    shown = [index for index, match in enumerate(matches) if match.field != SKIP][:8]
    labels = {column.name: column.label for column in COLUMNS[batch.target]}
    return {
        "mapping": [(match, form[f"c{index}"]) for index, match in enumerate(matches)],
        "missing": missing_columns(batch.target, certain),
        "head": [(matches[index].column, labels.get(matches[index].field, "")) for index in shown],
        "preview": [_shown(cells, parsed, shown, matches, labels) for cells, parsed in preview[:20]],
        "bad": sum(1 for _cells, parsed in preview if parsed.is_refused),
        "flagged": sum(1 for _cells, parsed in preview if parsed.complaints and not parsed.is_refused),
        "looked_at": len(preview),
    }


def _shown(cells: list[str], parsed: Parsed, shown: list[int], matches: list[Any], labels: dict[str, Any]) -> dict[str, Any]:
    """A row of the preview: cells with their complaints beside them; phone numbers masked."""
    wrong = {one.field: one for one in parsed.complaints}
    row = []
    for index in shown:
        field = matches[index].field
        text = cells[index] if index < len(cells) else ""
        phone = str(parsed.values.get("phone", ""))
        masked = (mask_phone(phone) if phone.startswith("+") else phone) if field == "phone" and phone else text
        row.append((masked, wrong.pop(field, None)))
    rest = [f"{labels.get(one.field, '')} {one.message}".strip() for one in wrong.values()]
    return {"number": parsed.number, "cells": row, "is_refused": parsed.is_refused, "rest": rest}


def _mapping_form(batch: ImportBatch, data: Any = None) -> forms.Form:
    choices = [(SKIP, _("Leave out")), *((column.name, column.label) for column in COLUMNS[batch.target])]
    form = forms.Form(data)
    for index, match in enumerate(imports.matches_of(batch)):
        form.fields[f"c{index}"] = forms.ChoiceField(label=match.column, choices=choices, initial=match.field)
    return form


def _report(request: HttpRequest, batch: ImportBatch) -> dict[str, Any]:
    state = params.one_of("state", request.GET.get("state"), list(RowState.values))
    everything = request.GET.get("all") == "1" or bool(state)
    rows = queries.read_rows(batch, state=state, trouble=not everything, after=params.whole("after", request.GET.get("after"), 0))
    page = rows[: queries.PAGE]
    return {
        "rows": [(row, queries.words_of(batch, row)) for row in page],
        "after": page[-1].row_no if len(rows) > queries.PAGE else None,
        "state": state,
        "everything": everything,
        "fault": FileFault(batch.error).label if batch.error in FileFault.values else batch.error,
        "can_undo": batch.state in (ImportState.DONE, ImportState.FAILED) and may(request.user, "data.manage"),
    }


@requires("data.manage")
@require_safe
def import_progress(request: HttpRequest, batch_id: int) -> HttpResponse:
    """What the page asks every second while rows are taken in; afterwards it loads the page whole."""
    batch = _batch(batch_id)
    if batch.state not in BUSY:
        return HttpResponse(status=204, headers={"HX-Refresh": "true"})
    return render(request, "customers/import_progress.html", {"batch": batch})


@requires("data.manage")
@require_POST
def import_map(request: HttpRequest, batch_id: int) -> HttpResponse:
    """Keep a person's choice of columns and show the preview anew."""
    batch = _batch(batch_id)
    form = _mapping_form(batch, request.POST)
    if not form.is_valid():
        raise BadInput(_("Please choose a meaning for every column."))
    columns = [match.column for match in imports.matches_of(batch)]
    imports.remap_file(batch, {columns[int(name[1:])]: field for name, field in form.cleaned_data.items()})
    messages.success(request, _("The columns were set."))
    return HttpResponseRedirect(reverse("data:import", args=[batch.pk]))


@requires("data.manage")
@require_POST
def import_confirm(request: HttpRequest, batch_id: int) -> HttpResponse:
    """Start to take the rows in."""
    batch = _batch(batch_id)
    imports.confirm_file(batch, is_verified=request.POST.get("is_verified") == "on", user=actor(request))
    return HttpResponseRedirect(reverse("data:import", args=[batch.pk]))


@requires("data.manage")
@require_POST
def import_discard(request: HttpRequest, batch_id: int) -> HttpResponse:
    """Throw an upload away that was not started."""
    imports.discard_file(_batch(batch_id))
    messages.info(request, _("The file was thrown away; nothing had been taken in."))
    return HttpResponseRedirect(reverse("data:imports"))


@requires("data.manage")
@require_POST
def import_rollback(request: HttpRequest, batch_id: int) -> HttpResponse:
    """Start to take an import back."""
    batch = _batch(batch_id)
    import_undo.undo_import(batch, user=actor(request))
    return HttpResponseRedirect(reverse("data:import", args=[batch.pk]))


@requires("data.manage")
@require_safe
def import_report(request: HttpRequest, batch_id: int) -> HttpResponse:
    """Every row and what became of it as CSV. No cell can act as a formula."""
    batch = _batch(batch_id)
    write_audit(actor(request), "import.report_exported", batch, {})
    response = HttpResponse("\ufeff", content_type="text/csv; charset=utf-8")  # Excel reads UTF-8 only after this mark
    response.headers["Content-Disposition"] = f'attachment; filename="import-{batch.pk}.csv"'
    writer = csv.writer(response)
    writer.writerow([_("Row"), _("What became of it"), _("Customer"), _("What is wrong")])
    writer.writerows([safe_cell(str(cell)) for cell in line] for line in queries.report_lines(batch))
    return response
