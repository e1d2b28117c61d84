"""What the profile engine found, and who cared for a customer since when."""

import dataclasses
import datetime as dt
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from customers.choices import Channel
from customers.models import Customer, Portrait, StageChange

SOURCES = {
    "mini": gettext_lazy("Mini-program"), "wecom": gettext_lazy("WeCom"), "web": gettext_lazy("Website"),
    "import": gettext_lazy("Import"), "review": gettext_lazy("Review queue"),
}  # fmt: skip
_OWNERS = """
SELECT owner_id, at FROM (
    SELECT owner_id, pgh_created_at AS at, lag(owner_id) OVER (ORDER BY pgh_id) AS before,
        row_number() OVER (ORDER BY pgh_id) AS n
    FROM customers_customerhistory WHERE pgh_obj_id = %s
) AS change WHERE owner_id IS DISTINCT FROM before OR n = 1 ORDER BY at
"""


@dataclasses.dataclass(frozen=True)
class Spell:
    """A time in which one member of staff cared for a customer; `until` is None for the present one."""

    owner: str
    since: dt.datetime
    until: dt.datetime | None


def owners_of(customer: Customer, names: dict[int, str]) -> list[Spell]:
    """Who cared for the customer, newest first, from the history that the database keeps of every change."""
    with connection.cursor() as cursor:
        cursor.execute(_OWNERS, [customer.pk])
        changes = [(owner, at) for owner, at in cursor.fetchall()]
    if changes:
        changes[0] = (changes[0][0], customer.created_at)  # who cared at the first change that was kept had done so before
    else:
        changes = [(customer.owner_id, customer.created_at)]
    spells = []
    for number, (owner, since) in enumerate(changes):
        until = changes[number + 1][1] if number + 1 < len(changes) else None
        if owner is not None:
            spells.append(Spell(names.get(owner, "—"), since, until))
    return spells[::-1]


def portrait_of(customer: Customer) -> dict[str, Any]:
    """Everything for the card; `portrait` is None before the first night."""
    portrait = Portrait.objects.filter(customer=customer).first()
    preferences = portrait.preferences if portrait else []
    return {
        "portrait": portrait,
        "channel": dict(Channel.choices).get(portrait.preferred_channel, "") if portrait else "",
        "scores": _scores(portrait) if portrait and portrait.rfm else [],
        "topics": [
            (label, [entry for entry in preferences if entry["topic"] == topic])
            for topic, label in (("destination", _("Destinations")), ("theme", _("Themes")))
        ],
        "stages": list(StageChange.objects.filter(customer=customer).order_by("-at", "-id")[:6]),
        "first_source": _source(portrait.first_source) if portrait else "",
        "last_source": _source(portrait.last_source) if portrait else "",
    }


def _source(source: str) -> str:
    return str(SOURCES.get(source, source))


def _scores(portrait: Portrait) -> list[tuple[str, int]]:
    return [
        (_("How lately"), portrait.recency or 0),
        (_("How often"), portrait.frequency or 0),
        (_("How much"), portrait.monetary or 0),
    ]
