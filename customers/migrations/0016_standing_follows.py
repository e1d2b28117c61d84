"""A customer's standing follows the customer and the friendships in the same transaction, whoever writes them."""

from typing import ClassVar

from django.db import migrations

_TRIGGERS = """
CREATE FUNCTION customers_bond_of(customer bigint) RETURNS smallint LANGUAGE sql STABLE AS $$
SELECT coalesce(max(CASE state WHEN 'active' THEN 2 WHEN 'deleted_by_customer' THEN 1 ELSE 0 END), 0)::smallint
FROM customers_relationship WHERE customer_id = customer
$$;
CREATE FUNCTION customers_standing_born() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO customers_standing (customer_id, seen_at, owner_id, department_id, lifecycle, city, source)
    SELECT id, created_at, owner_id, department_id, lifecycle, city, source FROM born WHERE merged_into_id IS NULL
    ON CONFLICT (customer_id) DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER customers_standing_born AFTER INSERT ON customers_customer REFERENCING NEW TABLE AS born
FOR EACH STATEMENT EXECUTE FUNCTION customers_standing_born();

CREATE FUNCTION customers_standing_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.merged_into_id IS NOT NULL THEN
        DELETE FROM customers_standing WHERE customer_id = NEW.id;
        RETURN NULL;
    END IF;
    INSERT INTO customers_standing (customer_id, seen_at, owner_id, department_id, lifecycle, city, source, bond)
    VALUES (NEW.id, coalesce((SELECT last_seen_at FROM customers_activity WHERE customer_id = NEW.id), NEW.created_at),
        NEW.owner_id, NEW.department_id, NEW.lifecycle, NEW.city, NEW.source,
        customers_bond_of(NEW.id))
    ON CONFLICT (customer_id) DO UPDATE SET (owner_id, department_id, lifecycle, city, source)
        = (EXCLUDED.owner_id, EXCLUDED.department_id, EXCLUDED.lifecycle, EXCLUDED.city, EXCLUDED.source);
    RETURN NULL;
END $$;
CREATE TRIGGER customers_standing_moved
AFTER UPDATE OF owner_id, department_id, lifecycle, city, source, merged_into_id ON customers_customer FOR EACH ROW
WHEN ((OLD.owner_id, OLD.department_id, OLD.lifecycle, OLD.city, OLD.source, OLD.merged_into_id)
    IS DISTINCT FROM (NEW.owner_id, NEW.department_id, NEW.lifecycle, NEW.city, NEW.source, NEW.merged_into_id))
EXECUTE FUNCTION customers_standing_moved();

CREATE FUNCTION customers_standing_gone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM customers_standing USING gone WHERE customer_id = gone.id;
    RETURN NULL;
END $$;
CREATE TRIGGER customers_standing_gone AFTER DELETE ON customers_customer REFERENCING OLD TABLE AS gone
FOR EACH STATEMENT EXECUTE FUNCTION customers_standing_gone();

CREATE FUNCTION customers_standing_bound() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        UPDATE customers_standing AS held SET bond = customers_bond_of(held.customer_id)
        WHERE held.customer_id IN (SELECT customer_id FROM fresh) AND held.bond <> customers_bond_of(held.customer_id);
    ELSIF TG_OP = 'DELETE' THEN
        UPDATE customers_standing AS held SET bond = customers_bond_of(held.customer_id)
        WHERE held.customer_id IN (SELECT customer_id FROM stale) AND held.bond <> customers_bond_of(held.customer_id);
    ELSE
        UPDATE customers_standing AS held SET bond = customers_bond_of(held.customer_id)
        WHERE held.customer_id IN (SELECT customer_id FROM fresh UNION SELECT customer_id FROM stale)
            AND held.bond <> customers_bond_of(held.customer_id);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER customers_standing_bound_new AFTER INSERT ON customers_relationship REFERENCING NEW TABLE AS fresh
FOR EACH STATEMENT EXECUTE FUNCTION customers_standing_bound();
CREATE TRIGGER customers_standing_bound_changed AFTER UPDATE ON customers_relationship
REFERENCING OLD TABLE AS stale NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION customers_standing_bound();
CREATE TRIGGER customers_standing_bound_gone AFTER DELETE ON customers_relationship REFERENCING OLD TABLE AS stale
FOR EACH STATEMENT EXECUTE FUNCTION customers_standing_bound();

INSERT INTO customers_standing (customer_id, seen_at, owner_id, department_id, lifecycle, city, source, bond)
SELECT customer.id, coalesce(activity.last_seen_at, customer.created_at), owner_id, department_id, lifecycle, city, source,
    customers_bond_of(customer.id)
FROM customers_customer AS customer LEFT JOIN customers_activity AS activity ON activity.customer_id = customer.id
WHERE customer.merged_into_id IS NULL ORDER BY customer.id;
"""
_BACK = """
DROP TRIGGER customers_standing_bound_gone ON customers_relationship;
DROP TRIGGER customers_standing_bound_changed ON customers_relationship;
DROP TRIGGER customers_standing_bound_new ON customers_relationship;
DROP FUNCTION customers_standing_bound();
DROP FUNCTION customers_bond_of(bigint);
DROP TRIGGER customers_standing_gone ON customers_customer;
DROP FUNCTION customers_standing_gone();
DROP TRIGGER customers_standing_moved ON customers_customer;
DROP FUNCTION customers_standing_moved();
DROP TRIGGER customers_standing_born ON customers_customer;
DROP FUNCTION customers_standing_born();
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("customers", "0015_lists")]

    operations: ClassVar = [migrations.RunSQL(_TRIGGERS, _BACK)]
