"""What can be ordered beside trips: services, goods, activities."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from catalog.models import Product
from orders.choices import OfferKind, OfferState


class Offer(models.Model):
    """A service, an activity or goods, of the agency or (merchants.Listing) of a merchant.

    Price and stock stand where those of trips stand: in the departures of its private `product`, one for each day on which it
    can be had. Goods have one, on the last day on which they may be fetched. So one UPDATE and one CHECK keep every kind of
    stock from being oversold.
    """

    product = models.OneToOneField(Product, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(_("kind"), max_length=8, choices=OfferKind.choices)
    text = models.CharField(_("what one gets"), max_length=300, blank=True, default="")
    most_per_order = models.PositiveSmallIntegerField(_("at most per order"), default=10)
    is_shared = models.BooleanField(_("profit is shared"), default=False, db_default=False)
    state = models.CharField(_("state"), max_length=8, choices=OfferState.choices, default=OfferState.ON_SALE)

    class Meta:
        verbose_name = _("service or goods")
        verbose_name_plural = _("services and goods")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(most_per_order__gte=1, most_per_order__lte=200), name="offer_per_order")
        ]

    def __str__(self) -> str:
        return str(self.product)
