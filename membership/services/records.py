"""Saving the programme's reference rows: rules, tasks, benefits, mall items, services, coupon templates."""

from django.db import transaction
from django.utils.translation import gettext as _

from core.errors import Refused
from membership.choices import TemplateState
from membership.models import CouponTemplate, EarnRule, MallItem, MemberService, MemberTask, Program
from membership.models.tiers import Benefit
from staff.models import User
from staff.services import write_audit

Record = Program | EarnRule | MemberTask | Benefit | MallItem | MemberService


@transaction.atomic
def save_record(record: Record, *, by: User) -> None:
    """Save a row that a form has checked."""
    record.save()
    write_audit(by, f"membership.{record._meta.model_name}", record, {})


@transaction.atomic
def save_template(template: CouponTemplate, *, by: User) -> CouponTemplate:
    """Save a draft. Refused `template_published` once coupons may exist: a coupon means what its owner was promised."""
    is_new = template._state.adding
    if not is_new and not CouponTemplate.objects.filter(pk=template.pk, state=TemplateState.DRAFT).exists():
        raise Refused(_("These terms are published; make a new coupon."), "template_published")
    if is_new:
        template.created_by = by
    template.save()
    write_audit(by, "coupon.template", template, {})
    return template


_MOVES = {
    TemplateState.ACTIVE: (TemplateState.DRAFT, TemplateState.PAUSED),
    TemplateState.PAUSED: (TemplateState.ACTIVE,),
    TemplateState.ENDED: (TemplateState.DRAFT, TemplateState.ACTIVE, TemplateState.PAUSED),
}


@transaction.atomic
def move_template(template_id: int, target: TemplateState, *, by: User) -> CouponTemplate:
    """Publish, pause, resume or end a template. Refused `template_state`; `public_rules` where nobody wrote them (PIPL 24)."""
    template = CouponTemplate.objects.select_for_update(no_key=True).get(pk=template_id)
    if template.state == target:
        return template
    if template.state not in _MOVES.get(target, ()):
        raise Refused(_("This cannot be done with the coupon as it is."), "template_state")
    if target == TemplateState.ACTIVE and not template.rule_text.strip():
        raise Refused(_("Write the public rules first: who gets this coupon, and why."), "public_rules")
    CouponTemplate.objects.filter(pk=template_id).update(state=target)
    write_audit(by, "coupon.template_state", template, {"changes": {"state": [template.state, target.value]}})
    template.refresh_from_db()
    return template
