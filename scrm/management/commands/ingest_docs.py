"""`manage.py ingest_docs`: write docs/ingest.md from the table of kinds."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from customers.intake.document import markdown, openapi


class Command(BaseCommand):
    help = "Write docs/ingest.md and docs/ingest.openapi.json from customers/intake/kinds.py."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the file."""
        docs = Path(settings.BASE_DIR, "docs")
        (docs / "ingest.md").write_text(markdown(), encoding="utf-8")
        (docs / "ingest.openapi.json").write_text(openapi(), encoding="utf-8")
