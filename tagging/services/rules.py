"""Tags and the rules that give them: made, published as a version, paused."""

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from core import clock
from core.conditions import dump, parse
from core.errors import BadInput
from core.jobs import enqueue
from staff.models import User
from staff.services import write_audit
from tagging.choices import RuleState
from tagging.models import Tag, TagGroup, TagRule
from tagging.services.refresh import refresh_all


def create_tag(*, group: TagGroup, name: str, description: str, actor: User) -> Tag:
    """A new tag at the end of its group; BadInput when the name is empty or taken."""
    if not name:
        raise BadInput(_("A tag needs a name."), {"name": _("A tag needs a name.")})
    try:
        with transaction.atomic():
            tag = Tag.objects.create(group=group, name=name, description=description, position=group.tags.count())
            write_audit(actor, "tag.created", tag)
    except IntegrityError as error:
        raise BadInput(_("The group has a tag of this name."), {"name": _("The group has a tag of this name.")}) from error
    return tag


def save_rule(rule: TagRule | None, *, tag: Tag, name: str, condition: object, keep_days: int, actor: User) -> TagRule:
    """Create or change a rule as a draft of its next version: nothing is tagged until it is published."""
    clean = dump(parse(condition))
    saved = rule or TagRule(tag=tag, created_by=actor)
    with transaction.atomic():
        saved.name, saved.condition, saved.keep_days = name or tag.name, clean, keep_days
        if rule is not None:
            saved.version += 1
        saved.save()
        write_audit(actor, "tag_rule.changed" if rule else "tag_rule.created", saved, {"condition": clean, "keep_days": keep_days})
        if saved.state == RuleState.ACTIVE:
            _recompute(saved)
    return saved


def set_rule_state(rule: TagRule, state: RuleState, *, actor: User) -> None:
    """Publish or pause. Publishing tags everybody who matches now; a paused rule gives no new tags and takes none away."""
    with transaction.atomic():
        TagRule.objects.filter(pk=rule.pk).update(state=state, updated_at=clock.now())
        write_audit(actor, f"tag_rule.{state}", rule)
        if state == RuleState.ACTIVE:
            _recompute(rule)


def _recompute(rule: TagRule) -> None:
    enqueue(refresh_all, key=f"rule:{rule.pk}:{clock.now().isoformat()}")
