"""Closing gaps: a person says what a question asks for; nothing is learned from the bot's own words."""

from collections.abc import Sequence

from django.db import transaction

from service_bot.choices import GapState
from service_bot.models import Entry, Turn
from service_bot.services.knowledge import label_question
from staff.models import User
from staff.services import write_audit


@transaction.atomic
def teach(*, actor: User, turn_ids: Sequence[int], entry: Entry | None) -> int:
    """These questions ask for this answer, or (None) are not for the bot; how many turns were settled."""
    turns = list(Turn.objects.filter(pk__in=turn_ids))
    for question in dict.fromkeys(turn.question.strip()[:400] for turn in turns if turn.question.strip()):
        label_question(actor=actor, question=question, entry=entry)
    return _settle(actor, turns, GapState.TAUGHT)


@transaction.atomic
def put_aside(*, actor: User, turn_ids: Sequence[int]) -> int:
    """Nothing is to be learned from these."""
    return _settle(actor, list(Turn.objects.filter(pk__in=turn_ids)), GapState.DISMISSED)


def _settle(actor: User, turns: Sequence[Turn], state: GapState) -> int:
    count = Turn.objects.filter(pk__in=[turn.pk for turn in turns]).update(gap=state)
    write_audit(actor, "bot.gap", None, {"turns": count, "state": str(state)})
    return count
