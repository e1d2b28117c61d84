"""The pages of data collection: files, other systems, their keys and rejected items."""

import csv
import datetime as dt
import io
import json

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from core import clock
from core.choices import JobState
from core.models import Job
from core.worker import run_pending
from customers.models import ImportBatch, MergeReview, Rejection, Source, SourceKey
from customers.queries.sources import identity_numbers
from customers.services.keys import unionid
from customers.services.merging import merge_customers
from customers.services.outside import judge, prune_rejections
from customers.services.resolve import resolve
from customers.services.sources import create_source
from gateways.queries import quota_gauges, token_lives
from gateways.rules import budgets_for
from gateways.shared_state import shared_state
from staff.models import AuditEntry, User
from tests.customers.test_imports import PEOPLE

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(lin: User) -> Client:
    found = Client()
    found.force_login(lin)
    return found


def upload(client: Client, content: bytes = PEOPLE.encode(), name: str = "客户.csv") -> ImportBatch:
    response = client.post("/data/imports", {"target": "customers", "file": SimpleUploadedFile(name, content)})
    assert response.status_code == 302
    return ImportBatch.objects.latest("pk")


def test_a_file_from_upload_to_report_and_back(client: Client) -> None:
    batch = upload(client)
    page = client.get(f"/data/imports/{batch.pk}").content.decode()
    assert "138****0001" in page
    assert "13800000001" not in page
    assert client.post(f"/data/imports/{batch.pk}/confirm", {"is_verified": "on"}).status_code == 302
    assert client.get(f"/data/imports/{batch.pk}/progress").status_code == 200
    run_pending("bulk")
    done = client.get(f"/data/imports/{batch.pk}/progress")
    assert (done.status_code, done.headers["HX-Refresh"]) == (204, "true")
    assert client.get(f"/data/imports/{batch.pk}?all=1").status_code == 200
    report = b"".join(client.get(f"/data/imports/{batch.pk}/report.csv")).decode("utf-8-sig")
    lines = list(csv.reader(io.StringIO(report)))
    assert len(lines) == 8
    assert AuditEntry.objects.filter(action="import.report_exported").count() == 1
    assert client.post(f"/data/imports/{batch.pk}/rollback").status_code == 302
    run_pending("bulk")
    assert ImportBatch.objects.get().state == "undone"
    assert client.get(f"/data/imports/{batch.pk}").status_code == 200


@pytest.mark.parametrize("name", ["=cmd|' /C calc'!A0.csv", "<script>alert(1)</script>.csv", "../../x\u202e.csv"])
def test_names_of_files_and_cells_do_no_harm(client: Client, name: str) -> None:
    batch = upload(client, '姓名,手机\n"<img src=x onerror=alert(1)>",13800000001\n=1+1,13800000002\n'.encode(), name)
    page = client.get(f"/data/imports/{batch.pk}").content.decode()
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    client.post(f"/data/imports/{batch.pk}/confirm", {"is_verified": "on"})
    run_pending("bulk")
    report = b"".join(client.get(f"/data/imports/{batch.pk}/report.csv")).decode("utf-8-sig")
    assert not [cell for line in csv.reader(io.StringIO(report)) for cell in line if cell[:1] in set("=+-@\t\r")]


def test_a_file_that_is_none_is_a_complaint(client: Client) -> None:
    response = client.post("/data/imports", {"target": "customers", "file": SimpleUploadedFile("x.csv", b"%PDF-1.4")})
    assert response.status_code == 422
    assert not ImportBatch.objects.exists()


def test_columns_are_set_and_a_file_is_thrown_away(client: Client) -> None:
    batch = upload(client, "甲,乙\n13800000001,张三\n".encode())
    assert client.post(f"/data/imports/{batch.pk}/confirm").status_code == 400
    assert client.post(f"/data/imports/{batch.pk}/map", {"c0": "phone", "c1": "name"}).status_code == 302
    assert client.post(f"/data/imports/{batch.pk}/map", {"c0": "phone", "c1": "phone"}).status_code == 400
    assert client.post(f"/data/imports/{batch.pk}/map", {"c0": "owner", "c1": "name"}).status_code == 400
    assert client.post(f"/data/imports/{batch.pk}/discard").status_code == 302
    assert not ImportBatch.objects.exists()


def test_a_system_is_connected_and_its_secret_is_shown_once(client: Client) -> None:
    assert client.get("/data/connect").status_code == 200
    response = client.post("/data/connect", {"kind": "gate", "name": "湖滨闸机", "code": "lake-gates"})
    assert response.headers["Location"] == "/data/from/lake-gates"
    assert client.post("/data/connect", {"kind": "gate", "name": "x", "code": "lake-gates"}).status_code == 422
    shown = client.post("/data/from/lake-gates/key")
    secret = shown.content.decode().partition("whsec_")[2].partition("<")[0]
    assert len(secret) == 44
    assert shown.headers["Cache-Control"] == "no-store"
    later = client.get("/data/from/lake-gates").content.decode()
    assert secret not in later
    assert "湖滨闸机" in later
    assert client.post("/data/from/lake-gates/key").status_code == 200
    assert client.post("/data/from/lake-gates/key").status_code == 409
    key = SourceKey.objects.earliest("pk")
    assert client.post(f"/data/from/lake-gates/key/{key.pk}/revoke").status_code == 302
    assert client.post("/data/from/lake-gates/pause").status_code == 302
    assert Source.objects.get().is_paused
    checks = client.post("/data/from/lake-gates/check").content.decode()
    assert "恢复" in checks
    actions = set(AuditEntry.objects.values_list("action", flat=True))
    assert {"source.created", "source.key_created", "source.key_revoked", "source.paused"} <= actions


def test_rejected_items_are_shown_masked_and_replayed(client: Client) -> None:
    source = create_source(code="till", kind="pos", name="收银", user=None)
    bad = {
        "id": "s-1",
        "kind": "sale.made",
        "occurred_at": "nonsense",
        "who": {"phone": "13911112222", "name": "张三"},
        "props": {"x": "<script>"},
    }
    judge(source, [bad])
    page = client.get("/data/from/till").content.decode()
    assert "139****2222" in page
    assert "13911112222" not in page
    assert "<script>" not in page.partition("<main")[2]
    rejection = Rejection.objects.get()
    assert client.post(f"/data/from/till/rejected/{rejection.pk}/replay").status_code == 302
    assert client.post("/data/from/till/replay").status_code == 302
    assert Rejection.objects.get().state == "open"
    assert client.post(f"/data/from/till/rejected/{rejection.pk}/drop").status_code == 302
    assert Rejection.objects.get().state == "dropped"
    assert json.loads(json.dumps(Rejection.objects.get().complaints))


def test_the_data_page_asks_as_much_with_one_source_as_with_three(client: Client, django_assert_num_queries: object) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    create_source(code="a", kind="pos", name="甲", user=None)
    client.get("/data")
    with CaptureQueriesContext(connection) as one:
        assert client.get("/data").status_code == 200
    create_source(code="b", kind="gate", name="乙", user=None)
    create_source(code="c", kind="ota", name="丙", user=None)
    with CaptureQueriesContext(connection) as three:
        assert client.get("/data").status_code == 200
    assert len(one) == len(three)


def test_work_that_failed_is_shown_without_numbers_and_runs_again(client: Client) -> None:
    failed = Job.objects.create(
        lane="usual", function="messaging.services.results.poll_mass_task", key="x", args={"task_id": 0}, state=JobState.FAILED,
        error="GatewayError: wecom get_groupmsg_task: 40058 13911112222", finished_at=clock.now(), attempts=6,
    )  # fmt: skip
    page = client.get("/data").content.decode()
    assert "results.poll_mass_task" in page
    assert "40058 *******" in page
    assert "13911112222" not in page
    assert client.post("/data/jobs/retry", {"job": "0x1"}).status_code == 400
    assert client.post("/data/jobs/retry", {"job": failed.pk}).status_code == 302
    failed.refresh_from_db()
    assert (failed.state, failed.attempts) == (JobState.PENDING, 0)
    assert AuditEntry.objects.filter(action="jobs.retried").count() == 1
    assert client.post("/data/jobs/retry").status_code == 302
    assert AuditEntry.objects.filter(action="jobs.retried").count() == 1  # nothing was left to do


def test_budgets_and_tokens_of_the_platforms_are_shown(client: Client) -> None:
    state = shared_state()
    state.forget_all()
    for _ in range(1500):
        assert state.admit("x", budgets_for("wecom", "externalcontact/get"), "wecom:http://127.0.0.1:1:corp").allowed
    state.write("token:wecom:0a", b"sealed", 3600)
    state.write("token:wecom:0a:refused", b"40001", 7200)
    gauges = {(gauge.api, gauge.window_seconds): gauge.percent for gauge in quota_gauges()}
    assert 20 <= gauges["externalcontact/get", 60] <= 60
    assert gauges["externalcontact/get", 3600] in {95, 96}
    assert 3590 < token_lives()["wecom"] <= 3600
    page = client.get("/data").content.decode()
    assert "externalcontact/get" in page
    assert "59" in page.partition("访问令牌")[2][:80]
    state.forget_all()
    assert (quota_gauges(), token_lives()) == ([], {})


def test_what_nobody_mended_is_forgotten_after_its_time() -> None:
    source, now = create_source(code="till", kind="pos", name="收银", user=None), clock.now()
    for number, (state, received, settled) in enumerate(
        [("open", 91, None), ("open", 89, None), ("dropped", 60, 31), ("dropped", 60, 29), ("replayed", 200, 31)]
    ):
        row = Rejection.objects.create(source=source, item_id=f"i{number}", body=b"x", complaints=[], state=state)
        Rejection.objects.filter(pk=row.pk).update(
            received_at=now - dt.timedelta(days=received), settled_at=settled and now - dt.timedelta(days=settled)
        )
    assert prune_rejections() == 3
    assert set(Rejection.objects.values_list("item_id", flat=True)) == {"i1", "i3"}


def test_identity_numbers_count_merges_and_conflicts() -> None:
    cache.clear()
    one, other, third = (resolve([unionid(f"u{number}")], source="test").customer for number in range(3))
    merge_customers(one.pk, other.pk, evidence=[], source="test")
    MergeReview.objects.create(left=one, right=third, reason="name_birthday")
    found = identity_numbers()
    assert (found["people"], found["merged"], found["unmerged"], found["conflicts"]) == (2, 1, 0, 1)
    assert found["merge_ratio"] == pytest.approx(1 / 3)
