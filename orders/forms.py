"""What staff type in about orders, cleaned."""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

REASONS = [
    (gettext_lazy("The customer's plans changed"), gettext_lazy("The customer's plans changed")),
    (gettext_lazy("Illness or emergency"), gettext_lazy("Illness or emergency")),
    (gettext_lazy("The trip does not take place"), gettext_lazy("The trip does not take place")),
    (gettext_lazy("Compensation for a complaint"), gettext_lazy("Compensation for a complaint")),
    (gettext_lazy("Ordered twice"), gettext_lazy("Ordered twice")),
]


class RefundForm(forms.Form):
    """Giving money back. `key` names the intent: sent twice, it is one refund."""

    amount = forms.DecimalField(label=gettext_lazy("Amount"), min_value=Decimal("0.01"), max_digits=12, decimal_places=2)
    reason = forms.ChoiceField(
        label=gettext_lazy("Reason"), choices=REASONS, help_text=gettext_lazy("The customer reads it in WeChat")
    )
    confirm = forms.CharField(label=gettext_lazy("Confirmation"), max_length=20, required=False)
    key = forms.RegexField(r"^[a-z0-9]{8,32}\Z", widget=forms.HiddenInput)

    def __init__(self, *args: Any, must_confirm: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.must_confirm = must_confirm

    def clean_confirm(self) -> str:
        """The word on the form, typed again, where the money leaves at once."""
        said = str(self.cleaned_data["confirm"]).strip()
        if self.must_confirm and said != confirmation():
            raise forms.ValidationError(_("Type “%(word)s” to confirm.") % {"word": confirmation()})
        return said


def confirmation() -> str:
    """What must be typed before money leaves."""
    return _("refund")
