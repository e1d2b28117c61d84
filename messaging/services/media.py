"""Pictures of cards at WeCom: uploaded once, used until they run out."""

import hashlib

from core import clock
from gateways.wecom import wecom
from messaging.models import Content, Media


def uploaded(content: Content) -> str:
    """The media id of a content's picture, uploading it if WeCom no longer holds it."""
    picture = bytes(content.card_image or b"")
    digest = hashlib.sha256(picture).hexdigest()
    known = Media.objects.filter(sha256=digest, expires_at__gt=clock.now()).first()
    if known:
        return known.media_id
    media = wecom().upload_media(kind="image", filename=f"card-{content.id}.png", content=picture)
    Media.objects.update_or_create(sha256=digest, defaults={"media_id": media.media_id, "expires_at": media.expires_at})
    return media.media_id
