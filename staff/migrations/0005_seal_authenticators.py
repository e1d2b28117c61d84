"""Secrets of authenticator apps that were stored in the clear are sealed."""

import base64
import binascii

from django.db import migrations

from core.secrets import seal, unseal

SEALED = "s1:"


def seal_secrets(apps, _schema_editor):
    device = apps.get_model("otp_totp", "TOTPDevice")
    for row in device.objects.exclude(key__startswith=SEALED).only("id", "key"):
        secret = base64.b64encode(binascii.unhexlify(row.key)).decode()
        device.objects.filter(pk=row.pk).update(key=SEALED + base64.b64encode(seal(secret)).decode())


def unseal_secrets(apps, _schema_editor):
    device = apps.get_model("otp_totp", "TOTPDevice")
    for row in device.objects.filter(key__startswith=SEALED).only("id", "key"):
        secret = base64.b64decode(unseal(base64.b64decode(row.key.removeprefix(SEALED))))
        device.objects.filter(pk=row.pk).update(key=secret.hex())


class Migration(migrations.Migration):
    dependencies = [("staff", "0004_authenticator")]

    operations = [migrations.RunPython(seal_secrets, unseal_secrets)]
