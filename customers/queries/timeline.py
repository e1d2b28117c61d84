"""A customer's timeline: facts and notes, newest first, bursts of browsing folded into one line."""

import dataclasses
import datetime as dt
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core import clock
from customers.choices import Lifecycle
from customers.intake.kinds import EVENTS
from customers.models import Customer, Note, Source
from staff.models import User

PAGE = 60
BURST = dt.timedelta(minutes=30)


@dataclasses.dataclass(frozen=True)
class Look:
    """How facts of a kind look: filter group, icon, tone, sentence with the fact's own fields."""

    group: str
    icon: str
    tone: str
    sentence: Any


LOOKS: dict[str, Look] = {
    "app.opened": Look("browse", "smartphone", "", gettext_lazy("Opened the mini-program")),
    "page.viewed": Look("browse", "eye", "", gettext_lazy("Viewed a page")),
    "product.viewed": Look("browse", "eye", "", gettext_lazy("Viewed %(product)s")),
    "destination.viewed": Look("browse", "map-pin", "", gettext_lazy("Viewed the destination %(destination)s")),
    "channel.joined": Look("system", "qr-code", "info", gettext_lazy("Came by the live code “%(way_id)s”")),
    "content.viewed": Look("browse", "book-open", "", gettext_lazy("Read %(title)s")),
    "product.searched": Look("browse", "search", "", gettext_lazy("Searched for “%(query)s”")),
    "product.shared": Look("browse", "share-2", "info", gettext_lazy("Shared %(product)s")),
    "product.favorited": Look("browse", "heart", "accent", gettext_lazy("Saved %(product)s as a favourite")),
    "product.unfavorited": Look("browse", "heart-off", "", gettext_lazy("Removed %(product)s from the favourites")),
    "brief.started": Look("ask", "pencil-line", "info", gettext_lazy("Started a custom trip request")),
    "quote.opened": Look("ask", "file-text", "info", gettext_lazy("Opened a quote")),
    "advisor.asked": Look("ask", "message-circle", "info", gettext_lazy("Asked the advisor about %(product)s")),
    "advisor.added": Look("ask", "user-plus", "good", gettext_lazy("Added the advisor")),
    "chat.received": Look("ask", "message-circle", "info", gettext_lazy("Wrote a message")),
    "chat.handed_over": Look("ask", "messages-square", "warn", gettext_lazy("Was handed to a person: %(reason)s")),
    "chat.rated": Look("ask", "star", "info", gettext_lazy("Rated our service: %(rating)s of 5")),
    "review.written": Look("ask", "star", "good", gettext_lazy("Wrote a review of %(product)s")),
    "checkout.started": Look("order", "shopping-cart", "info", gettext_lazy("Started to order %(product)s")),
    "site.event": Look("browse", "globe", "", gettext_lazy("On the website: %(name)s")),
    "task.completed": Look("browse", "circle-check", "", gettext_lazy("Completed a member task")),
    "order.placed": Look("order", "receipt-text", "info", gettext_lazy("Placed order %(order_id)s, ¥%(amount)s")),
    "order.paid": Look("order", "circle-check", "good", gettext_lazy("Paid order %(order_id)s, ¥%(amount)s")),
    "instalment.paid": Look("order", "circle-check", "good", gettext_lazy("Paid a further ¥%(amount)s of order %(order_id)s")),
    "service.redeemed": Look("order", "ticket", "good", gettext_lazy("Used %(pieces)s of order %(order_id)s at a merchant")),
    "order.changed": Look("order", "pencil-line", "info", gettext_lazy("Changed order %(order_id)s, difference ¥%(amount)s")),
    "order.closed": Look("order", "circle-x", "", gettext_lazy("Order %(order_id)s was closed")),
    "order.refunded": Look("order", "undo-2", "warn", gettext_lazy("Refund of ¥%(amount)s for order %(order_id)s")),
    "message.sent": Look("touch", "send", "", gettext_lazy("Received the message of “%(campaign_id)s”")),
    "message.clicked": Look("touch", "mouse-pointer-click", "accent", gettext_lazy("Opened the card of “%(campaign_id)s”")),
    "tag.assigned": Look("tag", "tag", "accent", gettext_lazy("Got the tag %(tag_id)s (%(source)s)")),
    "tag.removed": Look("tag", "tag", "", gettext_lazy("Lost the tag %(tag_id)s (%(source)s)")),
    "trip.wished": Look("ask", "luggage", "info", gettext_lazy("Said in a chat which trip they want")),
    "segment.entered": Look("tag", "circle-dot", "accent", gettext_lazy("Came into the segment %(segment_id)s")),
    "segment.left": Look("tag", "circle-dot", "", gettext_lazy("Left the segment %(segment_id)s")),
    "contact.added": Look("system", "user-plus", "good", gettext_lazy("Became a WeCom friend of %(user_id)s")),
    "contact.lost": Look("system", "user-minus", "warn", gettext_lazy("Is no longer a WeCom friend of %(user_id)s")),
    "consent.changed": Look("system", "shield-check", "", gettext_lazy("Consent changed: %(purpose)s, %(granted)s")),
    "customer.created": Look("system", "sparkles", "", gettext_lazy("First known to us, from %(source)s")),
    "stage.changed": Look("system", "trending-up", "info", gettext_lazy("Lifecycle: from %(before)s to %(after)s")),
    "customer.unmerged": Look("system", "split", "", gettext_lazy("Separated from another record again")),
    "customer.merged": Look("system", "merge", "", gettext_lazy("Joined with another record")),
}
LOOKS |= {event.kind: Look(event.group, event.icon, event.tone, event.sentence) for event in EVENTS.values()}
# A message that a person wrote belongs to no campaign.
SINGLE = {
    "message.sent": gettext_lazy("Received a message from us"),
    "message.clicked": gettext_lazy("Opened the card of our message"),
}
OTHER = Look("system", "circle", "", "")
GROUPS: dict[str, Any] = {
    "": gettext_lazy("Everything"),
    "browse": gettext_lazy("Browsing"),
    "ask": gettext_lazy("Enquiries"),
    "order": gettext_lazy("Orders"),
    "visit": gettext_lazy("On site"),
    "touch": gettext_lazy("Touches"),
    "tag": gettext_lazy("Tag changes"),
    "note": gettext_lazy("Notes"),
    "system": gettext_lazy("System facts"),
}


# Where a fact was seen, for the small word beside it; our own system needs none.
PLACES: dict[str, Any] = {
    "mini": gettext_lazy("Mini-program"),
    "wecom": gettext_lazy("WeCom"),
    "web": gettext_lazy("Website"),
    "import": gettext_lazy("Import"),
    "pos": gettext_lazy("Till"),
    "ota": gettext_lazy("OTA"),
    "ticketing": gettext_lazy("Ticketing"),
    "gate": gettext_lazy("Gate"),
    "guide": gettext_lazy("Guide device"),
    "parking": gettext_lazy("Car park"),
    "douyin": gettext_lazy("Douyin"),
    "xiaohongshu": gettext_lazy("Xiaohongshu"),
    "alipay": gettext_lazy("Alipay"),
}


@dataclasses.dataclass
class Entry:
    """One line: a fact, a note, or a folded burst (then `folded` holds its parts, newest first)."""

    at: dt.datetime
    icon: str
    tone: str
    text: str
    group: str
    note: Note | None = None
    source: str = ""
    folded: list["Entry"] = dataclasses.field(default_factory=list)
    started_at: dt.datetime | None = None


_FACTS = """
SELECT kind, occurred_at, props::text, source FROM core_event
WHERE customer_id = %s AND occurred_at < %s AND kind <> ALL(%s) AND (%s OR kind = ANY(%s))
ORDER BY occurred_at DESC LIMIT %s
"""
HIDDEN = ["customer.active"]


def read_timeline(customer: Customer, *, group: str, before: dt.datetime) -> tuple[list[tuple[dt.date, list[Entry]]], str]:
    """Days with their entries, newest first, and the cursor for what is older (empty when nothing is)."""
    entries = [] if group == "note" else _facts(customer.pk, group, before)
    if group in {"", "note"}:
        entries += _notes(customer, before)
    entries.sort(key=lambda entry: entry.at, reverse=True)
    entries = entries[:PAGE]
    older = entries[-1].at.isoformat() if len(entries) == PAGE else ""
    return _by_day(_fold(entries)), older


def _facts(customer_id: int, group: str, before: dt.datetime) -> list[Entry]:
    kinds = [kind for kind, look in LOOKS.items() if look.group == group]
    with connection.cursor() as cursor:
        cursor.execute(_FACTS, [customer_id, before, HIDDEN, group == "", kinds, PAGE])
        rows = [(kind, at, json.loads(props), source) for kind, at, props, source in cursor.fetchall()]
    names = _names(props for _kind, _at, props, _source in rows)
    entries = [_entry(kind, at, props, names) for kind, at, props, _source in rows]
    called = _called({source for _kind, _at, _props, source in rows})
    for entry, (_kind, _at, _props, source) in zip(entries, rows, strict=True):
        entry.source = str(PLACES.get(source.partition(":")[0]) or called.get(source, ""))
    return entries


def _called(codes: set[str]) -> dict[str, str]:
    """What the agency calls other systems whose code is no word of ours; asked only where there is one."""
    asked = {code for code in codes if code not in PLACES and code != "app" and ":" not in code}
    return dict(Source.objects.filter(code__in=asked).values_list("code", "name")) if asked else {}


def _entry(kind: str, at: dt.datetime, props: dict[str, Any], names: Mapping[str, Mapping[Any, str]]) -> Entry:
    look = LOOKS.get(kind, OTHER)
    words = _Words(
        {name: names.get(name, {}).get(value) or _word(value) for name, value in props.items() if not isinstance(value, list)}
    )
    sentence = SINGLE[kind] if kind in SINGLE and props.get("campaign_id") is None else look.sentence
    return Entry(at, look.icon, look.tone, str(sentence or kind) % words, look.group)


class _Words(dict[str, str]):
    """A fact's fields as words; what the sentence wants and the fact lacks becomes a dash."""

    def __missing__(self, key: str) -> str:
        return "—"


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if str(value).startswith("import:"):
        return _("import no. %(number)s") % {"number": str(value)[7:20]}
    return str(SOURCE_WORDS.get(str(value), str(value)[:80]))


SOURCE_WORDS: dict[str, Any] = {
    "rule": gettext_lazy("rule"),
    "manual": gettext_lazy("by hand"),
    "chat": gettext_lazy("chat"),
    "mini": gettext_lazy("the mini-program"),
    "wecom": gettext_lazy("WeCom"),
    "marketing": gettext_lazy("offers and marketing"),
    "service": gettext_lazy("service and contract"),
    "profiling": gettext_lazy("personal recommendations"),
    **dict(Lifecycle.choices),
}


def _names(all_props: Iterable[dict[str, Any]]) -> dict[str, Mapping[Any, str]]:
    """For each kind of reference in the facts, its names: one query per kind. The apps above know them."""
    wanted: dict[str, set[Any]] = {name: set() for name in settings.NAME_SOURCES}
    for props in all_props:
        for name in wanted.keys() & props.keys():
            if isinstance(props[name], str | int):
                wanted[name].add(props[name])
    found: dict[str, Mapping[Any, str]] = {}
    for name, values in wanted.items():
        if values:
            found[name] = names_of(name, values)
    return found


def names_of(reference: str, values: set[Any]) -> Mapping[Any, str]:
    """Names of what a fact's field of this name refers to, by value. What is unknown is left out."""
    source: Callable[[set[Any]], Mapping[Any, str]] = import_string(settings.NAME_SOURCES[reference])
    return source(values)


def _notes(customer: Customer, before: dt.datetime) -> list[Entry]:
    notes = customer.notes.filter(created_at__lt=before, deleted_at__isnull=True).select_related("author").order_by("-created_at")
    return [Entry(note.created_at, "sticky-note", "warn", note.text, "note", note=note) for note in notes[:PAGE]]


def _fold(entries: list[Entry]) -> list[Entry]:
    """Three or more browsing facts within half an hour become one line that opens."""
    folded: list[Entry] = []
    run: list[Entry] = []
    for entry in [*entries, None]:
        if entry and entry.group == "browse" and (not run or run[-1].at - entry.at <= BURST):
            run.append(entry)
            continue
        folded += [_burst(run)] if len(run) > 2 else run
        run = [entry] if entry and entry.group == "browse" else []
        if entry and entry.group != "browse":
            folded.append(entry)
    return folded


def _burst(run: list[Entry]) -> Entry:
    text = _("Browsed %(count)s times") % {"count": len(run)}
    return Entry(run[0].at, "eye", "", text, "browse", folded=run, started_at=run[-1].at)


def _by_day(entries: list[Entry]) -> list[tuple[dt.date, list[Entry]]]:
    days: dict[dt.date, list[Entry]] = {}
    for entry in entries:
        days.setdefault(clock.shanghai_date(entry.at), []).append(entry)
    return list(days.items())


def user_names(user_ids: Iterable[int]) -> dict[int, str]:
    """Names of members of staff by id."""
    return {user.pk: str(user) for user in User.objects.filter(pk__in=list(user_ids))}
