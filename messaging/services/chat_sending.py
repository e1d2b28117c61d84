"""Sending what was said in WeCom customer service: one line at a time, oldest first, each once.

The platform de-duplicates on our `msgid` (key mode). The conversation's row is locked while a line goes out, so nobody can
take over between the last look and the call: a line of the bot that is on its way when a person takes over was sent before
the takeover, or it is never sent.
"""

from django.conf import settings
from django.db import transaction

from core import clock
from core.choices import Lane
from core.jobs import job
from gateways.errors import GatewayError
from gateways.wecom import wecom
from messaging.chat_budget import fitting
from messaging.choices import Author, ChatKind, ChatState, LineState
from messaging.models import Content, Conversation, Line
from messaging.services.media import uploaded

AI_LABEL = "【智能助手】"
ILLEGAL_STATE = {"95016", "95018"}
SERVED = 3


@job(Lane.CHAT, coalesce=True)
def deliver(conversation_id: int) -> None:
    """Send all waiting lines of a conversation in order; a retryable failure leaves the rest for the next attempt."""
    while _deliver_next(conversation_id):
        pass


def _deliver_next(conversation_id: int) -> bool:
    with transaction.atomic():
        conversation = Conversation.objects.select_for_update().get(pk=conversation_id)
        line = Line.objects.filter(conversation=conversation, state=LineState.QUEUED).order_by("id").first()
        if line is None:
            return False
        if line.author == Author.BOT and (conversation.state != ChatState.BOT or line.epoch != conversation.epoch):
            _settle(line, LineState.SUPPRESSED)
            return True
        try:
            _send(conversation, line)
        except GatewayError as error:
            if error.retryable or error.retry_in_seconds is not None:
                raise
            _refused(conversation, line, error)
        else:
            _settle(line, LineState.SENT)
    return True


def _settle(line: Line, state: str, error: str = "") -> None:
    sent_at = clock.now() if state == LineState.SENT else None
    Line.objects.filter(pk=line.pk).update(state=state, sent_at=sent_at, error=error)


def _refused(conversation: Conversation, line: Line, error: GatewayError) -> None:
    """The platform said no for good; where a servicer in WeCom has the session, we fall silent and read along."""
    _settle(line, LineState.FAILED, f"{error.errcode}")
    if error.errcode in ILLEGAL_STATE:
        state = wecom().kf_state(open_kfid=conversation.account, external_userid=conversation.peer)
        if state == SERVED:
            Conversation.objects.filter(pk=conversation.pk).update(
                state=ChatState.SERVED_IN_WECOM, epoch=conversation.epoch + 1, version=conversation.version + 1
            )


def _labelled(line: Line) -> str:
    """The text, marked as a machine's where it is one: customers of WeChat see no other sign of it."""
    return fitting(f"{AI_LABEL}{line.text}") if line.author == Author.BOT else line.text


def _send(conversation: Conversation, line: Line) -> None:
    to = {"open_kfid": conversation.account, "external_userid": conversation.peer, "msgid": f"c{line.pk}"}
    code = line.payload.get("event_code")
    if code:
        wecom().kf_send_on_event(code=str(code), msgid=f"c{line.pk}", text=line.text)
    elif line.kind == ChatKind.MENU:
        options = [(str(one["id"]), str(one["title"])) for one in line.payload["options"]]
        wecom().kf_send_menu(**to, head=_labelled(line), options=options)
    elif line.kind == ChatKind.CARD:
        media_id = uploaded(Content.objects.get(pk=line.payload["content"]))
        card = {"title": str(line.payload["title"])[:20], "page": str(line.payload["page"]), "media_id": media_id}
        wecom().kf_send_card(**to, **card, appid=settings.VENDORS["MINI_APP_ID"])
    else:
        wecom().kf_send_text(**to, text=_labelled(line))
