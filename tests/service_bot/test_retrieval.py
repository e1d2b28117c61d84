"""Words, ranking, calibration and facts: pure, no database."""

import numpy as np
import pytest

from service_bot.retrieval.calibration import NEVER, fit_scale, threshold_for, wilson_interval, wilson_lower
from service_bot.retrieval.facts import FactBase, Turn
from service_bot.retrieval.faq import Faq, Label
from service_bot.retrieval.features import Entry
from service_bot.retrieval.passages import Question, closeness, rarest, term_hash
from service_bot.retrieval.text import normalise, numbers, terms

KNOWLEDGE = [
    Entry("luggage", "行李可以带多少公斤？", "经济舱托运20公斤，手提7公斤。", ("箱子超重怎么收费",)),
    Entry("invoice", "发票怎么开？", "行程结束后在订单页申请电子发票。"),
    Entry("visa", "办签证需要什么材料？", "护照、照片、在职证明和银行流水。"),
    Entry("pet", "可以带宠物吗？", "跟团游不能携带宠物。"),
]


def test_traditional_full_width_and_capitals_become_one_spelling() -> None:
    assert normalise("請問ＷＩＦＩ\t要錢嗎\u200b") == "请问wifi 要钱吗"


def test_terms_are_characters_pairs_and_whole_words() -> None:
    assert terms("退款3.5天 WeChat") == ["退", "款", "退款", "3.5", "天", "wechat"]


@pytest.mark.parametrize("text", ["", "   ", "😀😀", "\ud800", "？？？"])
def test_text_without_words_has_no_terms(text: str) -> None:
    assert terms(text) == []


def test_a_very_long_text_is_cut() -> None:
    assert len(terms("长" * 100_000)) < 5_000


def test_numbers_are_found_in_any_width() -> None:
    assert numbers("１２人，每人3.5元") == {"12", "3.5"}


def test_wilson_bounds_are_those_of_the_formula() -> None:
    assert wilson_lower(0, 0) == 0.0
    assert wilson_lower(60, 60) == pytest.approx(0.9569, abs=1e-4)
    assert list(wilson_interval(90, 100)) == pytest.approx([0.8256, 0.9448], abs=1e-4)


def test_the_threshold_is_the_smallest_that_keeps_the_promise() -> None:
    chances = [0.99 - place / 1000 for place in range(100)]
    rights = [True] * 80 + [False] * 20
    found = threshold_for(chances, rights, 0.95)
    assert found == pytest.approx(chances[80], abs=0.002)
    assert threshold_for(chances[:10], rights[:10], 0.95) == NEVER


def test_no_threshold_lets_too_many_foreign_questions_through() -> None:
    chances = [0.9, 0.8, 0.7] * 40
    rights = [True, True, False] * 40
    foreign = [False, False, True] * 40
    assert threshold_for(chances, rights, 0.5, foreign, 0.0) == 0.8


def test_scale_turns_overconfidence_down() -> None:
    scale = fit_scale([3.0] * 50 + [-3.0] * 50, [True] * 30 + [False] * 70)
    assert 0.5 < scale.probability(3.0) < 0.7
    assert scale.probability(-3.0) < 0.1


@pytest.mark.parametrize(
    ("question", "wanted"),
    [("托运行李限重多少公斤", "luggage"), ("怎么开發票", "invoice"), ("签证要哪些材料", "visa"), ("能带宠物狗吗", "pet")],
)
def test_questions_find_their_answer_without_meaning(question: str, wanted: str) -> None:
    assert Faq(KNOWLEDGE, meaning=False).ask(question)[0].id == wanted


def test_an_empty_question_has_no_candidates_and_no_answer() -> None:
    faq = Faq(KNOWLEDGE, meaning=False)
    assert faq.ask("  ") == []
    assert not faq.answers([])


def test_probabilities_are_probabilities_and_fall() -> None:
    chances = [hit.probability for hit in Faq(KNOWLEDGE, meaning=False).ask("行李")]
    assert all(0.0 <= chance <= 1.0 for chance in chances)
    assert chances == sorted(chances, reverse=True)


def test_a_few_labels_leave_the_shipped_threshold() -> None:
    few = [Label("行李超重吗", "luggage"), Label("今天股票涨了吗", "")]
    faq = Faq(KNOWLEDGE, few, meaning=False)
    assert faq.threshold < NEVER


def test_labels_that_prove_it_wrong_silence_it() -> None:
    asked = ["行李可以带多少公斤", "发票怎么开", "办签证需要什么材料", "可以带宠物吗"]
    wrong = [Label(f"{question}{'啊' * number}？", "") for question in asked for number in range(8)]
    faq = Faq([*KNOWLEDGE], wrong, meaning=False)
    assert faq.threshold == NEVER
    assert not faq.answers(faq.ask("行李可以带多少公斤？"))


def test_a_learned_question_finds_its_answer() -> None:
    faq = Faq(KNOWLEDGE, [Label("毛孩子能一块儿上车不", "pet")], meaning=False)
    assert faq.ask("毛孩子可以上车不")[0].id == "pet"


FACTS = FactBase(
    [
        ("天坛公园", "门票"),
        ("天坛公园", "开放时间"),
        ("国家体育场（鸟巢）", "门票"),
        ("国家体育场（鸟巢）", "地址"),
        ("雍和宫", "门票"),
    ],
    [("北京天坛", "天坛公园")],
)


@pytest.mark.parametrize(
    ("question", "talk", "wanted"),
    [
        ("天坛公园几点关门？", [], ("天坛公园", "开放时间")),
        ("北京天坛要多少钱", [], ("天坛公园", "门票")),
        ("鸟巢在哪儿", [], ("国家体育场（鸟巢）", "地址")),
        ("那门票贵不贵？", [Turn("8:00开门", ours=True, entity="天坛公园")], ("天坛公园", "门票")),
        ("雍和宫呢，票多少钱", [Turn("8:00开门", ours=True, entity="天坛公园")], ("雍和宫", "门票")),
        ("要门票吗", [Turn("附近的雍和宫很不错。", ours=True, entity="天坛公园")], ("雍和宫", "门票")),
        ("门票30块还行，那几点开门", [Turn("30元", ours=True, entity="天坛公园")], ("天坛公园", "开放时间")),
    ],
)
def test_facts_follow_the_talk(question: str, talk: list[Turn], wanted: tuple[str, str]) -> None:
    hit = FACTS.ask(question, talk)[0]
    assert (hit.entity, hit.attribute) == wanted


def test_no_thing_named_anywhere_is_no_fact() -> None:
    assert FACTS.ask("门票多少钱") == []


def test_terms_looked_up_are_the_rare_ones_within_the_budget() -> None:
    counts = {"的": 900, "签证": 4, "材料": 9, "办": 40, "无": 0}
    assert rarest(counts, 1000, budget=20) == ["签证", "材料", "办"]
    assert rarest(counts, 1000, budget=5000) == ["签证", "材料", "办"]


def test_words_close_together_count_more_than_words_apart() -> None:
    question = Question({"退款": 3.0, "签证": 3.0})
    near = closeness(question, "签证被拒后退款", "签证退款")
    far = closeness(question, "签证" + "好" * 200 + "退款", "签证退款")
    assert near[0] == far[0] == 1.0
    assert near[1] == 1.0
    assert far[1] == 0.5


def test_hashes_fit_a_bigint_and_differ() -> None:
    hashes = [term_hash(term) for term in ("签证", "退款", "a")]
    assert len(set(hashes)) == 3
    assert all(-(2**63) <= value < 2**63 for value in hashes)
    assert np.int64(hashes[0]) == hashes[0]
