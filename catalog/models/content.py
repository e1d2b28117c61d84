"""The content library: texts, pictures and experiences that proposals and products are written from."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from catalog.choices import ContentKind
from catalog.models.products import Destination
from catalog.models.resources import Resource
from staff.models import User


class ContentItem(models.Model):
    """A text, a picture or an experience (something to do, told for the customer). `credit`: whose it is and on what terms.

    A picture stands in `picture`, cleaned of everything but its pixels; `width` and `height` are its own.
    """

    kind = models.CharField(_("kind"), max_length=10, choices=ContentKind.choices)
    title = models.CharField(_("title"), max_length=80)
    body = models.TextField(_("text"), blank=True, default="")
    tags = ArrayField(models.CharField(max_length=20), verbose_name=_("themes"), default=list, blank=True)
    destination = models.ForeignKey(Destination, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    resource = models.ForeignKey(Resource, null=True, blank=True, on_delete=models.SET_NULL, related_name="content")
    minutes = models.PositiveSmallIntegerField(_("takes, minutes"), null=True, blank=True)
    credit = models.CharField(_("source and licence"), max_length=120, blank=True, default="")
    picture = models.BinaryField(null=True)
    media_type = models.CharField(max_length=20, blank=True, default="")
    width = models.PositiveSmallIntegerField(default=0)
    height = models.PositiveSmallIntegerField(default=0)
    is_active = models.BooleanField(default=True)
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(db_default=models.functions.Now())
    updated_at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        verbose_name = _("content")
        verbose_name_plural = _("contents")
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(kind="picture") | Q(picture__isnull=False), name="content_picture_there")
        ]
        indexes: ClassVar = [
            models.Index(fields=["kind", "-updated_at"], name="content_browse"),
            GinIndex(fields=["tags"], name="content_tags"),
        ]

    def __str__(self) -> str:
        return self.title
