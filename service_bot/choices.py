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


class QuestionKind(models.TextChoices):
    """What a labelled question must get."""

    ANSWER = "answer", _("This answer")
    NONE = "none", _("No answer: not for the assistant")
    FACT = "fact", _("A figure or fact")
    HUMAN = "human", _("A person")
    UPSET = "upset", _("A person at once: the customer is upset")
    CALM = "calm", _("No alarm: the customer is calm")


class Verdict(models.TextChoices):
    """What a person said of a turn of the bot."""

    RIGHT = "right", _("Right")
    WRONG = "wrong", _("Wrong")


class GapState(models.TextChoices):
    """Whether something is to be learned from a turn."""

    OPEN = "open", _("Open")
    TAUGHT = "taught", _("Taught")
    DISMISSED = "passed", _("Put aside")


class RunState(models.TextChoices):
    """Where an evaluation stands."""

    WAITING = "waiting", _("Waiting")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")


class Skill(models.TextChoices):
    """What an agent is good at; a hand-over asks for one."""

    GENERAL = "general", _("General")
    COMPLAINT = "complaint", _("Complaints")
    ORDER = "order", _("Orders and refunds")
    TRIP = "trip", _("Custom trips")


class Resolution(models.TextChoices):
    """How a conversation ended."""

    SOLVED = "solved", _("Solved")
    ORDERED = "ordered", _("Ordered")
    FOLLOW_UP = "follow_up", _("Needs follow-up")
    NO_REPLY = "no_reply", _("Customer went silent")
    SPAM = "spam", _("Not a request")
