"""Messages and tasks: what a journey hands to the sender and to staff."""

import datetime as dt
import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.db import connection

from campaigns.choices import StepOutcome
from campaigns.queries.journeys.words import people_words, product_words
from campaigns.rules.journeys.flow import Graph, Step
from campaigns.rules.journeys.words import render
from campaigns.services.cards import card_image, card_title, product_page
from campaigns.services.journeys.world import Moved, Traveller
from catalog.models import Product
from core import clock
from customers.services.standing import refresh_standing
from messaging.queries import SENDER
from messaging.services.delivering import Words, deliver


def product_of(step: Step, person: Traveller) -> str:
    """The code of the product a step is about: its own, or the one that brought the person here."""
    asked = str(step.args.get("product") or "")
    return str(person.facts.get("product") or "") if asked == "trigger" else asked


def words_for(step: Step, people: Sequence[Traveller], now: dt.datetime) -> dict[int, str]:
    """Run -> the step's text for that person."""
    values = _values(step, people, now)
    return {person.id: render(str(step.args.get("text") or ""), values[person.id]) for person in people}


def _values(step: Step, people: Sequence[Traveller], now: dt.datetime) -> dict[int, dict[str, str]]:
    """Run -> what stands for the variables."""
    codes = {person.id: product_of(step, person) for person in people}
    products, persons = product_words(set(codes.values())), people_words([person.customer_id for person in people])
    return {
        person.id: {**persons.get(person.customer_id, {}), **products.get(codes[person.id], {}), **_dates(person, now)}
        for person in people
    }


def _dates(person: Traveller, now: dt.datetime) -> dict[str, str]:
    if person.anchor is None:
        return {}
    day = person.anchor.starts_on
    return {"departs_on": f"{day.month}月{day.day}日", "days_left": str(max((day - clock.shanghai_date(now)).days, 0))}


def hand_messages(step: Step, _graph: Graph, people: Sequence[Traveller], now: dt.datetime) -> list[Moved]:
    """One message for each by the first channel that may; quiet hours are the sender's. A no is kept, and the way goes on."""
    values = _values(step, people, now)
    cards = _cards(step, {product_of(step, person) for person in people} - {""})
    return [_hand(step, person, values[person.id], cards) for person in people]


def _hand(step: Step, person: Traveller, values: Mapping[str, str], cards: Mapping[str, Words]) -> Moved:
    words = cards.get(product_of(step, person), Words(text=step.args["text"]))
    sent = deliver(
        person.customer_id, key=f"journey:{person.id}:{step.id}", purpose=step.args["purpose"], words=words,
        channels=step.args["channels"], params=values,
    )  # fmt: skip
    if sent.message_id is None:
        return Moved(person, StepOutcome.HELD, detail={"reason": next(iter(sent.why.values()), "gone"), "why": dict(sent.why)})
    return Moved(person, StepOutcome.QUEUED, detail={"channel": sent.channel}, message_id=sent.message_id)


def _cards(step: Step, codes: Collection[str]) -> dict[str, Words]:
    """Product code -> what to say with that product's card."""
    return {
        product.code: Words(
            text=step.args["text"], title=product.name[:60], card_title=card_title(product.name), product_code=product.code,
            card_page=product_page(product.code), card_image=card_image(product),
        )
        for product in Product.objects.filter(code__in=codes).select_related("destination")
    }  # fmt: skip


_TASKS = f"""
WITH audience AS MATERIALIZED (SELECT DISTINCT customer_id FROM unnest(%(customers)s::bigint[]) AS asked (customer_id)),
sender AS ({SENDER})
INSERT INTO campaigns_followup (key, customer_id, assignee_id, title, reason, evidence, suggested_text, product_code, state,
    outcome, due_at, created_at, sla_hours)
SELECT asked.key, asked.customer_id, coalesce(sender.user_id, owner.id, %(writer)s), %(title)s, 'journey',
    asked.evidence::jsonb, asked.text,
    asked.product, 'open', '', %(due)s, %(now)s, %(sla)s
FROM unnest(%(keys)s::text[], %(customers)s::bigint[], %(evidences)s::text[], %(texts)s::text[], %(products)s::text[])
    AS asked (key, customer_id, evidence, text, product)
JOIN customers_customer AS customer ON customer.id = asked.customer_id
LEFT JOIN staff_user AS owner ON owner.id = customer.owner_id AND owner.is_active
LEFT JOIN sender ON sender.customer_id = asked.customer_id
ORDER BY asked.key ON CONFLICT (key) DO UPDATE SET key = EXCLUDED.key RETURNING key, id
"""  # noqa: S608 - a constant; every value is a parameter


def make_tasks(step: Step, _graph: Graph, people: Sequence[Traveller], now: dt.datetime) -> list[Moved]:
    """A follow-up task for each, with the person who talks to them; the writer of the journey where there is nobody."""
    texts = words_for(step, people, now)
    keys = {person.id: f"journey:{person.id}:{step.id}" for person in people}
    values: dict[str, Any] = {
        "keys": list(keys.values()), "customers": [person.customer_id for person in people],
        "evidences": [json.dumps([{"journey": person.journey_id, "since": person.entered_at.isoformat(),
            **person.facts}]) for person in people],
        "texts": [texts[person.id] for person in people], "products": [product_of(step, person) for person in people],
        "title": step.args["title"], "due": now + dt.timedelta(hours=step.args["due_hours"]), "sla": step.args["sla_hours"],
            "now": now,
        "writer": people[0].writer_id,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_TASKS, values)
        ids = dict(cursor.fetchall())
    refresh_standing(values["customers"])
    return [Moved(person, follow_up_id=ids[keys[person.id]]) for person in people]
