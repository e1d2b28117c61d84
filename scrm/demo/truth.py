"""The hidden truth about invented customers, kept where the product never looks: one JSON object a line.

    {"customer_id": 7, "interests": {"亲子": 0.62, "海岛": 0.38}, "stage": "young_family", "household": 7, "taste": 780,
     "said": [{"text": "...", "theme": "亲子"}]}

`household` is the customer id of the household's first member, `taste` a price a day in yuan. Whoever measures how right
tags are compares them with this file.
"""

import dataclasses
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from scrm.demo.population import STAGES, Population, interest_names
from scrm.demo.world import Sentence

NAME = "demo_truth.jsonl"


def truth_lines(people: Population, first_id: int, said: Sequence[Sequence[Sentence]]) -> Iterator[str]:
    """One line per person; `first_id` is the customer id of the first."""
    for i in range(len(people)):
        truth = {
            "customer_id": first_id + i,
            "interests": interest_names(people.interests[i]),
            "stage": STAGES[people.stage[i]],
            "household": first_id + int(people.household[i]) - people.start,
            "taste": round(float(people.taste[i])),
            "said": [dataclasses.asdict(sentence) for sentence in said[i]],
        }
        yield json.dumps(truth, ensure_ascii=False) + "\n"


def read_truth(path: Path) -> Iterator[dict[str, Any]]:
    """The lines of a truth file."""
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)
