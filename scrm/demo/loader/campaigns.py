"""Campaigns with a past: drafted, decided and attributed by the real services; what staff, the platform and customers did
then is drawn: who confirmed when, whom it reached, who opened the card and bought.
"""

import dataclasses
import datetime as dt
import json
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from django.db import connection

from campaigns.choices import CampaignState
from campaigns.models import Campaign
from campaigns.services.attribution import attribute_orders
from campaigns.services.cards import card_image
from campaigns.services.drafts import Draft, create_campaign, submit_campaign
from campaigns.services.launch import take_snapshot
from campaigns.services.variants import add_variant
from catalog.models import Product
from core.clock import SHANGHAI, shanghai_date
from core.event_types import MessageClicked, MessageSent
from core.models import Event
from messaging.choices import MessageState, TaskState
from messaging.models import MassTask, Message
from scrm.demo import world
from scrm.demo.behaviour import appeal, popularity
from scrm.demo.loader.load import Story, random_of
from scrm.demo.loader.people import EVENT_COLUMNS, fact_row
from scrm.demo.loader.purchases import Sold, write_orders
from scrm.demo.loader.tables import copy, stable_uuid
from scrm.demo.population import CHUNK, Population, make_population
from scrm.demo.purchases import order_of
from staff.models import AgencyPolicy
from tagging.models import Segment, Tag

HOUR = 10
_NOT_FRIEND, _OVER_CAP = 0.03, 0.02
_CONFIRM_MINUTES = 55.0
_OPENED, _MOST_OPENED = 0.12, 0.6  # of people whom the product draws as much as it draws the average; at most
_BOUGHT = 0.24  # of those who opened the card
_WITHIN_HOURS = 60.0


@dataclasses.dataclass(frozen=True)
class Played:
    """A campaign of the past and when it went out."""

    campaign: Campaign
    product: int
    at: dt.datetime


def load_campaigns(story: Story, segments: dict[str, Segment], *, with_past: bool) -> int:
    """Every campaign of the data; those of the past are played when `with_past`. How many."""
    rng, people = random_of(story, 1), _People(story)
    count = 0
    for record in world.read("campaigns.json"):
        if record["state"] == CampaignState.FINISHED:
            if with_past:
                _play(story, people, record, segments[record["segment"]], rng)
                count += 1
            continue
        campaign = create_campaign(_draft(record, segments[record["segment"]]), actor=story.members["ops"])
        if record["state"] == CampaignState.IN_REVIEW:
            submit_campaign(campaign, actor=story.members["ops"])
        count += 1
    return count


def _draft(record: dict[str, Any], segment: Segment) -> Draft:
    text = next(entry for entry in world.texts() if entry.key == record["text"])
    product = Product.objects.get(code=text.product)
    return Draft(
        name=record["name"], segment=segment, text=text.text, card_title=text.card_title, product_code=text.product,
        card_image=card_image(product), holdout_percent=record["holdout_percent"],
        attribution_days=AgencyPolicy.current().attribution_days, salt=f"demo-{record['text']}",
    )  # fmt: skip


class _People:
    """Generated people by customer id; each chunk is made once."""

    def __init__(self, story: Story) -> None:
        self._story = story
        self._chunks: dict[int, tuple[Population, np.ndarray[Any, np.dtype[np.float64]]]] = {}

    def of(self, customer_id: int) -> tuple[Population, int, Any]:
        """Somebody's chunk, place in it, and how much each product draws the person."""
        number, place = divmod(customer_id - self._story.first_customer, CHUNK)
        if number not in self._chunks:
            people = make_population(self._story.wish.seed, number, self._story.wish.at)
            self._chunks[number] = people, appeal(people)
        people, pull = self._chunks[number]
        return people, place, pull[place]


def _play(story: Story, people: _People, record: dict[str, Any], segment: Segment, rng: np.random.Generator) -> None:
    day = shanghai_date(story.wish.at) - dt.timedelta(days=record["days_ago"])
    at = dt.datetime.combine(day, dt.time(HOUR), tzinfo=SHANGHAI)
    campaign = create_campaign(_draft(record, segment), actor=story.members["ops"])
    campaign.segment_condition = segment.condition
    campaign.approved_by = story.members["admin"]
    _add_variants(campaign, record, story)
    take_snapshot(campaign, at)
    code = campaign.content.product_code
    played = Played(campaign, [product.code for product in world.products()].index(code), at)
    confirmed = _confirm_tasks(played, rng)
    sent = _deliver(played, confirmed, rng)
    clicked = _open_cards(played, people, sent, rng)
    sold = _sell(story, played, people, clicked, rng)
    _write_down(played, sent, clicked, sold, story)
    Campaign.objects.filter(pk=campaign.pk).update(
        state=CampaignState.FINISHED, finished_at=at + dt.timedelta(days=3), approved_by=campaign.approved_by,
        created_at=at - dt.timedelta(hours=19), segment_condition=segment.condition,
    )  # fmt: skip
    attribute_orders(customer_ids=[customer_id for _message, customer_id, _at in sent])


def _add_variants(campaign: Campaign, record: dict[str, Any], story: Story) -> None:
    """The ways to say it that the record names, for tags or by chance."""
    for entry in record.get("variants", ()):
        tags = list(Tag.objects.filter(name__in=entry["tags"]).values_list("id", flat=True))
        add_variant(
            campaign, name=entry["name"], text=entry["text"], card_title=entry["card_title"], weight=entry["weight"],
            tag_ids=tags, actor=story.members["ops"],
        )  # fmt: skip


def _confirm_tasks(played: Played, rng: np.random.Generator) -> dict[int, dt.datetime]:
    """When each task was confirmed: most within the hour, all before the evening."""
    tasks = list(MassTask.objects.filter(campaign_id=played.campaign.pk).order_by("id"))
    confirmed: dict[int, dt.datetime] = {}
    for task in tasks:
        minutes = min(2 + float(rng.exponential(_CONFIRM_MINUTES)), 540)
        confirmed[task.pk] = task.confirmed_at = played.at + dt.timedelta(minutes=minutes)
        task.state, task.msgid = TaskState.SETTLED, f"demo{played.campaign.pk:04}{task.pk:06}"
        task.called_at, task.polled_at = played.at + dt.timedelta(seconds=20), played.at + dt.timedelta(days=2)
    MassTask.objects.bulk_update(tasks, ["confirmed_at", "state", "msgid", "called_at", "polled_at"])
    return confirmed


def _deliver(played: Played, confirmed: dict[int, dt.datetime], rng: np.random.Generator) -> list[tuple[int, int, dt.datetime]]:
    """Delivered to most; (message, customer, when) of those it reached."""
    messages = list(Message.objects.filter(campaign_id=played.campaign.pk).order_by("id").only("id", "customer_id", "task_id"))
    sent = []
    for message, draw in zip(messages, rng.random(len(messages)), strict=True):
        if draw < _NOT_FRIEND:
            message.state = MessageState.NOT_FRIEND
        elif draw < _NOT_FRIEND + _OVER_CAP:
            message.state = MessageState.OVER_CAP
        else:
            message.state, message.sent_at = MessageState.SENT, confirmed[message.task_id or 0]
            sent.append((message.pk, message.customer_id, message.sent_at))
    Message.objects.bulk_update(messages, ["state", "sent_at"], batch_size=1000)
    return sent


def _open_cards(
    played: Played, people: _People, sent: Sequence[tuple[int, int, dt.datetime]], rng: np.random.Generator
) -> list[tuple[int, int, dt.datetime]]:
    """Who opened the card when: the more the product draws somebody compared with the others, the likelier."""
    pulls = np.array([people.of(customer_id)[2][played.product] for _message, customer_id, _at in sent])
    usual = float(np.median(pulls)) if len(pulls) else float(popularity()[played.product])
    chance = np.clip(_OPENED * pulls / usual, 0, _MOST_OPENED)
    hits = rng.random(len(sent)) < chance
    delay = 3 + rng.exponential(300.0, len(sent))
    opened = [
        (message, customer_id, at + dt.timedelta(minutes=float(minutes)))
        for (message, customer_id, at), hit, minutes in zip(sent, hits, delay, strict=True)
        if hit and people.of(customer_id)[0].ids.openid[people.of(customer_id)[1]]
    ]
    Message.objects.bulk_update(
        [Message(pk=message, clicked_at=at) for message, _customer, at in opened], ["clicked_at"], batch_size=1000
    )
    return opened


def _sell(
    story: Story, played: Played, people: _People, clicked: Sequence[tuple[int, int, dt.datetime]], rng: np.random.Generator
) -> list[Sold]:
    sold: list[Sold] = []
    for message, customer_id, opened in clicked:
        if rng.random() >= _BOUGHT:
            continue
        person, place, _pull = people.of(customer_id)
        placed = opened.timestamp() + 120 + float(rng.exponential(_WITHIN_HOURS * 600))
        order = order_of(person, place, played.product, placed, story.seats, rng, story.wish.at.timestamp())
        if order:
            code = world.products()[played.product].code
            sold.append(Sold(story.next_order, order, customer_id, story.products[code], person.ids.openid[place], message))
            story.next_order += 1
    with connection.cursor() as cursor:
        write_orders(cursor, sold, story.seats)
    return sold


def _write_down(
    played: Played, sent: Sequence[tuple[int, int, dt.datetime]], clicked: Sequence[tuple[int, int, dt.datetime]],
    sold: Sequence[Sold], story: Story,
) -> None:  # fmt: skip
    """The facts of the campaign, and the looks at the product that the card led to."""
    with connection.cursor() as cursor:
        copy(cursor, Event, EVENT_COLUMNS, _facts(played, sent, clicked, random_of(story, 100 + played.campaign.pk)))
        cursor.execute(
            _SEEN, [[customer_id for _message, customer_id, _at in clicked], [at for _message, _customer, at in clicked]]
        )


_SEEN = """
UPDATE customers_activity AS activity SET last_seen_at = greatest(activity.last_seen_at, seen.at), event_count = event_count + 2
FROM unnest(%s::bigint[], %s::timestamptz[]) AS seen (customer_id, at) WHERE activity.customer_id = seen.customer_id
"""


def _facts(
    played: Played, sent: Sequence[tuple[int, int, dt.datetime]], clicked: Sequence[tuple[int, int, dt.datetime]],
    rng: np.random.Generator,
) -> Iterator[Sequence[Any]]:  # fmt: skip
    campaign_id, props = played.campaign.pk, json.dumps({"product": world.products()[played.product].code})
    for message, customer_id, at in sent:
        yield fact_row(MessageSent(customer_id, message, campaign_id), f"message.sent:{message}", at, customer_id)
    for message, customer_id, at in clicked:
        yield fact_row(MessageClicked(customer_id, message, campaign_id), f"message.clicked:{message}", at, customer_id)
        for seconds, kind, known in ((1, "app.opened", "{}"), (2, "product.viewed", props)):
            yield stable_uuid(rng.bytes(16)), kind, at + dt.timedelta(seconds=seconds), known, customer_id, "mini"
