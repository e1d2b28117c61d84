"""Several ways to say it: adding and taking away variants while a campaign is a draft."""

from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from campaigns.choices import CampaignState
from campaigns.models import Campaign, Variant
from campaigns.rules import launch as rules
from campaigns.services.drafts import locked
from core.errors import BadInput, Refused
from core.parsers import is_clean
from messaging.models import Content
from messaging.rules import TEXT_BYTES, TITLE_BYTES, utf8_bytes
from staff.models import User
from staff.services import write_audit
from tagging.models import Tag

MOST_VARIANTS = 20  # one call per variant and member of staff: more would eat the platform's calls (platform-contracts 1.8)


def add_variant(
    campaign: Campaign, *, name: str, text: str, card_title: str = "", weight: int = 1, tag_ids: Sequence[int] = (), actor: User
) -> Variant:
    """Another way to say it, with the campaign's own card. For people with one of `tag_ids`, else tried by chance in
    proportion to `weight`. An approval given before is void."""
    _check(name, text, card_title, weight)
    known = list(Tag.objects.filter(id__in=list(tag_ids)).order_by("id").values_list("id", flat=True))
    with transaction.atomic():
        current = _editable(campaign.id)
        count = current.variants.count()
        if count >= MOST_VARIANTS:
            raise Refused(_("A campaign has at most %(most)s variants.") % {"most": MOST_VARIANTS}, "too_many_variants")
        base = Content.objects.get(id=current.content_id)
        content = Content.objects.create(
            name=name[:60], text=text.strip(), card_title=card_title.strip() or base.card_title, card_page=base.card_page,
            product_code=base.product_code, card_image=base.card_image, template_id=base.template_id, fields=base.fields,
        )  # fmt: skip
        last = current.variants.order_by("-position").values_list("position", flat=True).first()
        position = 0 if last is None else last + 1
        made = Variant.objects.create(
            campaign=current, content=content, name=name.strip(), position=position, weight=weight, tag_ids=known
        )
        write_audit(actor, "campaigns.variant", current, {"variant": made.pk, "tags": known})
    return made


def _check(name: str, text: str, card_title: str, weight: int) -> None:
    if not 1 <= len(name.strip()) <= 20 or not is_clean(name):
        raise BadInput(_("A variant's name has 1 to 20 characters."), {"name": _("1 to 20 characters")})
    if not text.strip() or not is_clean(text) or utf8_bytes(text) > TEXT_BYTES or utf8_bytes(card_title) > TITLE_BYTES:
        raise BadInput(_("A message has 1 to 4,000 bytes."), {"text": _("write something")})
    if not 1 <= weight <= 100:
        raise BadInput(_("A weight is between 1 and 100."), {"weight": _("1 to 100")})


def _editable(campaign_id: int) -> Campaign:
    current = locked(campaign_id)
    if current.state not in rules.EDITABLE:
        raise Refused(_("This campaign was launched; copy it to change it."), "not_editable")
    if current.state != CampaignState.DRAFT or current.approved_by_id:
        current.state, current.approved_by = CampaignState.DRAFT, None
        current.save(update_fields=["state", "approved_by"])
    return current


def remove_variant(campaign: Campaign, variant_id: int, *, actor: User) -> None:
    """Take a variant away; nothing happens when it is gone already."""
    with transaction.atomic():
        current = _editable(campaign.id)
        found = current.variants.filter(id=variant_id).first()
        if found is None:
            return
        content = found.content_id
        found.delete()
        Content.objects.filter(id=content).delete()
        write_audit(actor, "campaigns.variant_removed", current, {"variant": variant_id})
