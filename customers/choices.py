from django.db import models
from django.utils.translation import gettext_lazy as _


class IdentityKind(models.TextChoices):
    UNIONID = "unionid", _("WeChat unionid")
    MINI_OPENID = "mini_openid", _("Mini-program openid")
    EXTERNAL_USERID = "external_userid", _("WeCom external contact")
    PHONE = "phone", _("Verified phone")


class Gender(models.TextChoices):
    UNKNOWN = "", _("Unknown")
    FEMALE = "female", _("Female")
    MALE = "male", _("Male")


class RelationState(models.TextChoices):
    """Where the WeCom friendship of one member and one customer stands."""

    ACTIVE = "active", _("Friends")
    DELETED_BY_CUSTOMER = "deleted_by_customer", _("Customer left")
    DELETED_BY_STAFF = "deleted_by_staff", _("Removed by staff")


class Purpose(models.TextChoices):
    """What a consent is for (PIPL 13-17)."""

    SERVICE = "service", _("Service and contract")
    MARKETING = "marketing", _("Offers and marketing")
    PROFILING = "profiling", _("Personal recommendations")


class Channel(models.TextChoices):
    """How a message travels. ANY in a consent covers each channel."""

    ANY = "any", _("Every channel")
    WECOM = "wecom", _("WeCom")
    SUBSCRIBE = "subscribe", _("Mini-program notice")
    SMS = "sms", _("SMS")


class Lifecycle(models.TextChoices):
    LEAD = "lead", _("Lead")
    QUOTED = "quoted", _("Quoted")
    FIRST_TIME = "first_time", _("First trip")
    ACTIVE = "active", _("Regular customer")
    TRAVELLING = "travelling", _("Travelling")
    AT_RISK = "at_risk", _("At risk")
    DORMANT = "dormant", _("Dormant")
    LOST = "lost", _("Lost")
