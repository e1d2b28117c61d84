"""The next best step for one customer: what each app knows, weighed by one rule."""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator

from django.conf import settings
from django.db import connection
from django.db.models import Exists, Q
from django.urls import reverse
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core import clock
from customers.choices import Lifecycle, Purpose, RelationState, RequestState
from customers.models import Activity, Consent, Customer, DataRequest, MergeReview, Relationship
from customers.rules.next_action import Act, Advice, choose
from customers.rules.versions import version_of
from staff.access import may
from staff.models import User

QUOTE_DAYS, BIRTHDAY_DAYS, QUIET_DAYS = 7, 7, 60
Source = Callable[[Customer, User, dt.datetime], Iterable[Advice]]


def next_actions(customer: Customer, user: User, at: dt.datetime) -> list[Advice]:
    """At most three, the most pressing first. Every source of settings.CUSTOMER_ADVICE is asked."""
    found: list[Advice] = []
    for path in settings.CUSTOMER_ADVICE:
        source: Source = import_string(path)
        found += source(customer, user, at)
    taken: Callable[[int, list[str]], Iterable[str]] = import_string(settings.CUSTOMER_ADVICE_TAKEN)
    keys = [one.key for one in found if one.key]
    return choose(found, taken(customer.pk, keys) if keys else ())


def task(
    customer_id: int, code: str, *, title: str, text: str = "", due_at: dt.datetime | None = None, round_: str = ""
) -> tuple[Act, str]:
    """The click that makes a follow-up task, and the key under which it is made at most once (per `round_`)."""
    key = f"advice:{customer_id}:{code}:{round_}"
    fields = [("key", key), ("title", title), ("text", text)]
    if due_at is not None:
        fields.append(("due", due_at.astimezone(clock.SHANGHAI).strftime("%Y-%m-%dT%H:%M")))
    url = reverse(settings.CUSTOMER_TASK_URL, args=[customer_id])
    return Act(_("Make it a task"), url, is_post=True, fields=tuple(fields)), key


def advise(customer: Customer, user: User, at: dt.datetime) -> Iterator[Advice]:
    """What the customers' own tables say."""
    yield from _asked_by_right(customer, user, at)
    yield from _open_question(customer, user)
    yield from _nobody_s(customer, user)
    yield from _quote_waits(customer, at)
    yield from _birthday(customer, at)
    yield from _quiet(customer, at)
    yield from _never_asked(customer, at)


def _asked_by_right(customer: Customer, user: User, at: dt.datetime) -> Iterator[Advice]:
    waiting = (
        DataRequest.objects.filter(customer=customer, state__in=[RequestState.OPEN, RequestState.WORKING])
        .order_by("due_on")
        .first()
    )
    if waiting is None:
        return
    left = (waiting.due_on - clock.shanghai_date(at)).days
    act = Act(_("Open the request"), reverse("privacy:request", args=[waiting.pk])) if may(user, "customers.erase") else None
    yield Advice(
        "rights", "rights", 95, "shield-alert", _("Asked by right: %(what)s") % {"what": waiting.get_kind_display()},
        ngettext("To be answered within %(n)s day.", "To be answered within %(n)s days.", left) % {"n": left}
        if left >= 0 else _("The day by which it must be answered is over."),
        act, tone="bad" if left < 3 else "warn",
    )  # fmt: skip


def _open_question(customer: Customer, user: User) -> Iterator[Advice]:
    if not may(user, "customers.merge"):
        return
    waiting = MergeReview.objects.filter(Q(left=customer.pk) | Q(right=customer.pk), state="open").order_by("id").first()
    if waiting is not None:
        act = Act(_("Compare"), f"{reverse('customers:reviews')}?at={waiting.pk}")
        reason = f"{waiting.get_reason_display()}。"
        yield Advice("same_person", "identity", 58, "merge", _("May be two records of one person"), reason, act)


def _nobody_s(customer: Customer, user: User) -> Iterator[Advice]:
    if customer.owner_id is not None or not may(user, "customers.assign"):
        return
    url = reverse("customers:field", args=[customer.pk, "owner"])
    act = Act(_("I take care"), url, is_post=True, fields=(("owner", str(user.pk)), ("version", version_of(None))))
    yield Advice("nobody", "owner", 70, "user-plus", _("Nobody takes care of this customer"), _("No owner is set."), act)


_QUOTES = """
SELECT count(*), max(occurred_at) FROM core_event
WHERE customer_id = %s AND kind = 'quote.opened' AND occurred_at > %s AND occurred_at <= %s
"""


def _quote_waits(customer: Customer, at: dt.datetime) -> Iterator[Advice]:
    with connection.cursor() as cursor:
        cursor.execute(_QUOTES, [customer.pk, at - dt.timedelta(days=QUOTE_DAYS), at])
        opened, last = cursor.fetchone()
    if not opened:
        return
    reason = ngettext(
        "Opened the quote %(n)s time in 7 days, last on %(day)s.",
        "Opened the quote %(n)s times in 7 days, last on %(day)s.",
        opened,
    )
    draft = _("Hello! Have you had a look at our plan? Tell me what you would like to change, and I will adjust it for you.")
    act, key = task(
        customer.pk, "quote", title=_("Ask about the quote"), text=draft, due_at=at, round_=clock.shanghai_date(last).isoformat()
    )  # fmt: skip
    words = reason % {"n": opened, "day": f"{clock.shanghai_date(last):%m-%d}"}
    yield Advice("quote", "quote", 75, "file-text", _("The quote waits for an answer"), words, act, draft, key)


def next_birthday(birthday: dt.date, today: dt.date) -> dt.date:
    """The next day, today included, on which a birthday is kept: 29 February on the 28th in the years without one."""
    for year in (today.year, today.year + 1):
        try:
            day = birthday.replace(year=year)
        except ValueError:
            day = dt.date(year, 2, 28)
        if day >= today:
            return day
    raise AssertionError("a birthday comes every year")


def _birthday(customer: Customer, at: dt.datetime) -> Iterator[Advice]:
    if customer.birthday is None:
        return
    today = clock.shanghai_date(at)
    day = next_birthday(customer.birthday, today)
    left = (day - today).days
    if left > BIRTHDAY_DAYS:
        return
    reason = (
        _("Today.")
        if not left
        else ngettext("In %(n)s day, on %(day)s.", "In %(n)s days, on %(day)s.", left) % {"n": left, "day": f"{day:%m-%d}"}
    )
    draft = _("Happy birthday! May the year ahead take you to places you have dreamed of.")
    due = dt.datetime.combine(day, dt.time(9, 30), tzinfo=clock.SHANGHAI)
    act, key = task(
        customer.pk, "birthday", title=_("Congratulate on the birthday"), text=draft, due_at=max(due, at), round_=str(day.year)
    )
    yield Advice(
        "birthday",
        "birthday",
        62 if left <= 1 else 50,
        "cake",
        _("Birthday soon") if left else _("Birthday today"),
        reason,
        act,
        draft,
        key,
    )


def _quiet(customer: Customer, at: dt.datetime) -> Iterator[Advice]:
    if customer.lifecycle not in {Lifecycle.AT_RISK, Lifecycle.DORMANT, Lifecycle.LOST}:
        return
    seen = Activity.objects.filter(customer=customer).values_list("last_seen_at", flat=True).first()
    days = (at - seen).days if seen else 0
    if days < QUIET_DAYS:
        return
    draft = _("Hello! It has been a while. We have new routes this season; shall I pick two or three that may suit you?")
    act, key = task(
        customer.pk, "quiet", title=_("Get in touch again"), text=draft, due_at=at, round_=f"{clock.shanghai_date(at):%Y-%m}"
    )
    reason = _("No sign of life for %(days)s days; stage: %(stage)s.") % {"days": days, "stage": customer.get_lifecycle_display()}
    yield Advice("quiet", "quiet", 40, "moon", _("Has gone quiet"), reason, act, draft, key)


def _never_asked(customer: Customer, at: dt.datetime) -> Iterator[Advice]:
    decided = Consent.objects.filter(customer=customer, purpose=Purpose.MARKETING, is_current=True)
    if not Relationship.objects.filter(~Exists(decided), customer=customer, state=RelationState.ACTIVE).exists():
        return
    act, key = task(customer.pk, "consent", title=_("Ask whether offers are welcome"), due_at=at)
    reason = _("A WeCom friend who never decided about offers: nothing but service may be sent.")
    yield Advice("consent", "consent", 25, "shield-check", _("Ask whether offers are welcome"), reason, act, key=key)
