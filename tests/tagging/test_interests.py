"""Interests from behaviour: chance and other interests explain views away; the measure reaches its target."""

from evaluations._tag_lift import measure
from tagging.interests import Catalogue, find

THEMES = {
    **{f"C{n}": ["热门"] for n in range(20)}, **{f"F{n}": ["亲子", "热门"] for n in range(4)}, **{f"I{n}": ["海岛"] for n in range(4)},
    "X": ["亲子", "海岛"],
}  # fmt: skip
CATALOGUE = Catalogue.of(THEMES, {})
MASSES = {theme: CATALOGUE.mass(theme) for theme in ("热门", "亲子", "海岛")}


def drawn_to(*codes: str) -> dict[str, float]:
    found = find([(code, 1.0) for code in codes], CATALOGUE, MASSES)
    return {one.theme: one.probability for one in found if one.probability >= 0.5}


def test_views_of_what_everybody_sees_are_no_interest() -> None:
    assert drawn_to("C1", "C2", "C3", "C4", "C5") == {}


def test_a_rare_theme_seen_often_is_one_and_its_companion_is_explained_away() -> None:
    assert set(drawn_to("F0", "F1", "F2", "F3", "F0", "C7")) == {"亲子"}


def test_one_view_is_none_and_two_interests_are_two() -> None:
    assert drawn_to("I0") == {}
    both = drawn_to("I0", "I1", "I2", "I3", "F0", "F1", "F2", "F3")
    assert set(both) == {"亲子", "海岛"}


def test_faded_views_say_less() -> None:
    fresh = find([(code, 1.0) for code in ("I0", "I1", "I2")], CATALOGUE, MASSES)
    old = find([(code, 0.3) for code in ("I0", "I1", "I2")], CATALOGUE, MASSES)
    assert [one.theme for one in fresh] == ["海岛"]
    assert not old or old[0].probability < fresh[0].probability


def test_the_views_that_speak_for_an_interest_are_named_and_unknown_products_are_left_out() -> None:
    (found,) = find([("gone", 1.0), ("I0", 1.0), ("C1", 1.0), ("I1", 1.0), ("I2", 1.0)], CATALOGUE, MASSES)
    assert (found.theme, found.events) == ("海岛", (1, 3, 4))
    assert found.lift > 4


def test_the_measure_reaches_its_target_on_a_few_people() -> None:
    (precision, recall), (counting, _recall) = measure(150, 20, 0.2, seed=3)
    assert precision >= 0.9
    assert recall >= 0.8
    assert counting < 0.4
