"""A customer's mini-program session: silent log-in with WeChat's code, our own opaque token."""

import dataclasses
import datetime as dt
import secrets

from django.conf import settings
from django.db import transaction

from core import clock
from core.choices import Lane
from core.jobs import job
from core.secrets import token_hash
from customers.models import Customer, MemberToken
from customers.services import keys
from customers.services.resolve import home_of, resolve
from customers.services.visitors import stitch
from gateways.mini import mini

SLIDING = dt.timedelta(days=7)
ABSOLUTE = dt.timedelta(days=30)


@dataclasses.dataclass(frozen=True)
class LogIn:
    """The answer to a log-in; the token is told once and kept only as its hash."""

    token: str = dataclasses.field(repr=False)
    customer: Customer
    is_new: bool


def log_in(code: str, *, anonymous_id: str = "") -> LogIn:
    """Exchange a `wx.login` code for a session. GatewayError when WeChat refuses the code or is away.

    `anonymous_id` is the visitor id under which this device sent events before: they become the customer's.
    The session key that WeChat returns is not kept: nothing here decrypts client data.
    """
    session = mini().code2session(code)
    told = [keys.unionid(session.unionid)] if session.unionid else []
    told.append(keys.mini_openid(session.openid))
    token = secrets.token_urlsafe(32)
    now = clock.now()
    with transaction.atomic():
        found = resolve(told, source="mini")
        MemberToken.objects.create(
            token_hash=token_hash(token), customer=found.customer, home_id=home_of([told[-1]]), openid=session.openid,
            appid=settings.VENDORS["MINI_APP_ID"], created_at=now, expires_at=now + SLIDING,
        )  # fmt: skip
    if anonymous_id:
        stitch(found.customer.pk, anonymous_id)
    return LogIn(token, found.customer, found.is_new)


def extend(token: MemberToken) -> None:
    """Slide a session's end, at most once a day and never past thirty days."""
    now = clock.now()
    until = min(now + SLIDING, token.created_at + ABSOLUTE)
    if until - token.expires_at > dt.timedelta(days=1):
        MemberToken.objects.filter(pk=token.pk).update(expires_at=until)


def log_out(token: MemberToken) -> None:
    """End this session at once."""
    MemberToken.objects.filter(pk=token.pk).delete()


@job(Lane.BULK, coalesce=True)
def forget_expired_tokens() -> None:
    """Remove sessions whose time is over."""
    MemberToken.objects.filter(expires_at__lt=clock.now()).delete()
