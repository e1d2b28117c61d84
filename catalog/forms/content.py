"""The content library, and bookings with live suppliers, cleaned."""

import datetime as dt
import re
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog.choices import ContentKind
from catalog.forms.products import _this_century
from catalog.models import Destination, Sku, Supplier
from catalog.pictures.cleaning import MAX_BYTES
from catalog.services.content import BODY_LIMIT, Words


class ContentForm(forms.Form):
    """A text, a picture or an experience."""

    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=ContentKind.choices)
    title = forms.CharField(label=gettext_lazy("Title"), max_length=80)
    body = forms.CharField(
        label=gettext_lazy("Text"), max_length=BODY_LIMIT, required=False, widget=forms.Textarea(attrs={"rows": 8})
    )
    tags = forms.CharField(
        label=gettext_lazy("Themes"), max_length=200, required=False, help_text=gettext_lazy("Separated by commas or spaces")
    )
    destination = forms.ModelChoiceField(
        Destination.objects.order_by("id"), label=gettext_lazy("Destination"), required=False, empty_label=gettext_lazy("None")
    )
    minutes = forms.IntegerField(label=gettext_lazy("Takes, minutes"), min_value=1, max_value=10_000, required=False)
    credit = forms.CharField(
        label=gettext_lazy("Source and licence"), max_length=120, required=False,
        help_text=gettext_lazy("Whose it is, and on what terms we may show it"),
    )  # fmt: skip
    file = forms.FileField(label=gettext_lazy("Picture"), required=False, help_text=gettext_lazy("JPEG or PNG, up to 3 MB"))

    def clean_file(self) -> Any:
        """At most 3 MB."""
        file = self.cleaned_data["file"]
        if file is not None and file.size > MAX_BYTES:
            raise forms.ValidationError(_("a JPEG or PNG of at most 3 MB"))
        return file

    def words(self) -> Words:
        """What the form says."""
        data = self.cleaned_data
        tags = tuple(part for part in re.split(r"[,，、\s]+", data["tags"]) if part)
        return Words(
            ContentKind(data["kind"]), data["title"], data["body"], tags, data["destination"], None, data["minutes"],
            data["credit"],
        )  # fmt: skip


class HoldForm(forms.Form):
    """What to hold with a supplier's own system."""

    sku = forms.ModelChoiceField(Sku.objects.none(), label=gettext_lazy("Purchasable units"))
    day = forms.DateField(label=gettext_lazy("On the day"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    adults = forms.IntegerField(label=gettext_lazy("Adults"), min_value=0, max_value=60, initial=2)
    children = forms.IntegerField(label=gettext_lazy("Children"), min_value=0, max_value=60, initial=0)

    def __init__(self, supplier: Supplier, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        live = Sku.objects.filter(resource__supplier=supplier, live__isnull=False, is_active=True)
        self.fields["sku"].queryset = live.select_related("resource", "live")  # type: ignore[attr-defined]

    def clean_day(self) -> dt.date:
        """A date of this century."""
        return _this_century(self.cleaned_data["day"])

    def pieces(self) -> dict[str, int]:
        """How many of which of the offer's tickets."""
        units = self.cleaned_data["sku"].live.units
        child = next((one["id"] for one in units if one["type"] == "CHILD"), "")
        adult = next((one["id"] for one in units if one["type"] in {"ADULT", "TRAVELLER", ""}), units[0]["id"] if units else "")
        wanted = {adult: self.cleaned_data["adults"], child: self.cleaned_data["children"]}
        return {unit: number for unit, number in wanted.items() if number}
