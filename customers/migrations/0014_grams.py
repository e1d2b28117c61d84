"""Pairs of neighbouring characters of a customer's names, for an inverted index: search inside text without pg_trgm."""

from typing import ClassVar

from django.db import migrations

_FUNCTION = """
CREATE OR REPLACE FUNCTION customers_grams(name text, nickname text, remark text, phone_masked text) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 400 AS $$
SELECT coalesce(array_agg(DISTINCT gram), '{}') FROM (
    SELECT substr(word, place, size) AS gram
    FROM unnest(ARRAY[lower(name), lower(nickname), lower(remark)]) AS word,
        generate_series(1, length(word)) AS place, generate_series(1, 2) AS size
    WHERE place + size - 1 <= length(word) AND (size = 2 OR ascii(substr(word, place, 1)) > 127)
    UNION ALL SELECT '#' || right(phone_masked, 4) WHERE phone_masked <> ''
) AS piece
$$;
"""
# Whoever changes a name, by whatever way, leaves its pinyin to be spelled anew.
_TRIGGER = """
CREATE FUNCTION customers_forget_spelling() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.name_pinyin := '';
    RETURN NEW;
END $$;
CREATE TRIGGER customers_forget_spelling BEFORE UPDATE OF name, nickname ON customers_customer FOR EACH ROW
WHEN (coalesce(nullif(OLD.name, ''), OLD.nickname) <> coalesce(nullif(NEW.name, ''), NEW.nickname)
    AND OLD.name_pinyin = NEW.name_pinyin)
EXECUTE FUNCTION customers_forget_spelling();
"""
_NO_TRIGGER = """
DROP TRIGGER customers_forget_spelling ON customers_customer;
DROP FUNCTION customers_forget_spelling();
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("customers", "0013_visitors_and_portraits")]

    operations: ClassVar = [
        migrations.RunSQL(_FUNCTION, "DROP FUNCTION customers_grams(text, text, text, text)"),
        migrations.RunSQL(_TRIGGER, _NO_TRIGGER),
    ]
