"""Roles, masks, limits: pure decisions."""

import datetime as dt
import random

import pytest

from staff.choices import FieldClass, Role
from staff.rules import (
    ABILITIES,
    RevealCount,
    abilities_of,
    audit_seal_text,
    can,
    changes,
    mask_document,
    mask_phone,
    may_see_field,
    reason_complaint,
    reveal_wait,
    safe_cell,
    temporary_password,
)


def test_every_role_has_only_abilities_that_exist() -> None:
    for role in Role.values:
        assert abilities_of(role) <= ABILITIES
        assert can(role, "workbench.view")


def test_an_unknown_ability_is_loud_and_an_unknown_role_may_nothing() -> None:
    with pytest.raises(KeyError):
        can(Role.SALES, "customers.veiw")
    assert abilities_of("pirate") == frozenset()


@pytest.mark.parametrize(
    ("ability", "roles"),
    [
        ("contact.reveal", {"administrator", "sales", "planner", "service"}),
        ("document.reveal", {"administrator", "planner"}),
        ("cost.view", {"administrator", "planner", "finance", "auditor"}),
        ("customers.export", {"administrator"}),
        ("campaigns.launch", {"administrator", "operations"}),
        ("orders.refund_execute", {"administrator", "finance"}),
        ("staff.manage", {"administrator"}),
        ("policy.edit", {"administrator"}),
        ("audit.view", {"administrator", "finance", "auditor"}),
        ("audit.export", {"administrator", "auditor"}),
        ("admin.use", {"administrator"}),
    ],
)
def test_what_is_dangerous_is_in_few_hands(ability: str, roles: set[str]) -> None:
    assert {role for role in Role.values if can(role, ability)} == roles


@pytest.mark.parametrize("role", ["readonly", "auditor"])
def test_those_who_only_read_change_nothing(role: str) -> None:
    verbs = {ability.partition(".")[2] for ability in abilities_of(role)}
    assert verbs <= {"view", "use", "export"}


def test_marketing_sees_no_plain_phone_number() -> None:
    assert not may_see_field(Role.OPERATIONS, FieldClass.CONTACT)
    assert may_see_field(Role.OPERATIONS, FieldClass.PUBLIC)


@pytest.mark.parametrize(
    ("phone", "masked"),
    [
        ("13812345678", "138****5678"),
        ("+86 138 1234 5678", "138****5678"),
        ("8613812345678", "138****5678"),
        ("0571-88776655", "057****6655"),
        ("1234567", "****"),
        ("", "****"),
    ],
)
def test_phone_masks(phone: str, masked: str) -> None:
    assert mask_phone(phone) == masked


def test_document_masks_keep_the_last_four() -> None:
    assert mask_document("330106199001011234") == "**************1234"
    assert mask_document("E123") == "****"


@pytest.mark.parametrize(
    ("hour", "day", "wait"),
    [
        (0, 0, None),
        (29, 29, None),
        (30, 30, dt.timedelta(hours=1)),
        (0, 119, None),
        (0, 120, dt.timedelta(days=1)),
        (40, 120, dt.timedelta(days=1)),
    ],
)
def test_reveals_are_limited_by_hour_and_day(hour: int, day: int, wait: dt.timedelta | None) -> None:
    assert reveal_wait(RevealCount(hour, day)) == wait


@pytest.mark.parametrize("reason", ["", "   ", "abc", "....", "aaaaaa", "1 1 1 1 1", "嗯嗯嗯嗯"])
def test_a_reason_must_say_something(reason: str) -> None:
    assert reason_complaint(reason) == "short"


@pytest.mark.parametrize("reason", ["核对订单", "回复客户来电", "call back"])
def test_a_short_sentence_is_a_reason(reason: str) -> None:
    assert reason_complaint(reason) == ""


def test_changes_name_only_what_differs() -> None:
    assert changes({"a": "1", "b": "2"}, {"a": "1", "b": "3"}) == {"b": ["2", "3"]}


def test_temporary_passwords_have_no_look_alikes() -> None:
    password = temporary_password(random.Random(7).choice)
    assert len(password) == 19
    assert password.count("-") == 3
    assert not set(password) & set("ilo01")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "＝1", " =1", "　=1"])
def test_no_cell_is_a_formula(text: str) -> None:
    assert safe_cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "abc", "林岚", "a=1", "2026-11-24 10:00:00"])
def test_plain_cells_stay(text: str) -> None:
    assert safe_cell(text) == text


def test_the_seal_covers_every_column() -> None:
    base = {
        "previous": b"\x00" * 32,
        "at": dt.datetime(2026, 11, 24, 8, 0, tzinfo=dt.UTC),
        "actor_id": 1,
        "action": "staff.updated",
        "target": ("staff.user", "7", "林岚"),
        "detail": {"b": 1, "a": 2},
        "ip": "10.0.0.1",
    }
    other = {
        "previous": b"\x01" * 32,
        "at": dt.datetime(2026, 11, 24, 8, 0, 0, 1, tzinfo=dt.UTC),
        "actor_id": None,
        "action": "staff.created",
        "target": ("staff.user", "8", "林岚"),
        "detail": {"a": 2},
        "ip": None,
    }
    texts = {audit_seal_text(**base)} | {audit_seal_text(**{**base, name: value}) for name, value in other.items()}
    assert len(texts) == len(other) + 1
    assert audit_seal_text(**base) == audit_seal_text(**{**base, "detail": {"a": 2, "b": 1}})
