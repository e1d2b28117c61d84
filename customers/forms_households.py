"""Untrusted input about travellers and households becomes clean values."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core import clock
from customers.choices import Kinship
from customers.models import Traveller
from customers.privacy.phones import to_e164

CHOICES = [choice for choice in Kinship.choices if choice[0] != Kinship.SELF]


class TravellerForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """A person somebody books for."""

    kinship = forms.ChoiceField(label=_("relation"), choices=CHOICES)

    class Meta:
        model = Traveller
        fields = ("name", "kinship", "gender", "birthday")
        widgets = {"birthday": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")}

    def clean_birthday(self) -> Any:
        """A day that has been, within the last 120 years."""
        day, today = self.cleaned_data["birthday"], clock.today()
        if (day and not today.year - 120 <= day.year <= today.year) or (day and day > today):
            raise forms.ValidationError(_("A birthday lies in the last 120 years."))
        return day

    def values(self) -> dict[str, Any]:
        """Arguments of `save_traveller`."""
        return {name: self.cleaned_data[name] for name in self.Meta.fields}


class MemberForm(forms.Form):
    """Another customer of ours who belongs to the household."""

    phone = forms.CharField(label=_("phone"), max_length=20)
    kinship = forms.ChoiceField(label=_("relation"), choices=CHOICES)

    def clean_phone(self) -> str:
        """E.164."""
        try:
            return to_e164(self.cleaned_data["phone"])
        except ValueError as error:
            raise forms.ValidationError(_("Write a Chinese mobile number.")) from error
