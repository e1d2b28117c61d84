"""The bot on real chats: what it says, when it brings a person, and that it is silent once it has."""

import contextlib
import datetime as dt
import json
import random
import time
from decimal import Decimal

import pytest

from catalog.models import Departure, Destination, Product
from core import clock
from core.errors import Refused
from core.worker import run_pending
from customers.models import Customer
from gateways.llm import llm
from gateways.llm.live import TOTAL_SECONDS
from gateways.simulator.testing import SimulatorHandle
from itinerary.models import TripRequest
from messaging.choices import Author, ChatChannel, ChatKind, ChatState, LineState
from messaging.models import Agent, ChatCard, Conversation, Handling, Line, MarketingPause
from messaging.queries_chat import unanswered
from messaging.services.chat_states import close, give_back, requeue, take
from messaging.services.chats import Inbound, Words, recall_chat, receive_chat, say
from orders.services.placing import place_order
from service_bot.models import Entry, Turn
from service_bot.queries.asking import Asked, answer
from service_bot.rules.hours import Hours
from service_bot.rules.moves import Move
from service_bot.services.assigning import assign_waiting, look_after_desk, set_presence
from service_bot.services.desk import finish, take_over
from service_bot.services.responding import respond
from service_bot.words import NO_WORDS, RATED
from staff.models import User
from tests.factories import make_customer

pytestmark = pytest.mark.django_db
VISA = "申根签证一般需要15个工作日，请至少提前30天办理。"


@pytest.fixture(autouse=True)
def knowledge(db: None) -> None:
    rows = [
        ("申根签证办理要多久？", VISA, ["申根签证几天出签", "欧洲签证需要多长时间"]),
        ("出发前取消怎么退款？", "出发前7天以上全额退款，7天内按合同约定扣除损失。", ["退款政策是什么", "不去了能退多少"]),
        ("可以带宠物吗？", "跟团游不能携带宠物。", []),
    ]
    for question, text, similar in rows:
        Entry.objects.create(kind="faq", question=question, answer=text, similar=similar, state="approved")


@pytest.fixture
def dali(db: None) -> Departure:
    place = Destination.objects.create(code="yunnan", name="云南", cities=["大理", "丽江"])
    product = Product.objects.create(
        code="P02", name="洱海小院·大理亲子扎染5日", destination=place, days=5, price_from_amount=Decimal(3980), state="on_sale",
        themes=["亲子"], cancellation=[{"days_before": 7, "fee_percent": 0}, {"days_before": 0, "fee_percent": 60}],
    )  # fmt: skip
    return Departure.objects.create(
        product=product, departs_on=clock.today() + dt.timedelta(days=30), adult_amount=Decimal(4280), child_amount=Decimal(2980),
        seats=20, seats_taken=3,
    )  # fmt: skip


class Talk:
    """A customer who writes in the mini-program."""

    def __init__(self, customer: Customer | None = None) -> None:
        self.customer = customer or make_customer()
        self.number = 0

    def say(self, text: str, choice: str = "", run: bool = True) -> list[Line]:
        """Write, let the bot work, and see what it said."""
        self.number += 1
        told = Inbound(ChatChannel.MINI, "wx", str(self.customer.pk), f"{self.customer.pk}:{self.number}", text, choice=choice)
        line = receive_chat(told, customer_id=self.customer.pk)
        if run:
            run_pending("chat")
        return list(
            Line.objects.filter(conversation=line.conversation_id, pk__gt=line.pk).exclude(author=Author.NOTE).order_by("id")
        )

    @property
    def conversation(self) -> Conversation:
        return Conversation.objects.get(customer=self.customer)


def test_a_faq_is_answered_word_for_word_with_its_source(simulator: SimulatorHandle) -> None:
    talk = Talk()
    (said,) = talk.say("申根签证办理要多久？")
    assert (said.author, said.text) == (Author.BOT, VISA)
    turn = Turn.objects.get()
    assert (turn.move, turn.source, turn.reply) == ("answer", "faq", said)
    assert said.payload["cites"][0]["id"] == f"faq:{Entry.objects.get(answer=VISA).pk}"


def test_several_short_messages_are_one_request(simulator: SimulatorHandle) -> None:
    talk = Talk()
    talk.say("你好", run=False)
    talk.say("申根签证", run=False)
    (said,) = talk.say("办理要多久？")
    assert Turn.objects.get().question == "你好\n申根签证\n办理要多久？"
    assert said.author == Author.BOT


def test_prices_come_from_the_row_as_it_stands_now(simulator: SimulatorHandle, dali: Departure) -> None:
    talk = Talk()
    first = talk.say("大理亲子扎染5日多少钱")[0]
    assert "¥4,280" in first.text
    Departure.objects.update(adult_amount=Decimal(4680))
    second = talk.say("那小孩多少钱？")[0]
    assert "¥2,980" in second.text
    third = talk.say("大理亲子扎染5日价格")[0]
    assert "¥4,680" in third.text
    assert "17" in talk.say("还有位置吗")[0].text
    assert "60%" in talk.say("不去了能退吗")[0].text


def test_only_the_customer_s_own_orders_are_told(simulator: SimulatorHandle, dali: Departure) -> None:
    mine, other = Talk(), Talk(make_customer("王五"))
    order = place_order(customer=mine.customer, product=dali.product, departs_on=dali.departs_on, adults=2)
    assert order.no in mine.say(f"帮我查下{order.no}")[0].text
    assert dali.departs_on.isoformat() in mine.say("我的订单什么时候出发")[0].text
    (stranger,), (nobody,) = other.say(f"帮我查下{order.no}"), other.say("帮我查下A2611249999")
    assert stranger.text == nobody.text
    assert dali.product.name not in stranger.text


def test_whoever_is_upset_gets_a_person_at_once_and_no_marketing(simulator: SimulatorHandle) -> None:
    talk = Talk()
    (said,) = talk.say("你们就是骗子！等了三个小时没人管，我要去12315投诉你们")
    conversation = talk.conversation
    assert (said.author, conversation.state, conversation.mood, conversation.reason) == (
        Author.SYSTEM,
        ChatState.QUEUED,
        3,
        "mood",
    )
    assert "抱歉" in said.text
    assert MarketingPause.objects.get().customer_id == talk.customer.pk
    assert talk.say("申根签证办理要多久？") == []  # people have it now
    assert not Line.objects.filter(author=Author.BOT).exists()


@pytest.mark.parametrize("text", ["投诉电话是多少", "你们的退款政策是什么"])
def test_a_question_about_complaints_is_none(text: str, simulator: SimulatorHandle) -> None:
    talk = Talk()
    talk.say(text)
    assert talk.conversation.mood < 2


def test_the_supervisor_hears_of_the_worst(simulator: SimulatorHandle, lin: User) -> None:
    simulator.do("app/configure", public_url="http://testserver")
    User.objects.filter(pk=lin.pk).update(wecom_userid="admin")
    Talk().say("你们这帮骗子，我已经报警了，法院见！")
    inbox = simulator.do("staff/inbox", userid="admin", limit=5)["messages"]
    assert len(inbox) == 1
    assert "骗子" not in json.dumps(inbox, ensure_ascii=False)


def test_an_idea_is_a_card_that_can_be_ordered_and_is_credited(simulator: SimulatorHandle, dali: Departure) -> None:
    talk = Talk()
    (asked,) = talk.say("推荐一条线路吧")
    assert asked.kind == ChatKind.TEXT
    said = talk.say("想去大理，带一个6岁的孩子，2个大人")
    assert [line.kind for line in said] == [ChatKind.TEXT, ChatKind.CARD]
    card = ChatCard.objects.get()
    assert (card.product_code, said[1].payload["price"][:6]) == ("P02", "¥4,280")
    place_order(customer=talk.customer, product=dali.product, departs_on=dali.departs_on, adults=2)
    run_pending()
    card.refresh_from_db()
    assert card.order_id is not None


def test_nothing_is_offered_to_the_upset_nor_what_is_sold_out(simulator: SimulatorHandle, dali: Departure) -> None:
    Departure.objects.update(seats_taken=20)
    talk = Talk()
    talk.say("推荐个大理的线路，两大一小")
    assert not ChatCard.objects.exists()
    assert talk.conversation.state == ChatState.QUEUED  # nothing fits: an advisor looks
    Departure.objects.update(seats_taken=0)
    cross = Talk(make_customer("王五"))
    cross.say("太差劲了，气死我了，你们推荐的大理线路就是坑人")
    assert not ChatCard.objects.exists()


def test_a_custom_trip_is_asked_for_slot_by_slot(simulator: SimulatorHandle) -> None:
    talk = Talk()
    (first,) = talk.say("我们想定制一个行程，去杭州")
    assert first.author == Author.BOT
    talk.say("10月2号走，玩3天")
    request = TripRequest.objects.get()
    assert request.slots["destinations"][0]["value"] == "杭州"
    assert request.slots["days"]["value"] == 3


@pytest.mark.parametrize("text", ["😀😀😀", "", "\u200b", "？？？"])
def test_no_words_are_asked_about_once(text: str, simulator: SimulatorHandle) -> None:
    talk = Talk()
    assert talk.say(text)[0].author == Author.BOT
    assert talk.say(text)[-1].author == Author.SYSTEM
    assert talk.conversation.state == ChatState.QUEUED


def test_a_very_long_text_is_answered_in_time(simulator: SimulatorHandle) -> None:
    assert Talk().say("申根签证" * 25_000)[0].author in (Author.BOT, Author.SYSTEM)


# --- a model that fails, and a hostile one ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault", [{"kind": "errcode", "value": 429}, {"kind": "errcode", "value": 500}, {"kind": "malformed"}, {"kind": "html"}]
)
def test_a_provider_that_fails_changes_nothing(fault: dict[str, object], simulator: SimulatorHandle) -> None:
    simulator.fault(host="llm", **fault)  # type: ignore[arg-type]
    talk = Talk()
    assert talk.say("申根签证办理要多久？")[0].text == VISA
    said = talk.say("你们家的火箭票怎么抢")
    assert len(said) == 1
    assert talk.conversation.state in (ChatState.BOT, ChatState.QUEUED)


def test_a_provider_that_hangs_costs_seconds_and_loses_nothing(simulator: SimulatorHandle) -> None:
    """The model's whole deadline is eight seconds (here less): then a menu or a person, for each message that came."""
    simulator.fault("timeout", path="/v1/chat/completions", value=0.9)
    llm()._total_seconds = 0.4  # type: ignore[attr-defined]
    assert TOTAL_SECONDS < 10
    talk = Talk()
    started = time.monotonic()
    talk.say("你们家的火箭票怎么抢", run=False)
    said = talk.say("火箭票")
    assert time.monotonic() - started < 5
    assert [line.author in (Author.BOT, Author.SYSTEM) for line in said] == [True]
    assert unanswered(talk.conversation.pk) is None or talk.conversation.state == ChatState.QUEUED
    assert Turn.objects.get().model_note in ("model: timeout", "")


@pytest.mark.parametrize("kind", [ChatKind.IMAGE, ChatKind.VOICE, ChatKind.OTHER])
def test_pictures_and_voice_are_asked_about_then_a_person_looks(kind: str, simulator: SimulatorHandle) -> None:
    customer = make_customer()
    for number, expected in enumerate([(Author.BOT, NO_WORDS), (Author.SYSTEM, None)]):
        told = Inbound(ChatChannel.MINI, "wx", "p", f"i{number}", "", kind)
        line = receive_chat(told, customer_id=customer.pk)
        run_pending("chat")
        said = Line.objects.filter(conversation=line.conversation_id, pk__gt=line.pk).exclude(author=Author.NOTE).get()
        assert said.author == expected[0]
        assert expected[1] in (None, said.text)
    assert Conversation.objects.get().state == ChatState.QUEUED


def test_what_was_taken_back_is_not_answered(simulator: SimulatorHandle) -> None:
    talk = Talk()
    talk.say("申根签证办理要多久？", run=False)
    assert recall_chat(f"{talk.customer.pk}:1")
    run_pending("chat")
    assert not Line.objects.filter(author=Author.BOT).exists()
    assert talk.say("可以带宠物吗？")[0].text == "跟团游不能携带宠物。"


def test_a_number_after_the_end_is_a_rating_and_no_question(simulator: SimulatorHandle, lin: User) -> None:
    talk = Talk()
    talk.say("转人工")
    take_over(talk.conversation, lin)
    finish(talk.conversation, lin, "solved")
    (said,) = talk.say("５")
    assert (said.author, said.text) == (Author.SYSTEM, RATED)
    assert (Handling.objects.get().csat, talk.conversation.state) == (5, ChatState.CLOSED)
    assert Turn.objects.filter(question="５").count() == 0
    (said,) = talk.say("4")  # nothing is left to rate: a message like any other
    assert said.text != RATED
    assert Handling.objects.order_by("id")[0].csat == 5


def test_a_number_in_a_new_talk_is_no_rating(simulator: SimulatorHandle, lin: User) -> None:
    talk = Talk()
    talk.say("转人工")
    take_over(talk.conversation, lin)
    finish(talk.conversation, lin, "solved")
    talk.say("推荐一条线路吧")
    talk.say("5")
    assert Handling.objects.order_by("id")[0].csat is None


@pytest.mark.parametrize("reply", ["", "{", '{"choice": 7}', '{"choice": "faq:999999", "rewritten": "x"}', "转人工"])
def test_a_model_that_answers_nonsense_changes_nothing(reply: str, simulator: SimulatorHandle) -> None:
    simulator.do("llm/script", reply=reply, times=-1)
    talk = Talk()
    said = talk.say("你们家的火箭票怎么抢")
    assert len(said) == 1
    assert said[0].text != reply or not reply


def test_a_model_chooses_among_answers_and_writes_none(simulator: SimulatorHandle) -> None:
    """Unsure, the bot shows a menu; a model may pick one of its entries, which is then said word for word."""
    question = "办理签证"
    menu = answer(Asked(question))
    assert menu.move == Move.MENU
    chosen = menu.candidates[-1]
    simulator.do("llm/script", reply=json.dumps({"choice": chosen.key, "rewritten": "免费！加我微信", "text": "免费"}), times=-1)
    (said,) = Talk().say(question)
    assert (said.author, said.text) == (Author.BOT, chosen.text)
    turn = Turn.objects.get()
    assert (turn.move, turn.model_note, f"{turn.source}:{turn.source_id}") == ("answer", "model chose", chosen.key)


# --- people -----------------------------------------------------------------------------------------------------


def test_the_oldest_waits_least_and_nobody_offline_is_given_anything(simulator: SimulatorHandle, lin: User, chen: User) -> None:
    for number in range(3):
        Talk(make_customer(f"客{number}")).say("转人工")
    assign_waiting()
    assert Conversation.objects.filter(state=ChatState.QUEUED).count() == 3
    set_presence(lin.pk, online=True)
    Agent.objects.update(capacity=2)
    set_presence(chen.pk, online=False)
    run_pending("chat")
    assert list(Conversation.objects.order_by("id").values_list("state", flat=True)) == ["human", "human", "queued"]
    first = Conversation.objects.order_by("id")[0]
    close(first.pk, user=lin, code="solved")
    assign_waiting()
    assert Conversation.objects.filter(assignee=lin, state=ChatState.HUMAN).count() == 2
    set_presence(lin.pk, online=False)
    assert Conversation.objects.filter(state=ChatState.QUEUED).count() == 2


def test_what_waits_too_long_goes_up(simulator: SimulatorHandle, lin: User) -> None:
    talk = Talk()
    talk.say("转人工")
    Conversation.objects.update(answer_due_at=clock.now() - dt.timedelta(minutes=1))
    look_after_desk()
    look_after_desk()
    assert talk.conversation.escalated == 1
    Conversation.objects.update(answer_due_at=clock.now() - dt.timedelta(minutes=9))
    look_after_desk()
    assert talk.conversation.escalated == 2


def test_the_desk_s_calendar() -> None:
    night = dt.datetime(2026, 5, 1, 22, 30, tzinfo=clock.SHANGHAI)
    hours = Hours(closed_days=[dt.date(2026, 5, 2)])
    assert not hours.is_open(night)
    assert hours.due(night, 5) == dt.datetime(2026, 5, 3, 9, 5, tzinfo=clock.SHANGHAI)
    assert hours.due(dt.datetime(2026, 4, 30, 20, 58, tzinfo=clock.SHANGHAI), 5) == dt.datetime(
        2026, 5, 1, 9, 3, tzinfo=clock.SHANGHAI
    )


def interleave(rounds: int, seed: int, people: list[User]) -> None:
    """Bursts, late and doubled jobs, takeovers, give-backs, closings and reopenings in any order; then the books are checked."""
    dice = random.Random(seed)
    customer = make_customer()
    told, spoken = 0, 0
    conversation_id = 0
    for number in range(rounds):
        deed = dice.choice(["hear", "hear", "respond", "twice", "take", "back", "requeue", "close", "offline", "say"])
        if deed == "hear" or not conversation_id:
            told += 1
            text = dice.choice(["申根签证办理要多久？", "转人工", "可以带宠物吗？", "在吗"])
            for _delivery in range(dice.choice([1, 1, 2])):
                line = receive_chat(Inbound(ChatChannel.MINI, "wx", "p", f"{seed}:{told}", text), customer_id=customer.pk)
            conversation_id = line.conversation_id
            continue
        before = Conversation.objects.get(pk=conversation_id)
        bots = Line.objects.filter(author=Author.BOT).count()
        with contextlib.suppress(Refused):
            _do(deed, conversation_id, dice.choice(people), f"{seed}:{number}")
        fresh = Line.objects.filter(author=Author.BOT).count() - bots
        spoken += fresh
        assert fresh == 0 or before.state == ChatState.BOT, f"the bot spoke in state {before.state} after {deed}"
    assert Line.objects.filter(author=Author.CUSTOMER, conversation=conversation_id).count() == told
    replies = list(Turn.objects.filter(reply__isnull=False).values_list("asked", flat=True))
    assert len(replies) == len(set(replies))
    order = list(Line.objects.filter(conversation=conversation_id).order_by("id").values_list("at", flat=True))
    assert order == sorted(order)
    assert not Line.objects.filter(state=LineState.QUEUED).exists()


def _do(deed: str, conversation_id: int, user: User, key: str) -> None:
    if deed in ("respond", "twice"):
        for _run in range(2 if deed == "twice" else 1):
            respond(conversation_id)
    elif deed == "take":
        take(conversation_id, user=user)
    elif deed == "back":
        give_back(conversation_id, user=user)
    elif deed == "requeue":
        requeue(conversation_id)
    elif deed == "close":
        close(conversation_id, user=user, code="solved")
    elif deed == "offline":
        set_presence(user.pk, online=False)
    else:
        say(conversation_id, Words("您好"), author=Author.STAFF, user=user, key=key)


def test_no_order_of_events_lets_the_bot_speak_over_a_person(simulator: SimulatorHandle, lin: User, chen: User) -> None:
    interleave(150, seed=11, people=[lin, chen])
    assert Handling.objects.exists()
