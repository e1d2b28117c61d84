"""Contracts, stock, cancellation tiers and rates of exchange, cleaned."""

import datetime as dt
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog.choices import ChargeUnit, PriceBasis, StockState, SupplementKind
from catalog.forms.products import LARGEST_PRICE, WEEKDAYS, _this_century
from catalog.models import Sku, Supplier
from catalog.rules import Tier
from catalog.services.inventory import Charge, Row
from catalog.services.terms import TERMS

MOST_ROWS = 80


def _date() -> forms.DateInput:
    return forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class ContractForm(forms.Form):
    """What a contract says of one purchasable unit as a whole."""

    code = forms.CharField(label=gettext_lazy("Code"), max_length=60)
    name = forms.CharField(label=gettext_lazy("Purchasable unit"), max_length=80)
    plan_name = forms.CharField(label=gettext_lazy("Contract"), max_length=60)
    unit = forms.ChoiceField(label=gettext_lazy("Charged"), choices=ChargeUnit.choices)
    currency = forms.RegexField("^[A-Za-z]{3}$", label=gettext_lazy("Currency"), initial="CNY")
    basis = forms.ChoiceField(label=gettext_lazy("Its prices are"), choices=PriceBasis.choices)
    commission_percent = forms.DecimalField(
        label=gettext_lazy("Commission"),
        initial=0,
        required=False,
        min_value=Decimal(0),
        max_value=Decimal(100),
        decimal_places=2,
    )
    tax_percent = forms.DecimalField(
        label=gettext_lazy("Tax on top"),
        initial=0,
        required=False,
        min_value=Decimal(0),
        max_value=Decimal(100),
        decimal_places=2,
    )
    sleeps = forms.IntegerField(label=gettext_lazy("Sleeps"), min_value=0, max_value=20, required=False, initial=0)
    seats = forms.IntegerField(label=gettext_lazy("Vehicle's seats"), min_value=0, max_value=99, required=False, initial=0)

    def clean(self) -> dict[str, Any]:
        """A gross price needs the commission it leaves."""
        data = super().clean() or {}
        if data.get("basis") == PriceBasis.GROSS and not data.get("commission_percent"):
            self.add_error("commission_percent", _("A gross price needs the commission it leaves us."))
        return data


class RowForm(forms.Form):
    """One amount: from when to when, on which weekdays, for how many people, of what age, in what vehicle."""

    starts_on = forms.DateField(label=gettext_lazy("From"), widget=_date())
    ends_on = forms.DateField(label=gettext_lazy("To"), widget=_date())
    weekdays = forms.MultipleChoiceField(
        label=gettext_lazy("Weekdays"), choices=WEEKDAYS, required=False, widget=forms.CheckboxSelectMultiple
    )
    amount = forms.DecimalField(
        label=gettext_lazy("Amount"), min_value=Decimal(0), max_value=LARGEST_PRICE, max_digits=9, decimal_places=2
    )
    pax_from = forms.IntegerField(label=gettext_lazy("People from"), min_value=1, max_value=999, required=False)
    pax_to = forms.IntegerField(label=gettext_lazy("People to"), min_value=1, max_value=999, required=False)
    age_from = forms.IntegerField(label=gettext_lazy("Age from"), min_value=0, max_value=120, required=False)
    age_to = forms.IntegerField(label=gettext_lazy("Age to"), min_value=0, max_value=120, required=False)
    seats = forms.IntegerField(label=gettext_lazy("Vehicle's seats"), min_value=0, max_value=99, required=False)

    def clean(self) -> dict[str, Any]:
        """Nothing runs backwards."""
        data = super().clean() or {}
        for first, last in (("starts_on", "ends_on"), ("pax_from", "pax_to"), ("age_from", "age_to")):
            if data.get(first) is not None and data.get(last) is not None and data[last] < data[first]:
                self.add_error(last, _("less than where it begins"))
        for name in ("starts_on", "ends_on"):
            if data.get(name):
                _this_century(data[name])
        return data

    def row(self) -> Row:
        """What the form says."""
        data = self.cleaned_data
        ages = None
        if data.get("age_from") is not None or data.get("age_to") is not None:
            low, high = data.get("age_from"), data.get("age_to")
            ages = (0 if low is None else low, 120 if high is None else high)
        days = tuple(int(day) for day in data["weekdays"])
        return Row(
            data["starts_on"], data["ends_on"], data["amount"], () if len(days) == 7 else days,
            (data.get("pax_from") or 1, data.get("pax_to") or 999), ages, data.get("seats") or 0,
        )  # fmt: skip


class ChargeForm(forms.Form):
    """One supplement: an amount or a percentage."""

    kind = forms.ChoiceField(label=gettext_lazy("Supplement"), choices=SupplementKind.choices)
    amount = forms.DecimalField(
        label=gettext_lazy("Amount"), min_value=Decimal(0), max_value=LARGEST_PRICE, decimal_places=2, required=False
    )
    percent = forms.DecimalField(
        label=gettext_lazy("or percent of the adult's"),
        min_value=Decimal(0),
        max_value=Decimal(500),
        decimal_places=2,
        required=False,
    )
    age_from = forms.IntegerField(label=gettext_lazy("Age from"), min_value=0, max_value=120, required=False)
    age_to = forms.IntegerField(label=gettext_lazy("Age to"), min_value=0, max_value=120, required=False)

    def clean(self) -> dict[str, Any]:
        """Exactly one of the two."""
        data = super().clean() or {}
        if not self.errors and (data.get("amount") is None) == (data.get("percent") is None):
            self.add_error("amount", _("an amount or a percentage"))
        return data

    def charge(self) -> Charge:
        """What the form says."""
        data = self.cleaned_data
        return Charge(SupplementKind(data["kind"]), data["amount"], data["percent"], (data["age_from"], data["age_to"]))


class _Rows(forms.BaseFormSet):  # type: ignore[type-arg]
    def filled(self) -> list[Any]:
        """The forms that say something and are not to be removed."""
        return [form for form in self.forms if form.has_changed() and not form.cleaned_data.get("DELETE")]


RowSet = forms.formset_factory(
    RowForm, formset=_Rows, extra=2, can_delete=True, max_num=MOST_ROWS, absolute_max=MOST_ROWS, validate_max=True
)
ChargeSet = forms.formset_factory(
    ChargeForm, formset=_Rows, extra=1, can_delete=True, max_num=12, absolute_max=12, validate_max=True
)


class StockForm(forms.Form):
    """What can be had of some units on some days."""

    sku = forms.ModelMultipleChoiceField(Sku.objects.none(), label=gettext_lazy("Purchasable units"))
    first = forms.DateField(label=gettext_lazy("From"), widget=_date())
    last = forms.DateField(label=gettext_lazy("To"), widget=_date())
    weekdays = forms.MultipleChoiceField(
        label=gettext_lazy("Weekdays"), choices=WEEKDAYS, initial=[value for value, _label in WEEKDAYS],
        widget=forms.CheckboxSelectMultiple,
    )  # fmt: skip
    state = forms.ChoiceField(label=gettext_lazy("State"), choices=StockState.choices)
    allotment = forms.IntegerField(label=gettext_lazy("Allotment"), min_value=0, max_value=9999, required=False, initial=0)
    release_days = forms.IntegerField(
        label=gettext_lazy("Released days before"), min_value=0, max_value=365, required=False, initial=0,
        help_text=gettext_lazy("Nearer than that the supplier must be asked."),
    )  # fmt: skip

    def __init__(self, supplier: Supplier, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["sku"].queryset = Sku.objects.filter(  # type: ignore[attr-defined]
            resource__supplier=supplier, is_active=True
        ).select_related("resource")

    def clean_first(self) -> dt.date:
        """A date of this century."""
        return _this_century(self.cleaned_data["first"])

    def clean_last(self) -> dt.date:
        """A date of this century."""
        return _this_century(self.cleaned_data["last"])


class TierForm(forms.Form):
    """One tier of what a cancellation costs."""

    days_from = forms.IntegerField(label=gettext_lazy("Days before, from"), min_value=0, max_value=999)
    days_to = forms.IntegerField(label=gettext_lazy("to"), min_value=0, max_value=999)
    percent = forms.DecimalField(
        label=gettext_lazy("keeps, percent"), min_value=Decimal(0), max_value=Decimal(100), max_digits=5, decimal_places=2
    )

    def tier(self) -> Tier:
        """What the form says."""
        return Tier(self.cleaned_data["days_from"], self.cleaned_data["days_to"], self.cleaned_data["percent"])


TierSet = forms.formset_factory(TierForm, formset=_Rows, extra=1, can_delete=True, max_num=12, absolute_max=12, validate_max=True)


class TermsForm(forms.ModelForm):  # type: ignore[type-arg]
    """A supplier's terms."""

    class Meta:
        model = Supplier
        fields = TERMS
        widgets = {"note": forms.Textarea(attrs={"rows": 2})}

    def clean_currency(self) -> str:
        """Three letters."""
        currency: str = self.cleaned_data["currency"].upper()
        if not (len(currency) == 3 and currency.isascii() and currency.isalpha()):
            raise forms.ValidationError(_("three letters, such as USD"))
        return currency

    def clean_commission_percent(self) -> Decimal:
        """From 0 to 100."""
        percent: Decimal = self.cleaned_data["commission_percent"]
        if not 0 <= percent <= 100:
            raise forms.ValidationError(_("from 0 to 100"))
        return percent

    def clean_quarantine_percent(self) -> int:
        """From 1 to 100."""
        percent: int = self.cleaned_data["quarantine_percent"]
        if not 1 <= percent <= 100:
            raise forms.ValidationError(_("from 1 to 100"))
        return percent


class ExchangeForm(forms.Form):
    """What a currency costs."""

    currency = forms.RegexField("^[A-Za-z]{3}$", label=gettext_lazy("Currency"))
    day = forms.DateField(label=gettext_lazy("From the day"), widget=_date())
    rate = forms.DecimalField(
        label=gettext_lazy("Yuan for one"), min_value=Decimal("0.00000001"), max_digits=14, decimal_places=8
    )
    buffer_percent = forms.DecimalField(
        label=gettext_lazy("Buffer"), min_value=Decimal(0), max_value=Decimal(20), max_digits=5, decimal_places=2, initial=3
    )
    is_sure = forms.BooleanField(label=gettext_lazy("It really moved more than a tenth"), required=False)

    def clean_day(self) -> dt.date:
        """A date of this century."""
        return _this_century(self.cleaned_data["day"])
