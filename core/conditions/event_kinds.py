"""The kinds of events that conditions ask about, in words."""

import functools
from collections.abc import Callable, Sequence

from django.conf import settings
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from core.conditions.params import Option

_BEHAVIOUR = _("In the mini-program")
_SERVICE = _("Messages and friends")
_BUYING = _("Buying")

KINDS: tuple[Option, ...] = (
    Option("product.viewed", _("viewed a product"), _BEHAVIOUR),
    Option("product.favorited", _("saved a product"), _BEHAVIOUR),
    Option("product.unfavorited", _("removed a saved product"), _BEHAVIOUR),
    Option("product.shared", _("shared a product"), _BEHAVIOUR),
    Option("product.searched", _("searched"), _BEHAVIOUR),
    Option("destination.viewed", _("viewed a destination"), _BEHAVIOUR),
    Option("content.viewed", _("read an article"), _BEHAVIOUR),
    Option("page.viewed", _("opened a page"), _BEHAVIOUR),
    Option("app.opened", _("opened the mini-program"), _BEHAVIOUR),
    Option("brief.started", _("started a custom request"), _BEHAVIOUR),
    Option("quote.opened", _("opened a quote"), _BEHAVIOUR),
    Option("advisor.asked", _("asked an advisor"), _BEHAVIOUR),
    Option("advisor.added", _("added an advisor"), _BEHAVIOUR),
    Option("review.written", _("wrote a review"), _BEHAVIOUR),
    Option("task.completed", _("completed a member task"), _BEHAVIOUR),
    Option("site.event", _("did something on the website"), _BEHAVIOUR),
    Option("checkout.started", _("started to order"), _BUYING),
    Option("order.placed", _("placed an order"), _BUYING),
    Option("order.paid", _("paid an order"), _BUYING),
    Option("instalment.paid", _("paid a further part of an order"), _BUYING),
    Option("service.redeemed", _("used something at a merchant"), _BUYING),
    Option("order.changed", _("changed an order"), _BUYING),
    Option("order.closed", _("let an order lapse"), _BUYING),
    Option("order.refunded", _("got a refund"), _BUYING),
    Option("points.earned", _("earned points"), _BUYING),
    Option("coupon.issued", _("was given a coupon"), _BUYING),
    Option("tier.changed", _("changed the membership tier"), _BUYING),
    Option("task.rewarded", _("was rewarded for a member task"), _BUYING),
    Option("message.sent", _("received our message"), _SERVICE),
    Option("message.clicked", _("clicked our message"), _SERVICE),
    Option("chat.received", _("wrote to us"), _SERVICE),
    Option("chat.handed_over", _("was handed to a person in a chat"), _SERVICE),
    Option("chat.rated", _("rated our service"), _SERVICE),
    Option("trip.wished", _("said in a chat which trip they want"), _SERVICE),
    Option("segment.entered", _("came into a segment"), _SERVICE),
    Option("segment.left", _("left a segment"), _SERVICE),
    Option("moment.liked", _("liked a Moment"), _SERVICE),
    Option("moment.commented", _("commented on a Moment"), _SERVICE),
    Option("contact.added", _("became a WeCom friend"), _SERVICE),
    Option("channel.joined", _("came by a channel"), _SERVICE),
    Option("contact.lost", _("ended the WeCom friendship"), _SERVICE),
    Option("consent.changed", _("changed a consent"), _SERVICE),
    Option("customer.created", _("became known to us"), _SERVICE),
)


@functools.cache
def kind_options() -> Sequence[Option]:
    """Every kind a condition may ask about: the house's own, held complete by a test, and what apps above contribute."""
    more: list[Callable[[], Sequence[Option]]] = [import_string(name) for name in settings.EVENT_KINDS]
    return (*KINDS, *(option for contribute in more for option in contribute()))
