"""Campaigns as lists: counts by state, pages, the small funnel beside each, hits for the palette."""

import collections
import dataclasses
from collections.abc import Sequence
from typing import Any

from django.core.cache import cache
from django.db import connection
from django.db.models import Count, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from campaigns.choices import CampaignState
from campaigns.models import Campaign
from campaigns.rules.launch import OVER
from catalog.models import Product
from staff.models import User
from staff.rules import can

PAGE = 20


@dataclasses.dataclass
class MiniFunnel:
    """The five numbers a list shows of a campaign."""

    audience: int = 0
    treated: int = 0
    created: int = 0
    delivered: int = 0
    opened: int = 0
    ordered: int = 0
    revenue: Any = 0

    @property
    def bars(self) -> list[int]:
        """Planned, created, delivered, opened, ordered."""
        return [self.treated, self.created, self.delivered, self.opened, self.ordered]


_MINI = """
SELECT recipient.campaign_id, count(*), count(*) FILTER (WHERE recipient.arm = 'treated'),
    count(*) FILTER (WHERE task.msgid <> '' AND message.state NOT IN ('queued', 'suppressed', 'failed')),
    count(*) FILTER (WHERE message.state = 'sent'),
    count(*) FILTER (WHERE message.state = 'sent' AND message.clicked_at IS NOT NULL)
FROM campaigns_recipient AS recipient
LEFT JOIN messaging_message AS message ON message.id = recipient.message_id
LEFT JOIN messaging_masstask AS task ON task.id = message.task_id
WHERE recipient.campaign_id = ANY(%s)
GROUP BY recipient.campaign_id
"""
_CLAIMS = """
SELECT claim.campaign_id, count(DISTINCT message.customer_id), sum(claim.amount)
FROM campaigns_attribution AS claim JOIN messaging_message AS message ON message.id = claim.message_id
WHERE claim.campaign_id = ANY(%s)
GROUP BY claim.campaign_id
"""


def mini_funnels(campaigns: Sequence[Campaign]) -> dict[int, MiniFunnel]:
    """Campaign id -> its five numbers. Kept for a minute when over and for three seconds while running."""
    names = {f"campaign:mini:{campaign.id}": campaign for campaign in campaigns if campaign.launched_at}
    found: dict[str, MiniFunnel] = cache.get_many(list(names))
    missing = [campaign for name, campaign in names.items() if name not in found]
    if missing:
        counted = _count(tuple(campaign.id for campaign in missing))
        for campaign in missing:
            name = f"campaign:mini:{campaign.id}"
            found[name] = counted[campaign.id]
            cache.set(name, found[name], 60 if campaign.state in OVER else 3)
    return {names[name].id: numbers for name, numbers in found.items()}


def _count(ids: tuple[int, ...]) -> dict[int, MiniFunnel]:
    result: dict[int, MiniFunnel] = collections.defaultdict(MiniFunnel)
    with connection.cursor() as cursor:
        cursor.execute(_MINI, [list(ids)])
        for campaign_id, audience, treated, created, delivered, opened in cursor.fetchall():
            result[campaign_id] = MiniFunnel(audience, treated, created, delivered, opened)
        cursor.execute(_CLAIMS, [list(ids)])
        for campaign_id, ordered, revenue in cursor.fetchall():
            result[campaign_id].ordered, result[campaign_id].revenue = ordered, revenue
    return result


def state_counts() -> dict[str, int]:
    """State -> number of campaigns."""
    return dict(Campaign.objects.order_by().values_list("state").annotate(Count("id")))


def campaign_page(state: str = "", text: str = "", after: int | None = None) -> tuple[list[Campaign], int | None]:
    """A page of campaigns, newest first, and the cursor of the next page (None at the end)."""
    rows = _listed()
    if state:
        rows = rows.filter(state=state)
    if text:
        rows = rows.filter(Q(name__icontains=text) | Q(segment__name__icontains=text))
    if after:
        rows = rows.filter(id__lt=after)
    page = list(rows[: PAGE + 1])
    return page[:PAGE], page[PAGE - 1].id if len(page) > PAGE else None


def _listed() -> QuerySet[Campaign]:
    listed = Campaign.objects.select_related("segment", "content", "created_by")
    return listed.defer("content__card_image", "segment__condition").order_by("-id")


def product_of(campaign: Campaign) -> Product | None:
    """The product on the campaign's card."""
    return Product.objects.filter(code=campaign.content.product_code).first()


@dataclasses.dataclass(frozen=True)
class Hit:
    """One line of the palette."""

    label: str
    url: str
    icon: str
    kind: str
    note: str


def palette(user: User, text: str, limit: int) -> list[Hit]:
    """Campaigns whose name holds the text, newest first."""
    if not (user.is_superuser or can(user.role, "campaigns.view")):
        return []
    found = Campaign.objects.filter(name__icontains=text).order_by("-id").only("id", "name", "state")[:limit]
    return [_hit(campaign) for campaign in found]


def _hit(campaign: Campaign) -> Hit:
    url = reverse("campaigns:detail", args=[campaign.id])
    return Hit(campaign.name, url, "megaphone", _("Campaigns"), str(CampaignState(campaign.state).label))


def campaign_names(campaign_ids: set[int]) -> dict[int, str]:
    """Campaign id -> name, for timelines."""
    return dict(Campaign.objects.filter(pk__in=campaign_ids).values_list("pk", "name"))
