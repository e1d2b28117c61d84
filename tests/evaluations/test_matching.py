"""The measure of matching on its own labelled offers."""

import json
from pathlib import Path

from evaluations import matching


def test_its_own_offers_are_joined_without_a_mistake(tmp_path: Path) -> None:
    said: list[str] = []
    options = {"offers": matching.OWN, "world": tmp_path / "absent.zip", "part": 1, "errors": 0}
    assert matching.run(options, said.append)
    figures = json.loads(said[-1])["own"]
    assert figures["auto_wrong"] == 0
    assert figures["auto_recall"] >= 0.65
    assert figures["recall"] == 1.0


def test_a_wrong_label_is_counted_as_a_mistake(tmp_path: Path) -> None:
    lines = matching.OWN.read_text(encoding="utf-8").splitlines()
    changed = [line.replace("h02\tb", "h99\tb") for line in lines]
    path = tmp_path / "offers.tsv"
    path.write_text("\n".join(changed), encoding="utf-8")
    said: list[str] = []
    assert not matching.run({"offers": path, "world": tmp_path / "absent.zip", "part": 1, "errors": 3}, said.append)
    assert json.loads(said[-1])["own"]["auto_wrong"] >= 1
    assert any(line.startswith("wrong") for line in said)
