"""The order of things: from an empty phone to a campaign whose numbers add up."""

import dataclasses
import functools
import random
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

from scrm.mainjob import feeds, office, people, tally
from scrm.mainjob.http import Browser, Simulator, Wrong, until
from scrm.mainjob.people import Person

ADVISORS = ("sales1", "sales2", "sales3")
FRIENDS, DISTRACTED, WITHOUT_CONSENT, STRANGERS = 30, 8, 4, 3
HOLDOUT = 20
AT_ONCE = 4  # phones that act at the same moment


@dataclasses.dataclass
class World:
    """Who and what the story is about."""

    url: str
    simulator: Simulator
    admin: Browser
    operations: Browser
    planner: Browser
    mark: str
    random: random.Random
    say: Callable[[str], object]
    people: list[Person] = dataclasses.field(default_factory=list)
    product: str = ""
    title: str = ""
    campaign: int = 0
    leaver: str = ""
    family: list[str] = dataclasses.field(default_factory=list)
    others: list[str] = dataclasses.field(default_factory=list)


def run(url: str, sim_url: str, password: str, say: Callable[[str], object], seed: int | None = None) -> bool:
    """Play the story; whether every number adds up. Wrong or Gone when the system does what no user would accept."""
    random_ = random.Random(seed)  # noqa: S311 - a story, no secret
    world = World(
        url, Simulator(sim_url), office.log_in(url, "admin", password), office.log_in(url, "ops", password),
        office.log_in(url, "planner", password), f"亲子{uuid.uuid4().hex[:6]}", random_, say,
    )  # fmt: skip
    before = office.sleep_not(world.admin)
    try:
        return _play(world)
    finally:
        office.wake_as_before(world.admin, before)


def _play(world: World) -> bool:
    feeds.import_feed(world.planner, world.say)
    _choose_products(world)
    _arrive(world)
    segment = _segment(world)
    _launch(world, segment)
    left = _confirm(world)
    _wait_for_results(world)
    opened, bought, others = _shop(world)
    return _compare(world, left, opened, bought, others)


def _choose_products(world: World) -> None:
    visitor = people.make_person(0, "", world.random, world.url, people.Traits(False, False, True))
    people.arrive(visitor, world.simulator)
    family = visitor.phone.get("products?theme=亲子")["results"]
    world.product = family[0]["code"]
    world.title = f"{family[0]['name'][:10]}·{world.mark}"
    others = [one["code"] for one in visitor.phone.get("products?limit=50")["results"] if "亲子" not in one["themes"]]
    world.family, world.others = [one["code"] for one in family], others


def _arrive(world: World) -> None:
    kinds = (
        [(True, True, True)] * FRIENDS + [(True, True, False)] * DISTRACTED
        + [(True, False, True)] * WITHOUT_CONSENT + [(False, True, True)] * STRANGERS
    )  # fmt: skip
    for number, (friend, consent, interested) in enumerate(kinds):
        advisor = ADVISORS[number % len(ADVISORS)]
        traits = people.Traits(friend, consent, interested)
        world.people.append(people.make_person(number, advisor, world.random, world.url, traits))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda person: people.arrive(person, world.simulator), world.people))
        browse = functools.partial(people.browse, wanted=world.family, others=world.others, mark=world.mark, random_=world.random)
        counts = list(pool.map(browse, world.people))
    world.say(f"{len(world.people)} customers arrived and left {sum(counts)} events, each sent twice and stored once")


def _segment(world: World) -> int:
    tag = office.interest_tag(world.operations)
    searched = {
        "event": {"window_days": 2, "kinds": ["product.searched"], "where": [{"name": "query", "in": [world.mark]}], "value": 1}
    }
    condition = {"all": [{"tags": {"has": "any", "tags": [tag]}}, searched]}
    wanted = sum(1 for person in world.people if person.is_interested)
    segment = office.make_segment(world.operations, f"主流程 {world.mark}", condition)
    until(lambda: office.segment_count(world.operations, segment) == wanted, f"the tag {office.INTEREST} reaches {wanted} people")
    world.say(
        f"the rule gave {wanted} of {len(world.people)} customers the tag {office.INTEREST}; the segment holds exactly them"
    )
    return segment


def _launch(world: World, segment: int) -> None:
    known = {"all": [office.condition_of(world.mark), {"friend": {"is": "friend"}}]}
    friends = sum(1 for person in world.people if person.is_friend)
    check = office.make_segment(world.operations, f"好友 {world.mark}", known)
    until(lambda: office.segment_count(world.operations, check) == friends, f"{friends} friendships are known")
    name = f"主流程 {world.mark}"
    world.campaign = office.make_campaign(world.operations, name, segment, world.product, world.title, HOLDOUT)
    office.launch(world.operations, world.campaign, name)
    office.wait_created(world.operations, world.campaign)


def _confirm(world: World) -> int:
    """Staff confirm on the simulated phone; one customer leaves just before. How many left."""
    tasks = [task for task in world.simulator.do("staff/tasks", limit=1000) if _is_ours(world, task)]
    first = tasks[0]["senders"][0]
    leaver = world.leaver = first["external_userid"][0]
    world.simulator.do("customer/delete", userid=first["userid"], external_userid=leaver)
    confirmed = 0
    for task in tasks:
        for sender in task["senders"]:
            world.simulator.do("staff/confirm", msgid=task["msgid"], sender=sender["userid"])
            confirmed += 1
    world.say(f"{confirmed} members of staff confirmed on the phone; one customer left before")
    return 1


def _is_ours(world: World, task: dict[str, Any]) -> bool:
    return any(one.get("miniprogram", {}).get("title") == world.title for one in task.get("attachments", ()))


def _wait_for_results(world: World) -> None:
    now = office.settle(world.operations, world.simulator, world.campaign)
    world.say(f"delivered to {now['delivered']} people, {now['not_friend']} no longer a friend")


def _shop(world: World) -> tuple[list[Person], list[Person], list[Person]]:
    """Whoever got the card opens it, three of four; one in three of them buys. So do two of the hold-out, by themselves."""
    for person in world.people:
        person.card = people.find_card(person, world.simulator, world.title) if person.is_friend else ""
    reached = [person for person in world.people if person.card]
    opened = [person for index, person in enumerate(reached) if index % 4]
    for person in opened:
        people.open_card(person, world.product)
    bought = opened[::3]
    aside = [p for p in world.people if p.is_friend and p.has_consent and p.is_interested and not p.card]
    others = [person for person in aside if person.external_userid != world.leaver][:1]
    for person in bought + others:
        people.order_and_pay(person, world.simulator, world.product)
    world.say(f"{len(opened)} opened the card, {len(bought)} of them and {len(others)} without a card ordered and paid")
    return opened, bought, others


def _compare(world: World, left: int, opened: list[Person], bought: list[Person], others: list[Person]) -> bool:
    delivered = sum(1 for person in world.people if person.card)
    treated = delivered + left
    expected: dict[str, Decimal | int] = {
        "audience": FRIENDS + WITHOUT_CONSENT + STRANGERS,
        "excluded_by_reason.no_relation": STRANGERS,
        "excluded_by_reason.no_consent": WITHOUT_CONSENT,
        "holdout": FRIENDS - treated,
        "treated": treated,
        "created": treated,
        "confirmed": treated,
        "delivered": delivered,
        "not_friend": left,
        "over_cap": 0,
        "opened": len(opened),
        "ordered": len(bought),
        "revenue": sum((Decimal(person.paid_fen) / 100 for person in bought), Decimal(0)),
        "comparison.arms.treated.buyers": len(bought),
        "comparison.arms.holdout.buyers": len(others),
    }

    def counted() -> list[tally.Line] | None:
        lines = tally.compare(expected, office.numbers(world.operations, world.campaign))
        return lines if all(line.agrees for line in lines) else None

    try:
        lines = until(counted, "the numbers", seconds=45)
    except Wrong:
        lines = tally.compare(expected, office.numbers(world.operations, world.campaign))
    told = office.numbers(world.operations, world.campaign)
    world.say(tally.table(lines))
    holdout = told["comparison"]["arms"].get("holdout", {})
    bought_alone, held = holdout.get("buyers", 0), holdout.get("people", 0)
    world.say(f"hold-out: {bought_alone} of {held} bought by themselves; the page adds up: {told['adds_up']}")
    world.say(f"see it at {world.url}/campaigns/{world.campaign}")
    return all(line.agrees for line in lines) and bool(told["adds_up"])
