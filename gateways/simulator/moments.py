"""WeCom 客户朋友圈, messages to customer groups, page tickets. As with mass sends, nothing is seen before a member acts."""

from gateways.simulator.contacts import API
from gateways.simulator.envelope import ApiError, Call, limited, page_of, utf8_length
from gateways.simulator.exchange import Json
from gateways.simulator.state import GroupTask, Moment
from gateways.simulator.wecom import known_member, routes
from gateways.simulator.world import World

CREATED, RUNNING, DONE = 1, 2, 3
MOST_JOBS = 10
JOB_SECONDS = 86_400.0


@routes.post(API + "add_moment_task", contacts=True)
def add_moment_task(world: World, call: Call) -> Json:
    """Ask members to publish a Moment. Without a range everybody would be asked: the journal shows it in red."""
    text = str(call.object("text").get("content") or "")
    attachments = call.objects("attachments")
    _check_moment(text, attachments)
    running = [one for one in world.state.moments.values() if _status(world, one) != DONE]
    if len(running) >= MOST_JOBS:
        raise ApiError(41078)
    seen = call.object("visible_range")
    asked = (seen.get("sender_list") or {}).get("user_list") or []
    if not asked:
        world.note("warning", "moments/everybody", "visible_range is empty: every member is asked to publish")
        asked = [member.userid for member in world.state.members.values() if member.serves]
    known = [userid for userid in asked if userid in world.state.members]
    tags = (seen.get("external_contact_list") or {}).get("tag_list") or []
    jobid = world.new_id("job", 32)
    moment = Moment(
        jobid, world.new_id("mom", 32), world.now(), text, attachments, list(map(str, tags)), dict.fromkeys(known, 0),
        [userid for userid in asked if userid not in known],
    )  # fmt: skip
    world.state.moments[moment.moment_id] = moment
    return {"jobid": jobid}


def _check_moment(text: str, attachments: list[Json]) -> None:
    if utf8_length(text) > 4000 or len(text) > 2000:
        raise ApiError(40058, "invalid text size")
    if not text and not attachments:
        raise ApiError(40063)
    kinds = {item.get("msgtype") for item in attachments}
    if kinds - {"image", "video", "link"} or len(kinds) > 1:
        raise ApiError(40058, "invalid attachments msgtype")
    if len(attachments) > (9 if kinds == {"image"} else 1):
        raise ApiError(40058, "invalid attachments size")
    for item in attachments:
        link = item.get("link") or {}
        if item.get("msgtype") == "link" and (not link.get("url") or utf8_length(str(link.get("title") or "")) > 64):
            raise ApiError(40058, "invalid link")


def _status(world: World, moment: Moment) -> int:
    age = world.now() - moment.created_at
    wait = world.state.config.dispatch_seconds
    return DONE if age >= wait else RUNNING if age >= wait / 2 else CREATED


@routes.get(API + "get_moment_task_result", contacts=True)
def get_moment_task_result(world: World, call: Call) -> Json:
    """Where a job stands: 1 created, 2 running, 3 done; good for 24 virtual hours."""
    moment = next((one for one in world.state.moments.values() if one.jobid == call.text("jobid")), None)
    if moment is None or world.now() - moment.created_at > JOB_SECONDS:
        raise ApiError(40058, "invalid jobid")
    status = _status(world, moment)
    if status != DONE:
        return {"status": status, "type": "add_moment_task"}
    result = {"errcode": 0, "moment_id": moment.moment_id, "invalid_sender_list": {"user_list": moment.invalid}}
    return {"status": DONE, "type": "add_moment_task", "result": result}


def _known(world: World, moment_id: str) -> Moment:
    moment = world.state.moments.get(moment_id)
    if moment is None:
        raise ApiError(40058, "invalid moment_id")
    return moment


@routes.post(API + "get_moment_task", contacts=True)
def get_moment_task(world: World, call: Call) -> Json:
    """Who was asked, and who has published."""
    moment = _known(world, call.text("moment_id"))
    page, cursor = page_of(list(moment.publishers.items()), call.text("cursor"), limited(call, 500, 1000))
    return {"task_list": [{"userid": userid, "publish_status": int(at > 0)} for userid, at in page], "next_cursor": cursor}


@routes.post(API + "get_moment_comments", contacts=True)
def get_moment_comments(world: World, call: Call) -> Json:
    """Likes and comments under one member's Moment."""
    moment, userid = _known(world, call.text("moment_id")), call.text("userid")
    mine = [sign for sign in moment.signs if sign["userid"] == userid]
    rows = [({"external_userid": sign["external_userid"], "create_time": sign["at"]}, sign["kind"]) for sign in mine]
    return {
        "comment_list": [row for row, kind in rows if kind == "comment"],
        "like_list": [row for row, kind in rows if kind == "like"],
    }


@routes.post(API + "cancel_moment_task", contacts=True)
def cancel_moment_task(world: World, call: Call) -> Json:
    """Withdraw the task from members who have not published."""
    moment = _known(world, call.text("moment_id"))
    if moment.cancelled:
        raise ApiError(41093)
    moment.cancelled = True
    return {}


def add_group_template(world: World, call: Call) -> Json:
    """A message to groups: the owner confirms it on the phone."""
    owner, chat_ids = call.text("sender"), call.texts("chat_id_list")
    if not owner:
        raise ApiError(40058, "sender is required for groups")
    known_member(world, owner)
    text = str(call.object("text").get("content") or "")
    if not text or utf8_length(text) > 4000:
        raise ApiError(40058, "text.content")
    chats = [chat.chat_id for chat in world.state.group_chats.values() if chat.owner == owner]
    mine = [chat_id for chat_id in chat_ids if chat_id in chats] if chat_ids else chats
    if not mine:
        raise ApiError(41048, "no customer group to send")
    msgid = world.new_id("msg", 34)
    world.state.group_tasks[msgid] = GroupTask(msgid, owner, mine, text, world.now() + world.state.config.dispatch_seconds)
    return {"fail_list": [chat_id for chat_id in chat_ids if chat_id not in mine], "msgid": msgid}


def group_results(world: World, task: GroupTask) -> Json:
    """What became of each group of a task."""
    if world.now() < task.dispatched_after:
        raise ApiError(41063)
    status = 1 if task.sent_at else 0
    return {
        "send_list": [{"chat_id": chat_id, "userid": task.owner, "status": status} for chat_id in task.chat_ids],
        "next_cursor": "",
    }


@routes.get("/cgi-bin/get_jsapi_ticket")
def get_jsapi_ticket(world: World, call: Call) -> Json:
    """The corp's ticket for page signatures."""
    return {"ticket": "sim-jsapi-ticket", "expires_in": 7200}


@routes.get("/cgi-bin/ticket/get")
def get_agent_ticket(world: World, call: Call) -> Json:
    """The app's ticket."""
    if call.text("type") != "agent_config":
        raise ApiError(40058, "type")
    return {"ticket": "sim-agent-ticket", "expires_in": 7200}


@routes.get("/cgi-bin/auth/getuserinfo")
def get_user_info(world: World, call: Call) -> Json:
    """Who opened a page: the simulator's codes are `sim-<userid>`."""
    userid = call.text("code").removeprefix("sim-")
    if userid not in world.state.members:
        raise ApiError(40029)
    return {"userid": userid}
