"""The two demo feeds: the committed files are what the world says, and the importer finds every planted defect."""

import json

import pytest

from catalog.choices import IssueReason, ResourceKind
from catalog.feeds import places
from catalog.feeds.columns import propose
from catalog.feeds.decoding import column_samples, open_table
from catalog.feeds.rows import Outcome, Reader
from scrm.demo import feed_files, world

CITIES = frozenset(city for place in world.destinations() for city in place.cities)
# How the importer calls what was planted; the rest concerns columns it does not read.
FOUND_AS = {
    "price_missing": {IssueReason.PRICE_MISSING},
    "price_unreadable": {IssueReason.PRICE_UNREADABLE},
    "price_zero": {IssueReason.PRICE_ZERO},
    "price_negative": {IssueReason.PRICE_NEGATIVE},
    "city_unknown": {IssueReason.CITY_UNKNOWN},
    "place_bad": {IssueReason.PLACE_BAD},
    "markup": {IssueReason.MARKUP_REMOVED},
    "duplicate": {IssueReason.DUPLICATE_ROW},
    "duration_impossible": {IssueReason.DURATION_IMPOSSIBLE},
    "duration_unreadable": {IssueReason.DURATION_UNREADABLE, IssueReason.DURATION_IMPOSSIBLE},
    "hours_unreadable": {IssueReason.HOURS_UNREADABLE},
}
BESIDE = {"stock_negative", "full_width", "date_format", "price_times_100"}


def test_the_committed_files_are_what_the_world_says() -> None:
    for name, content in feed_files.files().items():
        assert (world.FEEDS / name).read_bytes() == content


def test_the_price_list_is_chinese_in_gb18030() -> None:
    content = (world.FEEDS / "huizhou-stays.csv").read_bytes()
    assert content.decode("gb18030").startswith("编号,酒店名称,城市")
    with pytest.raises(UnicodeDecodeError):
        content.decode("utf-8")


def outcomes(name: str, kind: ResourceKind) -> list[Outcome]:
    table = open_table((world.FEEDS / name).read_bytes())
    matches = propose(table.columns, column_samples(table))
    return list(Reader(table.columns, matches, kind, known_cities=places.CITIES | CITIES).read_all(table.rows))


@pytest.mark.parametrize(
    ("name", "kind"), [("huizhou-stays.csv", ResourceKind.HOTEL), ("dianxi-ground.json", ResourceKind.ATTRACTION)]
)
def test_the_importer_finds_what_was_planted_and_nothing_else(name: str, kind: ResourceKind) -> None:
    planted = [one for one in json.loads((world.FEEDS / "defects.json").read_text()) if one["file"] == name]
    found: dict[str, set[str]] = {}
    for outcome in outcomes(name, kind):
        found.setdefault(outcome.external_id, set()).update(issue.reason for issue in outcome.issues)
    for one in planted:
        if one["kind"] not in BESIDE:
            assert found[one["id"]] & FOUND_AS[one["kind"]], one
    spoiled = {one["id"] for one in planted}
    assert {key for key, reasons in found.items() if reasons} <= spoiled


def test_most_rows_are_good_and_most_prices_unchanged() -> None:
    drafts = {one.draft.external_id: one.draft for one in outcomes("huizhou-stays.csv", ResourceKind.HOTEL) if one.draft}
    ours = {hotel.id: hotel.rooms[0]["low"] for hotel in world.hotels()}
    same = sum(1 for key, draft in drafts.items() if draft.price_amount == ours.get(key))
    assert len(drafts) >= 45
    assert same > 0.7 * len(drafts)
    assert {"WN-H31", "XA-H31", "SC-H31"} <= set(drafts)
