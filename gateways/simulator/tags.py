"""WeCom corp tags: the library, and tags on friendships. API changes produce no callback."""

from gateways.simulator.contacts import API, known_relation
from gateways.simulator.envelope import ApiError, Call
from gateways.simulator.exchange import Json
from gateways.simulator.state import Relation, Tag, TagGroup
from gateways.simulator.wecom import FAMILY, routes
from gateways.simulator.world import World

TAGS_PER_RELATION = 3000


@routes.post(API + "get_corp_tag_list", contacts=True)
def get_corp_tag_list(world: World, call: Call) -> Json:
    """The library; by groups, by tags, or all of it."""
    group_ids, tag_ids = call.texts("group_id"), call.texts("tag_id")
    groups = [g for g in world.state.tag_groups.values() if not group_ids or g.group_id in group_ids]
    wanted = set() if group_ids else set(tag_ids)
    shown = [_group_json(world, group, wanted) for group in groups]
    return {"tag_group": [group for group in shown if group["tag"] or not wanted]}


@routes.post(API + "add_corp_tag", contacts=True)
def add_corp_tag(world: World, call: Call) -> Json:
    """New tags in a group named by id or name; a new name makes a new group. 40071 when a tag name is taken."""
    wanted = call.objects("tag")
    names = [str(tag.get("name", "")) for tag in wanted]
    if not names or not all(names):
        raise ApiError(40063)
    if any(len(name) > 30 for name in names):
        raise ApiError(40058, "tag name too long")
    if len(world.state.tags) + len(names) > world.state.config.tag_limit:
        raise ApiError(40058, "too many tags")
    group = _group_for(world, call)
    if len(set(names)) < len(names) or set(names) & {t.name for t in tags_in(world, group.group_id)}:
        raise ApiError(40071)
    world.state.tag_groups[group.group_id] = group
    made = {create_tag(world, group, name, _order(tag), _owner(call)).id for name, tag in zip(names, wanted, strict=True)}
    return {"tag_group": _group_json(world, group, made)}


def _order(tag: Json) -> int:
    order = tag.get("order", 0)
    if not isinstance(order, int):
        raise ApiError(40058, "order is not a number")
    return order


def _group_for(world: World, call: Call) -> TagGroup:
    group_id, name = call.text("group_id"), call.text("group_name")
    if group_id:
        if group_id not in world.state.tag_groups:
            raise ApiError(40068, "invalid group_id")
        return world.state.tag_groups[group_id]
    if not name or len(name) > 30:
        raise ApiError(40063 if not name else 40058)
    found = next((group for group in world.state.tag_groups.values() if group.group_name == name), None)
    return found or TagGroup(world.new_id("et"), name, world.wall(), call.number("order"), _owner(call))


def create_tag(world: World, group: TagGroup, name: str, order: int, owner: str) -> Tag:
    """Put a tag into the library."""
    tag = Tag(world.new_id("et"), name, group.group_id, world.wall(), order, owner)
    world.state.tag_groups[group.group_id] = group
    world.state.tags[tag.id] = tag
    return tag


@routes.post(API + "edit_corp_tag", contacts=True)
def edit_corp_tag(world: World, call: Call) -> Json:
    """Rename or reorder a tag or a group this app made."""
    item = _own(world, call, call.text("id"))
    name = call.text("name")
    if name and any(name == other for other in _names_beside(world, item)):
        raise ApiError(40071)
    if isinstance(item, Tag):
        item.name = name or item.name
    else:
        item.group_name = name or item.group_name
    item.order = call.number("order", item.order)
    return {}


def _names_beside(world: World, item: Tag | TagGroup) -> list[str]:
    if isinstance(item, Tag):
        return [tag.name for tag in tags_in(world, item.group_id) if tag is not item]
    return [group.group_name for group in world.state.tag_groups.values() if group is not item]


@routes.post(API + "del_corp_tag", contacts=True)
def del_corp_tag(world: World, call: Call) -> Json:
    """Delete tags and groups this app made; a group goes with its last tag."""
    items = [_own(world, call, item_id) for item_id in (*call.texts("tag_id"), *call.texts("group_id"))]
    if not items:
        raise ApiError(40063)
    doomed = {item.id for item in items if isinstance(item, Tag)}
    for group in (item for item in items if isinstance(item, TagGroup)):
        doomed |= {tag.id for tag in tags_in(world, group.group_id)}
    delete_tags(world, doomed)
    return {}


def delete_tags(world: World, doomed: set[str]) -> None:
    """Take tags out of the library and off every friendship."""
    for tag_id in doomed:
        del world.state.tags[tag_id]
    kept = {tag.group_id for tag in world.state.tags.values()}
    world.state.tag_groups = {key: group for key, group in world.state.tag_groups.items() if key in kept}
    for pairs in world.state.relations.values():
        for relation in pairs.values():
            if relation.tags:
                relation.tags = [tag_id for tag_id in relation.tags if tag_id not in doomed]


def _own(world: World, call: Call, item_id: str) -> Tag | TagGroup:
    item = world.state.tags.get(item_id) or world.state.tag_groups.get(item_id)
    if item is None:
        raise ApiError(40068)
    if item.owner != _owner(call):
        raise ApiError(301002)
    return item


@routes.post(API + "mark_tag", contacts=True)
def mark_tag(world: World, call: Call) -> Json:
    """Add and remove tags on one friendship; several tags of one group may stand side by side."""
    add, remove = call.texts("add_tag"), call.texts("remove_tag")
    if not add and not remove:
        raise ApiError(40063)
    relation = known_relation(world, call.text("userid"), call.text("external_userid"))
    if any(tag_id not in world.state.tags for tag_id in (*add, *remove)):
        raise ApiError(40068)
    set_tags(relation, add, remove)
    return {}


def set_tags(relation: Relation, add: list[str], remove: list[str]) -> None:
    """Change the tags of a friendship; 40058 above 3,000."""
    tags = [tag_id for tag_id in relation.tags if tag_id not in remove]
    tags += [tag_id for tag_id in dict.fromkeys(add) if tag_id not in tags]
    if len(tags) > TAGS_PER_RELATION:
        raise ApiError(40058, "too many tags")
    relation.tags = tags


def tags_in(world: World, group_id: str) -> list[Tag]:
    """The tags of a group."""
    return [tag for tag in world.state.tags.values() if tag.group_id == group_id]


def _owner(call: Call) -> str:
    return call.app.removeprefix(FAMILY)


def _group_json(world: World, group: TagGroup, only: set[str]) -> Json:
    tags = [tag for tag in tags_in(world, group.group_id) if not only or tag.id in only]
    shown = [{"id": t.id, "name": t.name, "create_time": t.create_time, "order": t.order} for t in tags]
    head = {"group_id": group.group_id, "group_name": group.group_name, "create_time": group.create_time}
    return {**head, "order": group.order, "tag": shown}
