"""Tag rules: written as a draft, published, paused, taken back to an earlier version."""

from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from core import clock
from core.conditions import dump
from core.errors import Refused
from core.jobs import enqueue
from staff.models import User
from staff.services import write_audit
from tagging.choices import RuleState
from tagging.models import RuleRun, Tag, TagRule
from tagging.queries.checking import checked, refuse_contradiction
from tagging.services.refresh import refresh_all

MOST_PER_TAG = 10
_VERSIONED = {"condition", "score", "priority"}  # what a tag's evidence was made with


def create_rule(actor: User | None, *, tag: Tag, name: str, condition: object, keep_days: int, **policy: Any) -> TagRule:
    """A draft: it gives no tag before it is published. ConditionError where the condition cannot be asked.

    `policy`: priority, score, removal, half_life_days; what is left out is as for any rule.
    """
    node = checked(condition, about_tag=tag.pk)
    with transaction.atomic():
        Tag.objects.select_for_update().get(pk=tag.pk)
        if tag.rules.count() >= MOST_PER_TAG:
            raise Refused(_("A tag has at most %(most)s rules.") % {"most": MOST_PER_TAG}, "too_many_rules")
        rule = TagRule.objects.create(tag=tag, name=name, condition=dump(node), keep_days=keep_days, created_by=actor, **policy)
        write_audit(actor, "rules.create", rule, {"tag": str(tag)})
    return rule


def edit_rule(actor: User, rule_id: int, *, name: str, condition: object, keep_days: int, **policy: Any) -> TagRule:
    """Change a rule. A draft stays a draft; a published rule gets its next version at once and everybody is asked anew."""
    with transaction.atomic():
        rule = TagRule.objects.select_for_update(of=("self",)).select_related("tag__group").get(pk=rule_id)
        node = checked(condition, about_tag=rule.tag_id)
        if rule.state == RuleState.ACTIVE:
            refuse_contradiction(node, rule.tag, policy.get("priority", rule.priority), rule.pk)
        wanted = {"name": name, "condition": dump(node), "keep_days": keep_days, **policy}
        changes = _changes(rule, **wanted)
        for field, value in wanted.items():
            setattr(rule, field, value)
        if rule.state != RuleState.DRAFT and changes.keys() & _VERSIONED:
            rule.version += 1
        rule.save()
        if rule.state == RuleState.ACTIVE:
            _ask_everybody(rule, "edit")
        write_audit(actor, "rules.edit", rule, {"changes": changes, "version": rule.version})
    return rule


def _changes(rule: TagRule, **wanted: Any) -> dict[str, list[Any]]:
    return {name: [getattr(rule, name), value] for name, value in wanted.items() if getattr(rule, name) != value}


def publish_rule(actor: User | None, rule_id: int) -> TagRule:
    """Put a draft or a paused rule in force and ask everybody. Refused for an archived tag."""
    with transaction.atomic():
        rule = TagRule.objects.select_for_update(of=("self",)).select_related("tag__group").get(pk=rule_id)
        if rule.tag.is_archived:
            raise Refused(_("The tag is archived. Bring it back first."), "tag_archived")
        refuse_contradiction(checked(rule.condition, about_tag=rule.tag_id), rule.tag, rule.priority, rule.pk)
        if rule.state != RuleState.ACTIVE:
            rule.state = RuleState.ACTIVE
            rule.save(update_fields=["state", "updated_at"])
            _ask_everybody(rule, "publish")
            write_audit(actor, "rules.publish", rule, {"version": rule.version})
    return rule


def pause_rule(actor: User, rule_id: int) -> TagRule:
    """Stop a rule. Its tags stay as they are: nobody gets the tag and nobody loses it."""
    with transaction.atomic():
        rule = TagRule.objects.select_for_update().get(pk=rule_id)
        if rule.state == RuleState.ACTIVE:
            rule.state = RuleState.PAUSED
            rule.save(update_fields=["state", "updated_at"])
            write_audit(actor, "rules.pause", rule, {"version": rule.version})
    return rule


def restore_rule(actor: User, rule_id: int, version: int) -> TagRule:
    """Publish the condition of an earlier version as the next one. Refused when that version is not in the history."""
    rule = TagRule.objects.get(pk=rule_id)
    old = _history(rule).filter(version=version).order_by("-pgh_id").first()
    if old is None:
        raise Refused(_("This version is not in the history."), "no_such_version")
    policy = {name: getattr(old, name) for name in ("priority", "score", "removal", "half_life_days")}
    return edit_rule(actor, rule_id, name=rule.name, condition=old.condition, keep_days=old.keep_days, **policy)


def _history(rule: TagRule) -> Any:
    return TagRule.pgh_event_model.objects.filter(pgh_obj_id=rule.pk)  # type: ignore[attr-defined]


_LET_RUN_OUT = """
UPDATE tagging_tagassignment SET expires_at = %s::timestamptz + make_interval(days => %s)
WHERE rule_id = %s AND source = 'rule' AND NOT is_blocked AND expires_at IS NULL
"""


def delete_rule(actor: User, rule_id: int) -> None:
    """Delete a rule. The tags it gave run out after its `keep_days`, unless another rule of the tag still wants them."""
    with transaction.atomic():
        rule = TagRule.objects.select_for_update().get(pk=rule_id)
        with connection.cursor() as cursor:
            cursor.execute(_LET_RUN_OUT, [clock.now(), rule.keep_days, rule.pk])
        write_audit(actor, "rules.delete", rule, {"condition": rule.condition, "version": rule.version})
        rule.delete()


def _ask_everybody(rule: TagRule, why: str) -> None:
    RuleRun.objects.create(rule=rule, version=rule.version, started_at=clock.now())
    enqueue(refresh_all, key=f"{why}:{rule.pk}:{rule.version}:{clock.now().isoformat()}")
