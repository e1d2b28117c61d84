"""The audit trail: append-only, chained, and found out when altered."""

import datetime as dt
import threading

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction

from staff.models import AgencyPolicy, AuditEntry, Department, User
from staff.queries import AuditFilter, audit_entries, row_changes
from staff.services import chain_break, write_audit
from staff.services.audit import GENESIS, anchor_audit
from staff.services.organisation import save_policy


def three_entries(lin: User) -> list[AuditEntry]:
    return [
        write_audit(lin, f"staff.{word}", lin, {"n": number}, ip="10.0.0.8")
        for number, word in enumerate(["created", "updated", "activated"])
    ]


def tamper(sql: str, *values: object) -> None:
    """What someone with the database's own password could do: switch the triggers off and write."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(sql, values)
        cursor.execute("SET LOCAL session_replication_role = origin")


def test_entries_are_chained(lin: User) -> None:
    first, second, third = three_entries(lin)
    assert bytes(first.previous_hash) == GENESIS
    assert bytes(second.previous_hash) == bytes(first.hash)
    assert bytes(third.previous_hash) == bytes(second.hash)
    assert chain_break() == (3, None)
    assert (first.object_type, first.object_id, first.object_name, first.ip) == ("staff.user", str(lin.pk), "林岚", "10.0.0.8")


@pytest.mark.parametrize(
    "sql", ["UPDATE staff_auditentry SET action = 'x' WHERE id = %s", "DELETE FROM staff_auditentry WHERE id = %s"]
)
def test_the_database_refuses_to_change_an_entry(lin: User, sql: str) -> None:
    entry = three_entries(lin)[1]
    with connection.cursor() as cursor, transaction.atomic():
        savepoint = transaction.savepoint()
        with pytest.raises(DatabaseError, match="append_only"):
            cursor.execute(sql, [entry.pk])
        transaction.savepoint_rollback(savepoint)
    assert chain_break() == (3, None)


@pytest.mark.parametrize("column", ["action", "object_id", "object_name", "detail", "at", "actor_id", "ip"])
def test_an_altered_column_breaks_the_chain_there(lin: User, chen: User, column: str) -> None:
    entry = three_entries(lin)[1]
    values = {
        "action": "x", "object_id": "9", "object_name": "x", "detail": '{"n": 9}',
        "at": dt.datetime(2020, 1, 1, tzinfo=dt.UTC), "actor_id": chen.pk, "ip": "10.0.0.9",
    }  # fmt: skip
    tamper(f"UPDATE staff_auditentry SET {column} = %s WHERE id = %s", values[column], entry.pk)
    assert chain_break() == (1, entry.pk)


def test_a_removed_entry_breaks_the_chain_at_the_next(lin: User) -> None:
    _first, second, third = three_entries(lin)
    tamper("DELETE FROM staff_auditentry WHERE id = %s", second.pk)
    assert chain_break() == (1, third.pk)


def test_an_entry_without_the_data_key_does_not_fit(lin: User) -> None:
    last = three_entries(lin)[-1]
    tamper(
        "INSERT INTO staff_auditentry (at, action, object_type, object_id, object_name, detail, previous_hash, hash)"
        " VALUES (now(), 'order.refund_executed', '', '', '', '{}', %s, sha256(%s))",
        bytes(last.hash), bytes(last.hash),
    )  # fmt: skip
    assert chain_break() == (3, last.pk + 1)


def test_a_cut_tail_differs_from_the_head_in_the_log(lin: User, caplog: pytest.LogCaptureFixture) -> None:
    entries = three_entries(lin)
    caplog.set_level("INFO", logger="staff.services.audit")
    anchor_audit()
    assert bytes(entries[-1].hash).hex() in caplog.text
    assert "3 entries" in caplog.text
    tamper("DELETE FROM staff_auditentry WHERE id = %s", entries[-1].pk)
    caplog.clear()
    anchor_audit()
    assert bytes(entries[-1].hash).hex() not in caplog.text


@pytest.mark.parametrize("ip", ["::ffff:10.0.0.8", "2001:DB8::0001", "127.0.0.1", "", "unix:", None])
def test_every_spelling_of_an_address_seals(lin: User, ip: str | None) -> None:
    write_audit(lin, "staff.updated", lin, {"amount": 1.10, "big": 10.0**22, "day": dt.date(2026, 1, 2), "名": "é"}, ip=ip)
    assert chain_break() == (1, None)


@pytest.mark.django_db(transaction=True)
def test_eight_writers_at_once_make_one_chain() -> None:
    user = User.objects.create_user("racer", display_name="racer")
    barrier = threading.Barrier(8)

    def write() -> None:
        barrier.wait()
        for number in range(5):
            write_audit(user, "staff.updated", user, {"n": number})
        connection.close()

    threads = [threading.Thread(target=write) for _writer in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert chain_break() == (40, None)
    call_command("flush", interactive=False, verbosity=0)


def test_a_bulk_update_is_noticed_with_before_and_after(lin: User, chen: User) -> None:
    User.objects.filter(pk=chen.pk).update(role="planner")
    rows, cursor = row_changes("staff.user", str(chen.pk))
    assert cursor is None
    assert [(row.label, row.who) for row in rows] == [("update", None), ("insert", None)]
    assert rows[0].changes == [("角色", "旅行顾问", "定制师")]


def test_the_policy_keeps_its_history(lin: User) -> None:
    save_policy(lin, holdout_percent=20)
    save_policy(lin, holdout_percent=20)
    AgencyPolicy.objects.update(holdout_percent=5)
    rows, _cursor = row_changes("staff.agencypolicy")
    assert [row.label for row in rows] == ["update", "update", "insert"]
    assert AuditEntry.objects.get().detail == {"changes": {"holdout_percent": ["10", "20"]}}


def test_filters_narrow_by_who_what_and_when(lin: User, chen: User) -> None:
    three_entries(lin)
    department = Department.objects.create(name="滨江店")
    mine = write_audit(chen, "department.created", department)
    assert list(audit_entries(AuditFilter(actor_id=chen.pk))) == [mine]
    assert list(audit_entries(AuditFilter(action="department."))) == [mine]
    assert list(audit_entries(AuditFilter(object_type="staff.department", object_id=str(department.pk)))) == [mine]
    assert list(audit_entries(AuditFilter(until=mine.at - dt.timedelta(days=1)))) == []
    assert audit_entries(AuditFilter(), before_id=mine.pk).count() == 3
