"""The ledger and a coupon under any order of calls, held to a model in plain Python after every step."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal

import pytest
import time_machine
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from core import clock
from core.errors import BadInput, Refused
from membership.choices import Code, House
from membership.models import Account, Coupon, CouponTemplate
from membership.services import ledger
from membership.services.coupons import issue_coupon, redeem_code
from membership.services.offsets import Line, commit_offsets, hold_offsets, release_offsets, return_offsets
from membership.services.points import grant_points
from tests.factories import make_customer
from tests.membership import books

NOON = dt.datetime(2026, 3, 1, 4, 0, tzinfo=dt.UTC)
KEYS = st.integers(0, 5)


class _InTransaction(RuleBasedStateMachine):
    """One world, one savepoint: nothing of a run is left."""

    def __init__(self) -> None:
        super().__init__()
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.travel = time_machine.travel(NOON, tick=False)
        self.clock = self.travel.start()

    def teardown(self) -> None:
        """Undo everything."""
        transaction.set_rollback(True)
        self.atomic.__exit__(None, None, None)
        self.travel.stop()

    def try_to(self, act: Callable[[], object]) -> bool:
        """Whether it was allowed; a refusal has changed nothing, which the invariants see."""
        try:
            with transaction.atomic():
                act()
        except (Refused, BadInput):
            return False
        return True


class LedgerMachine(_InTransaction):
    """Two people, few keys, so that keys repeat; days pass, so that points expire between a reservation and its end."""

    def __init__(self) -> None:
        super().__init__()
        self.people = [make_customer().pk, make_customer("钱多多").pk]
        self.known: dict[str, tuple[int, int]] = {}
        self.pending: dict[str, tuple[int, int]] = {}
        self.usable = [0, 0]
        self.lots: list[list[list[int]]] = [[], []]  # per person: [last day, left]
        self.taken: dict[str, list[tuple[list[int], int]]] = {}
        self.day = 0

    def _usable(self, who: int) -> int:
        return sum(left for last, left in self.lots[who] if last >= self.day)

    def _consume(self, who: int, points: int) -> list[tuple[list[int], int]]:
        used, wanted = [], points
        for lot in sorted((lot for lot in self.lots[who] if lot[0] >= self.day), key=lambda lot: lot[0]):
            take = min(lot[1], wanted)
            if take:
                lot[1], wanted = lot[1] - take, wanted - take
                used.append((lot, take))
        return used

    @rule(who=st.integers(0, 1), key=KEYS, points=st.integers(-1, 400), days=st.integers(0, 3))
    def grant(self, who: int, key: int, points: int, days: int) -> None:
        name, expires = f"g{key}", NOON + dt.timedelta(days=self.day + days, hours=11)
        done = self.try_to(lambda: grant_points(self.people[who], points, key=name, expires_at=expires))
        if name in self.known:
            assert done == (self.known[name] == (who, points) and points > 0)
        else:
            assert done == (points > 0)
            if done:
                self.known[name] = (who, points)
                self.lots[who].append([self.day + days, points])

    @rule(who=st.integers(0, 1), key=KEYS, points=st.integers(-1, 500), pending=st.booleans())
    def spend(self, who: int, key: int, points: int, pending: bool) -> None:
        name = f"s{key}"
        done = self.try_to(
            lambda: ledger.post(
                key=name, points=points, code=Code.SPEND, debit=self.people[who], house=House.REDEEMED, pending=pending
            )
        )
        if name in self.known:
            assert done == (self.known[name] == (who, points))
        else:
            assert done == (0 < points <= self._usable(who))
            if done:
                self.known[name] = (who, points)
                self.taken[name] = self._consume(who, points)
                if pending:
                    self.pending[name] = (who, points)

    @rule(key=KEYS, post=st.booleans())
    def settle(self, key: int, post: bool) -> None:
        name = f"s{key}"
        done = self.try_to(lambda: ledger.settle(name, is_posted=post))
        if name in self.pending:
            assert done
            self.pending.pop(name)
            if not post:
                for lot, points in self.taken[name]:
                    lot[1] += points

    @rule(days=st.integers(1, 2), sweep=st.booleans())
    def days_pass(self, days: int, sweep: bool) -> None:
        self.day += days
        self.clock.shift(dt.timedelta(days=days))
        if sweep:
            ledger.expire_some(clock.now())
            for lots in self.lots:
                for lot in lots:
                    lot[1] = lot[1] if lot[0] >= self.day else 0

    @invariant()
    def the_books_agree(self) -> None:
        assert books.wrong() == []
        for who, customer_id in enumerate(self.people):
            account = Account.objects.filter(pk=customer_id).first()
            held = sum(points for person, points in self.pending.values() if person == who)
            assert (account.held if account else 0) == held
            assert (account.balance if account else 0) == sum(left for _last, left in self.lots[who])


class CouponMachine(_InTransaction):
    """One coupon, two orders, a counter: never used twice, never lost."""

    def __init__(self) -> None:
        super().__init__()
        self.customer = make_customer().pk
        grant_points(self.customer, 10_000, key="start")
        self.template = CouponTemplate.objects.create(
            name="满100减30", kind="fixed", amount=30, min_amount=100, state="active", valid_days=20, stock=1, rule_text="全体"
        )
        self.state, self.orders = "none", {0: "none", 1: "none"}
        self.refunded = {0: Decimal(0), 1: Decimal(0)}
        self.owner: int | str = ""

    @property
    def coupon(self) -> int:
        found = Coupon.objects.filter(template=self.template).values_list("pk", flat=True).first()
        return found or 0

    @rule(key=st.integers(0, 2))
    def issue(self, key: int) -> None:
        done = self.try_to(lambda: issue_coupon(self.customer, self.template.pk, f"i{key}"))
        if self.state == "none":
            assert done
            self.state = "issued"

    @rule(order=st.integers(0, 1))
    def hold(self, order: int) -> None:
        lines = [Line(Decimal(200))]
        done = self.try_to(lambda: hold_offsets(self.customer, lines, [self.coupon], 500, key=f"order:{order}"))
        before = self.orders[order]
        if before in {"held", "committed"}:
            assert done
        else:
            assert done == (self.state == "issued")
            if done:
                self.state, self.orders[order], self.owner = "held", "held", order

    @rule(order=st.integers(0, 1))
    def commit(self, order: int) -> None:
        done = self.try_to(lambda: commit_offsets(f"order:{order}"))
        assert done == (self.orders[order] != "released")
        if self.orders[order] == "held":
            self.orders[order], self.state = "committed", "used"

    @rule(order=st.integers(0, 1))
    def release(self, order: int) -> None:
        done = self.try_to(lambda: release_offsets(f"order:{order}"))
        assert done == (self.orders[order] != "committed")
        if self.orders[order] == "held":
            self.orders[order], self.state = "released", "issued"

    @rule(order=st.integers(0, 1), amount=st.sampled_from(["-1", "0", "40.5", "100", "165", "166"]))
    def refund(self, order: int, amount: str) -> None:
        """165.00 was paid: 200 less 30 by the coupon, 5 by points."""
        done = self.try_to(lambda: return_offsets(f"order:{order}", Decimal(amount)))
        if self.orders[order] == "committed":
            assert done == (0 <= Decimal(amount) <= 165)
            if done:
                self.refunded[order] = max(self.refunded[order], Decimal(amount))
                if Decimal(amount) == 165 and self.state == "used" and self.owner == order:
                    self.state = "issued"

    @rule(key=st.integers(0, 1))
    def scan(self, key: int) -> None:
        code = Coupon.objects.filter(pk=self.coupon).values_list("code", flat=True).first() or "nothing"
        done = self.try_to(lambda: redeem_code(code, key=f"r{key}", channel="store"))
        if done and self.state == "issued":
            self.state, self.owner = "used", "counter"

    @invariant()
    def the_coupon_is_where_the_model_says(self) -> None:
        found = list(Coupon.objects.filter(template=self.template).values_list("state", flat=True))
        assert found == ([] if self.state == "none" else [self.state])
        gone = sum(1 for state in self.orders.values() if state == "committed") * 500
        back = sum(int(500 * amount / 165) if amount < 165 else 500 for amount in self.refunded.values())
        held = sum(1 for state in self.orders.values() if state == "held") * 500
        account = Account.objects.get(pk=self.customer)
        assert (account.balance, account.held) == (10_000 - gone - held + back, held)
        assert books.wrong() == []


def _run(machine: type[RuleBasedStateMachine], examples: int, steps: int) -> None:
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        machine,
        settings=settings(
            max_examples=examples, stateful_step_count=steps, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


@pytest.mark.django_db
@pytest.mark.parametrize("machine", [LedgerMachine, CouponMachine])
def test_any_order_of_calls(machine: type[RuleBasedStateMachine]) -> None:
    _run(machine, 6, 40)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.django_db
@pytest.mark.parametrize("machine", [LedgerMachine, CouponMachine])
def test_ten_thousand_steps(machine: type[RuleBasedStateMachine]) -> None:
    _run(machine, 200, 50)
