"""The review queue, joined records, households: what staff see and do."""

import datetime as dt
from typing import Any

import pytest
from django.test import Client

from core import clock
from customers.models import Customer, HouseholdMember, Merge, MergeReview, Traveller
from customers.services import keys
from customers.services.resolve import Profile, resolve
from staff.models import User
from tests.factories import make_customer

pytestmark = pytest.mark.django_db


@pytest.fixture
def boss(lin: User, client: Client) -> Client:
    client.force_login(lin)
    return client


def weak(source: str, phone: str, **fields: Any) -> Customer:
    about = Profile(name="苏晴", birthday=clock.today().replace(year=1990, day=1), **fields)
    return resolve([keys.phone(phone)], source=source, profile=about).customer


def test_a_question_is_shown_side_by_side_and_answered_with_a_way_back(boss: Client) -> None:
    su, twin = weak("mini", "+8613800000001"), weak("ota", "+8613900000002")
    page = boss.get("/customers/reviews").content.decode()
    assert "138****0001" in page
    assert "139****0002" in page
    assert page.count('class="differs"') >= 2
    review = MergeReview.objects.get()
    assert review.reason == "name_birthday"
    assert boss.post(f"/customers/reviews/{review.pk}/merge").status_code == 204
    merge = Merge.objects.get()
    assert (merge.survivor, merge.absorbed) == (su, twin)
    panel = boss.get(f"/customers/{su.pk}/merges").content.decode()
    assert f"/customers/merges/{merge.pk}/undo" in panel
    assert boss.post(f"/customers/merges/{merge.pk}/undo").status_code == 204
    assert Customer.objects.get(pk=twin.pk).merged_into is None
    assert MergeReview.objects.get().state == "open"  # a slip of the finger: the question is back
    assert boss.post(f"/customers/reviews/{review.pk}/merge").status_code == 204
    Merge.objects.filter(undone_at=None).update(at=clock.now() - dt.timedelta(hours=1))
    assert boss.post(f"/customers/merges/{Merge.objects.get(undone_at=None).pk}/undo").status_code == 204
    assert MergeReview.objects.get().state == "different"
    assert boss.post(f"/customers/reviews/{review.pk}/merge").status_code == 404


def test_two_people_are_never_suggested_again_unless_undone(boss: Client) -> None:
    weak("mini", "+8613800000001"), weak("ota", "+8613900000002")
    review = MergeReview.objects.get()
    assert boss.post(f"/customers/reviews/{review.pk}/apart").status_code == 204
    weak("pos", "+8613800000001"), weak("pos", "+8613900000002")
    assert list(MergeReview.objects.values_list("state", flat=True)) == ["different"]
    assert boss.post(f"/customers/reviews/{review.pk}/reopen").status_code == 204
    assert list(MergeReview.objects.values_list("state", flat=True)) == ["open"]


@pytest.mark.parametrize("rows", [1, 3])
def test_the_queue_takes_the_same_queries_for_one_and_for_three(boss: Client, rows: int, django_assert_num_queries: Any) -> None:
    for number in range(rows):
        for phone in ("1380000", "1390000"):
            about = Profile(name=f"苏晴{'甲乙丙'[number]}", birthday=clock.today().replace(year=1990))
            resolve([keys.phone(f"+86{phone}000{number}")], source="test", profile=about)
    boss.get("/customers/reviews")
    with django_assert_num_queries(11):
        assert boss.get("/customers/reviews").content.decode().count("data-pair") == rows


def test_travellers_make_the_household_and_the_children_s_ages(boss: Client) -> None:
    su = make_customer("苏晴")
    url = f"/customers/{su.pk}/travellers"
    born = clock.today().replace(year=clock.today().year - 6, day=1).isoformat()
    assert boss.post(url, {"name": "", "kinship": "child"}).status_code == 422
    assert boss.post(url, {"name": "苏小满", "kinship": "child", "birthday": born}).status_code == 204
    child = Traveller.objects.get()
    assert Customer.objects.get(pk=su.pk).child_ages == [6]
    panel = boss.get(f"/customers/{su.pk}/household").content.decode()
    assert "<svg" in panel
    assert "苏小满" in panel
    assert boss.post(f"{url}/{child.pk}/remove").status_code == 204
    assert Customer.objects.get(pk=su.pk).child_ages in ([6], [])
    assert boss.post(f"{url}/{child.pk}/restore").status_code == 204
    assert boss.get(f"{url}/{child.pk}").status_code == 200


def test_another_customer_joins_the_household_by_phone(boss: Client) -> None:
    su, lu = (
        resolve([keys.phone(f"+861380000000{n}")], source="t", profile=Profile(name=name)).customer
        for n, name in ((1, "苏晴"), (2, "陆遥"))
    )
    url = f"/customers/{su.pk}/household"
    assert boss.post(f"{url}/add", {"phone": "13800000009", "kinship": "spouse"}).status_code == 400
    assert boss.post(f"{url}/add", {"phone": "13800000002", "kinship": "spouse"}).status_code == 204
    assert f'href="/customers/{lu.pk}"' in boss.get(url).content.decode()
    member = HouseholdMember.objects.get(customer=lu)
    assert boss.post(f"{url}/{member.pk}/remove").status_code == 204
    assert not HouseholdMember.objects.filter(customer=lu).exists()


def test_the_portrait_card_says_when_it_is_computed(boss: Client) -> None:
    su = make_customer()
    assert boss.get(f"/customers/{su.pk}/portrait").status_code == 200
