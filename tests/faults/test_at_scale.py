"""The seeded driver of `bench faults`: its long form is slow, its short form belongs to every run."""

import json

import pytest

from bench import faults


def counted(size: str) -> dict[str, int]:
    said: list[str] = []
    assert faults.run(size, lambda line: said.append(str(line))), said
    found: dict[str, int] = json.loads(said[-1])
    return found


@pytest.mark.slow  # its own servers and Celery; run it with `manage.py test tests/faults -m slow`
@pytest.mark.timeout(1200)
def test_four_thousand_people_under_every_misfortune() -> None:
    found = counted("usual")
    assert (found["lost"], found["duplicates"], found["unknown"], found["unfinished"]) == (0, 0, 0, 0)
    assert found["sent"] + found["held_back"] == found["planned"] == 8000


@pytest.mark.slow  # starts Postgres, Redis and Celery of its own: half a minute on a quiet machine
@pytest.mark.timeout(400)
def test_the_short_form() -> None:
    found = counted("smoke")
    assert (found["lost"], found["duplicates"], found["unknown"]) == (0, 0, 0)
