"""What staff type in, cleaned."""

from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm, SetPasswordForm
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from staff.models import AgencyPolicy, Department, User


class LoginForm(AuthenticationForm):
    """Name and password; the same complaint whatever was wrong, so that names cannot be probed."""

    error_messages = {
        "invalid_login": _("User name or password is wrong."),
        "inactive": _("User name or password is wrong."),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].label = _("User name")
        self.fields["username"].widget.attrs |= {"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}
        self.fields["password"].label = _("Password")
        self.fields["password"].widget = forms.PasswordInput(attrs={"autocomplete": "current-password"})


class CodeForm(forms.Form):
    """Six digits of an authenticator app, or a recovery code."""

    code = forms.CharField(
        label=_("One-time code"),
        max_length=20,
        widget=forms.TextInput(
            attrs={"inputmode": "text", "autocomplete": "one-time-code", "autofocus": True, "spellcheck": "false"}
        ),
    )


class PasswordForm(SetPasswordForm):  # type: ignore[type-arg]
    """The old password and twice the new one."""

    old_password = forms.CharField(
        label=_("Current password"), widget=forms.PasswordInput(attrs={"autocomplete": "current-password"})
    )
    field_order = ["old_password", "new_password1", "new_password2"]

    def clean_old_password(self) -> str:
        """The current password, checked."""
        old = str(self.cleaned_data["old_password"])
        if not self.user.check_password(old):
            raise ValidationError(_("The current password is not right."))
        return old


_USERNAME = RegexValidator(r"^[a-z][a-z0-9_.-]{1,30}$", _("2 to 31 small letters, digits, dots, dashes; a letter first."))


class StaffForm(forms.ModelForm):  # type: ignore[type-arg]
    """An account. The WeCom user id links the person's confirmations and customers in WeCom."""

    username = forms.CharField(
        label=_("User name"), max_length=31, validators=[_USERNAME], help_text=_("For the log-in; small letters.")
    )
    display_name = forms.CharField(label=_("Full name"), max_length=40)

    class Meta:
        model = User
        fields = ["display_name", "username", "department", "role", "row_scope", "wecom_userid"]
        labels = {"row_scope": _("Which customers"), "wecom_userid": _("WeCom user id")}
        help_texts = {
            "row_scope": _("Everything that belongs to a customer follows this scope: orders, tasks, chats."),
            "wecom_userid": _("The account in the WeCom contacts, often the same as the user name."),
        }

    def clean_wecom_userid(self) -> str | None:
        """No empty text in a unique column."""
        return (self.cleaned_data.get("wecom_userid") or "").strip() or None

    def clean_username(self) -> str:
        """Small letters only, and nobody else's."""
        name = str(self.cleaned_data["username"]).lower()
        if User.objects.filter(username=name).exclude(pk=self.instance.pk).exists():
            raise ValidationError(_("This user name is taken."))
        return name

    def clean(self) -> dict[str, Any]:
        """A department's scope needs a department."""
        found = super().clean() or {}
        if found.get("row_scope") == "department" and not found.get("department"):
            self.add_error("department", _("Choose a department, as the scope is the own department."))
        return found


class DepartmentForm(forms.Form):
    """A department's name and place; whether they are free and possible the service says."""

    name = forms.CharField(label=_("Department name"), max_length=60)
    parent = forms.ModelChoiceField(Department.objects.order_by("name"), label=_("Belongs to"), required=False)


class PolicyForm(forms.ModelForm):  # type: ignore[type-arg]
    """The rules the whole agency keeps."""

    class Meta:
        model = AgencyPolicy
        fields = [
            "agency_name", "licence_no", "emergency_phone", "quiet_start", "quiet_end", "house_cap_count", "house_cap_days",
            "platform_cap_rule", "holdout_percent", "approval_limit", "attribution_days", "welcome_text",
        ]  # fmt: skip
        widgets = {
            "welcome_text": forms.Textarea(attrs={"rows": 3}),
            "quiet_start": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
            "quiet_end": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        }
        help_texts = {
            "welcome_text": _("Sent by itself to everybody who becomes a WeCom friend, within 20 seconds."),
            "emergency_phone": _("Shown to travellers in every proposal and reminder."),
            "quiet_start": _("From now until the end nothing is sent but what a traveller needs on the way."),
            "platform_cap_rule": _("As set in the WeCom administration; going over it makes WeCom drop messages."),
            "holdout_percent": _("So many of each audience get nothing, so that the real effect can be measured."),
            "approval_limit": _("Campaigns to more people need a colleague's approval."),
            "attribution_days": _("An order within so many days after a click counts for the campaign."),
        }

    house_cap_count = forms.IntegerField(label=_("Marketing touches per customer at most"), min_value=0, max_value=100)
    house_cap_days = forms.IntegerField(label=_("Within"), min_value=1, max_value=365)
    holdout_percent = forms.IntegerField(
        label=_("Hold-out"), min_value=0, max_value=50, help_text=Meta.help_texts["holdout_percent"]
    )
    approval_limit = forms.IntegerField(
        label=_("Approval above"), min_value=0, max_value=1_000_000, help_text=Meta.help_texts["approval_limit"]
    )
    attribution_days = forms.IntegerField(
        label=_("Attribution window"), min_value=1, max_value=90, help_text=Meta.help_texts["attribution_days"]
    )

    def clean_agency_name(self) -> str:
        """Travellers see it everywhere; it may not be empty."""
        name = str(self.cleaned_data["agency_name"]).strip()
        if not name:
            raise ValidationError(_("The agency needs a name."))
        return name
