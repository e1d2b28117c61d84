"""The content library: a page of items, one item without its picture, the picture."""

import dataclasses

from django.db.models import Count, F, Func, Q

from catalog.models import ContentItem

PAGE = 48


@dataclasses.dataclass(frozen=True)
class ContentFilter:
    """What the library shows; empty values ask for nothing."""

    q: str = ""
    kind: str = ""
    destination: str = ""
    tag: str = ""
    resting: bool = False


def read_content(wanted: ContentFilter) -> list[ContentItem]:
    """The newest items that fit, without their pictures' bytes. One query."""
    where = Q(is_active=not wanted.resting)
    for word in wanted.q.split():
        where &= Q(title__icontains=word) | Q(body__icontains=word)
    if wanted.kind:
        where &= Q(kind=wanted.kind)
    if wanted.destination:
        where &= Q(destination__code=wanted.destination)
    if wanted.tag:
        where &= Q(tags__contains=[wanted.tag])
    found = ContentItem.objects.filter(where).defer("picture").select_related("destination", "resource")
    return list(found.order_by("-updated_at", "-id")[:PAGE])


def content_item(item_id: int) -> ContentItem | None:
    """One item, its picture left in the database."""
    both = ("destination", "resource", "created_by")
    return ContentItem.objects.defer("picture").select_related(*both).filter(pk=item_id).first()


def content_tags() -> list[str]:
    """Every theme in use, the frequent ones first."""
    rows = ContentItem.objects.filter(is_active=True).annotate(tag=Func(F("tags"), function="unnest")).values("tag")
    return [row["tag"] for row in rows.annotate(number=Count("id")).order_by("-number", "tag")[:40]]


def content_counts() -> dict[str, int]:
    """Kind -> number of items."""
    return dict(ContentItem.objects.filter(is_active=True).values_list("kind").annotate(number=Count("id")))
