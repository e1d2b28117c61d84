"""Closed sets of words that the gateways' tables use."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Vendor(models.TextChoices):
    """The outside systems we call."""

    WECOM = "wecom", _("WeCom")
    MINI = "mini", _("Mini-program")
    OFFICIAL = "official", _("Official account")
    PAY = "pay", _("WeChat Pay")
    SMS = "sms", _("SMS")
    LLM = "llm", _("Language model")
    DOUYIN = "douyin", _("Douyin")
    ALIPAY = "alipay", _("Alipay")
    OTA = "ota", _("Travel platform")
    OCTO = "octo", _("Supplier's system")


class Outcome(models.TextChoices):
    """How one call ended."""

    OK = "ok", _("done")
    WAITING = "waiting", _("not ready yet")
    REFUSED = "refused", _("refused by the vendor")
    UNCERTAIN = "uncertain", _("answer lost")


class Source(models.TextChoices):
    """Who calls us back."""

    WECOM = "wecom", _("WeCom")
    PAY = "pay", _("WeChat Pay")
    SMS = "sms", _("SMS")
    DOUYIN = "douyin", _("Douyin")
    XHS = "xhs", _("Xiaohongshu")
    ALIPAY = "alipay", _("Alipay")
    OTA = "ota", _("Travel platform")
