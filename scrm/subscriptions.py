"""Fact -> who hears of it. Every handler in the house is on this page."""

from collections.abc import Iterable

from core.event_types import (
    ChannelJoined,
    ChatReceived,
    ConsentChanged,
    ContactAdded,
    ContactLost,
    CustomerActive,
    CustomerCreated,
    CustomerMerged,
    CustomerUnmerged,
    Fact,
    ImportFinished,
    MessageClicked,
    MomentCommented,
    MomentLiked,
    OrderClosed,
    OrderPaid,
    OrderPlaced,
    OrderRefunded,
    TaskRewarded,
    TierChanged,
)  # fmt: skip
from core.events import Subscription

_TAGS = Subscription("tagging.handlers.on_customer_active", coalesce=True, batch=True)

SUBSCRIPTIONS: dict[type[Fact], Iterable[str | Subscription]] = {
    CustomerCreated: [_TAGS],
    CustomerMerged: [
        "customers.handlers.on_customer_merged",
        "tagging.handlers.on_customer_merged",
        "membership.handlers.on_customer_merged",
    ],
    CustomerUnmerged: ["customers.handlers.on_customer_unmerged", "tagging.handlers.on_customer_unmerged"],
    ContactAdded: [
        Subscription("messaging.handlers.on_contact_added", lane="chat"),
        "customers.handlers.on_contact_added",
        _TAGS,
    ],
    ChannelJoined: ["tagging.handlers.on_channel_joined", _TAGS],
    ChatReceived: [
        Subscription("service_bot.handlers.on_chat_received", lane="chat"),
        "tagging.handlers.on_chat_received",
        _TAGS,
    ],
    ContactLost: [_TAGS],
    ConsentChanged: [_TAGS],
    CustomerActive: [
        _TAGS,
        Subscription("campaigns.handlers.on_customer_active", coalesce=True, batch=True),
        Subscription("membership.handlers.on_customer_active", coalesce=True, batch=True),
    ],
    ImportFinished: ["tagging.handlers.on_import_finished"],
    MessageClicked: [_TAGS, Subscription("campaigns.handlers.on_message_clicked", coalesce=True, batch=True)],
    MomentLiked: [_TAGS],
    MomentCommented: [_TAGS],
    OrderPaid: [
        _TAGS,
        "membership.handlers.on_order_paid",
        "campaigns.handlers.on_order_paid",
        "itinerary.handlers.on_order_paid",
    ],
    OrderPlaced: [
        "service_bot.handlers.on_order_placed",
        _TAGS,
        Subscription("campaigns.handlers.on_customer_active", coalesce=True, batch=True),
    ],
    OrderClosed: [_TAGS],
    OrderRefunded: [_TAGS, "membership.handlers.on_order_refunded", "campaigns.handlers.on_order_refunded"],
    TaskRewarded: [_TAGS],
    TierChanged: [_TAGS],
}
