"""One key sends what a follow-up task suggests, through the Touch Governor."""

from django.db import transaction
from django.utils.translation import gettext as _

from campaigns.choices import FollowUpState
from campaigns.models import FollowUp
from campaigns.rules.wording import check_wording
from campaigns.services.cards import card_image, card_title, product_page
from catalog.models import Product
from core import clock
from core.errors import BadInput, Refused
from core.parsers import is_clean
from messaging.choices import Reason
from messaging.rules import TEXT_BYTES, utf8_bytes
from messaging.services.delivering import Delivered, Words, deliver
from staff.models import User
from staff.services import write_audit


def push_follow_up(task: FollowUp, *, actor: User, text: str, purpose: str = "marketing") -> Delivered:
    """Send the task's words, with its product's card, by the first channel that may carry them.

    Refused with the governor's reason when none may, and a second time for the same task: a customer hears it once.
    """
    text = text.strip()
    if not text or utf8_bytes(text) > TEXT_BYTES or not is_clean(text):
        raise BadInput(_("A message has 1 to 4,000 bytes."), {"text": _("write something")})
    blocked = [one.word for one in check_wording(text) if one.is_blocking]
    if blocked:
        raise BadInput(
            _("These words must not be used: %(words)s") % {"words": "、".join(blocked)}, {"text": _("forbidden words")}
        )
    with transaction.atomic():
        current = FollowUp.objects.select_for_update().get(pk=task.pk)
        if current.state != FollowUpState.OPEN or current.pushed_at is not None:
            raise Refused(_("This task is done already, or its message is on its way."), "task_moved")
        sent = deliver(
            current.customer_id,
            key=f"task:{current.pk}",
            purpose=purpose,
            words=_words(current, text),
            channels=("wecom", "inbox"),
        )
        if sent.message_id is None:
            raise Refused(_("Held back: %(reason)s.") % {"reason": _why(sent)}, next(iter(sent.why.values()), "gone"))
        FollowUp.objects.filter(pk=current.pk).update(pushed_at=clock.now(), message_id=sent.message_id, suggested_text=text)
        write_audit(actor, "task.push", current.customer, {"task": current.pk, "message": sent.message_id})
    return sent


def _why(sent: Delivered) -> str:
    words = dict(Reason.choices)
    return "; ".join(dict.fromkeys(str(words.get(code, code)) for code in sent.why.values()))


def _words(task: FollowUp, text: str) -> Words:
    product = Product.objects.select_related("destination").filter(code=task.product_code).first() if task.product_code else None
    if product is None:
        return Words(text=text)
    return Words(
        text=text, title=product.name[:60], card_title=card_title(product.name), card_page=product_page(product.code),
        product_code=product.code, card_image=card_image(product),
    )  # fmt: skip
