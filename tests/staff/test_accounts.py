"""Accounts and departments through their pages."""

import re

import pytest
from django.test import Client

from core.errors import Refused
from staff.models import AuditEntry, Department, User
from staff.queries import department_tree, descendants_of, scope_q
from staff.services import accounts, organisation


@pytest.fixture
def admin(client: Client, lin: User) -> Client:
    client.force_login(lin)
    return client


def fields(**changed: object) -> dict[str, object]:
    return {
        "display_name": "何佳",
        "username": "hejia",
        "role": "service",
        "row_scope": "own",
        "department": "",
        "wecom_userid": "",
        **changed,
    }


def test_a_new_account_gets_a_password_shown_once(admin: Client, lin: User) -> None:
    page = admin.post("/settings/staff/new", fields())
    found = re.search(r'id="secret">([a-z0-9-]{19})<', page.content.decode())
    assert found
    assert "no-store" in page.headers["Cache-Control"]
    user = User.objects.get(username="hejia")
    assert user.check_password(found.group(1))
    assert (user.must_change_password, user.is_staff, user.is_superuser, user.wecom_userid) == (True, False, False, None)
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor, entry.detail) == ("staff.created", lin, {"role": "service", "row_scope": "own"})
    assert found.group(1) not in str(AuditEntry.objects.values_list())


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"username": "lin"}, "该账号已被使用。"),
        ({"username": "1abc"}, "以字母开头"),
        ({"username": "何佳"}, "以字母开头"),
        ({"role": "king"}, "king"),
        ({"display_name": ""}, "必填"),
        ({"row_scope": "department"}, "请选择部门"),
        ({"department": "999999999999999999"}, "选择一个有效的选项"),
        ({"wecom_userid": "lin"}, "已存在"),
    ],
)
def test_mistakes_come_back_with_the_form(admin: Client, changed: dict[str, object], complaint: str) -> None:
    page = admin.post("/settings/staff/new", fields(**changed))
    assert page.status_code == 422
    assert complaint in page.content.decode()
    assert not User.objects.filter(display_name="何佳").exists()
    assert AuditEntry.objects.count() == 0


def test_fields_that_are_not_in_the_form_are_not_taken(admin: Client, chen: User) -> None:
    extra = {"is_superuser": "1", "is_staff": "1", "password": "x", "session_epoch": "9", "id": "1"}
    admin.post(
        f"/settings/staff/{chen.pk}", fields(username="chen", display_name="陈思雨", role="sales", wecom_userid="chen", **extra)
    )
    chen.refresh_from_db()
    assert (chen.is_superuser, chen.is_staff, chen.session_epoch) == (False, False, 0)
    assert chen.check_password("a-long-password-26")


def test_a_changed_role_is_written_down_and_carries_the_admin_flag(admin: Client, chen: User) -> None:
    admin.post(
        f"/settings/staff/{chen.pk}",
        fields(username="chen", display_name="陈思雨", role="administrator", row_scope="all", wecom_userid="chen"),
    )
    chen.refresh_from_db()
    assert (chen.role, chen.is_staff, chen.is_superuser) == ("administrator", True, True)
    changed = AuditEntry.objects.get().detail["changes"]
    assert changed["role"] == ["sales", "administrator"]
    assert changed["row_scope"] == ["own", "all"]


def test_leaving_needs_the_name_typed(admin: Client, chen: User) -> None:
    assert admin.post(f"/settings/staff/{chen.pk}/deactivate", {"confirm": "陈思"}).status_code == 400
    chen.refresh_from_db()
    assert chen.is_active
    assert admin.post(f"/settings/staff/{chen.pk}/deactivate", {"confirm": "陈思雨"}).status_code == 302
    chen.refresh_from_db()
    assert not chen.is_active


def test_the_last_administrator_stays(lin: User, chen: User) -> None:
    with pytest.raises(Refused) as own:
        accounts.deactivate_user(lin, lin.pk)
    with pytest.raises(Refused) as role:
        accounts.update_user(lin, lin.pk, role="sales")
    with pytest.raises(Refused) as last:
        accounts.update_user(chen, lin.pk, role="sales")
    assert [caught.value.code for caught in (own, role, last)] == ["own_account", "own_role", "last_administrator"]
    lin.refresh_from_db()
    assert (lin.role, lin.is_active) == ("administrator", True)
    assert AuditEntry.objects.count() == 0


def test_the_page_says_no_in_a_sentence(admin: Client, lin: User) -> None:
    page = admin.post(f"/settings/staff/{lin.pk}/deactivate", {"confirm": "林岚"})
    assert page.status_code == 409
    assert "不能停用自己的账号。" in page.content.decode()


def test_the_list_finds_by_name_role_department_and_state(admin: Client, chen: User, wang: User) -> None:
    accounts.deactivate_user(User.objects.get(username="lin"), wang.pk)
    assert names(admin.get("/settings/staff?q=陈")) == {"陈思雨"}
    assert names(admin.get("/settings/staff?role=administrator")) == {"林岚"}
    assert names(admin.get(f"/settings/staff?department={wang.department_id}")) == set()
    assert names(admin.get("/settings/staff?state=inactive")) == {"王子涵"}
    assert names(admin.get("/settings/staff?state=all")) == {"林岚", "陈思雨", "王子涵"}


def names(page: object) -> set[str]:
    return set(re.findall(r'<a class="main" href="/settings/staff/\d+">([^<]+)</a>', page.content.decode()))  # type: ignore[attr-defined]


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_asks_the_same_number_of_questions_for_any_number_of_people(
    admin: Client, hangzhou: Department, django_assert_num_queries: object, count: int
) -> None:
    for number in range(count):
        User.objects.create_user(f"u{number}", display_name=f"员工{number}", role="sales", department=hangzhou)
    with django_assert_num_queries(6):  # type: ignore[operator]
        admin.get("/settings/staff")


def test_departments_form_a_tree(admin: Client, lin: User, hangzhou: Department) -> None:
    admin.post("/settings/departments/new", {"name": " 西湖组 ", "parent": hangzhou.pk})
    admin.post("/settings/departments/new", {"name": "早班", "parent": Department.objects.get(name="西湖组").pk})
    assert [(branch.department.name, branch.depth) for branch in department_tree()] == [
        ("杭州湖滨店", 0),
        ("西湖组", 1),
        ("早班", 2),
    ]
    page = admin.get("/settings/departments")
    assert page.content.decode().count('class="indent"') == 3


def test_a_department_is_not_its_own_ancestor(lin: User, hangzhou: Department) -> None:
    below = organisation.save_department(lin, department_id=None, name="西湖组", parent=hangzhou)
    with pytest.raises(Refused) as caught:
        organisation.save_department(lin, department_id=hangzhou.pk, name="杭州湖滨店", parent=below)
    assert caught.value.code == "department_cycle"
    hangzhou.refresh_from_db()
    assert hangzhou.parent is None


def test_names_are_unique_in_one_place(admin: Client, hangzhou: Department) -> None:
    page = admin.post("/settings/departments/new", {"name": "杭州湖滨店", "parent": ""})
    assert page.status_code == 409
    assert Department.objects.filter(name="杭州湖滨店").count() == 1
    assert admin.post("/settings/departments/new", {"name": "杭州湖滨店", "parent": hangzhou.pk}).status_code == 302


def test_only_an_empty_department_goes(admin: Client, lin: User, hangzhou: Department) -> None:
    assert admin.post(f"/settings/departments/{hangzhou.pk}/delete").status_code == 409
    empty = organisation.save_department(lin, department_id=None, name="空组", parent=hangzhou)
    assert admin.post(f"/settings/departments/{empty.pk}/delete").status_code == 302
    assert not Department.objects.filter(pk=empty.pk).exists()
    assert AuditEntry.objects.latest("id").action == "department.deleted"


def test_the_scope_department_reaches_below(lin: User, chen: User, wang: User, hangzhou: Department) -> None:
    below = organisation.save_department(lin, department_id=None, name="西湖组", parent=hangzhou)
    assert descendants_of(hangzhou.pk) == {hangzhou.pk, below.pk}
    colleague = User.objects.create_user("li", display_name="李晓彤", department=below)
    seen = lambda user: set(User.objects.filter(scope_q(user, "pk", "department")))  # noqa: E731
    assert seen(chen) == {chen}
    chen.row_scope = "department"
    assert seen(chen) == {lin, chen, colleague}
    assert seen(lin) == {lin, chen, wang, colleague}


POLICY = {
    "agency_name": "山海旅行社", "quiet_start": "22:00", "quiet_end": "08:30", "house_cap_count": "1", "house_cap_days": "3",
    "platform_cap_rule": "day_1", "holdout_percent": "20", "approval_limit": "300", "attribution_days": "14",
    "welcome_text": "您好",
}  # fmt: skip


def test_the_policy_is_read_by_all_and_changed_by_administrators(client: Client, lin: User, chen: User) -> None:
    client.force_login(chen)
    assert client.get("/settings/policy").status_code == 200
    assert client.post("/settings/policy", POLICY).status_code == 403
    client.force_login(lin)
    assert client.post("/settings/policy", POLICY).status_code == 302
    entry = AuditEntry.objects.get()
    assert entry.detail["changes"]["quiet_start"] == ["21:00:00", "22:00:00"]
    assert entry.detail["changes"]["agency_name"] == ["", "山海旅行社"]


@pytest.mark.parametrize(
    "changed",
    [
        {"holdout_percent": "51"},
        {"house_cap_days": "0"},
        {"quiet_start": "25:00"},
        {"agency_name": "  "},
        {"approval_limit": "-1"},
        {"house_cap_count": "9" * 30},
    ],
)
def test_impossible_policies_are_refused(admin: Client, changed: dict[str, str]) -> None:
    page = admin.post("/settings/policy", {**POLICY, **changed})
    assert page.status_code == 422
    assert 'aria-invalid="true"' in page.content.decode()
    assert AuditEntry.objects.count() == 0
