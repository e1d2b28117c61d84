"""Every fact of the house, typed. Ids and plain facts only: no chat text, no phone number.

A fact is a frozen dataclass named for what happened; its `kind` is `noun.past`. To add one, see CONTRIBUTING.
"""

import dataclasses
import typing
from collections.abc import Callable
from decimal import Decimal
from typing import Any, ClassVar


class Fact:
    """Base of every fact; `kind` is its name in the log."""

    kind: ClassVar[str] = ""


FACTS: dict[str, type[Fact]] = {}
F = typing.TypeVar("F", bound=type[Fact])


@typing.dataclass_transform(frozen_default=True)
def fact(kind: str) -> Callable[[F], F]:
    """Class decorator: registers a fact under its kind and makes it a frozen dataclass."""

    def register(cls: F) -> F:
        if kind in FACTS:
            raise ValueError(f"two facts are called {kind}")
        frozen = typing.cast(F, dataclasses.dataclass(frozen=True)(cls))
        frozen.kind = kind
        FACTS[kind] = frozen
        return frozen

    return register


def to_props(instance: Fact) -> dict[str, Any]:
    """A fact as JSON; Decimal becomes text, so that nothing is lost."""
    values = dataclasses.asdict(instance)  # type: ignore[call-overload]
    return {name: str(value) if isinstance(value, Decimal) else value for name, value in values.items()}


def from_props(kind: str, props: dict[str, Any]) -> Fact:
    """The fact a log row holds. Fields that this version does not know are left out (old and new code may overlap)."""
    cls = FACTS[kind]
    hints = typing.get_type_hints(cls)
    known = {field.name for field in dataclasses.fields(cls)}  # type: ignore[arg-type]
    values = {name: Decimal(value) if hints[name] is Decimal else value for name, value in props.items() if name in known}
    return cls(**values)


# --- customers -----------------------------------------------------------------------------------


@fact("customer.created")
class CustomerCreated(Fact):
    """Somebody is known to us for the first time; `source` says from where."""

    customer_id: int
    source: str


@fact("customer.merged")
class CustomerMerged(Fact):
    """Two records turned out to be one person; `absorbed_id` is the one that ended."""

    customer_id: int
    absorbed_id: int


@fact("customer.unmerged")
class CustomerUnmerged(Fact):
    """A merge was undone: `restored_id` is a person of their own again."""

    customer_id: int
    restored_id: int


@fact("stage.changed")
class StageChanged(Fact):
    """The customer's lifecycle stage changed; the stages are customers.choices.Lifecycle."""

    customer_id: int
    before: str
    after: str


@fact("contact.added")
class ContactAdded(Fact):
    """A customer became a WeCom friend of a member of staff. `welcome_code` is single-use and dead after 20 s."""

    customer_id: int
    user_id: int
    state: str = ""
    welcome_code: str = ""


@fact("contact.lost")
class ContactLost(Fact):
    """The relation ended; `by` is customer or staff."""

    customer_id: int
    user_id: int
    by: str


@fact("channel.joined")
class ChannelJoined(Fact):
    """A customer came by a live code or a link of a channel; `tag_ids` are the tags that channel gives its newcomers."""

    customer_id: int
    user_id: int
    channel_id: int
    way_id: int
    tag_ids: list[int]


@fact("consent.changed")
class ConsentChanged(Fact):
    """The customer decided about a purpose on a channel."""

    customer_id: int
    purpose: str
    channel: str
    granted: bool


@fact("customer.active")
class CustomerActive(Fact):
    """New behaviour was recorded for the customer. Coalesced: many events, one waiting job."""

    customer_id: int


@fact("import.finished")
class ImportFinished(Fact):
    """A file was taken in whole; `target` says what its rows are."""

    batch_id: int
    target: str


# --- tagging ----------------------------------------------------------------------------------------


@fact("tag.assigned")
class TagAssigned(Fact):
    """A tag was given; `source` is rule, manual, chat or ai."""

    customer_id: int
    tag_id: int
    source: str


@fact("tag.removed")
class TagRemoved(Fact):
    """A tag was taken away; `source` as in `TagAssigned`."""

    customer_id: int
    tag_id: int
    source: str


@fact("segment.entered")
class SegmentEntered(Fact):
    """A customer began to belong to a dynamic segment."""

    customer_id: int
    segment_id: int


@fact("segment.left")
class SegmentLeft(Fact):
    """A customer stopped belonging to a dynamic segment."""

    customer_id: int
    segment_id: int


# --- messaging and campaigns --------------------------------------------------------------------------


@fact("message.sent")
class MessageSent(Fact):
    """The platform confirmed that the message reached the customer's chat."""

    customer_id: int
    message_id: int
    campaign_id: int | None = None


@fact("message.clicked")
class MessageClicked(Fact):
    """The customer opened the card of a message."""

    customer_id: int
    message_id: int
    campaign_id: int | None = None


@fact("chat.received")
class ChatReceived(Fact):
    """The customer wrote to us; the text stands with the message, not here."""

    customer_id: int
    message_id: int
    conversation_id: int | None = None


@fact("chat.handed_over")
class ChatHandedOver(Fact):
    """A conversation went from the assistant to people; `reason` is a word such as mood, asked_for_person, unknown."""

    customer_id: int
    conversation_id: int
    reason: str


@fact("chat.rated")
class ChatRated(Fact):
    """The customer rated how a person served them, 1 to 5."""

    customer_id: int
    conversation_id: int
    rating: int


@fact("trip.wished")
class TripWished(Fact):
    """A chat said which trip the customer wants: what was understood, not the words. None: not said.

    `destination` holds codes of our destinations and names of other places; amounts in yuan; `children` counts them, and
    `youngest` is the age of the youngest whose age was said.
    """

    customer_id: int
    destination: list[str]
    theme: list[str]
    days: int | None = None
    adults: int | None = None
    children: int | None = None
    youngest: int | None = None
    elders: int | None = None
    budget: int | None = None
    budget_per_person: int | None = None
    hotel_star: int | None = None


@fact("moment.liked")
class MomentLiked(Fact):
    """The customer liked a Moment of a member of staff."""

    customer_id: int
    moment_id: int
    product: str = ""


@fact("moment.commented")
class MomentCommented(Fact):
    """The customer commented on a Moment; the words stay with WeCom."""

    customer_id: int
    moment_id: int
    product: str = ""


# --- orders -------------------------------------------------------------------------------------------


@fact("order.placed")
class OrderPlaced(Fact):
    """An order was placed and its seats are held; `amount` in yuan."""

    customer_id: int
    order_id: int
    amount: Decimal


@fact("order.paid")
class OrderPaid(Fact):
    """The cashier proved that an order is paid; `amount` in yuan."""

    customer_id: int
    order_id: int
    amount: Decimal


@fact("instalment.paid")
class InstalmentPaid(Fact):
    """A later part of an order's price arrived: a balance, or what a change cost; `amount` in yuan."""

    customer_id: int
    order_id: int
    amount: Decimal


@fact("service.redeemed")
class ServiceRedeemed(Fact):
    """A merchant handed out pieces of an order."""

    customer_id: int
    order_id: int
    redemption_id: int
    pieces: int


@fact("order.changed")
class OrderChanged(Fact):
    """Another date, other people or other services; `amount` is the new price less the old one, in yuan."""

    customer_id: int
    order_id: int
    amount: Decimal


@fact("order.closed")
class OrderClosed(Fact):
    """Unpaid in time or cancelled; its seats are free again."""

    customer_id: int
    order_id: int


@fact("order.refunded")
class OrderRefunded(Fact):
    """Money went back to the customer; `amount` in yuan, of this refund alone."""

    customer_id: int
    order_id: int
    amount: Decimal


# --- membership ---------------------------------------------------------------------------------------


@fact("points.earned")
class PointsEarned(Fact):
    """An order brought points and growth; `order_id` is the order's."""

    customer_id: int
    order_id: int
    points: int
    growth: int


@fact("coupon.issued")
class CouponIssued(Fact):
    """A coupon was given to a customer one by one (a batch for a segment has no facts)."""

    customer_id: int
    coupon_id: int
    template_id: int


@fact("task.rewarded")
class TaskRewarded(Fact):
    """A member did a task that counts; `task` is its code."""

    customer_id: int
    task: str
    points: int


@fact("tier.changed")
class TierChanged(Fact):
    """A customer stepped up or down the ladder; codes of tiers, empty below the first."""

    customer_id: int
    before: str
    after: str


# --- what clients may report: behaviour, not business facts ---------------------------------------------

BEHAVIOUR_KINDS: frozenset[str] = frozenset(
    {
        "app.opened", "page.viewed", "product.viewed", "product.searched", "product.shared", "product.favorited",
        "product.unfavorited", "destination.viewed", "content.viewed", "brief.started", "quote.opened", "advisor.asked",
        "advisor.added", "review.written", "checkout.started", "task.completed", "site.event",
    }
)  # fmt: skip
