"""Reading WeCom customer service: pages by a cursor that is kept in the transaction of what it brought."""

import logging

from django.db import transaction

from core import clock
from core.choices import Lane
from core.jobs import enqueue, job
from customers.services import keys
from customers.services.resolve import Profile, resolve
from gateways import services as border
from gateways.queries import callback_fields
from gateways.wecom import KfMessage, KfPage, wecom
from gateways.wecom.kf import CUSTOMER, SERVICER, SYSTEM
from messaging.choices import Author, ChatChannel, ChatKind, ChatState, LineState
from messaging.models import Conversation, KfCursor, Line
from messaging.services.chat_sending import deliver
from messaging.services.chats import Inbound, recall_chat, receive_chat
from staff.models import AgencyPolicy

logger = logging.getLogger(__name__)

MOST_PAGES = 200
KINDS = {"text": ChatKind.TEXT, "image": ChatKind.IMAGE, "voice": ChatKind.VOICE}
GREETING = "您好，我是%s的智能助手，签证、行李、退改、线路都可以直接问我；需要人工请发送“人工”。"


@job(Lane.CHAT)
def pull_callback(callback_id: int) -> None:
    """The platform rang: read what is new. Several bells at once cost little: whoever holds the mark reads for all."""
    fields = callback_fields(callback_id)
    pull(fields.get("OpenKfId", ""), fields.get("Token", ""))
    border.mark_callback_processed(callback_id)


def pull(open_kfid: str, token: str = "") -> int:
    """Read an account page by page until nothing is left; how many messages there were. GatewayError from the platform."""
    total = 0
    for _page in range(MOST_PAGES):
        found = _read_page(open_kfid, token)
        total += len(found.messages)
        if not found.has_more:
            break
    return total


def _read_page(open_kfid: str, token: str) -> KfPage:
    KfCursor.objects.get_or_create(open_kfid=open_kfid[:64])
    with transaction.atomic():
        mark = KfCursor.objects.select_for_update().get(open_kfid=open_kfid[:64])
        found = wecom().kf_sync(open_kfid=open_kfid, cursor=mark.cursor, token=token)
        for message in found.messages:
            _take_in(message)
        KfCursor.objects.filter(pk=mark.pk).update(cursor=found.next_cursor[:64], read_at=clock.now())
    return found


@job(Lane.USUAL)
def pull_all() -> None:
    """Look at every account now and then: a bell may be lost, and a worker may have been away for up to three days."""
    for open_kfid in KfCursor.objects.values_list("open_kfid", flat=True):
        pull(open_kfid)


def _take_in(message: KfMessage) -> None:
    if message.origin == CUSTOMER:
        _receive(message)
    elif message.origin == SERVICER:
        _mirror(message)
    elif message.origin == SYSTEM:
        _hear(message)


def _receive(message: KfMessage) -> None:
    receive_chat(
        Inbound(
            ChatChannel.KF, message.open_kfid, message.external_userid, f"kf:{message.msgid}", message.text,
            KINDS.get(message.msgtype, ChatKind.OTHER), message.menu_id, message.send_time,
        ),
        customer_id=_customer_of(message),
    )  # fmt: skip


def _customer_of(message: KfMessage) -> int:
    """Who writes; a stranger is asked about once, and is a customer from then on."""
    place = {"channel": ChatChannel.KF, "account": message.open_kfid, "peer": message.external_userid}
    known = Conversation.objects.filter(**place).values_list("customer_id", flat=True).first()
    if known is not None:
        return known
    found = next(iter(wecom().kf_customers([message.external_userid])), None)
    told = [keys.unionid(found.unionid)] if found and found.unionid else []
    told.append(keys.external_userid(message.external_userid))
    return int(resolve(told, source="kf", profile=Profile(nickname=found.nickname if found else "")).customer.pk)


def _mirror(message: KfMessage) -> None:
    """A servicer answered in the WeCom client: we read along, and the assistant is silent."""
    conversation = Conversation.objects.select_for_update().filter(
        channel=ChatChannel.KF, account=message.open_kfid, peer=message.external_userid
    ).first()  # fmt: skip
    if conversation is None:
        return
    _line, fresh = Line.objects.get_or_create(
        key=f"kf:{message.msgid}",
        defaults={"conversation": conversation, "author": Author.STAFF, "text": message.text[:4000], "at": message.send_time,
                  "state": LineState.SENT, "epoch": conversation.epoch, "sent_at": message.send_time},
    )  # fmt: skip
    if fresh and conversation.state != ChatState.SERVED_IN_WECOM:
        _set_state(conversation, ChatState.SERVED_IN_WECOM)


def _set_state(conversation: Conversation, state: str) -> None:
    Conversation.objects.filter(pk=conversation.pk).update(
        state=state, epoch=conversation.epoch + 1, version=conversation.version + 1
    )


def _hear(message: KfMessage) -> None:
    event = message.event
    kind = event.get("event_type", "")
    if kind == "user_recall_msg":
        recall_chat(f"kf:{event.get('recall_msgid', '')}")
    elif kind == "msg_send_fail":
        failed = event.get("fail_msgid", "")
        if failed[:1] == "c" and failed[1:].isdigit():
            Line.objects.filter(pk=int(failed[1:])).update(
                state=LineState.FAILED, error=f"fail_type {event.get('fail_type', '')}"
            )
    elif kind == "enter_session" and event.get("welcome_code"):
        _greet(message, event["welcome_code"])
    elif kind == "session_status_change":
        _follow_state(message)


def _follow_state(message: KfMessage) -> None:
    """1, 2: a servicer has it; 3: it ended; 4: the servicer took it up again."""
    wanted = {
        "1": ChatState.SERVED_IN_WECOM,
        "2": ChatState.SERVED_IN_WECOM,
        "3": ChatState.CLOSED,
        "4": ChatState.SERVED_IN_WECOM,
    }
    state = wanted.get(message.event.get("change_type", ""))
    conversation = Conversation.objects.select_for_update().filter(
        channel=ChatChannel.KF, account=message.open_kfid, peer=message.external_userid
    ).first()  # fmt: skip
    if conversation is not None and state is not None and conversation.state != state:
        _set_state(conversation, state)


def _greet(message: KfMessage, code: str) -> None:
    """Say hello within twenty seconds; the code is good for one message, which does not count against the five."""
    now = clock.now()
    conversation, _new = Conversation.objects.get_or_create(
        channel=ChatChannel.KF, account=message.open_kfid, peer=message.external_userid,
        defaults={"customer_id": _customer_of(message), "opened_at": now, "last_in_at": now, "last_line_at": now},
    )  # fmt: skip
    line, fresh = Line.objects.get_or_create(
        key=f"kf:{message.msgid}",
        defaults={"conversation": conversation, "author": Author.SYSTEM, "state": LineState.QUEUED, "at": now,
                  "text": GREETING % AgencyPolicy.current().agency_name, "payload": {"event_code": code},
                  "epoch": conversation.epoch},
    )  # fmt: skip
    if fresh:
        enqueue(deliver, key=str(conversation.pk), conversation_id=line.conversation_id)
