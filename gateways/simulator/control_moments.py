"""What people do with Moments and with messages to groups: publish, like, comment, send."""

from gateways.simulator.control import verb
from gateways.simulator.exchange import Json
from gateways.simulator.people import Impossible
from gateways.simulator.world import World


@verb("moments")
def list_moments(world: World) -> list[Json]:
    """Every Moments task, the newest first."""
    return [
        {
            "moment_id": one.moment_id,
            "text": one.text,
            "publishers": dict(one.publishers),
            "tags": one.tags,
            "cancelled": one.cancelled,
        }
        for one in reversed(world.state.moments.values())
    ]


@verb("staff/publish")
def publish_moment(world: World, moment_id: str, userid: str) -> Json:
    """A member presses 发表."""
    moment = world.state.moments.get(moment_id)
    if moment is None or userid not in moment.publishers or moment.cancelled:
        raise Impossible("nothing to publish", 404)
    moment.publishers[userid] = moment.publishers[userid] or world.wall()
    return {"published": True}


@verb("customer/react")
def react(world: World, moment_id: str, userid: str, external_userid: str, kind: str = "like") -> Json:
    """A customer likes or comments on a member's Moment."""
    moment = world.state.moments.get(moment_id)
    if moment is None or not moment.publishers.get(userid) or kind not in ("like", "comment"):
        raise Impossible("no such Moment", 404)
    if external_userid not in world.state.contacts:
        raise Impossible(f"no contact {external_userid}", 404)
    moment.signs.append({"userid": userid, "external_userid": external_userid, "kind": kind, "at": world.wall()})
    return {}


@verb("staff/group_send")
def send_to_groups(world: World, msgid: str) -> Json:
    """A group owner presses 发送."""
    task = world.state.group_tasks.get(msgid)
    if task is None:
        raise Impossible(f"no task {msgid}", 404)
    task.sent_at = task.sent_at or world.wall()
    return {"groups": len(task.chat_ids)}
