from django.db import models
from django.utils.translation import gettext_lazy as _


class CampaignState(models.TextChoices):
    DRAFT = "draft", _("Draft")
    IN_REVIEW = "in_review", _("Waiting for approval")
    SCHEDULED = "scheduled", _("Scheduled")
    LAUNCHING = "launching", _("Being dispatched")
    AWAITING_STAFF = "awaiting_staff", _("Waiting for staff to confirm")
    PAUSED = "paused", _("Paused")
    FINISHED = "finished", _("Finished")
    CANCELLED = "cancelled", _("Cancelled")


class Arm(models.TextChoices):
    """What the snapshot decided for a person: to be reached, kept aside to measure against, or not reachable."""

    TREATED = "treated", _("To be reached")
    HOLDOUT = "holdout", _("Hold-out")
    EXCLUDED = "excluded", _("Held back")


class CreditModel(models.TextChoices):
    """How an order's money is shared among the touches before it."""

    LAST = "last", _("Last touch")
    FIRST = "first", _("First touch")
    LINEAR = "linear", _("Equal shares")
    DECAY = "decay", _("The later the more (half-life 7 days)")
    POSITION = "position", _("First and last 40 % each")


class FollowUpState(models.TextChoices):
    OPEN = "open", _("Open")
    DONE = "done", _("Done")


class Outcome(models.TextChoices):
    CONTACTED = "contacted", _("Contacted")
    NO_ANSWER = "no_answer", _("No answer")
    QUOTED = "quoted", _("Quoted")
    NO_INTEREST = "no_interest", _("No interest")
    ORDERED = "ordered", _("Ordered by themselves")


class FollowUpReason(models.TextChoices):
    """The behaviour that made the task, or who did."""

    REPEATED_VIEWS = "repeated_views", _("Keeps looking at one product")
    QUOTE_OPENED = "quote_opened", _("Opened a quote")
    CHECKOUT_UNPAID = "checkout_unpaid", _("Started to order, did not pay")
    BY_HAND = "by_hand", _("Written by a colleague")
    ADVICE = "advice", _("Next best step")
    CONSULTED = "consulted", _("Asked for advice, did not order")
    QUOTE_ENDS = "quote_ends", _("Quote about to expire")
    DEPARTURE = "departure", _("Departure is near")
    CAME_BACK = "came_back", _("Back from a trip")
    JOURNEY = "journey", _("Step of a journey")
    LEAD = "lead", _("New lead from an advertisement")
    MOMENT = "moment", _("Reacted to a Moment")
    HANDED_OVER = "handed_over", _("Taken over from a colleague")


class JourneyState(models.TextChoices):
    DRAFT = "draft", _("Draft")
    RUNNING = "running", _("Running")
    PAUSED = "paused", _("Paused")
    STOPPED = "stopped", _("Stopped")


class RunState(models.TextChoices):
    """Where a person's way through a journey stands. Only `ACTIVE` has something to come."""

    ACTIVE = "active", _("Under way")
    FINISHED = "finished", _("Went through")
    LEFT = "left", _("Left early")
    HOLDOUT = "holdout", _("Hold-out")
    REFUSED = "refused", _("Not let in")
    FAILED = "failed", _("Failed")


class RunReason(models.TextChoices):
    """Why somebody was not let in, or left."""

    AGAIN = "again", _("Was in it before; the re-entry rule says no")
    INSIDE = "inside", _("Is in it already")
    ENTRY = "entry", _("Does not meet the entry condition")
    TOO_LATE = "too_late", _("We heard of it too late")
    IMPERSONAL = "impersonal", _("Turned personal recommendations off")
    GONE = "gone", _("Erased, or merged into another customer")
    EXIT = "exit", _("An exit rule came true")
    GOAL = "goal", _("Reached the goal")
    TRIP_OFF = "trip_off", _("The trip was cancelled or refunded")
    STOPPED = "stopped", _("The journey was stopped")
    MOVED = "moved", _("The journey was changed while they were in it")
    ERROR = "error", _("Something went wrong six times")


class StepOutcome(models.TextChoices):
    """What a step did for one person."""

    DONE = "done", _("Done")
    QUEUED = "queued", _("Message handed over")
    HELD = "held", _("Message held back")
    LATE = "late", _("Left out: too late")
    YES = "yes", _("Yes")
    NO = "no", _("No")
    ARM = "arm", _("Variant")
    REFUSED = "refused", _("Could not be done")


class MomentState(models.TextChoices):
    DRAFT = "draft", _("Draft")
    PENDING = "pending", _("To be created")
    UNKNOWN = "unknown", _("Outcome unknown, being queried")
    RUNNING = "running", _("Being dispatched")
    AWAITING = "awaiting", _("Waiting for staff to publish")
    DONE = "done", _("Published")
    CANCELLED = "cancelled", _("Cancelled")
    FAILED = "failed", _("Failed")


class Reaction(models.TextChoices):
    LIKE = "like", _("Like")
    COMMENT = "comment", _("Comment")


class HandOverState(models.TextChoices):
    """Where one friendship of a hand-over stands; the platform accepts for a customer who says nothing for 24 hours."""

    TO_ASK = "to_ask", _("To be asked for")
    WAITING = "waiting", _("Waiting for the customer")
    DONE = "done", _("Taken over")
    REFUSED = "refused", _("Refused by the customer")
    AT_LIMIT = "at_limit", _("The colleague has no room")
    FAILED = "failed", _("Refused by WeCom")


class CopyKind(models.TextChoices):
    XIAOHONGSHU = "xiaohongshu", _("Xiaohongshu note")
    DOUYIN = "douyin", _("Douyin caption")
    AD = "ad", _("Advertisement")
    MOMENT = "moment", _("Moment")


class GroupTaskState(models.TextChoices):
    PENDING = "pending", _("To be created")
    UNKNOWN = "unknown", _("Outcome unknown, being queried")
    AWAITING = "awaiting", _("Waiting for staff to confirm")
    DONE = "done", _("Sent")
    FAILED = "failed", _("Failed")
