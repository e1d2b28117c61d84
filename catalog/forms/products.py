"""What staff type in about the catalogue, cleaned."""

import datetime as dt
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog.choices import FeedField, ResourceKind
from catalog.feeds.decoding import MAX_BYTES
from catalog.models import Supplier
from catalog.services.products import CalendarChange
from core.clock import LATEST

LARGEST_PRICE = Decimal("9999999.99")
MOST_SEATS = 2000


class UploadForm(forms.Form):
    """A supplier's file."""

    supplier = forms.ModelChoiceField(
        Supplier.objects.filter(is_active=True).order_by("name"),
        label=gettext_lazy("Supplier"),
        empty_label=gettext_lazy("Choose a supplier"),
    )
    file = forms.FileField(
        label=gettext_lazy("File"), help_text=gettext_lazy("CSV, Excel (.xlsx) or JSON, up to 20 MB and 50,000 rows")
    )
    kind = forms.ChoiceField(
        label=gettext_lazy("The file lists"),
        choices=[("", gettext_lazy("Find out from the file")), *ResourceKind.choices],
        required=False,
    )
    city = forms.CharField(
        label=gettext_lazy("City of rows that name none"), max_length=40, required=False, help_text=gettext_lazy("May stay empty")
    )
    is_full = forms.BooleanField(
        label=gettext_lazy("This is the supplier's whole list"),
        required=False,
        initial=True,
        help_text=gettext_lazy("What it no longer names is put aside. Untick it for a file with a part only."),
    )

    def clean_file(self) -> Any:
        """At most 20 MB, not empty."""
        file = self.cleaned_data["file"]
        if file.size > MAX_BYTES:
            raise forms.ValidationError(_("The file is larger than 20 MB."))
        return file


class MappingForm(forms.Form):
    """What each column means: one choice per column, named by its position."""

    def __init__(self, columns: list[tuple[str, str, float]], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.columns = [column for column, _field, _confidence in columns]
        for index, (column, field, _confidence) in enumerate(columns):
            self.fields[f"column_{index}"] = forms.ChoiceField(label=column, choices=FeedField.choices, initial=field)

    def chosen(self) -> dict[str, str]:
        """Column -> field."""
        return {column: self.cleaned_data[f"column_{index}"] for index, column in enumerate(self.columns)}


WEEKDAYS = [
    ("1", gettext_lazy("Mon")), ("2", gettext_lazy("Tue")), ("3", gettext_lazy("Wed")), ("4", gettext_lazy("Thu")),
    ("5", gettext_lazy("Fri")), ("6", gettext_lazy("Sat")), ("7", gettext_lazy("Sun")),
]  # fmt: skip


class CalendarForm(forms.Form):
    """A bulk edit of the price calendar. What stays empty stays as it is."""

    first = forms.DateField(label=gettext_lazy("From"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    last = forms.DateField(label=gettext_lazy("To"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    weekdays = forms.MultipleChoiceField(
        label=gettext_lazy("Weekdays"),
        choices=WEEKDAYS,
        initial=[value for value, _label in WEEKDAYS],
        widget=forms.CheckboxSelectMultiple,
    )
    adult_amount = forms.DecimalField(
        label=gettext_lazy("Adult price"), min_value=Decimal("0.01"), max_value=LARGEST_PRICE, decimal_places=2, required=False
    )
    child_amount = forms.DecimalField(
        label=gettext_lazy("Child price"), min_value=Decimal(0), max_value=LARGEST_PRICE, decimal_places=2, required=False
    )
    seats = forms.IntegerField(label=gettext_lazy("Seats"), min_value=0, max_value=MOST_SEATS, required=False)
    sale = forms.ChoiceField(
        label=gettext_lazy("Sale"),
        choices=[("", gettext_lazy("Leave as it is")), ("open", gettext_lazy("Open")), ("closed", gettext_lazy("Stop"))],
        required=False,
    )

    def clean_first(self) -> dt.date:
        """A date of this century."""
        return _this_century(self.cleaned_data["first"])

    def clean_last(self) -> dt.date:
        """A date of this century."""
        return _this_century(self.cleaned_data["last"])

    def change(self) -> CalendarChange:
        """What the form sets."""
        data = self.cleaned_data
        closed = {"open": False, "closed": True}.get(data["sale"])
        return CalendarChange(data["adult_amount"], data["child_amount"], data["seats"], closed)


def _this_century(day: dt.date) -> dt.date:
    if not dt.date(2000, 1, 1) <= day < LATEST.date():
        raise forms.ValidationError(_("must be a date such as 2026-10-01"))
    return day
