from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    ADMINISTRATOR = "administrator", _("Administrator")
    OPERATIONS = "operations", _("Operations")
    SALES = "sales", _("Sales advisor")
    PLANNER = "planner", _("Trip planner")
    SERVICE = "service", _("Customer service")
    FINANCE = "finance", _("Finance")
    MERCHANT = "merchant", _("Merchant")
    AUDITOR = "auditor", _("Auditor")
    READONLY = "readonly", _("Read only")


class RowScope(models.TextChoices):
    OWN = "own", _("Own customers")
    DEPARTMENT = "department", _("Own department")
    ALL = "all", _("Everybody")


class PlatformCapRule(models.TextChoices):
    """The WeCom mass-message cap the corp's administrator chose (doc 92135)."""

    MONTH_DAYS = "month_days", _("As many a month as the month has days")
    WEEK_7 = "week_7", _("7 a week")
    DAY_1 = "day_1", _("1 a day")


class FieldClass(models.TextChoices):
    """How sensitive a value is: decides masking and who may reveal it."""

    PUBLIC = "public", _("Public")
    CONTACT = "contact", _("Contact")
    DOCUMENT = "document", _("Identity document")
    COST = "cost", _("Cost")
