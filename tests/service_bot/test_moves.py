"""What the bot does: pure."""

import pytest

from service_bot.retrieval.documents import LONGEST, UnreadableFile, cut, read_text
from service_bot.rules.moves import Candidate, Feeling, Move, asks_for_person, decide, gate


def candidate(probability: float, *, certain: bool = False, source: str = "faq") -> Candidate:
    return Candidate(source, "1", "问题", "答案", probability, certain)


@pytest.mark.parametrize("text", ["转人工", "人工", "我要人工服务！", "别用机器人糊弄我，换个人来", "有没有真人在", "人工客服"])
def test_whoever_asks_for_a_person_gets_one(text: str) -> None:
    assert decide(text, [candidate(0.99, certain=True)]).move == Move.HUMAN


@pytest.mark.parametrize("text", ["人工客服几点上班", "你们客服电话多少", "人工服务要收费吗？"])
def test_a_question_about_the_staff_is_a_question(text: str) -> None:
    assert not asks_for_person(text)


@pytest.mark.parametrize("text", ["你好", "您好！", "在吗", "谢谢啦", "Hello~"])
def test_a_greeting_searches_nothing(text: str) -> None:
    assert decide(text, [candidate(0.99, certain=True)]).move == Move.GREET


def test_a_certain_candidate_is_said_alone() -> None:
    decision = decide("能退吗", [candidate(0.4), candidate(0.96, certain=True, source="fact")])
    assert (decision.move, len(decision.candidates), decision.candidates[0].source) == (Move.ANSWER, 1, "fact")


def test_unsure_means_a_menu_of_at_most_three() -> None:
    decision = decide("那个怎么弄", [candidate(0.5), candidate(0.4), candidate(0.3), candidate(0.2), candidate(0.01)])
    assert (decision.move, len(decision.candidates)) == (Move.MENU, 3)


def test_a_third_menu_in_a_row_is_a_person() -> None:
    assert decide("还是不对", [candidate(0.5)], failed_before=2).move == Move.HUMAN


def test_nothing_known_is_a_person() -> None:
    assert decide("你们收购二手车吗", [candidate(0.02)]).move == Move.HUMAN


def test_pictures_without_words_are_asked_about_once() -> None:
    assert decide("😀😀", []).move == Move.ASK
    assert decide("😀😀", [], failed_before=1).move == Move.HUMAN


def test_passages_stand_under_their_heading_and_are_never_too_long() -> None:
    text = "# 退改规则\n出发前七天免费。\n" + "每天都有车。" * 200 + "\n## 签证\n需要护照。"
    passages = cut(text)
    assert passages[0].heading == "退改规则"
    assert (passages[-1].heading, passages[-1].text) == ("签证", "需要护照。")
    assert max(len(passage.text) for passage in passages) <= LONGEST
    assert "".join(passage.text for passage in passages).replace("\n", "").count("每天都有车。") == 200


@pytest.mark.parametrize("text", ["", "\n\n", "   "])
def test_an_empty_document_has_no_passages(text: str) -> None:
    assert cut(text) == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_text_files_of_any_chinese_encoding_are_read(encoding: str) -> None:
    assert read_text("规则.txt", "出发前七天免费退改。".encode(encoding)) == "出发前七天免费退改。"


@pytest.mark.parametrize("name", ["a.docx", "a.xlsx", "a.pdf"])
def test_a_file_that_is_not_what_it_says_is_refused(name: str) -> None:
    with pytest.raises(UnreadableFile):
        read_text(name, b"not at all")


@pytest.mark.parametrize(
    ("text", "reasons", "level"),
    [("麻烦转人工，我要改护照号", ("human", "model"), 0), ("转人工！你们太差劲了", ("human", "insult", "model"), 2)],
)
def test_asking_for_a_person_is_no_complaint(text: str, reasons: tuple[str, ...], level: int) -> None:
    decided = gate(text, Feeling(2, 0.9, reasons))
    assert decided is not None
    assert (decided.move, decided.reason, decided.feeling.level) == (Move.HUMAN, "asked_for_person", level)
