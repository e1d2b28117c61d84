"""Finding customers by what staff type: name, pinyin, initials, nickname, remark, phone."""

import dataclasses
from typing import Any

from django.db.models import F, Q, QuerySet

from core.secrets import lookup_hash
from customers.choices import IdentityKind
from customers.models import Customer, Identity
from customers.models.grams import Grams, grams_of

MOST = 60


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What a text means: a whole phone number (`phone`, E.164), the end of one (`ending`), a sound, or just the text."""

    text: str
    phone: str = ""
    ending: str = ""
    sound: str = ""


def understood(text: str) -> Wanted:
    """A whole mainland mobile is compared by keyed hash, four digits with a number's end; ASCII may be pinyin or initials."""
    digits = text.removeprefix("+86").replace(" ", "").replace("-", "")
    is_number = digits.isascii() and digits.isdigit()
    sound = text.lower().replace(" ", "").replace("'", "")
    return Wanted(
        text,
        phone=f"+86{digits}" if is_number and len(digits) == 11 else "",
        ending=digits if is_number and len(digits) == 4 else "",
        sound=sound if sound.isascii() and sound.isalnum() and not is_number else "",
    )


def matching_ids(text: str) -> QuerySet[Any]:
    """Ids of all customers whom the text means, through indexes. It may stand anywhere in name, nickname or remark."""
    wanted = understood(text)
    if wanted.phone:
        return _holders(wanted)
    grams = Customer.objects.alias(grams=Grams(F("name"), F("nickname"), F("remark"), F("phone_masked")))
    written = grams.filter(Q(("grams__contains", grams_of(text))))
    if len(text) > 2:  # a pair cannot stand across two fields, more can
        written = written.filter(_written(text))
    # A union, not an OR: an OR would be checked again on every row, and pairs are dear to compute.
    others = [grams.filter(Q(("grams__contains", [f"#{wanted.ending}"])))] if wanted.ending else []
    if wanted.sound:
        others += [Customer.objects.filter(name_pinyin__startswith=wanted.sound)]
        others += [Customer.objects.filter(name_initials__startswith=wanted.sound)]
    ids = written.order_by().values("pk")
    return ids.union(*(other.order_by().values("pk") for other in others)) if others else ids


def matches(text: str) -> Q:
    """The same question about one customer at hand."""
    wanted = understood(text)
    if wanted.phone:
        return Q(pk__in=_holders(wanted))
    found = _written(text)
    if wanted.ending:
        found |= Q(phone_masked__endswith=wanted.ending)
    if wanted.sound:
        found |= Q(name_pinyin__startswith=wanted.sound) | Q(name_initials__startswith=wanted.sound)
    return found


def _holders(wanted: Wanted) -> QuerySet[Any]:
    hashed = lookup_hash(f"{IdentityKind.PHONE}:", wanted.phone)
    return Identity.objects.filter(kind=IdentityKind.PHONE, scope="", value_hash=hashed).values("customer_id")


def _written(text: str) -> Q:
    return Q(name__icontains=text) | Q(nickname__icontains=text) | Q(remark__icontains=text)
