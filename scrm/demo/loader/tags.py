"""The agency's own tag system: groups, tags, rules, segments; then the rules speak, through the real service."""

import random
from collections.abc import Iterator
from typing import Any

from core.conditions import parse
from core.jobs import enqueue
from customers.models import Customer
from scrm.demo import world
from scrm.demo.population import SALES
from staff.models import User
from tagging.choices import RuleState
from tagging.models import Segment, Tag, TagGroup, TagRule
from tagging.services.manual import add_tag
from tagging.services.refresh import refresh_all, refresh_tags

AT_ONCE = 20_000  # more people than this are tagged by the workers
BY_HAND = "服务备忘"
_PORTION = 2_000
_KEEP_DAYS = 30
_DEEDS = ["product.favorited", "advisor.asked", "product.shared", "quote.opened", "checkout.started"]
_LOOKS = ["product.viewed", *_DEEDS]


def load_tags(author: User) -> dict[str, Tag]:
    """Groups, tags and active rules; the tags by "group/tag"."""
    tags: dict[str, Tag] = {}
    for position, record in enumerate(world.read("tags.json")):
        group = TagGroup.objects.create(
            name=record["group"], dimension=record["dimension"], is_exclusive=record["exclusive"], position=position
        )
        for place, (name, meaning) in enumerate(record["tags"]):
            tags[f"{group.name}/{name}"] = Tag.objects.create(group=group, name=name, description=meaning, position=place)
    for record in world.read("tag_rules.json"):
        condition = rule_condition(record)
        parse(condition)
        TagRule.objects.create(
            tag=tags[record["tag"]], name=record["name"], condition=condition, keep_days=record.get("keep_days", _KEEP_DAYS),
            state=RuleState.ACTIVE, created_by=author,
        )  # fmt: skip
    return tags


def rule_condition(record: dict[str, Any]) -> dict[str, Any]:
    """A rule's condition as written, or the usual one of a theme or destination."""
    if "theme" in record:
        return _theme_condition(record["theme"])
    if "destination" in record:
        return _did(_LOOKS, 60, "destination", [record["destination"]], measure="count", value=4)
    condition: dict[str, Any] = record["condition"]
    return condition


def _theme_condition(theme: str) -> dict[str, Any]:
    """Searched for it twice, or once and looked at it thrice; or acted on three different products of it."""
    words = next(entry.words for entry in world.themes() if entry.name == theme)
    once, twice = (_did(["product.searched"], 120, "query", words, measure="count", value=times) for times in (1, 2))
    looked = _did(_LOOKS, 120, "theme", [theme], measure="count", value=3)
    acted = _did(_DEEDS, 120, "theme", [theme], measure="distinct", value=3) | {}
    acted["event"]["of"] = "product"
    return {"any": [twice, {"all": [once, looked]}, acted]}


def _did(kinds: list[str], days: int, name: str, values: list[str], *, measure: str, value: int) -> dict[str, Any]:
    where = [{"name": name, "in": values}]
    return {"event": {"window_days": days, "kinds": kinds, "where": where, "measure": measure, "op": ">=", "value": value}}


def load_segments(tags: dict[str, Tag], author: User) -> dict[str, Segment]:
    """Segments by name."""
    segments = {}
    for record in world.read("segments.json"):
        condition = _with_ids(record["condition"], tags)
        parse(condition)
        segments[record["name"]] = Segment.objects.create(
            name=record["name"], description=record["description"], condition=condition, created_by=author
        )
    return segments


def _with_ids(condition: Any, tags: dict[str, Tag]) -> Any:
    """The condition with tags named by id instead of "group/tag"."""
    if isinstance(condition, list):
        return [_with_ids(one, tags) for one in condition]
    if not isinstance(condition, dict):
        return condition
    return {
        key: value | {"tags": [tags[name].pk for name in value["tags"]]} if key == "tags" else _with_ids(value, tags)
        for key, value in condition.items()
    }


def tag_customers(customers: int) -> int:
    """Let the rules give their tags: now where there are few people, else by the workers; how many tags were given."""
    if customers > AT_ONCE:
        enqueue(refresh_all, key="demo")
        return 0
    return sum(refresh_tags(portion) for portion in _portions())


def _portions() -> Iterator[list[int]]:
    ids = list(Customer.objects.order_by("id").values_list("id", flat=True))
    return (ids[start : start + _PORTION] for start in range(0, len(ids), _PORTION))


def tag_by_hand(members: dict[str, User], tags: dict[str, Tag], seed: int) -> None:
    """What advisors know and no rule can see: gets car-sick, eats no seafood, ..."""
    rng = random.Random(f"by hand {seed}")  # noqa: S311
    for username in SALES[:3]:
        own = list(Customer.objects.filter(owner=members[username]).order_by("id").values_list("id", flat=True)[:600])
        for name, tag in tags.items():
            if name.startswith(f"{BY_HAND}/") and own:
                add_tag(members[username], rng.sample(own, min(len(own), rng.randint(6, 16))), tag)
