"""Row scope of a department: its own customers and those of everything below it, on every way to them."""

from typing import Any

import pytest

from core import clock
from core.conditions import parse
from customers.models import Customer
from staff.models import Department, User
from staff.queries import scope_q
from tagging.queries.members import count_members, within_scope
from tests.factories import make_customer


@pytest.fixture
def manager(hangzhou: Department) -> User:
    """The head of Hangzhou, whose branch has a team and the team a desk."""
    return User.objects.create_user("zhou", display_name="周敏", role="sales", row_scope="department", department=hangzhou)


@pytest.fixture
def people(hangzhou: Department, wang: User, manager: User) -> dict[str, Customer]:
    """One customer on each level, one of another branch, one of nobody's, and one abroad whom the manager owns."""
    team = Department.objects.create(name="湖滨一组", parent=hangzhou)
    desk = Department.objects.create(name="前台", parent=team)
    return {
        "branch": make_customer("甲", department=hangzhou),
        "team": make_customer("乙", department=team),
        "desk": make_customer("丙", department=desk),
        "own": make_customer("丁", department=wang.department, owner=manager),
        "stranger": make_customer("戊", department=wang.department, owner=wang),
        "nobody": make_customer("己"),
    }


SEEN = ["branch", "desk", "own", "team"]


def test_sub_departments_are_part_of_a_department_s_scope(manager: User, people: dict[str, Customer]) -> None:
    visible = set(Customer.objects.visible_to(manager).values_list("pk", flat=True))
    assert sorted(name for name, customer in people.items() if customer.pk in visible) == SEEN
    assert set(Customer.objects.filter(scope_q(manager)).values_list("pk", flat=True)) == visible
    counted = count_members(within_scope(parse({"lifecycle": {"values": ["lead"]}}), manager), clock.now())
    assert set(counted.sample) == visible


def test_the_departments_are_asked_for_once(manager: User, people: dict[str, Customer], django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(3):  # the list of departments, then one query per use
        Customer.objects.visible_to(manager).count()
        Customer.objects.visible_to(manager).count()


def test_the_narrow_scope_asks_for_no_departments(
    wang: User, people: dict[str, Customer], django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(1):
        assert [customer.name for customer in Customer.objects.visible_to(wang)] == ["戊"]


def test_a_department_s_head_without_a_department_sees_only_their_own(manager: User, people: dict[str, Customer]) -> None:
    manager.department = None
    manager.save(update_fields=["department"])
    alone = User.objects.get(pk=manager.pk)
    assert [customer.name for customer in Customer.objects.visible_to(alone)] == ["丁"]
