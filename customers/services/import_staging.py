"""The rows of a file as lines for COPY. Reads no table: the next piece is made while Postgres takes this one."""

import dataclasses
import hashlib
import json
import uuid
from collections.abc import Sequence
from typing import Any

from core.secrets import lookup_hash, seal_many
from customers.choices import IdentityKind, ImportTarget
from customers.intake.kinds import EVENTS
from customers.intake.sheets import Complaint, Parsed
from customers.rules import mask_phone
from customers.services import keys


@dataclasses.dataclass(frozen=True)
class Piece:
    """A piece of a file, ready for COPY: people, their keys, what they are told to have done, what was wrong with cells.

    `refused` holds number and notes of the rows that cannot be taken; `last` is the number of the piece's last row.
    """

    size: int
    last: int
    people: bytes
    keys: bytes
    told: bytes
    notes: bytes
    refused: list[tuple[int, str]]


class Stager:
    """Takes rows one by one and keeps nothing of them but text: ten thousand live objects cost more than reading them.

    `verified`: the phones were confirmed with the people.
    """

    def __init__(self, target: str, *, verified: bool) -> None:
        self._target, self._verified = target, verified
        blanks = {
            "unionid": keys.unionid(""),
            "external_userid": keys.external_userid(""),
            "alipay": keys.alipay(""),
            "member_card": keys.of_platform(IdentityKind.MEMBER_CARD, "", ""),
        }
        self._ids = [(name, str(key.kind), key.scope) for name, key in blanks.items()]
        self._size, self._last = 0, 0
        self._people: list[str] = []
        self._keys: list[tuple[int, str, str, str]] = []
        self._told: list[str] = []
        self._notes: list[str] = []
        self._refused: list[tuple[int, str]] = []

    def add(self, row: Parsed) -> None:
        """Take one more row."""
        self._size += 1
        self._last = number = row.number
        if row.is_refused:
            self._refused.append((number, notes(row.complaints)))
            return
        values = row.values
        self._people.append(_person_line(number, values))
        phone = values.get("phone", "")
        if phone[:1] == "+":
            self._keys.append((number, "phone", "", phone))
        for name, kind, scope in self._ids:
            if name in values:
                self._keys.append((number, kind, scope, values[name]))
        if row.complaints:
            self._notes.append(f"{number}\t{_cell(notes(row.complaints))}\n")
        if self._target != ImportTarget.CUSTOMERS:
            self._told.append(_told_line(self._target, row))

    def piece(self) -> Piece:
        """What was taken, ready for COPY."""
        people, told, noted = ("".join(lines).encode() for lines in (self._people, self._told, self._notes))
        return Piece(self._size, self._last, people, self._key_lines(), told, noted, self._refused)

    def _key_lines(self) -> bytes:
        sealed = seal_many([value for _row, _kind, _scope, value in self._keys])
        phone = "t" if self._verified else "f"
        lines = [
            f"{row}\t{kind}\t{_cell(scope)}\t\\\\x{lookup_hash(f'{kind}:{scope}', value).hex()}\t\\\\x{closed.hex()}"
            f"\t{phone if kind == 'phone' else 't'}\n"
            for (row, kind, scope, value), closed in zip(self._keys, sealed, strict=True)
        ]
        return "".join(lines).encode()


def notes(complaints: Sequence[Complaint]) -> str:
    """Complaints as they are kept."""
    return json.dumps([dataclasses.asdict(one) for one in complaints], ensure_ascii=False)


_NULL = "\\N"


def _cell(text: str) -> str:
    """A text as COPY wants it."""
    if "\\" in text or "\t" in text or "\n" in text or "\r" in text:
        return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
    return text


def _person_line(number: int, values: dict[str, Any]) -> str:
    get = values.get
    name, nickname, remark, city = get("name", ""), get("nickname", ""), get("remark", ""), get("city", "")
    together = f"{name}{nickname}{remark}{city}"
    if "\\" in together or not together.isprintable():
        name, nickname, remark, city = _cell(name), _cell(nickname), _cell(remark), _cell(city)
    phone, at = get("phone", ""), get("created_at")
    masked = mask_phone(phone) if phone[:1] == "+" else phone
    return (
        f"{number}\t{name}\t{nickname}\t{remark}\t{get('gender', '')}\t{get('birthday') or _NULL}\t{city}\t{masked}"
        f"\t{at.isoformat() if at else _NULL}\n"
    )


def _told_line(target: str, row: Parsed) -> str:
    values = row.values
    kind = "order.imported" if target == ImportTarget.ORDERS else values["kind"]
    props = {field.name: values[field.name] for field in EVENTS[kind].fields if field.name in values}
    at, text = values["occurred_at"].isoformat(), json.dumps(props, ensure_ascii=False)
    return f"{row.number}\t{row_key(target, values, kind, at, text)}\t{kind}\t{at}\t{_cell(text)}\n"


def row_key(target: str, values: dict[str, Any], kind: str, at: str, props: str) -> uuid.UUID:
    """What makes a row the same row in another file: the other system's number, else all that it says."""
    if target == ImportTarget.ORDERS:
        name = f"{values.get('channel', '')}\x00{values['number']}"
    elif "id" in values:
        name = f"{kind}\x00{values['id']}"
    else:
        person = "\x00".join(
            str(values.get(name, "")) for name in ("phone", "unionid", "external_userid", "alipay", "member_card", "name")
        )
        name = f"{kind}\x00{at}\x00{person}\x00{props}"
    return uuid.UUID(bytes=hashlib.blake2b(f"{target}\x00{name}".encode(), digest_size=16).digest())
