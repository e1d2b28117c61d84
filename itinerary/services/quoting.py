"""Quotes: calculated from the working version, frozen when sent, accepted once."""

import dataclasses
import datetime as dt
import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from core import clock
from core.errors import BadInput, Refused
from core.money import ZERO
from customers.models import Customer
from itinerary.choices import BlockKind, QuoteState, TripStage
from itinerary.models import (
    Acceptance,
    Block,
    Day,
    Itinerary,
    ItineraryVersion,
    ProposalComment,
    ProposalView,
    Quote,
    QuoteVersion,
)
from itinerary.planner.catalogue import Code
from itinerary.pricing.cancellation import DOMESTIC, Tier
from itinerary.pricing.errors import CannotPrice
from itinerary.pricing.party import CellKind
from itinerary.pricing.scenarios import Scenario, scenarios
from itinerary.pricing.sheet import Sheet, price
from itinerary.queries.documents import Priced, days_of, document, party_of, priced, terms_of, verdict_of, working
from itinerary.services.editing import check_version, content_hash
from itinerary.services.options import kept_options, options_of, picked, shown_options
from orders.models import Order
from orders.services.custom import CustomTrip, Part, place_custom_order
from staff.models import User
from staff.services import write_audit

VALID_DAYS = 7
HOLD_AFTER_ACCEPTING = dt.timedelta(hours=24)
DEPOSIT_PERCENT = 30
BALANCE_DAYS_BEFORE = 14
SCENARIO_SIZES = (2, 4, 6, 10, 16, 20)
INCLUDED = {
    BlockKind.HOTEL: "hotel",
    BlockKind.SIGHT: "sight",
    BlockKind.MEAL: "meal",
    BlockKind.TRANSPORT: "transport",
    BlockKind.VEHICLE: "vehicle",
    BlockKind.GUIDE: "guide",
    BlockKind.ACTIVITY: "activity",
}


@dataclasses.dataclass(frozen=True)
class Calculation:
    """The working version priced: `sheet` None where that is not possible, `refused` then says why. `frozen` is what rates,
    exchange rates and rules were used."""

    version: ItineraryVersion
    days: list[Day]
    costs: Priced | None
    sheet: Sheet | None
    scenarios: list[Scenario]
    frozen: dict[str, Any]
    refused: str = ""


def quote_itinerary(itinerary: Itinerary, *, channel: str = "", with_scenarios: bool = False) -> Calculation:
    """Calculate the price of the working version as of today. Nothing is written; who the customer is plays no part."""
    version = working(itinerary)
    days = days_of(version)
    terms, rules, rates = terms_of(channel, clock.today())
    frozen = {"rules": rules, "exchange": rates, "on": clock.today().isoformat()}
    try:
        costs = priced(itinerary, days)
        if costs.missing:
            return Calculation(version, days, costs, None, [], frozen, "no_rate")
        party = party_of(itinerary)
        sheet = price(costs.lines, party, terms)
        more = scenarios(costs.lines, party, terms, SCENARIO_SIZES) if with_scenarios else []
        return Calculation(version, days, costs, sheet, more, frozen)
    except CannotPrice as error:
        return Calculation(version, days, None, None, [], frozen, error.code)


def sheet_data(sheet: Sheet) -> dict[str, Any]:
    """A sheet as staff with the right to see costs read it; amounts as text."""
    return {
        "lines": [
            {
                "key": one.line.key,
                "label": one.line.label,
                "unit": one.line.unit.value,
                "amount": str(one.line.amount),
                "currency": one.line.currency,
                "formula": one.formula,
                "total": str(one.total),
            }
            for one in sheet.lines
        ],
        "cells": [
            {"kind": c.place.kind.value, "age": c.place.age, "count": c.place.count, "cost": str(c.cost), "price": str(c.price)}
            for c in sheet.cells
        ],
        "steps": [{"label": step.label, "receiver": step.receiver.value, "amount": str(step.amount)} for step in sheet.steps],
        "cost": str(sheet.cost_total),
        "rounding": str(sheet.rounding),
        "revenue": str(sheet.revenue),
        "margin": str(sheet.margin),
        "margin_percent": str(sheet.margin_percent),
    }


# --- sending ---------------------------------------------------------------------------------------------------


@transaction.atomic
def send_proposal(*, itinerary: Itinerary, user: User | None, channel: str = "", valid_days: int = VALID_DAYS) -> QuoteVersion:
    """Freeze the working version and its price as a proposal with a link of its own; the one sent before is superseded.

    Refused (no_customer, no_rate, not_sellable, sold, past) with nothing changed.
    """
    itinerary = Itinerary.objects.select_for_update().get(pk=itinerary.pk)
    found = quote_itinerary(itinerary, channel=channel)
    sheet = _must_be_sellable(itinerary, found)
    now = clock.now()
    version = check_version(itinerary)
    version.content_hash, version.sent_at = content_hash(itinerary, found.days), version.sent_at or now
    version.save(update_fields=["content_hash", "sent_at"])
    quote, _new = Quote.objects.get_or_create(itinerary=itinerary, defaults={"channel": channel})
    quote.versions.filter(state=QuoteState.SENT).update(state=QuoteState.SUPERSEDED)
    number = quote.versions.count() + 1
    cancellation = [dataclasses.asdict(tier) for tier in DOMESTIC]
    schedule = payment_schedule(sheet.revenue, itinerary.starts_on, clock.today())
    terms_now, _rules, _rates = terms_of(channel, clock.today())
    options = options_of(itinerary, found.days, sheet, party_of(itinerary), terms_now)
    shown = {**shown_data(itinerary, found.days, sheet, number), "options": shown_options(options)}
    terms = {"cancellation": _plain(cancellation), "schedule": _plain(schedule)}
    sent = QuoteVersion.objects.create(
        quote=quote,
        version=version,
        number=number,
        token=secrets.token_urlsafe(24),
        sheet={**sheet_data(sheet), **found.frozen, "options": kept_options(options)},
        shown=shown,
        content_hash=_hash({"shown": shown, **terms}),
        total_amount=sheet.revenue,
        sent_by=user,
        sent_at=now,
        valid_until=min(now + dt.timedelta(days=valid_days), clock.day_bounds(itinerary.starts_on)[0]),
        **terms,
    )
    Itinerary.objects.filter(pk=itinerary.pk).update(stage=TripStage.QUOTED, updated_at=now)
    if user is not None:
        write_audit(actor=user, action="proposal.sent", obj=itinerary, detail={"version": number, "total": str(sheet.revenue)})
    return sent


def _must_be_sellable(itinerary: Itinerary, found: Calculation) -> Sheet:
    if itinerary.customer_id is None:
        raise Refused(_("Choose the customer first."), "no_customer")
    if itinerary.stage not in {TripStage.DESIGN, TripStage.QUOTED}:
        raise Refused(_("This trip is sold; make a change request instead."), "sold")
    if itinerary.starts_on <= clock.today():
        raise Refused(_("The trip would start today or earlier."), "past")
    if found.sheet is None or found.sheet.revenue <= 0:
        raise Refused(_("Something has no price on its date yet."), "no_rate")
    errors = [i for i in verdict_of(itinerary, found.days, found.costs).issues if i.severity == "error" and i.code != Code.DATA]
    if errors:
        raise Refused(_("%(n)s conflicts must be solved before this can be sent.") % {"n": len(errors)}, "not_sellable")
    return found.sheet


def payment_schedule(total: Decimal, starts_on: dt.date, today: dt.date) -> list[dict[str, Any]]:
    """Deposit now and balance two weeks before; all at once where the trip is nearer than that. The parts are the total."""
    balance_on = starts_on - dt.timedelta(days=BALANCE_DAYS_BEFORE)
    deposit = (total * DEPOSIT_PERCENT / 100).quantize(Decimal(1))
    if balance_on <= today or not 0 < deposit < total:
        return [{"label": _("Whole amount"), "amount": total, "due_on": today}]
    return [
        {"label": _("Deposit"), "amount": deposit, "due_on": today},
        {"label": _("Balance"), "amount": total - deposit, "due_on": balance_on},
    ]


def _plain(value: Any) -> Any:
    return json.loads(json.dumps(value, default=str))


def _hash(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def shown_data(itinerary: Itinerary, days: Sequence[Day], sheet: Sheet, number: int) -> dict[str, Any]:
    """Everything the customer will see, and nothing else: no cost, no supplier, no internal note ever enters it."""
    return {
        "no": itinerary.no,
        "number": number,
        "title": itinerary.title,
        "starts_on": itinerary.starts_on.isoformat(),
        "days": len(days),
        "adults": itinerary.adults,
        "child_ages": list(itinerary.child_ages),
        "total": str(sheet.revenue),
        "picture": _picture(days),
        "prices": [
            {"kind": cell.place.kind.value, "age": cell.place.age, "count": cell.place.count, "price": str(cell.price)}
            for cell in sheet.cells
            if cell.price
        ],
        "included": sorted({INCLUDED[BlockKind(b.kind)] for day in days for b in day.blocks.all() if b.kind in INCLUDED}),
        "plan": [
            {
                "number": day.number,
                "title": day.title,
                "note": day.note,
                "blocks": [_shown_block(block) for block in day.blocks.all()],
            }
            for day in days
        ],
    }


def _picture(days: Sequence[Day]) -> dict[str, Any]:
    """What its pictures are drawn from: the destination's scene, and the themes of each day's sights."""
    rows = [[block.resource for block in day.blocks.all() if block.resource] for day in days]
    region = next((row.destination for day in rows for row in day if row.destination), None)
    themes = [[theme for row in day for theme in row.attributes.get("themes", ())][:3] for day in rows]
    return {"illustration": region.illustration if region else {}, "themes": themes}


def _shown_block(block: Block) -> dict[str, Any]:
    resource = block.resource
    return {
        "kind": block.kind,
        "name": block.name,
        "starts": block.starts,
        "ends": block.ends,
        "note": block.note,
        "meal": block.meal,
        "is_optional": block.is_optional,
        "alternative": block.alternative,
        "address": resource.address if resource else "",
        "city": resource.city if resource else "",
        "place": [resource.latitude, resource.longitude] if resource and resource.latitude else None,
    }


def revoke_proposal(*, sent: QuoteVersion, user: User) -> None:
    """Take a proposal back. Refused unless it is open."""
    if not QuoteVersion.objects.filter(pk=sent.pk, state=QuoteState.SENT).update(state=QuoteState.REVOKED):
        raise Refused(_("This proposal is not open any more."), "not_open")
    write_audit(actor=user, action="proposal.revoked", obj=sent.quote.itinerary, detail={"version": sent.number})


# --- what customers do -----------------------------------------------------------------------------------------


@transaction.atomic
def accept_quote(
    *,
    sent_id: int,
    version_hash: str,
    name: str,
    openid: str = "",
    ip: str | None = None,
    customer: Customer | None = None,
    choices: Mapping[str, str] | None = None,
) -> Order:
    """The customer says yes: the proposal is accepted and its order placed, the deposit to be paid within a day.

    `choices`: group -> key of what was picked where the proposal offers several; the first of each otherwise.
    Doing it twice returns the same order. Refused (expired, superseded, revoked, changed) when the proposal is no longer
    what was on the screen; BadInput without a name. Nothing changes then.
    """
    name = name.strip()[:40]
    if not name:
        raise BadInput(_("Please write your name."), {"name": _("is needed")})
    sent = QuoteVersion.objects.select_for_update(of=("self",)).select_related("quote__itinerary__customer").get(pk=sent_id)
    accepted = Acceptance.objects.filter(quote_version=sent).select_related("order").first()
    if accepted is not None:
        return accepted.order
    _must_be_open(sent, version_hash)
    itinerary = sent.quote.itinerary
    owner = itinerary.customer
    if owner is None or (customer is not None and customer.pk != owner.pk):
        raise Refused(_("This proposal was made for somebody else."), "not_yours")
    picks, extra = picked(sent, choices or {})
    now = clock.now()
    order = place_custom_order(customer=owner, trip=_trip(sent, extra), hold_until=now + HOLD_AFTER_ACCEPTING)
    Acceptance.objects.create(
        quote_version=sent,
        customer=owner,
        order=order,
        openid=openid,
        name=name,
        ip=ip,
        version_hash=version_hash,
        choices=picks,
        accepted_at=now,
    )
    QuoteVersion.objects.filter(pk=sent.pk).update(state=QuoteState.ACCEPTED)
    Itinerary.objects.filter(pk=itinerary.pk).update(stage=TripStage.ACCEPTED, updated_at=now)
    return order


def _must_be_open(sent: QuoteVersion, version_hash: str) -> None:
    if sent.state == QuoteState.SUPERSEDED:
        raise Refused(_("There is a newer version of this proposal."), "superseded")
    if sent.state == QuoteState.REVOKED:
        raise Refused(_("This proposal was taken back; please ask your advisor."), "revoked")
    if sent.valid_until <= clock.now():
        raise Refused(_("This proposal has expired; please ask your advisor for a new one."), "expired")
    if version_hash != sent.content_hash:
        raise Refused(_("The proposal changed meanwhile; please read it again."), "changed")


def _trip(sent: QuoteVersion, extra: Decimal) -> CustomTrip:
    """What was agreed; `extra` of the choices made is paid with the last part."""
    shown: Mapping[str, Any] = sent.shown
    cells = {(cell["kind"], cell["age"]): Decimal(cell["price"]) for cell in shown["prices"]}
    children = [amount for (kind, _age), amount in cells.items() if kind.startswith("child") or kind == CellKind.INFANT]
    parts = [Part(part["label"], Decimal(part["amount"]), dt.date.fromisoformat(part["due_on"])) for part in sent.schedule]
    parts[-1] = dataclasses.replace(parts[-1], amount=parts[-1].amount + extra)
    return CustomTrip(
        name=shown["title"],
        days=shown["days"],
        starts_on=dt.date.fromisoformat(shown["starts_on"]),
        adults=shown["adults"],
        children=len(shown["child_ages"]),
        adult_amount=cells.get((CellKind.ADULT.value, None), ZERO),
        child_amount=min(children, default=ZERO),
        total_amount=sent.total_amount + extra,
        parts=parts,
        cancellation=order_terms([Tier(t["days_from"], t["days_to"], Decimal(t["percent"])) for t in sent.cancellation]),
    )


def order_terms(tiers: Sequence[Tier]) -> list[dict[str, int]]:
    """The snapshot in the words of orders: from so many days before on, so many percent."""
    latest = max(tier.days_from for tier in tiers)
    held = [{"days_before": tier.days_to, "fee_percent": int(tier.percent)} for tier in tiers]
    return [{"days_before": latest + 1, "fee_percent": 0}, *held]


def note_view(*, sent: QuoteVersion, visitor: str) -> None:
    """Count an opening of the proposal; `visitor` is any text, kept as a hash."""
    digest = hashlib.sha256(f"{sent.token}:{visitor}".encode()).hexdigest()[:32]
    row, is_new = ProposalView.objects.get_or_create(
        quote_version=sent, visitor=digest, day=clock.today(), defaults={"last_at": clock.now()}
    )
    if not is_new:
        ProposalView.objects.filter(pk=row.pk).update(opens=row.opens + 1, last_at=clock.now())


def comment(*, sent: QuoteVersion, day: int, name: str, text: str) -> ProposalComment:
    """Keep what a customer writes about a day (0: the whole). BadInput without words; Refused when the proposal is closed."""
    text, name = text.strip()[:500], name.strip()[:40]
    if not text or not name:
        raise BadInput(_("Please write your name and what you think."), {"text": _("is needed")})
    if sent.state not in {QuoteState.SENT, QuoteState.ACCEPTED}:
        raise Refused(_("This proposal is not open any more."), "not_open")
    if sent.comments.count() >= 200:
        raise Refused(_("There are many comments already; please talk to your advisor."), "too_many")
    return ProposalComment.objects.create(quote_version=sent, day=min(max(day, 0), sent.shown["days"]), name=name, text=text)


def plan_document(itinerary: Itinerary) -> dict[str, Any]:
    """The working document, for the editor."""
    return document(itinerary, days_of(working(itinerary)))
