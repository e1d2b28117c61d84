"""What people type about trips becomes clean values."""

import json
import re
from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from core.errors import BadInput

LARGEST_BODY = 200_000
MOST_OPERATIONS = 200


class NewItinerary(forms.Form):
    """A sentence, or the fields; with both the fields win where they are filled."""

    brief = forms.CharField(
        label=_("What the customer wants, in one sentence"), max_length=500, required=False, widget=forms.Textarea
    )
    customer = forms.IntegerField(label=_("Customer"), required=False)
    city = forms.CharField(label=_("City"), max_length=20, required=False)
    starts_on = forms.DateField(label=_("Starts on"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    days = forms.IntegerField(label=_("Days"), min_value=1, max_value=30, required=False)
    adults = forms.IntegerField(label=_("Adults"), min_value=1, max_value=200, required=False)
    child_ages = forms.CharField(label=_("Children's ages"), max_length=60, required=False)

    def clean_child_ages(self) -> list[int]:
        """ "8, 5" as [8, 5]."""
        ages = [int(part) for part in re.findall(r"\d{1,3}", self.cleaned_data["child_ages"])]
        if any(age > 17 for age in ages):
            raise forms.ValidationError(_("A child is 0 to 17 years old."))
        return ages


def json_body(request: HttpRequest) -> dict[str, Any]:
    """The request's JSON object; BadInput for anything else."""
    if len(request.body) > LARGEST_BODY:
        raise BadInput(str(_("That is too much at once.")))
    try:
        body = json.loads(request.body or b"{}")
    except (ValueError, RecursionError) as error:
        raise BadInput(str(_("This is no JSON."))) from error
    if not isinstance(body, dict):
        raise BadInput(str(_("This is no JSON object.")))
    return body


def edits_of(body: dict[str, Any]) -> tuple[int, list[dict[str, Any]]]:
    """Revision and operations of an edit."""
    revision, operations = body.get("revision"), body.get("operations")
    if not isinstance(revision, int) or isinstance(revision, bool) or not 0 <= revision < 2**31:
        raise BadInput(str(_("The revision is missing.")), {"revision": "integer"})
    if (
        not isinstance(operations, list)
        or not 1 <= len(operations) <= MOST_OPERATIONS
        or not all(isinstance(o, dict) for o in operations)
    ):
        raise BadInput(str(_("The operations are missing.")), {"operations": "list of objects"})
    return revision, operations
