"""WeCom customer service (微信客服): the pull of messages, the five replies in 48 hours, the session's states."""

from typing import Any

from gateways.simulator.callbacks import wecom_event
from gateways.simulator.control import verb
from gateways.simulator.envelope import ApiError, Call, limited, read_cursor, utf8_length, write_cursor
from gateways.simulator.exchange import Json
from gateways.simulator.people import Impossible, find_person
from gateways.simulator.state import KfSession
from gateways.simulator.wecom import routes
from gateways.simulator.world import World

KF = "/cgi-bin/kf/"
ACCOUNT = "wkSimShanhai0001"
REPLIES, REPLY_SECONDS, KEPT_SECONDS = 5, 48 * 3600, 3 * 86_400
WELCOME_SECONDS = 20
# From -> to what the API may move a session; a session ended by anybody begins anew with the customer's next words.
MOVES = {0: {1, 2, 3, 4}, 1: {2, 3, 4}, 2: {3, 4}, 3: {3, 4}, 4: set[int]()}


# --- what the application calls --------------------------------------------------------------------------


@routes.post(KF + "account/list", contacts=True)
def account_list(world: World, call: Call) -> Json:
    """The one account of the demo agency."""
    return {"account_list": [{"open_kfid": ACCOUNT, "name": "山海旅行社客服", "avatar": "", "manage_privilege": True}]}


@routes.post(KF + "customer/batchget", contacts=True)
def customer_batchget(world: World, call: Call) -> Json:
    """Names of customers who have a session."""
    known = [one for one in call.texts("external_userid_list") if one in world.state.kf_sessions]
    rows = [
        {
            "external_userid": one, "nickname": world.state.contacts[one].name, "avatar": "", "gender": 0,
            "unionid": world.state.contacts[one].unionid if world.state.config.unionid_bound else "",
        }
        for one in known
        if one in world.state.contacts
    ]  # fmt: skip
    return {
        "customer_list": rows,
        "invalid_external_userid": [one for one in call.texts("external_userid_list") if one not in known],
    }


@routes.post(KF + "sync_msg", contacts=True)
def sync_msg(world: World, call: Call) -> Json:
    """Messages of customers, of servicers and events since the cursor; what the API sent is not among them."""
    if call.text("open_kfid") not in ("", ACCOUNT):
        raise ApiError(95000)
    start, limit = read_cursor(call.text("cursor")), limited(call, 1000, 1000)
    end = min(start + limit, len(world.state.kf_messages))
    fresh = [row for row in world.state.kf_messages[start:end] if row["send_time"] > world.wall() - KEPT_SECONDS]
    return {"next_cursor": write_cursor(end), "has_more": int(end < len(world.state.kf_messages)), "msg_list": fresh}


@routes.post(KF + "send_msg", contacts=True)
def send_msg(world: World, call: Call) -> Json:
    """Say something: 95001 over five replies or after 48 hours, 95018 while a servicer has the session."""
    session = _session(world, call.text("touser"))
    msgid, kind = call.text("msgid"), call.text("msgtype")
    if msgid in session.sent:
        return {"msgid": msgid}
    if session.state in (3, 4):
        raise ApiError(95018)
    if session.replies >= REPLIES or world.now() - session.asked_at > REPLY_SECONDS:
        raise ApiError(95001)
    content = call.object(kind)
    if kind == "text" and utf8_length(content.get("content")) > 2048:
        raise ApiError(45002)
    if kind == "msgmenu" and len(content.get("list") or ()) > 10:
        raise ApiError(95008)
    session.sent.append(msgid)
    session.replies += 1
    session.lines.append({"at": world.wall(), "from": "agency", "kind": kind, "content": content, "msgid": msgid})
    world.count("kf.sent")
    return {"msgid": msgid}


@routes.post(KF + "send_msg_on_event", contacts=True)
def send_msg_on_event(world: World, call: Call) -> Json:
    """The greeting of a new session, once, within twenty seconds."""
    session = next((one for one in world.state.kf_sessions.values() if one.code == call.text("code")), None)
    if session is None or world.now() > session.code_until:
        raise ApiError(95012)
    session.code = ""
    session.lines.append(
        {"at": world.wall(), "from": "agency", "kind": "text", "content": call.object("text"), "msgid": call.text("msgid")}
    )
    return {"msgid": call.text("msgid")}


@routes.post(KF + "service_state/get", contacts=True)
def service_state_get(world: World, call: Call) -> Json:
    """Where the session stands."""
    return {"service_state": _session(world, call.text("external_userid")).state, "servicer_userid": ""}


@routes.post(KF + "service_state/trans", contacts=True)
def service_state_trans(world: World, call: Call) -> Json:
    """Move the session; 95016 where that is not allowed."""
    session, wanted = _session(world, call.text("external_userid")), call.number("service_state")
    if wanted not in MOVES[session.state]:
        raise ApiError(95016)
    session.state = wanted
    return {"msg_code": world.new_id("code")}


def _session(world: World, external_userid: str) -> KfSession:
    session = world.state.kf_sessions.get(external_userid)
    if session is None:
        raise ApiError(40096)
    return session


# --- what the customer's phone does ------------------------------------------------------------------------


@verb("kf/enter")
def kf_enter(world: World, who: str) -> Json:
    """A customer opens the customer-service chat; a greeting is asked for when nothing was said in 48 hours."""
    external_userid = _external(world, who)
    session = world.state.kf_sessions.setdefault(external_userid, KfSession())
    if world.now() - session.asked_at > REPLY_SECONDS and not session.code:
        session.code, session.code_until = world.new_id("WEL"), world.now() + WELCOME_SECONDS
        event = {"event_type": "enter_session", "scene": "sim", "welcome_code": session.code}
        _append(
            world, external_userid, 4, "event", {"event": {**event, "open_kfid": ACCOUNT, "external_userid": external_userid}}
        )
    shown: Json = kf_chat(world, who)
    return shown


@verb("kf/say")
def kf_say(world: World, who: str, text: str = "", kind: str = "text", menu_id: str = "") -> Json:
    """A customer writes, taps a menu's entry, or sends a picture or a voice message."""
    external_userid = _external(world, who)
    session = world.state.kf_sessions.setdefault(external_userid, KfSession())
    session.replies, session.asked_at = 0, world.now()
    session.state = 0 if session.state == 4 else session.state
    content: Json = {"content": text, **({"menu_id": menu_id} if menu_id else {})} if kind == "text" else {"media_id": "sim"}
    msgid = _append(world, external_userid, 3, kind, {kind: content})
    session.lines.append({"at": world.wall(), "from": "customer", "kind": kind, "content": content, "msgid": msgid})
    return {"msgid": msgid}


@verb("kf/recall")
def kf_recall(world: World, who: str, msgid: str) -> Json:
    """A customer takes a message back."""
    external_userid = _external(world, who)
    session = world.state.kf_sessions.get(external_userid)
    line = next((one for one in session.lines if one["msgid"] == msgid), None) if session else None
    if line is None:
        raise Impossible("no such message", 404)
    line["kind"] = "recalled"
    event = {"event_type": "user_recall_msg", "recall_msgid": msgid, "open_kfid": ACCOUNT, "external_userid": external_userid}
    _append(world, external_userid, 4, "event", {"event": event})
    return {}


@verb("kf/chat")
def kf_chat(world: World, who: str) -> Json:
    """The chat as the phone shows it."""
    session = world.state.kf_sessions.get(_external(world, who), KfSession())
    return {"state": session.state, "lines": session.lines[-200:], "replies": session.replies}


def _external(world: World, who: str) -> str:
    person = find_person(world, who)
    if person.contact is None:
        raise Impossible("they have no WeCom identity", 404)
    return person.contact.external_userid


def _append(world: World, external_userid: str, origin: int, kind: str, content: dict[str, Any]) -> str:
    msgid = world.new_id("kfm", 32)
    head = {"msgid": msgid, "send_time": world.wall(), "origin": origin, "msgtype": kind}
    ids = {"open_kfid": ACCOUNT, "external_userid": external_userid} if kind != "event" else {}
    world.state.kf_messages.append({**head, **ids, **content})
    wecom_event(world, "kf_msg_or_event", "", OpenKfId=ACCOUNT, Token=world.new_id("kftoken", 40))
    return msgid
