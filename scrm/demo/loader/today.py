"""What waits for somebody today: tasks out of the last two days' behaviour, orders to be paid, refunds to be approved."""

import datetime as dt
import random

from django.db import connection

from campaigns.choices import FollowUpState, Outcome
from campaigns.models import FollowUp
from campaigns.services.follow_ups import VIEW_HOURS, finish_follow_up, make_follow_ups, snooze_follow_up
from core.clock import SHANGHAI
from core.money import yuan
from customers.models import Activity
from orders.choices import OrderState
from orders.models import Order
from orders.services.refunds import request_refund
from scrm.demo import world
from scrm.demo.behaviour import appeal
from scrm.demo.loader.load import Story, random_of
from scrm.demo.loader.purchases import Sold, write_orders
from scrm.demo.population import CHUNK, DAY, make_population
from scrm.demo.purchases import HOLD_SECONDS, party
from scrm.demo.purchases import Order as Bought

MOST_PEOPLE = 3_000
_WAITING, _HELD = 8, 5
_REFUNDS = ("孩子要参加比赛，想改到寒假之后", "老人住院，全家取消这次行程", "航班取消，赶不上出发")
_OUTCOMES = (Outcome.CONTACTED, Outcome.QUOTED, Outcome.NO_ANSWER, Outcome.CONTACTED, Outcome.NO_INTEREST)


def load_follow_ups(story: Story) -> int:
    """Tasks for what people did in the last two days; some of them are worked off already. How many are open."""
    since = story.wish.at - dt.timedelta(hours=VIEW_HOURS)
    active = Activity.objects.filter(last_seen_at__gt=since).order_by("-last_seen_at")
    make_follow_ups(list(active.values_list("customer_id", flat=True)[:MOST_PEOPLE]))
    rng = random.Random(f"follow-ups {story.wish.seed}")  # noqa: S311
    tomorrow = dt.datetime.combine(story.wish.at.astimezone(SHANGHAI).date() + dt.timedelta(days=1), dt.time(10), tzinfo=SHANGHAI)
    for index, task in enumerate(FollowUp.objects.filter(assignee__isnull=False).order_by("due_at", "id")):
        draw = rng.random()
        if draw < 0.25 and task.assignee:
            finish_follow_up(task, actor=task.assignee, outcome=_OUTCOMES[index % len(_OUTCOMES)])
        elif draw < 0.4:
            snooze_follow_up(task, until=tomorrow + dt.timedelta(minutes=rng.randint(0, 420)))
    return FollowUp.objects.filter(state=FollowUpState.OPEN).count()


def load_waiting_orders(story: Story) -> int:
    """Orders that wait for payment: most for a day (an advisor keeps the seats), some for the usual half hour."""
    rng, wish = random_of(story, 2), story.wish
    people = make_population(wish.seed, 0, wish.at).head(min(CHUNK, wish.customers))
    pull = appeal(people)
    sold: list[Sold] = []
    for place in rng.permutation([i for i in range(len(people)) if people.ids.openid[i] and people.ids.external_userid[i]]):
        product = int(rng.choice(len(world.products()), p=pull[place] / pull[place].sum()))
        item = world.products()[product]
        adults, children = party(people, int(place), item, rng)
        index = story.seats.take(item.code, (wish.at + dt.timedelta(days=9)).date(), adults + children)
        if index is None:
            continue
        day, placed = story.seats.days[index], wish.at.timestamp() - float(rng.uniform(120, 1500))
        total = adults * day.adult + children * day.child
        order = Bought(int(place), index, product, adults, children, "placed", placed, None, None, None, total, 0)
        held = DAY if len(sold) < _HELD else HOLD_SECONDS
        until = dt.datetime.fromtimestamp(placed + held, dt.UTC)
        customer = story.first_customer + int(place)
        sold.append(
            Sold(story.next_order, order, customer, story.products[item.code], people.ids.openid[place], hold_until=until)
        )
        story.next_order += 1
        if len(sold) == _WAITING:
            break
    with connection.cursor() as cursor:
        write_orders(cursor, sold, story.seats)
    return len(sold)


def request_refunds(story: Story) -> int:
    """Three refunds that finance has to decide about."""
    coming = Order.objects.filter(state=OrderState.PAID, departure__departs_on__gt=story.wish.at.date(), refunded_amount=0)
    asked = 0
    for order, reason in zip(coming.order_by("departure__departs_on", "id"), _REFUNDS, strict=False):
        amount = order.total_amount if asked % 2 == 0 else yuan(order.total_amount / 2)
        request_refund(order_id=order.pk, amount=amount, reason=reason, key="demo", user=story.members["service"])
        asked += 1
    return asked
