"""The ledger's books, read with plain SQL: what the tests hold the services to."""

from django.db import connection

_BALANCES = """
SELECT account.customer_id, account.balance, account.held,
    (SELECT coalesce(sum(CASE WHEN credit_id = account.customer_id THEN amount ELSE -amount END), 0) FROM membership_transfer
     WHERE account.customer_id IN (debit_id, credit_id) AND (state = 'posted' OR state = 'pending' AND debit_id = account.customer_id)),
    (SELECT coalesce(sum(remaining), 0) FROM membership_lot AS lot WHERE lot.customer_id = account.customer_id),
    (SELECT coalesce(sum(amount), 0) FROM membership_transfer WHERE debit_id = account.customer_id AND state = 'pending')
FROM membership_account AS account
"""
_LOTS = """
SELECT lot.id FROM membership_lot AS lot WHERE lot.remaining <> lot.amount - (
    SELECT coalesce(sum(use.amount), 0) FROM membership_lotuse AS use JOIN membership_transfer AS moved ON moved.id = use.transfer_id
    WHERE use.lot_id = lot.id AND moved.state <> 'voided')
"""


def wrong() -> list[tuple[int, ...]]:
    """Accounts whose balance is not what their transfers and lots add up to, and lots that are not what is left of them."""
    with connection.cursor() as cursor:
        cursor.execute(_BALANCES)
        accounts = [row for row in cursor.fetchall() if not (row[1] == row[3] == row[4] and row[2] == row[5] and row[1] >= 0)]
        cursor.execute(_LOTS)
        return accounts + list(cursor.fetchall())
