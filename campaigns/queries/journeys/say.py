"""A flow in words, in the reader's language."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.choices import RunReason
from campaigns.rules.journeys.flow import Complaint, Flow, Step
from core.conditions import ConditionError, parse, say
from messaging.choices import Obstacle, Reason

FACTS: dict[str, Any] = {
    "order.paid": gettext_lazy("paid an order"), "order.placed": gettext_lazy("placed an order"),
    "order.refunded": gettext_lazy("was refunded"), "order.closed": gettext_lazy("order was closed unpaid"),
    "product.viewed": gettext_lazy("viewed a product"), "product.favorited": gettext_lazy("saved a product"),
    "product.shared": gettext_lazy("shared a product"), "quote.opened": gettext_lazy("opened a quote"),
    "checkout.started": gettext_lazy("started to order"), "advisor.asked": gettext_lazy("asked an advisor"),
    "chat.received": gettext_lazy("wrote to us"), "trip.wished": gettext_lazy("told which trip they want"),
    "message.clicked": gettext_lazy("opened our card"), "review.written": gettext_lazy("wrote a review"),
    "contact.added": gettext_lazy("became a WeCom friend"), "contact.lost": gettext_lazy("ended the friendship"),
    "tag.assigned": gettext_lazy("got a tag"), "tag.removed": gettext_lazy("lost a tag"),
    "segment.entered": gettext_lazy("entered a segment"), "segment.left": gettext_lazy("left a segment"),
    "stage.changed": gettext_lazy("changed lifecycle stage"), "tier.changed": gettext_lazy("changed member tier"),
    "moment.liked": gettext_lazy("liked a Moment"), "moment.commented": gettext_lazy("commented on a Moment"),
}  # fmt: skip
KINDS: dict[str, Any] = {
    "wait": gettext_lazy("Wait"), "if": gettext_lazy("Condition"), "ab": gettext_lazy("A/B split"),
        "message": gettext_lazy("Send a message"),
    "task": gettext_lazy("Follow-up task"), "tag": gettext_lazy("Tags"), "coupon": gettext_lazy("Coupon"),
        "points": gettext_lazy("Points"),
    "jump": gettext_lazy("Jump ahead"), "end": gettext_lazy("End of the way"),
}  # fmt: skip
TRIGGERS: dict[str, Any] = {
    "fact": gettext_lazy("Something happened"), "segment": gettext_lazy("Entered a segment"),
        "friend": gettext_lazy("Added us on WeCom"),
    "browse": gettext_lazy("Looked, but did not order"), "quote": gettext_lazy("Opened a quote, but did not order"),
    "departure": gettext_lazy("Departure or return"), "date": gettext_lazy("Birthday or another yearly day"),
    "schedule": gettext_lazy("On a schedule"), "holiday": gettext_lazy("Before or on a holiday"),
}  # fmt: skip
CODES: dict[str, Any] = {
    "missing": gettext_lazy("This is missing."), "range": gettext_lazy("Must be between %(detail)s."),
    "length": gettext_lazy("Must have %(detail)s characters."), "signs": gettext_lazy("Contains signs that cannot be shown."),
    "time": gettext_lazy("Not a time of day."), "date": gettext_lazy("Not a date."),
        "choice": gettext_lazy("Choose one of those offered."),
    "ids": gettext_lazy("Choose from the list."), "unknown": gettext_lazy("Choose what this is."),
    "no_length": gettext_lazy("Say how long to wait."), "no_steps": gettext_lazy("Add at least one step."),
    "too_many": gettext_lazy("At most %(detail)s steps."), "too_deep": gettext_lazy("Branches may be nested %(detail)s deep."),
    "weights": gettext_lazy("Two to four variants whose shares make 100 %%."),
        "loop": gettext_lazy("This leads back to itself: people would go in circles."),
    "nowhere": gettext_lazy("There is no such step."), "unreachable": gettext_lazy("Nobody can get here."),
    "id": gettext_lazy("Two steps have the same mark."), "condition": gettext_lazy("%(detail)s"),
    "variable": gettext_lazy("There is no variable “%(detail)s”."),
    "fallback": gettext_lazy("Say what stands for “%(detail)s” where it is not known: {{%(detail)s|…}}."),
    "brackets": gettext_lazy("A variable's brackets are not closed."),
        "wording": gettext_lazy("“%(detail)s” must not be used in advertising."),
    "bytes": gettext_lazy("Too long for WeCom: %(detail)s bytes."), "gone": gettext_lazy("This does not exist (any more)."),
}  # fmt: skip


def say_complaint(one: Complaint) -> str:
    """A complaint in words."""
    return str(CODES.get(one.code, "%(detail)s")) % {"detail": one.detail or one.code}


def say_condition(raw: object) -> str:
    """A condition as a sentence; what is wrong with it where it cannot be asked."""
    if not raw:
        return ""
    try:
        return say(parse(raw))
    except ConditionError as error:
        return error.complaint


def say_length(args: Mapping[str, Any]) -> str:
    """“1 month 2 days”."""
    units = [
        ("months", _("%(n)s months")),
        ("days", _("%(n)s days")),
        ("hours", _("%(n)s hours")),
        ("minutes", _("%(n)s minutes")),
    ]
    return " ".join(words % {"n": args[name]} for name, words in units if args.get(name))


def say_step(step: Step) -> str:
    """A step in one line."""
    args = step.args
    if step.do == "wait":
        return _say_wait(args)
    if step.do == "if":
        return _("If %(condition)s") % {"condition": say_condition(args.get("when"))}
    if step.do in ("message", "task"):
        text = str(args.get("title") or args.get("text") or "")
        return f"{KINDS[step.do]} · {text[:40]}{'…' if len(text) > 40 else ''}"
    if step.do == "points":
        return _("%(n)s points") % {"n": args["amount"]}
    return str(KINDS[step.do])


def _say_wait(args: Mapping[str, Any]) -> str:
    mode = args["mode"]
    if mode == "hour":
        return _("Wait until %(time)s") % {"time": args["at"]}
    if mode == "fact":
        return _("Wait until the customer %(fact)s, at most %(length)s") % {
            "fact": FACTS[args["fact"]],
            "length": say_length(args),
        }
    if mode == "date":
        return say_offset(args["edge"], args["offset"], args["at"])
    return _("Wait %(length)s") % {"length": say_length(args)}


def say_offset(edge: str, days: int, at: str = "") -> str:
    """“3 days before departure, 10:00”."""
    if days == 0:
        words = _("On the last day") if edge == "end" else _("On the day of departure")
    elif days < 0:
        words = (_("%(n)s days before the return") if edge == "end" else _("%(n)s days before departure")) % {"n": -days}
    else:
        words = (_("%(n)s days after the return") if edge == "end" else _("%(n)s days after departure")) % {"n": days}
    return f"{words}, {at}" if at else words


def say_trigger(flow: Flow) -> str:
    """What lets people in, in one line."""
    args = flow.trigger_args
    if flow.trigger == "fact":
        return _("The customer %(fact)s") % {"fact": FACTS[args["fact"]]}
    if flow.trigger == "browse":
        return _("Viewed a product %(n)s times within %(hours)s hours, then %(minutes)s minutes without an order") % {
            "n": args["views"], "hours": args["hours"], "minutes": args["quiet_minutes"],
        }  # fmt: skip
    if flow.trigger == "departure":
        return say_offset(args["edge"], args["days"])
    if flow.trigger == "holiday":
        return f"{args['name']} {args['days']:+d} {_('days')}, {args['at']}"
    return str(TRIGGERS[flow.trigger])


def refusal_words(code: str) -> str:
    """Why a message was held back, a gift refused or a person not let in."""
    words: dict[str, Any] = {
        **dict(RunReason.choices), **dict(Obstacle.choices), **dict(Reason.choices),
        "no_words": _("Nothing to say on this channel"), "gone": _("Erased, or merged into another customer"),
        "no_membership": _("The membership part is not installed"),
    }  # fmt: skip
    return str(words.get(code, code))
