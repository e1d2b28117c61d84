"""The sample senders and the document, held to the running server and to the table of kinds."""

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from core.models import Event
from customers.intake.document import markdown, openapi
from customers.intake.items import example_of
from customers.intake.kinds import SOURCES
from customers.services.sources import create_key, create_source

SENDERS = Path(settings.BASE_DIR, "docs", "senders")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("sender", ["send.py", "send.sh"])
def test_the_sample_senders_are_understood(live_server: Any, tmp_path: Path, sender: str) -> None:
    if sender == "send.sh" and not (shutil.which("curl") and shutil.which("openssl")):
        pytest.skip("curl or openssl is missing")
    source = create_source(code="gates", kind="gate", name="闸机", user=None)
    _key, secret = create_key(source, user=None)
    file = tmp_path / "events.json"
    event = {**example_of("gate.entered"), "occurred_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
    file.write_text(json.dumps({"events": [event]}, ensure_ascii=False), encoding="utf-8")
    program = [sys.executable, str(SENDERS / sender)] if sender.endswith(".py") else ["sh", str(SENDERS / sender)]
    for _again in range(2):
        done = subprocess.run(
            [*program, f"{live_server.url}/ingest/v1/gates", secret, str(file)], capture_output=True, check=False
        )
        assert (done.returncode, b"accepted" in done.stdout) == (0, True), done.stderr
    assert Event.objects.filter(kind="gate.entered").count() == 1
    wrong = subprocess.run(
        [*program, f"{live_server.url}/ingest/v1/gates", "whsec_" + "A" * 44, str(file)], capture_output=True, check=False
    )
    assert wrong.returncode != 0


def test_the_document_says_what_the_table_says() -> None:
    assert Path(settings.BASE_DIR, "docs", "ingest.md").read_text(encoding="utf-8") == markdown()
    assert Path(settings.BASE_DIR, "docs", "ingest.openapi.json").read_text(encoding="utf-8") == openapi()
    entry = json.loads(openapi())["paths"]["/ingest/v1/{code}"]["post"]
    kinds = entry["requestBody"]["content"]["application/json"]["schema"]["properties"]["events"]["items"]["properties"]["kind"][
        "enum"
    ]
    assert kinds == sorted({kind for source in SOURCES.values() if not source.connector for kind in source.events})
