"""The WeCom sidebar: the signatures its page needs, and which member of staff opened it."""

import hashlib
import secrets
import time

from django.conf import settings
from django.core.cache import cache

from gateways.wecom import wecom
from staff.models import User

MARGIN_SECONDS = 300


def _ticket(*, for_agent: bool) -> str:
    """A ticket, kept until shortly before it runs out: WeCom gives at most 400 (corp) and 100 (app) an hour."""
    key = f"wecom-page-ticket:{'agent' if for_agent else 'corp'}"
    known = cache.get(key)
    if isinstance(known, str):
        return known
    found = wecom().page_ticket(for_agent=for_agent)
    cache.set(key, found.text, max(found.seconds - MARGIN_SECONDS, 60))
    return found.text


def sign_page(url: str) -> dict[str, dict[str, str | int]]:
    """What `wx.config` and `wx.agentConfig` want for a page's address (without what stands behind #)."""
    return {"config": _signed(_ticket(for_agent=False), url), "agent": _signed(_ticket(for_agent=True), url)}


def _signed(ticket: str, url: str) -> dict[str, str | int]:
    nonce, stamp = secrets.token_hex(8), int(time.time())
    text = f"jsapi_ticket={ticket}&noncestr={nonce}&timestamp={stamp}&url={url.partition('#')[0]}"
    signature = hashlib.sha1(text.encode()).hexdigest()  # noqa: S324 - the platform's own scheme
    return {
        "corpid": settings.VENDORS["WECOM_CORP_ID"], "agentid": settings.VENDORS["WECOM_AGENT_ID"], "timestamp": stamp,
        "nonceStr": nonce, "signature": signature,
    }  # fmt: skip


def user_of_code(code: str) -> User | None:
    """The member of staff behind an OAuth code; None for somebody who has no account here."""
    userid = wecom().member_of_code(code)
    return User.objects.filter(wecom_userid=userid, is_active=True).first() if userid else None
