"""Writing a campaign and having it approved."""

import dataclasses
import datetime as dt

from django.db import transaction
from django.utils.translation import gettext as _

from campaigns.choices import CampaignState
from campaigns.models import Campaign, Variant
from campaigns.rules import launch as rules
from core.errors import Refused
from messaging.models import Content
from staff.models import AgencyPolicy, User
from staff.services import write_audit
from tagging.models import Segment


@dataclasses.dataclass(frozen=True)
class Draft:
    """What a campaign says, to whom and when. `card_image` is a PNG; `launch_at` None means at once."""

    name: str
    segment: Segment
    text: str
    card_title: str
    product_code: str
    card_image: bytes
    holdout_percent: int
    attribution_days: int
    salt: str = ""
    launch_at: dt.datetime | None = None
    stagger_minutes: int = 0
    at_best_hour: bool = False
    test_percent: int = 100
    test_hours: int = 4

    @property
    def card_page(self) -> str:
        """The mini-program page behind the card."""
        return f"pages/product/index?code={self.product_code}"


def create_campaign(draft: Draft, *, actor: User) -> Campaign:
    """Keep a new draft with a content of its own."""
    with transaction.atomic():
        content = Content.objects.create(name=draft.name, **_content(draft))
        campaign = Campaign.objects.create(content=content, created_by=actor, **_campaign(draft))
        write_audit(actor, "campaigns.create", campaign, {"segment": draft.segment.id})
    return campaign


def update_campaign(campaign: Campaign, draft: Draft, *, actor: User) -> Campaign:
    """Change a draft. An approval given before is void: it was for other words or other people."""
    with transaction.atomic():
        current = locked(campaign.id)
        if current.state not in rules.EDITABLE:
            raise Refused(_("This campaign was launched; copy it to change it."), "not_editable")
        Content.objects.filter(id=current.content_id).update(name=draft.name, **_content(draft))
        values = _campaign(draft) | {"state": CampaignState.DRAFT, "approved_by": None, "error": ""}
        values.pop("salt", None)
        for name, value in values.items():
            setattr(current, name, value)
        current.save(update_fields=list(values))
        write_audit(actor, "campaigns.update", current, {"segment": draft.segment.id})
    return current


def _content(draft: Draft) -> dict[str, object]:
    return {
        "text": draft.text, "card_title": draft.card_title, "card_page": draft.card_page,
        "product_code": draft.product_code, "card_image": draft.card_image,
    }  # fmt: skip


def _campaign(draft: Draft) -> dict[str, object]:
    values: dict[str, object] = {
        "name": draft.name, "segment": draft.segment, "holdout_percent": draft.holdout_percent,
        "attribution_days": draft.attribution_days, "launch_at": draft.launch_at, "stagger_minutes": draft.stagger_minutes,
        "at_best_hour": draft.at_best_hour, "test_percent": draft.test_percent, "test_hours": draft.test_hours,
    }  # fmt: skip
    return values | ({"salt": draft.salt} if draft.salt else {})


def duplicate_campaign(campaign: Campaign, *, actor: User) -> Campaign:
    """A new draft with the same words for the same segment; its hold-out is drawn anew."""
    content = campaign.content
    draft = Draft(
        name=_("%(name)s (copy)")[:60] % {"name": campaign.name[:50]}, segment=campaign.segment, text=content.text,
        card_title=content.card_title, product_code=content.product_code, card_image=bytes(content.card_image or b""),
        holdout_percent=campaign.holdout_percent, attribution_days=campaign.attribution_days,
        stagger_minutes=campaign.stagger_minutes, at_best_hour=campaign.at_best_hour,
        test_percent=campaign.test_percent, test_hours=campaign.test_hours,
    )  # fmt: skip
    with transaction.atomic():
        copy = create_campaign(draft, actor=actor)
        Campaign.objects.filter(id=copy.id).update(channel=campaign.channel)
        Content.objects.filter(id=copy.content_id).update(template_id=content.template_id, fields=content.fields)
        for one in campaign.variants.select_related("content").order_by("position"):
            words = one.content
            words.pk = None
            words.save()
            Variant.objects.create(
                campaign=copy, content=words, name=one.name, position=one.position, weight=one.weight, tag_ids=one.tag_ids
            )
    return copy


def delete_draft(campaign: Campaign, *, actor: User) -> None:
    """Throw a draft away."""
    with transaction.atomic():
        current = locked(campaign.id)
        if current.state not in rules.EDITABLE:
            raise Refused(_("Only a draft can be deleted."), "not_editable")
        write_audit(actor, "campaigns.delete", current, {"name": current.name})
        contents = [current.content_id, *current.variants.values_list("content_id", flat=True)]
        current.delete()
        Content.objects.filter(id__in=contents).delete()


def submit_campaign(campaign: Campaign, *, actor: User) -> Campaign:
    """Ask a second person to agree."""
    with transaction.atomic():
        current = locked(campaign.id)
        if current.state != CampaignState.DRAFT:
            raise Refused(_("Only a draft can be submitted."), "not_draft")
        _move(current, CampaignState.IN_REVIEW)
        write_audit(actor, "campaigns.submit", current, {})
    return current


def approve_campaign(campaign: Campaign, *, actor: User) -> Campaign:
    """The second person's yes."""
    with transaction.atomic():
        current = locked(campaign.id)
        if current.state != CampaignState.IN_REVIEW:
            raise Refused(_("This campaign does not wait for approval."), "not_in_review")
        if not rules.may_approve(actor.id, current.created_by_id):
            raise Refused(_("Somebody else must approve what you wrote."), "own_campaign")
        current.approved_by = actor
        current.save(update_fields=["approved_by"])
        write_audit(actor, "campaigns.approve", current, {})
    return current


def return_campaign(campaign: Campaign, *, actor: User, note: str = "") -> Campaign:
    """Back to its writer, with a word why."""
    with transaction.atomic():
        current = locked(campaign.id)
        if current.state != CampaignState.IN_REVIEW:
            raise Refused(_("This campaign does not wait for approval."), "not_in_review")
        current.approved_by, current.error = None, note[:200]
        current.save(update_fields=["approved_by", "error"])
        _move(current, CampaignState.DRAFT)
        write_audit(actor, "campaigns.return", current, {"note": note[:200]})
    return current


def locked(campaign_id: int) -> Campaign:
    """The campaign's row, locked until the transaction ends."""
    return Campaign.objects.select_for_update(of=("self",)).select_related("segment").get(id=campaign_id)


def _move(campaign: Campaign, state: CampaignState) -> None:
    campaign.state = state
    campaign.save(update_fields=["state"])


def approval_limit() -> int:
    """More people than this need a second person's yes."""
    return AgencyPolicy.current().approval_limit
