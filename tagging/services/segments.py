"""Segments: named questions about customers, counted every night."""

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import ProtectedError
from django.utils.translation import gettext as _

from core import clock
from core.choices import Lane
from core.conditions import dump
from core.errors import BadInput, Refused
from core.jobs import enqueue, job
from staff.models import User
from staff.services import write_audit
from tagging.choices import SegmentKind
from tagging.models import Segment
from tagging.queries.checking import checked
from tagging.services.membership import refresh_segment


def save_segment(
    actor: User | None, *, name: str, description: str, condition: object, segment: Segment | None = None,
    kind: str = SegmentKind.DYNAMIC,
) -> Segment:  # fmt: skip
    """Create or change a segment and compute its members soon. ConditionError where the condition cannot be asked.

    The kind is chosen once. A snapshot's condition says who was taken, and is refused another.
    """
    node = dump(checked(condition, about_segment=segment.pk if segment else None))
    target = segment or Segment(created_by=actor, kind=kind)
    if target.ready_at and target.kind == SegmentKind.SNAPSHOT and target.condition != node:
        raise Refused(_("A snapshot keeps the people of its day. Copy it to ask something else."), "segment_is_snapshot")
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
    """Bring a segment's members in line with its condition and remember their number. One that is gone is no error."""
    segment = Segment.objects.filter(pk=segment_id).first()
    if segment is not None:
        refresh_segment(segment)


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
