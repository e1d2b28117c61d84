"""Short forms of the measures of the service bot, on files written for them."""

import csv
import json
from pathlib import Path

import pytest

from evaluations import answers, facts, passages
from service_bot.retrieval.vectors import available

FAQ = Path(__file__).resolve().parents[3] / "shared" / "data" / "faq_b"


@pytest.fixture
def said() -> list[str]:
    return []


def _csv(path: Path, header: str, rows: list[list[str]]) -> str:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header.split(","))
        writer.writerows(rows)
    return str(path)


def test_answers_are_counted(tmp_path: Path, said: list[str]) -> None:
    knowledge = _csv(
        tmp_path / "kb.csv", "id,question,similar,answer",
        [["A", "行李可以带多少公斤？", "箱子超重怎么收费", "托运20公斤。"], ["B", "发票怎么开？", "", "在订单页申请。"], ["C", "能带宠物吗？", "", "不能。"]],
    )  # fmt: skip
    questions = _csv(
        tmp_path / "q.csv",
        "question,expected_id,tier",
        [["行李能带多少公斤", "A", "T1"], ["发票怎么开啊", "B", "T1"], ["今天股票怎么样", "", ""]],
    )
    answers.run({"knowledge": knowledge, "questions": [questions], "labelled": None, "no_meaning": True}, said.append)
    figures = json.loads(said[-1])
    assert figures["questions"] == 3
    assert figures["recall_at_1"] == 1.0
    assert figures["T1_recall_at_3"] == 1.0
    assert figures["unanswerable_answered"] == 0.0
    assert figures["p95_ms"] > 0


def test_facts_are_counted(tmp_path: Path, said: list[str]) -> None:
    knowledge = {"天坛": [["天坛", "门票", "15元"], ["天坛", "开放时间", "6:00"]]}
    talk = [
        {"message": "天坛门票多少钱？"}, {"message": "15元", "attrs": [{"name": "天坛", "attrname": "门票", "attrvalue": "15元"}]},
        {"message": "几点开门？"}, {"message": "6点", "attrs": [{"name": "天坛", "attrname": "开放时间", "attrvalue": "6:00"}]},
    ]  # fmt: skip
    (tmp_path / "kb.json").write_text(json.dumps(knowledge), encoding="utf-8")
    (tmp_path / "talks.json").write_text(json.dumps([{"messages": talk}]), encoding="utf-8")
    options = {"knowledge": str(tmp_path / "kb.json"), "dialogues": str(tmp_path / "talks.json"), "misses": True}
    assert facts.run(options, said.append)
    assert json.loads(said[-1])["questions"] == 2
    assert json.loads(said[-1])["recall_at_1"] == 1.0


def test_passages_are_read_and_padding_is_never_a_whole_passage(tmp_path: Path) -> None:
    text = "第一句话在这里写着。第二句话说别的事情。第三句话又是一件事。第四句话到此为止。"
    corpus = {"data": [{"paragraphs": [{"context": text, "qas": [{"question": "哪句?", "answers": []}]}]}]}
    path = tmp_path / "corpus.json"
    path.write_text(json.dumps(corpus), encoding="utf-8")
    found, asked = passages.read(path)
    assert found == [text]
    assert asked[0].passage == 0
    padding = passages._padding(found, [], 5)
    assert len(padding) == 4
    assert text not in padding


@pytest.mark.slow
@pytest.mark.parametrize("labelled", [True, False])
@pytest.mark.skipif(not FAQ.is_dir(), reason="../shared/data/faq_b is absent")
@pytest.mark.skipif(not available(), reason="the sentence encoder is not installed")
def test_the_development_faq_is_answered(said: list[str], labelled: bool) -> None:
    folder = FAQ
    options = {
        "knowledge": str(folder / "kb.csv"), "questions": [str(folder / "questions.csv")],
        "labelled": str(folder / "labelled.csv") if labelled else None, "no_meaning": False,
    }  # fmt: skip
    answers.run(options, said.append)
    figures = json.loads(said[-1])
    assert figures["precision"] >= 0.95
    assert figures["T2_recall_at_1"] >= 0.65
    assert figures["T3_recall_at_3"] >= 0.55
