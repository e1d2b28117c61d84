"""Staff in the browser: log in, import a feed, build a segment, launch and follow a broadcast."""

import json
import re
import time
from typing import Any

from scrm.mainjob.forms import form_values
from scrm.mainjob.http import Browser, Simulator, Wrong, until

INTEREST = "亲子"
NOT_LAUNCHED = {"draft", "in_review"}


def log_in(url: str, username: str, password: str) -> Browser:
    """A browser of a member of staff who is logged in."""
    browser = Browser(url)
    browser.submit("/login", "/login", {"username": username, "password": password}, repeatable=True)
    if not browser.is_logged_in:
        raise Wrong(f"{username} could not log in")
    return browser


def once(find: Any, make: Any, what: str) -> Any:
    """Make something unless it is there already: a form that broke off half-way may have worked."""
    for _attempt in range(20):
        found = find()
        if found:
            return found
        try:
            make()
        except (OSError, Wrong):
            if _attempt > 3:
                raise
        time.sleep(0.3)
    raise Wrong(f"{what}: could not be made")


def sleep_not(admin: Browser) -> dict[str, str]:
    """Set the quiet hours to one minute that is not now, as an administrator may; the values before."""
    before = form_values(admin.get("/settings/policy").text)
    hour = time.gmtime().tm_hour + 8
    quiet = {"quiet_start": f"{(hour + 12) % 24:02}:00", "quiet_end": f"{(hour + 12) % 24:02}:01"}
    admin.submit("/settings/policy", "/settings/policy", before | quiet, repeatable=True)
    return before


def wake_as_before(admin: Browser, before: dict[str, str]) -> None:
    """Give the quiet hours back their values."""
    admin.submit("/settings/policy", "/settings/policy", before, repeatable=True)


def interest_tag(browser: Browser) -> int:
    """The id of the tag that the agency's own rule gives to people who look at family trips."""
    found = re.search(rf'data-tag="(\d+)"[^>]*data-name="{INTEREST}"', browser.get("/tags").text)
    if found is None:
        raise Wrong(f"no tag {INTEREST} on /tags")
    return int(found[1])


def condition_of(mark: str) -> dict[str, Any]:
    """Whoever searched for the story's own word."""
    return {"event": {"window_days": 2, "kinds": ["product.searched"], "where": [{"name": "query", "in": [mark]}], "value": 1}}


def make_segment(browser: Browser, name: str, condition: dict[str, Any]) -> int:
    """Build a segment with the builder's form; its id."""

    def find() -> int:
        found = re.search(rf'href="/segments/(\d+)"[^>]*>\s*{re.escape(name)}', browser.get("/segments").text)
        return int(found[1]) if found else 0

    def make() -> None:
        browser.submit("/segments/new", "/segments/new", {"name": name, "description": "", "condition": json.dumps(condition)})

    return int(once(find, make, f"segment {name}"))


def segment_count(browser: Browser, segment: int) -> int:
    """How many people a segment holds now."""
    return int(browser.json(f"/segments/{segment}/count.json")["count"])


def make_campaign(browser: Browser, name: str, segment: int, product: str, card_title: str, holdout: int) -> int:
    """Write a broadcast; its id."""

    def find() -> int:
        found = re.search(rf'href="/campaigns/(\d+)"[^>]*>\s*{re.escape(name)}', browser.get("/campaigns").text)
        return int(found[1]) if found else 0

    def make() -> None:
        values = form_values(browser.get("/campaigns/new").text, "")
        values |= {
            "name": name, "segment": str(segment), "product": product, "card_title": card_title,
            "text": "您好，给您留了一条适合带孩子走的线路，点开卡片就能看每天怎么安排，有想改的直接告诉我。",
            "holdout_percent": str(holdout), "attribution_days": "7", "launch_at": "",
        }  # fmt: skip
        browser.submit("/campaigns/new", "/campaigns/new", values)

    return int(once(find, make, f"campaign {name}"))


def launch(browser: Browser, campaign: int, name: str) -> None:
    """Type the name and send. Sending twice is refused by the system, so a broken-off attempt is simply looked at again."""
    for _attempt in range(20):
        if numbers(browser, campaign)["campaign"]["state"] not in NOT_LAUNCHED:
            return
        try:
            browser.submit(f"/campaigns/{campaign}", f"/campaigns/{campaign}/launch", {"confirm": name})
        except (OSError, Wrong):
            if _attempt > 10:
                raise
        time.sleep(0.3)
    raise Wrong(f"campaign {campaign} was not launched")


def numbers(browser: Browser, campaign: int) -> dict[str, Any]:
    """The campaign page's numbers."""
    told: dict[str, Any] = browser.json(f"/campaigns/{campaign}/funnel.json")
    return told


def wait_created(browser: Browser, campaign: int) -> dict[str, Any]:
    """Until every task exists at the platform."""

    def created() -> dict[str, Any] | None:
        now = numbers(browser, campaign)
        return now if now["treated"] and now["created"] == now["treated"] else None

    found: dict[str, Any] = until(created, "the tasks are created")
    return found


def settle(browser: Browser, simulator: Simulator, campaign: int) -> dict[str, Any]:
    """Ask for the results until nobody is waited for. The platform tells them only some time after creation: here 2 s."""
    simulator.do("config/set", changes={"dispatch_seconds": 2.0})

    def settled() -> dict[str, Any] | None:
        now = numbers(browser, campaign)
        if now["awaiting"] + now["awaiting_result"] + now["queued"] == 0:
            return now
        try:
            browser.submit(f"/campaigns/{campaign}", f"/campaigns/{campaign}/refresh", {})
        except (OSError, Wrong) as error:
            if isinstance(error, Wrong) and "409" not in str(error):
                raise
        return None

    found: dict[str, Any] = until(settled, "the results are complete")
    return found
