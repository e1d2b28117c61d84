"""Prices: published sheets, a second pricer, and every unit by hand."""

import dataclasses
import datetime as dt
from decimal import ROUND_CEILING, Decimal
from fractions import Fraction

import pytest

from bench import golden_sheets, pricing
from catalog.choices import ChargeUnit
from itinerary.pricing.cancellation import DOMESTIC, Tier, checked, fee
from itinerary.pricing.costing import cost, vehicles
from itinerary.pricing.errors import CannotPrice
from itinerary.pricing.lines import AgePrice, CostLine, PaxBand, RoomPrices, VehicleStep
from itinerary.pricing.party import CellKind, Party, Role
from itinerary.pricing.rounding import Rates, Rounding, buffered_rate, to_step
from itinerary.pricing.scenarios import FocRule, scenarios
from itinerary.pricing.sheet import Terms, price
from itinerary.pricing.uplifts import Additive, OfGross, PerGroup, PerHead, Receiver, Sequential

D = Decimal
EVERYBODY = frozenset(Role)


def line(unit: ChargeUnit, amount: str = "100", **more: object) -> CostLine:
    return CostLine("L", "L", unit, D(amount), **more)  # type: ignore[arg-type]


def total(one: CostLine, party: Party, rates: Rates | None = None) -> Decimal:
    return cost(one, party, rates or Rates()).total


@pytest.mark.parametrize("golden", golden_sheets.all_sheets(), ids=lambda one: f"{one.name} {one.what}")
def test_published_sheets(golden: golden_sheets.Golden) -> None:
    assert golden.ours == golden.published


def test_the_two_errors_of_the_manila_sheet_are_named() -> None:
    found = [(one.column, one.line, one.fault.value) for one in golden_sheets.manila_faults()]
    assert found == [("10-14", "transport", "wrong_amount"), ("19-24", "free place", "left_out")]


def test_agrees_with_the_second_pricer() -> None:
    complaints: list[object] = []
    quotes, refused, mismatches = pricing.compare(250, complaints.append)
    assert (quotes, mismatches, complaints) == (250, 0, [])
    assert 0 < refused < 60


def test_the_second_pricer_notices_a_wrong_price(monkeypatch: pytest.MonkeyPatch) -> None:
    """The comparison is worth something: a pricer that forgets the supplement for sleeping alone is found out."""
    monkeypatch.setattr("itinerary.pricing.costing._single_use", lambda one: Fraction(one.amount))
    assert pricing.compare(60, lambda _line: None)[2] > 0


def test_an_edit_is_fast() -> None:
    assert pricing.edit_ms(5) < 200  # 50 is asked for on a quiet machine; `bench pricing` measures it


@pytest.mark.parametrize(
    ("one", "party", "expected"),
    [
        (line(ChargeUnit.PERSON, quantity=2), Party(3), "600.00"),
        (line(ChargeUnit.PERSON, applies_to=EVERYBODY), Party(3, foc=1, guides=1, drivers=1), "600.00"),
        (line(ChargeUnit.PERSON_DAY, days=4), Party(2, (5,)), "1200.00"),
        (line(ChargeUnit.ROOM_NIGHT, "400", days=2), Party(4), "1600.00"),
        (line(ChargeUnit.ROOM_NIGHT, "400", room=RoomPrices(single_use=D(350))), Party(5), "1150.00"),
        (line(ChargeUnit.ROOM_NIGHT, "400", room=RoomPrices(extra_bed=D(120), child_no_bed=D(30))), Party(2, (9, 4), child_beds=1), "550.00"),
        (line(ChargeUnit.ROOM_NIGHT, "400", applies_to=frozenset({Role.FOC, Role.GUIDE})), Party(4, foc=3, guides=1), "1200.00"),
        (line(ChargeUnit.GROUP, quantity=3), Party(9), "300.00"),
        (line(ChargeUnit.BOOKING), Party(9, bookings=3), "300.00"),
        (line(ChargeUnit.GUIDE_DAY, "500", days=3), Party(9, guides=2), "3000.00"),
        (line(ChargeUnit.PAX_BAND, bands=(PaxBand(1, 3, D(90)), PaxBand(4, 9, D(70)))), Party(4, (1,)), "350.00"),
        (line(ChargeUnit.PERSON, ages=(AgePrice(0, 5, D(0)), AgePrice(6, 13, D(50)))), Party(2, (3, 8)), "250.00"),
        (line(ChargeUnit.PERSON, commission_percent=D(10), tax_percent=D(6)), Party(1), "95.40"),
    ],
)  # fmt: skip
def test_units(one: CostLine, party: Party, expected: str) -> None:
    assert total(one, party) == D(expected)


def test_every_unit_is_covered() -> None:
    with_steps = {"steps": (VehicleStep(4, D(1)),), "bands": (PaxBand(1, 9, D(1)),)}
    for unit in ChargeUnit:
        assert total(line(unit, **with_steps), Party(2, guides=1)) >= 0


@pytest.mark.parametrize(("people", "expected"), [(4, (4, 1)), (5, (7, 1)), (17, (17, 1)), (18, (17, 2)), (35, (17, 3))])
def test_vehicles_are_the_smallest_that_seat_all(people: int, expected: tuple[int, int]) -> None:
    step, number = vehicles((VehicleStep(17, D(900)), VehicleStep(4, D(300)), VehicleStep(7, D(500))), people)
    assert (step.seats, number) == expected


def test_what_free_places_and_crew_cost_is_carried_by_the_payers() -> None:
    sheet = price([line(ChargeUnit.PERSON, "160", applies_to=frozenset({Role.PAYER, Role.FOC}))], Party(16, foc=1), Terms())
    assert sheet.cost_total == D("2720.00")
    assert sheet.price_of(CellKind.ADULT) == D(170)


def test_rooming_an_odd_adult_takes_a_child_into_the_twin_before_sleeping_alone() -> None:
    assert dataclasses.astuple(Party(3, (7,), child_beds=1).rooms) == (2, 0, 0, True)
    assert dataclasses.astuple(Party(3).rooms) == (1, 1, 0, False)


def test_infants_share_nothing_and_sleep_nowhere() -> None:
    lines = [line(ChargeUnit.GROUP, "600"), line(ChargeUnit.ROOM_NIGHT, "400")]
    sheet = price(lines, Party(2, (1,)), Terms())
    assert sheet.price_of(CellKind.ADULT) == D(500)
    assert sheet.price_of(CellKind.INFANT) == D(0)


def test_additive_and_sequential_margin_and_markup_are_different_things() -> None:
    one = [line(ChargeUnit.PERSON)]

    def asked(*uplifts: object) -> Decimal | None:
        return price(one, Party(2), Terms(uplifts, Rounding(price_step=D("0.01")))).price_of(CellKind.ADULT)  # type: ignore[arg-type]

    assert asked(Additive("a", percent=D(10)), Additive("b", percent=D(20))) == D("130.00")
    assert asked(Sequential("a", percent=D(10)), Sequential("b", percent=D(20))) == D("132.00")
    assert asked(Sequential("markup", percent=D(25))) == D("125.00")
    assert asked(OfGross("margin", percent=D(25))) == D("133.33")
    assert asked(PerHead("fee", amount=D(7)), PerGroup("group", amount=D(50))) == D("132.00")
    assert asked(Sequential("hotels only", groups=frozenset({"hotel"}), percent=D(25))) == D("100.00")


def test_the_sheet_adds_up_and_shows_its_rounding() -> None:
    lines = [line(ChargeUnit.PERSON, "333.33"), line(ChargeUnit.GROUP, "1000", group="car")]
    uplifts = (
        Sequential("markup", percent=D(12)),
        OfGross("agent", Receiver.AGENT, percent=D(8)),
        OfGross("tax", Receiver.TAX, percent=D(6)),
    )
    sheet = price(lines, Party(3, (8,)), Terms(uplifts, Rounding(price_step=D(10), price_mode=ROUND_CEILING)))
    assert sheet.cost_heads + sum(step.amount for step in sheet.steps) + sheet.rounding == sheet.revenue
    assert sheet.rounding > 0
    away = sum(step.amount for step in sheet.steps if step.receiver != Receiver.HOUSE)
    assert sheet.margin == sheet.revenue - sheet.cost_total - away
    assert sheet.revenue == sum(cell.price * cell.place.count for cell in sheet.cells)


def test_currencies_take_the_buffered_rate_and_never_a_guess() -> None:
    rates = Rates("CNY", {"JPY": buffered_rate(D("0.047"), D(3))})
    assert total(line(ChargeUnit.PERSON, "10000", currency="JPY"), Party(2), rates) == D("968.20")
    with pytest.raises(CannotPrice) as refused:
        total(line(ChargeUnit.PERSON, currency="THB"), Party(2), rates)
    assert (refused.value.code, refused.value.key) == ("no_rate_of_exchange", "L")


@pytest.mark.parametrize(
    ("code", "make"),
    [
        ("nobody_pays", lambda: Party(0)),
        ("party_size", lambda: Party(1, (-1,))),
        ("party_size", lambda: Party(501)),
        ("rooming", lambda: Party(2, singles=3)),
        ("rooming", lambda: Party(2, (1,), child_beds=1)),
        ("beds", lambda: Party(2, (3, 4), child_beds=2)),
        ("amount", lambda: line(ChargeUnit.PERSON, "-1")),
        ("amount", lambda: line(ChargeUnit.PERSON, "NaN")),
        ("no_vehicle", lambda: line(ChargeUnit.VEHICLE_DAY)),
        ("no_band", lambda: line(ChargeUnit.PAX_BAND)),
        ("no_band", lambda: total(line(ChargeUnit.PAX_BAND, bands=(PaxBand(4, 9, D(1)),)), Party(2))),
        ("percent", lambda: price([line(ChargeUnit.PERSON)], Party(1), Terms((OfGross("x", percent=D(100)),)))),
        ("rounding", lambda: Rounding(price_step=D(0))),
        ("rate", lambda: buffered_rate(D(0), D(3))),
        ("cancellation_tiers", lambda: checked([Tier(6, 4, D(20)), Tier(2, 0, D(60))])),
        ("cancellation_tiers", lambda: checked([Tier(6, 1, D(70)), Tier(0, 0, D(60))])),
        ("cancellation_tiers", lambda: checked([])),
    ],
)  # fmt: skip
def test_refusals_are_named(code: str, make: object) -> None:
    with pytest.raises(CannotPrice) as refused:
        make()  # type: ignore[operator]
    assert refused.value.code == code


def test_scenarios_name_the_size_without_a_price() -> None:
    lines = [
        line(ChargeUnit.PAX_BAND, bands=(PaxBand(1, 10, D(300)),)),
        line(ChargeUnit.ROOM_NIGHT, "400", room=RoomPrices(single_use=D(380))),
    ]
    found = scenarios(lines, Party(2), Terms(), [2, 10, 16], FocRule())
    assert [(one.payers, one.foc, one.adult, one.single_supplement, one.refused) for one in found] == [
        (2, 0, D(500), D(180), ""), (10, 0, D(500), D(180), ""), (16, 1, None, None, "no_band"),
    ]  # fmt: skip


def test_cancelling_by_the_snapshotted_tiers() -> None:
    outbound = (Tier(29, 15, D(5)), Tier(14, 7, D(15)), Tier(6, 4, D(70)), Tier(3, 1, D(85)), Tier(0, 0, D(90)))
    start = dt.date(2027, 2, 10)
    kept = [fee(D(8888), outbound, start, 6, start - dt.timedelta(days=before)) for before in (30, 29, 7, 4, 1, 0)]
    assert kept == [D("0.00"), D("444.40"), D("1333.20"), D("6221.60"), D("7554.80"), D("7999.20")]
    assert fee(D(8888), DOMESTIC, start, 6, start + dt.timedelta(days=60)) == D("8888.00")


@pytest.mark.parametrize(
    ("value", "step", "expected"),
    [("2.5", "1", "3"), ("-2.5", "1", "-3"), ("14", "10", "10"), ("15", "10", "20"), ("0.125", "0.01", "0.13")],
)
def test_halves_go_away_from_zero(value: str, step: str, expected: str) -> None:
    assert to_step(Fraction(value), D(step)) == D(expected)
