"""The agency's privacy texts: drafted, published once and for ever, and what a new version ends."""

from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from core import clock
from core.choices import Lane
from core.errors import BadInput, Refused
from core.jobs import enqueue, job
from core.parsers import is_clean
from customers.choices import TextKind
from customers.models import PrivacyText
from customers.privacy.texts import FIRST_VERSION
from staff.models import User
from staff.services import write_audit

BATCH = 20_000


def save_text(
    *, actor: User, kind: str, version: str, title: str, body: str, change_note: str = "", needs_consent_again: bool = False
) -> PrivacyText:
    """Keep a draft of a new version; the draft of that version is overwritten. Refused when it was published."""
    clean = {"version": version.strip(), "title": title.strip(), "body": body.strip(), "change_note": change_note.strip()}
    _check(kind, **clean)
    with transaction.atomic():
        draft = PrivacyText.objects.select_for_update().filter(kind=kind, version=clean["version"]).first()
        if draft and draft.published_at:
            raise Refused(_("This version was published and stays as it is. Choose a new version."), "published")
        draft = draft or PrivacyText(kind=kind, version=clean["version"])
        draft.title, draft.body, draft.change_note = clean["title"], clean["body"], clean["change_note"]
        draft.needs_consent_again, draft.author = needs_consent_again, actor
        draft.save()
        write_audit(actor, "privacy.text_drafted", draft)
    return draft


def _check(kind: str, *, version: str, title: str, body: str, change_note: str) -> None:
    wrong: dict[str, str] = {}
    if kind not in TextKind.values:
        wrong["kind"] = _("There is no such text.")
    if not version or len(version) > 20 or not version.isascii() or " " in version or version == FIRST_VERSION:
        wrong["version"] = _("Up to 20 letters and digits, such as 2026-12; not 1, which is the built-in text.")
    if not title or len(title) > 80:
        wrong["title"] = _("1 to 80 characters")
    if not 20 <= len(body) <= 20_000:
        wrong["body"] = _("20 to 20,000 characters")
    if len(change_note) > 200:
        wrong["change_note"] = _("At most 200 characters")
    if not all(is_clean(text) for text in (version, title, body, change_note)):
        wrong["body"] = _("The text holds characters that cannot be stored.")
    if wrong:
        raise BadInput(_("Please check the marked fields."), wrong)


def publish_text(text: PrivacyText, *, actor: User, ip: str | None = None) -> PrivacyText:
    """Put a version in force, for ever unchanged. Where customers must agree again, older consents end in the background."""
    with transaction.atomic():
        draft = PrivacyText.objects.select_for_update().get(pk=text.pk)
        if draft.published_at:
            raise Refused(_("This version was published already."), "published")
        draft.published_at = clock.now()
        draft.save(update_fields=["published_at"])
        if draft.needs_consent_again and draft.kind != TextKind.GUARDIAN:
            enqueue(lapse_consents, key=str(draft.pk), text_id=draft.pk)
        write_audit(actor, "privacy.text_published", draft, {"again": draft.needs_consent_again}, ip=ip)
    return draft


_LAPSE = """
UPDATE customers_consent SET is_current = false, lapsed_at = %(now)s WHERE id IN (
    SELECT id FROM customers_consent
    WHERE is_current AND granted AND purpose = %(purpose)s AND text_version <> %(version)s AND at < %(published)s
    ORDER BY id LIMIT %(batch)s FOR UPDATE)
"""


@job(Lane.BULK)
def lapse_consents(text_id: int) -> int:
    """End what was granted under older versions; refusals stay in force. Set-based, in portions; the number ended."""
    text = PrivacyText.objects.get(pk=text_id)
    values: dict[str, Any] = {
        "now": clock.now(), "purpose": text.kind, "version": text.version, "published": text.published_at, "batch": BATCH,
    }  # fmt: skip
    ended, portion = 0, BATCH
    while portion == BATCH:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_LAPSE, values)
            portion = int(cursor.rowcount)
        ended += portion
    return ended
