"""Verbs of the control plane for group chats, codes, links and the corp's tag library: what people do in the client."""

import msgspec

from gateways.simulator.callbacks import wecom_event
from gateways.simulator.control import verb
from gateways.simulator.exchange import Json
from gateways.simulator.groups import REFUSED, WAITING
from gateways.simulator.people import Impossible
from gateways.simulator.state import AcquisitionLink, ContactWay, GroupChat, GroupMember
from gateways.simulator.tags import delete_tags
from gateways.simulator.ways import qr_code
from gateways.simulator.world import World

LINK_EVENTS = ("open_profile", "friend_request", "delete_link", "link_unavailable", "quota_expire_soon", "balance_low")


class SeedGroupChat(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A group chat to plant; `members` are external_userids."""

    chat_id: str
    name: str
    owner: str
    create_time: int = 0
    members: tuple[str, ...] = ()
    notice: str = ""


class SeedWay(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A contact-me code to plant, as if our app had made it."""

    config_id: str
    state: str
    users: tuple[str, ...]
    remark: str = ""


class SeedLink(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A customer-acquisition link to plant."""

    link_id: str
    name: str
    users: tuple[str, ...]


@verb("groups/seed")
def seed_groups(
    world: World, chats: tuple[SeedGroupChat, ...] = (), ways: tuple[SeedWay, ...] = (), links: tuple[SeedLink, ...] = ()
) -> Json:
    """Plant group chats, codes and links: no callbacks. Known ids are replaced."""
    for chat in chats:
        world.state.group_chats[chat.chat_id] = _planted(world, chat)
    for way in ways:
        planted = ContactWay(way.config_id, list(way.users), way.state, way.remark, type=2, created_at=world.wall())
        world.state.contact_ways[way.config_id] = planted
    for link in links:
        world.state.links_of_members[link.link_id] = AcquisitionLink(
            link.link_id, link.name, list(link.users), created_at=world.wall()
        )
    return {"chats": len(chats), "ways": len(ways), "links": len(links)}


def _planted(world: World, chat: SeedGroupChat) -> GroupChat:
    made = GroupChat(chat.chat_id, chat.name, chat.owner, chat.create_time or world.wall(), notice=chat.notice)
    for userid in (chat.owner, *chat.members):
        made.members[userid] = _member(world, userid, made.create_time, 1)
    return made


def _member(world: World, userid: str, at: int, scene: int) -> GroupMember:
    colleague, contact = world.state.members.get(userid), world.state.contacts.get(userid)
    if colleague is None and contact is None:
        raise Impossible(f"nobody is known as {userid}", 404)
    name = colleague.name if colleague else contact.name if contact else ""
    return GroupMember(userid, 1 if colleague else 2, at, scene, name)


@verb("groups")
def list_groups(world: World, who: str = "") -> list[Json]:
    """The corp's group chats; `joined` says whether `who` is in one."""
    return [
        {"chat_id": c.chat_id, "name": c.name, "owner": c.owner, "members": len(c.members), "joined": who in c.members}
        for c in world.state.group_chats.values()
    ]


@verb("group/create")
def create_group(world: World, owner: str, name: str, external_userids: tuple[str, ...] = ()) -> Json:
    """A member opens a group chat with customers."""
    if owner not in world.state.members:
        raise Impossible(f"no member {owner}", 404)
    chat = GroupChat(world.new_id("wr"), name, owner, world.wall())
    for userid in (owner, *external_userids):
        chat.members[userid] = _member(world, userid, world.wall(), 1)
    world.state.group_chats[chat.chat_id] = chat
    wecom_event(world, "change_external_chat", "create", ChatId=chat.chat_id)
    world.note("person", "group/create", name, body=chat.chat_id)
    return {"chat_id": chat.chat_id}


@verb("group/join")
def join_group(world: World, chat_id: str, external_userid: str, join_scene: int = 3) -> Json:
    """A customer joins a group, by its QR code unless said otherwise."""
    chat = _chat(world, chat_id)
    if external_userid in chat.members:
        raise Impossible("they are in the group already")
    chat.members[external_userid] = _member(world, external_userid, world.wall(), join_scene)
    _tell(world, chat, "add_member", JoinScene=str(join_scene), MemChangeCnt="1")
    return {"members": len(chat.members)}


@verb("group/leave")
def leave_group(world: World, chat_id: str, external_userid: str) -> Json:
    """A customer leaves a group."""
    chat = _chat(world, chat_id)
    if chat.members.pop(external_userid, None) is None:
        raise Impossible("they are not in the group")
    _tell(world, chat, "del_member", QuitScene="0", MemChangeCnt="1")
    return {"members": len(chat.members)}


@verb("group/edit")
def edit_group(world: World, chat_id: str, name: str = "", owner: str = "", notice: str = "") -> Json:
    """The owner renames the group, hands it on, or writes a notice."""
    chat = _chat(world, chat_id)
    if name:
        chat.name = name
        _tell(world, chat, "change_name")
    if owner:
        chat.owner = owner
        chat.members.setdefault(owner, _member(world, owner, world.wall(), 1))
        _tell(world, chat, "change_owner")
    if notice:
        chat.notice = notice
        _tell(world, chat, "change_notice")
    return {"name": chat.name, "owner": chat.owner}


@verb("group/dismiss")
def dismiss_group(world: World, chat_id: str) -> Json:
    """The owner dismisses the group."""
    del world.state.group_chats[_chat(world, chat_id).chat_id]
    wecom_event(world, "change_external_chat", "dismiss", ChatId=chat_id)
    return {}


def _chat(world: World, chat_id: str) -> GroupChat:
    chat = world.state.group_chats.get(chat_id)
    if chat is None:
        raise Impossible(f"no group {chat_id}", 404)
    return chat


def _tell(world: World, chat: GroupChat, detail: str, **fields: str) -> None:
    wecom_event(world, "change_external_chat", "update", ChatId=chat.chat_id, UpdateDetail=detail, **fields)
    world.note("person", f"group/{detail}", chat.name, body=chat.chat_id)


@verb("ways")
def list_ways(world: World) -> list[Json]:
    """The codes and links a customer may come by."""
    names = {member.userid: member.name for member in world.state.members.values()}
    ways = [
        {"kind": "code", "id": way.config_id, "name": way.remark or way.state, "state": way.state, "qr_code": qr_code(way)}
        | {"users": [names.get(userid, userid) for userid in way.user]}
        for way in world.state.contact_ways.values()
    ]
    links = [
        {"kind": "link", "id": link.link_id, "name": link.link_name, "state": "", "qr_code": ""}
        | {"users": [names.get(userid, userid) for userid in link.user]}
        for link in world.state.links_of_members.values()
    ]
    return ways + links


@verb("link/event")
def link_event(world: World, link_id: str = "", change: str = "open_profile", state: str = "") -> Json:
    """Something happens with a link: somebody opens it, it breaks, the quota runs low."""
    if change not in LINK_EVENTS:
        raise Impossible(f"no such event of links: {change}", 400)
    wecom_event(world, "customer_acquisition", change, LinkId=link_id, State=state)
    return {}


@verb("transfer/answer")
def answer_transfer(world: World, external_userid: str, reason: str = "customer_refused") -> Json:
    """A customer refuses to be handed over (or the taker is full): a callback follows."""
    asked = next((t for t in world.state.transfers if t.external_userid == external_userid and t.status == WAITING), None)
    if asked is None:
        raise Impossible("nobody asked them", 404)
    asked.status = REFUSED if reason == "customer_refused" else REFUSED + 1
    ids = {"UserID": asked.handover_userid, "ExternalUserID": external_userid}
    wecom_event(world, "change_external_contact", "transfer_fail", **ids, FailReason=reason)
    return {}


@verb("admin/tag_delete")
def delete_tag(world: World, tag_id: str) -> Json:
    """An administrator deletes a tag in the client: a callback follows."""
    if tag_id not in world.state.tags:
        raise Impossible(f"no tag {tag_id}", 404)
    delete_tags(world, {tag_id})
    wecom_event(world, "change_external_tag", "delete", Id=tag_id, TagType="tag")
    return {}


@verb("admin/tag_shuffle")
def shuffle_tags(world: World, group_id: str) -> Json:
    """An administrator puts the tags of a group into another order: a callback follows."""
    if group_id not in world.state.tag_groups:
        raise Impossible(f"no tag group {group_id}", 404)
    mine = [tag for tag in world.state.tags.values() if tag.group_id == group_id]
    for place, tag in enumerate(reversed(mine)):
        tag.order = place
    wecom_event(world, "change_external_tag", "shuffle", Id=group_id, TagType="tag_group")
    return {}
