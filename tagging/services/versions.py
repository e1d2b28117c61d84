"""Versions of the tag system: kept before every merge and import, and on wish; taken back whole."""

from typing import Any

from django.db import transaction

from core import clock
from core.jobs import enqueue
from staff.models import User
from staff.services import write_audit
from tagging.choices import RuleState
from tagging.models import Tag, TagGroup, TaxonomyVersion
from tagging.services.refresh import refresh_all

MOST_KEPT = 50
_GROUP = ("name", "dimension", "is_exclusive", "position")
_TAG = ("name", "description", "position", "is_archived")


def keep_version(actor: User | None, note: str) -> TaxonomyVersion:
    """Remember groups and tags as they are now; the oldest beyond fifty are forgotten."""
    data = [
        {"id": group.pk, **{name: getattr(group, name) for name in _GROUP},
         "tags": [{"id": tag.pk, **{name: getattr(tag, name) for name in _TAG}} for tag in group.tags.order_by("position", "id")]}
        for group in TagGroup.objects.prefetch_related("tags").order_by("position", "id")
    ]  # fmt: skip
    version = TaxonomyVersion.objects.create(data=data, note=note[:120], by=actor, at=clock.now())
    TaxonomyVersion.objects.filter(pk__in=TaxonomyVersion.objects.values("pk")[MOST_KEPT:]).delete()
    return version


def restore_version(actor: User, version: TaxonomyVersion) -> None:
    """Groups and tags as that version had them. What came since is archived, not deleted: customers may have it.

    Who has which tag is no part of a version: a merge that is taken back brings the tag back, not the people.
    """
    with transaction.atomic():
        keep_version(actor, f"→ {version.note}")
        TagGroup.objects.update(name=_unique("id"))  # names are unique: they move out of each other's way first
        kept = [tag_id for group in version.data for tag_id in _restore_group(group)]
        newer = Tag.objects.exclude(pk__in=kept)
        for tag in newer.filter(is_archived=False):
            tag.is_archived = True
            tag.save(update_fields=["is_archived"])
            tag.rules.filter(state=RuleState.ACTIVE).update(state=RuleState.PAUSED)
        _name_the_rest({group["id"] for group in version.data})
        enqueue(refresh_all, key=f"taxonomy:{version.pk}:{clock.now().isoformat()}", exact=True)
        write_audit(actor, "tag_groups.restore", version, {"note": version.note})


def _unique(field: str) -> Any:
    from django.db.models import CharField, Value
    from django.db.models.functions import Cast, Concat, Substr

    return Concat(Substr("name", 1, 18), Value("~"), Cast(field, CharField()))


def _restore_group(data: dict[str, Any]) -> list[int]:
    group = TagGroup.objects.filter(pk=data["id"]).first() or TagGroup()
    for name in _GROUP:
        setattr(group, name, data[name])
    group.save()
    tags = {tag.pk: tag for tag in Tag.objects.filter(pk__in=[one["id"] for one in data["tags"]])}
    Tag.objects.filter(pk__in=tags).update(name=_unique("id"))
    kept = []
    for one in data["tags"]:
        tag = tags.get(one["id"]) or Tag()
        tag.group = group
        for name in _TAG:
            setattr(tag, name, one[name])
        tag.save()
        kept.append(tag.pk)
    return kept


def _name_the_rest(known: set[int]) -> None:
    """Groups that came after the version keep their names where those are free."""
    taken = set(TagGroup.objects.filter(pk__in=known).values_list("name", flat=True))
    for group in TagGroup.objects.exclude(pk__in=known):
        plain = group.name.rpartition("~")[0]
        if plain and plain not in taken:
            group.name = plain
            group.save(update_fields=["name"])
            taken.add(plain)
