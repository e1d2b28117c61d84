"""Our OCTO client against the simulated supplier, over HTTP; the same tests would hold for a real one with products like these."""

import datetime as dt
import uuid
from decimal import Decimal

import pytest

from core import clock
from gateways.errors import GatewayError
from gateways.models import GatewayCall
from gateways.octo import Octo, octo, reading
from gateways.simulator.testing import SimulatorHandle

pytestmark = pytest.mark.django_db
PRODUCT, OPTION = "sy-yacht", "am"
PIECES = {"adult": 2, "child": 1}
UNITS = ["adult", "adult", "child"]


@pytest.fixture
def client(simulator: SimulatorHandle) -> Octo:
    """The client the settings choose."""
    return octo()


def free_day(client: Octo, after: int = 10) -> dt.date:
    """A day that can be had, some days from now."""
    first = clock.today() + dt.timedelta(days=after)
    days = client.calendar(PRODUCT, OPTION, first, first + dt.timedelta(days=60))
    return next(one.day for one in days if one.status == "AVAILABLE" and (one.vacancies or 0) >= 6)


def hold(client: Octo, day: dt.date, key: str = "", minutes: int = 30) -> str:
    key = key or str(uuid.uuid4())
    slot = client.availability(PRODUCT, OPTION, day, PIECES)
    assert slot is not None
    found = client.reserve(key, PRODUCT, OPTION, slot.id, UNITS, minutes)
    assert found.status == "ON_HOLD"
    return key


def test_products_have_options_units_and_prices_in_yuan(client: Octo) -> None:
    products = client.products()
    assert [one.id for one in products] == ["sy-yacht", "sy-forest", "sy-dive", "sy-show", "sy-farm"]
    yacht = products[0]
    assert [(one.id, one.name) for one in yacht.options] == [("am", "上午场 09:30"), ("sunset", "日落场 16:30")]
    adult, child = yacht.options[0].units
    assert (adult.type, adult.age_from, adult.price and adult.price.net) == ("ADULT", 12, Decimal("198.00"))
    assert (child.type, child.age_to, child.price and child.price.net) == ("CHILD", 11, Decimal("99.00"))
    assert adult.price is not None
    assert adult.price.original > adult.price.retail > adult.price.net


def test_a_calendar_has_every_day_once_and_days_that_cannot_be_had(client: Octo) -> None:
    first = clock.today()
    days = client.calendar(PRODUCT, OPTION, first, first + dt.timedelta(days=59))
    assert [one.day for one in days] == [first + dt.timedelta(days=at) for at in range(60)]
    assert {"AVAILABLE", "SOLD_OUT", "CLOSED"} <= {one.status for one in days}
    assert all(one.prices["adult"].net == Decimal("198.00") for one in days)


def test_a_hold_is_confirmed_and_the_same_key_is_the_same_booking(client: Octo, simulator: SimulatorHandle) -> None:
    day = free_day(client)
    before = client.availability(PRODUCT, OPTION, day, PIECES)
    assert before is not None
    assert before.total is not None
    assert before.total.net == Decimal("495.00")
    key = hold(client, day)
    assert hold(client, day, key) == key
    confirmed = client.confirm(key, "TRIP-7")
    assert (confirmed.status, confirmed.expires_at, confirmed.total and confirmed.total.net) == (
        "CONFIRMED",
        None,
        Decimal("495.00"),
    )
    assert confirmed.reference.startswith("OC")
    assert client.confirm(key, "TRIP-7").reference == confirmed.reference
    (kept,) = simulator.do("octo/bookings")
    assert (kept["uuid"], kept["resellerReference"]) == (key, "TRIP-7")
    after = client.availability(PRODUCT, OPTION, day, PIECES)
    assert after is not None
    assert (before.vacancies or 0) - (after.vacancies or 0) == 3


def test_a_hold_expires_and_gives_its_places_back(client: Octo, simulator: SimulatorHandle) -> None:
    day = free_day(client)
    key = hold(client, day, minutes=15)
    simulator.do("clock/advance", seconds=16 * 60)
    found = client.booking(key)
    assert found is not None
    assert found.status == "EXPIRED"
    with pytest.raises(GatewayError) as error:
        client.confirm(key, "TRIP-7")
    assert (error.value.errcode, error.value.retryable, error.value.ambiguous) == ("UNPROCESSABLE_ENTITY", False, False)
    hold(client, day)


def test_a_booking_is_cancelled_once(client: Octo, simulator: SimulatorHandle) -> None:
    key = hold(client, free_day(client))
    assert client.cancel(key, "plans changed").status == "CANCELLED"
    assert client.cancel(key, "again").status == "CANCELLED"
    assert simulator.world.state.counters["octo.cancelled"] == 1


def test_a_sold_out_day_and_a_closed_one(client: Octo, simulator: SimulatorHandle) -> None:
    day = free_day(client)
    simulator.do("octo/sold_out", product_id=PRODUCT, date=day.isoformat())
    slot = client.availability(PRODUCT, OPTION, day, PIECES)
    assert slot is not None
    assert slot.status == "SOLD_OUT"
    with pytest.raises(GatewayError, match="UNPROCESSABLE_ENTITY"):
        client.reserve(str(uuid.uuid4()), PRODUCT, OPTION, slot.id, UNITS, 30)
    simulator.do("octo/sold_out", product_id=PRODUCT, date=day.isoformat(), closed=True)
    assert client.availability(PRODUCT, OPTION, day, PIECES) is None


@pytest.mark.parametrize(
    ("call", "errcode"),
    [
        (lambda client, day: client.availability("nothing", OPTION, day, PIECES), "INVALID_PRODUCT_ID"),
        (lambda client, day: client.availability(PRODUCT, "nothing", day, PIECES), "INVALID_OPTION_ID"),
        (lambda client, day: client.availability(PRODUCT, OPTION, day, {"senior": 1}), "INVALID_UNIT_ID"),
        (lambda client, day: client.reserve("no-uuid", PRODUCT, OPTION, f"{day}", UNITS, 30), "BAD_REQUEST"),
        (lambda client, day: client.confirm(str(uuid.uuid4()), "X"), "INVALID_BOOKING_UUID"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_for_good(client: Octo, call: object, errcode: str) -> None:
    with pytest.raises(GatewayError) as error:
        call(client, clock.today() + dt.timedelta(days=20))  # type: ignore[operator]
    assert (error.value.errcode, error.value.retryable, error.value.ambiguous) == (errcode, False, False)
    assert GatewayCall.objects.latest("id").errcode == errcode


def test_an_unknown_booking_is_none(client: Octo) -> None:
    assert client.booking(str(uuid.uuid4())) is None


@pytest.mark.parametrize(
    ("fault", "errcode", "ambiguous"),
    [
        ({"kind": "http", "value": 503}, "http-503", True),
        ({"kind": "html"}, "bad-answer", True),
        ({"kind": "errcode"}, "INTERNAL_SERVER_ERROR", True),
        ({"kind": "malformed"}, "bad-answer", True),
        ({"kind": "lost_reply"}, "unreachable", True),
    ],
)  # fmt: skip
def test_an_outage_in_the_middle_of_a_booking_may_have_booked(
    client: Octo, simulator: SimulatorHandle, fault: dict[str, object], errcode: str, ambiguous: bool
) -> None:
    day = free_day(client)
    slot = client.availability(PRODUCT, OPTION, day, PIECES)
    assert slot is not None
    simulator.do("faults/set", side="api", host="octo", path="/bookings", times=1, **fault)
    key = str(uuid.uuid4())
    with pytest.raises(GatewayError) as error:
        client.reserve(key, PRODUCT, OPTION, slot.id, UNITS, 30)
    assert (error.value.errcode, error.value.ambiguous, error.value.retryable) == (errcode, ambiguous, True)
    assert client.reserve(key, PRODUCT, OPTION, slot.id, UNITS, 30).status == "ON_HOLD"
    assert len(simulator.do("octo/bookings")) == 1


def test_a_list_that_makes_no_sense_loses_only_its_nonsense() -> None:
    good = {
        "id": "a", "title": "好", "options": [{"id": "o", "internalName": "场", "units": [{"id": "u", "internalName": "成人"}]}]
    }  # fmt: skip
    assert [one.id for one in reading.products([good, {}, None, {"id": "b"}, 7])] == ["a"]
    price = {"original": 100, "retail": 90, "net": -5, "currency": "CNY", "currencyPrecision": 2}
    day = {"localDate": "2027-01-02", "status": "AVAILABLE", "unitPricingFrom": [{"unitId": "u", **price}]}
    assert reading.days([day, {**day, "status": "MAYBE"}, {**day, "unitPricingFrom": [], "localDate": "2027-13-02"}]) == []
    with pytest.raises(ValueError, match="MAYBE"):
        reading.booking({"uuid": "k", "status": "MAYBE"})
