"""Chats: what comes in is kept once and in order; what goes out goes once, and never from the bot after a takeover."""

import datetime as dt
import json

import pytest
import time_machine
from django.conf import settings
from django.test import Client

from core import clock
from core.errors import Refused
from core.models import Event
from core.worker import run_pending
from customers.models import Customer
from gateways.simulator.testing import SimulatorHandle
from messaging.choices import Author, ChatChannel, ChatState, LineState
from messaging.models import ChatCard, Conversation, Line
from messaging.queries_chat import budget_of, turns_of, unanswered
from messaging.services.chat_states import close, give_back, queue, rate, requeue, take
from messaging.services.chats import Inbound, Words, recall_chat, receive_chat, say, write_note
from messaging.services.kf import pull
from messaging.services.touches import credit_order, record_click
from staff.models import User
from tests.factories import make_customer, make_token

pytestmark = pytest.mark.django_db


def hear(customer: Customer, text: str, key: str = "k1", channel: str = ChatChannel.MINI, **more: object) -> Line:
    return receive_chat(Inbound(channel, "acc", "peer", key, text, **more), customer_id=customer.pk)


def test_a_message_told_twice_is_one_and_one_fact() -> None:
    customer = make_customer()
    first, second = hear(customer, "你好"), hear(customer, "你好")
    assert (first.pk, Line.objects.count()) == (second.pk, 1)
    event = Event.objects.get(kind="chat.received")
    assert event.props == {"customer_id": customer.pk, "message_id": first.pk, "conversation_id": first.conversation_id}


def test_too_long_a_text_is_cut_and_an_empty_one_kept() -> None:
    customer = make_customer()
    long = hear(customer, "签" * 100_000)
    assert (len(long.text), long.payload) == (4000, {"length": 100_000})
    assert hear(customer, "\x00 ", "k2").text == ""
    assert Conversation.objects.get().unread == 2


def test_a_burst_is_what_was_said_since_our_last_word() -> None:
    customer = make_customer()
    conversation_id = hear(customer, "在吗").conversation_id
    hear(customer, "想问签证", "k2")
    burst = unanswered(conversation_id)
    assert burst is not None
    assert burst.text == "在吗\n想问签证"
    say(conversation_id, Words("您好"), author=Author.BOT, version=Conversation.objects.get().version)
    assert unanswered(conversation_id) is None
    hear(customer, "要多久", "k3", choice="faq:3")
    burst = unanswered(conversation_id)
    assert burst is not None
    assert (burst.text, burst.choice) == ("要多久", "faq:3")
    assert turns_of(conversation_id) == [
        ("customer", "在吗"),
        ("customer", "想问签证"),
        ("agent", "您好"),
        ("customer", "要多久"),
    ]


def test_the_bot_does_not_speak_after_a_takeover_nor_over_a_new_message(lin: User) -> None:
    customer = make_customer()
    conversation_id = hear(customer, "在吗").conversation_id
    version = Conversation.objects.get().version
    hear(customer, "还有", "k2")
    for _attempt in range(2):
        with pytest.raises(Refused) as refused:
            say(conversation_id, Words("答"), author=Author.BOT, version=version)
        assert refused.value.code == "taken_over"
        take(conversation_id, user=lin)
        version = Conversation.objects.get().version
    assert not Line.objects.filter(author=Author.BOT).exists()


def test_only_who_has_it_writes_and_notes_reach_nobody(lin: User, chen: User) -> None:
    conversation_id = hear(make_customer(), "在吗").conversation_id
    with pytest.raises(Refused):
        say(conversation_id, Words("您好"), author=Author.STAFF, user=lin)
    take(conversation_id, user=lin)
    with pytest.raises(Refused):
        take(conversation_id, user=chen)
    say(conversation_id, Words("您好"), author=Author.STAFF, user=lin)
    write_note(conversation_id, "老客户", user=chen)
    assert turns_of(conversation_id) == [("customer", "在吗"), ("agent", "您好")]


def test_the_course_of_a_talk_from_queue_to_rating(lin: User) -> None:
    customer = make_customer()
    conversation_id = hear(customer, "转人工").conversation_id
    assert queue(conversation_id, reason="asked_for_person")
    assert not queue(conversation_id, reason="mood")
    take(conversation_id, user=lin)
    assert requeue(conversation_id)
    take(conversation_id, user=lin, only_queued=True)
    assert close(conversation_id, user=lin, code="solved")
    conversation = Conversation.objects.get()
    assert (rate(conversation, 5, "好"), rate(conversation, 1)) == (True, False)
    assert sorted(Event.objects.values_list("kind", flat=True)) == ["chat.handed_over", "chat.rated", "chat.received"]
    hear(customer, "又来了", "k2")
    conversation.refresh_from_db()
    assert (conversation.state, conversation.assignee) == (ChatState.BOT, lin)
    take(conversation_id, user=lin)
    give_back(conversation_id, user=lin)
    conversation.refresh_from_db()
    assert conversation.state == ChatState.BOT


# --- WeCom customer service, over the simulator ------------------------------------------------------------


@pytest.fixture
def guest(simulator: SimulatorHandle) -> str:
    simulator.do("app/configure", public_url="http://testserver")
    return str(simulator.do("customer/add", userid="service", name="苏晴")["external_userid"])


def kf_lines(simulator: SimulatorHandle, guest: str) -> list[dict[str, object]]:
    return [line for line in simulator.do("kf/chat", who=guest)["lines"] if line["from"] == "agency"]


def test_a_bell_brings_the_messages_once(simulator: SimulatorHandle, guest: str, client: Client) -> None:
    simulator.do("kf/enter", who=guest)
    simulator.do("kf/say", who=guest, text="办签证要多久")
    simulator.do("kf/say", who=guest, kind="image")
    simulator.fault("duplicate", side="callback", host="wecom")
    assert simulator.deliver(client) >= 3
    run_pending("chat")
    simulator.deliver(client)
    run_pending("chat")
    told = Line.objects.filter(author=Author.CUSTOMER).order_by("id")
    assert [(line.text, line.kind) for line in told] == [("办签证要多久", "text"), ("", "image")]
    greetings = [line for line in kf_lines(simulator, guest) if "的智能助手" in str(line["content"])]
    assert len(greetings) == 1
    conversation = Conversation.objects.get()
    assert conversation.customer.identities.filter(kind="external_userid").exists()


def test_a_recalled_message_leaves_no_words(simulator: SimulatorHandle, guest: str) -> None:
    msgid = simulator.do("kf/say", who=guest, text="我的手机号是13800001111")["msgid"]
    pull("wkSimShanhai0001")
    simulator.do("kf/recall", who=guest, msgid=msgid)
    pull("wkSimShanhai0001")
    line = Line.objects.get()
    assert (line.state, line.text) == (LineState.RECALLED, "")
    assert unanswered(line.conversation_id) is None
    assert not recall_chat("kf:unknown")


def test_five_replies_and_no_more(simulator: SimulatorHandle, guest: str, lin: User) -> None:
    simulator.do("kf/say", who=guest, text="在吗")
    pull("wkSimShanhai0001")
    conversation = Conversation.objects.get()
    take(conversation.pk, user=lin)
    for number in range(5):
        say(conversation.pk, Words(f"第{number}条"), author=Author.STAFF, user=lin)
    with pytest.raises(Refused) as refused:
        say(conversation.pk, Words("第六条"), author=Author.STAFF, user=lin)
    assert (refused.value.code, budget_of(conversation).left) == ("budget", 0)
    run_pending("chat")
    assert [line["content"]["content"] for line in kf_lines(simulator, guest)] == [f"第{n}条" for n in range(5)]  # type: ignore[index]
    simulator.do("kf/say", who=guest, text="好")
    pull("wkSimShanhai0001")
    conversation.refresh_from_db()
    assert budget_of(conversation).left == 5
    with time_machine.travel(clock.now() + dt.timedelta(hours=49)):
        assert budget_of(conversation).is_spent


def test_a_bot_s_line_on_its_way_is_held_back_by_a_takeover(simulator: SimulatorHandle, guest: str, lin: User) -> None:
    simulator.do("kf/say", who=guest, text="在吗")
    pull("wkSimShanhai0001")
    conversation = Conversation.objects.get()
    line = say(conversation.pk, Words("您好"), author=Author.BOT, version=conversation.version)
    take(conversation.pk, user=lin)
    give_back(conversation.pk, user=lin)  # even given back, the old thought is not said
    run_pending("chat")
    line.refresh_from_db()
    assert line.state == LineState.SUPPRESSED
    assert all(one["msgid"] != f"c{line.pk}" for one in kf_lines(simulator, guest))


def test_a_lost_answer_of_the_platform_sends_nothing_twice(simulator: SimulatorHandle, guest: str) -> None:
    simulator.do("kf/say", who=guest, text="在吗")
    pull("wkSimShanhai0001")
    conversation = Conversation.objects.get()
    say(conversation.pk, Words("您好"), author=Author.BOT, version=conversation.version)
    simulator.fault("lost_reply", host="qyapi.weixin.qq.com", path="/cgi-bin/kf/send_msg", times=1)
    run_pending("chat", until_empty=False)
    from core.models import Job

    Job.objects.update(run_at=clock.now())
    run_pending("chat")
    assert (len(kf_lines(simulator, guest)), Line.objects.get(author=Author.BOT).state) == (1, LineState.SENT)


def test_a_servicer_in_wecom_silences_us(simulator: SimulatorHandle, guest: str) -> None:
    simulator.do("kf/say", who=guest, text="在吗")
    pull("wkSimShanhai0001")
    conversation = Conversation.objects.get()
    with simulator.world.lock:
        simulator.world.state.kf_sessions[guest].state = 3
    say(conversation.pk, Words("您好"), author=Author.BOT, version=conversation.version)
    run_pending("chat")
    conversation.refresh_from_db()
    assert (conversation.state, Line.objects.get(author=Author.BOT).state) == (ChatState.SERVED_IN_WECOM, LineState.FAILED)


# --- mini-program and website ---------------------------------------------------------------------------------


def test_the_mini_program_writes_reads_votes_and_rates(client: Client, lin: User) -> None:
    customer = make_customer()
    token, stranger = make_token(customer), make_token(make_customer("王五"))

    def call(
        method: str, path: str, body: object = None, key: str = "key-00000001", who: str = token
    ) -> tuple[int, dict[str, object]]:
        answer = client.generic(
            method, f"/api/mp/v1/{path}", json.dumps(body) if body is not None else b"", "application/json",
            headers={"Authorization": f"Bearer {who}", "Idempotency-Key": key},
        )  # fmt: skip
        return answer.status_code, answer.json()

    status, sent = call("POST", "chat/messages", {"text": "办签证要多久"})
    assert (status, call("POST", "chat/messages", {"text": "办签证要多久"})[1]) == (200, sent)
    conversation = Conversation.objects.get()
    assert (conversation.account, Line.objects.count()) == (settings.VENDORS["MINI_APP_ID"], 1)
    reply = say(conversation.pk, Words("15个工作日"), author=Author.BOT, version=conversation.version)
    write_note(conversation.pk, "内部", user=lin)
    shown = call("GET", "chat/messages")[1]["messages"]
    assert [(one["text"], one["by_assistant"]) for one in shown] == [("办签证要多久", False), ("15个工作日", True)]  # type: ignore[attr-defined]
    assert call("POST", f"chat/messages/{reply.pk}/vote", {"value": -1}, "key-00000002") == (200, {"done": True})
    assert call("POST", f"chat/messages/{reply.pk}/vote", {"value": 1}, "key-00000003", stranger)[0] == 404
    assert call("GET", "chat/messages", who=stranger)[1] == {"state": "bot", "rate": False, "messages": []}
    assert Line.objects.get(pk=reply.pk).vote == -1
    assert call("POST", "chat/rating", {"rating": 5}, "key-00000004") == (200, {"done": False})
    assert call("POST", "chat/messages", {"text": ""}, "key-00000005")[0] == 400


def test_another_customer_on_the_same_account_reads_nothing(client: Client) -> None:
    hear(make_customer(), "我的订单")
    Conversation.objects.update(account=settings.VENDORS["MINI_APP_ID"], peer="o")
    answer = client.get("/api/mp/v1/chat/messages", headers={"Authorization": f"Bearer {make_token(make_customer('王五'))}"})
    assert answer.json() == {"state": "bot", "rate": False, "messages": []}


def test_a_visitor_of_the_website_talks_and_is_a_customer_from_then_on(client: Client) -> None:
    assert client.post("/chat/say", {"text": "你好", "key": "1"}).status_code == 400  # no window was opened
    assert client.get("/chat").status_code == 200
    assert Customer.objects.count() == 0
    answer = client.post("/chat/say", {"text": "你好<script>", "key": "1"})
    assert "你好&lt;script&gt;" in answer.content.decode()
    client.post("/chat/say", {"text": "你好<script>", "key": "1"})
    assert (Line.objects.count(), Customer.objects.count()) == (1, 1)
    for number in range(19):
        client.post("/chat/say", {"text": "刷屏", "key": f"s{number}"})
    assert client.post("/chat/say", {"text": "刷屏", "key": "last"}).status_code == 409
    assert Client().get("/chat/lines").content.decode().count("<p>") == 0


def test_a_card_s_click_and_order_are_its_customer_s_own() -> None:
    customer, other = make_customer(), make_customer("王五")
    line = hear(customer, "推荐")
    card = ChatCard.objects.create(line=line, customer=customer, product_code="P01", token="t" * 32, at=clock.now())
    assert (record_click(token=card.token, customer_id=other.pk), record_click(token="nobody", customer_id=1)) == (False, None)
    assert [record_click(token=card.token, customer_id=customer.pk) for _twice in range(2)] == [True, False]
    assert not credit_order(customer_id=other.pk, product_code="P01", order_id=7)
    assert [credit_order(customer_id=customer.pk, product_code="P01", order_id=7) for _twice in range(2)] == [True, False]
