"""Segments: named questions about customers, counted every night."""

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import ProtectedError
from django.utils.translation import gettext as _

from core import clock
from core.choices import Lane
from core.conditions import dump, parse
from core.errors import BadInput, Refused
from core.jobs import enqueue, job
from staff.models import User
from staff.services import write_audit
from tagging.models import Segment
from tagging.queries.checking import checked
from tagging.queries.members import count_members

COUNT_SECONDS = 25.0


def save_segment(
    actor: User | None, *, name: str, description: str, condition: object, segment: Segment | None = None
) -> Segment:
    """Create or change a segment and count it soon. ConditionError where the condition cannot be asked."""
    node = dump(checked(condition))
    target = segment or Segment(created_by=actor)
    changes = {"condition": [target.condition, node]} if segment is not None and target.condition != node else {}
    target.name, target.description, target.condition = name, description, node
    complaint = _("There is a segment of this name already.")
    with transaction.atomic():
        try:
            with transaction.atomic():
                target.save()
        except IntegrityError as error:
            raise BadInput(complaint, {"name": complaint}) from error
        enqueue(count_segment, key=f"{target.pk}:{clock.now().isoformat()}", segment_id=target.pk)
        write_audit(actor, "segments.save", target, {"changes": changes})
    return target


def delete_segment(actor: User, segment: Segment) -> None:
    """Delete a segment that no campaign uses; Refused otherwise."""
    with transaction.atomic():
        write_audit(actor, "segments.delete", segment, {"condition": segment.condition})
        try:
            segment.delete()
        except ProtectedError as error:
            raise Refused(_("A campaign uses this segment, so it cannot be deleted."), "segment_in_use") from error


@job(Lane.BULK)
def count_segment(segment_id: int) -> None:
    """Count a segment's members now and remember the number. A segment that is gone is no error."""
    segment = Segment.objects.filter(pk=segment_id).first()
    if segment is None:
        return
    now = clock.now()
    counted = count_members(parse(segment.condition), now, seconds=COUNT_SECONDS, sample=0)
    Segment.objects.filter(pk=segment_id).update(last_count=counted.number, counted_at=now)


@job(Lane.BULK, coalesce=True)
def count_segments() -> None:
    """Have every segment counted, each in a job of its own."""
    stamp = clock.now().isoformat()
    for segment_id in Segment.objects.order_by("id").values_list("id", flat=True):
        enqueue(count_segment, key=f"{segment_id}:{stamp}", segment_id=segment_id)


def install_segments(actor: User | None, ready: Mapping[str, tuple[str, dict[str, Any]]]) -> int:
    """Add ready-made segments, name -> (description, condition); the number of new ones. What exists by name stays."""
    known = set(Segment.objects.values_list("name", flat=True))
    fresh = [name for name in ready if name not in known]
    for name in fresh:
        save_segment(actor, name=name, description=ready[name][0], condition=ready[name][1])
    return len(fresh)
