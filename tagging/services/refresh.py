"""Tags as the rules want them: for customers who did something, for everybody at night, and what has run out.

Everything is set-based. The only writer of rule tags is `refresh_tags`, which locks its customers' tag rows first and
asks the rules afterwards, so that two refreshes of one customer never act on old news.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence

from django.db import connection, transaction

from core import clock
from core.choices import Lane
from core.conditions import select_evidence
from core.event_types import TagAssigned, TagRemoved
from core.events import Dated, record_many
from core.jobs import enqueue, job
from tagging.choices import TagSource
from tagging.models import RuleRun, TagRule
from tagging.queries.refreshing import (
    Change,
    LiveRule,
    affected,
    collect_changed,
    collect_stale,
    differences,
    live_rules,
    marks,
    new_kinds,
    stale,
)
from tagging.rules import FADED

BATCH = 1_000  # a first refresh of so many must end well within a job lease
EXPIRE_AT_ONCE = 20_000
ROUNDS = 3  # rules that ask for tags see the tags that other rules just gave; a circle of rules ends here

_ROWS = """
INSERT INTO tagging_customertags (customer_id, tag_ids)
SELECT id, '{}' FROM customers_customer WHERE id = ANY(%s) AND merged_into_id IS NULL ORDER BY id
ON CONFLICT (customer_id) DO NOTHING
"""
_LOCK = "SELECT customer_id FROM tagging_customertags WHERE customer_id = ANY(%s) ORDER BY customer_id FOR UPDATE"
# Confidence: the weakest of the reasons, times the rule's score. Facts count fully; behaviour that only just passes its
# threshold counts half.
_ASSIGN = """
INSERT INTO tagging_tagassignment AS held
    (customer_id, tag_id, source, rule_id, rule_version, evidence, confidence, assigned_at, matched_at, is_blocked)
SELECT found.customer_id, rule.tag_id, 'rule', rule.id, rule.version, found.evidence,
    rule.score * coalesce((SELECT min((reason->>'strength')::numeric) FROM jsonb_array_elements(found.evidence) AS reason), 1),
    %(now)s, %(now)s, false
FROM ({evidence}) AS found JOIN tagging_tagrule AS rule ON rule.id = found.tree_id
ORDER BY found.customer_id, rule.tag_id
ON CONFLICT (customer_id, tag_id) DO UPDATE SET rule_id = EXCLUDED.rule_id, rule_version = EXCLUDED.rule_version,
    evidence = EXCLUDED.evidence, confidence = EXCLUDED.confidence, matched_at = EXCLUDED.matched_at, expires_at = NULL
WHERE held.source = 'rule' AND NOT held.is_blocked AND (held.rule_id, held.rule_version, held.evidence, held.expires_at)
    IS DISTINCT FROM (EXCLUDED.rule_id, EXCLUDED.rule_version, EXCLUDED.evidence, NULL)
"""
# A fading tag goes when its confidence has sunk to a quarter: the moment is known when the fading begins.
_STOP = """
UPDATE tagging_tagassignment AS held SET expires_at = %s::timestamptz + CASE WHEN rule.removal = 'fades'
    THEN make_interval(
        secs => greatest(log(2.0, greatest(held.confidence, 0.001) / %s::numeric), 0) * rule.half_life_days * 86400)
    ELSE make_interval(days => rule.keep_days) END
FROM unnest(%s::bigint[], %s::bigint[]) AS gone (customer_id, tag_id), tagging_tagrule AS rule
WHERE held.customer_id = gone.customer_id AND held.tag_id = gone.tag_id AND rule.id = held.rule_id
"""
_DROP = """
DELETE FROM tagging_tagassignment AS held USING unnest(%s::bigint[], %s::bigint[]) AS gone (customer_id, tag_id)
WHERE held.customer_id = gone.customer_id AND held.tag_id = gone.tag_id AND NOT held.is_blocked
"""
_REBUILD = """
UPDATE tagging_customertags AS row SET push_due = true, tag_ids = ARRAY(
    SELECT tag_id::integer FROM tagging_tagassignment WHERE customer_id = row.customer_id AND NOT is_blocked ORDER BY tag_id)
WHERE customer_id = ANY(%s)
"""


def refresh_tags(customer_ids: Collection[int], *, only_affected: bool = False) -> int:
    """Give, renew, let run out and take away what the rules want for these customers; the number of changes.

    What was given by hand stays; what was removed "for ever" never comes back; facts are recorded for every tag that
    came or went. `only_affected`: ask only the rules that what happened since the last look can have changed; what time
    alone changes comes at night.
    """
    rules, total = live_rules(), 0
    circular = any(rule.asks_tags for rule in rules)
    for batch in _batches(sorted(set(customer_ids))):
        for _round in range(ROUNDS if circular else 1):
            changed = _refresh_batch(rules, batch, only_affected=only_affected)
            total += changed
            if not changed:
                break
    return total


def _batches(ids: Sequence[int]) -> Iterable[list[int]]:
    return (list(ids[start : start + BATCH]) for start in range(0, len(ids), BATCH))


@transaction.atomic
def _refresh_batch(rules: Sequence[LiveRule], ids: list[int], *, only_affected: bool) -> int:
    locked = lock_tags(ids)
    now = clock.now()
    kinds = new_kinds(locked) if only_affected else None
    asked = rules if kinds is None else affected(rules, kinds)
    touched = [rule for rule in asked if kinds is None or rule.touched_by(kinds)] if only_affected else []
    changes = differences(asked, locked, now, rules, touched)
    by_kind: dict[str, list[Change]] = defaultdict(list)
    for change in changes:
        by_kind[change.kind].append(change)
    _assign([*by_kind["assign"], *by_kind["renew"], *by_kind["same"]], rules, now)
    _write_pairs(_STOP, by_kind["stop"], now, FADED)
    _write_pairs(_DROP, by_kind["drop"])
    rebuild_tags(sorted({change.customer_id for change in (*by_kind["assign"], *by_kind["drop"])}))
    record_tags(by_kind["assign"], by_kind["drop"], TagSource.RULE, now)
    if kinds is None:  # all rules were asked
        _remember_matches(rules, locked, now)
    if only_affected:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE tagging_customertags SET looked_at = %s WHERE customer_id = ANY(%s)", [now, locked])
    return len(changes) - len(by_kind["same"])


_MARKS = """
UPDATE tagging_customertags AS held SET marks = found.marks FROM ({marked}) AS found
WHERE held.customer_id = found.customer_id AND held.marks IS DISTINCT FROM found.marks
"""


def _remember_matches(rules: Sequence[LiveRule], ids: Sequence[int], now: dt.datetime) -> None:
    """Which rules match these customers, whose tags are in line with them: what the nightly run compares with."""
    marked = marks(rules, now, ids)
    with connection.cursor() as cursor:
        cursor.execute(_MARKS.replace("{marked}", marked.sql), marked.params)


def lock_tags(ids: Collection[int]) -> list[int]:
    """Lock the tag rows of these customers until the transaction ends, made where missing; merged customers are left out."""
    wanted = sorted(set(ids))
    with connection.cursor() as cursor:
        cursor.execute(_ROWS, [wanted])
        cursor.execute(_LOCK, [wanted])
        return [row[0] for row in cursor.fetchall()]


def _assign(changes: Sequence[Change], rules: Sequence[LiveRule], now: dt.datetime) -> None:
    pairs = [(change.customer_id, change.rule_id) for change in changes if change.rule_id is not None]
    if pairs:
        evidence = select_evidence({rule.id: rule.node for rule in rules}, pairs, now)
        with connection.cursor() as cursor:
            cursor.execute(_ASSIGN.replace("{evidence}", evidence.sql), {**evidence.params, "now": now})


def _write_pairs(statement: str, changes: Sequence[Change], *before: dt.datetime | float) -> None:
    if changes:
        with connection.cursor() as cursor:
            cursor.execute(statement, [*before, [one.customer_id for one in changes], [one.tag_id for one in changes]])


def rebuild_tags(ids: Sequence[int]) -> None:
    """Bring the customers' arrays of tags in step with their assignments."""
    if ids:
        with connection.cursor() as cursor:
            cursor.execute(_REBUILD, [list(ids)])


def record_tags(assigned: Sequence[Change], removed: Sequence[Change], source: str, now: dt.datetime) -> None:
    """Record that tags came and went, one fact for each."""
    stamp = now.isoformat()
    came = [Dated(TagAssigned(one.customer_id, one.tag_id, source), _key("assigned", one, stamp), now) for one in assigned]
    went = [Dated(TagRemoved(one.customer_id, one.tag_id, source), _key("removed", one, stamp), now) for one in removed]
    record_many(came)
    record_many(went)


def _key(what: str, change: Change, stamp: str) -> str:
    return f"tag.{what}:{change.customer_id}:{change.tag_id}:{stamp}"


@job(Lane.BULK, coalesce=True)
def refresh_all(*, exact: bool = False) -> None:
    """Find everybody for whom other rules match than before, in one scan per window, and enqueue their refresh.

    Time alone changes answers (windows pass, heat fades), so this runs every night, and after a rule was published.
    `exact` compares tags instead of matches: after a change that matches do not show, such as a group made exclusive.
    """
    rules = live_rules()
    now = clock.now()
    with transaction.atomic():
        total = collect_stale(rules, now) if exact else collect_changed(rules, now)
        for number, batch in enumerate(stale(BATCH)):
            enqueue(refresh_batch, key=f"{now.isoformat()}:{number}", customer_ids=batch)
        TagRule.objects.filter(id__in=[rule.id for rule in rules]).update(last_full_run_at=now)
        RuleRun.objects.filter(total=None, started_at__lte=now).update(total=total, stamp=now.isoformat())


@job(Lane.BULK)
def refresh_batch(customer_ids: list[int]) -> None:
    """One portion of a full refresh."""
    refresh_tags(customer_ids)


_EXPIRED = """
SELECT DISTINCT customer_id FROM (
    SELECT customer_id FROM tagging_tagassignment WHERE expires_at <= %s ORDER BY expires_at LIMIT %s) AS due
"""


@job(Lane.BULK, coalesce=True)
def expire_tags() -> None:
    """Take away the tags whose time is over, unless their rule matches again by now."""
    with connection.cursor() as cursor:
        cursor.execute(_EXPIRED, [clock.now(), EXPIRE_AT_ONCE])
        due = [row[0] for row in cursor.fetchall()]
    refresh_tags(due)
