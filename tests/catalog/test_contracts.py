"""Contracts, stock, cancellation tiers and rates of exchange: what staff type in, and what is refused."""

import datetime as dt
from decimal import Decimal

import pytest

from catalog.models import CancellationTier, DayInventory, ExchangeRate, RateRow, Resource, Sku, Supplier
from catalog.queries.rates import contract_rates
from catalog.rules import Season, Tier, TierFault, fault_of_tiers, first_overlap
from core import clock
from staff.models import AuditEntry
from tests.catalog.conftest import LogIn

XSS = "<script>alert(1)</script>"
NEXT = clock.today() + dt.timedelta(days=40)


def tiers(*triples: tuple[int, int, int]) -> list[Tier]:
    return [Tier(first, last, Decimal(percent)) for first, last, percent in triples]


@pytest.mark.parametrize(
    ("found", "fault"),
    [
        (tiers((6, 4, 20), (3, 1, 40), (0, 0, 60)), None),
        (tiers((0, 0, 60), (3, 1, 40), (6, 4, 20)), None),
        ([], None),
        (tiers((6, 4, 20), (4, 0, 40)), (TierFault.OVERLAP, 4)),
        (tiers((9, 6, 20), (3, 0, 40)), (TierFault.GAP, 4)),
        (tiers((6, 4, 50), (3, 0, 40)), (TierFault.CHEAPER_LATER, 3)),
        (tiers((6, 4, 20), (3, 1, 40)), (TierFault.NO_LAST_DAY, 0)),
        (tiers((1, 4, 20)), (TierFault.BACKWARDS, 1)),
    ],
)
def test_tiers_fit_one_another(found: list[Tier], fault: object) -> None:
    assert fault_of_tiers(found) == fault


def test_two_rows_for_the_same_day_and_people_are_found() -> None:
    spring = Season(dt.date(2027, 3, 1), dt.date(2027, 5, 31))
    weekend = Season(dt.date(2027, 5, 1), dt.date(2027, 6, 30), weekdays=(6, 7))
    assert first_overlap([spring, weekend]) == (0, 1)
    assert first_overlap([Season(spring.starts_on, spring.ends_on, weekdays=(1, 2, 3)), weekend]) is None
    child = Season(spring.starts_on, spring.ends_on, ages=(3, 11))
    assert first_overlap([spring, child]) is None
    bands = [Season(spring.starts_on, spring.ends_on, pax=pax) for pax in ((1, 9), (10, 19), (19, 30))]
    assert first_overlap(bands) == (1, 2)
    cars = [Season(spring.starts_on, spring.ends_on, seats=seats) for seats in (5, 7)]
    assert first_overlap(cars) is None


@pytest.fixture
def resource(db: None) -> Resource:
    supplier = Supplier.objects.create(code="yelin", name="椰林供应链")
    return Resource.objects.create(supplier=supplier, external_id="H1", kind="hotel", name=f"海棠湾度假酒店{XSS}", city="三亚")


def contract(**changes: object) -> dict[str, object]:
    values: dict[str, object] = {
        "code": "SEA", "name": "海景大床", "plan_name": "2027 散客合同", "unit": "room_night", "currency": "CNY", "basis": "net",
        "commission_percent": "0", "tax_percent": "0", "sleeps": "2", "seats": "0",
        "row-TOTAL_FORMS": "2", "row-INITIAL_FORMS": "0", "row-0-starts_on": NEXT, "row-0-ends_on": NEXT + dt.timedelta(days=9),
        "row-0-amount": "880", "row-0-weekdays": ["5", "6"], "row-1-starts_on": NEXT, "row-1-ends_on": NEXT + dt.timedelta(days=9),
        "row-1-amount": "680", "row-1-weekdays": ["1", "2", "3", "4", "7"],
        "charge-TOTAL_FORMS": "1", "charge-INITIAL_FORMS": "0", "charge-0-kind": "extra_bed", "charge-0-amount": "200",
    }  # fmt: skip
    return {**values, **changes}


def test_a_contract_is_typed_in_and_prices_its_days(log_in: LogIn, resource: Resource) -> None:
    url = f"/suppliers/resources/{resource.pk}/contract"
    page = log_in("planner").get(url).content.decode()
    assert XSS not in page
    assert log_in("planner").post(url, contract()).status_code == 302
    sku = Sku.objects.get()
    days = [NEXT + dt.timedelta(days=at) for at in range(7)]
    rates = contract_rates([(sku.pk, day) for day in days], 2)
    assert {day.isoweekday(): rates[sku.pk, day].amount for day in days} == {
        **dict.fromkeys((5, 6), Decimal("880.00")), **dict.fromkeys((1, 2, 3, 4, 7), Decimal("680.00")),
    }  # fmt: skip
    assert rates[sku.pk, days[0]].extra_bed == Decimal("200.00")
    month = log_in("planner").get(f"/suppliers/skus/{sku.pk}?month={NEXT:%Y-%m}").content.decode()
    assert "2027 散客合同" in month
    assert "¥880" in month
    edit = f"/suppliers/skus/{sku.pk}/contract"
    assert 'value="880.00"' in log_in("planner").get(edit).content.decode()
    assert log_in("planner").post(edit, contract(**{"row-0-amount": "990"})).status_code == 302
    assert sorted(RateRow.objects.values_list("amount", flat=True)) == [Decimal("680.00"), Decimal("990.00")]
    plan = sku.plans.get()
    log_in("planner").post(f"/suppliers/plans/{plan.pk}/rest")
    assert contract_rates([(sku.pk, days[0])], 2) == {}
    assert [*AuditEntry.objects.order_by("id").values_list("action", flat=True)] == ["contract.saved"] * 2 + ["contract.rested"]


@pytest.mark.parametrize(
    "changes",
    [
        {"row-0-weekdays": ["1"]},  # prices Monday twice
        {"row-0-ends_on": "2000-01-01"},
        {"row-0-amount": "-1"},
        {"row-0-amount": "NaN"},
        {"row-0-amount": "99999999999999"},
        {"row-0-starts_on": "2026-02-30"},
        {"row-0-pax_from": "9", "row-0-pax_to": "2"},
        {"row-0-weekdays": ["8"]},
        {"currency": "元元元"},
        {"basis": "gross"},
        {"unit": "nothing"},
        {"row-TOTAL_FORMS": "0"},
        {"row-TOTAL_FORMS": "1000000"},
        {"charge-0-percent": "50"},
        {"charge-0-amount": ""},
        {"code": ""},
        {"name": "x" * 500},
    ],
)
def test_a_contract_that_makes_no_sense_is_refused_and_nothing_changes(
    log_in: LogIn, resource: Resource, changes: dict[str, object]
) -> None:
    response = log_in("planner").post(f"/suppliers/resources/{resource.pk}/contract", contract(**changes))
    assert response.status_code == 422
    assert Sku.objects.count() == 0


@pytest.fixture
def sku(resource: Resource) -> Sku:
    return Sku.objects.create(resource=resource, code="SEA", name="海景大床")


def stock_form(unit: Sku, /, **changes: object) -> dict[str, object]:
    values: dict[str, object] = {
        "sku": [unit.pk], "first": NEXT, "last": NEXT + dt.timedelta(days=13), "weekdays": ["5", "6"], "state": "available",
        "allotment": "8", "release_days": "3",
    }  # fmt: skip
    return {**values, **changes}


def test_stock_is_set_for_a_range_and_never_below_what_is_sold(log_in: LogIn, sku: Sku) -> None:
    url = f"/suppliers/{sku.resource.supplier_id}/stock"
    assert log_in("planner").get(f"{url}/edit?sku={sku.pk}&first={NEXT}").status_code == 200
    assert log_in("planner").post(f"{url}/edit", stock_form(sku)).status_code == 302
    rows = DayInventory.objects.order_by("day")
    assert [(row.day.isoweekday() in {5, 6}, row.allotment, row.release_days) for row in rows] == [(True, 8, 3)] * 4
    page = log_in("readonly").get(f"{url}?month={NEXT:%Y-%m}").content.decode()
    assert f'data-day="{rows[0].day}"' in page
    DayInventory.objects.filter(pk=rows[0].pk).update(sold=5)
    assert log_in("planner").post(f"{url}/edit", stock_form(sku, allotment="4")).status_code == 422
    assert set(DayInventory.objects.values_list("allotment", flat=True)) == {8}
    assert log_in("planner").post(f"{url}/edit", stock_form(sku, state="closed", allotment="0")).status_code == 302
    assert set(DayInventory.objects.values_list("state", "sold")) == {("closed", 5), ("closed", 0)}


@pytest.mark.parametrize(
    "changes",
    [
        {"last": "2000-01-01"},
        {"last": NEXT + dt.timedelta(days=900)},
        {"last": NEXT, "weekdays": [str(NEXT.isoweekday() % 7 + 1)]},
        {"weekdays": []},
        {"allotment": "-1"},
        {"allotment": "1e9"},
        {"sku": ["0"]},
        {"sku": []},
        {"state": "magic"},
        {"first": "yesterday"},
    ],
)
def test_stock_that_makes_no_sense_is_refused(log_in: LogIn, sku: Sku, changes: dict[str, object]) -> None:
    url = f"/suppliers/{sku.resource.supplier_id}/stock/edit"
    assert log_in("planner").post(url, stock_form(sku, **changes)).status_code == 422
    assert DayInventory.objects.count() == 0


def test_another_suppliers_unit_is_not_changed_here(log_in: LogIn, sku: Sku) -> None:
    other = Supplier.objects.create(code="other", name="别家")
    assert log_in("planner").post(f"/suppliers/{other.pk}/stock/edit", stock_form(sku)).status_code == 422
    assert DayInventory.objects.count() == 0


def test_cancellation_tiers_are_replaced_whole(log_in: LogIn, sku: Sku) -> None:
    supplier = sku.resource.supplier
    url = f"/suppliers/{supplier.pk}/cancellation"
    form = {
        "tier-TOTAL_FORMS": "2", "tier-INITIAL_FORMS": "0", "tier-0-days_from": "6", "tier-0-days_to": "4", "tier-0-percent": "20",
        "tier-1-days_from": "3", "tier-1-days_to": "0", "tier-1-percent": "60",
    }  # fmt: skip
    assert log_in("planner").post(url, form).status_code == 302
    kept = [(6, 4, Decimal("20.00")), (3, 0, Decimal("60.00"))]
    read = CancellationTier.objects.order_by("-days_from").values_list("days_from", "days_to", "percent")
    assert list(read) == kept
    for wrong in ({"tier-1-days_from": "2"}, {"tier-1-percent": "10"}, {"tier-1-days_to": "1"}, {"tier-0-percent": "101"}):
        assert log_in("planner").post(url, {**form, **wrong}).status_code == 422
    assert list(read.all()) == kept


def test_a_rate_of_exchange_that_moved_much_asks_whether_one_is_sure(log_in: LogIn, db: None) -> None:
    form = {"currency": "usd", "day": clock.today(), "rate": "7.12", "buffer_percent": "3"}
    assert log_in("planner").post("/suppliers/exchange/set", form).status_code == 302
    assert log_in("planner").post("/suppliers/exchange/set", {**form, "rate": "71.2"}).status_code == 422
    assert ExchangeRate.objects.get().rate == Decimal("7.12")
    assert log_in("planner").post("/suppliers/exchange/set", {**form, "rate": "71.2", "is_sure": "on"}).status_code == 302
    for wrong in ({"currency": "CNY"}, {"rate": "0"}, {"rate": "NaN"}, {"buffer_percent": "21"}, {"day": "2099-01-01"}):
        assert log_in("planner").post("/suppliers/exchange/set", {**form, **wrong}).status_code == 422
    assert ExchangeRate.objects.count() == 1
    page = log_in("finance").get("/suppliers/exchange").content.decode()
    assert "73.336" in page
    assert log_in("readonly").get("/suppliers/exchange").status_code == 403
    assert log_in("finance").post("/suppliers/exchange/set", form).status_code == 403


def test_terms_change_and_what_cannot_be_is_refused(log_in: LogIn, sku: Sku) -> None:
    supplier = sku.resource.supplier
    form = {
        "currency": "usd", "basis": "gross", "commission_percent": "12", "pay_days_before": "7", "quarantine_percent": "20",
        "is_active": "on", "note": XSS,
    }  # fmt: skip
    url = f"/suppliers/{supplier.pk}/terms"
    for wrong in ({"currency": "$$$"}, {"commission_percent": "120"}, {"quarantine_percent": "0"}):
        assert log_in("planner").post(url, {**form, **wrong}).status_code == 422
    assert log_in("planner").post(url, form).status_code == 302
    supplier.refresh_from_db()
    assert (supplier.currency, supplier.commission_percent, supplier.quarantine_percent) == ("USD", Decimal("12.00"), 20)
    page = log_in("planner").get(f"/suppliers/{supplier.pk}").content.decode()
    assert XSS not in page


@pytest.mark.parametrize("number", [1, 3])
def test_the_pages_cost_the_same_for_one_unit_and_for_three(
    log_in: LogIn, resource: Resource, number: int, django_assert_num_queries: object
) -> None:
    for at in range(number):
        sku = Sku.objects.create(resource=resource, code=f"S{at}", name=f"房型{at}")
        DayInventory.objects.create(sku=sku, day=clock.today(), allotment=3)
    client = log_in("planner")
    for path, queries in ((f"/suppliers/{resource.supplier_id}", 8), (f"/suppliers/{resource.supplier_id}/stock", 6)):
        client.get(path)
        with django_assert_num_queries(queries):  # type: ignore[operator]
            assert client.get(path).status_code == 200
