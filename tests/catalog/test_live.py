"""A supplier with its own system: its list, its days, holds that expire, prices that change, outages."""

import datetime as dt
import uuid
from decimal import Decimal

import pytest

from catalog.models import DayInventory, FeedRun, LiveBooking, LiveOffer, RateRow, Resource, Supplier
from catalog.queries.rates import contract_rates
from catalog.services.live import refresh_live_days, sync_live_supplier, take_jump
from catalog.services.live_booking import (
    ask_availability,
    cancel_live,
    confirm_live,
    hold_live,
    look_after_live_holds,
    settle_live_booking,
)
from core import clock
from core.errors import BadInput, Refused
from core.models import Job
from core.worker import run_pending
from gateways.simulator.testing import SimulatorHandle
from staff.models import User
from tests.catalog.conftest import LogIn

pytestmark = pytest.mark.django_db
PIECES = {"adult": 2, "child": 1}


@pytest.fixture
def supplier(simulator: SimulatorHandle) -> Supplier:
    """A supplier whose list was read once."""
    found = Supplier.objects.create(code="yelin", name="椰林供应链", is_live=True)
    sync_live_supplier(found.pk)
    run_pending("bulk")
    return found


@pytest.fixture
def offer(supplier: Supplier) -> LiveOffer:
    return LiveOffer.objects.get(product_id="sy-yacht", option_id="am")


def free_day(offer: LiveOffer) -> dt.date:
    rows = DayInventory.objects.filter(sku=offer.sku, state="available", allotment__gte=6, day__gt=clock.today())
    return rows.earliest("day").day


def hold(offer: LiveOffer, **more: object) -> LiveBooking:
    values: dict[str, object] = {"key": uuid.uuid4(), "day": free_day(offer), "pieces": PIECES, **more}
    return hold_live(sku_id=offer.sku_id, **values)  # type: ignore[arg-type]


def test_the_list_comes_in_as_a_feed_and_the_days_as_stock_and_rates(supplier: Supplier, offer: LiveOffer) -> None:
    assert (FeedRun.objects.get().state, Resource.objects.filter(supplier=supplier).count()) == ("applied", 5)
    yacht = Resource.objects.get(external_id="sy-yacht")
    assert (yacht.price_amount, yacht.city, yacht.latitude) == (Decimal("198.00"), "三亚", 18.209)
    assert LiveOffer.objects.count() == 8
    assert DayInventory.objects.filter(sku=offer.sku).count() == 61
    day = free_day(offer)
    rate = contract_rates([(offer.sku_id, day)], 2)[offer.sku_id, day]
    assert (rate.amount, rate.currency, rate.unit) == (Decimal("198.00"), "CNY", "person")
    assert [(age.age_from, age.age_to, age.percent) for age in rate.ages] == [(3, 11, Decimal("50.00"))]


def test_the_same_list_again_changes_nothing(supplier: Supplier) -> None:
    before = list(Resource.objects.order_by("id").values())
    sync_live_supplier(supplier.pk)
    assert FeedRun.objects.count() == 1
    assert list(Resource.objects.order_by("id").values()) == before


def test_a_list_that_lost_most_of_its_products_waits_for_a_person(supplier: Supplier, simulator: SimulatorHandle) -> None:
    simulator.do("octo/withdraw", product_ids=["sy-dive", "sy-show", "sy-farm"])
    sync_live_supplier(supplier.pk)
    assert FeedRun.objects.latest("id").state == "quarantined"
    assert Resource.objects.filter(supplier=supplier, gone_at__isnull=True).count() == 5


def test_prices_that_jump_are_held_back_until_a_person_says_so(
    supplier: Supplier, offer: LiveOffer, simulator: SimulatorHandle
) -> None:
    simulator.do("octo/price", product_id="sy-yacht", percent=10_000)
    refresh_live_days(offer.sku_id)
    offer.refresh_from_db()
    assert (offer.trouble, RateRow.objects.filter(plan__sku=offer.sku).earliest("id").amount) == ("price_jump", Decimal("198.00"))
    planner = User.objects.create(username="gao", display_name="高远")
    take_jump(sku_id=offer.sku_id, user=planner)
    run_pending("bulk")
    offer.refresh_from_db()
    assert (offer.trouble, RateRow.objects.filter(plan__sku=offer.sku).earliest("id").amount) == ("", Decimal("19800.00"))
    with pytest.raises(Refused):
        take_jump(sku_id=offer.sku_id, user=planner)


def test_an_outage_keeps_the_last_good_days(offer: LiveOffer, simulator: SimulatorHandle) -> None:
    before = list(DayInventory.objects.filter(sku=offer.sku).values_list("day", "state", "allotment"))
    simulator.do("faults/set", side="api", host="octo", kind="errcode", value="UNAUTHORIZED", times=1)
    refresh_live_days(offer.sku_id)
    offer.refresh_from_db()
    assert offer.trouble == "UNAUTHORIZED"
    assert list(DayInventory.objects.filter(sku=offer.sku).values_list("day", "state", "allotment")) == before


def test_a_hold_is_confirmed_and_cancelled(offer: LiveOffer, simulator: SimulatorHandle) -> None:
    key = uuid.uuid4()
    booking = hold(offer, key=key, expected_amount=Decimal("495.00"))
    assert (booking.state, booking.net_amount, booking.currency) == ("held", Decimal("495.00"), "CNY")
    assert booking.expires_at is not None
    assert booking.expires_at > clock.now()
    assert hold(offer, key=key).pk == booking.pk
    confirmed = confirm_live(key=key, reference="XC-7")
    assert (confirmed.state, confirmed.expires_at) == ("confirmed", None)
    assert confirmed.reference.startswith("OC")
    assert confirm_live(key=key).reference == confirmed.reference
    assert cancel_live(key=key).state == "cancelled"
    assert cancel_live(key=key).state == "cancelled"
    counters = simulator.world.state.counters
    assert [counters[f"octo.{name}"] for name in ("reserved", "confirmed", "cancelled")] == [1, 1, 1]


def test_a_dearer_price_is_refused_before_anything_is_held(offer: LiveOffer, simulator: SimulatorHandle) -> None:
    simulator.do("octo/price", product_id="sy-yacht", percent=120)
    with pytest.raises(Refused) as error:
        hold(offer, expected_amount=Decimal("495.00"))
    assert error.value.code == "price_changed"
    assert simulator.do("octo/bookings") == []
    assert list(LiveBooking.objects.values_list("state", "error", "net_amount")) == [
        ("refused", "price_changed", Decimal("594.00"))
    ]


def test_a_sold_out_day_is_refused(offer: LiveOffer, simulator: SimulatorHandle) -> None:
    day = free_day(offer)
    simulator.do("octo/sold_out", product_id="sy-yacht", date=day.isoformat())
    assert ask_availability(sku_id=offer.sku_id, day=day, pieces=PIECES) is None
    with pytest.raises(Refused) as error:
        hold(offer, day=day)
    assert error.value.code == "sold_out"


def test_a_hold_that_ran_out_is_noticed_and_cannot_be_confirmed(offer: LiveOffer, simulator: SimulatorHandle) -> None:
    booking = hold(offer, minutes=10)
    simulator.do("clock/advance", seconds=601)
    with pytest.raises(Refused) as error:
        confirm_live(key=booking.key)
    assert error.value.code == "hold_over"
    booking.refresh_from_db()
    assert booking.state == "expired"
    other = hold(offer, minutes=10)
    simulator.do("clock/advance", seconds=601)
    LiveBooking.objects.filter(pk=other.pk).update(expires_at=clock.now() - dt.timedelta(seconds=1))
    look_after_live_holds()
    run_pending("usual")
    other.refresh_from_db()
    assert other.state == "expired"


@pytest.mark.parametrize("arrived", [True, False])
def test_a_lost_answer_is_settled_by_asking(offer: LiveOffer, simulator: SimulatorHandle, arrived: bool) -> None:
    kind = "lost_reply" if arrived else "reset"
    simulator.do("faults/set", side="api", host="octo", path="/bookings", kind=kind, times=1)
    booking = hold(offer)
    assert booking.state == "unknown"
    assert Job.objects.filter(function__endswith="settle_live_booking").count() == 1
    settle_live_booking(str(booking.key))
    settle_live_booking(str(booking.key))
    booking.refresh_from_db()
    assert (booking.state, booking.error) == (("held", "") if arrived else ("refused", "never_arrived"))
    assert len(simulator.do("octo/bookings")) == int(arrived)


def test_a_confirmation_whose_answer_was_lost_is_finished(offer: LiveOffer, simulator: SimulatorHandle) -> None:
    booking = hold(offer)
    simulator.do("faults/set", side="api", host="octo", path="/confirm", kind="reset", times=1)
    assert confirm_live(key=booking.key).state == "unknown"
    settle_live_booking(str(booking.key))
    booking.refresh_from_db()
    assert booking.state == "confirmed"


@pytest.mark.parametrize("pieces", [{}, {"adult": 0}, {"adult": -1}, {"senior": 1}, {"adult": 61}])
def test_pieces_that_make_no_sense_hold_nothing(offer: LiveOffer, pieces: dict[str, int]) -> None:
    with pytest.raises(BadInput):
        hold(offer, pieces=pieces)
    assert LiveBooking.objects.count() == 0


def test_what_is_not_live_and_what_is_over_is_refused(offer: LiveOffer, supplier: Supplier) -> None:
    with pytest.raises(BadInput):
        hold(offer, day=clock.today() - dt.timedelta(days=1))
    key = uuid.uuid4()
    hold(offer, key=key)
    with pytest.raises(Refused) as other:
        hold(offer, key=key, pieces={"adult": 1})
    assert other.value.code == "key_used"
    Supplier.objects.update(is_live=False)
    with pytest.raises(Refused) as error:
        hold(offer)
    assert error.value.code == "not_live"
    with pytest.raises(Refused) as unknown:
        confirm_live(key=uuid.uuid4())
    assert unknown.value.code == "unknown_booking"


def test_the_page_holds_confirms_and_gives_back(offer: LiveOffer, supplier: Supplier, log_in: LogIn) -> None:
    url = f"/suppliers/{supplier.pk}/live"
    planner, day = log_in("planner"), free_day(offer)
    form = {"sku": offer.sku_id, "day": day, "adults": "2", "children": "1"}
    assert planner.post(f"{url}/hold", {**form, "adults": "0", "children": "0"}).status_code == 422
    assert planner.post(f"{url}/hold", {**form, "day": "yesterday"}).status_code == 422
    assert LiveBooking.objects.count() == 0
    assert planner.post(f"{url}/hold", form).status_code == 302
    booking = LiveBooking.objects.get()
    page = planner.get(url).content.decode()
    assert "半山半岛帆船出海" in page
    assert "495 CNY" in page
    assert "495 CNY" not in log_in("readonly").get(url).content.decode()
    act = f"/suppliers/live/{booking.key}"
    assert planner.post(act, {"act": "burn"}).status_code == 400
    assert planner.post(act, {"act": "confirm"}).status_code == 302
    assert planner.post(act, {"act": "cancel"}).status_code == 302
    booking.refresh_from_db()
    assert booking.state == "cancelled"
    assert planner.post(act, {"act": "confirm"}).status_code == 409
    assert planner.post(f"{url}/sync").status_code == 302
    assert planner.get("/suppliers/999999999/live").status_code == 404
