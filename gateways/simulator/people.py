"""What simulated people do: members confirm tasks on their phone, customers scan, chat, log in, pay and leave."""

from dataclasses import dataclass
from typing import Literal

from gateways.simulator.callbacks import wecom_event
from gateways.simulator.exchange import Json
from gateways.simulator.mass import SENT, send_now
from gateways.simulator.mini import mini_user, one_time_code
from gateways.simulator.mini_state import MiniUser
from gateways.simulator.state import Contact, Line, MassTask, Relation, SenderTask, WelcomeCode
from gateways.simulator.world import World

WELCOME_SECONDS = 20
LOW_BALANCE = 20


class Impossible(Exception):
    """What was asked cannot be done in this world now. `status` is the HTTP status of the control plane."""

    def __init__(self, message: str, status: int = 409) -> None:
        super().__init__(message)
        self.status = status


@dataclass(slots=True)
class Person:
    """One human being: a contact of the corp, a user of the mini-program, a phone number; any of them may be missing."""

    contact: Contact | None
    mini: MiniUser | None
    phone: str = ""

    @property
    def name(self) -> str:
        """What to call them."""
        return (self.contact.name if self.contact else "") or (self.mini.nickname if self.mini else "") or "微信用户"


def find_person(world: World, who: str) -> Person:
    """The person behind an external_userid, an openid or a phone number; Impossible (404) otherwise."""
    contact, mini = world.state.contacts.get(who), world.state.mini_users.get(who)
    if contact is None and mini is None:
        mini = next((user for user in world.state.mini_users.values() if user.phone and user.phone == who), None)
        if mini is None:
            raise Impossible(f"nobody is known as {who}", 404)
    if contact and contact.unionid and mini is None:
        mini = world.mini_user_with(contact.unionid)
    if mini and contact is None:
        contact = next((c for c in world.state.contacts.values() if c.unionid and c.unionid == mini.unionid), None)
    return Person(contact, mini, mini.phone if mini else "")


def find_task(world: World, msgid: str) -> MassTask:
    """A mass task; Impossible (404) otherwise."""
    task = world.state.mass_tasks.get(msgid)
    if task is None:
        raise Impossible(f"no task {msgid}", 404)
    return task


def confirm_task(world: World, msgid: str, sender: str, only: list[str] | None) -> Json:
    """The member presses 发送, to all or to some. A task is sent once; a cancelled one cannot be."""
    task = find_task(world, msgid)
    asked = task.senders.get(sender)
    if asked is None:
        raise Impossible(f"{sender} was not asked to send {msgid}", 404)
    if task.cancelled or asked.status:
        raise Impossible("the task was cancelled" if task.cancelled else "the member has sent it already")
    unknown = set(only or ()) - set(asked.customers)
    if unknown:
        raise Impossible(f"not among the customers of the task: {', '.join(sorted(unknown)[:5])}", 400)
    result: Json = dict(send_now(world, task, asked, asked.customers if only is None else only))
    if only is not None and not task.allow_select:
        result["warning"] = "allow_select was false: a real phone would not have offered a choice"
    world.note("person", "staff/confirm", f"{sender} · {result['sent']}/{len(asked.customers)}", body=msgid)
    return result


def confirm_all(world: World, share: float, userid: str) -> Json:
    """Every member who was asked confirms, each with probability `share`."""
    totals = {"tasks": 0, "sent": 0, "not_a_friend": 0, "over_the_cap": 0}
    for task in world.state.mass_tasks.values():
        for sender in open_senders(task):
            if (not userid or sender.userid == userid) and world.dice.random() < share:
                outcome = send_now(world, task, sender, sender.customers)
                totals = {name: totals[name] + outcome.get(name, 1) for name in totals}
    world.note("person", "staff/confirm_all", f"{totals['tasks']} · {totals['sent']}")
    return dict(totals)


def open_senders(task: MassTask) -> list[SenderTask]:
    """Who was asked and has neither sent nor put it aside."""
    return [] if task.cancelled else [s for s in task.senders.values() if not s.status and not s.ignored]


def ignore_task(world: World, msgid: str, sender: str) -> Json:
    """The member puts the task aside."""
    task = find_task(world, msgid)
    if sender not in task.senders or task.senders[sender].status:
        raise Impossible("nothing to put aside")
    task.senders[sender].ignored = True
    world.note("person", "staff/ignore", sender, body=msgid)
    return {}


def add_friend(
    world: World, userid: str, who: Contact, state: str, add_way: int, *, half: bool = False, link_id: str = ""
) -> WelcomeCode:
    """A customer becomes a member's friend again or for the first time: a callback with a welcome code follows.

    Who comes back does so a second after they left at the earliest, so that the order of events can be told.
    """
    member = world.state.members.get(userid)
    if member is None or not member.serves:
        raise Impossible(f"{userid} cannot have customers", 404)
    known = world.relation(userid, who.external_userid)
    if known is not None and known.status == "active":
        raise Impossible("they are friends already")
    at = max(world.wall(), known.ended_at + 1 if known else 0)
    relation = Relation(userid, who.external_userid, at, add_way=add_way, state=state)
    relation.oper_userid = link_id or who.external_userid
    relation.invisible_calls, relation.last_chat_at = world.state.config.not_yet_visible_calls, world.now()
    world.state.contacts.setdefault(who.external_userid, who)
    world.state.relations.setdefault(userid, {})[who.external_userid] = relation
    code = WelcomeCode(world.new_id("WEL"), userid, who.external_userid, world.now() + WELCOME_SECONDS)
    world.state.welcome_codes[code.code] = code
    kind = "add_half_external_contact" if half else "add_external_contact"
    ids = {"UserID": userid, "ExternalUserID": who.external_userid}
    wecom_event(world, "change_external_contact", kind, at, **ids, State=state, WelcomeCode=code.code)
    world.note("person", "customer/add", f"{who.name} -> {userid}", body=who.external_userid)
    return code


def end_friendship(world: World, userid: str, external_userid: str, by: Literal["customer", "staff"]) -> Json:
    """One of the two deletes the other; the callback differs."""
    relation = world.relation(userid, external_userid)
    if relation is None or relation.status != "active":
        raise Impossible("they are no friends")
    relation.status = "deleted_by_customer" if by == "customer" else "deleted_by_staff"
    relation.ended_at = at = max(world.wall(), relation.createtime + 1)
    change = "del_follow_user" if by == "customer" else "del_external_contact"
    wecom_event(world, "change_external_contact", change, at, UserID=userid, ExternalUserID=external_userid)
    world.note("person", f"{by}/delete", f"{userid} / {external_userid}")
    return {}


def chat(world: World, userid: str, external_userid: str, text: str, by: Literal["customer", "staff"]) -> Json:
    """A line in the chat of a member and a customer. No callback: the corp does not see private chats."""
    relation = world.relation(userid, external_userid)
    if relation is None or relation.status != "active":
        raise Impossible("they are no friends")
    relation.last_chat_at = world.now()
    if by == "customer":
        _first_words(world, relation)
    sender = "customer" if by == "customer" else userid
    world.customer_line(external_userid, Line(world.wall(), "chat", sender, "text", {"text": text}, userid))
    world.note("person", f"{by}/message", f"{userid} / {external_userid}")
    return {}


def _first_words(world: World, relation: Relation) -> None:
    """Who came by a link and now speaks for the first time is reported; nobody else is."""
    link = world.state.links_of_members.get(relation.oper_userid)
    if link is not None and not relation.has_spoken:
        ids = {"UserID": relation.userid, "ExternalUserID": relation.external_userid}
        wecom_event(world, "customer_acquisition", "customer_start_chat", LinkId=link.link_id, State=relation.state, **ids)
    relation.has_spoken = True


def scan_way(world: World, config_id: str) -> tuple[str, str]:
    """Who answers behind a code, chosen by lot as on the platform, and the code's state."""
    way = world.state.contact_ways.get(config_id)
    if way is None:
        raise Impossible(f"no code {config_id}", 404)
    return world.dice.choice(way.user), way.state


def open_link(world: World, link_id: str) -> str:
    """Who answers behind a link; it costs one of the quota, and a low quota is reported."""
    link, config = world.state.links_of_members.get(link_id), world.state.config
    if link is None:
        raise Impossible(f"no link {link_id}", 404)
    if config.acquisition_balance <= 0:
        raise Impossible("the quota of links is used up")
    config.acquisition_balance -= 1
    if config.acquisition_balance == 0:
        wecom_event(world, "customer_acquisition", "balance_exhausted")
    elif config.acquisition_balance < LOW_BALANCE:
        wecom_event(world, "customer_acquisition", "balance_low")
    wecom_event(world, "customer_acquisition", "friend_request", LinkId=link_id)
    return world.dice.choice(link.user)


def log_in(world: World, who: str, nickname: str) -> Json:
    """A customer opens the mini-program: a js_code for `auth/login`. A stranger (unknown or empty `who`) is new."""
    contact = world.state.contacts.get(who)
    if contact is not None:
        contact.unionid = contact.unionid or world.new_id("u", 28)
        user = mini_user(world, unionid=contact.unionid, nickname=nickname or contact.name)
    else:
        user = mini_user(world, who, nickname=nickname)
    code = one_time_code(world, "login", user)
    return {"js_code": code.code, "openid": user.openid, "unionid": user.unionid}


def share_phone(world: World, who: str, phone: str) -> Json:
    """A customer presses the phone button of the mini-program: a code for `phone`."""
    person = find_person(world, who)
    if person.mini is None:
        raise Impossible("they have never opened the mini-program")
    number = phone or person.mini.phone or f"138{int(world.dice.random() * 1e8):08d}"
    person.mini.phone = number
    return {"code": one_time_code(world, "phone", person.mini, number).code, "openid": person.mini.openid}


def accept_subscribe(world: World, who: str, template_id: str, times: int) -> Json:
    """A customer accepts subscribe messages of a template."""
    person = find_person(world, who)
    if person.mini is None:
        raise Impossible("they have never opened the mini-program")
    balance = person.mini.subscribe.get(template_id, 0) + times
    person.mini.subscribe[template_id] = balance
    return {"balance": balance}


def inbox(world: World, who: str) -> list[Json]:
    """Everything on one customer's phone, oldest first: chats, mass messages, notifications, text messages."""
    person = find_person(world, who)
    keys = [person.contact.external_userid if person.contact else "", person.mini.openid if person.mini else "", person.phone]
    lines = [line_json(line) for key in keys if key for line in world.state.customer_lines.get(key, ())]
    if person.contact:
        lines += mass_lines(world, person.contact.external_userid)
    return sorted(lines, key=lambda line: line["at"])


def line_json(line: Line) -> Json:
    """A line for the control plane."""
    return {
        "at": line.at,
        "channel": line.channel,
        "from": line.sender,
        "kind": line.kind,
        "peer": line.ref or line.sender,
        **line.content,
    }


def mass_lines(world: World, external_userid: str, userid: str = "") -> list[Json]:
    """The mass messages a customer received, from one member or from all."""
    head = {"channel": "mass", "kind": "mass"}
    return [
        {**head, "at": sender.send_time, "from": sender.userid, "peer": sender.userid, **content_json(task)}
        for task in world.state.mass_tasks.values()
        for sender in task.senders.values()
        if sender.results.get(external_userid) == SENT and userid in ("", sender.userid)
    ]


def content_json(task: MassTask) -> Json:
    """What a task says."""
    return {"msgid": task.msgid, "text": task.text, "attachments": task.attachments}
