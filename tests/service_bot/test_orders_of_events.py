"""Ten thousand orders of events: late jobs, doubled bells, bursts, reopening, takeovers, agents who go away, in three talks at once.

A thought (`_moment` and its decision) is kept and acted upon at any later time, as a worker that was slow would; the platform
is told twice; whoever takes a talk does so between a thought and its deed. After every deed and at the end the books are looked at.
"""

import contextlib
import random
from collections.abc import Iterator

import pytest
from django.db import transaction

from core.errors import Refused
from core.worker import run_pending
from gateways.simulator.testing import SimulatorHandle
from messaging.choices import Author, ChatChannel, ChatState, LineState
from messaging.models import Agent, Conversation, Line
from messaging.queries_chat import unanswered
from messaging.services.chat_states import close, give_back, requeue, take
from messaging.services.chats import Inbound, Words, receive_chat, say
from messaging.services.kf import pull
from service_bot.models import Turn
from service_bot.rules.moves import Candidate, Decision, Feeling, Move
from service_bot.services.assigning import assign_waiting, set_presence
from service_bot.services.handing import hand_over
from service_bot.services.responding import Moment, _act, _moment, respond
from staff.models import User
from tests.factories import make_customer

pytestmark = pytest.mark.django_db
KF = "wkSimShanhai0001"
TEXTS = ["申根签证办理要多久？", "转人工", "可以带宠物吗？", "在吗", "", "😀"]
DEEDS = (
    ["hear"] * 5
    + ["think"] * 3
    + ["act"] * 4
    + ["twice", "respond", "take", "take", "back", "requeue", "close", "offline", "online", "assign", "say"]
)
SAID = Candidate("faq", "1", "问", "签证15个工作日", 0.99, certain=True)


class Undone(Exception):
    """Takes an order of events back."""


class Talks:
    """Three customers and two agents of capacity one, and everything that happens to them in one order."""

    def __init__(self, seed: int, people: list[User], guests: list[str], simulator: SimulatorHandle | None) -> None:
        self.seed, self.people, self.simulator = seed, people, simulator
        self.dice = random.Random(seed)
        self.guests = guests
        self.customers = [make_customer(f"客{seed}-{number}") for number in range(3)] if not guests else []
        self.told: dict[int, list[str]] = {}
        self.talks: list[int] = []
        self.thoughts: list[tuple[Moment, Decision]] = []
        self.count = 0

    def step(self) -> None:
        """One deed, and what must hold after it."""
        deed = self.dice.choice(DEEDS)
        if deed == "hear" or not self.talks:
            self.hear()
            return
        talk = self.dice.choice(self.talks)
        states = dict(Conversation.objects.filter(pk__in=self.talks).values_list("pk", "state"))
        newest = Line.objects.order_by("-id").values_list("id", flat=True).first() or 0
        waiting = list(
            Conversation.objects.filter(state=ChatState.QUEUED).order_by("queued_at", "id").values_list("pk", flat=True)
        )
        with contextlib.suppress(Refused):
            getattr(self, deed)(talk)
        for line in Line.objects.filter(pk__gt=newest, author=Author.BOT):
            assert states[line.conversation_id] == ChatState.BOT, (
                f"{self.seed}: spoke in {states[line.conversation_id]} after {deed}"
            )
        taken = [
            pk
            for pk in waiting
            if deed in ("assign", "online") and not Conversation.objects.filter(pk=pk, state=ChatState.QUEUED).exists()
        ]
        assert taken == waiting[: len(taken)], f"{self.seed}: not the oldest first"

    def hear(self, _talk: int = 0) -> None:
        """A message, told once or more; a burst now and then."""
        who = self.dice.randrange(3)
        for _more in range(self.dice.choice([1, 1, 1, 2, 3])):
            self.count += 1
            text = self.dice.choice(TEXTS)
            if self.guests:
                self._hear_over_the_platform(who, text or "在吗")
                continue
            for _delivery in range(self.dice.choice([1, 1, 2, 3])):
                key = f"{self.seed}:{who}:{self.count}"
                line = receive_chat(Inbound(ChatChannel.MINI, "wx", f"p{who}", key, text), customer_id=self.customers[who].pk)
            self._note(line)

    def _hear_over_the_platform(self, who: int, text: str) -> None:
        assert self.simulator is not None
        self.simulator.do("kf/say", who=self.guests[who], text=text)
        for _bell in range(self.dice.choice([1, 2])):
            pull(KF)
        line = Line.objects.filter(author=Author.CUSTOMER, conversation__peer=self.guests[who]).order_by("-id").first()
        assert line is not None
        self._note(line)

    def _note(self, line: Line) -> None:
        self.told.setdefault(line.conversation_id, []).append(line.key)
        self.talks = sorted({*self.talks, line.conversation_id})

    def think(self, talk: int) -> None:
        """A job that has decided and not acted yet."""
        moment = _moment(talk)
        if moment is not None:
            moves = [
                Decision(Move.ANSWER, "faq", (SAID,)),
                Decision(Move.MENU, "unsure", (SAID,)),
                Decision(Move.ASK, "no_words"),
                Decision(Move.HUMAN, "unknown", feeling=Feeling(self.dice.choice([0, 0, 3]))),
            ]
            self.thoughts.append((moment, self.dice.choice(moves)))

    def act(self, _talk: int) -> None:
        """Any of the kept thoughts becomes a deed, late; it stays kept, so that it may come once more."""
        if self.thoughts:
            moment, decision = self.dice.choice(self.thoughts)
            _act(moment, decision, 1)
        if self.guests and self.dice.random() < 0.5:
            run_pending("chat", until_empty=False)

    def twice(self, _talk: int) -> None:
        if self.thoughts:
            for _run in range(2):
                _act(*self.thoughts[-1], 1)

    def respond(self, talk: int) -> None:
        respond(talk)

    def take(self, talk: int) -> None:
        take(talk, user=self.dice.choice(self.people), force=self.dice.random() < 0.2)

    def back(self, talk: int) -> None:
        give_back(talk, user=self.dice.choice(self.people))

    def requeue(self, talk: int) -> None:
        requeue(talk)

    def close(self, talk: int) -> None:
        close(talk, user=self.dice.choice([*self.people, None]), code="solved")

    def offline(self, _talk: int) -> None:
        set_presence(self.dice.choice(self.people).pk, online=False)

    def online(self, _talk: int) -> None:
        set_presence(self.dice.choice(self.people).pk, online=True)
        assign_waiting()

    def assign(self, _talk: int) -> None:
        assign_waiting()

    def say(self, talk: int) -> None:
        say(talk, Words("您好"), author=Author.STAFF, user=self.dice.choice(self.people), key=f"{self.seed}:{self.dice.random()}")

    def finish(self) -> None:
        """All that waits is done; then nothing is lost, doubled or out of order."""
        for talk in self.talks:
            respond(talk)
            conversation = Conversation.objects.get(pk=talk)
            assert conversation.state != ChatState.BOT or unanswered(talk) is None, f"{self.seed}: a message has no answer"
            lines = list(Line.objects.filter(conversation=talk).order_by("id"))
            kept = [line.key for line in lines if line.author == Author.CUSTOMER]
            assert kept == self.told[talk], f"{self.seed}: a message was lost, doubled or moved"
            assert [line.at for line in lines] == sorted(line.at for line in lines) or bool(self.guests)
            answered = list(Turn.objects.filter(conversation=talk, reply__isnull=False).values_list("asked", flat=True))
            assert len(answered) == len(set(answered)), f"{self.seed}: one message was answered twice"
        if self.guests:
            self._sink()

    def _sink(self) -> None:
        """What the platform shows: every line once, oldest first, none of those that were held back."""
        assert self.simulator is not None
        run_pending("chat")
        for guest in self.guests:
            shown = [one["msgid"] for one in self.simulator.do("kf/chat", who=guest)["lines"] if one["from"] == "agency"]
            numbers = [int(msgid[1:]) for msgid in shown if str(msgid)[:1] == "c"]
            assert len(numbers) == len(set(numbers))
            assert numbers == sorted(numbers)
            assert not Line.objects.filter(pk__in=numbers, state=LineState.SUPPRESSED).exists()


@pytest.fixture
def desk(simulator: SimulatorHandle, lin: User, chen: User) -> list[User]:
    """Two agents of capacity one."""
    Agent.objects.bulk_create([Agent(user=user, capacity=1) for user in (lin, chen)])
    return [lin, chen]


def play(seeds: Iterator[int] | range, people: list[User], simulator: SimulatorHandle | None = None, steps: int = 14) -> int:
    """Each order of events from the same beginning; how many there were."""
    played = 0
    for seed in seeds:
        guests = (
            [str(simulator.do("customer/add", userid="service", name=f"客{seed}-{one}")["external_userid"]) for one in range(3)]
            if simulator
            else []
        )
        with contextlib.suppress(Undone), transaction.atomic():
            talks = Talks(seed, people, guests, simulator)
            for _step in range(steps):
                talks.step()
            talks.finish()
            raise Undone
        played += 1
    return played


def test_twenty_orders_of_events(desk: list[User]) -> None:
    assert play(range(20), desk) == 20


def test_three_orders_over_the_platform(desk: list[User], simulator: SimulatorHandle) -> None:
    simulator.do("app/configure", public_url="http://testserver")
    assert play(range(90_000, 90_003), desk, simulator) == 3


@pytest.mark.slow
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("quarter", range(4))
def test_ten_thousand_orders_of_events(desk: list[User], quarter: int) -> None:
    first = 1_000 + 2_500 * quarter
    assert play(range(first, first + 2_500), desk) == 2_500


def test_a_handed_over_talk_stays_handed_over(desk: list[User]) -> None:
    customer = make_customer()
    line = receive_chat(Inbound(ChatChannel.MINI, "wx", "p", "k", "在吗"), customer_id=customer.pk)
    moment = _moment(line.conversation_id)
    assert moment is not None
    assert hand_over(moment.conversation, "unknown")
    _act(moment, Decision(Move.ANSWER, "faq", (SAID,)), 1)
    assert not Line.objects.filter(author=Author.BOT).exists()
