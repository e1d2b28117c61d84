"""Follow-up tasks that rules make beside browsing: after a consultation, before a quote ends,
around departures; and escalation."""

import datetime as dt
import json
from collections import defaultdict
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaigns.choices import FollowUpReason
from campaigns.queries.journeys.anchors import TRIPS
from core import clock
from core.choices import Lane
from core.jobs import enqueue, job
from customers.services.standing import refresh_standing
from gateways.wecom import wecom
from messaging.queries import SENDER
from staff.choices import Role
from staff.models import User

# ruff: noqa: S608 - constants; every value is a parameter

# (key, customer, reason, evidence text's figure, product,
# due): whoever asked an advisor and neither ordered nor was answered by a
# task since; whose quote ends within two days; who leaves within three days; who came back yesterday.
_FOUND = f"""
SELECT 'consulted:' || event.customer_id || ':' || to_char(max(event.occurred_at) AT TIME ZONE 'Asia/Shanghai',
    'YYYYMMDD') AS key,
    event.customer_id, 'consulted' AS reason, count(*)::integer AS number, coalesce(max(event.props ->> 'product'),
        '') AS product,
    max(event.occurred_at) AS due_at, NULL::date AS day
FROM core_event AS event
WHERE event.kind = 'advisor.asked' AND event.customer_id IS NOT NULL AND event.occurred_at BETWEEN %(two_days)s AND %(hour)s
  AND NOT EXISTS (SELECT 1 FROM orders_order AS placed WHERE placed.customer_id = event.customer_id
      AND placed.placed_at > event.occurred_at)
GROUP BY event.customer_id
UNION ALL
SELECT 'quote_ends:' || sent.id, itinerary.customer_id, 'quote_ends', sent.number, '', %(now)s::timestamptz, NULL::date
FROM itinerary_quoteversion AS sent JOIN itinerary_quote AS quote ON quote.id = sent.quote_id
JOIN itinerary_itinerary AS itinerary ON itinerary.id = quote.itinerary_id AND itinerary.customer_id IS NOT NULL
WHERE sent.state = 'sent' AND sent.valid_until > %(now)s AND sent.valid_until <= %(now)s + interval '2 days'
UNION ALL
SELECT 'departure:' || trip.order_id || ':' || trip.starts_on, trip.customer_id, 'departure', trip.starts_on - %(today)s,
    trip.product,
    %(now)s::timestamptz, trip.starts_on
FROM ({TRIPS}) AS trip WHERE trip.is_on AND trip.starts_on BETWEEN %(today)s + 1 AND %(today)s + 3
UNION ALL
SELECT 'came_back:' || trip.order_id, trip.customer_id, 'came_back', 1, trip.product, %(now)s::timestamptz, trip.ends_on
FROM ({TRIPS}) AS trip WHERE trip.is_on AND trip.ends_on BETWEEN %(today)s - 2 AND %(today)s - 1
"""
_MAKE = f"""
WITH found AS MATERIALIZED ({_FOUND}),
audience AS MATERIALIZED (SELECT DISTINCT customer_id FROM found),
sender AS ({SENDER})
INSERT INTO campaigns_followup (key, customer_id, assignee_id, title, reason, evidence, suggested_text, product_code, state,
    outcome,
    due_at, created_at, sla_hours)
SELECT 'rule:' || found.key, found.customer_id, coalesce(sender.user_id, customer.owner_id),
    left(replace(%(titles)s::jsonb ->> found.reason, '[n]', found.number::text), 80), found.reason,
    jsonb_build_array(jsonb_strip_nulls(jsonb_build_object('number', found.number, 'last_at', found.due_at, 'day', found.day))),
    replace(%(texts)s::jsonb ->> found.reason, '[product]', coalesce(product.name, '')), left(found.product, 20), 'open', '',
        found.due_at,
    %(now)s, CASE found.reason WHEN 'consulted' THEN 4 ELSE 24 END
FROM found
JOIN customers_customer AS customer ON customer.id = found.customer_id AND customer.merged_into_id IS NULL
    AND customer.erased_at IS NULL
    AND (customer.is_personalised OR found.reason <> 'consulted')
LEFT JOIN catalog_product AS product ON product.code = found.product
LEFT JOIN sender ON sender.customer_id = found.customer_id
ORDER BY found.key ON CONFLICT (key) DO NOTHING RETURNING customer_id
"""


@job(Lane.USUAL, coalesce=True)
def make_rule_tasks() -> None:
    """Make the tasks that are due by now; asking again makes none twice."""
    sweep_rules()


def sweep_rules(at: dt.datetime | None = None) -> int:
    """The same, now or as of a moment; how many are new."""
    now = at or clock.now()
    with translation.override("zh-hans"):
        titles, texts = json.dumps(_titles()), json.dumps(_texts())
    values: dict[str, Any] = {
        "now": now, "today": clock.shanghai_date(now), "two_days": now - dt.timedelta(days=2),
            "hour": now - dt.timedelta(hours=1),
        "titles": titles, "texts": texts,
    }  # fmt: skip
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_MAKE, values)
        customers = [row[0] for row in cursor.fetchall()]
        refresh_standing(customers)
    return len(customers)


def _titles() -> dict[str, str]:
    return {
        FollowUpReason.CONSULTED: _("Asked for advice [n] times, no order yet"),
        FollowUpReason.QUOTE_ENDS: _("The quote expires within two days"),
        FollowUpReason.DEPARTURE: _("Departs in [n] days: check documents and meeting point"),
        FollowUpReason.CAME_BACK: _("Back from the trip: ask how it was"),
    }


def _texts() -> dict[str, str]:
    return {
        FollowUpReason.CONSULTED: _(
            "Hello! About what you asked me: shall I put two routes side by side for you, with dates and prices?"
        ),
        FollowUpReason.QUOTE_ENDS: _("Hello! The prices in your plan hold for two more days. Shall I keep the seats for you?"),
        FollowUpReason.DEPARTURE: _(
            "Hello! “[product]” starts soon. Please check names and documents; the meeting point stands in the mini-program."
        ),
        FollowUpReason.CAME_BACK: _("Hello, welcome back! How was “[product]”? Whatever we can do better, please tell me."),
    }


_LATE = """
UPDATE campaigns_followup AS task SET escalated_at = %(now)s, escalated_to_id = (
    SELECT boss.id FROM staff_user AS boss
    WHERE boss.is_active AND boss.role IN (%(operations)s, %(administrator)s) AND boss.id IS DISTINCT FROM task.assignee_id
    ORDER BY (boss.department_id IS NOT DISTINCT FROM (SELECT department_id FROM staff_user WHERE id = task.assignee_id)) DESC,
        boss.role = %(operations)s DESC, boss.id LIMIT 1)
WHERE task.state = 'open' AND task.escalated_at IS NULL AND task.due_at + make_interval(hours => task.sla_hours) < %(now)s
RETURNING task.escalated_to_id
"""


@job(Lane.USUAL, coalesce=True)
def escalate_tasks() -> None:
    """Tasks nobody has finished in time go to a superior as well, who gets one message about all of them."""
    escalate(clock.now())


def escalate(now: dt.datetime) -> int:
    """The same as of a moment; how many tasks."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_LATE, {"now": now, "operations": Role.OPERATIONS, "administrator": Role.ADMINISTRATOR})
        bosses = [row[0] for row in cursor.fetchall()]
        counts: dict[int, int] = defaultdict(int)
        for boss in bosses:
            if boss:
                counts[boss] += 1
        for boss, number in counts.items():
            enqueue(tell_superior, key=f"{boss}:{now.isoformat()}", user_id=boss, number=number)
    return len(bosses)


@job(Lane.USUAL)
def tell_superior(user_id: int, number: int) -> None:
    """One card for all tasks that were escalated together (WeCom drops what is more than 30 a minute without a word)."""
    user = User.objects.filter(pk=user_id, is_active=True, wecom_userid__isnull=False).first()
    if user is None:
        return
    with translation.override("zh-hans"):
        title = ngettext("%(n)s follow-up task is overdue", "%(n)s follow-up tasks are overdue", number) % {"n": number}
        text = _("Nobody has finished them in time; see who can take them over.")
    url = f"{settings.PUBLIC_URL.rstrip('/')}/tasks?tab=now&mine=0"
    wecom().send_staff_message(userids=[str(user.wecom_userid)], title=title, description=text, url=url)
