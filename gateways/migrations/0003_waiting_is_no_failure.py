from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("gateways", "0002_data_platforms")]

    operations: ClassVar = [
        migrations.AlterField(
            model_name="gatewaycall",
            name="outcome",
            field=models.CharField(
                choices=[
                    ("ok", "done"),
                    ("waiting", "not ready yet"),
                    ("refused", "refused by the vendor"),
                    ("uncertain", "answer lost"),
                ],
                max_length=10,
                verbose_name="outcome",
            ),
        ),
        migrations.RunSQL(
            "UPDATE gateways_gatewaycall SET outcome = 'waiting' WHERE outcome = 'refused' AND vendor = 'wecom' AND errcode = '41063'",
            "UPDATE gateways_gatewaycall SET outcome = 'refused' WHERE outcome = 'waiting'",
        ),
    ]
