"""How names are spoken: pinyin and initials, so that `suqing` and `sq` find 苏晴."""

from django.db import connection
from django.db.models import Q

from core.choices import Lane
from core.jobs import job
from customers.models import Customer

STEP = 5_000
UNKNOWN = "-"  # looked at, nothing to be spoken
_SPEAK = """
UPDATE customers_customer AS customer SET name_pinyin = spoken.pinyin, name_initials = spoken.initials
FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS spoken (id, pinyin, initials)
WHERE customer.id = spoken.id AND customer.name_pinyin = ''
"""


@job(Lane.BULK, coalesce=True)
def spell_names() -> int:
    """Give every new or renamed customer the pinyin of their name (of the nickname where there is none); how many.

    Who changes a name empties `name_pinyin`; a partial index holds those that wait. Called every few seconds, it costs
    nothing while nobody waits.
    """
    spelled = 0
    waiting = (
        Customer.objects.filter(~Q(name="", nickname=""), name_pinyin="").order_by("pk").values_list("pk", "name", "nickname")
    )
    while rows := list(waiting[:STEP]):
        spoken = [speak(name or nickname) for _pk, name, nickname in rows]
        with connection.cursor() as cursor:
            cursor.execute(_SPEAK, [[row[0] for row in rows], [one[0] for one in spoken], [one[1] for one in spoken]])
        spelled += len(rows)
    return spelled


def speak(name: str) -> tuple[str, str]:
    """Pinyin without spaces and the initials, both in lower case: 苏晴 -> suqing, sq. What cannot be spoken becomes `-`."""
    from pypinyin import lazy_pinyin  # its dictionaries are large: only the worker that spells pays for them

    parts = [piece for part in lazy_pinyin(name) for piece in (part if part in name else [part])]
    syllables = [part.lower() for part in parts if part.isascii() and part.isalnum()]
    pinyin = "".join(syllables)[:120]
    return (pinyin, "".join(part[0] for part in syllables)[:40]) if pinyin else (UNKNOWN, UNKNOWN)
