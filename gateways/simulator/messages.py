"""WeCom media, messages to members, and the welcome message."""

import hashlib
from email.parser import BytesParser
from email.policy import HTTP

from gateways.simulator.contacts import API
from gateways.simulator.envelope import ApiError, Call, utf8_length
from gateways.simulator.exchange import Json
from gateways.simulator.mass import check_content
from gateways.simulator.state import Line, Media, WelcomeCode
from gateways.simulator.wecom import FAMILY, routes
from gateways.simulator.world import World

MEDIA_LIFE_SECONDS = 3 * 86_400
MEDIA_BYTES = {"image": 10_000_000, "voice": 2_000_000, "video": 10_000_000, "file": 20_000_000}
PICTURES_KEPT = 40
PICTURE_BYTES = 400_000
STAFF_MESSAGES_PER_MINUTE = 30
STAFF_MESSAGES_PER_HOUR = 1000
_MESSAGE_KINDS = ("text", "textcard", "markdown", "template_card", "news", "image", "miniprogram_notice")


@routes.post("/cgi-bin/media/upload", raw=True)
def media_upload(world: World, call: Call) -> Json:
    """A temporary file, usable for three days."""
    kind = call.request.query.get("type", "")
    if kind not in MEDIA_BYTES:
        raise ApiError(40058, "invalid media type")
    return _keep_file(world, call, kind)


@routes.post("/cgi-bin/media/uploadimg", raw=True)
def media_uploadimg(world: World, call: Call) -> Json:
    """A picture with a lasting address, for use inside messages."""
    filename, data = _file_in(call)
    return {"url": f"https://wework.qpic.cn/sim/{hashlib.sha256(data).hexdigest()[:32]}/{filename}"}


@routes.post("/cgi-bin/media/upload_attachment", raw=True)
def media_upload_attachment(world: World, call: Call) -> Json:
    """A file for moments; `media/upload` does not do for those."""
    if call.request.query.get("attachment_type") not in ("1", "2"):
        raise ApiError(40058, "invalid attachment_type")
    return _keep_file(world, call, "attachment")


def _keep_file(world: World, call: Call, kind: str) -> Json:
    filename, data = _file_in(call)
    if len(data) > MEDIA_BYTES.get(kind, 10_000_000):
        raise ApiError(45002, "media size out of limit")
    media = Media(world.new_id("3", 64), kind, filename, len(data), world.wall(), world.now() + MEDIA_LIFE_SECONDS)
    world.state.media[media.media_id] = media
    _keep_picture(world, media, data)
    return {"type": kind, "media_id": media.media_id, "created_at": str(media.created_at)}


def _keep_picture(world: World, media: Media, data: bytes) -> None:
    if not data.startswith((b"\x89PNG", b"\xff\xd8\xff")) or len(data) > PICTURE_BYTES:
        return
    media.content = data
    kept = [other for other in world.state.media.values() if other.content]
    for old in kept[:-PICTURES_KEPT]:
        old.content = b""


def _file_in(call: Call) -> tuple[str, bytes]:
    head = f"Content-Type: {call.request.headers.get('content-type', '')}\r\n\r\n".encode("latin-1", "replace")
    message = BytesParser(policy=HTTP).parsebytes(head + call.request.body)
    for part in message.iter_parts() if message.is_multipart() else ():
        if part.get_filename():
            data = part.get_payload(decode=True)
            if isinstance(data, bytes) and len(data) > 5:
                return str(part.get_filename()), data
    raise ApiError(44001)


@routes.post("/cgi-bin/message/send")
def message_send(world: World, call: Call) -> Json:
    """A message to members. Above 30 a minute or 1,000 an hour the platform drops silently and still says ok."""
    if call.number("agentid") != int(call.app.removeprefix(FAMILY)):
        raise ApiError(40056)
    kind, content = _staff_content(call)
    if call.body.get("enable_duplicate_check") and _is_duplicate(world, call):
        return {"msgid": ""}
    known, invalid = _receivers(world, call.text("touser"))
    msgid = world.new_id("sm", 40)
    for userid in known:
        if _within_rate(world, userid):
            world.staff_line(userid, Line(world.wall(), "app", "SCRM", kind, content, msgid))
    reply = {"invaliduser": "|".join(invalid), "msgid": msgid}
    return reply | ({"response_code": world.letters(40)} if kind == "template_card" else {})


def _staff_content(call: Call) -> tuple[str, Json]:
    kind = call.text("msgtype")
    content = call.object(kind) if kind in _MESSAGE_KINDS else {}
    if not content:
        raise ApiError(40058, "invalid msgtype or empty content")
    if kind in ("text", "markdown") and not 1 <= utf8_length(content.get("content", "")) <= 2048:
        raise ApiError(45002)
    if kind == "textcard" and not all(content.get(name) for name in ("title", "description", "url")):
        raise ApiError(40063)
    return kind, content


def _receivers(world: World, touser: str) -> tuple[list[str], list[str]]:
    if touser == "@all":
        return [m.userid for m in world.state.members.values() if m.in_scope], []
    wanted = [userid for userid in touser.split("|") if userid]
    known = [userid for userid in wanted if userid in world.state.members and world.state.members[userid].in_scope]
    if not known:
        raise ApiError(81013)
    return known, [userid for userid in wanted if userid not in known]


def _is_duplicate(world: World, call: Call) -> bool:
    now, digest = world.now(), hashlib.sha256(call.request.body).hexdigest()
    interval = min(call.number("duplicate_check_interval", 1800), 4 * 3600)
    recent = {key: at for key, at in world.state.recent_messages.items() if at > now - 4 * 3600}
    duplicate = recent.get(digest, 0.0) > now - interval
    world.state.recent_messages = recent if duplicate else {**recent, digest: now}
    return duplicate


def _within_rate(world: World, userid: str) -> bool:
    now = world.now()
    times = [at for at in world.state.staff_message_times.get(userid, ()) if at > now - 3600]
    fits = len(times) < STAFF_MESSAGES_PER_HOUR and sum(at > now - 60 for at in times) < STAFF_MESSAGES_PER_MINUTE
    world.state.staff_message_times[userid] = [*times, now] if fits else times
    return fits


@routes.post(API + "send_welcome_msg", contacts=True)
def send_welcome_msg(world: World, call: Call) -> Json:
    """Greet a new contact: within 20 virtual seconds, once."""
    code = _usable_welcome_code(world, call.text("welcome_code"))
    content, attachments = call.object("text").get("content", ""), call.objects("attachments")
    if not content and not attachments:
        raise ApiError(40063)
    check_content(world, content, attachments)
    code.used = True
    shown: Json = {"text": content, "attachments": attachments}
    world.customer_line(code.external_userid, Line(world.wall(), "welcome", code.userid, "welcome", shown))
    return {}


def _usable_welcome_code(world: World, value: str) -> WelcomeCode:
    code = world.state.welcome_codes.get(value)
    if code is None:
        raise ApiError(41049)
    if code.used:
        raise ApiError(41051)
    if code.valid_until <= world.now():
        raise ApiError(41050)
    return code
