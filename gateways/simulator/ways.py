"""WeCom contact-me codes (联系我) and customer-acquisition links (获客助手), with their quota."""

import io
import re

from gateways.simulator.contacts import API
from gateways.simulator.envelope import ApiError, Call, limited, page_of
from gateways.simulator.exchange import Json, Request, Response, html_response
from gateways.simulator.state import AcquisitionLink, ContactWay
from gateways.simulator.wecom import known_member, routes
from gateways.simulator.world import World

PICTURE_HOST = "wework.qpic.cn"
LINKS = API + "customer_acquisition/"
LIST_WINDOW_SECONDS = 90 * 86_400
MOST_USERS, MOST_LINK_USERS = 100, 500


@routes.post(API + "add_contact_way", contacts=True)
def add_contact_way(world: World, call: Call) -> Json:
    """A contact-me code for up to 100 members."""
    users = _users(world, call.texts("user"), MOST_USERS, 41041)
    kind = call.number("type", 0)
    if not users or kind not in (1, 2) or call.number("scene", 0) not in (1, 2) or (kind == 1 and len(users) > 1):
        raise ApiError(40058)
    _check_lengths(call, "state", "remark")
    if len(world.state.contact_ways) >= world.state.config.way_limit:
        raise ApiError(41045)
    way = ContactWay(world.new_id("cw"), users, call.text("state"), call.text("remark"))
    way.type, way.scene, way.created_at = kind, call.number("scene"), world.wall()
    way.skip_verify = bool(call.body.get("skip_verify", True))
    world.state.contact_ways[way.config_id] = way
    return {"config_id": way.config_id, "qr_code": qr_code(way)}


@routes.post(API + "get_contact_way", contacts=True)
def get_contact_way(world: World, call: Call) -> Json:
    """A contact-me code."""
    way = _known_way(world, call)
    details = {"config_id": way.config_id, "type": way.type, "scene": way.scene, "remark": way.remark}
    behaviour = {"skip_verify": way.skip_verify, "state": way.state, "user": list(way.user), "qr_code": qr_code(way)}
    return {"contact_way": {**details, **behaviour}}


@routes.post(API + "list_contact_way", contacts=True)
def list_contact_way(world: World, call: Call) -> Json:
    """The codes made through the API in a window of at most 90 days."""
    now = world.wall()
    start, end = call.number("start_time") or now - LIST_WINDOW_SECONDS, call.number("end_time") or now
    if start > end:
        raise ApiError(40058)
    start = max(start, now - LIST_WINDOW_SECONDS)
    made = [way for way in world.state.contact_ways.values() if start <= way.created_at <= end]
    page, cursor = page_of(made, call.text("cursor"), limited(call, 100, 1000))
    return {"contact_way": [{"config_id": way.config_id} for way in page], "next_cursor": cursor}


@routes.post(API + "update_contact_way", contacts=True)
def update_contact_way(world: World, call: Call) -> Json:
    """Change who stands behind a code, or its state; the picture stays."""
    way = _known_way(world, call)
    users = _users(world, call.texts("user"), MOST_USERS, 41041)
    _check_lengths(call, "state", "remark")
    way.user = users or way.user
    way.state = call.text("state", way.state)
    way.remark = call.text("remark", way.remark)
    way.skip_verify = bool(call.body.get("skip_verify", way.skip_verify))
    return {}


@routes.post(API + "del_contact_way", contacts=True)
def del_contact_way(world: World, call: Call) -> Json:
    """Withdraw a code."""
    del world.state.contact_ways[_known_way(world, call).config_id]
    return {}


def _known_way(world: World, call: Call) -> ContactWay:
    way = world.state.contact_ways.get(call.text("config_id"))
    if way is None:
        raise ApiError(41044)
    return way


def _users(world: World, users: list[str], most: int, too_many: int) -> list[str]:
    if len(users) > most:
        raise ApiError(too_many)
    for userid in users:
        if not known_member(world, userid).serves:
            raise ApiError(84074, "no permission for external contact")
    return list(dict.fromkeys(users))


def _check_lengths(call: Call, *names: str) -> None:
    for name in names:
        if len(call.text(name)) > 30:
            raise ApiError(40058, f"{name} too long")


def qr_code(way: ContactWay) -> str:
    """The address of a code's picture."""
    return f"https://{PICTURE_HOST}/wwpic/sim_{way.config_id}/0"


def picture(world: World, request: Request) -> Response:
    """The picture of a code: a QR code that leads to nowhere outside this world."""
    import segno

    found = re.fullmatch(r"/wwpic/sim_(\w+)/0", request.path)
    if found is None or found[1] not in world.state.contact_ways:
        return html_response(404, "404 Not Found")
    image = io.BytesIO()
    segno.make(f"https://work.weixin.qq.com/ct/{found[1]}", error="m").save(image, kind="png", scale=8, border=3)
    return Response(200, image.getvalue(), "image/png")


# --- customer-acquisition links ------------------------------------------------------------------------


@routes.post(LINKS + "list_link", contacts=True)
def list_link(world: World, call: Call) -> Json:
    """The ids of all links."""
    page, cursor = page_of(list(world.state.links_of_members), call.text("cursor"), limited(call, 100, 100))
    return {"link_id_list": page, "next_cursor": cursor}


@routes.post(LINKS + "get", contacts=True)
def get_link(world: World, call: Call) -> Json:
    """One link and its members."""
    link = _known_link(world, call)
    return {"link": _link_json(link), "range": {"user_list": list(link.user), "department_list": []}}


@routes.post(LINKS + "create_link", contacts=True)
def create_link(world: World, call: Call) -> Json:
    """A new link for up to 500 members."""
    if len(world.state.links_of_members) >= world.state.config.link_limit:
        raise ApiError(41095)
    users = _users(world, _range(call), MOST_LINK_USERS, 40058)
    name = call.text("link_name")
    if not users or not name or len(name) > 30:
        raise ApiError(40058)
    link = AcquisitionLink(world.new_id("cal"), name, users, bool(call.body.get("skip_verify", True)), world.wall())
    world.state.links_of_members[link.link_id] = link
    return {"link": _link_json(link)}


@routes.post(LINKS + "update_link", contacts=True)
def update_link(world: World, call: Call) -> Json:
    """Change a link's name or members."""
    link = _known_link(world, call)
    users = _users(world, _range(call), MOST_LINK_USERS, 40058)
    link.user, link.link_name = users or link.user, call.text("link_name", link.link_name)
    return {}


@routes.post(LINKS + "delete_link", contacts=True)
def delete_link(world: World, call: Call) -> Json:
    """Withdraw a link."""
    del world.state.links_of_members[_known_link(world, call).link_id]
    return {}


@routes.get(API + "customer_acquisition_quota", contacts=True)
def quota(world: World, call: Call) -> Json:
    """How many friends may still come by links."""
    config = world.state.config
    batches = [{"expire_date": config.acquisition_expires_at, "balance": config.acquisition_balance}]
    return {
        "total": config.acquisition_total,
        "balance": config.acquisition_balance,
        "quota_list": batches if config.acquisition_expires_at else [],
    }


@routes.post(LINKS + "customer", contacts=True)
def link_customers(world: World, call: Call) -> Json:
    """Who came by a link, and whether they have spoken."""
    link = _known_link(world, call)
    came = [r for pairs in world.state.relations.values() for r in pairs.values() if r.oper_userid == link.link_id]
    page, cursor = page_of(came, call.text("cursor"), limited(call, 1000, 1000))
    rows = [
        {"external_userid": r.external_userid, "userid": r.userid, "chat_status": int(r.has_spoken), "state": r.state}
        for r in page
    ]
    return {"customer_list": rows, "next_cursor": cursor}


def _range(call: Call) -> list[str]:
    users = call.object("range").get("user_list") or []
    if not isinstance(users, list) or not all(isinstance(userid, str) for userid in users):
        raise ApiError(40058, "user_list is not a list of strings")
    return users


def _known_link(world: World, call: Call) -> AcquisitionLink:
    link = world.state.links_of_members.get(call.text("link_id"))
    if link is None:
        raise ApiError(40058, "invalid link_id")
    return link


def _link_json(link: AcquisitionLink) -> Json:
    shown = {"link_id": link.link_id, "link_name": link.link_name, "url": f"https://work.weixin.qq.com/ca/{link.link_id}"}
    return {**shown, "create_time": link.created_at, "skip_verify": link.skip_verify}
