import django.contrib.postgres.fields
from django.db import migrations, models

_JOIN = """
INSERT INTO service_bot_postinglist (kind, term, entries, weights, size)
SELECT kind, term, array_agg(entry_id ORDER BY entry_id), array_agg(weight ORDER BY entry_id), count(*)
FROM service_bot_posting GROUP BY kind, term
"""
_PART = """
INSERT INTO service_bot_posting (entry_id, term, kind, weight)
SELECT one.entry, list.term, list.kind, one.weight
FROM service_bot_postinglist AS list CROSS JOIN LATERAL unnest(list.entries, list.weights) AS one (entry, weight)
ON CONFLICT DO NOTHING;
INSERT INTO service_bot_term (kind, term, entries) SELECT kind, term, sum(size) FROM service_bot_postinglist GROUP BY kind, term
"""


class Migration(migrations.Migration):
    """One row for a term and the passages that were indexed together, instead of one row for each pair."""

    dependencies = [("service_bot", "0003_turns")]

    operations = [
        migrations.CreateModel(
            name="PostingList",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=8)),
                ("term", models.BigIntegerField()),
                ("entries", django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), size=None)),
                ("weights", django.contrib.postgres.fields.ArrayField(base_field=models.FloatField(), size=None)),
                ("size", models.IntegerField()),
            ],
            options={"verbose_name": "posting", "verbose_name_plural": "postings"},
        ),
        migrations.RunSQL(_JOIN, _PART),
        migrations.AddIndex(
            model_name="postinglist",
            index=models.Index(fields=["kind", "term"], include=["size"], name="posting_list_lookup"),
        ),
        # 0002 took the constraint away behind Django's back; so that going back finds the table as 0002 left it.
        migrations.RunSQL(
            "ALTER TABLE service_bot_posting ADD PRIMARY KEY (entry_id, term)",
            """
            ALTER TABLE service_bot_posting DROP CONSTRAINT service_bot_posting_pkey;
            CREATE INDEX posting_entry ON service_bot_posting USING brin (entry_id) WITH (pages_per_range = 8, autosummarize = on);
            """,
        ),
        migrations.DeleteModel(name="Posting"),
        migrations.DeleteModel(name="Term"),
    ]
