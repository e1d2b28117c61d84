"""The content library: texts, pictures and experiences for proposals and products."""

import dataclasses

from django.db import transaction
from django.utils.translation import gettext as _

from catalog.choices import ContentKind
from catalog.models import ContentItem, Destination, Resource
from catalog.pictures import UnreadablePicture, clean_picture
from core import clock
from core.errors import BadInput
from core.tables.texts import clean, storable
from staff.models import User
from staff.services import write_audit

BODY_LIMIT, MOST_TAGS = 8_000, 12


@dataclasses.dataclass(frozen=True)
class Words:
    """What an item says, besides its picture."""

    kind: ContentKind
    title: str
    body: str = ""
    tags: tuple[str, ...] = ()
    destination: Destination | None = None
    resource: Resource | None = None
    minutes: int | None = None
    credit: str = ""


@transaction.atomic
def save_content(*, item: ContentItem | None, words: Words, picture: bytes | None, user: User) -> ContentItem:
    """Add or change an item. Web page code is taken out of its texts, everything but the pixels out of its picture.

    BadInput when the title is missing, a picture has none, or the file is no JPEG or PNG, with nothing changed.
    """
    texts = (words.title, words.body, words.credit, *words.tags)
    if not all(storable(text) for text in texts):
        raise BadInput(_("This text holds characters that cannot be stored."), {"title": _("cannot be stored")})
    title = clean(words.title, 80).text
    if not title:
        raise BadInput(_("Give it a title."), {"title": _("may not be empty")})
    found = item or ContentItem(created_by=user)
    found.kind, found.title = words.kind, title
    found.body = "\n".join(clean(line, BODY_LIMIT).text for line in words.body[:BODY_LIMIT].splitlines())
    found.tags = [clean(tag, 20).text for tag in words.tags if clean(tag, 20).text][:MOST_TAGS]
    found.destination, found.resource = words.destination, words.resource
    found.minutes, found.credit, found.updated_at = words.minutes, clean(words.credit, 120).text, clock.now()
    if picture is not None:
        _hang(found, picture)
    if found.kind == ContentKind.PICTURE and not found.picture:
        raise BadInput(_("A picture needs a file."), {"file": _("choose a JPEG or PNG")})
    found.save()
    write_audit(user, "content.saved", found, {"kind": found.kind})
    return found


def _hang(item: ContentItem, content: bytes) -> None:
    try:
        picture = clean_picture(content)
    except UnreadablePicture as error:
        raise BadInput(_("This is no JPEG or PNG of at most 3 MB."), {"file": _("a JPEG or PNG of at most 3 MB")}) from error
    item.picture, item.media_type = picture.content, picture.media_type
    item.width, item.height = picture.width, picture.height


@transaction.atomic
def rest_content(*, item: ContentItem, user: User) -> ContentItem:
    """Put an item aside, or take it back."""
    item.is_active = not item.is_active
    item.save(update_fields=["is_active"])
    write_audit(user, "content.resumed" if item.is_active else "content.rested", item)
    return item
