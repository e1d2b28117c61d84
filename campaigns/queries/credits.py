"""What a campaign may claim under each model of attribution, and whether the models add up."""

import dataclasses
from decimal import Decimal

from django.db import connection

from campaigns.choices import CreditModel

# All orders this campaign has a part in, and what all campaigns together claim of them under each model.
_CLAIMS = """
WITH involved AS (SELECT DISTINCT order_id FROM campaigns_touchcredit WHERE campaign_id = %(campaign)s)
SELECT credit.model, coalesce(sum(credit.amount) FILTER (WHERE credit.campaign_id = %(campaign)s), 0), sum(credit.amount),
    count(DISTINCT credit.order_id)
FROM campaigns_touchcredit AS credit JOIN involved ON involved.order_id = credit.order_id
GROUP BY credit.model
"""
_MONEY = """
SELECT coalesce(sum(paid_amount - refunded_amount), 0) FROM orders_order
WHERE id IN (SELECT order_id FROM campaigns_touchcredit WHERE campaign_id = %(campaign)s)
"""


@dataclasses.dataclass(frozen=True)
class Claim:
    """One model: what this campaign claims, what all campaigns claim of the same orders, and what these orders brought."""

    model: str
    amount: Decimal
    together: Decimal
    orders: int
    money: Decimal

    @property
    def label(self) -> str:
        """The model's name."""
        return str(CreditModel(self.model).label)

    @property
    def adds_up(self) -> bool:
        """Whether all touches together claim exactly what was paid, to the fen."""
        return self.together == self.money


def claims(campaign_id: int) -> list[Claim]:
    """One line per model, in the order of `CreditModel`; empty when the campaign has no part in any order."""
    with connection.cursor() as cursor:
        cursor.execute(_CLAIMS, {"campaign": campaign_id})
        found = {model: (amount, together, orders) for model, amount, together, orders in cursor.fetchall()}
        cursor.execute(_MONEY, {"campaign": campaign_id})
        (money,) = cursor.fetchone() or (Decimal(0),)
    return [Claim(model, *found[model], money) for model in CreditModel.values if model in found]
