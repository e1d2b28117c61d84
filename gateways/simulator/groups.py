"""WeCom customer group chats, and the hand-over of customers from one member to another."""

from gateways.simulator.contacts import API, known_relation
from gateways.simulator.envelope import ApiError, Call, limited, page_of
from gateways.simulator.exchange import Json
from gateways.simulator.state import GroupChat, Relation, Transfer
from gateways.simulator.wecom import known_member, routes
from gateways.simulator.world import World

DAY = 86_400.0
DONE, WAITING, REFUSED, AT_LIMIT, NONE = 1, 2, 3, 4, 5


@routes.post(API + "groupchat/list", contacts=True)
def list_group_chats(world: World, call: Call) -> Json:
    """The ids of the corp's groups, or of those some members own; a dismissed group is not among them."""
    owners = call.object("owner_filter").get("userid_list") or []
    if not isinstance(owners, list) or len(owners) > 100:
        raise ApiError(40031)
    chats = [chat for chat in world.state.group_chats.values() if not owners or chat.owner in owners]
    page, cursor = page_of(chats, call.text("cursor"), limited(call, 1000, 1000))
    return {"group_chat_list": [{"chat_id": chat.chat_id, "status": 0} for chat in page], "next_cursor": cursor}


@routes.post(API + "groupchat/get", contacts=True)
def get_group_chat(world: World, call: Call) -> Json:
    """One group with its members; names only when asked for."""
    chat = world.state.group_chats.get(call.text("chat_id"))
    if chat is None:
        raise ApiError(40050)
    named = call.number("need_name") == 1
    head = {"chat_id": chat.chat_id, "name": chat.name, "owner": chat.owner, "create_time": chat.create_time}
    return {"group_chat": {**head, "notice": chat.notice, "member_list": _members_json(world, chat, named), "admin_list": []}}


def _members_json(world: World, chat: GroupChat, named: bool) -> list[Json]:
    rows = []
    for member in chat.members.values():
        row: Json = {"userid": member.userid, "type": member.type, "join_time": member.join_time, "join_scene": member.join_scene}
        contact = world.state.contacts.get(member.userid)
        if contact and contact.unionid and world.state.config.unionid_bound:
            row["unionid"] = contact.unionid
        rows.append({**row, "name": member.name} if named else row)
    return rows


@routes.post(API + "transfer_customer", contacts=True)
def transfer_customer(world: World, call: Call) -> Json:
    """Ask up to 100 customers of a member to accept a colleague; a customer answers for each of them."""
    ids, giver, taker = call.texts("external_userid"), call.text("handover_userid"), call.text("takeover_userid")
    if not 1 <= len(ids) <= 100 or len(call.text("transfer_success_msg")) > 200:
        raise ApiError(40058)
    known_member(world, giver)
    if not known_member(world, taker).serves:
        raise ApiError(84074, "no permission for external contact")
    return {"customer": [{"external_userid": each, "errcode": _ask(world, each, giver, taker)} for each in ids]}


def _ask(world: World, external_userid: str, giver: str, taker: str) -> int:
    try:
        known_relation(world, giver, external_userid)
    except ApiError as error:
        return error.errcode
    if any(t.external_userid == external_userid and t.status == WAITING for t in world.state.transfers):
        return 40100
    world.state.transfers.append(Transfer(external_userid, giver, taker, world.now() + DAY))
    return 0


@routes.post(API + "transfer_result", contacts=True)
def transfer_result(world: World, call: Call) -> Json:
    """Where the hand-overs between two members stand."""
    pair = (call.text("handover_userid"), call.text("takeover_userid"))
    settle_transfers(world)
    found = [t for t in world.state.transfers if (t.handover_userid, t.takeover_userid) == pair]
    page, cursor = page_of(found, call.text("cursor"), 1000)
    rows = [{"external_userid": t.external_userid, "status": t.status, "takeover_time": t.takeover_time} for t in page]
    return {"customer": rows, "next_cursor": cursor}


def settle_transfers(world: World) -> None:
    """A hand-over nobody refused is done after a virtual day: the friendship moves, quietly, as on the platform."""
    for transfer in world.state.transfers:
        if transfer.status == WAITING and transfer.accepted_after <= world.now():
            _move(world, transfer)


def _move(world: World, transfer: Transfer) -> None:
    transfer.status, transfer.takeover_time = DONE, world.wall()
    old = world.relation(transfer.handover_userid, transfer.external_userid)
    if old is None or old.status != "active":
        return
    old.status, old.ended_at = "deleted_by_staff", world.wall()
    taken = Relation(transfer.takeover_userid, transfer.external_userid, world.wall(), add_way=202, tags=list(old.tags))
    taken.oper_userid = transfer.handover_userid
    world.state.relations.setdefault(transfer.takeover_userid, {})[transfer.external_userid] = taken
