"""What staff type in about knowledge, cleaned."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from service_bot.choices import DocumentFormat, EntryKind
from service_bot.models import CannedReply, Entry
from service_bot.retrieval.documents import UnreadableFile, read_rows, read_text

MAX_BYTES = 10 * 1024 * 1024
MOST_SIMILAR = 50
_FORMATS = {"docx": DocumentFormat.DOCX, "xlsx": DocumentFormat.XLSX, "pdf": DocumentFormat.PDF}


if TYPE_CHECKING:
    _EntryForm = forms.ModelForm[Entry]
    _CannedForm = forms.ModelForm[CannedReply]
else:
    _EntryForm = _CannedForm = forms.ModelForm


class EntryForm(_EntryForm):
    """One answer. Similar questions stand one a line."""

    similar = forms.CharField(
        label=gettext_lazy("Similar questions"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("One a line, in the words of customers"),
    )

    class Meta:
        model = Entry
        fields = ("kind", "question", "similar", "answer", "phase", "product_code", "valid_from", "valid_to", "review_on")
        widgets = {
            "answer": forms.Textarea(attrs={"rows": 6}),
            "valid_from": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            "valid_to": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            "review_on": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["similar"] = "\n".join(self.instance.similar)
        if self.instance.kind != EntryKind.DOCUMENT:
            self.fields["kind"] = forms.ChoiceField(
                label=gettext_lazy("Kind"), choices=[choice for choice in EntryKind.choices if choice[0] != EntryKind.DOCUMENT]
            )

    def clean_similar(self) -> list[str]:
        """At most fifty, each short enough, without repetitions."""
        lines = list(dict.fromkeys(line.strip() for line in self.cleaned_data["similar"].splitlines() if line.strip()))
        if len(lines) > MOST_SIMILAR or any(len(line) > 200 for line in lines):
            raise forms.ValidationError(_("At most 50 questions of 200 characters."))
        return lines

    def clean(self) -> dict[str, Any]:
        """The dates in order."""
        values: dict[str, Any] = super().clean() or {}
        if values.get("valid_from") and values.get("valid_to") and values["valid_to"] < values["valid_from"]:
            self.add_error("valid_to", _("It ends before it begins."))
        return values


class DocumentForm(forms.Form):
    """A file, or pasted text."""

    title = forms.CharField(label=gettext_lazy("Title"), max_length=200)
    file = forms.FileField(
        label=gettext_lazy("File"), required=False, help_text=gettext_lazy("Word, Excel, PDF, Markdown or text, up to 10 MB")
    )
    text = forms.CharField(
        label=gettext_lazy("Or paste the text"), required=False, max_length=400_000, widget=forms.Textarea(attrs={"rows": 10})
    )

    def clean(self) -> dict[str, Any]:
        """`text` and `format`, whichever way it came."""
        values: dict[str, Any] = super().clean() or {}
        file = values.get("file")
        if file and file.size > MAX_BYTES:
            self.add_error("file", _("The file is larger than 10 MB."))
        elif file:
            self._read(file, values)
        elif not values.get("text", "").strip():
            self.add_error("text", _("Choose a file or paste the text."))
        else:
            values["format"] = DocumentFormat.PASTED
        return values

    def _read(self, file: Any, values: dict[str, Any]) -> None:
        try:
            values["text"] = read_text(file.name, file.read())
        except UnreadableFile:
            self.add_error("file", _("The file cannot be read as what its name says."))
        values["format"] = _FORMATS.get(file.name.rsplit(".", 1)[-1].lower(), DocumentFormat.TEXT)


class CannedForm(_CannedForm):
    """A ready sentence; a known shortcut gets the new text."""

    class Meta:
        model = CannedReply
        fields = ("shortcut", "title", "text")
        widgets = {"text": forms.Textarea(attrs={"rows": 4})}

    def validate_unique(self) -> None:
        """The shortcut may be known: it is written anew."""


class ImportForm(forms.Form):
    """A sheet of answers or of labelled questions: csv or xlsx, up to 10 MB."""

    file = forms.FileField(label=gettext_lazy("File"), help_text=gettext_lazy("CSV or Excel, up to 10 MB"))

    def clean_file(self) -> list[dict[str, str]]:
        """The rows by their headings."""
        file = self.cleaned_data["file"]
        if file.size > MAX_BYTES:
            raise forms.ValidationError(_("The file is larger than 10 MB."))
        try:
            rows = read_rows(file.name, file.read())
        except UnreadableFile:
            raise forms.ValidationError(_("The file cannot be read as what its name says.")) from None
        if not rows:
            raise forms.ValidationError(_("There is no row in this file."))
        return rows
