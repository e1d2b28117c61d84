"""The short form of `evaluate itineraries`: a small archive of requests, one of them no request."""

import json
import pathlib
import zipfile

from evaluations import itineraries

REQUEST = {
    "uid": "a1",
    "start_city": "上海",
    "target_city": "杭州",
    "days": 2,
    "people_number": 3,
    "hard_logic_py": ["result=(day_count(plan)==2)"],
    "nature_language": "我们3人，从上海出发，到杭州旅行2天",
}


def test_every_request_gets_a_plan_and_a_verdict(world_zip: str, tmp_path: pathlib.Path) -> None:
    queries = tmp_path / "queries.zip"
    with zipfile.ZipFile(queries, "w") as archive:
        archive.writestr("a1.json", json.dumps(REQUEST))
        archive.writestr("a2.json", json.dumps({**REQUEST, "uid": "a2", "hard_logic_py": ["import os"]}))
        archive.writestr("a3.json", json.dumps({**REQUEST, "uid": "../a3"}))
    said: list[str] = []
    options = {"database": world_zip, "queries": str(queries), "out": str(tmp_path / "out"), "language": False, "limit": 0}
    assert itineraries.run(options, said.append) is False
    result = json.loads(said[-1])
    assert (result["requests"], result["refused"], result["final_pass"]) == (2, 1, 0.5)
    assert len(json.loads((tmp_path / "out" / "a1.json").read_text())["itinerary"]) == 2
    assert sorted(path.name for path in tmp_path.rglob("a*.json")) == ["a1.json", "a2.json"]


def test_with_language_only_the_sentence_is_read(world_zip: str, tmp_path: pathlib.Path) -> None:
    queries = tmp_path / "queries.zip"
    hidden = "result=(people_count(plan)==3)"
    with zipfile.ZipFile(queries, "w") as archive:
        archive.writestr("a1.json", json.dumps({**REQUEST, "hard_logic_py": [hidden]}))
        archive.writestr("a2.json", json.dumps({**REQUEST, "uid": "a2", "nature_language": "带我出去玩"}))
    said: list[str] = []
    options = {"database": world_zip, "queries": str(queries), "out": str(tmp_path), "language": True, "limit": 0}
    assert itineraries.run(options, said.append) is False
    rows = [json.loads(line) for line in (tmp_path / "verdicts.jsonl").read_text().splitlines()]
    assert [(row["uid"], row["final"]) for row in rows] == [("a1", True), ("a2", False)]
    assert rows[1]["core"] == ["not understood"]
