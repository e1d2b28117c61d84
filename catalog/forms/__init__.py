"""What staff type in about the catalogue, cleaned."""

from catalog.forms.products import CalendarForm, MappingForm, UploadForm

__all__ = ["CalendarForm", "MappingForm", "UploadForm"]
