"""The search index: postings and term counts, always written in the transaction of the entries they belong to."""

from collections import Counter
from collections.abc import Sequence

from django.db import connection, transaction

from service_bot.retrieval.lexical import weight
from service_bot.retrieval.passages import MEAN_LENGTH, term_hash
from service_bot.retrieval.text import terms

_COUNT = """
INSERT INTO service_bot_term (kind, term, entries)
SELECT kind, term, count(*) FROM service_bot_posting WHERE entry_id = ANY(%s) GROUP BY kind, term ORDER BY kind, term
ON CONFLICT (kind, term) DO UPDATE SET entries = service_bot_term.entries + EXCLUDED.entries
"""
_UNCOUNT = """
UPDATE service_bot_term SET entries = service_bot_term.entries - gone.entries
FROM (SELECT kind, term, count(*) AS entries FROM service_bot_posting WHERE entry_id = ANY(%s) GROUP BY kind, term) AS gone
WHERE service_bot_term.kind = gone.kind AND service_bot_term.term = gone.term
"""


@transaction.atomic
def index_entries(kind: str, texts: Sequence[tuple[int, str]]) -> None:
    """Put (entry id, text) pairs that are not indexed yet into the index of `kind`."""
    _copy(kind, texts)
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [[entry for entry, _text in texts]])


@transaction.atomic
def forget_entries(entries: Sequence[int]) -> None:
    """Take entries out of the index."""
    with connection.cursor() as cursor:
        cursor.execute(_UNCOUNT, [list(entries)])
        cursor.execute("DELETE FROM service_bot_posting WHERE entry_id = ANY(%s)", [list(entries)])


def _copy(kind: str, texts: Sequence[tuple[int, str]]) -> None:
    lines: list[str] = []
    for entry, text in texts:
        bag = Counter(terms(text))
        length = sum(bag.values())
        by_count = {count: f"{weight(count, length, MEAN_LENGTH):.5g}" for count in set(bag.values())}
        lines += [f"{entry}\t{term_hash(term)}\t{kind}\t{by_count[count]}\n" for term, count in bag.items()]
    with connection.cursor() as cursor, cursor.copy("COPY service_bot_posting (entry_id, term, kind, weight) FROM STDIN") as copy:
        copy.write("".join(lines))
