"""Staff pages of knowledge: list, editor, documents, hit test."""

from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.errors import BadInput, Refused
from service_bot.choices import EntryKind, EntryState
from service_bot.forms import DocumentForm, EntryForm
from service_bot.models import Document, Entry
from service_bot.queries.asking import Asked, answer
from service_bot.queries.knowledge import entries_for, suspicious_pairs
from service_bot.services import knowledge as services
from service_bot.services.evaluating import publish
from staff.access import may, requires
from staff.models import User

PAGE = 30


@requires("knowledge.view")
@require_safe
def entry_list(request: HttpRequest) -> HttpResponse:
    """Knowledge, newest first, with search and filters in the address."""
    text = request.GET.get("q", "")[:100].replace("\x00", "")
    kind = request.GET.get("kind", "") if request.GET.get("kind") in EntryKind.values else ""
    state = request.GET.get("state", "") if request.GET.get("state") in EntryState.values else ""
    after = request.GET.get("page", "1")
    page = min(max(int(after), 1), 10_000) if after.isdecimal() and len(after) < 6 else 1
    rows = list(entries_for(text, kind, state)[(page - 1) * PAGE : page * PAGE + 1])
    context = {
        "rows": rows[:PAGE], "more": len(rows) > PAGE, "page": page, "q": text, "kind": kind, "state": state,
        "kinds": EntryKind.choices, "states": EntryState.choices, "can_edit": may(request.user, "knowledge.edit"),
    }  # fmt: skip
    return render(request, "service_bot/entries.html", context)


@requires("knowledge.edit")
@require_http_methods(["GET", "POST"])
def entry_new(request: HttpRequest) -> HttpResponse:
    """A new answer."""
    return _edit(request, None, EntryForm(request.POST or None, initial={"question": request.GET.get("question", "")[:200]}))


@requires("knowledge.edit")
@require_http_methods(["GET", "POST"])
def entry_edit(request: HttpRequest, entry_id: int) -> HttpResponse:
    """An answer and its approval."""
    entry = get_object_or_404(Entry.objects.select_related("owner", "document"), pk=entry_id)
    return _edit(request, entry, EntryForm(request.POST or None, instance=entry))


def _edit(request: HttpRequest, entry: Entry | None, form: EntryForm) -> HttpResponse:
    if request.method == "POST" and form.is_valid():
        kept = Entry.objects.get(pk=entry.pk) if entry else None
        row = services.save_entry(actor=cast(User, request.user), values=form.cleaned_data, entry=kept)
        messages.success(request, _("Saved."))
        return HttpResponseRedirect(reverse("service_bot:entry", args=[row.pk]))
    return render(request, "service_bot/entry.html", {"form": form, "entry": entry}, status=422 if form.errors else 200)


@requires("knowledge.edit")
@require_POST
def entry_state(request: HttpRequest, entry_id: int) -> HttpResponse:
    """Approve, retire or take back."""
    entry = get_object_or_404(Entry, pk=entry_id)
    state = request.POST.get("state", "")
    if state not in EntryState.values:
        raise BadInput(_("There is no such state."))
    if state == EntryState.APPROVED:
        publish(actor=cast(User, request.user), entries=[entry])
    else:
        services.set_state(actor=cast(User, request.user), entry=entry, state=EntryState(state))
    messages.success(request, _("Saved."))
    return HttpResponseRedirect(reverse("service_bot:entry", args=[entry.pk]))


@requires("knowledge.edit")
@require_http_methods(["GET", "POST"])
def document_new(request: HttpRequest) -> HttpResponse:
    """Read a document into passages."""
    form = DocumentForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            document = services.add_document(
                actor=cast(User, request.user), title=values["title"], text=values["text"], kind=values["format"]
            )
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            return HttpResponseRedirect(reverse("service_bot:document", args=[document.pk]))
    return render(request, "service_bot/document_new.html", {"form": form}, status=422 if form.errors else 200)


@requires("knowledge.view")
@require_http_methods(["GET", "POST"])
def document(request: HttpRequest, document_id: int) -> HttpResponse:
    """A document's passages; POST approves all of its drafts."""
    found = get_object_or_404(Document, pk=document_id)
    editable = may(request.user, "knowledge.edit")
    if request.method == "POST":
        if not editable:
            raise Refused(_("Your role may not change knowledge."), "forbidden")
        count = services.approve_document(actor=cast(User, request.user), document=found)
        messages.success(request, _("%(n)s passages approved.") % {"n": count})
        return HttpResponseRedirect(reverse("service_bot:document", args=[found.pk]))
    rows = Entry.objects.filter(document=found).order_by("place")[:500]
    return render(request, "service_bot/document.html", {"document": found, "rows": rows, "can_edit": editable})


@requires("knowledge.view")
@require_http_methods(["GET", "POST"])
def hit_test(request: HttpRequest) -> HttpResponse:
    """What the bot would say, by the function that says it to customers; POST with `label` teaches the right answer."""
    question = (request.POST.get("question") or request.GET.get("question") or "")[:2000].replace("\x00", "").strip()
    if request.method == "POST" and "label" in request.POST:
        return _teach(request, question)
    context: dict[str, Any] = {"question": question, "can_edit": may(request.user, "knowledge.edit")}
    if question:
        context["decision"] = answer(Asked(question))
    template = "service_bot/_hits.html" if request.headers.get("HX-Request") else "service_bot/hit_test.html"
    return render(request, template, context)


def _teach(request: HttpRequest, question: str) -> HttpResponse:
    if not may(request.user, "knowledge.edit"):
        raise Refused(_("Your role may not change knowledge."), "forbidden")
    label = request.POST["label"]
    entry = get_object_or_404(Entry, pk=int(label)) if label.isdecimal() and len(label) < 18 else None
    if not question:
        raise BadInput(_("Type a question first."))
    services.label_question(actor=cast(User, request.user), question=question, entry=entry)
    messages.success(request, _("Remembered. The bot has learned from it with its next question."))
    return HttpResponseRedirect(f"{reverse('service_bot:hit_test')}")


@requires("knowledge.view")
@require_safe
def doubts(request: HttpRequest) -> HttpResponse:
    """Near-duplicates and contradictions."""
    return render(request, "service_bot/doubts.html", {"pairs": suspicious_pairs()})
