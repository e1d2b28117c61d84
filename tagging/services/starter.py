"""The ready-made travel taxonomy: 80 tags in 17 groups with rules for most of them, so that no agency starts at nothing."""

import json
from pathlib import Path

from staff.models import User
from tagging.services.taxonomy import install_taxonomy

STARTER = Path(__file__).resolve().parent.parent / "data" / "starter.json"


def install_starter(actor: User | None) -> int:
    """Add what is missing of the ready-made taxonomy and put its rules in force; the number of new tags."""
    data = json.loads(STARTER.read_text(encoding="utf-8"))
    return install_taxonomy(actor, data["groups"], data["rules"])
