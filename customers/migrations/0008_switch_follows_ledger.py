"""Who refused personal recommendations before there was a switch has it turned off."""

from django.db import migrations

OFF = """
UPDATE customers_customer SET is_personalised = false WHERE is_personalised AND id IN (
    SELECT customer_id FROM customers_consent
    WHERE is_current AND purpose = 'profiling' AND channel = 'any' AND NOT granted)
"""


class Migration(migrations.Migration):
    dependencies = [("customers", "0007_sources")]

    operations = [migrations.RunSQL(OFF, migrations.RunSQL.noop)]
