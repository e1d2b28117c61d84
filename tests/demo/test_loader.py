"""Loading: everything lands where it belongs, adds up, and is what the generator said."""

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import Count, F, Max, Sum
from pytest_django import DjangoDbBlocker

from campaigns.choices import Arm, CampaignState, FollowUpState
from campaigns.models import Attribution, Campaign, FollowUp, Recipient
from catalog.choices import SaleState
from catalog.models import Departure, Product, Resource, Supplier
from core.event_types import BEHAVIOUR_KINDS
from core.models import Event
from core.secrets import unseal
from customers.models import Activity, Consent, Customer, Identity, Relationship
from customers.services.keys import mini_openid
from customers.services.resolve import resolve
from gateways.simulator.store import load as load_snapshot
from messaging.choices import MessageState
from messaging.models import Message
from orders.models import Order, Payment, Refund
from scrm.demo import world
from scrm.demo.loader import load, platform
from scrm.demo.loader.story import load_story
from scrm.demo.population import make_population
from staff.models import AgencyPolicy, User
from tagging.models import Segment, TagAssignment

pytestmark = pytest.mark.django_db  # each test is a savepoint within the transaction that holds the demo
AT = dt.datetime.now(dt.UTC).replace(microsecond=0)
WISH = load.Wish(customers=800, events=24_000, seed=7, at=AT)
BEHAVIOUR = Event.objects.filter(kind__in=BEHAVIOUR_KINDS)


def silent(_text: str) -> None:
    """Nobody watches a test."""


@pytest.fixture(scope="module")
def truth(django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The demo, loaded once for this file and rolled back after it; the path of the truth."""
    path = tmp_path_factory.mktemp("demo") / "truth.jsonl"
    with django_db_blocker.unblock(), transaction.atomic():
        load_story(load.load_world(WISH, path, silent), silent)
        yield path.with_name("truth.jsonl.new")
        transaction.set_rollback(True)


def interests(path: Path) -> dict[int, set[str]]:
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return {line["customer_id"]: set(line["interests"]) for line in lines}


@pytest.mark.usefixtures("truth")
class TestWhatIsThere:
    def test_the_agency(self) -> None:
        assert list(User.objects.order_by("id").values_list("username", flat=True)) == [m.username for m in world.staff()]
        admin = User.objects.get(username="admin")
        assert admin.check_password(world.agency().password)
        assert admin.is_superuser
        assert admin.wecom_userid == "admin"
        assert AgencyPolicy.current().agency_name == "山海旅行社"

    def test_the_catalogue(self) -> None:
        assert Supplier.objects.count() == 4
        assert Resource.objects.count() == 441
        assert not Resource.objects.filter(price_amount=None).exists()
        assert not Resource.objects.filter(destination=None).exists()
        assert Product.objects.exclude(state=SaleState.CUSTOM).count() == 24
        assert Product.objects.filter(state=SaleState.CUSTOM).count() == 4  # itineraries that were accepted
        hours = Resource.objects.get(name="成都博物馆").attributes["hours"]
        assert hours == [{"days": [2, 3, 4, 5, 6, 7], "opens": 540, "closes": 1020, "seasons": ""}]
        for product in Product.objects.exclude(destination__code="yili").exclude(state=SaleState.CUSTOM):
            coming = product.departures.filter(departs_on__gt=AT.date()).order_by("adult_amount")
            assert product.price_from_amount <= coming[0].adult_amount

    def test_as_many_customers_and_events_as_wished(self) -> None:
        assert Customer.objects.count() == 800
        campaign_looks = 2 * Message.objects.filter(clicked_at__isnull=False).count()
        assert BEHAVIOUR.count() == 24_000 + campaign_looks
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM core_event_default")
            assert cursor.fetchone() == (0,)

    def test_every_customer_has_an_activity_that_is_true(self) -> None:
        assert Activity.objects.count() == 800
        counted = dict(BEHAVIOUR.values_list("customer_id").annotate(Count("key")))
        kept = dict(Activity.objects.filter(event_count__gt=0).values_list("customer_id", "event_count"))
        assert kept == counted
        last = dict(BEHAVIOUR.values_list("customer_id").annotate(Max("occurred_at")))
        for customer_id, seen in Activity.objects.filter(event_count__gt=0).values_list("customer_id", "last_seen_at"):
            assert abs((seen - last[customer_id]).total_seconds()) < 3

    def test_who_logs_in_is_found_again(self) -> None:
        people = make_population(7, 0, AT)
        index = next(i for i in range(1000) if people.ids.openid[i] and people.ids.phone[i])
        found = resolve([mini_openid(people.ids.openid[index])], source="mini")
        customer, is_new = found.customer, found.is_new
        assert not is_new
        assert customer.nickname == people.nickname[index]
        phone = customer.identities.get(kind="phone")
        assert unseal(bytes(phone.value_sealed)) == f"+86{people.ids.phone[index]}"
        assert customer.phone_masked == f"{people.ids.phone[index][:3]}****{people.ids.phone[index][-4:]}"

    def test_identities_relations_and_consents_hang_together(self) -> None:
        with_contact = Identity.objects.filter(kind="external_userid").count()
        assert Relationship.objects.count() == with_contact
        assert Customer.objects.filter(owner__isnull=False).count() == with_contact
        assert Relationship.objects.exclude(state="active").filter(ended_at=None).count() == 0
        assert Relationship.objects.filter(added_at__gt=AT).count() == 0
        assert Consent.objects.filter(purpose="service", is_current=True).count() == 800
        assert Consent.objects.filter(is_current=False).exists()
        states = dict(Relationship.objects.values_list("state").annotate(Count("id")))
        assert set(states) == {"active", "deleted_by_customer", "deleted_by_staff"}

    def test_row_scope_has_something_to_show(self) -> None:
        seen = [Customer.objects.visible_to(User.objects.get(username=name)).count() for name in ("sales1", "sales3", "ops")]
        assert 120 < seen[0] < seen[1] < seen[2] == 800

    def test_orders_payments_and_refunds_add_up(self) -> None:
        assert {state for (state,) in Order.objects.values_list("state")} == {"placed", "paid", "completed", "closed", "refunded"}
        paid = Order.objects.filter(paid_at__isnull=False)
        assert Payment.objects.filter(state="paid").count() == paid.count()
        assert Payment.objects.filter(state="paid").exclude(amount=F("order__total_amount")).count() == 0
        done = Refund.objects.filter(state="done").aggregate(total=Sum("amount"))["total"]
        assert done == Order.objects.aggregate(total=Sum("refunded_amount"))["total"]
        assert Order.objects.filter(state="placed").count() == 9  # eight trips of the catalogue and an accepted itinerary
        assert Refund.objects.filter(state="requested").count() == 3
        facts = dict(Event.objects.filter(kind__startswith="order.").values_list("kind").annotate(Count("key")))
        assert facts["order.placed"] == Order.objects.count()
        assert facts["order.paid"] == paid.count()

    def test_seats_taken_are_those_of_the_orders(self) -> None:
        taken: dict[int, int] = {}
        for order in Order.objects.filter(state__in=["placed", "paid", "completed"]):
            taken[order.departure_id] = taken.get(order.departure_id, 0) + order.people
        kept = dict(Departure.objects.filter(seats_taken__gt=0).values_list("id", "seats_taken"))
        assert kept == taken

    def test_new_rows_do_not_collide_with_the_loaded_ones(self) -> None:
        with transaction.atomic():
            customer = Customer.objects.create(nickname="新来的")
            assert customer.pk == 801
            product = Product.objects.get(code="P05")
            extra = Departure.objects.create(
                product=product, departs_on=dt.date(2031, 1, 1), adult_amount=1, child_amount=1, seats=1
            )
            assert extra.pk > Departure.objects.exclude(pk=extra.pk).aggregate(last=Max("pk"))["last"]
            transaction.set_rollback(True)


class TestTheStory:
    def test_rules_tag_people_who_really_have_the_interest(self, truth: Path) -> None:
        hidden = interests(truth)
        given = TagAssignment.objects.filter(tag__group__name="兴趣主题").values_list("customer_id", "tag__name", "evidence")
        hits = [name in hidden[customer_id] for customer_id, name, _evidence in given]
        assert len(hits) > 200
        assert sum(hits) / len(hits) > 0.6
        share = sum(len(liked) for liked in hidden.values()) / len(hidden) / 10
        assert sum(hits) / len(hits) > 3 * share  # far better than guessing
        assert all(evidence for _customer, _name, evidence in given)

    def test_some_tags_were_given_by_hand(self) -> None:
        assert TagAssignment.objects.filter(source="manual").count() > 30

    def test_segments_have_members(self) -> None:
        assert Segment.objects.count() == 8

    def test_past_campaigns_were_decided_by_the_governor(self) -> None:
        finished = Campaign.objects.filter(state=CampaignState.FINISHED)
        assert finished.count() == 3
        for campaign in finished:
            arms = dict(Recipient.objects.filter(campaign=campaign).values_list("arm").annotate(Count("id")))
            assert set(arms) == {Arm.TREATED, Arm.HOLDOUT, Arm.EXCLUDED}
            states = dict(Message.objects.filter(campaign_id=campaign.pk).values_list("state").annotate(Count("id")))
            assert sum(states.values()) == arms[Arm.TREATED]
            assert states[MessageState.SENT] > 0.85 * arms[Arm.TREATED]
            assert campaign.launched_at is not None
            assert campaign.finished_at is not None
            assert campaign.launched_at < campaign.finished_at < AT
        waiting = set(Campaign.objects.exclude(state=CampaignState.FINISHED).values_list("state", flat=True))
        assert waiting == {CampaignState.DRAFT, CampaignState.IN_REVIEW}

    def test_who_opened_the_card_likes_the_theme_more_often(self, truth: Path) -> None:
        hidden, themes = interests(truth), {product.code: set(product.themes) for product in world.products()}
        sent = Message.objects.filter(state=MessageState.SENT).values_list("customer_id", "content__product_code", "clicked_at")
        rates: dict[bool, list[bool]] = {True: [], False: []}
        for customer_id, code, clicked_at in sent:
            rates[bool(hidden[customer_id] & themes[code])].append(clicked_at is not None)
        likes, others = (sum(rates[key]) / len(rates[key]) for key in (True, False))
        assert likes > 1.5 * others

    def test_attribution_was_computed_from_touches(self) -> None:
        assert Attribution.objects.exists()
        for credit in Attribution.objects.select_related("order", "message"):
            paid_at = credit.order.paid_at
            assert paid_at is not None
            assert credit.message.customer_id == credit.order.customer_id
            assert dt.timedelta(0) <= paid_at - credit.touched_at <= dt.timedelta(days=7)
            assert credit.amount == credit.order.paid_amount - credit.order.refunded_amount

    def test_there_is_work_for_today(self) -> None:
        open_tasks = FollowUp.objects.filter(state=FollowUpState.OPEN)
        assert open_tasks.filter(due_at__lte=AT + dt.timedelta(days=1)).count() > 3
        done = FollowUp.objects.filter(state=FollowUpState.DONE)
        assert done.exists()
        assert not done.filter(done_by=None).exists()


@pytest.mark.usefixtures("truth")
def test_a_database_in_use_is_left_alone(tmp_path: Path) -> None:
    before = Customer.objects.count()
    with pytest.raises(load.NotEmpty):
        load.load_world(WISH, tmp_path / "truth", silent)
    assert Customer.objects.count() == before


@pytest.mark.usefixtures("truth")
def test_the_same_people_are_planted_on_the_platforms(settings: Any, tmp_path: Path) -> None:
    settings.SIM_URL = "http://127.0.0.1:9"  # nobody listens there
    where = platform.plant(customers=800, seed=7, at=AT, state=tmp_path)
    assert where == f"in the snapshot {tmp_path / 'simulator'}"
    state = load_snapshot(tmp_path / "simulator")
    assert set(state.contacts) == set(Relationship.objects.values_list("external_userid", flat=True))
    friends = sum(len(own) for own in state.relations.values())
    assert friends == Relationship.objects.filter(state="active").count()
    assert len(state.mini_users) == Identity.objects.filter(kind="mini_openid").count()
    payment = Payment.objects.filter(state="paid").latest("id")
    planted = state.orders[payment.out_trade_no]
    assert planted.total == payment.amount * 100
    assert planted.transaction_id == payment.transaction_id


def test_a_running_simulator_is_told_over_http(truth: Path, settings: Any, simulator: Any, tmp_path: Path) -> None:
    where = platform.plant(customers=800, seed=7, at=AT, state=tmp_path, reset=True)
    assert where == f"at {settings.SIM_URL}"
    counts = simulator.do("state")["counts"]
    assert counts["contacts"] == Relationship.objects.count()
    assert counts["orders"] == Payment.objects.filter(state="paid").count()
    assert not (tmp_path / "simulator").exists()
