"""The tabs above the timeline: what can be written down or sent, as each app offers it."""

import dataclasses
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext_lazy

from staff.access import may
from staff.models import User

LABELS: dict[str, tuple[Any, str]] = {
    "note": (gettext_lazy("Note"), "sticky-note"),
    "task": (gettext_lazy("Task"), "clipboard-check"),
    "message": (gettext_lazy("Message"), "send"),
}


@dataclasses.dataclass(frozen=True)
class Tab:
    """One way to write: its form is loaded from `url`."""

    name: str
    label: str
    icon: str
    url: str
    is_open: bool


def tabs(user: User, customer_id: int, chosen: str) -> list[Tab]:
    """Those that the user's role includes, in the order of settings.CUSTOMER_COMPOSER."""
    return [
        Tab(name, str(LABELS[name][0]), LABELS[name][1], reverse(url, args=[customer_id]), name == chosen)
        for name, (url, ability) in settings.CUSTOMER_COMPOSER.items()
        if may(user, ability)
    ]
