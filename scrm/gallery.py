"""Example data for /settings/ui, the live page of components."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core import clock
from scrm.templatetags.figures import Step


class Example(forms.Form):
    """One field of each kind; bound with a mistake so that the complaint shows."""

    name = forms.CharField(label=_("Campaign name"), max_length=40, help_text=_("Only colleagues see it."))
    people = forms.IntegerField(label=_("People at most"), min_value=1, max_value=100)
    channel = forms.ChoiceField(label=_("Channel"), choices=[("wecom", _("WeCom mass message")), ("sms", _("SMS"))])
    text = forms.CharField(
        label=_("Text"),
        widget=forms.Textarea(attrs={"rows": 3, "data-count": "text-size", "data-unit": "bytes", "data-limit": 4000}),
    )
    agreed = forms.BooleanField(
        label=_("Only people who agreed to marketing"), required=False, help_text=_("Everybody else is left out and counted.")
    )


ORDERS = (42, 51, 38, 66, 71, 90, 84, 59, 62, 77, 95, 120, 101, 88)
PERSON = ("name", "city", "owner", "tags", "value", "state")
PEOPLE = (
    ("沈若兰", "杭州", "陈思雨", ("亲子游", "云南"), 28600, ("good", "成交客户", "square")),
    ("周子墨", "上海", "王子涵", ("海岛", "蜜月", "高客单"), 45200, ("info", "意向客户", "half")),
    ("Emma Li", "苏州", "李晓彤", ("滑雪",), 0, ("warn", "沉默 60 天", "diamond")),
    ("吴桂芳", "宁波", "陈思雨", ("银发", "慢旅行"), 12800, ("", "潜在客户", "ring")),
)


def context() -> dict[str, Any]:
    """What the gallery's template needs."""
    return {
        "form": Example({"name": "五一云南亲子早鸟", "people": "2000", "channel": "wecom", "text": "云南 6 日亲子团"}),
        "funnel": [
            Step(str(_("Created")), 2327), Step(str(_("Confirmed by staff")), 2105), Step(str(_("Delivered")), 2048, css="c2"),
            Step(str(_("Opened")), 486, css="c2"), Step(str(_("Ordered")), 37, css="good"),
        ],
        "waterfall": [
            Step(str(_("In the segment")), 3214, total=True), Step(str(_("No consent")), -402), Step(str(_("Opted out")), -55),
            Step(str(_("Over the cap")), -310, str(_("2 marketing touches in 7 days"))), Step(str(_("Not a WeCom friend")), -120),
            Step(str(_("Will be reached")), 2327, total=True, css="good"),
        ],
        "columns": [(f"11/{day}", value) for day, value in enumerate(ORDERS, start=1)],
        "trend": [12, 15, 11, 18, 22, 19, 27, 31, 28, 36],
        "now": clock.now(),
        "people": [dict(zip(PERSON, one, strict=True)) for one in PEOPLE],
    }  # fmt: skip
