"""What became of each variant of a campaign."""

import dataclasses
from decimal import Decimal

from django.db import connection

from campaigns.rules.split import Tried

_VARIANTS = """
SELECT variant.id, variant.name, variant.position, content.text, cardinality(variant.tag_ids) > 0, variant.weight,
    count(recipient.id), count(*) FILTER (WHERE message.state IN ('sent', 'uncertain')),
    count(*) FILTER (WHERE message.state IN ('sent', 'uncertain') AND message.clicked_at IS NOT NULL),
    count(DISTINCT message.customer_id) FILTER (WHERE claim.amount IS NOT NULL), coalesce(sum(claim.amount), 0),
    ARRAY(SELECT tag.name FROM tagging_tag AS tag WHERE tag.id = ANY(variant.tag_ids) ORDER BY tag.name)
FROM campaigns_variant AS variant
JOIN messaging_content AS content ON content.id = variant.content_id
LEFT JOIN campaigns_recipient AS recipient ON recipient.campaign_id = variant.campaign_id AND recipient.variant_id = variant.id
LEFT JOIN messaging_message AS message ON message.id = recipient.message_id
LEFT JOIN (SELECT message_id, sum(amount) AS amount FROM campaigns_attribution WHERE campaign_id = %(campaign)s GROUP BY 1)
    AS claim ON claim.message_id = message.id
WHERE variant.campaign_id = %(campaign)s
GROUP BY variant.id, content.text ORDER BY variant.position
"""


@dataclasses.dataclass(frozen=True)
class VariantRow:
    """One variant with its people, and how they answered. Money in yuan, claimed by the last touch."""

    id: int
    name: str
    position: int
    text: str
    is_tagged: bool
    weight: int
    people: int
    delivered: int
    opened: int
    ordered: int
    revenue: Decimal
    tag_names: list[str]

    @property
    def open_rate(self) -> float | None:
        """Openings per delivery, None before the first delivery."""
        return self.opened / self.delivered if self.delivered else None


def variant_rows(campaign_id: int) -> list[VariantRow]:
    """The campaign's variants in their order."""
    with connection.cursor() as cursor:
        cursor.execute(_VARIANTS, {"campaign": campaign_id})
        return [VariantRow(*row) for row in cursor.fetchall()]


def tried(campaign_id: int) -> list[Tried]:
    """The variants that were tried against each other: those for everybody."""
    return [Tried(one.id, one.position, one.delivered, one.opened) for one in variant_rows(campaign_id) if not one.is_tagged]
