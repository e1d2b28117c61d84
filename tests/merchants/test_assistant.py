"""A merchant's people on their phones: their own rows only; redeemed once; settled and shared to the fen."""

import datetime as dt
from decimal import Decimal

import pytest
from django.test import Client

from core import clock
from core.errors import Refused
from core.worker import run_pending
from customers.models import Customer
from merchants.choices import ShareState
from merchants.models import Listing, Merchant, MerchantUser, Redemption, Share, Statement
from merchants.rules import Redeemed, Rule, part, shareable
from merchants.services.people import edit_merchant, end_work, make_merchant, put_to_work
from merchants.services.redeeming import redeem, take_back
from merchants.services.settling import confirm, decide_dispute, mark_paid, open_dispute, settle_until
from merchants.services.sharing import ask_about_share, send_share
from orders.models import OrderLine
from orders.services.placing import place_basket
from staff.models import User
from tests.orders.conftest import Cashier, cashier, customer, departure, product
from tests.orders.test_whole import make_offer, on, paid

__all__ = ["cashier", "customer", "departure", "product"]
pytestmark = pytest.mark.django_db


def somebody(name: str, role: str = "merchant") -> User:
    return User.objects.create_user(name, password="a-long-password-26", role=role, row_scope="own")


@pytest.fixture
def boss(db: None) -> User:
    return somebody("boss", "finance")


@pytest.fixture
def bikes(boss: User) -> Merchant:
    """洱海骑行, eight percent to the agency, half of points, no account at WeChat Pay."""
    made = make_merchant(code="bikes", name="洱海骑行", user=boss, points_percent=50, fee_percent=Decimal("8.00"))
    put_to_work(merchant=made, user=somebody("bike"), is_manager=True, by=boss)
    return made


@pytest.fixture
def line(bikes: Merchant, customer: Customer, cashier: Cashier) -> OrderLine:
    """Three rides, for today, paid."""
    offer = make_offer(in_days=0, price="88.33")
    Listing.objects.create(merchant=bikes, offer=offer)
    order = paid(place_basket(customer=customer, wishes=[on(offer, 3)]), cashier)
    return order.lines.get()


def browser(name: str) -> Client:
    client = Client()
    client.force_login(User.objects.get(username=name))
    return client


def test_what_is_redeemed_and_what_is_given_back_are_what_was_paid() -> None:
    rule = Rule(Decimal("8"), 50, 0)
    whole = [part(Redeemed(Decimal("100.00"), Decimal(0), Decimal("10.00"), 3, before, 1), rule) for before in range(3)]
    assert [one.gross for one in whole] == [Decimal("33.34"), Decimal("33.33"), Decimal("33.33")]
    assert sum(one.gross for one in whole) == Decimal("100.00")
    assert whole[0].net == Decimal("33.34") - Decimal("2.67") - Decimal("1.67")
    assert shareable(Decimal("50"), paid=Decimal("100"), shared=Decimal(0), refunded=Decimal(0)) == Decimal("30.00")
    assert shareable(Decimal("50"), paid=Decimal("100"), shared=Decimal("25"), refunded=Decimal("80")) == 0


def test_a_code_is_typed_looked_at_and_redeemed_once(bikes: Merchant, line: OrderLine) -> None:
    phone, code = browser("bike"), line.code or ""
    shown = phone.post("/merchant/scan", {"code": f" {code[:4]} {code[4:]} "})
    assert shown.status_code == 200
    key = shown.context["form"].initial["key"]
    for _twice in range(2):
        assert phone.post("/merchant/redeem", {"code": line.code, "quantity": 2, "key": key}).status_code == 302
    done = Redemption.objects.get()
    assert (done.quantity, done.gross_amount, done.fee_amount, done.net_amount) == (
        2, Decimal("176.66"), Decimal("14.13"), Decimal("162.53"),
    )  # fmt: skip
    assert phone.post("/merchant/redeem", {"code": line.code, "quantity": 2, "key": "another-key1"}).status_code in {409, 422}
    assert Redemption.objects.count() == 1
    page = phone.get("/merchant").content.decode()
    assert "¥176.66" in page


def test_a_strangers_code_offer_and_money_do_not_exist(bikes: Merchant, line: OrderLine, boss: User) -> None:
    other = make_merchant(code="cafe", name="古城咖啡", user=boss)
    put_to_work(merchant=other, user=somebody("cafe"), is_manager=True, by=boss)
    put_to_work(merchant=bikes, user=somebody("helper"), is_manager=False, by=boss)
    with pytest.raises(Refused) as caught:
        redeem(merchant=other, code=line.code or "", quantity=1, key="k" * 8, user=boss)
    assert caught.value.code == "unknown_code"
    redeem(merchant=bikes, code=line.code or "", quantity=1, key="k" * 8, user=boss)
    statement = settle_until(bikes.pk, clock.today(), clock.today())
    assert statement is not None
    stranger, helper = browser("cafe"), browser("helper")
    offer, done = line.offer_id, Redemption.objects.get().pk
    for method, path in (
        ("GET", f"/merchant/goods/{offer}"), ("POST", f"/merchant/goods/{offer}/days"), ("POST", f"/merchant/goods/{offer}/state"),
        ("GET", f"/merchant/statements/{statement.pk}"), ("POST", f"/merchant/statements/{statement.pk}/confirm"),
        ("POST", f"/merchant/redemptions/{done}/dispute"),
        ("POST", f"/merchant/people/{MerchantUser.objects.get(user__username='bike').pk}/end"),
    ):  # fmt: skip
        assert stranger.generic(method, path).status_code == 404, path
    assert helper.get("/merchant/statements").status_code == 404
    assert str(line.order.no) not in stranger.get("/merchant/orders").content.decode()
    assert str(line.order.no) in browser("bike").get("/merchant/orders").content.decode()
    for path in ("/orders", "/customers", "/merchants", "/bills"):
        assert stranger.get(path).status_code in {403, 404}
    assert browser("boss").get("/merchants").status_code == 200


def test_an_offer_is_made_priced_and_put_on_sale(bikes: Merchant) -> None:
    phone = browser("bike")
    wish = {"name": "环海骑行半日", "kind": "activity", "text": "含头盔", "price": "128.00", "most_per_order": 4}
    assert phone.post("/merchant/goods/new", wish | {"price": "-1"}).status_code == 422
    made = phone.post("/merchant/goods/new", wish)
    assert made.status_code == 302
    page = made.headers["Location"]
    assert phone.post(f"{page}/state", {"state": "on_sale"}).status_code == 409
    day = clock.today() + dt.timedelta(days=3)
    days = {"first_on": day, "last_on": day + dt.timedelta(days=1), "pieces": 6}
    assert phone.post(f"{page}/days", days | {"first_on": day - dt.timedelta(days=9)}).status_code == 422
    assert phone.post(f"{page}/days", days).status_code == 302
    assert phone.post(f"{page}/state", {"state": "on_sale"}).status_code == 302
    offer = Listing.objects.get().offer
    assert offer.state == "on_sale"
    assert [(one.departs_on, one.seats, one.adult_amount) for one in offer.product.departures.order_by("departs_on")] == [
        (day, 6, Decimal("128.00")), (day + dt.timedelta(days=1), 6, Decimal("128.00")),
    ]  # fmt: skip
    for path in (
        "/merchant",
        "/merchant/scan",
        "/merchant/goods",
        page,
        "/merchant/statements",
        "/merchant/people",
        "/merchant/redemptions",
    ):
        assert phone.get(path).status_code == 200, path


def test_shares_statement_and_taking_back_agree(bikes: Merchant, customer: Customer, cashier: Cashier, boss: User) -> None:
    edit_merchant(merchant=bikes, user=boss, account="1900000109", legal_name="大理骑行有限公司")
    run_pending("usual")
    bikes.refresh_from_db()
    assert bikes.account_ready
    offer = make_offer(in_days=0, price="100.00")
    offer.is_shared = True
    offer.save()
    Listing.objects.create(merchant=bikes, offer=offer)
    order = paid(place_basket(customer=customer, wishes=[on(offer, 2)]), cashier)
    code = order.lines.get().code or ""
    first = redeem(merchant=bikes, code=code, quantity=1, key="k1", user=boss)
    second = redeem(merchant=bikes, code=code, quantity=1, key="k2", user=boss)
    assert list(Share.objects.values_list("amount", "state")) == [(Decimal("60.00"), "waiting")]  # 30 % of 200
    share = Share.objects.get()
    cashier.do("clock/advance", seconds=61)
    send_share(share.pk)
    cashier.do("clock/advance", seconds=10)
    ask_about_share(share.pk)
    assert Share.objects.get().state == ShareState.DONE
    statement = settle_until(bikes.pk, clock.today(), clock.today())
    assert statement is not None
    assert (statement.net_amount, statement.shared_amount, statement.to_pay_amount) == (
        Decimal("184.00"), Decimal("60.00"), Decimal("124.00"),
    )  # fmt: skip
    with pytest.raises(Refused):
        mark_paid(statement=statement, reference="B001234", user=boss)
    confirm(statement=statement, user=User.objects.get(username="bike"))
    mark_paid(statement=statement, reference="B001234", user=boss)
    dispute = open_dispute(redemption=first, kind="take_back", words="客人没有来", user=User.objects.get(username="bike"))
    decide_dispute(dispute=dispute, uphold=True, answer="已核实无误", user=boss)
    run_pending("usual")
    assert Share.objects.get().state == ShareState.RETURNED
    with pytest.raises(Refused):
        take_back(redemption=first, user=boss)
    assert order.lines.get().redeemed_quantity == 1
    later = settle_until(bikes.pk, clock.today() + dt.timedelta(days=7), clock.today() + dt.timedelta(days=13))
    assert later is not None
    assert (later.net_amount, later.shared_amount, later.to_pay_amount) == (
        Decimal("-92.00"),
        Decimal("-60.00"),
        Decimal("-32.00"),
    )
    got = sum(one.to_pay_amount for one in Statement.objects.all()) + cashier_kept(cashier)
    assert got == second.net_amount


def cashier_kept(cashier: Cashier) -> Decimal:
    """What the platform says the merchant has of shares."""
    shares = cashier.simulator.world.state.shares.values()
    return Decimal(sum(one["amount"] - one["returned"] for share in shares for one in share.receivers)) / 100


def test_a_merchant_keeps_a_manager_and_a_merchant_role(bikes: Merchant, boss: User) -> None:
    with pytest.raises(Refused) as caught:
        put_to_work(merchant=bikes, user=somebody("sales9", "sales"), is_manager=False, by=boss)
    assert caught.value.code == "no_merchant_role"
    with pytest.raises(Refused) as caught:
        end_work(person=MerchantUser.objects.get(), by=boss)
    assert caught.value.code == "last_manager"
