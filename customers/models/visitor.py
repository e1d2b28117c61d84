"""A browser on the agency's site: nobody in particular until somebody logs in."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from customers.models.customer import Customer


class Visitor(models.Model):
    """An anonymous id of the web snippet, as a keyed hash. Until `customer` is known its events stand in the log under
    the negative of this id, so that finding and moving them needs no index of their own."""

    value_hash = models.BinaryField(max_length=32, unique=True)
    customer = models.ForeignKey(Customer, null=True, on_delete=models.SET_NULL, related_name="+")
    first_seen_at = models.DateTimeField(db_default=models.functions.Now())
    last_seen_at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        verbose_name = _("visitor")
        verbose_name_plural = _("visitors")

    def __str__(self) -> str:
        return f"visitor #{self.pk}"
