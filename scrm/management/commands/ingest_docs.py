"""`manage.py ingest_docs`: write docs/ingest.md from the table of kinds."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from customers.intake.document import markdown


class Command(BaseCommand):
    help = "Write docs/ingest.md from customers/intake/kinds.py."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the file."""
        Path(settings.BASE_DIR, "docs", "ingest.md").write_text(markdown(), encoding="utf-8")
