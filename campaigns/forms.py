"""Untrusted input of the campaign pages."""

import datetime as dt
import re
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.models import new_salt
from catalog.choices import SaleState
from catalog.models import Product
from core import clock
from messaging.rules import TEXT_BYTES, TITLE_BYTES, utf8_bytes
from staff.models import AgencyPolicy
from tagging.models import Segment

_SALT = re.compile(r"[0-9a-f]{16}")
LATEST = dt.timedelta(days=90)


class CampaignForm(forms.Form):
    """Everything a campaign is made of."""

    name = forms.CharField(label=gettext_lazy("Campaign name"), max_length=60)
    segment = forms.ModelChoiceField(
        Segment.objects.order_by("name"), label=gettext_lazy("Segment"), empty_label=None, widget=forms.RadioSelect
    )
    product = forms.ModelChoiceField(
        Product.objects.filter(state=SaleState.ON_SALE).order_by("code"),
        label=gettext_lazy("Product on the card"), to_field_name="code", empty_label=None, widget=forms.RadioSelect,
    )  # fmt: skip
    text = forms.CharField(
        label=gettext_lazy("Text of the message"), max_length=TEXT_BYTES, widget=forms.Textarea(attrs={"rows": 8})
    )
    card_title = forms.CharField(label=gettext_lazy("Card title"), max_length=TITLE_BYTES)
    holdout_percent = forms.IntegerField(label=gettext_lazy("Hold-out"), min_value=0, max_value=50)
    attribution_days = forms.IntegerField(label=gettext_lazy("Attribution window"), min_value=1, max_value=90)
    launch_at = forms.DateTimeField(
        label=gettext_lazy("Start not before"), required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"],
    )  # fmt: skip
    stagger_minutes = forms.IntegerField(label=gettext_lazy("Spread over"), min_value=0, max_value=720, required=False, initial=0)
    at_best_hour = forms.BooleanField(label=gettext_lazy("At each person's best hour"), required=False)
    test_percent = forms.IntegerField(
        label=gettext_lazy("Try the variants out on"), min_value=1, max_value=100, required=False, initial=100
    )
    test_hours = forms.IntegerField(
        label=gettext_lazy("Choose the winner after"), min_value=1, max_value=72, required=False, initial=4
    )
    salt = forms.CharField(widget=forms.HiddenInput, max_length=16)

    def clean_text(self) -> str:
        """At most 4,000 bytes, as WeCom counts."""
        return self._within("text", TEXT_BYTES)

    def clean_card_title(self) -> str:
        """At most 64 bytes."""
        return self._within("card_title", TITLE_BYTES)

    def _within(self, name: str, limit: int) -> str:
        value = str(self.cleaned_data[name])
        if utf8_bytes(value) > limit:
            complaint = _("%(size)s bytes; WeCom takes %(limit)s at most.") % {"size": utf8_bytes(value), "limit": limit}
            raise forms.ValidationError(complaint)
        return value

    def clean_salt(self) -> str:
        """What new_salt made; anything else would let somebody choose who is held out."""
        value = str(self.cleaned_data["salt"])
        if not _SALT.fullmatch(value):
            raise forms.ValidationError(_("Please open the page again."))
        return value

    def clean_stagger_minutes(self) -> int:
        """0 when left out: everybody at once."""
        return int(self.cleaned_data["stagger_minutes"] or 0)

    def clean_test_percent(self) -> int:
        """100 when left out: no test, everybody gets their variant at once."""
        return int(self.cleaned_data["test_percent"] or 100)

    def clean_test_hours(self) -> int:
        """Four hours when left out."""
        return int(self.cleaned_data["test_hours"] or 4)

    def clean_launch_at(self) -> dt.datetime | None:
        """In the future, within 90 days. The form's time is Shanghai's."""
        value: dt.datetime | None = self.cleaned_data["launch_at"]
        if value is None:
            return None
        if not clock.now() - dt.timedelta(minutes=1) < value < clock.now() + LATEST:
            raise forms.ValidationError(_("Choose a time within the next 90 days."))
        return value


def fresh_values() -> dict[str, Any]:
    """What a new campaign begins with: the agency's own policy."""
    policy = AgencyPolicy.current()
    return {"salt": new_salt(), "holdout_percent": policy.holdout_percent, "attribution_days": policy.attribution_days}


def values_of(campaign: Any) -> dict[str, Any]:
    """A draft as the form's values."""
    return {
        "name": campaign.name, "segment": campaign.segment_id, "product": campaign.content.product_code,
        "text": campaign.content.text, "card_title": campaign.content.card_title, "salt": campaign.salt,
        "holdout_percent": campaign.holdout_percent, "attribution_days": campaign.attribution_days,
        "launch_at": timezone.localtime(campaign.launch_at, clock.SHANGHAI) if campaign.launch_at else None,
        "stagger_minutes": campaign.stagger_minutes, "at_best_hour": campaign.at_best_hour,
        "test_percent": campaign.test_percent, "test_hours": campaign.test_hours,
    }  # fmt: skip
