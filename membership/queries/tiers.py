"""The ladder in force, where a member stands on it, and what that gives."""

import dataclasses
import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Count
from django.utils.translation import gettext as _

from core import clock
from core.conditions import parse, select_matches
from membership.choices import BenefitKind, SchemeState
from membership.models import Benefit, BenefitUse, Member, Program, Tier, TierBenefit, TierScheme
from membership.rules.tiers import Step, slot_of, yearly

FIGURES = frozenset({BenefitKind.MULTIPLE, BenefitKind.MALL})  # a figure, not a number of uses


def scheme_in_force() -> TierScheme | None:
    """The published ladder, or none."""
    return TierScheme.objects.filter(state=SchemeState.PUBLISHED).first()


def steps_of(scheme: TierScheme) -> dict[int, Step]:
    """Rank -> step."""
    return {tier.rank: Step(tier.code, tier.rank, tier.valid_months, tier.grace_days) for tier in scheme.tiers.all()}


def deserved_sql(
    scheme: TierScheme, at: dt.datetime, ids: Sequence[int] | None = None, prefix: str = "c"
) -> tuple[str, dict[str, Any]]:
    """`SELECT customer_id, rank`: the highest step whose condition holds, for who deserves more than the lowest."""
    trees = {tier.rank: parse(tier.condition) for tier in scheme.tiers.exclude(condition=None).filter(rank__gt=0)}
    if not trees:
        return "SELECT NULL::bigint AS customer_id, NULL::integer AS rank WHERE false", {}
    matches = select_matches(trees, at, ids, prefix=prefix)
    sql = f"SELECT customer_id, max(tree_id) AS rank FROM ({matches.sql}) AS pair GROUP BY customer_id"  # noqa: S608 - compiled
    return sql, dict(matches.params)


def figure_of(customer_id: int, kind: BenefitKind) -> Decimal | None:
    """The figure of a benefit (a multiple, a discount) in the member's tier; None where the tier has none."""
    tier = Member.objects.filter(pk=customer_id).values_list("tier", flat=True).first() or "base"
    found = TierBenefit.objects.filter(tier__scheme__state=SchemeState.PUBLISHED, tier__code=tier, benefit__kind=kind)
    return found.values_list("value", flat=True).first()


def multiple_of(customer_id: int) -> Decimal:
    """What the member's tier multiplies earned points with."""
    return figure_of(customer_id, BenefitKind.MULTIPLE) or Decimal(1)


@dataclasses.dataclass(frozen=True)
class Entitlement:
    """A benefit that a member has now. `left` is None where it has no limit or is a figure."""

    benefit: Benefit
    quantity: int | None
    period: str
    period_text: str
    value: Decimal
    slot: str
    used: int

    @property
    def left(self) -> int | None:
        """How many uses are left in this period."""
        return None if self.quantity is None else max(self.quantity - self.used, 0)

    @property
    def is_figure(self) -> bool:
        """Whether the benefit is a figure instead of something to use."""
        return self.benefit.kind in FIGURES


def entitlements(customer_id: int, at: dt.datetime) -> list[Entitlement]:
    """What the member's tier gives, with what was used of it in the present period."""
    return entitlements_of(customer_id, Member.objects.filter(pk=customer_id).first(), at)


def entitlements_of(customer_id: int, member: Member | None, at: dt.datetime) -> list[Entitlement]:
    """The same where the member is at hand; None is a customer who is no member yet."""
    code = (member.tier if member else "") or "base"
    cells = TierBenefit.objects.filter(tier__scheme__state=SchemeState.PUBLISHED, tier__code=code).select_related("benefit")
    since = member.since if member else None
    used = _used(customer_id)
    return [
        Entitlement(
            cell.benefit, cell.quantity, cell.period, str(cell.get_period_display()), cell.value,
            slot_of(cell.period, at, since), used.get((cell.benefit_id, slot_of(cell.period, at, since)), 0),
        )
        for cell in cells.order_by("benefit_id")
    ]  # fmt: skip


def _used(customer_id: int) -> dict[tuple[int, str], int]:
    rows = BenefitUse.objects.filter(customer_id=customer_id, cancelled_at__isnull=True).values_list("benefit_id", "slot")
    return {(benefit, slot): number for benefit, slot, number in rows.annotate(number=Count("id"))}


def tier_counts() -> dict[str, int]:
    """How many members stand on each step above the lowest."""
    return dict(Member.objects.exclude(tier="").values_list("tier").annotate(number=Count("pk")))


# --- what another ladder would do --------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class TierLine:
    """One tier in a simulation: members now and by the draft, and what the tier costs a year, yuan."""

    code: str
    name: str
    rank: int
    now: int
    then: int
    cost_now: Decimal
    cost_then: Decimal

    @property
    def change(self) -> int:
        """Members more (or less)."""
        return self.then - self.now


@dataclasses.dataclass(frozen=True)
class Simulation:
    """What publishing a draft would change once every validity has run out."""

    lines: list[TierLine]
    up: int
    down: int

    @property
    def cost_change(self) -> Decimal:
        """What it costs more (or less) a year, yuan."""
        return sum((line.cost_then - line.cost_now for line in self.lines), Decimal(0))

    def sentence(self) -> str:
        """The change in one line: "Gold 512 -> 688, cost + ¥12,300"."""
        moved = [f"{line.name} {line.now:,} → {line.then:,}" for line in self.lines if line.rank and line.change]
        cost = self.cost_change.quantize(Decimal(1))
        sign = "+" if cost >= 0 else "−"
        words = _(", ").join(moved) or _("nobody changes tier")
        return _("%(moves)s; cost %(sign)s ¥%(cost)s a year") % {"moves": words, "sign": sign, "cost": f"{abs(cost):,}"}


# `was` is what people hold (now) or deserve (draft); earned: what the last year's orders earned, for multiples of points.
_TALLY = """
WITH deserved AS ({deserved}), earned AS (
    SELECT credit_id AS customer_id, sum(amount) AS points FROM membership_transfer
    WHERE code = 'earn' AND at > %(since)s AND credit_id IS NOT NULL GROUP BY credit_id
), place AS (
    SELECT customer.id, coalesce(member.tier, '') AS tier, coalesce(member.rank, 0) AS was, coalesce(deserved.rank, 0) AS will,
           coalesce(earned.points, 0) AS points
    FROM customers_customer AS customer LEFT JOIN membership_member AS member ON member.customer_id = customer.id
    LEFT JOIN deserved ON deserved.customer_id = customer.id LEFT JOIN earned ON earned.customer_id = customer.id
    WHERE customer.merged_into_id IS NULL AND customer.erased_at IS NULL
)
SELECT tier, was, will, count(*), sum(points) FROM place GROUP BY tier, was, will
"""


def simulate(draft: TierScheme, at: dt.datetime | None = None) -> Simulation:
    """Who would stand where by the draft's conditions, and what a year of its benefits would cost at full use.

    Cost: uses a year x what one costs us, and the extra points of multiples at what a point may cost. One statement."""
    moment = at or clock.now()
    sql, params = deserved_sql(draft, moment)
    with connection.cursor() as cursor:
        cursor.execute(_TALLY.format(deserved=sql), {**params, "since": moment - dt.timedelta(days=365)})
        rows = cursor.fetchall()
    current = scheme_in_force()
    old = {tier.code: tier for tier in _tiers(current)} if current else {}
    new = {tier.rank: tier for tier in _tiers(draft)}
    lines = [_line(tier, old.get(tier.code), rows) for tier in new.values()]
    gone = [_line_gone(tier, rows) for code, tier in old.items() if code not in {one.code for one in new.values()}]
    up = sum(count for _tier, was, will, count, _points in rows if will > was)
    down = sum(count for _tier, was, will, count, _points in rows if will < was)
    return Simulation(sorted([*lines, *gone], key=lambda line: line.rank), up, down)


def _tiers(scheme: TierScheme) -> list[Tier]:
    return list(scheme.tiers.prefetch_related("benefits__benefit").order_by("rank"))


def _line(tier: Tier, old: Tier | None, rows: Sequence[tuple[Any, ...]]) -> TierLine:
    held = [row for row in rows if (row[0] or "base") == tier.code]
    will = [row for row in rows if row[2] == tier.rank]
    return TierLine(
        tier.code, tier.name, tier.rank, sum(row[3] for row in held), sum(row[3] for row in will),
        _cost(old, held) if old else Decimal(0), _cost(tier, will),
    )  # fmt: skip


def _line_gone(tier: Tier, rows: Sequence[tuple[Any, ...]]) -> TierLine:
    held = [row for row in rows if (row[0] or "base") == tier.code]
    return TierLine(tier.code, tier.name, tier.rank, sum(row[3] for row in held), 0, _cost(tier, held), Decimal(0))


def _cost(tier: Tier, rows: Sequence[tuple[Any, ...]]) -> Decimal:
    """A year of a tier's benefits for so many members, yuan."""
    members, points = sum(row[3] for row in rows), Decimal(sum(row[4] for row in rows))
    total = Decimal(0)
    for cell in tier.benefits.all():
        if cell.benefit.kind == BenefitKind.MULTIPLE:
            total += points * (cell.value - 1) * Program.current().point_cost_amount
        elif cell.benefit.kind not in FIGURES:
            total += members * yearly(cell.quantity, cell.period) * cell.benefit.unit_amount
    return total.quantize(Decimal("0.01"))
