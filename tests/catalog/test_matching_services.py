"""What is certain is joined by itself; people decide the rest; everything can be taken back."""

from decimal import Decimal

import pytest

from catalog.models import MatchPair, Resource, Spu, SpuChange, Supplier
from catalog.services.matching import (
    accept_match,
    match_resources,
    merge_resources,
    reject_match,
    split_resource,
    undo_change,
)
from core.errors import BadInput, Refused
from staff.models import AuditEntry, User
from tests.catalog.conftest import LogIn

pytestmark = pytest.mark.django_db
XSS = "<script>alert(1)</script>"


def put(supplier: str, name: str, **more: object) -> Resource:
    found, _new = Supplier.objects.get_or_create(code=supplier, defaults={"name": supplier})
    number = Resource.objects.count()
    values: dict[str, object] = {"kind": "hotel", "city": "杭州", "price_amount": Decimal(300), **more}
    return Resource.objects.create(supplier=found, external_id=f"H{number}", name=name, **values)


@pytest.fixture
def planner(db: None) -> User:
    return User.objects.create(username="gao", display_name="高远", role="planner")


@pytest.fixture
def sure(db: None) -> tuple[Resource, Resource]:
    """One hotel at two suppliers, beyond doubt."""
    place = {"address": "曙光路120号", "latitude": 30.272, "longitude": 120.137}
    return put("a", "杭州黄龙饭店", **place), put("b", "黄龙饭店", **place)


@pytest.fixture
def unsure(db: None) -> tuple[Resource, Resource]:
    return put("a", "如家快捷酒店(杭州湖滨店)", address="东坡路65号"), put("b", "如家酒店(杭州湖滨银泰店)", address="东坡路")


def spus(*resources: Resource) -> list[int | None]:
    return [Resource.objects.get(pk=one.pk).spu_id for one in resources]


def test_what_is_certain_is_joined_by_itself_and_once(sure: tuple[Resource, Resource]) -> None:
    match_resources("hotel")
    match_resources("hotel")
    spu = Spu.objects.get()
    assert spus(*sure) == [spu.pk, spu.pk]
    assert (spu.name, spu.kind, spu.city) == ("杭州黄龙饭店", "hotel", "杭州")
    assert list(SpuChange.objects.values_list("kind", "moves")) == [
        ("auto", [[sure[0].pk, None, spu.pk], [sure[1].pk, None, spu.pk]])
    ]
    assert MatchPair.objects.get().state == "auto"


def test_a_doubtful_pair_waits_and_leaves_the_queue_when_its_reasons_go(unsure: tuple[Resource, Resource]) -> None:
    match_resources("hotel")
    pair = MatchPair.objects.get()
    assert (pair.state, pair.left_id, pair.right_id) == ("review", unsure[0].pk, unsure[1].pk)
    assert {"same_brand", "branch_alike"} <= {one["code"] for one in pair.reasons}
    assert spus(*unsure) == [None, None]
    Resource.objects.filter(pk=unsure[1].pk).update(name="汉庭酒店(杭州东站店)")
    put("c", "如家酒店(杭州湖滨银泰店)", address="东坡路")
    match_resources("hotel")
    assert not MatchPair.objects.filter(pk=pair.pk).exists()


def test_a_person_joins_a_pair_and_takes_it_back(unsure: tuple[Resource, Resource], planner: User) -> None:
    match_resources("hotel")
    pair = MatchPair.objects.get()
    accept_match(pair_id=pair.pk, user=planner)
    assert spus(*unsure) == [Spu.objects.get().pk] * 2
    with pytest.raises(Refused) as error:
        accept_match(pair_id=pair.pk, user=planner)
    assert error.value.code == "decided"
    undo_change(change_id=SpuChange.objects.get().pk, user=planner)
    assert spus(*unsure) == [None, None]
    pair.refresh_from_db()
    assert pair.state == "review"
    with pytest.raises(Refused) as again:
        undo_change(change_id=SpuChange.objects.get().pk, user=planner)
    assert again.value.code == "undone"
    assert list(AuditEntry.objects.order_by("id").values_list("action", flat=True)) == ["match.accepted", "match.undone"]


def test_what_a_person_took_back_is_not_joined_by_itself_again(sure: tuple[Resource, Resource], planner: User) -> None:
    match_resources("hotel")
    undo_change(change_id=SpuChange.objects.get().pk, user=planner)
    match_resources("hotel")
    assert spus(*sure) == [None, None]
    assert MatchPair.objects.get().state == "review"


def test_rejecting_parts_what_the_machine_joined_and_stays_so(sure: tuple[Resource, Resource], planner: User) -> None:
    match_resources("hotel")
    reject_match(pair_id=MatchPair.objects.get().pk, user=planner)
    match_resources("hotel")
    assert spus(*sure)[1] is None
    assert MatchPair.objects.get().state == "rejected"


def test_splitting_and_taking_it_back(sure: tuple[Resource, Resource], planner: User) -> None:
    match_resources("hotel")
    spu = Spu.objects.get().pk
    change = split_resource(resource_id=sure[0].pk, user=planner)
    assert spus(*sure) == [None, spu]
    assert MatchPair.objects.get().state == "rejected"
    with pytest.raises(Refused) as error:
        split_resource(resource_id=sure[0].pk, user=planner)
    assert error.value.code == "not_joined"
    undo_change(change_id=change.pk, user=planner)
    assert spus(*sure) == [spu, spu]


def test_an_older_step_is_not_taken_back_under_a_newer_one(unsure: tuple[Resource, Resource], planner: User) -> None:
    third = put("c", "如家湖滨")
    merge_resources(resource_ids=[unsure[0].pk, unsure[1].pk], user=planner)
    first = SpuChange.objects.get()
    split_resource(resource_id=unsure[1].pk, user=planner)
    merge_resources(resource_ids=[unsure[1].pk, third.pk], user=planner)
    with pytest.raises(Refused) as error:
        undo_change(change_id=first.pk, user=planner)
    assert error.value.code == "changed_since"
    assert len(set(spus(unsure[1], third))) == 1


def test_two_things_become_one_with_all_their_offers(planner: User) -> None:
    offers = [put(code, f"旅馆{code}") for code in "abcd"]
    merge_resources(resource_ids=[offers[0].pk, offers[1].pk], user=planner)
    merge_resources(resource_ids=[offers[2].pk, offers[3].pk], user=planner)
    merge_resources(resource_ids=[offers[1].pk, offers[2].pk], user=planner)
    assert len(set(spus(*offers))) == 1
    undo_change(change_id=SpuChange.objects.latest("id").pk, user=planner)
    assert [len({*spus(*pair)}) for pair in (offers[:2], offers[2:])] == [1, 1]
    assert spus(offers[0]) != spus(offers[2])


def test_different_kinds_are_not_merged(planner: User) -> None:
    with pytest.raises(BadInput):
        merge_resources(resource_ids=[put("a", "旅馆").pk, put("b", "景点", kind="attraction").pk], user=planner)
    assert Spu.objects.count() == 0


def test_the_pages_show_the_queue_and_decide(log_in: LogIn, unsure: tuple[Resource, Resource]) -> None:
    Resource.objects.filter(pk=unsure[0].pk).update(address=f"东坡路65号{XSS}")
    match_resources("hotel")
    pair = MatchPair.objects.get()
    page = log_in("planner").get("/suppliers/matches")
    assert "如家酒店(杭州湖滨银泰店)" in page.content.decode()
    side = log_in("planner").get(f"/suppliers/matches/{pair.pk}").content.decode()
    assert XSS not in side
    assert "¥300.00" in side
    assert "¥300.00" not in log_in("readonly").get(f"/suppliers/matches/{pair.pk}").content.decode()
    assert log_in("planner").post(f"/suppliers/matches/{pair.pk}/decide", {"answer": "maybe"}).status_code == 400
    assert log_in("planner").post(f"/suppliers/matches/{pair.pk}/decide", {"answer": "same"}).status_code == 302
    change = SpuChange.objects.get()
    assert "如家酒店" in log_in("planner").get(f"/suppliers/resources/{unsure[0].pk}").content.decode()
    assert "如家酒店" in log_in("readonly").get("/suppliers/matches/changes").content.decode()
    assert log_in("planner").post(f"/suppliers/matches/changes/{change.pk}/undo").status_code == 302
    assert spus(*unsure) == [None, None]
    ids = {"id": [unsure[0].pk, unsure[1].pk]}
    assert log_in("planner").post("/suppliers/resources/merge", ids).status_code == 302
    assert log_in("planner").post(f"/suppliers/resources/{unsure[0].pk}/split").status_code == 302
    assert spus(unsure[0]) == [None]
    for path in (
        "/suppliers/matches/999999999/decide",
        "/suppliers/matches/changes/999999999/undo",
        "/suppliers/resources/999999999/split",
    ):
        assert log_in("planner").post(path, {"answer": "same"}).status_code == 404


@pytest.mark.parametrize("pairs", [1, 3])
def test_the_queue_costs_the_same_for_one_pair_and_for_three(
    log_in: LogIn, pairs: int, django_assert_num_queries: object
) -> None:
    for at in range(pairs):
        left, right = put("a", f"旅馆{at}"), put("b", f"旅社{at}")
        MatchPair.objects.create(left=left, right=right, score=0.5, reasons=[{"code": "price", "weight": 0.4, "detail": "×1.0"}])
    client = log_in("planner")
    client.get("/suppliers/matches")
    with django_assert_num_queries(5):  # type: ignore[operator]
        client.get("/suppliers/matches")
    first = MatchPair.objects.earliest("id")
    with django_assert_num_queries(5):  # type: ignore[operator]
        client.get(f"/suppliers/matches/{first.pk}")
