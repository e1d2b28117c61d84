"""The illustrated covers: pure, deterministic, safe to inline, distinct."""

import re
import xml.etree.ElementTree as ET
from typing import Any

import pytest

from catalog.illustration import SHAPES, draw_cover, settle
from catalog.illustration.canvas import fit
from catalog.illustration.color import PALETTES, mix
from catalog.illustration.scenes import SCENES
from scrm.demo import world

NAMESPACE = "{http://www.w3.org/2000/svg}"
RECORDS: list[Any] = [*world.products(), *world.destinations()]


@pytest.mark.parametrize("scene", sorted(SCENES))
def test_every_scene_draws_well_formed_svg_in_every_light(scene: str) -> None:
    for light in PALETTES:
        root = ET.fromstring(draw_cover({"scene": scene, "light": light}, key="K1", title="a < b & c"))
        assert root.tag == f"{NAMESPACE}svg"
        assert root.findtext(f"{NAMESPACE}title") == "a < b & c"
        ids = [node.get("id") for node in root.iter() if node.get("id")]
        assert len(ids) == len(set(ids))


def test_the_same_code_draws_the_same_picture_and_another_code_another() -> None:
    first, again = (draw_cover({"scene": "lake", "light": "dusk"}, key="P01") for _ in range(2))
    assert first == again
    assert draw_cover({"scene": "lake", "light": "dusk"}, key="P02") != first


def test_the_square_is_the_middle_of_the_wide_picture() -> None:
    wide = draw_cover({"scene": "panda", "light": "jade"}, key="P09")
    square = draw_cover({"scene": "panda", "light": "jade"}, key="P09", shape="square")
    assert set(SHAPES) == {"wide", "square"}
    assert 'viewBox="0 0 1200 800"' in wide
    assert square == wide.replace("0 0 1200 800", "200 0 800 800")


def test_a_strict_content_policy_allows_every_cover() -> None:
    for record in RECORDS:
        svg = draw_cover(record.illustration, key=record.code, title=record.name)
        assert not re.search(r"style=|<style|<script|<image|href=\"(?!#)|https?://(?!www\.w3\.org/2000/svg)", svg)
        assert len(svg) < 100_000


def test_ids_of_two_covers_never_meet_on_a_page() -> None:
    first, second = (set(re.findall(r'id="([^"]+)"', draw_cover({}, key=key))) for key in ("P01", "P02"))
    assert first
    assert not first & second


def test_products_and_destinations_name_a_scene_and_a_light_that_exist() -> None:
    for record in RECORDS:
        assert settle(record.illustration, record.code) == (record.illustration["scene"], record.illustration["light"])
    assert len({(r.illustration["scene"], r.illustration["light"]) for r in world.products()}) == 24


def test_what_a_record_does_not_say_is_chosen_from_theme_and_code() -> None:
    assert settle({}, "A", ["美食"])[0] == "hotpot"
    assert settle({"scene": "nowhere", "light": "green"}, "A", ["研学"])[0] == "warriors"
    assert len({settle({}, f"X{number}") for number in range(60)}) > 12


def test_colours_mix_and_paths_are_brought_to_their_place() -> None:
    assert mix("#000000", "#ffffff", 0.5) == "#808080"
    assert fit("M-10 0H10V20a5 5 0 0 1 4 4Z", 100, 50, 2) == "M 80 50 H 120 V 90 a 10 10 0 0 1 8 8 Z"
