"""Staff say whether a tag is right: the measure of a tag, and the gate of what a language model suggests."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Count, Q

from core import clock
from customers.models import Customer
from staff.models import User
from staff.services import write_audit
from tagging.choices import SuggestionState, TagSource
from tagging.models import Tag, TagAssignment, TagSuggestion, TagVerdict
from tagging.rules import Precision, precision
from tagging.services.manual import add_tag, remove_tag


def judge_tag(actor: User, customer: Customer, tag: Tag, *, is_right: bool) -> TagVerdict:
    """Remember that a customer's tag is right or wrong. A wrong one is taken away and never added again by a rule."""
    held = TagAssignment.objects.filter(customer=customer, tag=tag).first()
    told: dict[str, Any] = {
        "source": held.source if held else TagSource.AI, "rule_version": held.rule_version if held else None,
        "is_right": is_right, "by": actor, "at": clock.now(),
    }  # fmt: skip
    with transaction.atomic():
        verdict, _made = TagVerdict.objects.update_or_create(customer=customer, tag=tag, defaults=told)
        write_audit(actor, "tags.judge", tag, {"customer": customer.pk, "right": is_right})
        if not is_right:
            remove_tag(actor, [customer.pk], tag, never_again=True)
    return verdict


def precisions(tag_ids: Sequence[int]) -> Mapping[int, Precision]:
    """Tag id -> how often it was right when people looked. Tags that nobody judged are left out."""
    counted = TagVerdict.objects.filter(tag__in=tag_ids).exclude(source=TagSource.MANUAL).values("tag_id")
    rows = counted.annotate(right=Count("id", filter=Q(is_right=True)), total=Count("id"))
    return {row["tag_id"]: precision(row["right"], row["total"]) for row in rows}


def decide_suggestion(actor: User, suggestion: TagSuggestion, *, accepted: bool) -> None:
    """Give what a model suggested, or not; either is a verdict about the tag."""
    with transaction.atomic():
        suggestion.state = SuggestionState.ACCEPTED if accepted else SuggestionState.REFUSED
        suggestion.decided_by, suggestion.decided_at = actor, clock.now()
        suggestion.save(update_fields=["state", "decided_by", "decided_at"])
        told = {"source": TagSource.AI, "is_right": accepted, "by": actor, "at": clock.now()}
        TagVerdict.objects.update_or_create(customer_id=suggestion.customer_id, tag_id=suggestion.tag_id, defaults=told)
        if accepted:
            add_tag(actor, [suggestion.customer_id], suggestion.tag)
