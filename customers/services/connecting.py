"""Connectors at work: pull on schedule with the cursor in the transaction of the data; webhooks through the inbox."""

import datetime as dt
import json
import logging
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from core import clock
from core.choices import Lane
from core.errors import Refused
from core.jobs import enqueue, job
from customers.intake.kinds import SOURCES
from customers.models import Source
from customers.services.outside import judge
from customers.services.sources import Check
from gateways import services as border
from gateways.connectors import Hook, Page, connector
from gateways.errors import CallbackRefused, GatewayError
from gateways.queries import callback_fields
from staff.models import User
from staff.services import write_audit

logger = logging.getLogger(__name__)

EVERY = dt.timedelta(minutes=5)
AFTER_FAILURE = dt.timedelta(minutes=10)
PAGES_AT_ONCE = 20
PIECE = 500  # items judged in one go


@job(Lane.BULK)
def pull_due() -> None:
    """Start a pull for every connected platform whose time has come."""
    now = clock.now()
    for source in Source.objects.filter(kind__in=[kind.code for kind in SOURCES.values() if kind.connector], is_paused=False):
        found = connector(source.kind)
        if found is not None and found.pulls and (source.next_pull_at is None or source.next_pull_at <= now):
            enqueue(pull_source, key=str(source.pk), source_id=source.pk)


@job(Lane.BULK, coalesce=True)
def pull_source(source_id: int) -> None:
    """Take in what is new, page by page. A failure is written on the source and tried again at its next time."""
    source = Source.objects.get(pk=source_id)
    found = connector(source.kind)
    if found is None or source.is_paused:
        return
    try:
        for _page in range(PAGES_AT_ONCE):
            page = found.pull(source.cursor)
            if not _keep(source, page) or not page.has_more:
                break
    except GatewayError as error:
        logger.warning("pull of source %s failed: %s", source.pk, error)
        later = clock.now() + AFTER_FAILURE
        Source.objects.filter(pk=source.pk).update(error=error.user_text[:200], next_pull_at=later)


def _keep(source: Source, page: Page) -> bool:
    """Store a page and move the cursor in one transaction; False when somebody else has moved it meanwhile."""
    with transaction.atomic():
        locked = Source.objects.select_for_update().get(pk=source.pk)
        if locked.cursor != source.cursor:
            return False
        for start in range(0, len(page.items), PIECE):
            judge(locked, page.items[start : start + PIECE])
        now = clock.now()
        Source.objects.filter(pk=source.pk).update(cursor=page.cursor, pulled_at=now, next_pull_at=now + EVERY, error="")
    source.cursor = page.cursor
    return True


def resync(source: Source, *, from_start: bool, user: User) -> None:
    """Pull now; from the beginning of what the platform still gives, if asked. What is known already adds nothing."""
    found = connector(source.kind)
    if found is None or not found.pulls:
        raise Refused(_("There is nothing to pull here: this platform sends by itself."), "no_pull")
    changes: dict[str, Any] = {"next_pull_at": clock.now(), **({"cursor": {}} if from_start else {})}
    with transaction.atomic():
        Source.objects.filter(pk=source.pk).update(**changes)
        write_audit(user, "source.resynced", source, {"from_start": from_start})
        enqueue(pull_source, key=str(source.pk), source_id=source.pk)


def receive_hook(source: Source, headers: Mapping[str, str], body: bytes) -> Hook:
    """Verify a webhook, keep it once and remember to work on it. In a transaction; raises CallbackRefused."""
    found = connector(source.kind)
    if found is None:
        raise CallbackRefused(source.kind, "no-connector")
    hook = found.handle_webhook(headers, body)
    if hook.body is not None:
        callback_id = border.store_callback(
            source=SOURCES[source.kind].connector, dedupe_key=f"{source.pk}:{hook.dedupe_key}",
            body=json.dumps(hook.body), kind=source.kind,
        )  # fmt: skip
        if callback_id is not None:
            enqueue(apply_hook, key=str(callback_id), callback_id=callback_id, source_id=source.pk)
    return hook


@job(Lane.USUAL)
def apply_hook(callback_id: int, source_id: int) -> None:
    """Turn a kept webhook into items and take them in."""
    source = Source.objects.get(pk=source_id)
    found = connector(source.kind)
    items = found.items_of(callback_fields(callback_id)) if found else []
    with transaction.atomic():
        judge(source, items)
        border.mark_callback_processed(callback_id)


def check_connector(source: Source) -> list[Check]:
    """What the platform answers, question by question."""
    found = connector(source.kind)
    return [Check(one.label, one.is_good, one.fix) for one in found.health()] if found else []
