"""What is sold: an order, its lines, who travels, in which parts it is paid. Prices are never taken from a client."""

from decimal import Decimal
from typing import ClassVar

import pghistory
import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from catalog.models import Departure, Product
from customers.models import Customer, CustomerQuerySet, Traveller, TravellerDocument, sees_everybody
from messaging.models import Message
from orders.choices import CloseReason, LineKind, OrderState
from orders.models.offers import Offer
from orders.rules import TRANSITIONS
from staff.models import User


class OrderQuerySet(models.QuerySet["Order"]):
    """Orders through the same row scope as their customers."""

    def visible_to(self, user: User) -> "OrderQuerySet":
        """Orders of customers this user may see."""
        if sees_everybody(user):
            return self
        customers: CustomerQuerySet = Customer.objects.visible_to(user)
        return self.filter(customer__in=customers)


@pghistory.track(
    pghistory.UpdateEvent(),
    pghistory.DeleteEvent(),
    model_name="OrderHistory",
    fields=["state", "total_amount", "paid_amount", "refunded_amount"],
)
class Order(models.Model):
    """One purchase. State moves only by conditional update in orders.services; a trigger knows no other moves than TRANSITIONS.

    `product` and `departure` are those of the first line: what the order is called after, and when it begins. `extra_amount`
    is all the other lines, supplements and reductions. Coupons and points cover their amounts, money the rest
    (`payable_amount`). `owed_back_amount` is what a change made cheaper and is on its way back.

    `home_id` is the customer under whose identity it was placed, where a merge has moved that identity (or the order) since:
    undoing the merge sends the order home.
    """

    no = models.CharField(_("order number"), max_length=24, unique=True)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="+")
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="+")
    departure = models.ForeignKey(Departure, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(_("state"), max_length=10, choices=OrderState.choices, default=OrderState.PLACED)
    adults = models.PositiveSmallIntegerField(_("adults"))
    children = models.PositiveSmallIntegerField(_("children"), default=0)
    adult_amount = models.DecimalField(max_digits=12, decimal_places=2)
    child_amount = models.DecimalField(max_digits=12, decimal_places=2)
    total_amount = models.DecimalField(_("total"), max_digits=12, decimal_places=2)
    paid_amount = models.DecimalField(_("paid"), max_digits=12, decimal_places=2, default=0)
    refunded_amount = models.DecimalField(_("refunded"), max_digits=12, decimal_places=2, default=0)
    extra_amount = models.DecimalField(_("supplements and reductions"), max_digits=12, decimal_places=2, default=0, db_default=0)
    coupon_amount = models.DecimalField(_("covered by coupons"), max_digits=12, decimal_places=2, default=0, db_default=0)
    points_amount = models.DecimalField(_("covered by points"), max_digits=12, decimal_places=2, default=0, db_default=0)
    points_used = models.PositiveIntegerField(_("points used"), default=0, db_default=0)
    owed_back_amount = models.DecimalField(max_digits=12, decimal_places=2, default=0, db_default=0)
    close_reason = models.CharField(_("closed because"), max_length=10, choices=CloseReason.choices, blank=True, default="")
    message = models.ForeignKey(Message, null=True, on_delete=models.SET_NULL, related_name="+")
    home_id = models.BigIntegerField(null=True)
    placed_at = models.DateTimeField()
    hold_until = models.DateTimeField()
    paid_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)

    objects = OrderQuerySet.as_manager()

    class Meta:
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(total_amount=F("adults") * F("adult_amount") + F("children") * F("child_amount") + F("extra_amount")),
                name="order_total",
            ),
            models.CheckConstraint(condition=Q(adults__gte=1) & Q(adults__lte=200, children__lte=200), name="order_people"),
            models.CheckConstraint(
                condition=Q(
                    refunded_amount__lte=F("paid_amount"),
                    paid_amount__lte=F("total_amount") - F("coupon_amount") - F("points_amount") + F("owed_back_amount"),
                ),
                name="order_amounts",
            ),
            models.CheckConstraint(
                condition=Q(coupon_amount__gte=0, points_amount__gte=0, owed_back_amount__gte=0)
                & Q(total_amount__gte=F("coupon_amount") + F("points_amount")),
                name="order_offsets",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["paid", "completed", "refunded"]) | Q(paid_at__isnull=False), name="order_paid_at"
            ),
        ]
        triggers: ClassVar = [pgtrigger.FSM(name="order_state", field="state", transitions=TRANSITIONS)]
        indexes: ClassVar = [
            models.Index(fields=["customer", "-placed_at"], name="order_customer"),
            models.Index(fields=["-placed_at", "-id"], name="order_newest"),
            models.Index(fields=["hold_until"], condition=Q(state="placed"), name="order_hold"),
        ]

    def __str__(self) -> str:
        return self.no

    @property
    def people(self) -> int:
        """Seats the order takes."""
        return self.adults + self.children

    @property
    def payable_amount(self) -> Decimal:
        """What is to be paid with money: the total without what coupons and points cover."""
        return self.total_amount - self.coupon_amount - self.points_amount

    @property
    def kept_amount(self) -> Decimal:
        """The money the agency has of it: paid and not given back."""
        return self.paid_amount - self.refunded_amount


class OrderLine(models.Model):
    """One thing in an order, at the price and on the terms of the moment it was ordered.

    `departure` is where its pieces are held (None for supplements). Adults and children of a trip are two lines. `terms` are
    the cancellation tiers then, `starts_on` the day they count from. A line of a service has a `code` that its merchant
    scans; pieces are either redeemed or given back, never both: one CHECK holds that against any crowd.
    """

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="lines")
    position = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=10, choices=LineKind.choices)
    name = models.CharField(max_length=80)
    offer = models.ForeignKey(Offer, null=True, on_delete=models.PROTECT, related_name="lines")
    departure = models.ForeignKey(Departure, null=True, on_delete=models.PROTECT, related_name="+")
    starts_on = models.DateField(null=True)
    quantity = models.PositiveSmallIntegerField()
    unit_amount = models.DecimalField(max_digits=12, decimal_places=2)
    coupon_amount = models.DecimalField(max_digits=12, decimal_places=2, default=0, db_default=0)
    points_amount = models.DecimalField(max_digits=12, decimal_places=2, default=0, db_default=0)
    terms = models.JSONField(default=list)
    code = models.CharField(max_length=16, null=True, unique=True)
    valid_until = models.DateTimeField(null=True)
    redeemed_quantity = models.PositiveSmallIntegerField(default=0, db_default=0)
    returned_quantity = models.PositiveSmallIntegerField(default=0, db_default=0)

    class Meta:
        verbose_name = _("order line")
        verbose_name_plural = _("order lines")
        ordering: ClassVar = ["position"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["order", "position"], name="line_position"),
            models.CheckConstraint(
                condition=Q(quantity__gte=F("redeemed_quantity") + F("returned_quantity"), quantity__lte=999), name="line_pieces"
            ),
            models.CheckConstraint(condition=Q(unit_amount__gte=0) | Q(kind="supplement"), name="line_price"),
            models.CheckConstraint(
                condition=Q(coupon_amount__gte=0, points_amount__gte=0)
                & (
                    Q(coupon_amount=0, points_amount=0)
                    | Q(coupon_amount__lte=F("quantity") * F("unit_amount") - F("points_amount"))
                ),
                name="line_offsets",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order_id}.{self.position}"

    @property
    def total_amount(self) -> Decimal:
        """Before coupons and points."""
        return self.quantity * self.unit_amount

    @property
    def payable_amount(self) -> Decimal:
        """The money for it."""
        return self.total_amount - self.coupon_amount - self.points_amount

    @property
    def open_quantity(self) -> int:
        """Pieces that were neither redeemed nor given back."""
        return self.quantity - self.redeemed_quantity - self.returned_quantity


class OrderTraveller(models.Model):
    """Somebody who travels on an order. Their documents stay sealed with the traveller; here stands only who it is."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="travellers")
    traveller = models.ForeignKey(Traveller, null=True, on_delete=models.SET_NULL, related_name="+")
    document = models.ForeignKey(TravellerDocument, null=True, on_delete=models.SET_NULL, related_name="+")
    name = models.CharField(max_length=60)
    is_child = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("traveller of an order")
        verbose_name_plural = _("travellers of an order")
        constraints: ClassVar = [models.UniqueConstraint(fields=["order", "traveller"], name="order_traveller_once")]

    def __str__(self) -> str:
        return self.name


class OrderContact(models.Model):
    """Whom to call about an order, and in an emergency (online travel rules, 2020). Numbers are sealed."""

    order = models.OneToOneField(Order, on_delete=models.CASCADE, related_name="contact")
    name = models.CharField(max_length=60)
    phone_sealed = models.BinaryField(max_length=200)
    phone_masked = models.CharField(max_length=20)
    emergency_name = models.CharField(max_length=60, blank=True, default="")
    emergency_sealed = models.BinaryField(max_length=200, null=True)
    emergency_masked = models.CharField(max_length=20, blank=True, default="")

    class Meta:
        verbose_name = _("contact of an order")
        verbose_name_plural = _("contacts of orders")

    def __str__(self) -> str:
        return f"{self.order_id}"


class Instalment(models.Model):
    """A part of an order's total, due on a day of its own: deposit, balance. An order without any is paid at once."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="instalments")
    position = models.PositiveSmallIntegerField()
    label = models.CharField(max_length=40)
    amount = models.DecimalField(max_digits=12, decimal_places=2)
    due_on = models.DateField()
    paid_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("instalment")
        verbose_name_plural = _("instalments")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["order", "position"], name="instalment_position"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="instalment_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.order_id}.{self.position}"
