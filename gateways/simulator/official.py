"""The official account: template messages to followers, taken once per key for ten minutes."""

from gateways.simulator.control import verb
from gateways.simulator.envelope import ApiError, Call
from gateways.simulator.exchange import Json
from gateways.simulator.mini import routes
from gateways.simulator.mini_state import Follower
from gateways.simulator.state import Line
from gateways.simulator.world import World

KEY_SECONDS = 600


@routes.post("/cgi-bin/message/template/send")
def template_send(world: World, call: Call) -> Json:
    """A template message. A `client_msg_id` that this follower had within ten minutes is refused, without effect."""
    follower = world.state.followers.get(call.text("touser"))
    if follower is None:
        raise ApiError(40003)
    if not call.text("template_id"):
        raise ApiError(40037)
    if not follower.follows:
        raise ApiError(43004, "require subscribe")
    key, now = call.text("client_msg_id"), world.now()
    if key and follower.taken.get(key, 0.0) > now - KEY_SECONDS:
        raise ApiError(45065, "clientmsgid exist")
    if key:
        follower.taken[key] = now
    follower.received += 1
    data = {name: field.get("value") if isinstance(field, dict) else None for name, field in call.object("data").items()}
    shown: Json = {"template_id": call.text("template_id"), "data": data}
    world.customer_line(follower.openid, Line(world.wall(), "official", "oa", "template", shown))
    return {"msgid": 2_000_000_000 + len(world.state.followers) + follower.received}


@verb("official/follow")
def follow(world: World, openids: tuple[str, ...] = (), follows: bool = True) -> Json:
    """People begin to follow the official account, or stop."""
    for openid in openids:
        known = world.state.followers.setdefault(openid, Follower(openid))
        known.follows = follows
    received = [one.received for one in world.state.followers.values()]
    return {"followers": len(received), "received": sum(received), "reached": sum(one > 0 for one in received)}


@verb("mass/received")
def mass_received(world: World) -> Json:
    """How many mass messages were delivered, and to how many people."""
    counts = [len(one.mass_received) for one in world.state.contacts.values()]
    return {"received": sum(counts), "reached": sum(one > 0 for one in counts)}
