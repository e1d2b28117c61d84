"""What comes back about text messages: a reply such as TD or 退订 is a withdrawal, and is honoured at once."""

import hashlib
import json
import unicodedata
from collections.abc import Sequence

from core.choices import Lane
from core.jobs import enqueue, job
from customers.choices import Channel, IdentityKind, Purpose
from customers.intake.items import normal_phone
from customers.models import Identity
from customers.queries.texts import current_version
from customers.services import keys
from customers.services.consents import set_consent
from customers.services.suppressions import suppress
from gateways import services as border
from gateways.choices import Source
from gateways.queries import callback_fields
from gateways.sms import SmsReply, SmsReport

OPT_OUT = frozenset({"T", "TD", "TD.", "N", "R", "0000", "退订", "退", "取消", "STOP", "UNSUBSCRIBE"})


def is_opt_out(text: str) -> bool:
    """Whether a reply asks for no more messages, whatever its width, case and punctuation."""
    plain = unicodedata.normalize("NFKC", text).strip().strip("。.!！,，").upper()
    return plain in OPT_OUT or plain.startswith(("退订", "TD"))


def receive_items(items: Sequence[SmsReport | SmsReply]) -> None:
    """Keep each report and reply once and remember to work on it. In the caller's transaction."""
    for item in items:
        body = _body(item)
        callback_id = border.store_callback(
            source=Source.SMS, dedupe_key=hashlib.sha256(body.encode()).hexdigest(), body=body, kind=type(item).__name__
        )
        if callback_id is not None:
            enqueue(apply_sms, key=str(callback_id), callback_id=callback_id)


def _body(item: SmsReport | SmsReply) -> str:
    if isinstance(item, SmsReply):
        return json.dumps({"phone": item.phone, "content": item.content[:500], "at": item.sent_at.isoformat()})
    return json.dumps({"biz_id": item.biz_id, "out_id": item.out_id, "delivered": item.delivered, "error": item.error})


@job(Lane.USUAL)
def apply_sms(callback_id: int) -> None:
    """Honour an opt-out: the holder of the number withdraws marketing by SMS; an unknown number is put on the list."""
    fields = callback_fields(callback_id)
    if is_opt_out(str(fields.get("content", ""))):
        _opt_out(normal_phone(str(fields.get("phone", ""))))
    border.mark_callback_processed(callback_id)


def _opt_out(phone: str) -> None:
    if not phone:
        return
    hashed = keys.phone(phone).hash
    holder = Identity.objects.filter(kind=IdentityKind.PHONE, scope="", value_hash=hashed).select_related("customer").first()
    if holder is None:
        suppress(IdentityKind.PHONE, "", phone, reason="sms reply")
        return
    set_consent(
        holder.customer, purpose=Purpose.MARKETING, channel=Channel.SMS, granted=False,
        text_version=current_version(Purpose.MARKETING), source="sms reply",
    )  # fmt: skip
