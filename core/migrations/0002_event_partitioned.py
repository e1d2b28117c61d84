"""The fact log, partitioned by month of `occurred_at`.

Partitions are made ahead by core.services.ensure_event_partitions. What falls outside (an old import) lands in the
default partition, so that no accepted fact is ever refused by the table.
"""

import django.contrib.postgres.indexes
import django.db.models.functions.datetime
from django.db import migrations, models

CREATE = """
CREATE TABLE core_event (
    key uuid NOT NULL,
    occurred_at timestamptz NOT NULL,
    kind varchar(64) NOT NULL,
    customer_id bigint,
    props jsonb NOT NULL,
    source varchar(32) NOT NULL DEFAULT 'app',
    recorded_at timestamptz NOT NULL DEFAULT statement_timestamp(),
    PRIMARY KEY (key, occurred_at)
) PARTITION BY RANGE (occurred_at);
CREATE INDEX event_customer_time ON core_event (customer_id, occurred_at);
CREATE INDEX event_time_brin ON core_event USING brin (occurred_at);
CREATE TABLE core_event_default PARTITION OF core_event DEFAULT;

CREATE FUNCTION core_ensure_event_partitions(first_day date, last_day date) RETURNS integer
LANGUAGE plpgsql AS $body$
DECLARE
    month date := date_trunc('month', first_day)::date;
    name text;
    made integer := 0;
BEGIN
    WHILE month <= last_day LOOP
        name := 'core_event_' || to_char(month, 'YYYYMM');
        IF to_regclass(name) IS NULL THEN
            EXECUTE format('CREATE TABLE %I (LIKE core_event INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', name);
            -- Rows that an import left in the default partition move to where they belong.
            EXECUTE format('WITH moved AS (DELETE FROM core_event_default WHERE occurred_at >= %L AND occurred_at < %L RETURNING *) INSERT INTO %I SELECT * FROM moved',
                           month::timestamp AT TIME ZONE 'UTC', (month + interval '1 month')::timestamp AT TIME ZONE 'UTC', name);
            EXECUTE format('ALTER TABLE core_event ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', name,
                           month::timestamp AT TIME ZONE 'UTC', (month + interval '1 month')::timestamp AT TIME ZONE 'UTC');
            made := made + 1;
        END IF;
        month := (month + interval '1 month')::date;
    END LOOP;
    RETURN made;
END $body$;

SELECT core_ensure_event_partitions((now() - interval '7 months')::date, (now() + interval '3 months')::date);
"""
DROP = "DROP TABLE core_event; DROP FUNCTION core_ensure_event_partitions(date, date);"


class Migration(migrations.Migration):
    dependencies = [("core", "0001_initial")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(CREATE, DROP)],
            state_operations=[
                migrations.CreateModel(
                    name='Event',
                    fields=[
                        ('pk', models.CompositePrimaryKey('key', 'occurred_at', blank=True, editable=False, primary_key=True, serialize=False)),
                        ('key', models.UUIDField()),
                        ('occurred_at', models.DateTimeField()),
                        ('kind', models.CharField(max_length=64)),
                        ('customer_id', models.BigIntegerField(null=True)),
                        ('props', models.JSONField(default=dict)),
                        ('source', models.CharField(default='app', max_length=32)),
                        ('recorded_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                    ],
                    options={
                        'verbose_name': 'event',
                        'verbose_name_plural': 'events',
                        'indexes': [models.Index(fields=['customer_id', 'occurred_at'], name='event_customer_time'), django.contrib.postgres.indexes.BrinIndex(fields=['occurred_at'], name='event_time_brin')],
                    },
                ),
            ],
        ),
    ]
