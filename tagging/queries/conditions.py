"""What tagging adds to the condition language: tags as a field, themes and destinations of viewed products."""

import datetime as dt
from collections.abc import Sequence

from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog.models import Destination, Product
from core.conditions.fields import Args, Contribution, Field, Property, Row, Snapshot
from core.conditions.params import Option, Param, Pick, Picks, either, words
from core.conditions.sql import Lookup, Query
from tagging.models import Tag
from tagging.queries.conditions_interest import InterestField, load_interests
from tagging.queries.conditions_segment import SegmentField, load_snapshots_of_segments

_TAGS = "LEFT JOIN tagging_customertags AS tagged ON tagged.customer_id = customer.id"


def condition_fields() -> Contribution:
    """Tags as a field, and the theme and destination of viewed products as properties of events."""
    return Contribution(
        fields=(TagsField(), InterestField(), SegmentField()), properties=_properties(),
        loaders={"tags": _load_tags, "interests": load_interests, "segments": load_snapshots_of_segments},
    )  # fmt: skip


def _has_options() -> tuple[Option, ...]:
    return (Option("any", _("has one of")), Option("all", _("has all of")), Option("none", _("has none of")))


def tag_options() -> Sequence[Option]:
    """Every tag in use, under its group."""
    tags = Tag.objects.filter(is_archived=False).select_related("group").order_by("group__position", "group_id", "position", "id")
    return tuple(Option(tag.pk, tag.name, tag.group.name) for tag in tags)


class TagsField(Field):
    """The customer has one, all or none of some tags."""

    name = "tags"
    label = gettext_lazy("Tags")
    group = gettext_lazy("Tags")
    params: tuple[Param, ...] = (
        Pick("has", "", is_optional=True, default="any", options=_has_options),
        Picks("tags", "", options=tag_options, is_live=True, of=int),
    )
    start = {"has": "any"}

    def sql(self, args: Args, query: Query) -> str:
        query.join(_TAGS)
        wanted = query.bind(args["tags"], "int[]")
        if args["has"] == "all":
            return f"(tagged.tag_ids @> {wanted}) IS TRUE"
        return f"(tagged.tag_ids && {wanted}) IS {'TRUE' if args['has'] == 'any' else 'NOT TRUE'}"

    def holds(self, args: Args, person: Snapshot, at: dt.datetime) -> bool:
        owned, wanted = set(person.one("tags").get("tag_ids", ())), set(args["tags"])
        if args["has"] == "all":
            return wanted <= owned
        return bool(wanted.isdisjoint(owned) == (args["has"] == "none"))

    def say(self, args: Args) -> str:
        names = either([words(tag_options, tag_id) for tag_id in args["tags"]])
        if len(args["tags"]) == 1:
            return (_("does not have the tag %(tag)s") if args["has"] == "none" else _("has the tag %(tag)s")) % {"tag": names}
        return _("%(has)s the tags %(tags)s") % {"has": words(_has_options, args["has"]), "tags": names}

    def evidence(self, args: Args, query: Query) -> str:
        query.join(_TAGS)
        wanted = query.bind(args["tags"], "int[]")
        owned = f"SELECT coalesce(jsonb_agg(id), '[]') FROM unnest(tagged.tag_ids) AS id WHERE id = ANY({wanted})"  # noqa: S608 - bound
        return f"jsonb_build_object('tags', ({owned}))"


_VIEWED = Lookup(
    "viewed",
    "SELECT product.code, product.themes, ARRAY[place.code]::varchar[] AS destinations FROM catalog_product AS product"
    " JOIN catalog_destination AS place ON place.id = product.destination_id",
    "e.props->>'product'",
)


def _properties() -> tuple[Property, ...]:
    return (
        Property("theme", gettext_lazy("theme"), _theme_options, "product", _VIEWED, "themes"),
        Property("destination", gettext_lazy("destination"), _destination_options, "product", _VIEWED, "destinations"),
        Property("product", gettext_lazy("product"), _product_options),
        Property("query", gettext_lazy("search text"), is_text=True),
        Property("amount", gettext_lazy("amount in yuan"), is_number=True),
        *(Property(name, label, is_number=True) for name, label in _WISHES),
    )


# What a chat says about the wished trip (`trip.wished`).
_WISHES = (
    ("days", gettext_lazy("days of the trip")),
    ("adults", gettext_lazy("adults")),
    ("children", gettext_lazy("children")),
    ("youngest", gettext_lazy("age of the youngest child")),
    ("elders", gettext_lazy("elders")),
    ("budget", gettext_lazy("budget in yuan")),
    ("budget_per_person", gettext_lazy("budget per person in yuan")),
    ("hotel_star", gettext_lazy("stars of the hotel")),
)


def _theme_options() -> Sequence[Option]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT theme FROM catalog_product, unnest(themes) AS theme GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 99")
        return tuple(Option(theme, theme) for (theme,) in cursor.fetchall())


def _destination_options() -> Sequence[Option]:
    return tuple(Option(place.code, place.name) for place in Destination.objects.order_by("name")[:200])


def _product_options() -> Sequence[Option]:
    products = Product.objects.order_by("code").values_list("code", "name")[:500]
    return tuple(Option(code, f"{code} {name}") for code, name in products)


def _load_tags(ids: Sequence[int]) -> list[tuple[int, Row]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT customer_id, tag_ids FROM tagging_customertags WHERE customer_id = ANY(%s)", [list(ids)])
        return [(customer_id, {"tag_ids": tag_ids}) for customer_id, tag_ids in cursor.fetchall()]
