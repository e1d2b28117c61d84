"""Keys: what identifies a person somewhere, with the hash by which we find it again."""

import dataclasses
import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple

from django.conf import settings

from core.secrets import lookup_hash, seal
from customers.choices import IdentityKind


@dataclasses.dataclass(frozen=True)
class Key:
    """An identity somebody has: its kind, the app it belongs to (appid, corp id, platform; empty for phones), the value.

    `verified` says that the platform or the person proved it. A phone that is not verified is only a clue: it asks a
    question and never joins anybody. Give keys strongest first: unionid, openids and WeCom ids, phone, the rest.
    """

    kind: str
    scope: str
    value: str = dataclasses.field(repr=False)
    verified: bool = True

    @property
    def hash(self) -> bytes:
        """The keyed look-up hash of the value."""
        return lookup_hash(f"{self.kind}:{self.scope}", self.value)

    @property
    def is_strong(self) -> bool:
        """Whether the key alone says who somebody is."""
        return self.verified or self.kind != IdentityKind.PHONE


class StagedKey(NamedTuple):
    """A key as `resolve_many` wants it staged, in the order of the columns after `row`."""

    kind: str
    scope: str
    value_hash: bytes
    value_sealed: bytes
    verified: bool


def staged(key: Key) -> StagedKey:
    """A key ready for COPY into `resolve_key`."""
    return StagedKey(key.kind, key.scope, key.hash, seal(key.value), key.verified)


def trace(keys: Sequence[Key], source: str, name: str, nickname: str, birthday: dt.date | None, masked_phone: str) -> Key | None:
    """The key of a fact without a strong one: all that it says, within its source. None when it says nothing."""
    weak = "|".join(sorted(key.value for key in keys))
    text = f"{weak}|{name}|{birthday or ''}|{masked_phone}|{nickname}"
    return Key(IdentityKind.TRACE, source[:64], text) if text.strip("|") else None


def mini_openid(openid: str) -> Key:
    """An openid of our mini-program."""
    return Key(IdentityKind.MINI_OPENID, settings.VENDORS["MINI_APP_ID"], openid)


def unionid(value: str) -> Key:
    """A unionid: the same person across the apps bound to our open-platform account."""
    return Key(IdentityKind.UNIONID, "", value)


def external_userid(value: str) -> Key:
    """An external contact of our WeCom corp."""
    return Key(IdentityKind.EXTERNAL_USERID, settings.VENDORS["WECOM_CORP_ID"], value)


def phone(e164: str, *, verified: bool = True) -> Key:
    """A phone number in E.164; `verified` when the network, a code or a contract proved whose it is."""
    return Key(IdentityKind.PHONE, "", e164, verified)


def alipay(user_id: str) -> Key:
    """An Alipay user of our Alipay app."""
    return Key(IdentityKind.ALIPAY, "", user_id)


def of_platform(kind: str, scope: str, value: str) -> Key:
    """A user of another platform: an OTA account (scope: the OTA), a Douyin openid, a member card (scope: its issuer)."""
    return Key(kind, scope, value)
