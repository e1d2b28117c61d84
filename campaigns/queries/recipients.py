"""The people of a campaign one by one, by what became of them."""

import dataclasses
import datetime as dt
from decimal import Decimal
from typing import Any

from django.db import connection

from campaigns.models import Campaign
from customers.models import Customer
from messaging.choices import MessageState, Reason
from staff.models import User

PAGE = 25

# The filters of the list: a stable word -> condition. A word for every state and every reason.
_FATES: dict[str, str] = {
    "all": "true",
    "treated": "recipient.arm = 'treated'",
    "holdout": "recipient.arm = 'holdout'",
    "excluded": "recipient.arm = 'excluded'",
    "opened": "message.state = 'sent' AND message.clicked_at IS NOT NULL",
    "ordered": "claim.amount IS NOT NULL",
    **{state: f"message.state = '{state}'" for state in MessageState.values},
    **{
        f"no:{reason}": f"(recipient.reason = '{reason}' OR (message.state = 'suppressed' AND message.reason = '{reason}'))"
        for reason in Reason.values
    },
}
FATES = tuple(_FATES)

_LIST = """
SELECT recipient.id, recipient.customer_id, coalesce(nullif(customer.name, ''), nullif(customer.nickname, ''), ''),
    recipient.arm, coalesce(nullif(recipient.reason, ''), message.reason, ''),
    coalesce(message.state, ''), coalesce(message.error, ''),
    coalesce(nullif(sender.display_name, ''), sender.username, ''), message.sent_at, message.clicked_at,
    claim.amount, claim.orders
FROM campaigns_recipient AS recipient
JOIN customers_customer AS customer ON customer.id = recipient.customer_id
LEFT JOIN messaging_message AS message ON message.id = recipient.message_id
LEFT JOIN staff_user AS sender ON sender.id = message.sender_id
LEFT JOIN (SELECT message_id, sum(amount) AS amount, count(*) AS orders FROM campaigns_attribution
           WHERE campaign_id = %(campaign)s GROUP BY message_id) AS claim ON claim.message_id = message.id
WHERE recipient.campaign_id = %(campaign)s AND recipient.id > %(after)s AND {fate} AND {visible}
    AND (%(sender)s::bigint IS NULL OR message.sender_id = %(sender)s)
ORDER BY recipient.id LIMIT %(limit)s
"""


@dataclasses.dataclass(frozen=True)
class RecipientRow:
    """One person of the audience."""

    id: int
    customer_id: int
    name: str
    arm: str
    reason: str
    state: str
    error: str
    sender: str
    sent_at: dt.datetime | None
    clicked_at: dt.datetime | None
    amount: Decimal | None
    orders: int | None

    @property
    def said_name(self) -> str:
        """The name, or a number for people whose name we do not know."""
        return self.name or f"#{self.customer_id}"


def recipients(
    campaign: Campaign, user: User, *, fate: str = "all", sender_id: int | None = None, after: int = 0
) -> tuple[list[RecipientRow], int | None]:
    """A page of the people within the user's row scope, and the cursor of the next page."""
    visible, params = _scope(user)
    values: dict[str, Any] = {"campaign": campaign.id, "after": after, "limit": PAGE + 1, "sender": sender_id, **params}
    with connection.cursor() as cursor:
        cursor.execute(_LIST.format(fate=f"({_FATES[fate]})", visible=visible), values)
        rows = [RecipientRow(*row) for row in cursor.fetchall()]
    return rows[:PAGE], rows[PAGE - 1].id if len(rows) > PAGE else None


def _scope(user: User) -> tuple[str, dict[str, Any]]:
    """`Customer.objects.visible_to` as a condition of the statement above."""
    sql, params = Customer.objects.visible_to(user).values("id").query.sql_with_params()
    names = {f"v_{index}": value for index, value in enumerate(params)}
    return f"recipient.customer_id IN ({sql % tuple(f'%({name})s' for name in names)})", names
