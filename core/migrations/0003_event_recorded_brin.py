"""Find what was recorded lately: rows stand on disk in the order of recording, so a block-range index is nearly free."""

import django.contrib.postgres.indexes
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("core", "0002_event_partitioned")]

    operations = [
        migrations.AddIndex(
            model_name="event",
            index=django.contrib.postgres.indexes.BrinIndex(fields=["recorded_at"], name="event_recorded_brin"),
        ),
    ]
