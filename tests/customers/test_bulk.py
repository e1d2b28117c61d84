"""Acts on many customers: the frozen set, what is left out and why, the way back, the file and who may have it."""

import csv
import datetime as dt
import io
from typing import Any

import pytest
import time_machine
from django.test import Client

from campaigns.models import FollowUp
from core import clock
from core.secrets import lookup_hash, seal
from core.worker import run_pending
from customers.choices import IdentityKind
from customers.models import BulkAction, BulkPart, BulkTarget, Customer, Identity
from customers.services import bulk as service
from customers.services.bulk_export import remove_expired_files
from customers.services.erasure import erase
from staff.models import AuditEntry, User
from tagging.models import Segment, Tag, TagAssignment, TagGroup
from tests.factories import make_customer

pytestmark = pytest.mark.django_db


@pytest.fixture
def boss(lin: User, client: Client) -> Client:
    client.force_login(lin)
    return client


@pytest.fixture
def family() -> TagGroup:
    return TagGroup.objects.create(name="等级", is_exclusive=True)


def begin(client: Client, kind: str, **given: Any) -> BulkAction:
    """Start an act on everybody the filter finds, or on `id`, and let it run to its end."""
    said = {"kind": kind, **({"query": "view=all", "whole": "1"} if "id" not in given else {}), **given}
    answer = client.post("/customers/bulk/start", said)
    assert answer.status_code == 204, answer.content.decode()
    run_pending()
    found = BulkAction.objects.latest("id")
    assert answer["HX-Redirect"] == f"/customers/bulk/{found.pk}"
    return found


def undo(client: Client, act: BulkAction) -> BulkAction:
    assert client.post(f"/customers/bulk/{act.pk}/undo").status_code == 302
    run_pending()
    act.refresh_from_db()
    return act


def owners() -> dict[str, str]:
    return {one.name: one.owner.username if one.owner else "" for one in Customer.objects.select_related("owner")}


def tagged(tag: Tag) -> set[str]:
    return set(TagAssignment.objects.filter(tag=tag, is_blocked=False).values_list("customer__name", flat=True))


def test_everybody_found_is_assigned_not_only_the_page(
    boss: Client, chen: User, wang: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "STEP", 20)
    for number in range(45):
        make_customer(f"杭{number}", city="杭州", owner=chen, department=chen.department)
    make_customer("已是", city="杭州", owner=wang, department=wang.department)
    make_customer("上海客", city="上海")
    dialog = boss.post("/customers/bulk/preview", {"kind": "assign", "whole": "1", "query": "city=杭州", "owner": wang.pk})
    assert (dialog.context["total"], dialog.context["same"], dialog.context["left"]) == (46, 1, 45)
    words = dialog.content.decode()
    assert ("一周内可撤销" in words, 'hx-trigger="change"' in words, '<option value="">' in words) == (True, True, True)
    assert not BulkAction.objects.exists()
    act = begin(boss, "assign", query="city=杭州", owner=wang.pk)
    assert (act.state, act.total, act.done, act.changed, act.skips) == ("done", 46, 46, 45, {"same": 1})
    assert sum(owner == "wang" for owner in owners().values()) == 46
    assert owners()["上海客"] == ""
    page = boss.get(f"/customers/bulk/{act.pk}").content.decode()
    assert "已是" in page
    assert AuditEntry.objects.get(action="customers.bulk_assign").detail["people"] == 46
    Customer.objects.filter(name="杭7").update(owner=None)  # somebody changed it since
    act = undo(boss, act)
    assert (act.state, act.undone, act.skips) == ("undone", 44, {"same": 1, "changed_since": 1})
    assert sum(owner == "chen" for owner in owners().values()) == 44
    assert (owners()["杭7"], owners()["已是"]) == ("", "wang")
    assert set(Customer.objects.filter(owner=chen).values_list("department", flat=True)) == {chen.department_id}
    assert boss.post(f"/customers/bulk/{act.pk}/undo").status_code == 409


def test_a_step_that_runs_twice_does_nothing_twice(boss: Client, wang: User) -> None:
    make_customer("苏晴")
    act = begin(boss, "assign", owner=wang.pk)
    service.run_bulk(act.pk)
    act.refresh_from_db()
    assert (act.state, act.done, act.changed) == ("done", 1, 1)


def test_who_is_gone_or_out_of_sight_meanwhile_is_left_out(lin: User, wang: User) -> None:
    su, other, erased = make_customer("苏晴"), make_customer("周敏"), make_customer("钱进")
    act = service.start_bulk(
        actor=lin, kind="assign", given={"owner": str(wang.pk)}, targets=Customer.objects.values("pk")
    )  # fmt: skip
    Customer.objects.filter(pk=other.pk).update(merged_into=su)
    Customer.objects.filter(pk=erased.pk).update(erased_at=clock.now())
    run_pending()
    act.refresh_from_db()
    assert (act.changed, act.skips) == (1, {"gone": 2})
    assert dict(BulkTarget.objects.values_list("customer__name", "reason")) == {"苏晴": "", "周敏": "gone", "钱进": "gone"}


def test_a_right_that_was_lost_stops_the_act(lin: User, wang: User) -> None:
    make_customer("苏晴")
    act = service.start_bulk(actor=lin, kind="assign", given={"owner": str(wang.pk)}, targets=Customer.objects.values("pk"))
    User.objects.filter(pk=lin.pk).update(is_active=False)
    run_pending()
    act.refresh_from_db()
    assert (act.changed, act.skips, owners()) == (0, {"left": 1}, {"苏晴": ""})


def test_a_tag_for_many_and_back_exactly(boss: Client, family: TagGroup, lin: User) -> None:
    gold, silver = (Tag.objects.create(group=family, name=name) for name in ("金", "银"))
    su, zhou, qian = (make_customer(name) for name in ("苏晴", "周敏", "钱进"))
    now = clock.now()
    common: dict[str, Any] = {"assigned_at": now, "matched_at": now}
    TagAssignment.objects.create(customer=su, tag=silver, source="rule", confidence="0.700", evidence=[{"x": 1}], **common)
    TagAssignment.objects.create(customer=zhou, tag=gold, source="manual", **common)
    TagAssignment.objects.create(customer=qian, tag=gold, source="manual", is_blocked=True, assigned_by=lin, **common)
    before = list(TagAssignment.objects.order_by("id").values())
    act = begin(boss, "tag_add", tag=gold.pk)
    assert (act.changed, act.skips) == (2, {"same": 1})
    assert (tagged(gold), tagged(silver)) == ({"苏晴", "周敏", "钱进"}, set())
    act = undo(boss, act)
    assert (act.state, act.undone) == ("undone", 2)
    assert list(TagAssignment.objects.order_by("id").values()) == before
    act = begin(boss, "tag_remove", tag=gold.pk)
    assert (act.changed, act.skips, tagged(gold)) == (1, {"same": 2}, set())
    undo(boss, act)
    assert list(TagAssignment.objects.order_by("id").values()) == before


def test_chosen_people_become_a_segment_by_a_list(boss: Client) -> None:
    su, _zhou = make_customer("苏晴"), make_customer("周敏")
    act = begin(boss, "list", id=su.pk, name="答谢会")
    segment = Segment.objects.get()
    tag = Tag.objects.get(name="答谢会")
    assert (act.total, segment.name, segment.condition) == (1, "名单：答谢会", {"tags": {"has": "any", "tags": [tag.pk]}})
    assert tagged(tag) == {"苏晴"}
    begin(boss, "list", name="答谢会")
    assert (tagged(tag), Segment.objects.count()) == ({"苏晴", "周敏"}, 1)


def test_each_gets_a_task(boss: Client, chen: User, lin: User) -> None:
    make_customer("苏晴", owner=chen), make_customer("周敏")
    act = begin(boss, "task", title="问问国庆安排")
    tasks = {task.customer.name: (task.assignee, task.title) for task in FollowUp.objects.select_related("customer", "assignee")}
    assert tasks == {"苏晴": (chen, "问问国庆安排"), "周敏": (lin, "问问国庆安排")}
    FollowUp.objects.filter(customer__name="苏晴").update(state="done")
    act = undo(boss, act)
    assert (act.undone, act.skips, FollowUp.objects.count()) == (1, {"changed_since": 1}, 1)


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({"kind": "assign", "owner": "999999"}, 400), ({"kind": "assign"}, 400), ({"kind": "tag_add", "tag": "999999"}, 400),
        ({"kind": "list", "name": ""}, 400), ({"kind": "task", "title": "x" * 81}, 400), ({"kind": "export", "reason": "a"}, 400),
        ({"kind": "x"}, 404), ({"kind": "assign", "query": "city=无"}, 409), ({"kind": "assign", "query": "view=x"}, 400),
        ({"kind": "assign", "whole": ""}, 400), ({"kind": "assign", "whole": "", "id": "x"}, 400),
    ],
)  # fmt: skip
def test_what_makes_no_sense_changes_nothing(boss: Client, said: dict[str, str], status: int) -> None:
    make_customer("苏晴")
    assert boss.post("/customers/bulk/start", {"whole": "1", "query": "", **said}).status_code == status
    assert not BulkAction.objects.exists()
    assert not BulkTarget.objects.exists()


def test_roles_and_scopes_hold(client: Client, chen: User, wang: User, lin: User) -> None:
    mine, other = make_customer("苏晴", owner=chen), make_customer("周敏", owner=wang)
    tag = Tag.objects.create(group=TagGroup.objects.create(name="主题"), name="海岛")
    client.force_login(chen)
    for kind, given in (("assign", {"owner": wang.pk}), ("export", {"reason": "做名单用"}), ("task", {"title": "x"})):
        assert client.post("/customers/bulk/start", {"kind": kind, "whole": "1", **given}).status_code == 404
    act = begin(client, "tag_add", id=[mine.pk, other.pk], tag=tag.pk)
    assert (act.total, tagged(tag)) == (1, {"苏晴"})
    client.force_login(wang)
    for path in ("", "/progress"):
        assert client.get(f"/customers/bulk/{act.pk}{path}").status_code == 404
    for path in ("/stop", "/undo"):
        assert client.post(f"/customers/bulk/{act.pk}{path}").status_code == 404
    assert client.get("/customers/bulk").status_code == 200
    assert tagged(tag) == {"苏晴"}


def rows_of(answer: Any) -> list[list[str]]:
    assert answer.status_code == 200
    return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))


def with_phone(customer: Customer, number: str = "+8613812345678") -> None:
    value_hash = lookup_hash(f"{IdentityKind.PHONE}:", number)
    Identity.objects.create(
        customer=customer, kind="phone", value_hash=value_hash, value_sealed=seal(number), verified_at=clock.now()
    )
    Customer.objects.filter(pk=customer.pk).update(phone_masked="138****5678")


def test_a_file_without_live_cells_for_one_person_and_one_day(boss: Client, lin: User, client: Client) -> None:
    evil = make_customer('=HYPERLINK("http://x")', nickname="＋cmd", remark=" @sum", city="-1+1")
    with_phone(evil)
    act = begin(boss, "export", reason="做答谢名单")
    head, row, mark = rows_of(boss.get(f"/customers/bulk/{act.pk}/file"))
    assert head[:3] == ["姓名", "昵称", "手机号"]
    assert row[:3] == ['\'=HYPERLINK("http://x")', "'＋cmd", "138****5678"]
    assert (row[5], row[-1]) == ("'-1+1", "' @sum")
    assert (str(lin) in mark[0], "做答谢名单" in mark[0]) == (True, True)
    stored = bytes(BulkPart.objects.get().content)
    assert b"138****5678" not in stored
    written = list(AuditEntry.objects.order_by("id").values_list("action", flat=True))
    assert written == ["customers.exported", "customers.export_downloaded"]
    other = User.objects.create_user("gu", password="x", role="administrator", row_scope="all", display_name="顾")
    client.force_login(other)
    assert client.get(f"/customers/bulk/{act.pk}/file").status_code == 404
    client.force_login(lin)
    BulkAction.objects.update(expires_at=clock.now() - dt.timedelta(seconds=1))
    assert client.get(f"/customers/bulk/{act.pk}/file").status_code == 409
    assert remove_expired_files() == 1
    assert not BulkPart.objects.exists()


def test_numbers_in_the_clear_need_the_right_and_stay_within_a_day_s_measure(
    boss: Client, lin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_phone(make_customer("苏晴"))
    act = begin(boss, "export", reason="电话回访", phones="plain")
    assert rows_of(boss.get(f"/customers/bulk/{act.pk}/file"))[1][2] == "'+8613812345678"
    assert AuditEntry.objects.get(action="customers.exported").detail["plain"] is True
    monkeypatch.setattr("customers.rules.exporting.PLAIN_A_DAY", 1)
    said = {"kind": "export", "whole": "1", "reason": "电话回访", "phones": "plain"}
    assert boss.post("/customers/bulk/start", said).status_code == 409
    with time_machine.travel(clock.now() + dt.timedelta(hours=25)):
        boss.force_login(lin)
        assert boss.post("/customers/bulk/start", said).status_code == 204


def test_erasing_somebody_takes_the_file_with_them(boss: Client, lin: User) -> None:
    su = make_customer("苏晴")
    make_customer("周敏")
    act = begin(boss, "export", reason="做答谢名单")
    erase(su, actor=lin)
    assert not BulkPart.objects.exists()
    assert [target.customer.name for target in act.targets.select_related("customer")] == ["周敏"]


def test_stopping_keeps_what_is_done(lin: User, wang: User, boss: Client) -> None:
    make_customer("苏晴")
    act = service.start_bulk(actor=lin, kind="assign", given={"owner": str(wang.pk)}, targets=Customer.objects.values("pk"))
    assert boss.get(f"/customers/bulk/{act.pk}/progress").status_code == 200
    assert boss.post(f"/customers/bulk/{act.pk}/stop").status_code == 302
    run_pending()
    act.refresh_from_db()
    assert (act.state, act.changed, owners()) == ("stopped", 0, {"苏晴": ""})
    assert boss.post(f"/customers/bulk/{act.pk}/stop").status_code == 409
