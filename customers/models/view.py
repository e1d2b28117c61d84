"""Lists that staff keep: a name for the filters they use every day."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from staff.models import User


class SavedView(models.Model):
    """The filters, sort and columns of a list under a name: its owner's, or everybody's. `query` is the URL's query string."""

    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(_("name"), max_length=30)
    query = models.CharField(max_length=600, blank=True, default="")
    is_shared = models.BooleanField(_("for everybody"), default=False)
    is_pinned = models.BooleanField(_("pinned"), default=False)
    created_at = models.DateTimeField(db_default=models.functions.Now())
    deleted_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        indexes: ClassVar = [models.Index(fields=["owner"], name="saved_view_owner", condition=models.Q(deleted_at__isnull=True))]

    def __str__(self) -> str:
        return self.name
