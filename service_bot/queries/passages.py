"""Search in the index of documents: BM25 in Postgres, then a closer look at the best twenty."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection

from service_bot.retrieval.lexical import Floats, rarity
from service_bot.retrieval.passages import Question, order, rarest, term_hash
from service_bot.retrieval.text import terms

BUDGET = 12_000  # postings read for one question: bounds its time however large the collection is
LOOKED_AT = 20

_FREQUENCIES = "SELECT term, sum(size) FROM service_bot_postinglist WHERE kind = %s AND term = ANY(%s) GROUP BY term"
_BEST = """
SELECT best.entry_id, entry.question, entry.answer, best.score FROM (
    SELECT one.entry_id, sum(one.weight * asked.rarity) AS score
    FROM unnest(%s::bigint[], %s::float8[]) AS asked (term, rarity)
    JOIN service_bot_postinglist AS list ON list.kind = %s AND list.term = asked.term
    CROSS JOIN LATERAL unnest(list.entries, list.weights) AS one (entry_id, weight)
    GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT %s
) AS best JOIN service_bot_entry AS entry ON entry.id = best.entry_id ORDER BY best.score DESC, 1
"""


@dataclass(frozen=True)
class Found:
    """Passages, best first, and what judges the first of them."""

    entries: list[int]
    features: Floats | None


def search_passages(kind: str, asked: str, total: int | None = None) -> Found:
    """The best passages of a kind for a question. `total` is the number of entries, if the caller knows it."""
    different = list(dict.fromkeys(terms(asked)))
    if not different:
        return Found([], None)
    frequencies, total = _frequencies(kind, different, total)
    chosen = rarest(frequencies, total, BUDGET)
    question = Question({term: rarity(frequencies.get(term, 0), total) for term in different})
    rows = _best(kind, chosen, question)
    if not rows:
        return Found([], None)
    ranked, features = order(question, asked, [(f"{title} {text}", score) for _entry, title, text, score in rows])
    return Found([rows[place][0] for place in ranked], features)


def _frequencies(kind: str, different: Sequence[str], total: int | None) -> tuple[dict[str, int], int]:
    numbers = {term_hash(term): term for term in different}
    with connection.cursor() as cursor:
        cursor.execute(_FREQUENCIES, [kind, list(numbers)])
        frequencies = {numbers[term]: int(count) for term, count in cursor.fetchall()}
        if total is None:
            cursor.execute("SELECT count(*) FROM service_bot_entry WHERE kind = %s", [kind])
            total = int(cursor.fetchone()[0])
    return frequencies, max(total, 1)


def _best(kind: str, chosen: Sequence[str], question: Question) -> list[tuple[int, str, str, float]]:
    hashes, rarities = [term_hash(term) for term in chosen], [question.rarities[term] for term in chosen]
    with connection.cursor() as cursor:
        cursor.execute(_BEST, [hashes, rarities, kind, LOOKED_AT])
        return [(entry, title, text, float(score)) for entry, title, text, score in cursor.fetchall()]
