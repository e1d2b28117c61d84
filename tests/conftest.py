"""What every test may use: the simulated platforms, and a few people who recur."""

import pytest
from django.conf import settings

from scrm.schema_cache import SchemaCache
from staff.models import Department, User

pytest_plugins = ["gateways.simulator.testing"]


@pytest.fixture(scope="session")
def django_db_setup(schema_cache: SchemaCache | None, django_db_setup: None) -> None:
    """pytest-django's, from a database with every migration applied where an earlier run left one."""
    if schema_cache is not None:
        schema_cache.finish(settings.DATABASES["default"]["NAME"])


@pytest.fixture
def hangzhou(db: None) -> Department:
    """The branch in which most of the story happens."""
    return Department.objects.create(name="杭州湖滨店")


@pytest.fixture
def lin(hangzhou: Department) -> User:
    """林岚, administrator, sees everybody."""
    return _user("lin", "林岚", "administrator", "all", hangzhou)


@pytest.fixture
def chen(hangzhou: Department) -> User:
    """陈思雨, sales advisor in Hangzhou, sees her own customers."""
    return _user("chen", "陈思雨", "sales", "own", hangzhou)


@pytest.fixture
def wang(db: None) -> User:
    """王子涵, sales advisor of another branch: the stranger."""
    return _user("wang", "王子涵", "sales", "own", Department.objects.create(name="宁波天一店"))


def _user(username: str, name: str, role: str, scope: str, department: Department) -> User:
    return User.objects.create_user(
        username,
        password="a-long-password-26",
        display_name=name,
        role=role,
        row_scope=scope,
        department=department,
        wecom_userid=username,
    )
