"""The planner behind the editor: its world is the catalogue, its answer is blocks with reasons, or a named refusal."""

import datetime as dt
import time
from decimal import Decimal
from typing import Any

import pytest

from catalog.choices import ChargeUnit, ResourceKind, StockState
from catalog.models import Destination, Resource, Supplier
from catalog.services.inventory import Row, save_contract, set_inventory
from core.errors import Refused
from itinerary.checks.verify import verify
from itinerary.choices import Severity
from itinerary.models import Block, Itinerary
from itinerary.planner.catalogue import CATALOGUE, Code
from itinerary.queries.documents import stop_of
from itinerary.queries.worlds import cities_named
from itinerary.services.planning import Drafted, Trip, plan_day, plan_trip

D = Decimal
OPEN = [{"days": [1, 2, 3, 4, 5, 6, 7], "opens": 510, "closes": 1080, "seasons": ""}]
MEALS = [
    {"days": [1, 2, 3, 4, 5, 6, 7], "opens": 660, "closes": 840, "seasons": ""},
    {"days": [1, 2, 3, 4, 5, 6, 7], "opens": 1020, "closes": 1260, "seasons": ""},
]


def resources(supplier: Supplier, city: str, north: float, east: float, sights: int = 8) -> list[Resource]:
    rows: list[tuple[str, str, D, dict[str, Any]]] = []
    rows += [
        (ResourceKind.ATTRACTION, f"{city}景点{n}", D(20 + 5 * n), {"hours": OPEN, "themes": ["古镇"] if n == 5 else ["自然"]})
        for n in range(sights)
    ]
    rows += [(ResourceKind.RESTAURANT, f"{city}饭店{n}", D(60 + n), {"hours": MEALS, "cuisine": "云南菜"}) for n in range(8)]
    rows += [(ResourceKind.HOTEL, f"{city}酒店{n}", D(300 + 200 * n), {"stars": 3 + n}) for n in range(3)]
    return Resource.objects.bulk_create(
        Resource(
            supplier=supplier, external_id=f"{city}{at}", kind=kind, name=name, city=city, price_amount=price, rating=D("4.5"),
            latitude=north + 0.011 * (at % 5), longitude=east + 0.009 * (at % 7), visit_minutes=100, attributes=attributes,
        )
        for at, (kind, name, price, attributes) in enumerate(rows)
    )  # fmt: skip


def line(
    supplier: Supplier,
    number: str,
    origin: str,
    target: str,
    departs: str,
    arrives: str,
    minutes: int,
    price: int,
    mode: str = "flight",
) -> Resource:
    more = {
        "mode": mode,
        "number": number,
        "origin": origin,
        "target": target,
        "departs": departs,
        "arrives": arrives,
        "minutes": minutes,
    }
    return Resource.objects.create(
        supplier=supplier, external_id=number, kind=ResourceKind.TRANSPORT, name=f"{number} {origin}—{target}", city=origin,
        price_amount=D(price), attributes=more,
    )  # fmt: skip


@pytest.fixture
def yunnan(supplier: Supplier) -> Supplier:
    """大理 and 丽江 with a flight in, a train between them and a flight out."""
    Destination.objects.create(code="yunnan", name="云南大理·丽江", cities=["大理", "丽江"])
    resources(supplier, "大理", 25.60, 100.20)
    resources(supplier, "丽江", 26.87, 100.22, sights=7)
    line(supplier, "8L9968", "杭州萧山", "大理凤仪", "08:40", "12:15", 215, 820)
    line(supplier, "GJ8868", "丽江三义", "杭州萧山", "17:50", "21:05", 195, 760)
    line(supplier, "D8782", "大理", "丽江", "09:15", "11:02", 107, 80, "train")
    return supplier


def trip(
    starts_on: dt.date, *destinations: str, days: int = 5, adults: int = 2, child_ages: tuple[int, ...] = (), **values: Any
) -> Trip:
    return Trip(starts_on, days, adults, child_ages, destinations, values)


def names(drafted: Drafted, *kinds: str) -> list[str]:
    return [block["name"] for day in drafted.days for block in day if not kinds or block["kind"] in kinds]


def wrong(drafted: Drafted, asked: Trip) -> list[tuple[str, str]]:
    """What the editor's verifier says against a plan that must not be sold."""
    rows = {row.pk: row for row in Resource.objects.select_related("supplier")}
    itinerary = Itinerary(starts_on=asked.starts_on, adults=asked.adults, child_ages=list(asked.child_ages))
    stops = []
    for number, day in enumerate(drafted.days, start=1):
        for data in day:
            block = Block(**{**data, "resource": rows.get(data["resource"]), "sku": None})
            stops.append(stop_of(block, number, itinerary, None))
    found = verify(stops, days=asked.days, people=asked.people)
    return [(one.code, one.block) for one in found.issues if one.severity == Severity.ERROR]


def test_two_cities_are_one_trip_with_real_flights(yunnan: Supplier, starts_on: dt.date) -> None:
    asked = trip(starts_on, "云南", days=5, origin="杭州")
    began = time.perf_counter()
    drafted = plan_trip(asked)
    assert time.perf_counter() - began < 3
    assert wrong(drafted, asked) == []
    assert list(names(drafted, "transport")) == [
        "8L9968 杭州萧山—大理凤仪",
        "D8782 大理—丽江",
        "GJ8868 丽江三义—杭州萧山",
    ]
    assert [sum(b["kind"] == "hotel" for b in day) for day in drafted.days] == [1, 1, 1, 1, 0]
    stays = names(drafted, "hotel")
    assert [name[:2] for name in stays] == ["大理", "大理", "丽江", "丽江"]
    sights = names(drafted, "sight")
    assert len(sights) == len(set(sights)) >= 8
    assert all(sum(b["kind"] == "sight" for b in day) <= 3 for day in drafted.days)
    assert drafted.core == []
    assert drafted.relaxations == []


def test_a_plan_is_the_same_for_the_same_request(yunnan: Supplier, starts_on: dt.date) -> None:
    one, other = (plan_trip(trip(starts_on, "大理", days=3)) for _time in range(2))
    assert [[(b["name"], b["starts"]) for b in day] for day in one.days] == [
        [(b["name"], b["starts"]) for b in day] for day in other.days
    ]


def test_every_choice_says_why(yunnan: Supplier, starts_on: dt.date) -> None:
    drafted = plan_trip(trip(starts_on, "大理", days=3, must=["大理景点7"]))
    by_name = {b["name"]: drafted.reasons[b["key"]] for day in drafted.days for b in day}
    assert by_name["大理景点7"]["code"] == "wish"
    assert {one["code"] for one in by_name.values()} == {"wish", "sight", "meal", "hotel"}
    assert all("km_from_hotel" in one for one in by_name.values() if one["code"] in {"sight", "meal"})


def test_wishes_pace_class_and_dislikes_are_kept_to(yunnan: Supplier, starts_on: dt.date) -> None:
    asked = trip(starts_on, "大理", days=4, pace="轻松", hotel_star=4, avoid=["古镇"], must=["大理饭店6"])
    drafted = plan_trip(asked)
    assert wrong(drafted, asked) == []
    assert set(names(drafted, "hotel")) == {"大理酒店1"}
    assert "大理景点5" not in names(drafted)
    assert "大理饭店6" in names(drafted, "meal")
    assert max(sum(b["kind"] == "sight" for b in day) for day in drafted.days) == 2


def test_locked_blocks_stay_where_they_are(yunnan: Supplier, starts_on: dt.date) -> None:
    row = Resource.objects.get(name="大理景点3")
    sight = {
        "key": "a" * 32,
        "kind": "sight",
        "name": row.name,
        "resource": row.pk,
        "starts": 840,
        "ends": 960,
        "is_locked": True,
    }
    own = {
        "key": "b" * 32,
        "kind": "activity",
        "name": "拜访朋友",
        "resource": None,
        "starts": 600,
        "ends": 690,
        "is_locked": True,
    }
    hotel = {
        "key": "c" * 32,
        "kind": "hotel",
        "name": "大理酒店2",
        "resource": None,
        "starts": 1260,
        "ends": 1440,
        "is_locked": True,
    }
    drafted = plan_trip(trip(starts_on, "大理", days=3), [(2, sight), (1, own), (1, hotel)])
    assert sight in drafted.days[1]
    assert own in drafted.days[0]
    assert set(names(drafted, "hotel")) == {"大理酒店2"}
    assert names(drafted).count("大理景点3") == 1


def test_what_cannot_be_is_named_with_what_to_give_up(yunnan: Supplier, starts_on: dt.date) -> None:
    asked = trip(starts_on, "大理", days=3, budget_amount=400, must=["大理景点7", "火星基地"])
    drafted = plan_trip(asked)
    assert {"code": "PREF-01", "wish": "must", "value": "火星基地"} in drafted.core
    assert any(one.get("wish") == "budget" and one["value"] == "400" for one in drafted.core)
    assert drafted.relaxations[0]["wish"] == "budget"
    assert drafted.relaxations[0]["enough"]
    assert names(drafted, "sight"), "a plan to talk about is made all the same"


@pytest.mark.parametrize(
    ("destinations", "values", "code"),
    [(["敦煌"], {}, "no_resources"), ([""], {}, "no_resources"), (["大理"], {"budget_amount": 0}, "budget"), (["大理"], {"budget_amount": -5}, "budget")],
)  # fmt: skip
def test_refusals_have_names(
    yunnan: Supplier, starts_on: dt.date, destinations: list[str], values: dict[str, Any], code: str
) -> None:
    with pytest.raises(Refused) as refused:
        plan_trip(trip(starts_on, *destinations, days=3, **values))
    assert refused.value.code == code


def test_contradicting_wishes_are_refused_by_name(yunnan: Supplier, starts_on: dt.date) -> None:
    drafted = plan_trip(trip(starts_on, "大理", days=3, must=["大理景点5"], avoid=["大理景点5"]))
    assert drafted.core == [{"code": "PREF-01", "wish": "must", "value": "大理景点5"}]
    assert "大理景点5" not in names(drafted)


def test_contract_prices_and_stock_count(yunnan: Supplier, starts_on: dt.date) -> None:
    first, last = starts_on - dt.timedelta(days=1), starts_on + dt.timedelta(days=9)
    hotels = [Resource.objects.get(name=f"大理酒店{n}") for n in range(2)]
    skus = [
        save_contract(
            resource=row, code="TWN", name="双床房", unit=ChargeUnit.ROOM_NIGHT, rows=[Row(first, last, D(260))], sleeps=2
        )
        for row in hotels
    ]
    set_inventory(
        sku=skus[0], first=starts_on + dt.timedelta(days=1), last=starts_on + dt.timedelta(days=1), state=StockState.CLOSED
    )
    drafted = plan_trip(trip(starts_on, "大理", days=3))
    nights = [block for day in drafted.days for block in day if block["kind"] == "hotel"]
    assert {block["name"] for block in nights} <= {"大理酒店1", "大理酒店2"}, "the first is closed in one of the nights"
    assert all(block["sku"] == skus[1].pk for block in nights if block["name"] == "大理酒店1")


def test_another_plan_for_one_day_leaves_the_others_alone(yunnan: Supplier, starts_on: dt.date) -> None:
    asked = trip(starts_on, "大理", days=3, pace="轻松")
    used = ["大理景点0", "大理景点1", "大理饭店0"]
    drafted = plan_day(asked, "大理", 2, (540, 1290), [], used)
    found = names(drafted)
    assert 2 <= len(names(drafted, "sight")) <= 2
    assert not set(found) & set(used)
    assert all(block["starts"] >= 540 for block in drafted.days[0])
    assert len(drafted.days) == 1


def test_regions_and_cities_are_found(yunnan: Supplier) -> None:
    assert cities_named("云南") == ["大理", "丽江"]
    assert cities_named("大理市") == ["大理"]
    assert cities_named("火星") == []


def test_one_catalogue_names_every_code() -> None:
    assert {code.value for code in Code} == set(CATALOGUE)
    assert all(constraint.text for constraint in CATALOGUE.values())
