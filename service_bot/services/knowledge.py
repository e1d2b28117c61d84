"""Writing knowledge: answers, documents cut into passages, labelled questions. The index goes with the rows."""

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from core import clock
from core.errors import Refused
from service_bot.choices import DocumentFormat, EntryKind, EntryState, QuestionKind
from service_bot.models import Document, Entry, LabelledQuestion
from service_bot.retrieval.documents import cut
from service_bot.services.indexing import forget_entries, index_entries, indexed_text
from staff.models import User
from staff.services import write_audit

REVIEW_AFTER = dt.timedelta(days=180)


@transaction.atomic
def save_entry(*, actor: User, values: Mapping[str, Any], entry: Entry | None = None) -> Entry:
    """Write an answer or policy; whoever changes it owns it unless they name somebody. A changed passage is indexed anew."""
    row = entry or Entry(kind=EntryKind.FAQ)
    if entry is not None and row.kind == EntryKind.DOCUMENT:
        forget_entries([row.pk])  # while its row still holds the words that were indexed
    before = {name: str(getattr(row, name)) for name in values} if entry else {}
    for name, value in values.items():
        setattr(row, name, value)
    row.owner = row.owner or actor
    row.review_on = row.review_on or clock.today() + REVIEW_AFTER
    row.updated_at = clock.now()
    row.save()
    if row.kind == EntryKind.DOCUMENT:
        index_entries(row.kind, [(row.pk, indexed_text(row))])
    changed = {name: [before.get(name, ""), str(value)] for name, value in values.items() if before.get(name, "") != str(value)}
    write_audit(
        actor, "knowledge.save", row, {"changes": {name: changed[name] for name in changed if name not in ("answer", "similar")}}
    )
    return row


@transaction.atomic
def set_state(*, actor: User, entry: Entry, state: EntryState) -> None:
    """Approve, retire, or take back to draft. Only approved knowledge is said to customers."""
    before = entry.state
    if before == state:
        return
    Entry.objects.filter(pk=entry.pk).update(state=state, updated_at=clock.now())
    write_audit(actor, "knowledge.state", entry, {"changes": {"state": [before, str(state)]}})


@transaction.atomic
def add_document(*, actor: User, title: str, text: str, kind: DocumentFormat) -> Document:
    """Cut a text into passages, as drafts. `Refused` when it is empty or was read before."""
    passages = cut(text)
    if not passages:
        raise Refused(_("There is no text in this document."), "empty_document")
    digest = hashlib.sha256(text.encode()).hexdigest()
    if Document.objects.filter(content_sha256=digest).exists():
        raise Refused(_("This document was read before."), "same_document")
    document = Document.objects.create(title=title, format=kind, content_sha256=digest, created_by=actor)
    rows = Entry.objects.bulk_create(
        Entry(
            kind=EntryKind.DOCUMENT, question=(passage.heading or title)[:200], answer=passage.text, document=document,
            place=place, owner=actor, review_on=clock.today() + REVIEW_AFTER,
        )
        for place, passage in enumerate(passages)
    )  # fmt: skip
    index_entries(EntryKind.DOCUMENT, [(row.pk, indexed_text(row)) for row in rows])
    write_audit(actor, "knowledge.document", document, {"passages": len(rows)})
    return document


@transaction.atomic
def approve_document(*, actor: User, document: Document) -> int:
    """Approve all drafts of a document at once; how many there were."""
    count = Entry.objects.filter(document=document, state=EntryState.DRAFT).update(
        state=EntryState.APPROVED, updated_at=clock.now()
    )
    write_audit(actor, "knowledge.document_approve", document, {"passages": count})
    return count


@transaction.atomic
def label_question(*, actor: User, question: str, entry: Entry | None) -> None:
    """Remember which answer a question asks for; None: the bot must not answer it. A later word counts."""
    LabelledQuestion.objects.update_or_create(
        question=question[:400],
        defaults={
            "entry": entry,
            "created_by": actor,
            "source": "hit_test",
            "created_at": clock.now(),
            "kind": QuestionKind.ANSWER if entry else QuestionKind.NONE,
        },
    )


@transaction.atomic
def import_answers(*, actor: User, rows: Sequence[Mapping[str, str]]) -> int:
    """Add answers from `question, similar (divided by |), answer` rows as drafts; known questions are passed over. How many."""
    known = set(Entry.objects.filter(kind=EntryKind.FAQ).values_list("question", flat=True))
    fresh = {
        row["question"].strip()[:200]: row for row in rows if row.get("question", "").strip() and row.get("answer", "").strip()
    }
    made = Entry.objects.bulk_create(
        Entry(
            kind=EntryKind.FAQ, question=question, answer=row["answer"].strip()[:4000], owner=actor,
            similar=[text.strip()[:200] for text in (row.get("similar") or "").split("|") if text.strip()],
            review_on=clock.today() + REVIEW_AFTER,
        )
        for question, row in fresh.items()
        if question not in known
    )  # fmt: skip
    write_audit(actor, "knowledge.import", None, {"answers": len(made)})
    return len(made)
