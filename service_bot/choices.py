from django.db import models
from django.utils.translation import gettext_lazy as _


class EntryKind(models.TextChoices):
    """What a piece of knowledge is. FAQ and documents are searched apart: a question is short, a passage is long."""

    FAQ = "faq", _("FAQ")
    DOCUMENT = "doc", _("Document")
    POLICY = "policy", _("Policy")


class EntryState(models.TextChoices):
    """Only approved knowledge is ever said to a customer."""

    DRAFT = "draft", _("Draft")
    APPROVED = "approved", _("Approved")
    RETIRED = "retired", _("Retired")


class Phase(models.TextChoices):
    """When a customer needs it, seen from the trip."""

    ANY = "any", _("Any time")
    BEFORE = "before", _("Before the trip")
    DURING = "during", _("During the trip")
    AFTER = "after", _("After the trip")


class DocumentFormat(models.TextChoices):
    DOCX = "docx", _("Word")
    XLSX = "xlsx", _("Excel")
    PDF = "pdf", _("PDF")
    TEXT = "text", _("Text or Markdown")
    PASTED = "pasted", _("Pasted")
