"""One hotel under many spellings; two hotels under nearly one. No database."""

import pytest

from catalog.matching.names import traits
from catalog.matching.pairing import find_pairs
from catalog.matching.places import compare_addresses, distance, shifted
from catalog.matching.scoring import Offer, weigh

LAKE = (30.2551, 120.1658)


def offer(number: int, supplier: int, name: str, **more: object) -> Offer:
    values: dict[str, object] = {"kind": "hotel", "city": "杭州", **more}
    return Offer(number, supplier, name=name, **values)  # type: ignore[arg-type]


def autos(*offers: Offer) -> set[tuple[int, int]]:
    return {(pair.left.id, pair.right.id) for pair in find_pairs(offers) if pair.is_auto}


@pytest.mark.parametrize(
    ("name", "brand", "branch"),
    [
        ("如家快捷酒店(杭州西湖湖滨店)", "如家", "西湖湖滨"),
        ("杭州西湖湖滨如家酒店", "如家", "西湖湖滨"),
        ("全季酒店（杭州火车东站东广场店）", "全季", "火车东站东广场"),
        ("7天优品酒店(西安钟楼店)", "7天优品", "西安钟楼"),
        ("希尔顿欢朋酒店", "希尔顿欢朋", ""),
        ("杭州黄龙饭店", "", ""),
        ("九州iuxury酒店", "", ""),
    ],
)
def test_a_name_is_taken_apart(name: str, brand: str, branch: str) -> None:
    found = traits(name, "杭州")
    assert (found.brand, found.branch) == (brand, branch)


@pytest.mark.parametrize(
    ("one", "other", "found"),
    [
        ("杭州市西湖区曙光路120号", "曙光路120号", "same"),
        ("曙光路120号", "西湖区曙光路132号", "number"),
        ("西湖区曙光路", "曙光路120号", "road"),
        ("东坡路65号", "延安路258号", "other"),
        ("那拉提", "曙光路120号", ""),
    ],
)
def test_addresses_are_compared_by_road_and_number(one: str, other: str, found: str) -> None:
    assert compare_addresses(one, other) == found


def test_the_other_map_system_is_recognised_and_never_taken_for_a_distance() -> None:
    away, is_shifted = distance(LAKE, shifted(LAKE))
    assert is_shifted
    assert away < 1
    plain, is_shifted = distance(LAKE, (LAKE[0] + 0.01, LAKE[1]))
    assert not is_shifted
    assert 1100 < plain < 1125


def test_one_branch_under_three_spellings_is_joined() -> None:
    offers = [
        offer(1, 1, "如家快捷酒店(杭州西湖湖滨店)", address="上城区东坡路65号", place=LAKE),
        offer(2, 2, "杭州西湖湖滨如家酒店", address="东坡路65号"),
        offer(3, 3, "如家（西湖湖滨店）", place=(30.2552, 120.1659)),
    ]
    assert autos(*offers) == {(1, 2), (1, 3), (2, 3)}


@pytest.mark.parametrize(
    "other",
    [
        "如家快捷酒店(杭州西湖断桥店)",  # another branch
        "如家精选酒店(杭州西湖湖滨店)",  # another line of the chain
        "如家派柏云酒店(杭州西湖湖滨店)",  # a line we do not know
        "汉庭酒店(杭州西湖湖滨店)",  # another chain
        "如家快捷酒店(杭州西湖湖滨二店)",  # the second house
        "如家快捷酒店",  # no branch named
        "杭州西湖湖滨公寓",
    ],
)
def test_a_neighbour_of_nearly_the_same_name_is_never_joined(other: str) -> None:
    known = offer(1, 1, "如家快捷酒店(杭州西湖湖滨店)", address="东坡路65号", place=LAKE)
    neighbour = offer(2, 2, other, address="东坡路69号", place=(30.2553, 120.1661))
    assert autos(known, neighbour) == set()


def test_the_same_name_in_another_city_is_another_house() -> None:
    assert weigh(offer(1, 1, "国际饭店"), offer(2, 2, "国际饭店", city="上海")).score == 0


def test_a_common_name_alone_joins_nothing() -> None:
    assert autos(offer(1, 1, "湖景酒店"), offer(2, 2, "湖景酒店")) == set()
    near = {"address": "灵隐支路9号", "place": LAKE}
    assert autos(offer(1, 1, "湖景酒店", **near), offer(2, 2, "湖景酒店", **near)) == {(1, 2)}


def test_two_candidates_of_one_supplier_leave_it_to_a_person() -> None:
    twins = [offer(2, 2, "杭州黄龙饭店", place=LAKE), offer(3, 2, "黄龙饭店", place=LAKE)]
    pairs = find_pairs([offer(1, 1, "杭州黄龙饭店", place=LAKE), *twins])
    assert [pair.is_auto for pair in pairs] == [False, False, False]


def test_two_offers_of_one_supplier_are_never_joined_by_themselves() -> None:
    assert autos(offer(1, 1, "杭州黄龙饭店", place=LAKE), offer(2, 1, "杭州黄龙饭店", place=LAKE)) == set()
