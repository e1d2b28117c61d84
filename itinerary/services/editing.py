"""Itineraries are made and edited here: every change is an operation of the log, checked against the revision it was made on."""

import dataclasses
import datetime as dt
import hashlib
import json
import secrets
import uuid
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from catalog.choices import ChargeUnit
from catalog.models import Resource, Sku
from core import clock
from core.errors import BadInput, Refused
from customers.models import Customer
from itinerary.choices import BlockKind, TripStage
from itinerary.edits import CannotEdit, apply_all, collide
from itinerary.models import Block, Day, Itinerary, ItineraryVersion, Operation, TransferLeg, TripRequest, ValidationIssue
from itinerary.pricing.errors import CannotPrice
from itinerary.pricing.party import Party
from itinerary.queries.documents import days_of, document, guarded, verdict_of, working
from staff.models import User

LONGEST_DAYS = 30
FURTHEST = dt.timedelta(days=730)
TEXT_LIMITS = {"name": 120, "note": 300, "internal_note": 300, "price_reason": 120, "alternative": 20, "meal": 10}


class Conflict(Refused):
    """Somebody else edited the same thing meanwhile; `theirs` are the operations since, for the person to look at."""

    def __init__(self, revision: int, theirs: list[dict[str, Any]]) -> None:
        super().__init__(_("Somebody else changed the same thing meanwhile."), "edited_meanwhile")
        self.revision = revision
        self.theirs = theirs


@dataclasses.dataclass(frozen=True)
class Saved:
    """What came of edits: the new revision, the operations of others that came before ours, what undoes ours."""

    revision: int
    theirs: list[dict[str, Any]]
    inverses: list[dict[str, Any]]


@transaction.atomic
def create_itinerary(
    *,
    title: str,
    starts_on: dt.date,
    days: int,
    adults: int,
    child_ages: Sequence[int] = (),
    customer: Customer | None = None,
    request: TripRequest | None = None,
    user: User | None = None,
) -> Itinerary:
    """An empty itinerary of that many days. BadInput for nobody, no day, more than thirty, or a start in the past."""
    _check_frame(starts_on, days, adults, child_ages)
    itinerary = Itinerary.objects.create(
        no=f"T{clock.today():%y%m%d}{secrets.randbelow(10**6):06}",
        title=title[:80] or _("New trip"),
        customer=customer,
        request=request,
        owner=user,
        starts_on=starts_on,
        adults=adults,
        child_ages=list(child_ages),
        child_beds=min(sum(1 for age in child_ages if age >= 6), adults // 2),
    )
    version = ItineraryVersion.objects.create(itinerary=itinerary, number=1)
    Day.objects.bulk_create(Day(version=version, number=number) for number in range(1, days + 1))
    return itinerary


def _check_frame(starts_on: dt.date, days: int, adults: int, child_ages: Sequence[int]) -> None:
    if adults < 1 or adults + len(child_ages) > 200:
        raise BadInput(_("At least one adult travels."), {"adults": _("must be from 1 to 200")})
    if not 1 <= days <= LONGEST_DAYS:
        raise BadInput(_("A trip takes 1 to 30 days."), {"days": _("must be from 1 to 30")})
    if any(not 0 <= age <= 17 for age in child_ages):
        raise BadInput(_("A child is 0 to 17 years old."), {"child_ages": _("must be from 0 to 17")})
    if not clock.today() <= starts_on <= clock.today() + FURTHEST:
        raise BadInput(_("Please choose a coming date."), {"starts_on": _("must be within two years from today")})


@transaction.atomic
def apply_edits(
    *, itinerary_id: int, revision: int, operations: Sequence[Mapping[str, Any]], user: User | None, via: str = ""
) -> Saved:
    """Write edits made on `revision` into the log and the working version; edits of others since then are kept.

    Conflict when others changed the same block, field or the order of days; BadInput for an operation that does not fit.
    In both cases nothing changes. `via` says in the log how the edit came about: undo, redo, planner.
    A version that was sent is left as it is: the edit starts the next one.
    """
    itinerary = Itinerary.objects.select_for_update().get(pk=itinerary_id)
    if itinerary.stage not in {TripStage.DESIGN, TripStage.QUOTED}:
        raise Refused(_("This trip is sold; make a change request instead."), "sold")
    since = list(itinerary.operations.filter(revision__gt=revision).order_by("revision"))
    theirs = [one.payload for one in since]
    if collide(operations, theirs):
        raise Conflict(itinerary.revision, theirs)
    version = _open_version(itinerary)
    before = document(itinerary, days_of(version))
    try:
        after, inverses = apply_all(before, operations)
    except CannotEdit as error:
        raise BadInput(_("This edit does not fit the itinerary as it is now."), {"operations": error.code}) from error
    _write_trip(itinerary, after["trip"], len(after["days"]))
    _write_days(version, after["days"])
    now = clock.now()
    Operation.objects.bulk_create(
        Operation(
            itinerary=itinerary,
            revision=itinerary.revision + at,
            created_at=now,
            payload={**one, **({"via": via} if via else {})},
            inverse=inverse,
            actor=user,
        )
        for at, (one, inverse) in enumerate(zip(operations, inverses, strict=True), start=1)
    )
    itinerary.revision += len(operations)
    itinerary.updated_at = now
    itinerary.save()
    return Saved(itinerary.revision, theirs, inverses)


def _open_version(itinerary: Itinerary) -> ItineraryVersion:
    """The version to work on; a copy of the last one where that was sent."""
    last = working(itinerary)
    if last.sent_at is None:
        return last
    fresh = ItineraryVersion.objects.create(itinerary=itinerary, number=last.number + 1, parent=last)
    _write_days(fresh, document(itinerary, days_of(last))["days"])
    return fresh


def _write_trip(itinerary: Itinerary, trip: Mapping[str, Any], days: int) -> None:
    try:
        starts_on = dt.date.fromisoformat(str(trip["starts_on"]))
        numbers = {name: int(trip[name]) for name in ("adults", "child_beds", "singles", "foc")}
        ages = [int(age) for age in trip["child_ages"]]
        Party(numbers["adults"], tuple(ages), numbers["child_beds"], numbers["singles"], numbers["foc"])
    except (TypeError, ValueError) as error:
        code = error.code if isinstance(error, CannotPrice) else "not_a_number"
        raise BadInput(_("These travellers or dates cannot be."), {"operations": code}) from error
    _check_frame(starts_on, days, numbers["adults"], ages)
    itinerary.title, itinerary.starts_on, itinerary.child_ages = str(trip["title"])[:80], starts_on, ages
    for name, value in numbers.items():
        setattr(itinerary, name, value)


def _write_days(version: ItineraryVersion, days: Sequence[Mapping[str, Any]]) -> None:
    """Bring the rows in line with a document."""
    version.days.all().delete()
    rows = [
        Day(version=version, number=number, title=str(day.get("title", ""))[:80], note=str(day.get("note", ""))[:2000])
        for number, day in enumerate(days, start=1)
    ]
    Day.objects.bulk_create(rows)
    known = _known(days)
    blocks = [_block(row, at, one, known) for row, day in zip(rows, days, strict=True) for at, one in enumerate(day["blocks"])]
    Block.objects.bulk_create(blocks)


def _known(days: Sequence[Mapping[str, Any]]) -> tuple[set[int], dict[int, int]]:
    """Which of the resources named exist, and which SKU belongs to which."""
    blocks = [block for day in days for block in day["blocks"]]
    resources = {block["resource"] for block in blocks if isinstance(block.get("resource"), int)}
    skus = {block["sku"] for block in blocks if isinstance(block.get("sku"), int)}
    found = set(Resource.objects.filter(pk__in=resources).values_list("pk", flat=True))
    return found, dict(Sku.objects.filter(pk__in=skus).values_list("pk", "resource_id"))


def _block(day: Day, position: int, given: Mapping[str, Any], known: tuple[set[int], dict[int, int]]) -> Block:
    """A row from a block's data; BadInput where a value cannot be."""
    try:
        text = {name: str(given.get(name) or "")[:limit] for name, limit in TEXT_LIMITS.items()}
        block = Block(
            day=day,
            key=uuid.UUID(given["key"]),
            position=position,
            kind=BlockKind(given["kind"]).value,
            resource_id=_one_of(given.get("resource"), known[0]),
            sku_id=_one_of(given.get("sku"), known[1]),
            starts=_minutes(given.get("starts", 540)),
            ends=_minutes(given.get("ends", 600)),
            quantity=int(given.get("quantity") or 1),
            is_locked=bool(given.get("is_locked")),
            is_optional=bool(given.get("is_optional")),
            charge_unit=ChargeUnit(given["charge_unit"]).value if given.get("charge_unit") else "",
            price_amount=_amount(given.get("price_amount")),
            **text,
        )
    except (KeyError, TypeError, ValueError, InvalidOperation) as error:
        raise BadInput(_("A block holds a value that cannot be."), {"operations": str(error)[:80]}) from error
    if not text["name"] or block.ends < block.starts or not 1 <= block.quantity <= 500:
        raise BadInput(_("A block needs a name, and ends after it starts."), {"operations": "bad_field"})
    return block


def _one_of(value: Any, known: Any) -> int | None:
    if value is None:
        return None
    if value not in known:
        raise ValueError(f"unknown {value!r:.20}")
    return int(value)


def _minutes(value: Any) -> int:
    minutes = int(value)
    if not 0 <= minutes <= 4320:
        raise ValueError("time")
    return minutes


def _amount(value: Any) -> Decimal | None:
    if value in {None, ""}:
        return None
    amount = Decimal(str(value)).quantize(Decimal("0.01"))
    if not 0 <= amount < 10**9:
        raise ValueError("amount")
    return amount


@transaction.atomic
def check_version(itinerary: Itinerary) -> ItineraryVersion:
    """Check the working version and keep what was found: its issues and the ways between blocks."""
    version = working(itinerary)
    days = days_of(version)
    costs, _why = guarded(itinerary, days)
    verdict = verdict_of(itinerary, days, costs)
    version.issues.all().delete()
    version.legs.all().delete()
    ValidationIssue.objects.bulk_create(
        ValidationIssue(
            version=version,
            code=one.code.value,
            severity=one.severity.value,
            day=one.day,
            block_key=one.block or None,
            params=dict(one.params),
        )
        for one in verdict.issues
    )
    TransferLeg.objects.bulk_create(
        TransferLeg(version=version, from_key=a, to_key=b, mode=leg.mode.value, km=Decimal(str(leg.km)), minutes=leg.minutes)
        for a, b, leg in verdict.legs
        if leg.minutes
    )
    return version


def content_hash(itinerary: Itinerary, days: Sequence[Day]) -> str:
    """SHA-256 over everything a version says."""
    return hashlib.sha256(json.dumps(document(itinerary, days), sort_keys=True, ensure_ascii=False).encode()).hexdigest()


@transaction.atomic
def clone_itinerary(*, source: Itinerary, starts_on: dt.date, user: User | None, customer: Customer | None = None) -> Itinerary:
    """A copy for other dates, priced anew by the rates of those dates. Prices set by hand are not taken along."""
    data = document(source, days_of(working(source)))
    title, ages = data["trip"]["title"], data["trip"]["child_ages"]
    fresh = create_itinerary(
        title=title,
        starts_on=starts_on,
        days=len(data["days"]),
        adults=source.adults,
        child_ages=ages,
        customer=customer,
        user=user,
    )
    for day in data["days"]:
        for block in day["blocks"]:
            block.update({"key": str(uuid.uuid4()), "price_amount": block["price_amount"] if block["resource"] is None else None})
    _write_days(working(fresh), data["days"])
    return fresh
