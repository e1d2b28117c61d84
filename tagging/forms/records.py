"""Names and settings of groups, tags, rules and segments, and the one way to read a posted condition."""

from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework.exceptions import ParseError

from core.conditions import ConditionError
from core.errors import BadInput
from core.parsers import decode
from tagging.choices import Dimension
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


class SegmentForm(forms.Form):
    """What a segment has besides its condition."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=60)
    description = forms.CharField(label=gettext_lazy("What it is for"), max_length=200, required=False)


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
