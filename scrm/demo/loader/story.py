"""What makes a first visit worth while: tags with evidence, segments, campaigns with results, work that waits today."""

import time

from customers.models import Customer
from orders.models import Order, Payment, Refund
from scrm.demo.loader.agency import take_seats
from scrm.demo.loader.campaigns import load_campaigns
from scrm.demo.loader.channels import load_channels
from scrm.demo.loader.chats import load_chats
from scrm.demo.loader.itineraries import load_itineraries
from scrm.demo.loader.journeys import load_costs, load_journeys, load_moment
from scrm.demo.loader.knowledge import load_knowledge
from scrm.demo.loader.load import Say, Story
from scrm.demo.loader.membership import load_membership
from scrm.demo.loader.tables import continue_ids
from scrm.demo.loader.tags import load_segments, load_tags, tag_by_hand, tag_customers
from scrm.demo.loader.today import load_follow_ups, load_waiting_orders, request_refunds

MOST_FOR_A_PAST = 20_000  # with more people than this no campaign of the past is played: every one of them is drawn


def load_story(story: Story, say: Say) -> None:
    """All of it, inside the caller's transaction, after `load_world`."""
    started, author = time.monotonic(), story.members["ops"]
    tags = load_tags(author)
    answers = load_knowledge(story.members["service"])
    segments = load_segments(tags, author)
    given = tag_customers(story.wish.customers)
    tag_by_hand(story.members, tags, story.wish.seed)
    say(f"{len(tags)} tags, {given:,} given by rules, {len(segments)} segments, {time.monotonic() - started:.1f} s")
    say(f"{answers} answers of the bot")
    codes = load_channels(story)
    campaigns = load_campaigns(story, segments, with_past=story.wish.customers <= MOST_FOR_A_PAST)
    waiting, refunds = load_waiting_orders(story), request_refunds(story)
    take_seats(story.seats.days, story.seats.free)
    continue_ids(Customer, Order, Payment, Refund)
    trips = load_itineraries(story)
    tasks = load_follow_ups(story)
    under_way = load_journeys(story)
    load_moment(story)
    load_costs(story)
    say(load_membership(story))
    talks = load_chats()
    say(
        f"{codes} live codes, {campaigns} campaigns, {waiting} orders waiting for payment, {refunds} refunds to decide, "
        f"{tasks} open tasks, {trips} itineraries, {under_way} people in journeys, {talks} talks, "
        f"{time.monotonic() - started:.1f} s"
    )
