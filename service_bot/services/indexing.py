"""The search index: lists of postings, always written in the transaction of the entries they belong to."""

from collections import Counter
from collections.abc import Iterable, Sequence

from django.db import connection, transaction

from service_bot.models import Entry
from service_bot.retrieval.lexical import weight
from service_bot.retrieval.passages import MEAN_LENGTH, term_hash
from service_bot.retrieval.text import terms

# In order, so that two who forget at the same time wait for each other and never in a circle.
_LOCK = (
    "SELECT FROM service_bot_postinglist WHERE kind = %s AND term = ANY(%s) AND entries && %s::bigint[] ORDER BY id FOR UPDATE"
)
_SHRINK = """
UPDATE service_bot_postinglist AS list SET (entries, weights, size) = (
    SELECT coalesce(array_agg(one.entry ORDER BY one.place), '{}'), coalesce(array_agg(one.weight ORDER BY one.place), '{}'),
           count(*)
    FROM unnest(list.entries, list.weights) WITH ORDINALITY AS one (entry, weight, place) WHERE one.entry <> ALL(%s)
)
WHERE list.kind = %s AND list.term = ANY(%s) AND list.entries && %s::bigint[]
"""
_SWEEP = "DELETE FROM service_bot_postinglist WHERE kind = %s AND term = ANY(%s) AND size = 0"


def indexed_text(entry: Entry) -> str:
    """What of an entry can be found: the heading and the text."""
    return f"{entry.question} {entry.answer}"


@transaction.atomic
def index_entries(kind: str, texts: Sequence[tuple[int, str]]) -> None:
    """Put (entry id, text) pairs that are not indexed yet into the index of `kind`."""
    held: dict[int, tuple[list[str], list[str]]] = {}
    for entry, text in texts:
        bag = Counter(terms(text))
        length = sum(bag.values())
        by_count = {count: f"{weight(count, length, MEAN_LENGTH):.5g}" for count in set(bag.values())}
        name = str(entry)
        for term, count in bag.items():
            entries, weights = held.setdefault(term_hash(term), ([], []))
            entries.append(name)
            weights.append(by_count[count])
    _write(kind, held)


def _write(kind: str, held: dict[int, tuple[list[str], list[str]]]) -> None:
    rows = [
        f"{kind}\t{term}\t{{{','.join(entries)}}}\t{{{','.join(weights)}}}\t{len(entries)}\n"
        for term, (entries, weights) in sorted(held.items())  # in the index's order, which fills its pages one after another
    ]
    copied = "COPY service_bot_postinglist (kind, term, entries, weights, size) FROM STDIN"
    with connection.cursor() as cursor, cursor.copy(copied) as copy:
        copy.write("".join(rows))


@transaction.atomic
def forget_entries(entries: Sequence[int]) -> None:
    """Take entries out of the index. To be called while their rows still hold the text that was indexed."""
    rows = Entry.objects.filter(pk__in=entries).only("kind", "question", "answer")
    by_kind: dict[str, list[Entry]] = {}
    for row in rows:
        by_kind.setdefault(row.kind, []).append(row)
    for kind, found in sorted(by_kind.items()):
        _forget(kind, [row.pk for row in found], _hashes(found))


def _hashes(rows: Iterable[Entry]) -> list[int]:
    return sorted({term_hash(term) for row in rows for term in set(terms(indexed_text(row)))})


def _forget(kind: str, entries: list[int], hashes: list[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [kind, hashes, entries])
        cursor.execute(_SHRINK, [entries, kind, hashes, entries])
        cursor.execute(_SWEEP, [kind, hashes])
