"""What the mini-program may send about membership, and what it is told. Amounts are whole fen, points are whole numbers."""

from typing import Any

from rest_framework import serializers

from core.serializers import StrictSerializer
from membership.choices import BookingState, CouponKind, MallKind, PaidBy, ServiceKind, TaskKind

MOST_ID = 2**31 - 1


class NothingAsked(StrictSerializer):
    """A body or query without parameters."""


class PointsQuery(StrictSerializer):
    """Which part of the statement."""

    limit = serializers.IntegerField(min_value=1, max_value=50, default=20)
    before = serializers.IntegerField(min_value=1, max_value=2**53, required=False, help_text="`next` of the page before")


class CouponQuery(StrictSerializer):
    """Which of one's coupons."""

    usable = serializers.BooleanField(default=False, help_text="only what can be used now")


class CouponCodeGiven(StrictSerializer):
    """A code from paper or a picture."""

    coupon_code = serializers.CharField(max_length=40)


class TaskGiven(StrictSerializer):
    """What was done: a product's code, an order's number, a review's id."""

    evidence = serializers.CharField(max_length=60, required=False, allow_blank=True)


class InvitationGiven(StrictSerializer):
    """The code of who invited."""

    invite_code = serializers.RegexField(r"^[A-Za-z0-9]{4,12}\Z")


class BookingGiven(StrictSerializer):
    """How a booked service is paid."""

    paid_by = serializers.ChoiceField(PaidBy.choices)


class BenefitShown(serializers.Serializer[Any]):
    """A benefit of the present tier. `left` is null without a limit; `value` is the figure of a multiple or a discount."""

    code = serializers.CharField()
    name = serializers.CharField()
    text = serializers.CharField()
    value = serializers.CharField()
    quantity = serializers.IntegerField(allow_null=True)
    left = serializers.IntegerField(allow_null=True)
    period = serializers.CharField()


class NextTierShown(serializers.Serializer[Any]):
    """The next step up; `condition` is what it asks, in words."""

    name = serializers.CharField()
    condition = serializers.CharField()


class MemberShown(serializers.Serializer[Any]):
    """Where the member stands."""

    tier = serializers.CharField()
    tier_name = serializers.CharField()
    rank = serializers.IntegerField()
    valid_until = serializers.DateTimeField(allow_null=True)
    grace_until = serializers.DateTimeField(allow_null=True)
    growth = serializers.IntegerField()
    points = serializers.IntegerField()
    points_held = serializers.IntegerField()
    points_expiring = serializers.IntegerField()
    points_expire_at = serializers.DateTimeField(allow_null=True)
    next_tier = NextTierShown(allow_null=True)
    benefits = BenefitShown(many=True)
    invite_code = serializers.CharField()


class MovementShown(serializers.Serializer[Any]):
    """A line of the points statement."""

    id = serializers.IntegerField()
    at = serializers.DateTimeField()
    code = serializers.CharField()
    text = serializers.CharField()
    points = serializers.IntegerField()
    state = serializers.CharField()


class PointsPage(serializers.Serializer[Any]):
    """A page of the statement, newest first."""

    points = serializers.IntegerField()
    results = MovementShown(many=True)
    next = serializers.IntegerField(allow_null=True)


class CouponShown(serializers.Serializer[Any]):
    """One's coupon. `state` is issued, held, used, void or expired; `off` and the other amounts are fen."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    kind = serializers.ChoiceField(CouponKind.choices)
    code = serializers.CharField()
    state = serializers.CharField()
    off = serializers.IntegerField()
    percent = serializers.IntegerField()
    cap = serializers.IntegerField(allow_null=True)
    from_total = serializers.IntegerField()
    item = serializers.CharField()
    rules = serializers.CharField()
    valid_from = serializers.DateTimeField(allow_null=True)
    valid_until = serializers.DateTimeField(allow_null=True)


class CouponList(serializers.Serializer[Any]):
    """One's coupons, newest first."""

    results = CouponShown(many=True)


class ServiceOfferShown(serializers.Serializer[Any]):
    """A coupon that can be fetched. `left` is null without a limit."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    kind = serializers.ChoiceField(CouponKind.choices)
    off = serializers.IntegerField()
    percent = serializers.IntegerField()
    from_total = serializers.IntegerField()
    rules = serializers.CharField()
    left = serializers.IntegerField(allow_null=True)
    mine = serializers.IntegerField()
    per_person = serializers.IntegerField()


class OfferList(serializers.Serializer[Any]):
    """The coupon centre."""

    results = ServiceOfferShown(many=True)


class TaskShown(serializers.Serializer[Any]):
    """A task, and how often it was done today."""

    code = serializers.CharField()
    kind = serializers.ChoiceField(TaskKind.choices)
    name = serializers.CharField()
    text = serializers.CharField()
    points = serializers.IntegerField()
    growth = serializers.IntegerField()
    done_today = serializers.IntegerField()
    per_day = serializers.IntegerField()


class TaskList(serializers.Serializer[Any]):
    """What can be done for points."""

    results = TaskShown(many=True)


class TaskDoneShown(serializers.Serializer[Any]):
    """What a task brought; `state` waiting: somebody looks first."""

    task = serializers.CharField()
    state = serializers.CharField()
    points = serializers.IntegerField()
    streak = serializers.IntegerField()


class InvitationShown(serializers.Serializer[Any]):
    """Whether the invitation was taken."""

    state = serializers.CharField()


class MallItemShown(serializers.Serializer[Any]):
    """Something to exchange points for; `points` is the member's own price."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    kind = serializers.ChoiceField(MallKind.choices)
    text = serializers.CharField()
    points = serializers.IntegerField()
    stock = serializers.IntegerField()
    per_person = serializers.IntegerField()


class MallList(serializers.Serializer[Any]):
    """The points mall."""

    results = MallItemShown(many=True)


class ExchangeShown(serializers.Serializer[Any]):
    """An exchange; `coupon` is the coupon's code where that is what it is."""

    no = serializers.CharField()
    item = serializers.CharField()
    points = serializers.IntegerField()
    state = serializers.CharField()
    state_text = serializers.CharField()
    coupon = serializers.CharField(allow_null=True)
    at = serializers.DateTimeField()


class ExchangeList(serializers.Serializer[Any]):
    """One's exchanges, newest first."""

    results = ExchangeShown(many=True)


class SlotShown(serializers.Serializer[Any]):
    """A time to come, with the places left."""

    id = serializers.IntegerField()
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    left = serializers.IntegerField()


class ServiceShown(serializers.Serializer[Any]):
    """A service that can be booked. `price` in fen, on site; `points` 0: not for points; `is_free_with` names the benefit."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    kind = serializers.ChoiceField(ServiceKind.choices)
    place = serializers.CharField()
    text = serializers.CharField()
    price = serializers.IntegerField()
    points = serializers.IntegerField()
    is_free_with = serializers.CharField(allow_null=True)
    slots = SlotShown(many=True)


class ServiceList(serializers.Serializer[Any]):
    """What members can book."""

    results = ServiceShown(many=True)


class BookingShown(serializers.Serializer[Any]):
    """A booking."""

    no = serializers.CharField()
    service = serializers.CharField()
    place = serializers.CharField()
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    state = serializers.ChoiceField(BookingState.choices)
    state_text = serializers.CharField()
    paid_by = serializers.CharField()
    points = serializers.IntegerField()
    price = serializers.IntegerField()


class BookingList(serializers.Serializer[Any]):
    """One's bookings, newest first."""

    results = BookingShown(many=True)
