"""The same people on the simulated platforms: members, contacts, mini-program users, payments.

A running simulator is told over its control plane. Where none runs yet, its snapshot is written, so that the one that
starts later beside this state knows everybody.
"""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import requests
from django.conf import settings
from django.db.models import F

from gateways.simulator.engine import Simulator
from gateways.simulator.exchange import Request
from gateways.simulator.store import load, save
from orders.choices import PaymentState
from orders.models import Payment
from scrm.demo import world
from scrm.demo.channels import state_of
from scrm.demo.loader.channels import at_the_platform
from scrm.demo.population import CHUNK, SALES, Population, make_population

MOST_PEOPLE = 20_000
SNAPSHOT = "simulator"
BATCH = 2_000
_CONNECT_SECONDS, _ANSWER_SECONDS = 1.0, 60.0
_GENDERS = {True: 2, False: 1}


class NotPlanted(Exception):
    """The simulator answered, but not with yes."""


def plant(*, customers: int, seed: int, at: dt.datetime, state: Path, reset: bool = False) -> str:
    """Plant the first MOST_PEOPLE customers; where they went, as a word for the person watching.

    `reset` begins a new world. NotPlanted when a running simulator does not take them.
    """
    bodies = [("seed", body) for body in _bodies(min(customers, MOST_PEOPLE), seed, at)] + [("groups/seed", at_the_platform())]
    try:
        if reset:
            _tell("reset", b"")
        for verb, body in bodies:
            _tell(verb, body)
    except requests.ConnectionError:
        path = state / SNAPSHOT
        _write(path, bodies, reset=reset)
        return f"in the snapshot {path}"
    except requests.RequestException as error:
        raise NotPlanted(str(error)) from error
    return f"at {settings.SIM_URL}"


def _tell(verb: str, body: bytes) -> None:
    timeout, headers = (_CONNECT_SECONDS, _ANSWER_SECONDS), {"Content-Type": "application/json"}
    with requests.Session() as session:
        session.trust_env = False  # a proxy of this machine has no business between us and the simulator
        answer = session.post(f"{settings.SIM_URL}/_sim/{verb}", body, timeout=timeout, headers=headers)
    if answer.status_code != 200:
        raise NotPlanted(f"{settings.SIM_URL} answered {answer.status_code}: {answer.text[:200]}")


def _write(path: Path, bodies: list[tuple[str, bytes]], *, reset: bool) -> None:
    simulator = Simulator(None if reset else load(path))
    for verb, body in bodies:
        answer = simulator.handle(Request("POST", "_sim", f"/{verb}", body=body))
        if answer.status != 200:
            raise NotPlanted(answer.body.decode()[:200])
    save(simulator.world, path)


def _bodies(customers: int, seed: int, at: dt.datetime) -> Iterator[bytes]:
    yield msgspec.json.encode({"members": [_member(member) for member in world.staff()]})
    for number in range(-(-customers // CHUNK)):
        people = make_population(seed, number, at).head(min(CHUNK, customers - number * CHUNK))
        rows = range(len(people))
        contacts = [_contact(people, i) for i in rows if people.ids.external_userid[i]]
        others = [_mini_user(people, i) for i in rows if not people.ids.external_userid[i]]
        yield msgspec.json.encode({"contacts": contacts, "mini_users": others})
    paid = list(_payments())
    for start in range(0, len(paid), BATCH):
        yield msgspec.json.encode({"payments": paid[start : start + BATCH]})


def _member(member: world.Member) -> dict[str, Any]:
    serves = member.username in SALES
    return {
        "userid": member.username,
        "name": member.display_name,
        "department": member.department,
        "position": member.title,
        "serves": serves,
    }


def _contact(people: Population, index: int) -> dict[str, Any]:
    friends, ids = people.friends, people.ids
    is_friend = friends.left_at[index] == float("inf")
    relation = {
        "userid": SALES[friends.owner[index]],
        "createtime": int(friends.added_at[index]),
        "add_way": int(friends.add_way[index]),
        "state": state_of(ids.external_userid[index], int(friends.add_way[index])),
    }
    return {
        "name": people.nickname[index], "external_userid": ids.external_userid[index], "unionid": ids.unionid[index],
        "gender": _GENDERS[bool(people.female[index])], "relations": [relation] if is_friend else [],
        "openid": ids.openid[index], "phone": ids.phone[index],
    }  # fmt: skip


def _mini_user(people: Population, index: int) -> dict[str, Any]:
    ids = people.ids
    return {
        "openid": ids.openid[index],
        "unionid": ids.unionid[index],
        "nickname": people.nickname[index],
        "phone": ids.phone[index],
    }


def _payments() -> Iterator[dict[str, Any]]:
    """Recent ones only: older than the platform refunds nobody asks about."""
    paid = Payment.objects.filter(state=PaymentState.PAID).annotate(
        refunded=F("order__refunded_amount"), product=F("order__product__name")
    )
    for payment in paid.order_by("-id")[: MOST_PEOPLE // 4]:
        yield {
            "out_trade_no": payment.out_trade_no, "transaction_id": payment.transaction_id, "openid": payment.openid,
            "total": int(payment.amount * 100), "paid_at": int((payment.paid_at or payment.created_at).timestamp()),
            "refunded": int(payment.refunded * 100), "description": payment.product[:120],
        }  # fmt: skip
