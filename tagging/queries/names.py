"""What tagging adds to other pages: names of tags, and tags and segments in the palette."""

import dataclasses
from collections.abc import Mapping, Sequence

from django.db import connection
from django.urls import reverse
from django.utils.translation import gettext as _

from staff.access import may
from staff.models import User
from tagging.models import Segment, Tag

_TAGS_OF = """
SELECT tagged.customer_id, array_agg(tag.name ORDER BY tag_group.position, tag.position, tag.id)
FROM tagging_customertags AS tagged JOIN tagging_tag AS tag ON tag.id = ANY(tagged.tag_ids)
JOIN tagging_taggroup AS tag_group ON tag_group.id = tag.group_id
WHERE tagged.customer_id = ANY(%s) GROUP BY 1
"""


def tags_of(customer_ids: Sequence[int]) -> Mapping[int, list[str]]:
    """Names of each customer's tags, for lists; customers without tags are left out. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_TAGS_OF, [list(customer_ids)])
        return dict(cursor.fetchall())


def tag_names(tag_ids: set[int]) -> Mapping[int, str]:
    """Tag id -> name."""
    return dict(Tag.objects.filter(pk__in=tag_ids).values_list("pk", "name"))


def segment_names(segment_ids: set[int]) -> Mapping[int, str]:
    """Segment id -> name."""
    return dict(Segment.objects.filter(pk__in=segment_ids).values_list("pk", "name"))


def choices() -> dict[int, str]:
    """Every tag in use by id, as a list to choose from: "group · tag", in the order of the library."""
    found = Tag.objects.filter(is_archived=False).select_related("group").order_by("group__position", "position", "pk")
    return {tag.pk: f"{tag.group.name} · {tag.name}" for tag in found}


@dataclasses.dataclass(frozen=True)
class PaletteRow:
    """A tag or segment as the palette shows it."""

    label: str
    url: str
    icon: str
    kind: str
    note: str = ""


def palette(user: User, text: str, limit: int) -> list[PaletteRow]:
    """Tags and segments whose name holds the text, for those who may see them."""
    rows: list[PaletteRow] = []
    if may(user, "tags.view"):
        tags = Tag.objects.filter(name__icontains=text, is_archived=False).select_related("group").order_by("id")[:limit]
        rows += [PaletteRow(tag.name, reverse("tagging:tag", args=[tag.pk]), "tags", _("Tags"), tag.group.name) for tag in tags]
    if may(user, "segments.view"):
        segments = Segment.objects.filter(name__icontains=text).order_by("name")[:limit]
        rows += [PaletteRow(one.name, reverse("tagging:segment", args=[one.pk]), "circle-dot", _("Segments")) for one in segments]
    return rows[:limit]
