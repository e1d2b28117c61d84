"""One person whose traces meet, pairs that wait for a decision, families, and everybody's portrait.

Unlike the rest of the load this goes through the services, as the facts would arrive: what a visitor of the demo sees
merged was merged by the rules.
"""

import datetime as dt
from typing import Any

from django.db.models import Q

from core.secrets import unseal
from customers.choices import IdentityKind
from customers.models import Customer, HouseholdMember, Identity, MergeReview
from customers.services import keys
from customers.services.appending import Told, append_told, told_key
from customers.services.households import join_household, save_traveller
from customers.services.notes import add_note
from customers.services.profile import BATCH, finish_profiles, refresh_profiles
from customers.services.resolve import Profile, resolve
from customers.services.reviews import confirm_review
from scrm.demo import world
from scrm.demo.loader.load import Say, Story
from scrm.demo.loader.outside import connect_sources, tell_of, tell_of_a_day

FAMILIES, TWINS = 40, 4
MOST_FOR_PORTRAITS = 20_000  # with more people than this the first night computes the portraits


def load_identity(story: Story, say: Say) -> None:
    """Inside the caller's transaction, after `load_story`."""
    person = _one_person(story)
    families = _families()
    _twins()
    if story.wish.customers <= MOST_FOR_PORTRAITS:
        ids = list(Customer.objects.filter(merged_into=None).order_by("pk").values_list("pk", flat=True))
        for start in range(0, len(ids), BATCH):
            refresh_profiles(ids[start : start + BATCH])
        finish_profiles()
    waiting = MergeReview.objects.filter(state="open").count()
    say(f"{person.name} (customer {person.pk}) known from four sides, {waiting} pairs to decide, {families} families")


def _one_person(story: Story) -> Customer:
    """Known by WeCom, mini-program and phone; the till knows the phone, the OTA a name and a masked phone only."""
    at, code = story.wish.at, world.products()[0].code
    person = _known_best()
    number = unseal(bytes(person.identities.get(kind=IdentityKind.PHONE).value_sealed))
    days = [at - dt.timedelta(days=days, hours=3) for days in (41, 23, 9, 2)]
    card = keys.of_platform(IdentityKind.MEMBER_CARD, "pos", "8800-1024")
    resolve([keys.phone(number), card], source="pos")
    sources = connect_sources()
    tell_of(person, sources, days, code)
    for friend in person.relationships.filter(state="active"):
        _tell("wecom", person, [("contact.added", friend.added_at, {"user_id": friend.user_id})])
    mine = MergeReview.objects.filter(Q(left=person) | Q(right=person), state="open", source="ota")
    for review in mine:
        confirm_review(review, actor=story.members["ops"])
    tell_of_a_day(story, sources)
    person.refresh_from_db()
    add_note(person, author=story.members["sales1"], text="携程账号和门店会员卡都核对过，是同一位客人；喜欢骑行和亲子。")
    _family_of(person)
    return person


def _known_best() -> Customer:
    """The first customer with a name, a birthday and every strong identity, whom somebody has as a friend."""
    kinds = (IdentityKind.UNIONID, IdentityKind.MINI_OPENID, IdentityKind.EXTERNAL_USERID, IdentityKind.PHONE)
    found = Customer.objects.filter(owner__username="sales1", child_ages__len__gt=0, birthday__isnull=False).exclude(name="")
    for kind in kinds:
        found = found.filter(pk__in=Identity.objects.filter(kind=kind).values("customer_id"))
    best = found.order_by("pk").first()
    if best is None:
        raise LookupError("nobody in this population has every identity")
    return best


def _family_of(person: Customer) -> None:
    surname = person.name[:1]
    young = [
        (f"{surname}{given}", dt.date(2026 - age, 5, 21), "child")
        for given, age in zip(("小满", "小雪"), person.child_ages, strict=False)
    ]
    for name, born, kinship in [*young, (f"{surname}卫国", dt.date(1958, 2, 6), "parent")]:
        save_traveller(person, name=name, kinship=kinship, birthday=born)


def _tell(source: str, customer: Customer, facts: list[tuple[str, dt.datetime, dict[str, Any]]]) -> None:
    told = [
        Told(told_key(f"demo-{source}", f"{kind}:{at.isoformat()}"), kind, at, customer.pk, dict(props))
        for kind, at, props in facts
    ]
    append_told(told, source=source)


def _families() -> int:
    """Children with birthdays where ages are known, and couples of whom a member of staff wrote that they are one."""
    parents = Customer.objects.filter(child_ages__len__gt=0, merged_into=None).exclude(name="").order_by("pk")[:FAMILIES]
    made = 0
    for parent in parents:
        for number, age in enumerate(parent.child_ages):
            born = dt.date(2026 - age, 1 + (parent.pk + number) % 10, 1 + parent.pk % 27)
            given = "小乐安知"[(parent.pk + number) % 4] + "宝果然悦"[parent.pk % 4]
            save_traveller(parent, name=parent.name[:1] + given, kinship="child", birthday=born)
        made += 1
    return made + _couples()


def _couples() -> int:
    made = 0
    for one in (
        Customer.objects.filter(remark__endswith="爱人）", merged_into=None).select_related("owner").order_by("pk")[:FAMILIES]
    ):
        name = one.remark.rpartition("（")[2].removesuffix("爱人）")
        other = Customer.objects.filter(name=name, owner=one.owner, merged_into=None).exclude(pk=one.pk).first()
        if other is not None and not HouseholdMember.objects.filter(customer=one).exists():
            join_household(other, one, kinship="spouse")
            made += 1
    return made


def _twins() -> None:
    """Second records of people who are known: the same name and birthday, a masked phone, another verified phone."""
    known = (
        Customer.objects.filter(merged_into=None, birthday__isnull=False)
        .exclude(name="")
        .exclude(phone_masked="")
        .order_by("-pk")
    )
    for number, one in enumerate(known[: TWINS * 2]):
        phone = next(identity for identity in one.identities.all() if identity.kind == IdentityKind.PHONE)
        by_birthday = number % 2 == 0
        masked = "" if by_birthday else one.phone_masked
        about = Profile(name=one.name, birthday=one.birthday if by_birthday else None, masked_phone=masked)
        resolve([keys.of_platform(IdentityKind.OTA_ACCOUNT, "ctrip", f"M-{phone.pk}")], source="ota", profile=about)
