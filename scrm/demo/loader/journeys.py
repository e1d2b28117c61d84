"""Journeys with people in them, a Moment that was answered,
and what channels cost: made by the real services where they decide."""

import datetime as dt
import random
from decimal import Decimal

from django.db.models import F

from campaigns.choices import MomentState, Reaction
from campaigns.models import ChannelCost, JourneyRun, JourneyVersion, Moment, MomentReaction, MomentStaff
from campaigns.rules.journeys.starters import STARTERS, flow_of_starter
from campaigns.services.acquisition import draft_copy, make_link
from campaigns.services.follow_up_rules import sweep_rules
from campaigns.services.journeys.advancing import advance_due
from campaigns.services.journeys.entering import enter_due
from campaigns.services.journeys.noticing import notice_changes
from campaigns.services.journeys.publishing import create_journey, publish_journey
from catalog.models import Departure, Product
from core.clock import shanghai_date
from customers.models import AcquisitionChannel, Relationship
from orders.models import Order
from scrm.demo.loader.load import Story
from tagging.models import Segment

_RUNNING = ("pre_trip", "browsed", "after_trip", "welcome", "birthday")
_MOST_BROWSERS = 8  # views: only the keenest, so that the staff of the demo are not buried in confirmations
_DAILY = {"xiaohongshu": 260, "douyin": 420, "ads": 600}
_NOTE = "云南的花开了！这条亲子线每天只走一两个地方，孩子不累、老人也跟得上。想看每天怎么安排，点链接就能看到。"


def load_journeys(story: Story) -> int:
    """Every template as a journey; five of them run. How many people are in them."""
    ops, at = story.members["ops"], story.wish.at
    segment = Segment.objects.order_by("id").values_list("pk", flat=True).first()
    for entry in STARTERS:
        flow = flow_of_starter(entry, segment)
        if entry.key == "browsed":
            flow["trigger"]["views"] = _MOST_BROWSERS
        journey = create_journey(actor=ops, name=entry.name, flow=flow, template=entry.key)
        if entry.key not in _RUNNING:
            continue
        version = publish_journey(journey, actor=ops)
        JourneyVersion.objects.filter(pk=version.pk).update(live_from=at - dt.timedelta(days=3))
        version.refresh_from_db()
        enter_due(version, at)
    advance_due(seconds=60)
    _move_a_departure()
    notice_changes()
    advance_due(seconds=20)
    sweep_rules(at)
    return JourneyRun.objects.filter(state="active").count()


def _move_a_departure() -> None:
    """One trip of the pre-trip journey leaves later than it was booked for: its waits follow."""
    run = (
        JourneyRun.objects.filter(state="active", subject_id__gt=0, journey__template="pre_trip", waits=True)
        .order_by("-starts_on")
        .first()
    )
    if run is None:
        return
    order = Order.objects.select_related("departure").get(pk=run.subject_id)
    later = (
        Departure.objects.filter(product=order.product_id, departs_on__gt=order.departure.departs_on)
        .order_by("departs_on")
        .first()
    )
    if later is not None:
        Departure.objects.filter(pk=order.departure_id).update(seats_taken=F("seats_taken") - order.people)
        Departure.objects.filter(pk=later.pk).update(seats_taken=F("seats_taken") + order.people)
        Order.objects.filter(pk=order.pk).update(departure=later)


def load_moment(story: Story) -> None:
    """A Moment that two of three members have published, with likes and comments of their friends."""
    at = story.wish.at - dt.timedelta(hours=20)
    staff = [story.members[name] for name in ("sales1", "sales2", "sales3")]
    product = Product.objects.order_by("id").first()
    moment = Moment.objects.create(
        text=_NOTE, product_code=product.code if product else "", link_title=product.name[:20] if product else "",
        user_ids=[user.pk for user in staff], state=MomentState.AWAITING, created_by=story.members["ops"], created_at=at,
            called_at=at,
    )  # fmt: skip
    rng = random.Random(f"moment {story.wish.seed}")  # noqa: S311
    for number, user in enumerate(staff):
        published = at + dt.timedelta(minutes=20 + 35 * number) if number < 2 else None
        MomentStaff.objects.create(moment=moment, user=user, published_at=published)
        friends = Relationship.objects.filter(user=user, state="active").order_by("id")[:40]
        for friend in rng.sample(list(friends), min(7, len(friends))) if published else ():
            kind = Reaction.COMMENT if rng.random() < 0.3 else Reaction.LIKE
            when = at + dt.timedelta(minutes=rng.randint(60, 900))
            MomentReaction.objects.create(
                moment=moment,
                user=user,
                customer_id=friend.customer_id,
                external_userid=friend.external_userid,
                kind=kind,
                at=when,
            )


def load_costs(story: Story) -> None:
    """Ninety days of spending on the channels that cost money, short links, and a draft of words."""
    ops, today = story.members["ops"], shanghai_date(story.wish.at)
    rng = random.Random(f"costs {story.wish.seed}")  # noqa: S311
    rows = []
    for channel in AcquisitionChannel.objects.filter(archived_at=None, kind__in=_DAILY).order_by("id"):
        daily = _DAILY[channel.kind]
        rows += [
            ChannelCost(
                channel=channel, day=today - dt.timedelta(days=week * 7), amount=Decimal(rng.randint(daily * 4, daily * 8)),
                exposures=rng.randint(daily * 60, daily * 140), created_by=ops,
            )
            for week in range(1, 13)
        ]  # fmt: skip
        make_link(actor=ops, channel=channel, name=f"{channel.name}笔记"[:40])
    ChannelCost.objects.bulk_create(rows)
    for number, product in enumerate(Product.objects.select_related("destination").order_by("id")[:2]):
        draft_copy(actor=ops, product=product, kind=("xiaohongshu", "ad")[number])
