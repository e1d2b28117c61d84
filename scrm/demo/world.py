"""The demo agency's world as typed records, read from `data/`."""

import dataclasses
import functools
import json
from pathlib import Path
from typing import Any, TypeVar

DATA = Path(__file__).parent / "data"
FEEDS = Path(__file__).parent / "feeds"
R = TypeVar("R")


@dataclasses.dataclass(frozen=True)
class Destination:
    """A place people travel to. `box` is west, south, east, north in WGS-84; `demand` one weight per month."""

    code: str
    name: str
    cities: list[str]
    longitude: float
    latitude: float
    box: list[float]
    summary: str
    demand: list[int]
    open_months: list[int]
    illustration: dict[str, str]


@dataclasses.dataclass(frozen=True)
class Attraction:
    """A sight. `ticket` is yuan (0 is free), `opening` "HH:MM-HH:MM", `closed_weekdays` ISO, friendliness 1 to 5."""

    id: str
    destination: str
    name: str
    city: str
    longitude: float
    latitude: float
    ticket: int
    visit_minutes: int
    opening: list[str]
    closed_weekdays: list[int]
    setting: str
    themes: list[str]
    child_friendly: int
    elder_friendly: int
    summary: str


@dataclasses.dataclass(frozen=True)
class Hotel:
    """A hotel. `rooms` are {name, sleeps, low, high}: our net price in yuan a night in the low and the high season."""

    id: str
    destination: str
    name: str
    brand: str
    stars: int
    tier: str
    city: str
    district: str
    longitude: float
    latitude: float
    rooms: list[dict[str, Any]]
    facilities: list[str]


@dataclasses.dataclass(frozen=True)
class Restaurant:
    """A restaurant. `per_head` is yuan; closing after midnight is written as the next day's hour ("16:00-02:00")."""

    id: str
    destination: str
    name: str
    city: str
    cuisine: str
    per_head: int
    opening: list[str]
    longitude: float
    latitude: float
    dishes: list[str]


@dataclasses.dataclass(frozen=True)
class Line:
    """A flight, train, boat, bus or hired car; `low` and `high` are net yuan a seat (a vehicle for cars).

    Times are None where a car comes when it is called.
    """

    id: str
    destination: str
    mode: str
    number: str
    origin: str
    target: str
    departs: str | None
    arrives: str | None
    minutes: int
    low: int
    high: int
    note: str


@dataclasses.dataclass(frozen=True)
class Product:
    """A package. `adult` and `child` are the usual prices in yuan; `outline` one {title, spots, hotel, meals, text} a day.

    A group leaves with `min_people` and takes `max_people`. `popularity` (1 to 100) is how much everybody looks at it,
    whatever they are interested in.
    """

    code: str
    name: str
    subtitle: str
    destination: str
    days: int
    themes: list[str]
    hotel_class: int
    pace: str
    adult: int
    child: int
    min_people: int
    max_people: int
    terms: str
    popularity: int
    highlights: list[str]
    outline: list[dict[str, Any]]
    illustration: dict[str, str]


@dataclasses.dataclass(frozen=True)
class Terms:
    """What a kind of package includes, and its cancellation tiers {days_before, fee_percent}."""

    kind: str
    included: list[str]
    excluded: list[str]
    cancellation: list[dict[str, int]]


@dataclasses.dataclass(frozen=True)
class Theme:
    """What somebody may be interested in; `share` is how many customers are, `words` what they search for."""

    name: str
    share: float
    words: list[str]


@dataclasses.dataclass(frozen=True)
class SupplierRecord:
    """A supplier. `feed` names a file below `feeds/`, empty where there is none."""

    code: str
    name: str
    kind: str
    destinations: list[str]
    format: str
    encoding: str
    feed: str
    note: str


@dataclasses.dataclass(frozen=True)
class Member:
    """One of the agency's staff."""

    username: str
    display_name: str
    title: str
    department: str
    role: str
    row_scope: str
    superuser: bool


@dataclasses.dataclass(frozen=True)
class Text:
    """A message the agency sends: the words, and the mini-program card that goes with them."""

    key: str
    name: str
    text: str
    card_title: str
    card_page: str
    product: str


@dataclasses.dataclass(frozen=True)
class Sentence:
    """Something a customer wrote; `theme` is the interest it betrays, empty for none."""

    theme: str
    text: str


@dataclasses.dataclass(frozen=True)
class Agency:
    """The agency itself."""

    name: str
    licence_no: str
    emergency_phone: str
    departments: list[str]
    password: str


def read(name: str) -> Any:
    """One data file."""
    return json.loads((DATA / name).read_text(encoding="utf-8"))


def _records(name: str, record: type[R]) -> tuple[R, ...]:
    return tuple(record(**row) for row in read(name))


@functools.cache
def destinations() -> tuple[Destination, ...]:
    """Where the agency's packages go."""
    return _records("destinations.json", Destination)


@functools.cache
def attractions() -> tuple[Attraction, ...]:
    """Sights of all destinations."""
    return _records("attractions.json", Attraction)


@functools.cache
def hotels() -> tuple[Hotel, ...]:
    """Hotels of all destinations."""
    return _records("hotels.json", Hotel)


@functools.cache
def restaurants() -> tuple[Restaurant, ...]:
    """Restaurants of all destinations."""
    return _records("restaurants.json", Restaurant)


@functools.cache
def lines() -> tuple[Line, ...]:
    """Transport to, from and within the destinations."""
    return _records("transport.json", Line)


@functools.cache
def products() -> tuple[Product, ...]:
    """The agency's packages."""
    return _records("products.json", Product)


@functools.cache
def terms() -> dict[str, Terms]:
    """Terms by kind."""
    return {entry.kind: entry for entry in _records("terms.json", Terms)}


@functools.cache
def themes() -> tuple[Theme, ...]:
    """Every interest, in the order of all vectors over themes."""
    return _records("themes.json", Theme)


@functools.cache
def suppliers() -> tuple[SupplierRecord, ...]:
    """The suppliers."""
    return _records("suppliers.json", SupplierRecord)


@functools.cache
def staff() -> tuple[Member, ...]:
    """The agency's staff."""
    return _records("staff.json", Member)


@functools.cache
def texts() -> tuple[Text, ...]:
    """Welcome and campaign messages."""
    return _records("contents.json", Text)


@functools.cache
def sentences() -> tuple[Sentence, ...]:
    """What customers write."""
    return _records("sentences.json", Sentence)


@functools.cache
def agency() -> Agency:
    """The agency."""
    return Agency(**read("agency.json"))
