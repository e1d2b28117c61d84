"""Our tags in WeCom: made once, told by one call per friendship that differs, foreign ones locked; staff's hand comes back."""

import datetime as dt
from typing import Any

import pytest

from core import clock
from core.errors import Refused
from core.models import Event
from core.worker import run_pending
from customers.models import CorpTag, Customer, Relationship
from gateways.simulator.testing import SimulatorHandle
from staff.models import User
from tagging.models import CustomerTags, Tag, TagAssignment, TagGroup, TagPush
from tagging.services.manual import add_tag
from tagging.services.wecom import push_tags, show_in_wecom
from tests.customers.wecom.conftest import Corp

pytestmark = pytest.mark.django_db


@pytest.fixture
def corp(simulator: SimulatorHandle, chen: User, wang: User) -> Corp:
    return Corp(simulator)


@pytest.fixture
def themes(db: None) -> TagGroup:
    group = TagGroup.objects.create(name="兴趣")
    for place, name in enumerate(("亲子", "海岛")):
        Tag.objects.create(group=group, name=name, position=place)
    return group


def friend(corp: Corp) -> tuple[str, Customer]:
    external = corp.add(name="阿苏")
    corp.deliver()
    return external, Customer.objects.get()


def shown(corp: Corp, external: str, userid: str = "chen") -> set[str]:
    """The names of the corp tags that the member's phone shows on the customer."""
    with corp.simulator.world.lock:
        state = corp.simulator.world.state
        return {state.tags[tag_id].name for tag_id in state.relations[userid][external].tags}


def tell() -> None:
    run_pending()
    push_tags()


def test_tags_reach_the_phones_by_one_call_per_friendship(corp: Corp, themes: TagGroup, lin: User) -> None:
    external, su = friend(corp)
    family, island = themes.tags.order_by("position")
    add_tag(lin, [su.pk], family)
    tell()
    assert shown(corp, external) == set()  # nobody asked for it to be shown
    show_in_wecom(lin, themes)
    tell()
    assert shown(corp, external) == {"亲子"}
    assert CorpTag.objects.filter(group_name="兴趣").count() == 2
    add_tag(lin, [su.pk], island)
    tell()
    tell()
    assert shown(corp, external) == {"亲子", "海岛"}
    assert corp.calls("externalcontact/mark_tag") == 2
    assert corp.calls("externalcontact/add_corp_tag") == 1
    assert not CustomerTags.objects.filter(push_due=True).exists()
    show_in_wecom(lin, themes, shown=False)
    tell()
    assert shown(corp, external) == set()


def test_what_staff_change_in_wecom_comes_back_as_by_hand(corp: Corp, themes: TagGroup, lin: User) -> None:
    external, su = friend(corp)
    family, island = themes.tags.order_by("position")
    add_tag(lin, [su.pk], family)
    show_in_wecom(lin, themes)
    tell()
    family.refresh_from_db()
    island.refresh_from_db()
    corp.simulator.do(
        "staff/tag", userid="chen", external_userid=external, add=[island.wecom_tag_id], remove=[family.wecom_tag_id]
    )
    Relationship.objects.update(fetched_at=clock.now())
    corp.deliver()
    tell()
    told = {row.tag.name: (row.source, row.is_blocked) for row in TagAssignment.objects.select_related("tag")}
    assert told == {"海岛": ("wecom", False), "亲子": ("manual", True)}
    assert CustomerTags.objects.get(customer=su).tag_ids == [island.pk]
    assert shown(corp, external) == {"海岛"}
    assert Event.objects.filter(kind="tag.assigned", props__source="wecom").count() == 1


def test_foreign_tags_are_never_touched(corp: Corp, themes: TagGroup, lin: User) -> None:
    external, su = friend(corp)
    corp.simulator.do("admin/tag", group_name="兴趣", name="亲子")
    corp.deliver()
    with corp.simulator.world.lock:
        foreign = next(iter(corp.simulator.world.state.tags))
    corp.simulator.do("staff/tag", userid="chen", external_userid=external, add=[foreign])
    corp.deliver()
    add_tag(lin, [su.pk], themes.tags.get(name="海岛"))
    show_in_wecom(lin, themes)
    tell()
    assert shown(corp, external) == {"亲子", "海岛"}
    assert not TagAssignment.objects.filter(tag__name="亲子").exists()
    with corp.simulator.world.lock:
        groups = {group.group_name for group in corp.simulator.world.state.tag_groups.values()}
    assert groups == {"兴趣", "兴趣·SCRM"}


def test_a_full_library_is_refused_before_anything_is_made(corp: Corp, themes: TagGroup, lin: User, settings: Any) -> None:
    settings.WECOM_TAG_CAPACITY = 1
    with pytest.raises(Refused):
        show_in_wecom(lin, themes)
    assert not Tag.objects.filter(is_pushed=True).exists()


def test_a_refused_call_is_remembered_and_tried_later(corp: Corp, themes: TagGroup, lin: User) -> None:
    external, su = friend(corp)
    add_tag(lin, [su.pk], themes.tags.get(name="亲子"))
    show_in_wecom(lin, themes)
    run_pending()
    corp.simulator.fault("errcode", path="/cgi-bin/externalcontact/mark_tag", value=-1, times=1)
    push_tags()
    row = TagPush.objects.get()
    assert row.error
    assert row.retry_at is not None
    assert row.retry_at > clock.now()
    assert CustomerTags.objects.get(customer=su).push_due
    TagPush.objects.update(retry_at=clock.now() - dt.timedelta(seconds=1))
    push_tags()
    assert shown(corp, external) == {"亲子"}
    assert TagPush.objects.get().error == ""
