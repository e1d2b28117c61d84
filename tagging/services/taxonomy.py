"""Groups and tags: the words the agency uses about customers."""

from collections.abc import Sequence
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max, ProtectedError
from django.utils.translation import gettext as _

from core.errors import BadInput, Refused
from core.jobs import enqueue
from staff.models import User
from staff.services import write_audit
from tagging.choices import Dimension, RuleState
from tagging.models import Segment, Tag, TagAssignment, TagGroup, TagRule
from tagging.services.refresh import refresh_all
from tagging.services.rules import create_rule, publish_rule


def save_group(actor: User | None, *, name: str, dimension: str, is_exclusive: bool, group: TagGroup | None = None) -> TagGroup:
    """Create or change a group. Making it exclusive asks everybody anew: the first tag that matches stays."""
    target = group or TagGroup(position=_next(TagGroup.objects.all()))
    became_exclusive = is_exclusive and bool(target.pk) and not target.is_exclusive
    target.name, target.dimension, target.is_exclusive = name, dimension, is_exclusive
    with transaction.atomic():
        _save(target, _("There is a group of this name already."))
        if became_exclusive:
            enqueue(refresh_all, key=f"exclusive:{target.pk}", exact=True)
        write_audit(actor, "tag_groups.save", target, {"exclusive": is_exclusive})
    return target


def save_tag(actor: User | None, *, group: TagGroup, name: str, description: str = "", tag: Tag | None = None) -> Tag:
    """Create a tag at the end of its group, or change one."""
    target = tag or Tag(position=_next(Tag.objects.filter(group=group)))
    target.group, target.name, target.description = group, name, description
    with transaction.atomic():
        _save(target, _("The group has a tag of this name already."))
        write_audit(actor, "tags.save", target, {"group": group.name})
    return target


def _next(found: Any) -> int:
    return int((found.aggregate(last=Max("position"))["last"] or 0) + 1)


def _save(target: TagGroup | Tag, complaint: str) -> None:
    try:
        with transaction.atomic():
            target.save()
    except IntegrityError as error:
        raise BadInput(complaint, {"name": complaint}) from error


def order_tags(actor: User, group: TagGroup, tag_ids: Sequence[int]) -> None:
    """Put a group's tags in an order; in an exclusive group the first that matches wins. Tags not named come last."""
    with transaction.atomic():
        tags = {tag.pk: tag for tag in group.tags.select_for_update()}
        named = [tags.pop(tag_id) for tag_id in tag_ids if tag_id in tags]
        ordered = [*named, *tags.values()]
        for place, tag in enumerate(ordered):
            tag.position = place
        Tag.objects.bulk_update(ordered, ["position"])
        write_audit(actor, "tag_groups.order", group, {"order": [tag.name for tag in ordered]})


def place_tag(actor: User, tag: Tag, group: TagGroup, before_id: int) -> None:
    """Put a tag into a group, before one of its tags (0 or a stranger: at the end). Whoever has the tag keeps it, unless the
    group allows one: then everybody is asked anew.
    """
    moved = tag.group_id != group.pk
    with transaction.atomic():
        if moved:
            tag.group = group
            _save(tag, _("The group has a tag of this name already."))
            if group.is_exclusive:
                enqueue(refresh_all, key=f"exclusive:{group.pk}:{tag.pk}", exact=True)
        ids = list(group.tags.exclude(pk=tag.pk).order_by("position", "id").values_list("pk", flat=True))
        ids.insert(ids.index(before_id) if before_id in ids else len(ids), tag.pk)
        order_tags(actor, group, ids)


def archive_tag(actor: User, tag: Tag, *, archived: bool = True) -> None:
    """Take a tag out of use, or back. Its rules pause; whoever has it keeps it, and conditions still find them."""
    with transaction.atomic():
        tag.is_archived = archived
        tag.save(update_fields=["is_archived"])
        if archived:
            for rule in tag.rules.filter(state=RuleState.ACTIVE):
                rule.state = RuleState.PAUSED
                rule.save(update_fields=["state", "updated_at"])
        write_audit(actor, "tags.archive" if archived else "tags.unarchive", tag)


def delete_tag(actor: User, tag: Tag) -> None:
    """Delete a tag that nobody has and nothing asks for; Refused otherwise: archive it instead."""
    if TagAssignment.objects.filter(tag=tag, is_blocked=False).exists():
        raise Refused(_("Customers have this tag. Archive it instead."), "tag_in_use")
    if _asked_by(tag):
        raise Refused(_("Used by “%(name)s”. Change that first.") % {"name": _asked_by(tag)}, "tag_in_use")
    with transaction.atomic():
        write_audit(actor, "tags.delete", tag)
        try:
            tag.delete()
        except ProtectedError as error:
            raise Refused(_("The tag has rules. Delete them first, or archive the tag."), "tag_in_use") from error


def _asked_by(tag: Tag) -> str:
    """The name of a rule or segment whose condition asks for the tag; empty when there is none."""
    for model in (TagRule, Segment):
        for name, condition in model.objects.values_list("name", "condition"):
            if tag.pk in _tags_in(condition):
                return str(name)
    return ""


def _tags_in(raw: Any) -> set[int]:
    """Every tag a stored condition asks for, also in one that can no longer be parsed."""
    if isinstance(raw, list):
        return set().union(*map(_tags_in, raw)) if raw else set()
    if not isinstance(raw, dict):
        return set()
    own = raw.get("tags")
    asked = {tag for tag in own.get("tags", ()) if isinstance(tag, int)} if isinstance(own, dict) else set()
    return asked.union(*map(_tags_in, raw.values())) if raw else asked


def delete_group(actor: User, group: TagGroup) -> None:
    """Delete an empty group; Refused while it has tags."""
    if group.tags.exists():
        raise Refused(_("The group still has tags."), "group_in_use")
    with transaction.atomic():
        write_audit(actor, "tag_groups.delete", group)
        group.delete()


def install_taxonomy(actor: User | None, groups: Sequence[dict[str, Any]], rules: Sequence[dict[str, Any]]) -> int:
    """Add a ready-made taxonomy and put its rules in force; the number of new tags. What exists by name stays untouched.

    A group is `{"group", "dimension", "exclusive", "tags": [[name, meaning], ...]}`, a rule
    `{"tag": "group/name", "name", "condition", "keep_days"}`, with priority, score, removal and half_life_days where wanted.
    """
    with transaction.atomic():
        fresh = [tag for group in groups for tag in _install_group(actor, group)]
        for rule in rules:
            group_name, _slash, tag_name = str(rule["tag"]).partition("/")
            tag = Tag.objects.get(group__name=group_name, name=tag_name)
            if not tag.rules.filter(name=rule["name"]).exists():
                policy = {key: rule[key] for key in ("priority", "score", "removal", "half_life_days") if key in rule}
                made = create_rule(
                    actor, tag=tag, name=rule["name"], condition=rule["condition"], keep_days=rule.get("keep_days", 30), **policy
                )
                publish_rule(actor, made.pk)
    return len(fresh)


def _install_group(actor: User | None, data: dict[str, Any]) -> list[Tag]:
    name, exclusive = str(data["group"]), bool(data.get("exclusive"))
    group = TagGroup.objects.filter(name=name).first()
    if group is None:
        group = save_group(actor, name=name, dimension=Dimension(data["dimension"]), is_exclusive=exclusive)
    known = set(group.tags.values_list("name", flat=True))
    fresh = [(tag_name, meaning) for tag_name, meaning in data["tags"] if tag_name not in known]
    return [save_tag(actor, group=group, name=tag_name, description=meaning) for tag_name, meaning in fresh]
