"""Acts of customer messages and the tags that follow from them."""

import json
from datetime import date
from pathlib import Path

import pytest

from evaluations import tags as measure
from evaluations import understanding as acts_measure
from messaging.understanding.acts import Focus, shared_parser
from messaging.understanding.acts.values import canonical
from messaging.understanding.tags import chat_tags
from messaging.understanding.trip_tags import trip_tags
from messaging.understanding.trips import Turn, understand

SHARED = Path(__file__).resolve().parents[4] / "shared" / "data" / "crosswoz"


def acts(text: str, focus: Focus | None = None) -> set[tuple[str, str, str, str]]:
    return {act.key for act in shared_parser().parse(text, focus)}


def test_values_and_requests_of_one_message() -> None:
    found = acts("您好，想找一家人均消费100-150元、评分4.5分以上的餐馆吃烤鱼，推荐一家吧")
    assert found == {
        ("General", "greet", "none", "none"),
        ("Inform", "餐馆", "人均消费", "100-150元"),
        ("Inform", "餐馆", "评分", "4.5分以上"),
        ("Inform", "餐馆", "推荐菜", "烤鱼"),
        ("Request", "餐馆", "名称", ""),
    }


def test_what_the_talk_is_about_settles_an_open_question() -> None:
    assert ("Request", "酒店", "电话", "") in acts("电话是多少？", Focus("酒店"))
    assert ("Request", "景点", "电话", "") in acts("电话是多少？", Focus("景点"))
    assert ("Request", "餐馆", "电话", "") in acts("这家餐馆电话是多少？", Focus("景点"))


def test_the_focus_follows_the_talk() -> None:
    parser = shared_parser()
    focus = Focus().after(parser.parse("帮我找个经济型的酒店住下"))
    assert focus.domain == "酒店"
    assert focus.after(parser.parse("谢谢")).domain == "酒店"


def test_a_value_carries_its_place() -> None:
    text = "我想吃麻婆豆腐"
    dish = next(act for act in shared_parser().parse(text) if act.slot == "推荐菜")
    assert text[dish.start : dish.end] == dish.value == "麻婆豆腐"


@pytest.mark.parametrize(
    ("slot", "said", "value"),
    [
        ("人均消费", "50 - 100元", "50-100元"),
        ("价格", "300到400元", "300-400元"),
        ("门票", "不要钱", "免费"),
        ("门票", "20-50元", "20-50元"),
        ("门票", "收费", "不免费"),
        ("评分", "4.5以上", "4.5分以上"),
        ("评分", "5分", "5分"),
        ("游玩时间", "2到3小时", "2小时 - 3小时"),
        ("游玩时间", "半个小时", "0.5小时"),
        ("酒店设施", "叫醒", "叫醒服务"),
        ("酒店类型", "高档", "高档型"),
        ("名称", "烤全鱼(鹅掌香锅）", "烤全鱼(鹅掌香锅)"),
    ],
)
def test_values_are_written_one_way(slot: str, said: str, value: str) -> None:
    assert canonical(slot, said) == value


@pytest.mark.parametrize("text", ["", "  ", "😀", "a" * 3000, "（（（）））", "\x00"])
def test_odd_messages_are_survived(text: str) -> None:
    assert all(len(act.key) == 4 for act in shared_parser().parse(text))


def test_tags_of_a_chat_with_their_words() -> None:
    chat = [
        ("customer", "帮我找一家豪华型的酒店，要有早餐服务"),
        ("agent", "为您推荐北京饭店"),
        ("customer", "再找个免费的景点，评分4.5分以上"),
        ("customer", "从北京饭店打车到故宫，车牌是多少？"),
    ]
    found = {tag.name: tag for tag in chat_tags(chat)}
    assert set(found) == {"高端酒店", "设施:早餐", "偏好免费景点", "重视口碑", "用车需求"}
    assert (found["高端酒店"].message, found["高端酒店"].quote) == (0, "豪华型")
    assert found["偏好免费景点"].message == 2


def test_what_the_agent_says_gives_no_tag() -> None:
    assert chat_tags([("agent", "这家豪华型酒店有早餐服务，评分4.5分以上")]) == []


def test_tags_of_a_trip_request() -> None:
    trip = understand([Turn("customer", "两大一小去三亚，娃5岁，亲子游，住五星，五天，总共三万")], date(2026, 5, 10))
    found = {tag.name: tag.quote for tag in trip_tags(trip)}
    assert found["高端酒店"] == "五星"
    assert set(found) == {"亲子游", "高端酒店", "高预算"}


def test_the_measures_run_on_chats_of_our_own(tmp_path: Path) -> None:
    turns = [{"role": "customer", "text": "找个经济型酒店"}, {"role": "agent", "text": "好的"}]
    (tmp_path / "chats.jsonl").write_text(json.dumps({"id": "1", "turns": turns, "tags": ["经济酒店"]}), encoding="utf-8")
    lines: list[str] = []
    assert measure.run({"dialogues": tmp_path / "chats.jsonl"}, lines.append)
    assert json.loads(lines[-1])["micro_f1"] == 1.0
    message = {"role": "usr", "content": "谢谢", "dialog_act": [["General", "thank", "none", "none"]]}
    (tmp_path / "acts.json").write_text(json.dumps({"1": {"messages": [message]}}), encoding="utf-8")
    lines.clear()
    assert acts_measure.run({"dialogues": tmp_path / "acts.json"}, lines.append)
    assert json.loads(lines[-1])["f1_context"] == 1.0


@pytest.mark.slow
@pytest.mark.skipif(not SHARED.exists(), reason="../shared/data is absent")
def test_crosswoz() -> None:
    lines: list[str] = []
    assert measure.run({"dialogues": SHARED / "chat_tags_val.jsonl"}, lines.append)
    assert acts_measure.run({"dialogues": SHARED / "val.json.zip"}, lines.append)
