"""Knowledge: what staff write, and what the bot then says."""

import datetime as dt
import io

import docx
import pytest
from django.test import Client

from core.errors import Refused
from service_bot.choices import DocumentFormat, EntryState
from service_bot.models import Entry, Fact, LabelledQuestion, PostingList
from service_bot.queries.asking import Asked, answer
from service_bot.queries.knowledge import suspicious_pairs
from service_bot.retrieval.facts import Turn
from service_bot.rules.moves import Move
from service_bot.services.knowledge import add_document, approve_document, import_answers, label_question, save_entry, set_state
from staff.models import User

pytestmark = pytest.mark.django_db
DAY = dt.date(2026, 5, 1)


def make_entry(question: str, text: str, **more: object) -> Entry:
    return Entry.objects.create(kind="faq", question=question, answer=text, **{"state": EntryState.APPROVED, **more})


@pytest.fixture
def luggage() -> Entry:
    make_entry("发票怎么开？", "行程结束后在订单页申请。")
    make_entry("可以带宠物吗？", "跟团游不能携带宠物。")
    return make_entry("托运行李可以带多少公斤？", "经济舱托运20公斤，手提7公斤。")


def test_an_approved_answer_is_said_word_for_word(luggage: Entry) -> None:
    decision = answer(Asked("托运行李可以带多少公斤？"), DAY)
    assert decision.candidates[0].text == luggage.answer
    assert decision.move in {Move.ANSWER, Move.MENU}


def test_drafts_and_expired_answers_are_never_said(luggage: Entry) -> None:
    make_entry("能带无人机吗？", "可以带。", state=EntryState.DRAFT)
    make_entry("冬季优惠有哪些？", "满1000减100。", valid_to=dt.date(2026, 3, 31))
    said = [one.text for text in ("能带无人机吗", "冬季优惠有哪些") for one in answer(Asked(text), DAY).candidates]
    assert not {"可以带。", "满1000减100。"} & set(said)


def test_a_changed_answer_is_known_to_the_next_question(luggage: Entry, lin: User) -> None:
    answer(Asked("托运行李可以带多少公斤？"), DAY)
    save_entry(actor=lin, values={"answer": "经济舱托运23公斤。"}, entry=luggage)
    assert answer(Asked("托运行李可以带多少公斤？"), DAY).candidates[0].text == "经济舱托运23公斤。"
    set_state(actor=lin, entry=luggage, state=EntryState.RETIRED)
    assert all("公斤" not in one.text for one in answer(Asked("托运行李可以带多少公斤？"), DAY).candidates)


def test_figures_come_from_the_fact_that_is_valid_now() -> None:
    Fact.objects.create(entity="天坛公园", attribute="门票", value="15元", valid_to=dt.date(2026, 3, 31))
    Fact.objects.create(entity="天坛公园", attribute="门票", value="34元", valid_from=dt.date(2026, 4, 1))
    talk = [Turn("天坛公园在东城区。", ours=True, entity="天坛公园")]
    spring, winter = answer(Asked("那门票多少钱？", talk), DAY), answer(Asked("天坛公园门票多少钱？"), dt.date(2026, 2, 1))
    assert (spring.move, "34元" in spring.candidates[0].text) == (Move.ANSWER, True)
    assert "15元" in winter.candidates[0].text


def test_no_valid_fact_is_no_figure() -> None:
    Fact.objects.create(entity="天坛公园", attribute="门票", value="15元", valid_to=dt.date(2026, 3, 31))
    assert answer(Asked("天坛公园门票多少钱？"), DAY).move == Move.HUMAN


def test_documents_become_passages_that_are_said_after_approval(lin: User) -> None:
    text = "# 高原须知\n进藏前一周不要剧烈运动，车上备有氧气瓶。\n# 签证须知\n申根签证需要本人到场录指纹。"
    document = add_document(actor=lin, title="须知", text=text, kind=DocumentFormat.PASTED)
    assert answer(Asked("申根签证要本人到场录指纹吗"), DAY).candidates == ()
    assert approve_document(actor=lin, document=document) == 2
    assert "录指纹" in answer(Asked("申根签证要本人到场录指纹吗"), DAY).candidates[0].text
    with pytest.raises(Refused):
        add_document(actor=lin, title="又一次", text=text, kind=DocumentFormat.PASTED)
    with pytest.raises(Refused):
        add_document(actor=lin, title="空", text="  ", kind=DocumentFormat.PASTED)


def test_an_edited_passage_is_indexed_anew(lin: User) -> None:
    document = add_document(actor=lin, title="须知", text="进藏前一周不要剧烈运动。", kind=DocumentFormat.PASTED)
    passage = Entry.objects.get(document=document)
    before = PostingList.objects.filter(entries__contains=[passage.pk]).count()
    save_entry(actor=lin, values={"answer": "进藏前一周不要剧烈运动，也不要感冒。"}, entry=passage)
    assert PostingList.objects.filter(entries__contains=[passage.pk]).count() > before


def test_labels_are_kept_once_and_the_later_word_counts(luggage: Entry, lin: User) -> None:
    label_question(actor=lin, question="箱子太沉咋办", entry=None)
    label_question(actor=lin, question="箱子太沉咋办", entry=luggage)
    assert list(LabelledQuestion.objects.values_list("entry", flat=True)) == [luggage.pk]
    assert answer(Asked("箱子太沉咋办呀"), DAY).candidates[0].id == str(luggage.pk)


def test_import_passes_over_what_is_known(luggage: Entry, lin: User) -> None:
    rows = [
        {"question": "发票怎么开？", "answer": "别的"},
        {"question": "能刷卡吗", "similar": "可以刷信用卡吗|", "answer": "可以。"},
        {"question": "", "answer": "x"},
    ]
    assert import_answers(actor=lin, rows=rows) == 1
    assert Entry.objects.get(question="能刷卡吗").similar == ["可以刷信用卡吗"]
    assert Entry.objects.get(question="能刷卡吗").state == EntryState.DRAFT


def test_the_same_question_with_other_figures_is_a_contradiction(luggage: Entry) -> None:
    twin = make_entry("托运行李能带多少公斤？", "托运23公斤。")
    pair = suspicious_pairs()[0]
    assert {pair.first.pk, pair.second.pk} == {luggage.pk, twin.pk}
    assert pair.contradiction


def test_pages_list_write_approve_and_test(luggage: Entry, lin: User) -> None:
    browser = Client()
    browser.force_login(lin)
    assert "托运行李" in browser.get("/kb?q=行李").content.decode()
    form = {
        "kind": "faq",
        "question": "能改期吗？",
        "similar": "想换一天走\n想换一天走",
        "answer": "可以免费改一次。",
        "phase": "before",
        "product_code": "",
    }
    made = browser.post("/kb/new", form)
    entry = Entry.objects.get(question="能改期吗？")
    assert (made.status_code, entry.state, entry.similar, entry.owner) == (302, "draft", ["想换一天走"], lin)
    browser.post(f"/kb/{entry.pk}/state", {"state": "approved"})
    assert "可以免费改一次" in browser.get("/kb/test", {"question": "能改期吗"}).content.decode()
    assert browser.post("/kb/test", {"question": "改个日子", "label": str(entry.pk)}).status_code == 302
    assert LabelledQuestion.objects.get(question="改个日子").entry == entry
    wrong = browser.post("/kb/new", {**form, "question": "", "valid_from": "2026-05-02", "valid_to": "2026-05-01"})
    assert wrong.status_code == 422


def test_a_word_file_is_read(lin: User) -> None:
    document = docx.Document()
    document.add_paragraph("浮潜前请做好热身，不会游泳的客人须穿救生衣。")
    file = io.BytesIO()
    document.save(file)
    file.seek(0)
    file.name = "浮潜.docx"
    browser = Client()
    browser.force_login(lin)
    answered = browser.post("/kb/documents/new", {"title": "浮潜须知", "file": file})
    assert answered.status_code == 302
    assert "救生衣" in Entry.objects.get(kind="doc").answer
    assert "救生衣" in browser.get(answered["Location"]).content.decode()


@pytest.mark.parametrize("rows", [1, 3])
def test_the_list_takes_the_same_statements_however_long(lin: User, rows: int, django_assert_max_num_queries: object) -> None:
    for number in range(rows):
        make_entry(f"问题{number}", "答案")
    browser = Client()
    browser.force_login(lin)
    with django_assert_max_num_queries(6):  # type: ignore[operator]
        assert browser.get("/kb").status_code == 200
