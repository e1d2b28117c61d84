"""The published experiment, reproduced; and the reader on a few lines of our own."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from evaluations import uplift

PUBLISHED = Path("../shared/data/hillstrom/hillstrom.csv")
HEAD = "recency,segment,visit,conversion,spend\n"


def test_the_arms_are_read_to_the_cent(tmp_path: Path) -> None:
    file = tmp_path / "few.csv"
    lines = ["1,Mens E-Mail,1,1,29.99", "2,Mens E-Mail,1,0,0", "3,Womens E-Mail,0,0,0", "4,No E-Mail,0,0,0", "5,No E-Mail,1,1,10"]
    file.write_text(HEAD + "\n".join(lines), encoding="utf-8")
    arms = uplift.read_arms(file)
    mens = arms[uplift.MENS]
    assert (mens.people, mens.buyers, mens.orders, mens.revenue) == (2, 2, 1, Decimal("29.99"))
    assert (arms[uplift.CONTROL].conversion, arms[uplift.CONTROL].revenue_per_person) == (0.5, 5.0)


@pytest.mark.skipif(not PUBLISHED.exists(), reason="the Hillstrom file is not beside the repository")
def test_the_published_figures_come_out() -> None:
    said: list[str] = []
    assert uplift.run({"csv": PUBLISHED}, said.append)
    found = json.loads(said[-1])
    assert found["visits"] == uplift.PUBLISHED_VISITS
    assert found[uplift.MENS]["spend"] == [0.77, 0.49, 1.05]
