"""Untrusted staff input about customers becomes clean values."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core import clock
from core.choices import FileFault
from customers.choices import ImportTarget
from customers.models import Customer

MAX_IMPORT_BYTES = 60_000_000


class ProfileForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """The facts staff may correct."""

    ages = forms.CharField(label=_("children's ages"), required=False, max_length=40, help_text=_("For example 3, 7"))

    class Meta:
        model = Customer
        fields = ("name", "remark", "gender", "birthday", "city", "lifecycle")
        widgets = {"birthday": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk and not self.is_bound:
            self.initial["ages"] = ", ".join(str(age) for age in self.instance.child_ages)

    def clean_birthday(self) -> Any:
        """A day that has been, within the last 120 years."""
        day = self.cleaned_data["birthday"]
        today = clock.today()
        if (day and not today.year - 120 <= day.year) or (day and day > today):
            raise forms.ValidationError(_("A birthday lies in the last 120 years."))
        return day

    def clean_ages(self) -> list[int]:
        """Whole years from 0 to 17, separated by commas or spaces."""
        text = self.cleaned_data["ages"].replace("，", ",").replace("、", ",").replace(" ", ",")
        parts = [part for part in text.split(",") if part]
        if any(not part.isascii() or not part.isdigit() or int(part[:4]) > 17 for part in parts) or len(parts) > 10:
            raise forms.ValidationError(_("Write whole years from 0 to 17, for example 3, 7."))
        return [int(part) for part in parts]

    def changes(self) -> dict[str, Any]:
        """The edited facts by model field name."""
        values = {name: self.cleaned_data[name] for name in self.Meta.fields}
        return {**values, "child_ages": self.cleaned_data["ages"]}


class ImportForm(forms.Form):
    """A file and what its rows are."""

    target = forms.ChoiceField(label=_("The rows are"), choices=ImportTarget.choices, initial=ImportTarget.CUSTOMERS)
    file = forms.FileField(label=_("File"), help_text=_("CSV or Excel (.xlsx), up to 200,000 rows and 60 MB"))

    def clean_file(self) -> Any:
        """A file of a size that is read at all."""
        file = self.cleaned_data["file"]
        if file.size > MAX_IMPORT_BYTES:
            raise forms.ValidationError(str(FileFault.TOO_LARGE.label))
        return file


class SourceForm(forms.Form):
    """Another system to connect."""

    kind = forms.ChoiceField(label=_("What kind of system"), choices=())
    name = forms.CharField(label=_("Name"), max_length=60, help_text=_("As your colleagues call it, for example: lakeside gates"))
    code = forms.SlugField(
        label=_("Code"), max_length=30, help_text=_("Letters, digits and hyphens; it becomes part of the address")
    )

    def __init__(self, *args: Any, kinds: list[tuple[str, Any]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = kinds  # type: ignore[attr-defined]
