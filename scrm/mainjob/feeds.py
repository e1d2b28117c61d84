"""The planner's part: a real supplier's file, and a row-by-row report of what was refused."""

import re
from collections.abc import Callable
from pathlib import Path

from django.conf import settings

from scrm.mainjob.forms import form_values
from scrm.mainjob.http import Browser, Wrong, until

REAL = settings.BASE_DIR.parent / "shared" / "data" / "crosswoz" / "hotel_db.json"
DEMO = settings.BASE_DIR / "scrm" / "demo" / "feeds" / "dianxi-ground.json"


def the_file() -> Path:
    """The real feed where it lies beside the checkout, else the demo supplier's."""
    return REAL if REAL.exists() else DEMO


def supplier_of(planner: Browser) -> str:
    """The first supplier the form offers."""
    found = re.search(r'<select[^>]*name="supplier".*?</select>', planner.get("/suppliers/import").text, re.DOTALL)
    options = re.findall(r'<option value="(\d+)"', found[0]) if found else []
    if not options:
        raise Wrong("the import form offers no supplier")
    return str(options[-1])


def import_feed(planner: Browser, say: Callable[[str], object]) -> None:
    """Upload the file, wait until it is read, and hold the report's numbers against each other."""
    path = the_file()
    form = form_values(planner.get("/suppliers/import").text)
    values = {"supplier": supplier_of(planner), "kind": "", "city": "北京" if path == REAL else form.get("city", "")}
    answer = planner.submit(
        "/suppliers/import", "/suppliers/import", values, files={"file": (path.name, path.read_bytes())}, repeatable=True
    )
    run = re.search(r"/suppliers/runs/(\d+)", answer.url)
    if run is None:
        raise Wrong(f"the upload led to {answer.url}")

    def read() -> dict[str, int] | None:
        told: dict[str, int] = planner.json(f"/suppliers/runs/{run[1]}/report.json")
        return told if told["is_finished"] else None

    report = until(read, "the feed is read", seconds=120)
    taken = report["created"] + report["changed"] + report["same"]
    if taken + report["refused"] != report["total"]:
        raise Wrong(f"the report does not add up: {report}")
    say(f"{path.name}: {report['total']} rows, {taken} taken, {report['refused']} refused, {report['flagged']} to be looked at")
