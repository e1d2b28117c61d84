"""Words with a fixed meaning in membership."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class House(models.TextChoices):
    """The agency's own accounts of the points ledger: where points come from and where they go."""

    ISSUED = "issued", _("Points issued")
    REDEEMED = "redeemed", _("Points used for payment")
    MALL = "mall", _("Points used in the mall")
    EXPIRED = "expired", _("Points expired")
    FORFEITED = "forfeited", _("Points given up at erasure")


class TransferState(models.TextChoices):
    """A pending transfer reserves; it is posted or voided once, and never changes again."""

    PENDING = "pending", _("Reserved")
    POSTED = "posted", _("Posted")
    VOIDED = "voided", _("Released")


class Code(models.TextChoices):
    """Why points moved."""

    EARN = "earn", _("Earned by an order")
    BEHAVIOUR = "behaviour", _("Earned by behaviour")
    TASK = "task", _("Earned by a task")
    REFERRAL = "referral", _("Earned by inviting")
    GRANT = "grant", _("Granted")
    GIFT = "gift", _("Gift of the tier")
    ADJUST = "adjust", _("Adjusted")
    SPEND = "spend", _("Used for payment")
    MALL = "mall", _("Exchanged in the mall")
    SERVICE = "service", _("Used for a service")
    RETURN = "return", _("Given back")
    REVERSE = "reverse", _("Taken back after a refund")
    RECOVER = "recover", _("Owed from an earlier refund")
    EXPIRE = "expire", _("Expired")
    REHOME = "rehome", _("Moved between joined records")
    FORFEIT = "forfeit", _("Given up at erasure")


class RuleKind(models.TextChoices):
    """What an earning rule rewards."""

    SPEND = "spend", _("Spending")
    PRODUCT = "product", _("Buying certain products")
    FIRST = "first", _("First purchase")
    BEHAVIOUR = "behaviour", _("Behaviour")
    REFERRAL = "referral", _("An invited friend's first purchase")


class AdjustmentState(models.TextChoices):
    """Two people adjust points: one asks, another decides."""

    REQUESTED = "requested", _("Waiting for a second person")
    APPROVED = "approved", _("Approved")
    REJECTED = "rejected", _("Not approved")


class CouponKind(models.TextChoices):
    """What a coupon gives."""

    FIXED = "fixed", _("Amount off")
    PERCENT = "percent", _("Percentage off")
    EXCHANGE = "exchange", _("Exchange for an item")
    UPGRADE = "upgrade", _("Upgrade")


class TemplateState(models.TextChoices):
    """Terms may change in a draft only; afterwards a coupon means what its owner was promised."""

    DRAFT = "draft", _("Draft")
    ACTIVE = "active", _("Being issued")
    PAUSED = "paused", _("Paused")
    ENDED = "ended", _("Ended")


class CouponState(models.TextChoices):
    """`UNCLAIMED`: a code nobody has typed yet. Expiry is a moment, not a state."""

    UNCLAIMED = "unclaimed", _("Code not claimed")
    ISSUED = "issued", _("Usable")
    HELD = "held", _("In an unpaid order")
    USED = "used", _("Used")
    VOID = "void", _("Void")


class Stacking(models.TextChoices):
    """With which other coupons one may be used together."""

    FREE = "free", _("With any other coupon")
    GROUP = "group", _("With coupons of other groups")
    ALONE = "alone", _("Only alone")


class CostOwner(models.TextChoices):
    """Who pays for what a coupon takes off."""

    AGENCY = "agency", pgettext_lazy("who bears a cost", "The agency")
    MERCHANT = "merchant", _("The merchant")
    SHARED = "shared", _("Shared")


class OffsetState(models.TextChoices):
    """Coupons and points of one order."""

    HELD = "held", _("Reserved")
    COMMITTED = "committed", _("Used")
    RELEASED = "released", _("Released")


class SchemeState(models.TextChoices):
    """A ladder of tiers is drafted, published, and one day replaced."""

    DRAFT = "draft", _("Draft")
    PUBLISHED = "published", _("In force")
    RETIRED = "retired", _("Replaced")


class BenefitKind(models.TextChoices):
    """What a benefit gives."""

    PARKING = "parking", _("Free parking")
    PRIORITY = "priority", _("Priority entry")
    GUIDE = "guide", _("Private guide")
    MALL = "mall", _("Points mall discount")
    BIRTHDAY = "birthday", _("Birthday gift")
    HOLIDAY = "holiday", _("Holiday gift")
    MULTIPLE = "multiple", _("Points multiple")
    OTHER = "other", _("Other")


class Period(models.TextChoices):
    """How often an entitlement begins anew, by the Shanghai calendar."""

    ONCE = "once", _("once per tier period")
    MONTH = "month", _("per month")
    YEAR = "year", _("per year")


class TaskKind(models.TextChoices):
    """What a member does for a reward."""

    SIGN_IN = "sign_in", _("Daily sign-in")
    REVIEW = "review", _("Write a review")
    PHOTO = "photo", _("Share travel photos")
    SHARE = "share", _("Share a product")
    PROFILE = "profile", _("Complete the profile")
    INVITE = "invite", _("Invite a friend")


class DoneState(models.TextChoices):
    """Whether a task done counts."""

    DONE = "done", _("Counts")
    WAITING = "waiting", _("To be checked")
    REFUSED = "refused", _("Refused")


class InvitationState(models.TextChoices):
    """An invitation is rewarded at the friend's first purchase, or refused for a reason."""

    JOINED = "joined", _("Joined")
    REWARDED = "rewarded", _("Rewarded")
    REFUSED = "refused", _("Refused")


class MallKind(models.TextChoices):
    """What an item of the points mall is."""

    GOODS = "goods", _("Goods")
    COUPON = "coupon", _("Coupon")
    SERVICE = "service", _("Service")


class MallOrderState(models.TextChoices):
    """An exchange waits to be handed over, or was taken back."""

    ORDERED = "ordered", _("To be handed over")
    DELIVERED = "delivered", _("Handed over")
    CANCELLED = "cancelled", _("Cancelled")


class ServiceKind(models.TextChoices):
    """Services that members book."""

    PARKING = "parking", _("Parking")
    RENTAL = "rental", _("Rental")
    HOME = "home", _("Home service")
    EXPRESS = "express", _("Express")
    GUIDE = "guide", _("Guided tour")


class BookingState(models.TextChoices):
    """A booking of a member service."""

    BOOKED = "booked", _("Booked")
    USED = "used", _("Used")
    CANCELLED = "cancelled", _("Cancelled")


class PaidBy(models.TextChoices):
    """What a service is paid with. `ON_SITE`: at the counter, not through us."""

    BENEFIT = "benefit", _("Benefit")
    POINTS = "points", _("Points")
    ON_SITE = "on_site", pgettext_lazy("paid", "On site")
