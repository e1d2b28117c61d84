"""From claimed messages to parcels: each content compiled once, each person's facts and address read in one question."""

import dataclasses
import json

from django.db import connection

from gateways.many import Fate, Outcome, Parcel
from messaging.choices import Reason
from messaging.queries.people import addresses_of, facts_of
from messaging.rules.wording import Words, compile_words

_CLAIMED = """
SELECT message.id, message.key, message.customer_id, message.content_id, message.params
FROM messaging_message AS message WHERE message.batch_id = %s AND message.state = 'sending' ORDER BY message.id
"""
_CONTENTS = "SELECT id, template_id, fields::text, card_page FROM messaging_content WHERE id = ANY(%s)"
FIELD_LENGTH = {"thing": 20, "character_string": 32, "phrase": 5, "name": 10}  # platform-contracts 1.14


@dataclasses.dataclass(frozen=True)
class Rendered:
    """What can go (message id with its parcel), and what cannot."""

    parcels: list[tuple[int, Parcel]]
    refused: dict[int, Outcome]


@dataclasses.dataclass(frozen=True)
class _Form:
    """A content, compiled."""

    template_id: str
    page: str
    fields: tuple[tuple[str, Words, int], ...]

    def fill(self, values: dict[str, str]) -> dict[str, str]:
        """Each field's text for one person, cut to what the platform takes; an empty one would be refused, so it is a dash."""
        return {name: words.fill(values)[:limit] or "-" for name, words, limit in self.fields}


def render(channel: str, batch_id: int) -> Rendered:
    """The parcels of a batch. Whoever has no address any more is refused here and not sent."""
    with connection.cursor() as cursor:
        cursor.execute(_CLAIMED, [batch_id])
        rows = cursor.fetchall()
    people = list({row[2] for row in rows})
    addresses = addresses_of(channel, people)
    forms = _forms({row[3] for row in rows})
    is_personal = any(words.is_personal for form in forms.values() for _name, words, _limit in form.fields)
    facts = facts_of(people) if is_personal else {}
    parcels, refused = [], {}
    for id_, key, customer_id, content_id, params in rows:
        address, form = addresses.get(customer_id), forms[content_id]
        if not address:
            refused[id_] = Outcome(Fate.REFUSED, Reason.NO_ADDRESS)
            continue
        values = facts.get(customer_id, {})
        parcels.append((id_, Parcel(key, address, form.template_id, form.fill({**values, **_read(params)}), form.page)))
    return Rendered(parcels, refused)


def _read(params: object) -> dict[str, str]:
    if not params:
        return {}
    found = json.loads(params) if isinstance(params, str) else params
    return {str(name): str(value) for name, value in found.items()} if isinstance(found, dict) else {}


def _forms(content_ids: set[int]) -> dict[int, _Form]:
    with connection.cursor() as cursor:
        cursor.execute(_CONTENTS, [list(content_ids)])
        return {
            id_: _Form(
                template,
                page,
                tuple((name, compile_words(str(text)), _limit(name)) for name, text in json.loads(fields).items()),
            )
            for id_, template, fields, page in cursor.fetchall()
        }


def _limit(name: str) -> int:
    return FIELD_LENGTH.get(name.rstrip("0123456789"), 64)
