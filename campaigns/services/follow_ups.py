"""Tasks for staff out of what customers do, and working through them."""

import datetime as dt
import json
from collections.abc import Collection

from django.db import connection, transaction
from django.utils import translation
from django.utils.translation import gettext as _

from campaigns.choices import FollowUpReason, FollowUpState, Outcome
from campaigns.models import FollowUp
from core import clock
from core.errors import Refused
from customers.services.standing import refresh_standing
from messaging.queries import SENDER
from staff.models import User

VIEWS = 3
VIEW_HOURS = 48
CHECKOUT_GRACE = dt.timedelta(minutes=30)
HANDS_OUT = (Outcome.CONTACTED, Outcome.NO_ANSWER, Outcome.QUOTED, Outcome.NO_INTEREST)

# The customers' behaviour in the last two days, one row per customer and product: the strongest reason wins.
# A product bought meanwhile is no reason. One task per customer, product and week (Shanghai). Who turned personal
# recommendations off is followed up for an order they began, never for what they looked at.
_MAKE = f"""
WITH audience AS MATERIALIZED (SELECT unnest(%(customers)s::bigint[]) AS customer_id),
behaviour AS (
    SELECT customer_id, left(coalesce(props ->> 'product', ''), 20) AS product, kind, occurred_at FROM core_event
    WHERE customer_id IN (SELECT customer_id FROM audience) AND occurred_at > %(since)s AND occurred_at <= %(now)s
      AND kind IN ('product.viewed', 'quote.opened', 'checkout.started')
    UNION ALL
    SELECT placed.customer_id, bought.code, 'checkout.started', placed.placed_at
    FROM orders_order AS placed JOIN catalog_product AS bought ON bought.id = placed.product_id
    WHERE placed.customer_id IN (SELECT customer_id FROM audience) AND placed.placed_at > %(since)s AND placed.paid_at IS NULL
),
seen AS (
    SELECT customer_id, product, count(*) FILTER (WHERE kind = 'product.viewed') AS views,
        count(*) FILTER (WHERE kind = 'quote.opened') AS quotes, count(*) FILTER (WHERE kind = 'checkout.started') AS checkouts,
        min(occurred_at) AS first_at, max(occurred_at) AS last_at,
        max(occurred_at) FILTER (WHERE kind = 'checkout.started') AS checkout_at
    FROM behaviour GROUP BY customer_id, product
),
due AS (
    SELECT seen.*,
        CASE WHEN checkouts > 0 THEN 'checkout_unpaid' WHEN quotes > 0 THEN 'quote_opened' ELSE 'repeated_views' END AS reason
    FROM seen
    WHERE (checkouts > 0 OR quotes > 0 OR (views >= %(views)s AND product <> ''))
      AND NOT EXISTS (
          SELECT 1 FROM orders_order AS placed JOIN catalog_product AS bought ON bought.id = placed.product_id
          WHERE placed.customer_id = seen.customer_id AND bought.code = seen.product AND placed.paid_at > %(since)s)
),
sender AS ({SENDER})
INSERT INTO campaigns_followup AS task (key, customer_id, assignee_id, title, reason, evidence, suggested_text, product_code,
    state, outcome, due_at, created_at)
SELECT 'behaviour:' || due.customer_id || ':' || due.product || ':'
        || to_char(%(now)s::timestamptz AT TIME ZONE 'Asia/Shanghai', 'IYYY"W"IW'),
    due.customer_id, coalesce(sender.user_id, customer.owner_id),
    left(replace(%(titles)s::jsonb ->> due.reason, '[product]', coalesce(product.name, due.product)), 80), due.reason,
    jsonb_build_array(jsonb_build_object('views', due.views, 'quotes', due.quotes, 'checkouts', due.checkouts,
        'first_at', due.first_at, 'last_at', due.last_at, 'hours', %(hours)s)),
    replace(%(texts)s::jsonb ->> due.reason, '[product]', coalesce(product.name, due.product)), due.product, 'open', '',
    CASE WHEN due.checkouts > 0 THEN due.checkout_at + make_interval(secs => %(grace)s) ELSE due.last_at END, %(now)s
FROM due
JOIN customers_customer AS customer ON customer.id = due.customer_id AND customer.merged_into_id IS NULL
    AND (customer.is_personalised OR due.checkouts > 0)
LEFT JOIN catalog_product AS product ON product.code = due.product
LEFT JOIN sender ON sender.customer_id = due.customer_id
ORDER BY due.customer_id, due.product
ON CONFLICT (key) DO UPDATE SET evidence = EXCLUDED.evidence,
    (reason, title, suggested_text) = (
        SELECT CASE WHEN stronger THEN EXCLUDED.reason ELSE task.reason END,
            CASE WHEN stronger THEN EXCLUDED.title ELSE task.title END,
            CASE WHEN stronger THEN EXCLUDED.suggested_text ELSE task.suggested_text END
        FROM (SELECT EXCLUDED.reason = 'checkout_unpaid' OR task.reason = 'repeated_views' AS stronger) AS compared)
WHERE task.state = 'open'
"""  # noqa: S608 - a constant; every value is a parameter


def make_follow_ups(customer_ids: Collection[int]) -> int:
    """Make or freshen the tasks that these customers' behaviour asks for; how many rows were written.

    Safe to run again at any time: one task per customer, product and week, and a finished one stays finished.
    """
    now = clock.now()
    with translation.override("zh-hans"):  # the words are for customers and staff here, whoever runs the worker
        titles, texts = json.dumps(_titles()), json.dumps(_texts())
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            _MAKE,
            {
                "customers": sorted(customer_ids), "since": now - dt.timedelta(hours=VIEW_HOURS), "now": now,
                "views": VIEWS, "hours": VIEW_HOURS, "grace": CHECKOUT_GRACE.total_seconds(), "titles": titles, "texts": texts,
            },
        )  # fmt: skip
        written = int(cursor.rowcount)
        refresh_standing(customer_ids)
        return written


def _titles() -> dict[str, str]:
    return {
        FollowUpReason.REPEATED_VIEWS: _("Keeps looking at “[product]”"),
        FollowUpReason.QUOTE_OPENED: _("Opened the quote “[product]”"),
        FollowUpReason.CHECKOUT_UNPAID: _("Started to order “[product]”, not paid"),
    }


def _texts() -> dict[str, str]:
    return {
        FollowUpReason.REPEATED_VIEWS: _(
            "Hello! Many families ask about “[product]” these days. If you would like to go: how many are you, and when would"
            " it suit you? I will look up dates and prices for you."
        ),
        FollowUpReason.QUOTE_OPENED: _(
            "Hello! Have you had a look at the plan “[product]”? Tell me what you would like to change, and I will adjust it."
        ),
        FollowUpReason.CHECKOUT_UNPAID: _(
            "Hello! Your booking of “[product]” only lacks the payment. If anything went wrong or is unclear, tell me; I will"
            " gladly help."
        ),
    }


def close_bought(*, order_id: int) -> int:
    """A paid order ends the open tasks about its product; how many."""
    bought = "SELECT placed.customer_id, product.code FROM orders_order AS placed JOIN catalog_product AS product"
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE campaigns_followup AS task SET state = 'done', outcome = 'ordered', done_at = %(now)s"  # noqa: S608 - constants
            f" FROM ({bought} ON product.id = placed.product_id WHERE placed.id = %(order)s AND placed.paid_at IS NOT NULL)"
            " AS bought (customer_id, code)"
            " WHERE task.customer_id = bought.customer_id AND task.product_code = bought.code AND task.state = 'open'"
            " RETURNING task.customer_id",
            {"order": order_id, "now": clock.now()},
        )
        closed = [customer_id for (customer_id,) in cursor.fetchall()]
    refresh_standing(closed)
    return len(closed)


def finish_follow_up(task: FollowUp, *, actor: User, outcome: str) -> FollowUp:
    """Done, with what came of it."""
    if outcome not in HANDS_OUT:
        raise Refused(_("Say what came of it."), "no_outcome")
    values = {"state": FollowUpState.DONE, "outcome": outcome, "done_at": clock.now(), "done_by": actor}
    return _change(task, FollowUpState.OPEN, values, _("This task is done already."))


def reopen_follow_up(task: FollowUp, *, actor: User) -> FollowUp:
    """Take back "done"; a task that the customer's own order ended stays ended."""
    if task.outcome == Outcome.ORDERED:
        raise Refused(_("The customer has ordered; there is nothing left to do."), "ordered")
    return _change(task, FollowUpState.DONE, {"state": FollowUpState.OPEN, "outcome": "", "done_at": None, "done_by": None}, "")


def snooze_follow_up(task: FollowUp, *, until: dt.datetime) -> FollowUp:
    """Not before `until`."""
    return _change(task, FollowUpState.OPEN, {"due_at": until}, _("This task is done already."))


def assign_follow_up(task: FollowUp, *, assignee: User) -> FollowUp:
    """Hand a task over."""
    return _change(task, FollowUpState.OPEN, {"assignee": assignee}, _("This task is done already."))


def _change(task: FollowUp, expected: FollowUpState, values: dict[str, object], complaint: str) -> FollowUp:
    """Write only while the task is in the expected state: two people may press at once."""
    changed = FollowUp.objects.filter(id=task.id, state=expected).update(**values)
    if not changed:
        raise Refused(complaint or _("This task is open already."), "task_moved")
    refresh_standing([task.customer_id])
    task.refresh_from_db()
    return task
