"""Which words are in force, and which of them a customer has yet to agree to."""

import dataclasses

from customers.choices import Channel, TextKind
from customers.models import Consent, Customer, PrivacyText
from customers.privacy.texts import BUILT_IN, Text


def current_texts() -> dict[str, Text]:
    """The text in force of every kind: the one published last, or the built-in one. One query."""
    published = (
        PrivacyText.objects.filter(published_at__isnull=False).order_by("kind", "-published_at", "-id").distinct("kind")
    )  # fmt: skip
    own = {row.kind: Text(row.kind, row.version, row.title, row.body, False, row.needs_consent_again) for row in published}
    return {kind: own.get(kind, BUILT_IN[kind]) for kind in TextKind.values}


def current_version(kind: str) -> str:
    """The version a new decision refers to."""
    found = PrivacyText.objects.filter(kind=kind, published_at__isnull=False).order_by("-published_at", "-id")
    return found.values_list("version", flat=True).first() or BUILT_IN[kind].version


def was_published(kind: str, version: str) -> bool:
    """Whether customers could ever read that version."""
    if BUILT_IN[kind].version == version:
        return True
    return PrivacyText.objects.filter(kind=kind, version=version, published_at__isnull=False).exists()


@dataclasses.dataclass(frozen=True)
class TextFor:
    """A text and how the customer stands to it: `decision` is None before the first, and after a newer text ended it."""

    text: Text
    decision: bool | None
    agreed_version: str

    @property
    def is_due(self) -> bool:
        """Whether the mini-program must ask: nothing decided under any text that still counts."""
        return self.decision is None and self.text.kind != TextKind.GUARDIAN


def texts_for(customer: Customer | None) -> list[TextFor]:
    """Every text with the customer's decision in force; nobody's where there is no customer yet. Two queries at most."""
    decided: dict[str, Consent] = (
        {}
        if customer is None
        else {
            entry.purpose: entry
            for entry in Consent.objects.filter(customer=customer, is_current=True, channel=Channel.ANY).only(
                "purpose", "granted", "text_version"
            )
        }
    )
    return [_stand(text, decided.get(text.kind)) for text in current_texts().values()]


def _stand(text: Text, entry: Consent | None) -> TextFor:
    return TextFor(text, entry.granted if entry else None, entry.text_version if entry else "")
