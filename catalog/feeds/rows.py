"""One row of a file as a resource, or the reasons why not."""

import dataclasses
import datetime as dt
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from catalog.choices import FeedField, IssueReason, IssueSeverity, ResourceKind
from catalog.feeds import places
from catalog.feeds.columns import extra_name, kind_of
from catalog.feeds.decoding import Cell, Row, Table, as_text
from catalog.feeds.durations import parse_duration
from catalog.feeds.hours import parse_hours
from catalog.feeds.legs import DAY, hides_a_day, names_nothing, parse_moment, parse_travel
from catalog.feeds.orders import without_orders
from catalog.feeds.prices import LARGEST_PRICE, is_yuan, parse_coordinate, parse_price, parse_rating
from core.tables.columns import Match
from core.tables.dates import parse_date
from core.tables.texts import clean, compare_key, phones, shown, storable

NAME_LIMIT, ADDRESS_LIMIT, CITY_LIMIT, ID_LIMIT = 120, 200, 40, 120
EXTRA_LIMIT, EXTRA_PARTS, EXTRA_COLUMNS = 1000, 60, 40
# What we buy: without a price it cannot be quoted, so the row is refused and the last good one stays.
PRICE_NEEDED = frozenset({ResourceKind.HOTEL, ResourceKind.TRANSPORT})


@dataclasses.dataclass(frozen=True)
class Issue:
    """What was wrong with one row. `REFUSED`: the row was not taken; `FLAGGED`: taken without that value."""

    row_no: int
    name: str
    field: str
    reason: IssueReason
    value: str
    severity: IssueSeverity


@dataclasses.dataclass(frozen=True)
class Draft:
    """A resource as the file describes it, every value clean."""

    row_no: int
    external_id: str
    name: str
    city: str
    address: str
    latitude: float | None
    longitude: float | None
    price_amount: Decimal | None
    rating: Decimal | None
    visit_minutes: int | None
    attributes: dict[str, Any]

    def content_hash(self) -> str:
        """SHA-256 over everything but the row's position: equal when nothing changed."""
        values = [
            self.name, self.city, self.address, self.latitude, self.longitude, str(self.price_amount), str(self.rating),
            self.visit_minutes, self.attributes,
        ]  # fmt: skip
        return hashlib.sha256(json.dumps(values, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What became of one row. `external_id` is known for most refused rows too: they are not missing from the file."""

    draft: Draft | None
    issues: list[Issue]
    external_id: str = ""


class Reader:
    """Reads the rows of one table, remembering which ids it has seen."""

    def __init__(
        self,
        columns: list[str],
        matches: Iterable[Match],
        kind: ResourceKind,
        *,
        known_cities: frozenset[str] = places.CITIES,
        default_city: str = "",
        today: dt.date | None = None,
    ) -> None:
        """`matches` that are not certain are left out. `default_city` stands in where a row names no city; prices valid
        only before `today` are flagged."""
        position = {column: index for index, column in enumerate(columns)}
        certain = [match for match in matches if match.is_certain and match.column in position]
        self.width = len(columns)
        self.kind = kind
        self.known_cities = known_cities
        self.default_city = default_city
        self.today = today
        self._at: dict[str, int] = {match.field: position[match.column] for match in certain}
        self._label: dict[str, str] = {match.field: match.column for match in certain}
        more = [(extra_name(match.column), position[match.column]) for match in certain if match.field == FeedField.EXTRA]
        self._extras = more[:EXTRA_COLUMNS]
        self._seen: set[str] = set()
        self._named: set[tuple[str, str]] = set()

    def read_all(self, rows: Iterable[Row]) -> Iterator[Outcome]:
        """Every row's outcome, in order."""
        return (self.read(row) for row in rows)

    def read(self, row: Row) -> Outcome:
        """One row's outcome."""
        return _OneRow(self, row).outcome()

    def cell(self, row: Row, field: FeedField) -> Cell:
        """The row's cell for a field; None when it has none."""
        index = self._at.get(field)
        return row.cells[index] if index is not None and index < len(row.cells) else None

    def has(self, field: FeedField) -> bool:
        """Whether the file has a column for a field."""
        return field in self._at

    def label(self, field: FeedField) -> str:
        """How the file calls a field; its own name where the file has no such column."""
        return self._label.get(field, field.value)

    def extras(self, row: Row) -> Iterator[tuple[str, Cell]]:
        """The additional columns of a row that hold something."""
        for name, index in self._extras:
            if index < len(row.cells) and row.cells[index]:
                yield name, row.cells[index]

    def is_new(self, external_id: str) -> bool:
        """Whether this id comes for the first time; remembers it."""
        key = compare_key(external_id)
        if key in self._seen:
            return False
        self._seen.add(key)
        return True

    def is_twin(self, name: str, address: str) -> bool:
        """Whether an earlier row, under another id, has this name at this address; remembers it."""
        key = (compare_key(name), compare_key(address))
        if key in self._named:
            return True
        self._named.add(key)
        return False


class _Refuse(Exception):
    """Ends the reading of a row; the issue is noted already."""


class _OneRow:
    def __init__(self, reader: Reader, row: Row) -> None:
        self.reader, self.row = reader, row
        self.issues: list[Issue] = []
        self.name = self.external_id = ""

    def outcome(self) -> Outcome:
        try:
            self.check_shape()
            self.read_name()
            return Outcome(self.draft(), self.issues, self.external_id)
        except _Refuse:
            return Outcome(None, self.issues, self.external_id)

    # --- reporting
    def note(
        self, field: FeedField | str, reason: IssueReason, value: str, severity: IssueSeverity = IssueSeverity.FLAGGED
    ) -> None:
        label = self.reader.label(field) if isinstance(field, FeedField) else field
        self.issues.append(Issue(self.row.number, self.name[:200], label[:60], reason, shown(value, 200), severity))

    def refuse(self, field: FeedField | str, reason: IssueReason, value: str) -> "_Refuse":
        self.note(field, reason, value, IssueSeverity.REFUSED)
        return _Refuse()

    def text(self, field: FeedField) -> str:
        return as_text(self.reader.cell(self.row, field))

    # --- the row as a whole
    def check_shape(self) -> None:
        surplus = [as_text(cell) for cell in self.row.cells[self.reader.width :] if cell]
        if not all(storable(as_text(cell)) for cell in self.row.cells):
            self.name = "" if not storable(self.text(FeedField.NAME)) else clean(self.text(FeedField.NAME), NAME_LIMIT).text
            raise self.refuse("", IssueReason.UNREADABLE_TEXT, "")
        if surplus:
            self.name = clean(self.text(FeedField.NAME), NAME_LIMIT).text
            raise self.refuse("", IssueReason.ROW_SHAPE, " | ".join(surplus))

    def read_name(self) -> None:
        raw = self.text(FeedField.NAME)
        plain = clean(raw, NAME_LIMIT)
        self.name = plain.text
        origin, target = self.stations()
        line = f"{plain.text} {origin}–{target}"[:NAME_LIMIT] if plain.text and origin and target else plain.text
        self.external_id = clean(self.text(FeedField.EXTERNAL_ID), ID_LIMIT).text or compare_key(line)[:ID_LIMIT]
        if not plain.text:
            raise self.refuse(FeedField.NAME, IssueReason.MISSING_NAME, raw)
        if plain.was_cut:
            raise self.refuse(FeedField.NAME, IssueReason.NAME_TOO_LONG, raw)
        if plain.had_markup:
            self.note(FeedField.NAME, IssueReason.MARKUP_REMOVED, raw)
        if without_orders(plain.text)[1]:
            raise self.refuse(FeedField.NAME, IssueReason.INSTRUCTION, raw)
        if not self.reader.is_new(self.external_id):
            where = FeedField.EXTERNAL_ID if self.text(FeedField.EXTERNAL_ID) else FeedField.NAME
            raise self.refuse(where, IssueReason.DUPLICATE_ROW, self.external_id)
        self.name = line
        kind_text = self.text(FeedField.KIND)
        found = kind_of(kind_text)
        if found is not None and found != self.reader.kind:
            raise self.refuse(FeedField.KIND, IssueReason.WRONG_KIND, kind_text)

    def draft(self) -> Draft:
        journey = self.journey()
        price = self.price()
        address = self.short(FeedField.ADDRESS, ADDRESS_LIMIT)
        if self.reader.is_twin(self.name, address):
            self.note(FeedField.NAME, IssueReason.TWIN_ROW, self.external_id)
        latitude, longitude = self.place()
        return Draft(
            self.row.number, self.external_id, self.name, self.city(address), address, latitude, longitude,
            price, self.rating(), self.visit_minutes(), self.attributes() | journey,
        )  # fmt: skip

    # --- a train or flight
    def stations(self) -> tuple[str, str]:
        """Where it leaves from and arrives at; empty for what is no journey."""
        if self.reader.kind != ResourceKind.TRANSPORT or not self.reader.has(FeedField.ORIGIN):
            return "", ""
        return clean(self.text(FeedField.ORIGIN), 60).text, clean(self.text(FeedField.TARGET), 60).text

    def journey(self) -> dict[str, Any]:
        origin, target = self.stations()
        if not origin and not target and not self.reader.has(FeedField.ORIGIN):
            return {}
        for field, station in ((FeedField.ORIGIN, origin), (FeedField.TARGET, target)):
            if names_nothing(station):
                raise self.refuse(field, IssueReason.PLACE_MISSING, station)
            if not any(station.startswith(city) for city in self.reader.known_cities):
                self.note(field, IssueReason.PLACE_UNKNOWN, station)
        departs, arrives = parse_moment(self.text(FeedField.DEPARTS)), parse_moment(self.text(FeedField.ARRIVES))
        if departs is None or arrives is None:
            raw = f"{self.text(FeedField.DEPARTS)} – {self.text(FeedField.ARRIVES)}"
            self.note(FeedField.DEPARTS, IssueReason.TIMES_UNREADABLE, raw)
            return {"origin": origin, "target": target}
        travel = parse_travel(self.text(FeedField.DURATION))
        if hides_a_day(departs, arrives, travel):
            shown_times = f"{self.text(FeedField.DEPARTS)} – {self.text(FeedField.ARRIVES)}, {travel} min"
            self.note(FeedField.ARRIVES, IssueReason.DAY_HIDDEN, shown_times)
        minutes = travel if travel is not None else (arrives.minute - departs.minute) % DAY + DAY * max(0, arrives.days - 1)
        return {
            "origin": origin, "target": target, "departs": departs.minute, "arrives": arrives.minute, "travel_minutes": minutes
        }  # fmt: skip

    # --- single values
    def short(self, field: FeedField, limit: int) -> str:
        raw = self.text(field)
        plain = clean(raw, limit)
        if plain.had_markup:
            self.note(field, IssueReason.MARKUP_REMOVED, raw)
        if plain.was_cut:
            self.note(field, IssueReason.TEXT_CUT, raw)
        return plain.text

    def price(self) -> Decimal | None:
        currency = self.text(FeedField.CURRENCY)
        if currency and not is_yuan(currency):
            raise self.refuse(FeedField.CURRENCY, IssueReason.CURRENCY_UNKNOWN, currency)
        raw = self.text(FeedField.PRICE)
        found = parse_price(raw)
        if found is None:
            self.no_price(IssueReason.PRICE_UNREADABLE if raw else IssueReason.PRICE_MISSING, raw)
            return None
        if found.amount < 0:
            raise self.refuse(FeedField.PRICE, IssueReason.PRICE_NEGATIVE, raw)
        if found.amount > LARGEST_PRICE:
            raise self.refuse(FeedField.PRICE, IssueReason.PRICE_TOO_LARGE, raw)
        if found.amount == 0 and self.reader.kind != ResourceKind.ATTRACTION:  # a ticket may be free
            self.no_price(IssueReason.PRICE_ZERO, raw)
            return None
        return found.amount

    def no_price(self, reason: IssueReason, raw: str) -> None:
        if self.reader.kind in PRICE_NEEDED:
            raise self.refuse(FeedField.PRICE, reason, raw)
        self.note(FeedField.PRICE, reason, raw)

    def rating(self) -> Decimal | None:
        raw = self.text(FeedField.RATING)
        found = parse_rating(raw)
        if raw and found is None:
            self.note(FeedField.RATING, IssueReason.RATING_BAD, raw)
        return found

    def visit_minutes(self) -> int | None:
        if self.reader.kind == ResourceKind.TRANSPORT:  # how long a journey takes is no visit
            return None
        raw = self.text(FeedField.DURATION)
        found = parse_duration(raw) if raw else None
        if raw and found is None:
            self.note(FeedField.DURATION, IssueReason.DURATION_UNREADABLE, raw)
        elif found and not found.is_possible:
            self.note(FeedField.DURATION, IssueReason.DURATION_IMPOSSIBLE, raw)
        return found.usual if found and found.is_possible else None

    def place(self) -> tuple[float | None, float | None]:
        raw = (self.text(FeedField.LATITUDE), self.text(FeedField.LONGITUDE))
        if not any(raw):
            return None, None
        latitude, longitude = parse_coordinate(raw[0], 90), parse_coordinate(raw[1], 180)
        if latitude is None or longitude is None:
            self.note(FeedField.LATITUDE, IssueReason.PLACE_BAD, ", ".join(raw))
            return None, None
        return latitude, longitude

    def city(self, address: str) -> str:
        raw = self.text(FeedField.CITY)
        if not raw and not address and self.stations()[0]:
            return _city_of_station(self.stations()[0], self.reader.known_cities)
        city = places.city_named(raw, self.reader.known_cities) if raw else ""
        city = city or places.city_in(address, self.reader.known_cities) or ("" if raw else self.reader.default_city)
        if not city:
            self.note(FeedField.CITY if raw else FeedField.ADDRESS, IssueReason.CITY_UNKNOWN, raw or address)
        return city or clean(raw, CITY_LIMIT).text

    def attributes(self) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for name, cell in self.reader.extras(self.row):
            result[name] = self.addition(name, cell)
        if hours := self.hours():
            result["hours"] = hours
        if raw := self.text(FeedField.HOURS):
            result["hours_text"] = clean(raw, EXTRA_LIMIT).text
        if numbers := self.phones():
            result["phones"] = numbers
        if (stock := self.stock()) is not None:
            result["stock"] = stock
        if valid_until := self.valid_until():
            result["valid_until"] = valid_until.isoformat()
        return result

    def addition(self, name: str, cell: Cell) -> str | list[str]:
        if isinstance(cell, list):
            parts = [without_orders(clean(part, 200).text) for part in cell[:EXTRA_PARTS]]
            for _kept, orders in parts:
                if orders:
                    self.note(name, IssueReason.INSTRUCTION, orders)
            return [kept for kept, _orders in parts if kept]
        plain = clean(cell or "", EXTRA_LIMIT)
        if plain.had_markup:
            self.note(name, IssueReason.MARKUP_REMOVED, cell or "")
        if plain.was_cut:
            self.note(name, IssueReason.TEXT_CUT, cell or "")
        kept, orders = without_orders(plain.text)
        if orders:
            self.note(name, IssueReason.INSTRUCTION, orders)
        return kept

    def hours(self) -> list[dict[str, Any]]:
        raw = self.text(FeedField.HOURS)
        spans = parse_hours(raw) if raw else []
        if spans is None:
            self.note(FeedField.HOURS, IssueReason.HOURS_UNREADABLE, raw)
        return [{**dataclasses.asdict(span), "days": list(span.days)} for span in spans or []]

    def stock(self) -> int | None:
        raw = self.text(FeedField.STOCK).strip()
        if not raw:
            return None
        if not re.fullmatch(r"[0-9]{1,7}", raw):
            self.note(FeedField.STOCK, IssueReason.STOCK_BAD, raw)
            return None
        return int(raw)

    def valid_until(self) -> dt.date | None:
        raw = self.text(FeedField.VALID_UNTIL)
        found = parse_date(raw) if raw else None
        if raw and found is None:
            self.note(FeedField.VALID_UNTIL, IssueReason.DATE_UNREADABLE, raw)
        elif found and self.reader.today and found < self.reader.today:
            self.note(FeedField.VALID_UNTIL, IssueReason.DATE_PAST, raw)
        return found

    def phones(self) -> list[str]:
        raw = self.text(FeedField.PHONE)
        found = phones(raw) if raw else []
        if found is None:
            self.note(FeedField.PHONE, IssueReason.PHONE_BAD, raw)
        return found or []


def _city_of_station(station: str, known: frozenset[str]) -> str:
    """The city a station is named after (上海虹桥站: 上海); "" when we know none."""
    return next((station[:length] for length in (5, 4, 3, 2) if station[:length] in known), "")


def city_counts(table: Table, matches: Iterable[Match], known_cities: frozenset[str] = places.CITIES) -> Mapping[str, int]:
    """How many rows name which city; "" for those that name none."""
    reader = Reader(table.columns, matches, ResourceKind.ATTRACTION)
    counts: dict[str, int] = {}
    for row in table.rows:
        cell, address = as_text(reader.cell(row, FeedField.CITY)), as_text(reader.cell(row, FeedField.ADDRESS))
        city = (places.city_named(cell, known_cities) if cell else "") or places.city_in(address, known_cities)
        counts[city] = counts.get(city, 0) + 1
    return counts
