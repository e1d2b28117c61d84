"""Untrusted staff input about customers becomes clean values."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core import clock
from core.choices import FileFault
from customers.choices import ImportTarget
from customers.models import Absence, AcquisitionChannel, ContactWay, Customer
from staff.models import User

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


FIELD_OF = {
    **dict.fromkeys(["name", "remark", "gender", "birthday", "city", "lifecycle"], ""), "child_ages": "ages", "owner": "owner"
}  # fmt: skip
FIELD_OF = {name: field or name for name, field in FIELD_OF.items()}


class FactForm(ProfileForm):
    """One fact alone: `FactForm("city", request.POST, instance=customer)`."""

    owner = forms.ModelChoiceField(label=_("owner"), queryset=User.objects.none(), required=False)

    def __init__(self, name: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fact = name
        self.fields = {FIELD_OF[name]: self.fields[FIELD_OF[name]]}
        if name == "owner":
            chosen: Any = self.fields["owner"]
            chosen.queryset, chosen.empty_label = User.objects.filter(is_active=True).order_by("id"), _("Nobody")
            self.initial["owner"] = self.instance.owner_id
        self.fields[FIELD_OF[name]].widget.attrs |= {"autofocus": True, "class": "input"}

    def _get_validation_exclusions(self) -> set[str]:
        return {field.name for field in Customer._meta.fields} - set(self.fields)

    def value(self) -> Any:
        """The clean value as the service takes it."""
        clean = self.cleaned_data[FIELD_OF[self.fact]]
        return clean.pk if isinstance(clean, User) else clean


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


class ChannelForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """A channel: name, kind, what newcomers read and which tags they get."""

    class Meta:
        model = AcquisitionChannel
        fields = ("name", "kind", "welcome_text")
        widgets = {"welcome_text": forms.Textarea(attrs={"rows": 4})}


class AbsenceForm(forms.ModelForm):  # type: ignore[type-arg]
    """Who is away, from when to when."""

    class Meta:
        model = Absence
        fields = ("user", "starts_on", "ends_on", "reason")
        widgets = {"starts_on": forms.DateInput(attrs={"type": "date"}), "ends_on": forms.DateInput(attrs={"type": "date"})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["user"]
        field.queryset = servers()
        field.label = _("Member of staff")


class RosterLineForm(forms.Form):
    """One line of a code's roster: a member, weekdays and hours (or none: always), newcomers a day."""

    user = forms.ModelChoiceField(queryset=User.objects.none(), required=False, label=_("Member of staff"))
    weekdays = forms.TypedMultipleChoiceField(
        choices=[(day, day) for day in range(7)], coerce=int, required=False, label=_("Weekdays")
    )
    starts = forms.TimeField(required=False, label=_("from"))
    ends = forms.TimeField(required=False, label=_("until"))
    daily_cap = forms.IntegerField(required=False, min_value=1, max_value=2000, label=_("newcomers a day"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["user"]
        field.queryset = servers()
        field.widget.attrs["class"], field.empty_label = "input", _("Nobody")

    def clean(self) -> dict[str, Any]:
        """Hours come in pairs and need weekdays."""
        data: dict[str, Any] = super().clean() or {}
        given = [bool(data.get("weekdays")), data.get("starts") is not None, data.get("ends") is not None]
        if any(given) and not all(given):
            raise forms.ValidationError(_("Hours need weekdays, a beginning and an end; leave all empty for always."))
        if all(given) and data["starts"] == data["ends"]:
            raise forms.ValidationError(_("The shift ends when it begins."))
        return data


RosterFormSet = forms.formset_factory(RosterLineForm, extra=2, max_num=60, absolute_max=80)


def servers() -> Any:
    """Members of staff who have a WeCom account: only they can answer behind a code."""
    return User.objects.filter(wecom_userid__isnull=False, is_active=True).order_by("display_name", "pk")


class WayForm(forms.ModelForm):  # type: ignore[type-arg]
    """A code's name and its spare member."""

    class Meta:
        model = ContactWay
        fields = ("name", "spare")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["spare"]
        field.queryset = servers()
        field.empty_label = _("Nobody")


class NewWayForm(WayForm):
    """A new code or link in a channel."""

    class Meta(WayForm.Meta):
        fields = ("channel", "kind", "name", "spare", "skip_verify")  # type: ignore[assignment]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["channel"]
        field.queryset = AcquisitionChannel.objects.filter(archived_at__isnull=True).order_by("kind", "id")
        field.label = _("Channel")
