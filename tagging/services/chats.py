"""Tags from chats: what a chat says about the wished trip becomes a fact that rules ask about; a model may suggest more.

The slots come from the same extractor that the bot uses. The words stay where the messages are: the fact holds what was
understood, and a suggestion quotes at most 120 characters that stand in the source.
"""

import logging
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.db import transaction

from catalog.models import Destination
from core import clock
from core.event_types import TripWished
from core.events import record
from customers.models import Customer
from gateways.errors import LlmUnavailable
from messaging.understanding.trips import Turn, understand
from tagging import ai
from tagging.choices import SuggestionState, TagSource
from tagging.models import Tag, TagAssignment, TagSuggestion
from tagging.queries.refreshing import Change
from tagging.services.interests import refresh_interests
from tagging.services.refresh import lock_tags, rebuild_tags, record_tags, refresh_tags
from tagging.services.verdicts import precisions

logger = logging.getLogger(__name__)


def read_chat(customer: Customer, turns: Sequence[tuple[str, str]], *, key: str) -> dict[str, Any]:
    """Understand a chat of (role, text) turns, role customer or agent; the slots that were said.

    Records what was said once under `key` (the conversation's id and its last message), has the rules asked, and has a
    model suggest where one is configured. Safe to run twice.
    """
    slots = understand([Turn(role, text) for role, text in turns], clock.today()).values()
    if slots:
        record(_wished(customer.pk, slots), key=f"trip.wished:{key}")
        refresh_interests([customer.pk])
        refresh_tags([customer.pk], only_affected=True)
    _suggest(customer, "\n".join(text for role, text in turns if role == "customer"), key)
    return slots


def _wished(customer_id: int, slots: dict[str, Any]) -> TripWished:
    ages = [age for age in slots.get("children_ages", ()) if isinstance(age, int)]
    known = [age for age in ages if age >= 0]
    budget, each = _budgets(slots, len(ages))
    return TripWished(
        customer_id, _codes(slots.get("destinations", ())), [str(theme) for theme in slots.get("themes", ())],
        days=_whole(slots.get("days")), adults=_whole(slots.get("adults")), children=len(ages) or None,
        youngest=min(known) if known else None, elders=_whole(slots.get("elders")), budget=budget,
        budget_per_person=each, hotel_star=_whole(slots.get("hotel_star")),
    )  # fmt: skip


def _budgets(slots: dict[str, Any], children: int) -> tuple[int | None, int | None]:
    """(in all, per person) in yuan: what was said for each, or what was said for all over the heads that are known."""
    amount, heads = _whole(slots.get("budget_amount")), (_whole(slots.get("adults")) or 0) + children
    if amount is None:
        return None, None
    if slots.get("budget_per_person"):
        return amount * heads or None, amount
    return amount, round(amount / heads) if heads else None


def _whole(value: Any) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    return round(value)


def _codes(names: Sequence[Any]) -> list[str]:
    """Our destinations by their codes, other places by their names."""
    codes: dict[str, str] = {}
    for code, name, cities in Destination.objects.values_list("code", "name", "cities"):
        codes |= {name: code, **dict.fromkeys(cities, code)}
    return list(dict.fromkeys(codes.get(str(name), str(name)[:40]) for name in names))


# --- What a model suggests --------------------------------------------------------------------------------------------


def _suggest(customer: Customer, text: str, key: str) -> None:
    """Suggestions wait for a person, until people found 0.9 of 50 of a tag right: then its tag is given at once."""
    if not customer.is_personalised:
        return
    names = {tag.pk: tag.name for tag in Tag.objects.filter(is_archived=False)}
    try:
        found = ai.suggest_tags(text, names, names=[name for name in (customer.name, customer.nickname) if name])
    except LlmUnavailable as error:
        logger.info("no tags suggested for a chat: %s", error)
        return
    proven = {pk for pk, one in precisions([one.tag_id for one in found]).items() if one.is_proven}
    with transaction.atomic():
        for one in found:
            evidence = [{"path": "", "quote": one.quote, "source": key}]
            if one.tag_id in proven:
                _give(customer.pk, one, evidence)
            elif not TagAssignment.objects.filter(customer=customer, tag=one.tag_id).exists():
                TagSuggestion.objects.get_or_create(
                    customer=customer, tag_id=one.tag_id,
                    defaults={"evidence": evidence, "confidence": Decimal(str(round(one.confidence, 3))), "at": clock.now(),
                              "state": SuggestionState.OPEN},
                )  # fmt: skip


def _give(customer_id: int, one: ai.Suggested, evidence: list[dict[str, str]]) -> None:
    """Never over a person's word, and never a second tag of an exclusive group."""
    lock_tags([customer_id])
    tag = Tag.objects.select_related("group").get(pk=one.tag_id)
    held = TagAssignment.objects.filter(customer=customer_id)
    taken = tag.group.is_exclusive and held.filter(tag__group=tag.group_id, is_blocked=False).exists()
    if taken or held.filter(tag=tag).exists():
        return
    now = clock.now()
    TagAssignment.objects.create(
        customer_id=customer_id, tag=tag, source=TagSource.AI, evidence=evidence,
        confidence=Decimal(str(round(one.confidence, 3))), assigned_at=now, matched_at=now,
    )  # fmt: skip
    rebuild_tags([customer_id])
    record_tags([Change(customer_id, tag.pk, None, "assign")], [], TagSource.AI, now)
