"""What the phones show: a member's tasks and chats, a customer's conversations, a pay sheet. Reads only."""

import heapq
from collections.abc import Iterable
from itertools import islice

from gateways.simulator.exchange import Json
from gateways.simulator.mass import SENT
from gateways.simulator.mini_state import PayOrder
from gateways.simulator.pay import settle_expiry
from gateways.simulator.people import Impossible, content_json, find_person, line_json, open_senders
from gateways.simulator.state import MassTask, Relation, SenderTask
from gateways.simulator.world import World


def members(world: World) -> list[Json]:
    """The corp's people with the number of their friends and of the tasks that wait for them."""
    waiting: dict[str, int] = {}
    for task in world.state.mass_tasks.values():
        for sender in open_senders(task):
            waiting[sender.userid] = waiting.get(sender.userid, 0) + 1
    return [
        {
            "userid": member.userid,
            "name": member.name,
            "department": member.department,
            "serves": member.serves,
            "friends": sum(r.status == "active" for r in world.state.relations.get(member.userid, {}).values()),
            "waiting": waiting.get(member.userid, 0),
        }
        for member in world.state.members.values()
    ]


def staff_inbox(world: World, userid: str, limit: int) -> Json:
    """A member's phone: tasks of 群发助手 (newest first), messages of our app, and the latest chats."""
    if userid not in world.state.members:
        raise Impossible(f"no member {userid}", 404)
    tasks = [task for task in world.state.mass_tasks.values() if userid in task.senders]
    return {
        "userid": userid,
        "tasks": [task_json(world, task, task.senders[userid]) for task in tasks[::-1][:limit]],
        "messages": [line_json(line) for line in world.state.staff_lines.get(userid, ())[-limit:]],
        "chats": staff_chats(world, userid, limit),
    }


def staff_chats(world: World, userid: str, limit: int) -> list[Json]:
    """A member's chats, the latest first, each with its last line."""
    last = _last_mass_messages(world, userid, limit)
    for external_userid in world.state.relations.get(userid, {}):
        mine = (
            line for line in reversed(world.state.customer_lines.get(external_userid, ())) if userid in (line.ref, line.sender)
        )
        newest = next(mine, None)
        if newest and newest.at >= last.get(external_userid, {"at": 0.0})["at"]:
            last[external_userid] = line_json(newest)
    chats: list[Json] = [
        {"external_userid": ext, "name": world.state.contacts[ext].name, "last": line} for ext, line in last.items()
    ]
    return sorted(chats, key=_last_at, reverse=True)[:limit]


def _last_at(chat: Json) -> float:
    return float(chat["last"]["at"])


def _last_mass_messages(world: World, userid: str, limit: int) -> dict[str, Json]:
    """The customers who last received a mass message from a member, newest first, up to `limit`."""
    found: dict[str, Json] = {}
    for task in reversed(world.state.mass_tasks.values()):
        sender = task.senders.get(userid)
        if sender is None:
            continue
        shown = {"at": sender.send_time, "channel": "mass", "from": userid, **content_json(task)}
        reached = (ext for ext, status in sender.results.items() if status == SENT)
        for external_userid in islice(reached, limit - len(found)):
            found.setdefault(external_userid, shown)
    return found


def task_json(world: World, task: MassTask, sender: SenderTask) -> Json:
    """A task as its member's phone shows it."""
    shown = {"create_time": task.create_time, "allow_select": task.allow_select, "send_time": sender.send_time}
    outcomes = list(sender.results.values())
    numbers = {"customers": len(sender.customers), "sent": outcomes.count(SENT), "failed": len(outcomes) - outcomes.count(SENT)}
    first = [{"external_userid": ext, "name": world.state.contacts[ext].name} for ext in sender.customers[:50]]
    state = {"state": task_state(task, sender), "dispatching": world.now() < task.dispatched_after}
    return {**content_json(task), **shown, **numbers, **state, "first": first}


def task_state(task: MassTask, sender: SenderTask) -> str:
    """What became of a task on one phone: sent, cancelled, ignored or waiting."""
    if sender.status:
        return "sent"
    if task.cancelled:
        return "cancelled"
    return "ignored" if sender.ignored else "waiting"


def tasks(world: World, limit: int) -> list[Json]:
    """All tasks, newest first, with each sender's state: enough to drive confirmations."""
    newest = list(world.state.mass_tasks.values())[::-1][:limit]
    return [{**content_json(task), **_progress_json(task)} for task in newest]


def _progress_json(task: MassTask) -> Json:
    senders = [_sender_json(sender) for sender in task.senders.values()]
    return {"create_time": task.create_time, "cancelled": task.cancelled, "senders": senders}


def _sender_json(sender: SenderTask) -> Json:
    outcomes = list(sender.results.values())
    return {
        "userid": sender.userid,
        "status": sender.status,
        "ignored": sender.ignored,
        "external_userid": sender.customers,
        "sent": outcomes.count(SENT),
    }


def customers(world: World, search: str, userid: str, limit: int) -> list[Json]:
    """People for the customer phone, those with the latest news first; `search` looks into names and ids."""
    pool: Iterable[str] = world.state.relations.get(userid, {}) if userid else world.state.contacts
    found = [ext for ext in pool if not search or search in ext or search in world.state.contacts[ext].name]
    if not userid:
        found += [openid for openid in _visitors(world) if not search or search in openid]
    newest = heapq.nlargest(limit, found, key=lambda who: _last_news(world, who))
    return [_customer_json(world, who) for who in newest]


def _last_news(world: World, who: str) -> float:
    lines = world.state.customer_lines.get(who)
    contact = world.state.contacts.get(who)
    last_mass = contact.mass_received[-1] if contact and contact.mass_received else 0.0
    return max(lines[-1].at if lines else 0.0, last_mass)


def _customer_json(world: World, who: str) -> Json:
    contact = world.state.contacts.get(who)
    name = contact.name if contact else world.state.mini_users[who].nickname or "微信用户"
    shown = {"who": who, "name": name, "gender": contact.gender if contact else 0, "friend": contact is not None}
    return {**shown, "last_at": _last_news(world, who)}


def _visitors(world: World) -> list[str]:
    """Mini-program users who are nobody's contact."""
    known = {contact.unionid for contact in world.state.contacts.values() if contact.unionid}
    return [user.openid for user in world.state.mini_users.values() if user.unionid not in known]


def profile(world: World, who: str) -> Json:
    """Who a customer is on every platform, and who serves them."""
    person = find_person(world, who)
    relations = world.relations_of(person.contact.external_userid) if person.contact else []
    shown: Json = {"name": person.name, "external_userid": person.contact.external_userid if person.contact else ""}
    shown |= {"openid": person.mini.openid if person.mini else "", "unionid": person.mini.unionid if person.mini else ""}
    shown |= {"has_phone": bool(person.phone), "subscribe": person.mini.subscribe if person.mini else {}}
    return shown | {"friends": [_friend_json(world, relation) for relation in relations]}


def _friend_json(world: World, relation: Relation) -> Json:
    member = world.state.members[relation.userid]
    return {"userid": member.userid, "name": member.name, "status": relation.status, "tags": _tag_names(world, relation.tags)}


def _tag_names(world: World, tag_ids: list[str]) -> list[str]:
    return [world.state.tags[tag_id].name for tag_id in tag_ids if tag_id in world.state.tags]


def find_order(world: World, out_trade_no: str, prepay_id: str) -> PayOrder:
    """An order at the cashier, by either number; Impossible (404) otherwise."""
    order = world.state.orders.get(out_trade_no)
    if order is None and prepay_id:
        order = next((o for o in world.state.orders.values() if o.prepay_id == prepay_id), None)
    if order is None:
        raise Impossible("no such order at the cashier", 404)
    settle_expiry(world, order)
    return order


def sheet(world: World, order: PayOrder) -> Json:
    """The pay sheet; `total` in fen."""
    shown = {"out_trade_no": order.out_trade_no, "prepay_id": order.prepay_id, "openid": order.openid}
    return shown | {"description": order.description, "total": order.total, "trade_state": order.trade_state}


def orders_of(world: World, openid: str, limit: int) -> list[Json]:
    """A customer's orders at the cashier, newest first; of everybody when `openid` is empty."""
    mine = [order for order in world.state.orders.values() if openid in ("", order.openid)]
    for order in mine[-limit:]:
        settle_expiry(world, order)
    return [sheet(world, order) for order in mine[::-1][:limit]]
