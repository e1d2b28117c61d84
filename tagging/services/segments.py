"""Segments: a name for a question; counted when saved, every night, and whenever a campaign asks."""

import datetime as dt
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from core import clock
from core.choices import Lane
from core.conditions import dump, parse
from core.errors import BadInput, Refused
from core.jobs import job
from staff.models import User
from staff.services import write_audit
from tagging.models import Segment
from tagging.queries.members import count_members


def save_segment(segment: Segment | None, *, name: str, description: str, condition: object, actor: User) -> Segment:
    """Create (None) or change a segment. The condition is checked and stored in its one spelling; ConditionError names
    what is wrong, BadInput a name that is taken."""
    clean = dump(parse(condition))
    if not name:
        raise BadInput(_("A segment needs a name."), {"name": _("A segment needs a name.")})
    saved = segment or Segment(created_by=actor)
    saved.name, saved.description, saved.condition = name, description, clean
    try:
        with transaction.atomic():
            saved.save()
            write_audit(actor, "segment.changed" if segment else "segment.created", saved, {"condition": clean})
    except IntegrityError as error:
        raise BadInput(_("Another segment has this name."), {"name": _("Another segment has this name.")}) from error
    _count(saved, clock.now())
    return saved


def delete_segment(segment: Segment, *, actor: User) -> None:
    """Delete a segment that nothing refers to; Refused when a campaign was sent to it."""
    try:
        with transaction.atomic():
            write_audit(actor, "segment.deleted", segment, {"condition": segment.condition})
            segment.delete()
    except IntegrityError as error:
        raise Refused(_("A campaign uses this segment; it stays as long as the campaign does."), "segment_in_use") from error


@job(Lane.BULK, coalesce=True)
def count_segments() -> None:
    """Count every segment anew, so that lists show last night's numbers."""
    now = clock.now()
    for segment in Segment.objects.order_by("pk"):
        _count(segment, now)


def _count(segment: Segment, at: dt.datetime) -> None:
    number = count_members(parse(segment.condition), at).number
    Segment.objects.filter(pk=segment.pk).update(last_count=number, counted_at=at)


