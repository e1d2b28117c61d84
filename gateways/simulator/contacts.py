"""WeCom external contacts: who serves whom, details, remarks, unionid look-up."""

from itertools import islice

from gateways.simulator.envelope import ApiError, Call, limited, page_of, read_cursor, write_cursor
from gateways.simulator.exchange import Json
from gateways.simulator.state import Contact, Relation
from gateways.simulator.wecom import known_member, routes, visible_members
from gateways.simulator.world import World

API = "/cgi-bin/externalcontact/"
_REMARK_LIMITS = {"remark": 20, "description": 150, "remark_company": 20}


@routes.get(API + "get_follow_user_list", contacts=True)
def get_follow_user_list(world: World, call: Call) -> Json:
    """Members with the 客户联系 right."""
    return {"follow_user": [member.userid for member in visible_members(world) if member.serves and member.active]}


@routes.get(API + "list", contacts=True)
def list_contacts(world: World, call: Call) -> Json:
    """The external_userids of one member; 84061 when there are none."""
    userid = call.text("userid")
    known_member(world, userid)
    ids = [ext for ext, relation in world.state.relations.get(userid, {}).items() if relation.status != "deleted_by_staff"]
    if not ids:
        raise ApiError(84061)
    return {"external_userid": ids}


@routes.get(API + "get", contacts=True)
def get_contact(world: World, call: Call) -> Json:
    """One contact with all their friendships. A friendship the customer ended is still shown."""
    contact = known_contact(world, call.text("external_userid"))
    relations = [r for r in world.relations_of(contact.external_userid) if r.status != "deleted_by_staff"]
    if not relations or _not_yet_visible(relations):
        raise ApiError(84061)
    page, cursor = page_of(relations, call.text("cursor"), 500)
    return {
        "external_contact": contact_json(world, contact),
        "follow_user": [{**_follow_json(r), "tags": _tags_json(world, r)} for r in page],
        "next_cursor": cursor,
    }


def _not_yet_visible(relations: list[Relation]) -> bool:
    waiting = [relation for relation in relations if relation.invisible_calls > 0]
    for relation in waiting:
        relation.invisible_calls -= 1
    return len(waiting) == len(relations)


@routes.post(API + "batch/get_by_user", contacts=True)
def batch_get_by_user(world: World, call: Call) -> Json:
    """The friendships of up to 100 members, page by page; pages may be short although more follows."""
    userids = call.texts("userid_list")
    if not 1 <= len(userids) <= 100:
        raise ApiError(40031)
    for userid in userids:
        known_member(world, userid)
    limit, start = limited(call, 50, 100), read_cursor(call.text("cursor"))
    if limit > 1 and world.dice.random() < world.state.config.short_page_rate:
        limit = world.dice.randrange(1, limit)
    rows = _relations_from(world, userids, start, limit + 1)
    if not rows and start == 0:
        raise ApiError(84061)
    more = len(rows) > limit
    shown = [relation for relation in rows[:limit] if relation.status != "deleted_by_staff"]
    return {
        "external_contact_list": [_row_json(world, relation) for relation in shown],
        "next_cursor": write_cursor(start + limit) if more else "",
    }


def _relations_from(world: World, userids: list[str], start: int, number: int) -> list[Relation]:
    # Positions count staff-deleted friendships too, so that a deletion between two pages skips nobody.
    rows: list[Relation] = []
    for userid in userids:
        pairs = world.state.relations.get(userid, {})
        rows.extend(islice(pairs.values(), start, start + number - len(rows)))
        start = max(start - len(pairs), 0)
        if len(rows) >= number:
            break
    return rows


def _row_json(world: World, relation: Relation) -> Json:
    follow = {**_follow_json(relation), "tag_id": list(relation.tags)}
    return {"external_contact": contact_json(world, world.state.contacts[relation.external_userid]), "follow_info": follow}


@routes.post(API + "remark", contacts=True)
def remark(world: World, call: Call) -> Json:
    """Change what a member noted about a contact; only the fields sent change, and no callback follows."""
    relation = known_relation(world, call.text("userid"), call.text("external_userid"))
    for name, most in _REMARK_LIMITS.items():
        if len(call.text(name)) > most:
            raise ApiError(40058, f"{name} too long")
    relation.remark = call.text("remark", relation.remark)
    relation.description = call.text("description", relation.description)
    relation.remark_corp_name = call.text("remark_company", relation.remark_corp_name)
    if "remark_mobiles" in call.body:
        relation.remark_mobiles = [number for number in call.texts("remark_mobiles") if number]
    return {}


@routes.post(API + "unionid_to_external_userid", contacts=True)
def unionid_to_external_userid(world: World, call: Call) -> Json:
    """The contact behind a unionid; 84061 when nobody in the corp has them as a friend."""
    unionid = call.text("unionid")
    if not unionid or not call.text("openid"):
        raise ApiError(40063)
    found = next((c for c in world.state.contacts.values() if c.unionid == unionid), None)
    if found is None:
        raise ApiError(84061)
    return {"external_userid": found.external_userid}


def known_contact(world: World, external_userid: str) -> Contact:
    """A contact by id; 40096 otherwise."""
    contact = world.state.contacts.get(external_userid)
    if contact is None:
        raise ApiError(40096)
    return contact


def known_relation(world: World, userid: str, external_userid: str) -> Relation:
    """A friendship the member still has; 84061 right after adding, when configured so, and when the member ended it."""
    known_member(world, userid)
    known_contact(world, external_userid)
    relation = world.relation(userid, external_userid)
    if relation is None or relation.status == "deleted_by_staff" or _not_yet_visible([relation]):
        raise ApiError(84061)
    return relation


def contact_json(world: World, contact: Contact) -> Json:
    """A contact as the API shows it; unionid only when the corp is bound to an open-platform account."""
    shown: Json = {"external_userid": contact.external_userid, "name": contact.name, "type": contact.type}
    shown |= {"avatar": contact.avatar, "gender": contact.gender}
    if world.state.config.unionid_bound and contact.unionid:
        shown["unionid"] = contact.unionid
    return shown


def _follow_json(relation: Relation) -> Json:
    shown: Json = {"userid": relation.userid, "remark": relation.remark, "description": relation.description}
    shown |= {"createtime": relation.createtime, "add_way": relation.add_way, "oper_userid": relation.oper_userid}
    shown |= {"remark_corp_name": relation.remark_corp_name, "remark_mobiles": list(relation.remark_mobiles)}
    if relation.state:
        shown["state"] = relation.state
    return shown


def _tags_json(world: World, relation: Relation) -> list[Json]:
    tags = [world.state.tags[tag_id] for tag_id in relation.tags if tag_id in world.state.tags]
    groups = world.state.tag_groups
    return [{"group_name": groups[t.group_id].group_name, "tag_name": t.name, "tag_id": t.id, "type": 1} for t in tags]
