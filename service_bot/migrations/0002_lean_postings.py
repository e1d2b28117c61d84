from django.db import migrations


class Migration(migrations.Migration):
    """Postings are written by the hundred thousand: entries stand together in the table, so a summary of its blocks (BRIN)
    finds those of an entry, where a second B-tree cost as much as the first."""

    dependencies = [("service_bot", "0001_knowledge")]

    operations = [
        migrations.RunSQL(
            """
            ALTER TABLE service_bot_posting DROP CONSTRAINT service_bot_posting_pkey;
            CREATE INDEX posting_entry ON service_bot_posting USING brin (entry_id) WITH (pages_per_range = 8, autosummarize = on);
            """,
            """
            DROP INDEX posting_entry;
            ALTER TABLE service_bot_posting ADD PRIMARY KEY (entry_id, term);
            """,
        )
    ]
