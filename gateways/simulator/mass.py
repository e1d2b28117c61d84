"""WeCom 企业群发: creating a task reaches nobody; a member confirms on the phone, then each customer has a result."""

from typing import TypeVar

from gateways.simulator.clock import shanghai
from gateways.simulator.contacts import API
from gateways.simulator.envelope import ApiError, Call, limited, page_of, utf8_length
from gateways.simulator.exchange import Json
from gateways.simulator.moments import add_group_template, group_results
from gateways.simulator.state import Contact, MassTask, Relation, SenderTask
from gateways.simulator.wecom import known_member, routes
from gateways.simulator.world import World

NOT_SENT, SENT, NOT_A_FRIEND, OVER_THE_CAP = 0, 1, 2, 3
DAY = 86_400
REMINDERS_PER_DAY = 3
Item = TypeVar("Item")


@routes.post(API + "add_msg_template", contacts=True)
def add_msg_template(world: World, call: Call) -> Json:
    """Ask members to send one content to many customers. No de-duplication: the same call twice makes two tasks."""
    if call.text("chat_type", "single") == "group":
        return add_group_template(world, call)
    text, attachments = _content(world, call)
    senders, failed = _split(world, call)
    if not senders:
        raise ApiError(41048)
    dispatched_after = world.now() + world.state.config.dispatch_seconds
    msgid = world.new_id("msg", 34)
    allow_select = bool(call.body.get("allow_select", False))
    task = MassTask(msgid, world.wall(), dispatched_after, allow_select, text, attachments, senders)
    world.state.mass_tasks[msgid] = task
    return {"fail_list": failed, "msgid": msgid}


def _content(world: World, call: Call) -> tuple[str, list[Json]]:
    content, attachments = call.object("text").get("content", ""), call.objects("attachments")
    if not content and not attachments:
        raise ApiError(40063)
    check_content(world, content, attachments)
    return content, attachments


def check_content(world: World, content: object, attachments: list[Json]) -> None:
    """Text up to 4,000 bytes and up to nine attachments, each as its kind demands."""
    if not isinstance(content, str) or utf8_length(content) > 4000:
        raise ApiError(40058, "text.content exceeds 4000 bytes")
    if len(attachments) > 9:
        raise ApiError(41064)
    for attachment in attachments:
        _check_attachment(world, attachment)


def _check_attachment(world: World, attachment: Json) -> None:
    kind = attachment.get("msgtype")
    detail = attachment.get(str(kind))
    if kind not in ("image", "link", "miniprogram", "video", "file") or not isinstance(detail, dict):
        raise ApiError(40058, "invalid attachments msgtype")
    if kind == "miniprogram":
        _check_card(world, detail)
    elif kind == "link":
        _check_link(detail)
    elif not (kind == "image" and detail.get("pic_url")):
        usable_media(world, detail.get("media_id"))


def _check_card(world: World, card: Json) -> None:
    if not card.get("title") or utf8_length(card["title"]) > 64:
        raise ApiError(40058, "miniprogram title must have 1 to 64 bytes")
    if not card.get("page"):
        raise ApiError(40058, "miniprogram page is empty")
    if card.get("appid") not in world.state.config.linked_appids:
        raise ApiError(90207)
    usable_media(world, card.get("pic_media_id"))


def _check_link(link: Json) -> None:
    limits = {"title": 128, "picurl": 2048, "desc": 512, "url": 2048}
    if not link.get("title") or not link.get("url"):
        raise ApiError(40063)
    if any(utf8_length(link.get(name, "")) > most for name, most in limits.items()):
        raise ApiError(40058, "link field too long")


def usable_media(world: World, media_id: object) -> None:
    """40007 unless the file was uploaded within three virtual days."""
    media = world.state.media.get(media_id) if isinstance(media_id, str) else None
    if media is None or media.valid_until <= world.now():
        raise ApiError(40007)


def _split(world: World, call: Call) -> tuple[dict[str, SenderTask], list[str]]:
    ids, sender = call.texts("external_userid"), call.text("sender")
    if len(ids) > 10_000:
        raise ApiError(40058, "external_userid exceeds 10000")
    if not ids and not sender:
        raise ApiError(40058, "external_userid and sender are both empty")
    if sender:
        known_member(world, sender)
    ids = list(dict.fromkeys(ids or world.state.relations.get(sender, {})))
    wanted = call.object("tag_filter").get("group_list") or []
    return _by_sender(world, ids, sender, wanted)


def _by_sender(world: World, ids: list[str], sender: str, tag_groups: list[Json]) -> tuple[dict[str, SenderTask], list[str]]:
    senders: dict[str, SenderTask] = {}
    failed: list[str] = []
    for external_userid in ids:
        relation = _relation_to_use(world, external_userid, sender)
        if relation is None:
            failed.append(external_userid)
        elif all(set(group.get("tag_list", ())) & set(relation.tags) for group in tag_groups):
            senders.setdefault(relation.userid, SenderTask(relation.userid, [])).customers.append(external_userid)
    return senders, failed


def _relation_to_use(world: World, external_userid: str, sender: str) -> Relation | None:
    if sender:
        relation = world.relation(sender, external_userid)
        return relation if relation and relation.status != "deleted_by_staff" else None
    kept = [r for r in world.relations_of(external_userid) if r.status != "deleted_by_staff"]
    return max(kept, key=lambda r: (r.last_chat_at, r.createtime), default=None)


@routes.post(API + "get_groupmsg_list_v2", contacts=True)
def get_groupmsg_list_v2(world: World, call: Call) -> Json:
    """Tasks created within a period, newest first; those made by API carry no creator."""
    start, end = call.number("start_time"), call.number("end_time")
    if not 0 <= end - start <= 31 * DAY:
        raise ApiError(40058, "time range exceeds one month")
    if call.text("chat_type", "single") != "single" or call.number("filter_type", 2) == 1:
        return {"group_msg_list": [], "next_cursor": ""}
    tasks = [task for task in world.state.mass_tasks.values() if start <= task.create_time <= end]
    page, cursor = page_of(tasks[::-1], call.text("cursor"), limited(call, 50, 100))
    return {"group_msg_list": [_task_json(task) for task in page], "next_cursor": cursor}


def _task_json(task: MassTask) -> Json:
    head = {"msgid": task.msgid, "create_time": task.create_time, "create_type": 0}
    return {**head, "text": {"content": task.text}, "attachments": task.attachments}


@routes.post(API + "get_groupmsg_task", contacts=True)
def get_groupmsg_task(world: World, call: Call) -> Json:
    """Who was asked, and who confirmed."""
    task = _dispatched_task(world, call)
    page, cursor = page_of(list(task.senders.values()), call.text("cursor"), limited(call, 500, 1000))
    return {"task_list": [_sender_json(sender) for sender in page], "next_cursor": cursor}


def _sender_json(sender: SenderTask) -> Json:
    return {"userid": sender.userid, "status": sender.status} | ({"send_time": sender.send_time} if sender.send_time else {})


@routes.post(API + "get_groupmsg_send_result", contacts=True)
def get_groupmsg_send_result(world: World, call: Call) -> Json:
    """What became of each customer of one member: 0 not sent, 1 sent, 2 not a friend, 3 has had too many."""
    of_groups = world.state.group_tasks.get(call.text("msgid"))
    if of_groups is not None:
        return group_results(world, of_groups)
    task = _dispatched_task(world, call)
    sender = task.senders.get(call.text("userid"))
    if sender is None:
        raise ApiError(40003, "invalid userid")
    page, cursor = page_of(sender.customers, call.text("cursor"), limited(call, 500, 1000))
    return {"send_list": [_result_json(sender, external_userid) for external_userid in page], "next_cursor": cursor}


def _result_json(sender: SenderTask, external_userid: str) -> Json:
    status = sender.results.get(external_userid, NOT_SENT)
    shown: Json = {"external_userid": external_userid, "userid": sender.userid, "status": status}
    return shown | ({"send_time": sender.send_time} if status == SENT else {})


def _dispatched_task(world: World, call: Call) -> MassTask:
    task = _known_task(world, call)
    if world.now() < task.dispatched_after:
        raise ApiError(41063)
    return task


def _known_task(world: World, call: Call) -> MassTask:
    task = world.state.mass_tasks.get(call.text("msgid"))
    if task is None:
        raise ApiError(40058, "invalid msgid")
    return task


@routes.post(API + "remind_groupmsg_send", contacts=True)
def remind_groupmsg_send(world: World, call: Call) -> Json:
    """Remind those who have not confirmed; three times in 24 hours."""
    task, now = _known_task(world, call), world.now()
    if task.cancelled:
        raise ApiError(41093)
    task.reminded = [at for at in task.reminded if at > now - DAY]
    if len(task.reminded) >= REMINDERS_PER_DAY:
        raise ApiError(41094)
    task.reminded.append(now)
    for sender in task.senders.values():
        sender.ignored = sender.ignored and sender.status != 0
    return {}


@routes.post(API + "cancel_groupmsg_send", contacts=True)
def cancel_groupmsg_send(world: World, call: Call) -> Json:
    """Withdraw the task from members who have not confirmed."""
    task = _known_task(world, call)
    if task.cancelled:
        raise ApiError(41093)
    task.cancelled = True
    return {}


def send_now(world: World, task: MassTask, sender: SenderTask, chosen: list[str]) -> dict[str, int]:
    """The member pressed 发送: settle every chosen customer. Returns how many had which result."""
    now = world.now()
    for external_userid in chosen:
        sender.results[external_userid] = _outcome(world, sender.userid, external_userid, now)
    sender.status, sender.send_time, sender.ignored = 2, world.wall(), False
    outcomes = list(sender.results.values())
    world.count("lines.mass", outcomes.count(SENT))
    kinds = {"sent": SENT, "not_a_friend": NOT_A_FRIEND, "over_the_cap": OVER_THE_CAP}
    return {name: outcomes.count(status) for name, status in kinds.items()}


def _outcome(world: World, userid: str, external_userid: str, now: float) -> int:
    relation = world.relation(userid, external_userid)
    if relation is None or relation.status != "active":
        return NOT_A_FRIEND
    contact = world.state.contacts[external_userid]
    if cap_reached(contact, world.state.config.cap_rule, now):
        return OVER_THE_CAP
    contact.mass_received.append(now)
    return SENT


def cap_reached(contact: Contact, rule: str, now: float) -> bool:
    """The platform's cap per customer: as many a month as it has days, or 7 a week, or 1 a day; Shanghai calendar."""
    if not contact.mass_received:
        return False
    today = shanghai(now)
    if rule == "day_1":
        return any(shanghai(at).date() == today.date() for at in contact.mass_received)
    if rule == "week_7":
        week = today.isocalendar()[:2]
        return sum(shanghai(at).isocalendar()[:2] == week for at in contact.mass_received) >= 7
    following = today.replace(day=28).timestamp() + 4 * DAY
    days = (shanghai(following).replace(day=1) - today.replace(day=1)).days
    this_month = [at for at in contact.mass_received if (shanghai(at).year, shanghai(at).month) == (today.year, today.month)]
    return len(this_month) >= days
