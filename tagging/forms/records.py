"""Names and settings of groups, tags, rules and segments, and the one way to read a posted condition."""

from decimal import Decimal
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework.exceptions import ParseError

from core.conditions import ConditionError
from core.errors import BadInput
from core.parsers import decode
from tagging.choices import Dimension, Removal, SegmentKind
from tagging.forms.draft import Line, blame, draft_of, read_draft
from tagging.models import TagGroup
from tagging.queries.checking import checked

LONGEST_CONDITION = 200_000


class GroupForm(forms.Form):
    """A group of tags."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=30)
    dimension = forms.ChoiceField(label=gettext_lazy("Dimension"), choices=Dimension.choices)
    is_exclusive = forms.BooleanField(
        label=gettext_lazy("A customer has one tag of it at most"), required=False,
        help_text=gettext_lazy("The first tag in the group's order wins; a tag given by hand always does."),
    )  # fmt: skip


class TagForm(forms.Form):
    """A tag."""

    group = forms.ModelChoiceField(TagGroup.objects.order_by("position", "id"), label=gettext_lazy("Tag group"), empty_label=None)
    name = forms.CharField(label=gettext_lazy("Name"), max_length=30)
    description = forms.CharField(label=gettext_lazy("Meaning"), max_length=120, required=False)


class RuleForm(forms.Form):
    """What a rule has besides its condition."""

    name = forms.CharField(label=gettext_lazy("Name of the rule"), max_length=60)
    keep_days = forms.IntegerField(label=gettext_lazy("Keep after it stops matching"), min_value=0, max_value=3650, initial=14)
    removal = forms.ChoiceField(
        label=gettext_lazy("When it stops matching, the tag"), choices=Removal.choices, required=False, initial=Removal.AFTER_DAYS
    )
    half_life_days = forms.IntegerField(
        label=gettext_lazy("Confidence halves every"), min_value=1, max_value=365, required=False, initial=14
    )
    priority = forms.IntegerField(
        label=gettext_lazy("Priority"),
        min_value=-100,
        max_value=100,
        required=False,
        initial=0,
        help_text=gettext_lazy("Of several rules, the larger speaks."),
    )
    score = forms.DecimalField(
        label=gettext_lazy("Score of a full match"), min_value=Decimal("0.05"), max_value=1, max_digits=3, decimal_places=2,
        required=False, initial=1, help_text=gettext_lazy("From 0.05 to 1: how sure this rule is."),
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        """What was left out is as for any rule."""
        found: dict[str, Any] = super().clean() or {}
        for name in ("removal", "half_life_days", "priority", "score"):
            if found.get(name) in (None, "") and name not in self.errors:
                found[name] = self.base_fields[name].initial
        return found


class SegmentForm(forms.Form):
    """What a segment has besides its condition."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=60)
    description = forms.CharField(label=gettext_lazy("What it is for"), max_length=200, required=False)
    kind = forms.ChoiceField(
        label=gettext_lazy("Members"), choices=SegmentKind.choices, required=False,
        help_text=gettext_lazy("Dynamic: they come and go by themselves. Snapshot: who matches today, for ever."),
    )  # fmt: skip

    def clean_kind(self) -> str:
        """Dynamic where nothing was chosen."""
        return str(self.cleaned_data.get("kind") or SegmentKind.DYNAMIC)


def posted_draft(data: QueryDict) -> Line:
    """The condition of a posted form: the builder's lines, or a field `condition` with its JSON (for programs)."""
    if not data.get("condition"):
        return read_draft(data)
    try:
        raw = decode(data.get("condition", "").encode("utf-8", "surrogatepass")[:LONGEST_CONDITION])
        checked(raw)
    except ParseError as error:
        raise BadInput(_("The condition could not be read."), {"condition": str(error.detail)}) from error
    return draft_of(raw)


def complain(form: forms.Form, draft: Line, error: BadInput) -> None:
    """Show what a service refused where it belongs: at the line of the condition, or at the field."""
    if isinstance(error, ConditionError):
        blame(draft, error)
        return
    for name, complaint in (error.fields or {"": error.message}).items():
        form.add_error(name if name in form.fields else None, complaint)


def first_error(form: forms.Form) -> dict[str, Any]:
    """A form's complaints as plain text by field, for a BadInput."""
    return {name: " ".join(map(str, errors)) for name, errors in form.errors.items()}
