"""The index of passages in Postgres."""

from typing import Any

import pytest
from django.db import connection

from service_bot.models import Entry, PostingList
from service_bot.queries.passages import search_passages
from service_bot.retrieval.verdict import DEFAULT, fit_verdict
from service_bot.services.indexing import forget_entries, index_entries

TEXTS = [
    "签证办理需要护照原件、两寸白底照片和在职证明，日本签证约七个工作日。",
    "行李托运限额二十公斤，手提行李七公斤，充电宝不得托运。",
    "因台风取消行程的，退还未发生的费用，已出机票按航空公司规定退票。",
]


@pytest.fixture
def passages(db: None) -> list[int]:
    made = Entry.objects.bulk_create([Entry(kind="doc", question="", answer=text, state="approved") for text in TEXTS])
    index_entries("doc", [(entry.pk, entry.answer) for entry in made])
    return [entry.pk for entry in made]


@pytest.mark.parametrize(("question", "place"), [("日本簽證要幾天", 0), ("充电宝能托运吗", 1), ("台风来了行程取消怎么退", 2)])
def test_the_passage_that_answers_comes_first(passages: list[int], question: str, place: int) -> None:
    assert search_passages("doc", question).entries[0] == passages[place]


@pytest.mark.parametrize("question", ["", "😀", "xyzzy"])
def test_a_question_that_shares_nothing_finds_nothing(passages: list[int], question: str) -> None:
    found = search_passages("doc", question)
    assert found.entries == []
    assert found.features is None


def test_other_kinds_are_searched_apart(passages: list[int]) -> None:
    assert search_passages("faq", "日本签证要几天").entries == []


def test_forgetting_takes_postings_and_counts_away(passages: list[int]) -> None:
    forget_entries(passages)
    assert PostingList.objects.count() == 0
    assert search_passages("doc", "日本签证").entries == []


def test_forgetting_one_leaves_the_others_as_they_were(passages: list[int]) -> None:
    before = {row.term: row.entries for row in PostingList.objects.all()}
    index_entries("doc", [(99_001, TEXTS[0])])
    Entry.objects.create(pk=99_001, kind="doc", question="", answer=TEXTS[0], state="approved")
    forget_entries([99_001])
    rows = list(PostingList.objects.all())
    assert {row.term: row.entries for row in rows} == before
    assert all(row.size == len(row.entries) == len(row.weights) for row in rows)
    assert search_passages("doc", "日本签证要几天").entries == [passages[0]]


def test_a_question_takes_two_statements(passages: list[int], django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(2):
        search_passages("doc", "日本签证要几天", total=3)


def test_a_clear_winner_is_likelier_right_than_a_vague_one(passages: list[int]) -> None:
    clear = search_passages("doc", "充电宝不得托运吗").features
    vague = search_passages("doc", "费用多少").features
    assert clear is not None
    assert vague is not None
    assert DEFAULT.probability(clear) > DEFAULT.probability(vague)


def test_what_is_learned_separates_right_from_wrong(passages: list[int]) -> None:
    right = search_passages("doc", "充电宝不得托运吗").features
    wrong = search_passages("doc", "费用多少").features
    assert right is not None
    assert wrong is not None
    verdict = fit_verdict([right, wrong] * 60, [True, False] * 60, 0.9)
    assert verdict.probability(wrong) < verdict.threshold <= verdict.probability(right)
    assert connection.in_atomic_block
