"""Verbs of the control plane for people: seeding them, and what staff, customers, administrators and payers do."""

from typing import Any

import msgspec

from gateways.simulator import people, phones
from gateways.simulator.callbacks import wecom_event
from gateways.simulator.clock import rfc3339
from gateways.simulator.control import verb
from gateways.simulator.defaults import MERCHANT_PUBLIC_KEY
from gateways.simulator.exchange import Json
from gateways.simulator.mini_state import MiniUser, PayOrder
from gateways.simulator.pay import pay_order
from gateways.simulator.pay_crypto import verifies
from gateways.simulator.people import Impossible
from gateways.simulator.sms import reply_by_sms
from gateways.simulator.state import Contact, Member, Relation, TagGroup
from gateways.simulator.tags import create_tag, set_tags
from gateways.simulator.world import World


class SeedRelation(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A friendship to plant; `createtime` in seconds since the epoch, 0 for now."""

    userid: str
    createtime: int = 0
    state: str = ""
    add_way: int = 1
    remark: str = ""
    tags: tuple[str, ...] = ()


class SeedContact(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A contact to plant. With `openid` the person also uses the mini-program (same unionid)."""

    name: str
    external_userid: str = ""
    unionid: str = ""
    gender: int = 0
    avatar: str = ""
    relations: tuple[SeedRelation, ...] = ()
    openid: str = ""
    phone: str = ""


class SeedMember(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A member of the corp to plant."""

    userid: str
    name: str
    department: str = ""
    position: str = ""
    serves: bool = True


class SeedMiniUser(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A mini-program user to plant who is nobody's contact."""

    openid: str
    unionid: str = ""
    nickname: str = ""
    phone: str = ""


class SeedPayment(msgspec.Struct, forbid_unknown_fields=True):
    """A payment that was made long ago, so that it can be asked about and refunded. Amounts in fen, `paid_at` in seconds."""

    out_trade_no: str
    transaction_id: str
    openid: str
    total: int
    paid_at: int
    refunded: int = 0
    description: str = ""


@verb("seed")
def seed(
    world: World,
    members: tuple[SeedMember, ...] = (),
    contacts: tuple[SeedContact, ...] = (),
    mini_users: tuple[SeedMiniUser, ...] = (),
    payments: tuple[SeedPayment, ...] = (),
) -> Json:
    """Plant people and their payments in bulk, as if they had always been there: no callbacks, no journal.

    Known ids are replaced.
    """
    known = {*world.state.members, *(member.userid for member in members)}
    if unknown := {friend.userid for contact in contacts for friend in contact.relations} - known:
        raise ValueError(f"no member {', '.join(sorted(unknown)[:5])}")
    for member in members:
        world.state.members[member.userid] = Member(member.userid, member.name, member.department, member.position, member.serves)
    planted = [_plant(world, contact) for contact in contacts]
    for user in mini_users:
        world.keep_mini_user(MiniUser(user.openid, user.unionid or world.new_id("u", 28), user.nickname, user.phone))
    for payment in payments:
        world.state.orders[payment.out_trade_no] = _paid(world, payment)
    return {
        "members": len(members), "external_userids": planted, "mini_users": len(mini_users), "payments": len(payments),
    }  # fmt: skip


def _paid(world: World, payment: SeedPayment) -> PayOrder:
    order = PayOrder(
        payment.out_trade_no, world.new_id("wx", 36), world.setting("MINI_APP_ID"), payment.openid, payment.total,
        payment.description, notify_url="", attach="", created_at=payment.paid_at, expires_after=0.0, prepay_until=0.0,
    )  # fmt: skip
    order.trade_state, order.refunded = "REFUND" if payment.refunded else "SUCCESS", payment.refunded
    order.transaction_id, order.success_time = payment.transaction_id, rfc3339(payment.paid_at)
    return order


def _plant(world: World, wanted: SeedContact) -> str:
    external_userid = wanted.external_userid or world.new_id("wm")
    unionid = wanted.unionid or (world.new_id("u", 28) if wanted.openid else "")
    world.state.contacts[external_userid] = Contact(external_userid, wanted.name, wanted.gender, unionid, wanted.avatar)
    for friend in wanted.relations:
        since = friend.createtime or world.wall()
        relation = Relation(friend.userid, external_userid, since, friend.remark, tags=list(friend.tags))
        relation.state, relation.add_way, relation.oper_userid = friend.state, friend.add_way, external_userid
        world.state.relations.setdefault(friend.userid, {})[external_userid] = relation
    if wanted.openid:
        world.keep_mini_user(MiniUser(wanted.openid, unionid, wanted.name, wanted.phone))
    return external_userid


@verb("member/set")
def set_member(world: World, userid: str, serves: bool = True, active: bool = True) -> Json:
    """An administrator grants or takes the 客户联系 right, or a member leaves the corp. No callback: only asking tells."""
    member = world.state.members.get(userid)
    if member is None:
        raise Impossible(f"no member {userid}", 404)
    member.serves, member.active = serves, active
    return {"userid": userid, "serves": serves, "active": active}


@verb("staff/inbox")
def staff_inbox(world: World, userid: str, limit: int = 50) -> Json:
    """A member's phone."""
    return phones.staff_inbox(world, userid, limit)


@verb("staff/task")
def staff_task(world: World, userid: str, msgid: str) -> Json:
    """One task as a member's phone shows it, with all its customers and their results."""
    task = people.find_task(world, msgid)
    if userid not in task.senders:
        raise Impossible(f"{userid} was not asked", 404)
    sender = task.senders[userid]
    results = [{"external_userid": ext, "status": status} for ext, status in sender.results.items()]
    return {**phones.task_json(world, task, sender), "results": results}


@verb("staff/tasks")
def staff_tasks(world: World, limit: int = 1000) -> list[Json]:
    """All mass-send tasks, newest first, with senders and their customers."""
    return phones.tasks(world, limit)


@verb("staff/confirm")
def staff_confirm(world: World, msgid: str, sender: str, only: list[str] | None = None) -> Json:
    """A member sends a task, to all its customers or only to some."""
    return people.confirm_task(world, msgid, sender, only)


@verb("staff/confirm_all")
def staff_confirm_all(world: World, share: float = 1.0, userid: str = "") -> Json:
    """All members (or one) send what waits for them, each task with probability `share`."""
    return people.confirm_all(world, share, userid)


@verb("staff/ignore")
def staff_ignore(world: World, msgid: str, sender: str) -> Json:
    """A member puts a task aside."""
    return people.ignore_task(world, msgid, sender)


@verb("staff/message")
def staff_message(world: World, userid: str, external_userid: str, text: str) -> Json:
    """A member writes to a customer."""
    return people.chat(world, userid, external_userid, text, "staff")


@verb("staff/delete")
def staff_delete(world: World, userid: str, external_userid: str) -> Json:
    """A member deletes a customer."""
    return people.end_friendship(world, userid, external_userid, "staff")


@verb("staff/tag")
def staff_tag(world: World, userid: str, external_userid: str, add: tuple[str, ...] = (), remove: tuple[str, ...] = ()) -> Json:
    """A member tags a customer by hand: a callback follows, unlike after `mark_tag`."""
    relation = world.relation(userid, external_userid)
    if relation is None:
        raise Impossible("they are no friends")
    if unknown := [tag_id for tag_id in (*add, *remove) if tag_id not in world.state.tags]:
        raise Impossible(f"no tag {unknown[0]}", 404)
    set_tags(relation, list(add), list(remove))
    wecom_event(world, "change_external_contact", "edit_external_contact", UserID=userid, ExternalUserID=external_userid)
    return {"tags": relation.tags}


@verb("customers")
def list_customers(world: World, search: str = "", userid: str = "", limit: int = 50) -> list[Json]:
    """People to choose from on the customer phone."""
    return phones.customers(world, search, userid, limit)


@verb("customer/profile")
def customer_profile(world: World, who: str = "", openid: str = "", external_userid: str = "") -> Json:
    """Who somebody is on every platform."""
    return phones.profile(world, who or openid or external_userid)


@verb("customer/inbox")
def customer_inbox(world: World, who: str = "", openid: str = "", external_userid: str = "") -> list[Json]:
    """Everything on somebody's phone, oldest first."""
    return people.inbox(world, who or openid or external_userid)


@verb("customer/add")
def customer_add(
    world: World,
    userid: str = "",
    config_id: str = "",
    link_id: str = "",
    external_userid: str = "",
    name: str = "",
    unionid: str = "",
    openid: str = "",
    gender: int = 0,
    state: str = "",
    add_way: int = 1,
    half: bool = False,
) -> Json:
    """Somebody scans a member's code or a contact-me code, or opens an acquisition link, and becomes a friend.

    `openid` links a mini-program user; `userid` chooses among the members behind a code or a link.
    """
    answers, way_state = people.scan_way(world, config_id) if config_id else ("", "")
    if link_id:
        answers = people.open_link(world, link_id)
    user = world.state.mini_users.get(openid)
    unionid = unionid or (user.unionid if user else "") or world.new_id("u", 28)
    contact = world.state.contacts.get(external_userid) or _contact_with(world, unionid)
    if contact is None:
        shown_name = name or (user.nickname if user else "") or "微信用户"
        contact = Contact(external_userid or world.new_id("wm"), shown_name, gender, unionid)
    chosen = userid or answers
    code = people.add_friend(world, chosen, contact, state or way_state, add_way, half=half, link_id=link_id)
    return {"external_userid": contact.external_userid, "userid": chosen, "unionid": contact.unionid, "welcome_code": code.code}


def _contact_with(world: World, unionid: str) -> Contact | None:
    return next((c for c in world.state.contacts.values() if c.unionid == unionid), None)


@verb("customer/delete")
def customer_delete(world: World, userid: str, external_userid: str) -> Json:
    """A customer deletes a member."""
    return people.end_friendship(world, userid, external_userid, "customer")


@verb("customer/login_code")
def customer_login_code(world: World, who: str = "", openid: str = "", external_userid: str = "", nickname: str = "") -> Json:
    """A js_code: a contact, a known or a new mini-program user opens the mini-program."""
    return people.log_in(world, who or openid or external_userid, nickname)


@verb("customer/phone_code")
def customer_phone_code(world: World, who: str = "", openid: str = "", external_userid: str = "", phone: str = "") -> Json:
    """A code for the phone number; `phone` sets which."""
    return people.share_phone(world, who or openid or external_userid, phone)


@verb("customer/message")
def customer_message(world: World, userid: str, external_userid: str, text: str) -> Json:
    """A customer writes to a member."""
    return people.chat(world, userid, external_userid, text, "customer")


@verb("customer/accept_subscribe")
def customer_accept_subscribe(
    world: World, template_id: str, who: str = "", openid: str = "", external_userid: str = "", times: int = 1
) -> Json:
    """A customer accepts subscribe messages."""
    return people.accept_subscribe(world, who or openid or external_userid, template_id, times)


@verb("customer/sms_reply")
def customer_sms_reply(world: World, text: str = "TD", phone: str = "", who: str = "") -> Json:
    """A customer answers by SMS; TD opts out."""
    number = phone or people.find_person(world, who).phone
    if not number:
        raise Impossible("they have no phone number", 404)
    reply_by_sms(world, number, text)
    return {}


@verb("pay/sheet")
def pay_sheet(world: World, out_trade_no: str = "", prepay_id: str = "", params: dict[str, Any] | None = None) -> Json:
    """The pay sheet; `params` is what the mini-program got for wx.requestPayment, and its signature is checked."""
    return phones.sheet(world, _order(world, out_trade_no, prepay_id, params))


@verb("pay/confirm")
def pay_confirm(
    world: World, out_trade_no: str = "", prepay_id: str = "", params: dict[str, Any] | None = None, even_if_closed: bool = False
) -> Json:
    """The customer pays. `even_if_closed` plays the race in which the order was closed while the password was typed."""
    order = _order(world, out_trade_no, prepay_id, params)
    payable = order.trade_state == "NOTPAY" or (even_if_closed and order.trade_state == "CLOSED")
    if not payable or order.prepay_until <= world.now():
        raise Impossible(f"the order cannot be paid: {order.trade_state}")
    pay_order(world, order)
    world.note("person", "pay/confirm", f"{order.total / 100:.2f}", body=order.out_trade_no)
    return {**phones.sheet(world, order), "errMsg": "requestPayment:ok", "transaction_id": order.transaction_id}


@verb("pay/cancel")
def pay_cancel(world: World, out_trade_no: str = "", prepay_id: str = "", params: dict[str, Any] | None = None) -> Json:
    """The customer closes the pay sheet; nothing changes."""
    order = _order(world, out_trade_no, prepay_id, params)
    world.note("person", "pay/cancel", "", body=order.out_trade_no)
    return {**phones.sheet(world, order), "errMsg": "requestPayment:fail cancel"}


@verb("pay/orders")
def pay_orders(world: World, who: str = "", limit: int = 20) -> list[Json]:
    """Orders at the cashier, newest first."""
    mini = people.find_person(world, who).mini if who else None
    return [] if who and mini is None else phones.orders_of(world, mini.openid if mini else "", limit)


def _order(world: World, out_trade_no: str, prepay_id: str, params: dict[str, Any] | None) -> PayOrder:
    if params:
        prepay_id = str(params.get("package", "")).removeprefix("prepay_id=")
        order = phones.find_order(world, out_trade_no, prepay_id)
        signed = (order.appid, str(params.get("timeStamp")), str(params.get("nonceStr")), str(params.get("package")))
        if params.get("signType") != "RSA" or not verifies(MERCHANT_PUBLIC_KEY, str(params.get("paySign")), *signed):
            raise Impossible("requestPayment:fail 签名验证失败", 400)
        return order
    return phones.find_order(world, out_trade_no, prepay_id)


@verb("admin/tag")
def admin_tag(world: World, group_name: str, name: str, rename: str = "") -> Json:
    """An administrator creates or renames a tag in the client: a callback follows, and our app may not edit that tag."""
    group = next((g for g in world.state.tag_groups.values() if g.group_name == group_name), None)
    group = group or TagGroup(world.new_id("et"), group_name, world.wall())
    tag = next((t for t in world.state.tags.values() if t.group_id == group.group_id and t.name == name), None)
    change = "update" if tag else "create"
    tag = tag or create_tag(world, group, name, 0, "admin")
    tag.name = rename or tag.name
    wecom_event(world, "change_external_tag", change, Id=tag.id, TagType="tag")
    return {"tag_id": tag.id, "group_id": group.group_id}
