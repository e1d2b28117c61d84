"""Talks that begin as the demo opens: what customers wrote; the assistant answers, or brings a person, by itself."""

from django.conf import settings

from core.secrets import unseal
from customers.choices import IdentityKind
from customers.models import Identity
from messaging.choices import ChatChannel
from messaging.services.chats import Inbound, receive_chat

# One talk each: what was written in one go.
_TALKS = (
    ("日本签证现在还要在职证明吗？我是自由职业",),
    ("你好", "如果临时去不了，定金能退多少"),
    ("说好的海景房变成山景房，打了三次电话没人管！", "你们就是这样糊弄人的？我要投诉"),
    ("想带爸妈和六岁的娃出去玩五天，预算一万五左右，有什么推荐吗",),
    ("集合地点在哪里呀，几点到比较好",),
    ("麻烦转人工，我要改出行人的护照号",),
    ("云南那个六天的还有位置吗？下个月的",),
    ("发票什么时候能开",),
)


def load_chats() -> int:
    """A talk in the mini-program for each of them; how many."""
    holders = Identity.objects.filter(
        kind=IdentityKind.MINI_OPENID, customer__owner__isnull=False, customer__merged_into__isnull=True
    ).order_by("-customer_id")
    made = 0
    for identity, talk in zip(holders[: len(_TALKS)], _TALKS, strict=False):
        openid = unseal(bytes(identity.value_sealed))
        for at, text in enumerate(talk):
            told = Inbound(ChatChannel.MINI, settings.VENDORS["MINI_APP_ID"], openid, f"demo:{identity.pk}:{at}", text)
            receive_chat(told, customer_id=identity.customer_id)
        made += 1
    return made
