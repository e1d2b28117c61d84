"""The two statements that move points. A function, because each of its statements must see what was committed while it waited
for the accounts' locks, and because one call is one round trip (docs/adr/0023)."""

from django.db import migrations

POST = """
CREATE FUNCTION membership_post(
    p_key text, p_debit bigint, p_credit bigint, p_house text, p_amount bigint, p_code text, p_pending boolean, p_ref text,
    p_rule bigint, p_at timestamptz, p_expires timestamptz, p_up_to boolean
) RETURNS TABLE (transfer_id bigint, moved bigint, outcome text) LANGUAGE plpgsql AS $$
DECLARE
    known membership_transfer;
    usable bigint;
    wanted bigint := p_amount;
    new_id bigint;
BEGIN
    SELECT * INTO known FROM membership_transfer WHERE key = p_key;
    IF NOT FOUND THEN
        IF p_credit IS NOT NULL THEN
            INSERT INTO membership_account (customer_id) SELECT p_credit
            WHERE NOT EXISTS (SELECT 1 FROM membership_account WHERE customer_id = p_credit) ON CONFLICT DO NOTHING;
        END IF;
        PERFORM 1 FROM membership_account WHERE customer_id IN (p_debit, p_credit) ORDER BY customer_id FOR NO KEY UPDATE;
        IF p_debit IS NOT NULL THEN
            SELECT coalesce(sum(remaining), 0) INTO usable FROM membership_lot
            WHERE customer_id = p_debit AND remaining > 0 AND (expires_at IS NULL OR expires_at >= p_at);
            IF p_up_to THEN wanted := least(wanted, usable); END IF;
            IF wanted = 0 THEN RETURN QUERY SELECT NULL::bigint, 0::bigint, 'nothing'; RETURN; END IF;
            IF wanted > usable THEN
                -- A retry that waited for its first attempt finds the points gone, but the transfer done.
                SELECT * INTO known FROM membership_transfer WHERE key = p_key;
                IF NOT FOUND THEN RETURN QUERY SELECT NULL::bigint, usable, 'short'; RETURN; END IF;
            END IF;
        END IF;
    END IF;
    IF known.id IS NULL THEN
        INSERT INTO membership_transfer (key, debit_id, credit_id, house, amount, code, state, ref, rule_id, at, expires_at, settled_at)
        VALUES (p_key, p_debit, p_credit, p_house, wanted, p_code, CASE WHEN p_pending THEN 'pending' ELSE 'posted' END, p_ref,
                p_rule, p_at, p_expires, CASE WHEN p_pending THEN NULL ELSE p_at END)
        ON CONFLICT (key) DO NOTHING RETURNING id INTO new_id;
        IF new_id IS NULL THEN SELECT * INTO known FROM membership_transfer WHERE key = p_key; END IF;
    END IF;
    IF known.id IS NOT NULL THEN
        IF known.debit_id IS DISTINCT FROM p_debit OR known.credit_id IS DISTINCT FROM p_credit OR known.code <> p_code
            OR known.house <> p_house OR (known.amount <> p_amount AND NOT p_up_to) THEN
            RETURN QUERY SELECT known.id, known.amount, 'mismatch';
        ELSE
            RETURN QUERY SELECT known.id, known.amount, 'known';
        END IF;
        RETURN;
    END IF;
    IF p_debit IS NOT NULL THEN
        UPDATE membership_account SET balance = balance - wanted, held = held + CASE WHEN p_pending THEN wanted ELSE 0 END
        WHERE customer_id = p_debit;
        WITH queue AS (
            SELECT id, remaining, sum(remaining) OVER (
                ORDER BY (p_code = 'reverse' AND ref = p_ref) DESC, expires_at NULLS LAST, id) - remaining AS before
            FROM membership_lot
            WHERE customer_id = p_debit AND remaining > 0 AND (expires_at IS NULL OR expires_at >= p_at)
        ), taken AS (
            SELECT id, least(remaining, wanted - before) AS take FROM queue WHERE before < wanted
        ), noted AS (
            INSERT INTO membership_lotuse (transfer_id, lot_id, amount) SELECT new_id, id, take FROM taken
        )
        UPDATE membership_lot AS lot SET remaining = lot.remaining - taken.take FROM taken WHERE lot.id = taken.id;
    END IF;
    IF p_credit IS NOT NULL AND NOT p_pending THEN
        UPDATE membership_account SET balance = balance + wanted WHERE customer_id = p_credit;
        INSERT INTO membership_lot (customer_id, transfer_id, amount, remaining, ref, earned_at, expires_at)
        VALUES (p_credit, new_id, wanted, wanted, p_ref, p_at, p_expires);
    END IF;
    RETURN QUERY SELECT new_id, wanted, 'new';
END $$
"""

SETTLE = """
CREATE FUNCTION membership_settle(p_key text, p_post boolean, p_at timestamptz)
RETURNS TABLE (transfer_id bigint, moved bigint, outcome text) LANGUAGE plpgsql AS $$
DECLARE
    entry membership_transfer;
    target text := CASE WHEN p_post THEN 'posted' ELSE 'voided' END;
BEGIN
    SELECT * INTO entry FROM membership_transfer WHERE key = p_key;
    IF NOT FOUND THEN RETURN QUERY SELECT NULL::bigint, 0::bigint, 'missing'; RETURN; END IF;
    IF entry.state = 'pending' THEN
        PERFORM 1 FROM membership_account WHERE customer_id IN (entry.debit_id, entry.credit_id)
        ORDER BY customer_id FOR NO KEY UPDATE;
        UPDATE membership_transfer SET state = target, settled_at = p_at WHERE id = entry.id AND state = 'pending';
        IF FOUND THEN
            IF entry.debit_id IS NOT NULL THEN
                UPDATE membership_account SET held = held - entry.amount,
                    balance = balance + CASE WHEN p_post THEN 0 ELSE entry.amount END WHERE customer_id = entry.debit_id;
                IF NOT p_post THEN
                    UPDATE membership_lot AS lot SET remaining = lot.remaining + use.amount
                    FROM membership_lotuse AS use WHERE use.transfer_id = entry.id AND lot.id = use.lot_id;
                END IF;
            END IF;
            IF entry.credit_id IS NOT NULL AND p_post THEN
                UPDATE membership_account SET balance = balance + entry.amount WHERE customer_id = entry.credit_id;
                INSERT INTO membership_lot (customer_id, transfer_id, amount, remaining, ref, earned_at, expires_at)
                VALUES (entry.credit_id, entry.id, entry.amount, entry.amount, entry.ref, entry.at, entry.expires_at);
            END IF;
            RETURN QUERY SELECT entry.id, entry.amount, 'new';
            RETURN;
        END IF;
        SELECT * INTO entry FROM membership_transfer WHERE key = p_key;
    END IF;
    RETURN QUERY SELECT entry.id, entry.amount, CASE WHEN entry.state = target THEN 'known' ELSE entry.state::text END;
END $$
"""


class Migration(migrations.Migration):
    dependencies = [("membership", "0001_initial")]
    operations = [
        migrations.RunSQL(
            POST, "DROP FUNCTION membership_post(text, bigint, bigint, text, bigint, text, boolean, text, bigint, timestamptz, timestamptz, boolean)"
        ),
        migrations.RunSQL(SETTLE, "DROP FUNCTION membership_settle(text, boolean, timestamptz)"),
    ]
