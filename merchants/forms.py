"""What is typed in about merchants, cleaned."""

from decimal import Decimal

from django import forms
from django.utils.translation import gettext_lazy as _

from merchants.models import Merchant
from orders.choices import OfferKind


class OfferForm(forms.Form):
    """An offer of a merchant's."""

    name = forms.CharField(label=_("Name"), min_length=2, max_length=80)
    kind = forms.ChoiceField(label=_("Kind"), choices=OfferKind.choices)
    text = forms.CharField(label=_("What one gets"), max_length=300, required=False, widget=forms.Textarea(attrs={"rows": 3}))
    price = forms.DecimalField(label=_("Price"), min_value=Decimal("0.01"), max_value=Decimal("99999.99"), decimal_places=2)
    most_per_order = forms.IntegerField(label=_("At most per order"), min_value=1, max_value=200, initial=10)


class DaysForm(forms.Form):
    """On which days it can be had, how much of it, at what price."""

    first_on = forms.DateField(label=_("From"), widget=forms.DateInput(attrs={"type": "date"}))
    last_on = forms.DateField(label=_("Until"), widget=forms.DateInput(attrs={"type": "date"}))
    pieces = forms.IntegerField(label=_("Pieces a day"), min_value=0, max_value=9999)
    price = forms.DecimalField(
        label=_("Price"), min_value=Decimal("0.01"), max_value=Decimal("99999.99"), decimal_places=2, required=False,
        help_text=_("Empty: the offer's own"),
    )  # fmt: skip


class CodeForm(forms.Form):
    """A code, scanned or typed."""

    code = forms.CharField(label=_("Code"), max_length=40)


class RedeemForm(CodeForm):
    """How much of it is handed out. `key` names the act: sent twice, it is one."""

    quantity = forms.IntegerField(label=_("How many"), min_value=1, max_value=999)
    key = forms.RegexField(r"^[a-z0-9]{8,32}\Z", widget=forms.HiddenInput)


class MerchantForm(forms.ModelForm):  # type: ignore[type-arg]
    """A merchant and the rules by which its money is parted."""

    class Meta:
        model = Merchant
        fields = ("code", "name", "legal_name", "account", "fee_percent", "points_percent", "coupon_percent", "state")

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        if self.instance.pk:
            del self.fields["code"]
        else:
            del self.fields["state"]


class PersonForm(forms.Form):
    """Who is to work for a merchant: an account with the merchant role."""

    username = forms.CharField(label=_("User name"), max_length=150)
    is_manager = forms.BooleanField(label=_("Manager: sees fees and statements"), required=False)
