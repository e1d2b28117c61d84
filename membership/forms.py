"""What staff type in about membership, cleaned."""

import datetime as dt
import json
import uuid
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from membership.choices import BenefitKind, CouponKind, Period
from membership.models import (
    Benefit,
    CouponTemplate,
    EarnRule,
    MallItem,
    MemberService,
    MemberTask,
    Program,
    TierBenefit,
    TierScheme,
)  # fmt: skip
from membership.rules.points import end_of_day
from membership.services.tiers import Rung

KEY = r"^[a-z0-9\-]{8,40}\Z"
MOST_RUNGS = 8


def new_key() -> str:
    """What a form carries so that a second click is the same intent."""
    return uuid.uuid4().hex


def confirmation() -> str:
    """What must be typed before something reaches customers."""
    return _("confirm")


class CommaList(forms.CharField):
    """Codes with commas between them."""

    def prepare_value(self, value: Any) -> Any:
        """Stored lists as people type them."""
        return ", ".join(value) if isinstance(value, list | tuple) else value

    def clean(self, value: Any) -> list[str]:
        """The parts, without blanks and repeats."""
        parts = str(super().clean(value) or "").replace("，", ",").replace("、", ",").split(",")
        found = list(dict.fromkeys(part.strip() for part in parts if part.strip()))
        if len(found) > 50 or any(len(part) > 40 for part in found):
            raise forms.ValidationError(_("At most 50, each of at most 40 characters."))
        return found


def _commas(label: Any) -> CommaList:
    return CommaList(label=label, required=False, max_length=2_000, help_text=gettext_lazy("separated by commas; empty: all"))


class TemplateForm(forms.ModelForm):  # type: ignore[type-arg] # not subscriptable when it runs
    """The terms of a coupon."""

    products = _commas(gettext_lazy("only these products"))
    destinations = _commas(gettext_lazy("only these destinations"))
    themes = _commas(gettext_lazy("only these themes"))
    merchants = _commas(gettext_lazy("only these merchants"))
    channels = _commas(gettext_lazy("only these channels"))
    starts_on = forms.DateField(label=gettext_lazy("valid from"), required=False, widget=forms.DateInput({"type": "date"}))
    ends_on = forms.DateField(label=gettext_lazy("valid until"), required=False, widget=forms.DateInput({"type": "date"}))

    class Meta:
        model = CouponTemplate
        fields = (
            "name", "kind", "amount", "percent", "cap_amount", "min_amount", "item", "stock", "per_person", "valid_days",
            "stacking",
            "stack_group", "with_points", "rule_text", "cost_owner", "merchant", "merchant_percent", "is_claimable", "returns",
            "products", "destinations", "themes", "merchants", "channels",
        )  # fmt: skip
        widgets = {"rule_text": forms.Textarea({"rows": 3})}

    def clean(self) -> dict[str, Any]:
        """Rules between the fields; the database holds the same."""
        data = super().clean() or self.cleaned_data
        if (data.get("ends_on") is None) == (data.get("valid_days") is None):
            self.add_error("valid_days", _("Give either a last day, or a number of days."))
        if data.get("kind") == CouponKind.FIXED and not data.get("amount"):
            self.add_error("amount", _("How much is taken off?"))
        if data.get("kind") == CouponKind.PERCENT and not 1 <= (data.get("percent") or 0) <= 95:
            self.add_error("percent", _("Between 1 and 95 percent."))
        if data.get("kind") in {CouponKind.EXCHANGE, CouponKind.UPGRADE} and not data.get("item"):
            self.add_error("item", _("What does one get for it?"))
        if (data.get("per_person") or 0) < 1:
            self.add_error("per_person", _("At least one."))
        if (data.get("merchant_percent") or 0) > 100:
            self.add_error("merchant_percent", _("At most 100 percent."))
        for name in ("amount", "cap_amount", "min_amount"):
            if data.get(name) is not None and data[name] < 0:
                self.add_error(name, _("Not below zero."))
        return data

    def filled(self) -> CouponTemplate:
        """The template these values make."""
        template: CouponTemplate = self.instance
        starts, ends = self.cleaned_data["starts_on"], self.cleaned_data["ends_on"]
        template.valid_until = end_of_day(ends) if ends else None
        template.valid_from = end_of_day(starts) - dt.timedelta(days=1, microseconds=-1000) if starts else None
        return template


class IssueForm(forms.Form):
    """Giving coupons out: to one customer, to a segment, or as codes."""

    how = forms.ChoiceField(choices=[("single", ""), ("segment", ""), ("codes", "")])
    customer = forms.IntegerField(label=gettext_lazy("customer number"), required=False, min_value=1, max_value=2**31 - 1)
    segment = forms.IntegerField(label=gettext_lazy("segment"), required=False, min_value=1, max_value=2**31 - 1)
    count = forms.IntegerField(label=gettext_lazy("number of codes"), required=False, min_value=1, max_value=20_000)
    confirm = forms.CharField(label=gettext_lazy("Confirmation"), required=False, max_length=20)
    key = forms.RegexField(KEY, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        """The field that the way of issuing needs; what reaches many is confirmed by typing."""
        data = super().clean() or self.cleaned_data
        needed = {"single": "customer", "segment": "segment", "codes": "count"}.get(data.get("how", ""), "how")
        if data.get(needed) is None and needed not in self.errors:
            self.add_error(needed, _("This is needed."))
        if data.get("how") == "segment" and str(data.get("confirm", "")).strip() != confirmation():
            self.add_error("confirm", _("Type “%(word)s” to confirm.") % {"word": confirmation()})
        return data


class AdjustForm(forms.Form):
    """Asking for points to be changed by hand."""

    customer = forms.IntegerField(label=gettext_lazy("customer number"), min_value=1, max_value=2**31 - 1)
    points = forms.IntegerField(label=gettext_lazy("points, negative to take"), min_value=-1_000_000, max_value=1_000_000)
    reason = forms.CharField(label=gettext_lazy("reason"), max_length=120)
    key = forms.RegexField(KEY, widget=forms.HiddenInput)


class SlotsForm(forms.Form):
    """Hours of a service on several days."""

    first = forms.DateField(label=gettext_lazy("from day"), widget=forms.DateInput({"type": "date"}))
    days = forms.IntegerField(label=gettext_lazy("days"), min_value=1, max_value=60)
    starts = forms.TimeField(label=gettext_lazy("from"), widget=forms.TimeInput({"type": "time"}))
    ends = forms.TimeField(label=gettext_lazy("until"), widget=forms.TimeInput({"type": "time"}))
    capacity = forms.IntegerField(label=gettext_lazy("places"), min_value=1, max_value=2_000)

    def clean(self) -> dict[str, Any]:
        """A slot ends after it begins."""
        data = super().clean() or self.cleaned_data
        if data.get("starts") and data.get("ends") and data["ends"] <= data["starts"]:
            self.add_error("ends", _("The end must come after the start."))
        return data


class _RuleForm(forms.ModelForm):  # type: ignore[type-arg]
    codes = _commas(gettext_lazy("only these products"))
    themes = _commas(gettext_lazy("only these themes"))

    class Meta:
        model = EarnRule
        fields = (
            "name", "kind", "rate", "points", "growth_rate", "growth", "event_kind", "per_day", "is_multiplied", "starts_on",
            "ends_on", "codes", "themes", "is_active",
        )  # fmt: skip
        widgets = {"starts_on": forms.DateInput({"type": "date"}), "ends_on": forms.DateInput({"type": "date"})}

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("kind") == "behaviour" and not data.get("event_kind"):
            self.add_error("event_kind", _("Which behaviour?"))
        for name in ("rate", "growth_rate"):
            if data.get(name) is not None and data[name] < 0:
                self.add_error(name, _("Not below zero."))
        return data


def _form_of(model: Any, *names: str) -> "type[forms.ModelForm[Any]]":
    return forms.modelform_factory(model, fields=names)


RECORDS: dict[str, tuple[Any, Any, Any]] = {
    "program": (
        Program,
        _form_of(Program, "points_per_yuan", "offset_max_percent", "points_min", "expire_months", "return_days",
                 "point_cost_amount",
                 "daily_points_limit", "adjust_limit"),
        gettext_lazy("Figures of the programme"),
    ),
    "rule": (EarnRule, _RuleForm, gettext_lazy("Earning rule")),
    "task": (
        MemberTask,
        _form_of(MemberTask, "name", "code", "kind", "text", "points", "growth", "per_day", "per_person", "streak_days",
                 "streak_points", "is_checked", "is_active"),
        gettext_lazy("Member task"),
    ),
    "benefit": (
        Benefit,
        _form_of(Benefit, "name", "code", "kind", "unit_amount", "text", "gift_points", "gift_template_id"),
        gettext_lazy("Benefit"),
    ),
    "item": (
        MallItem,
        _form_of(MallItem, "name", "kind", "text", "points", "stock", "per_person", "min_rank", "coupon_template", "cost_amount",
                 "is_active"),
        gettext_lazy("Mall item"),
    ),
    "service": (
        MemberService,
        _form_of(MemberService, "name", "kind", "place", "text", "price_amount", "points", "benefit", "cancel_hours",
                 "is_active"),
        gettext_lazy("Member service"),
    ),
}  # fmt: skip


class LadderForm:
    """The draft's steps and matrix: one row of inputs per step, named `name-0`, `cell-0-<benefit>`.

    A step's condition is put together from growth, points, tags and tasks; or it is written out as JSON."""

    def __init__(self, data: Any) -> None:
        self.data = data
        self.errors: list[str] = []
        self.benefits = list(Benefit.objects.order_by("id"))

    def rungs(self) -> list[Rung]:
        """The steps that have a name, lowest first; complaints stand in `errors`."""
        found = [self._rung(place) for place in range(MOST_RUNGS) if self._text("name", place)]
        return [rung for rung in found if rung is not None]

    def _text(self, name: str, place: int) -> str:
        return str(self.data.get(f"{name}-{place}", "")).strip()[:4_000]

    def _number(self, name: str, place: int, high: int) -> int:
        text = self._text(name, place)
        if not text:
            return 0
        if not text.isascii() or not text.isdigit() or int(text[:9]) > high:
            self.errors.append(_("%(name)s: a whole number up to %(high)s.") % {"name": self._text("name", place), "high": high})
            return 0
        return int(text)

    def _rung(self, place: int) -> Rung:
        code = "base" if place == 0 else self._text("code", place).lower()[:20]
        if not code.replace("-", "").replace("_", "").isalnum() or not code.isascii():
            self.errors.append(_("%(name)s: a code of letters and digits.") % {"name": self._text("name", place)})
        return Rung(
            code=code, name=self._text("name", place)[:20], condition=self._condition(place) if place else None,
            valid_months=self._number("valid", place, 120) or 12, grace_days=self._number("grace", place, 365),
            benefits=self._cells(place),
        )  # fmt: skip

    def _condition(self, place: int) -> dict[str, Any] | None:
        written = self._text("json", place)
        if written:
            try:
                tree = json.loads(written)
            except ValueError:
                self.errors.append(_("%(name)s: the condition is no JSON.") % {"name": self._text("name", place)})
                return None
            return tree if isinstance(tree, dict) else None
        parts = self._parts(place)
        if not parts:
            self.errors.append(_("%(name)s: say what this tier asks for.") % {"name": self._text("name", place)})
            return None
        return {("any" if self._text("mode", place) == "any" else "all"): parts}

    def _parts(self, place: int) -> list[dict[str, Any]]:
        growth, days = self._number("growth", place, 9_999_999), self._number("days", place, 3650)
        tasks, tags = (
            self._number("tasks", place, 9_999),
            [t for t in self._text("tags", place).split(",") if t.strip().isdigit()],
        )
        parts: list[dict[str, Any]] = []
        if growth:
            parts.append({"growth": {"op": ">=", "value": growth, **({"window_days": days} if days else {})}})
        if tasks:
            parts.append({"tasks_done": {"op": ">=", "value": tasks}})
        if tags:
            parts.append({"tags": {"has": "any", "tags": [int(tag) for tag in tags[:50]]}})
        return parts

    def _cells(self, place: int) -> dict[int, tuple[int | None, str, Any]]:
        found: dict[int, tuple[int | None, str, Any]] = {}
        for benefit in self.benefits:
            text = self._text(f"cell-{benefit.pk}", place)
            if not text:
                continue
            if benefit.kind in {BenefitKind.MULTIPLE, BenefitKind.MALL}:
                found[benefit.pk] = (None, Period.YEAR, self._figure(text, place))
            else:
                count = None if text in {"∞", "-"} else self._number(f"cell-{benefit.pk}", place, 999)
                period = self._text(f"period-{benefit.pk}", place)
                found[benefit.pk] = (count, period if period in Period.values else Period.YEAR, 1)
        return found

    def _figure(self, text: str, place: int) -> str:
        whole, _dot, rest = text.partition(".")
        if not (
            whole.isascii()
            and whole.isdigit()
            and len(whole) <= 3
            and (not rest or (rest.isascii() and rest.isdigit() and len(rest) <= 2))
        ):
            self.errors.append(_("%(name)s: a figure such as 1.5.") % {"name": self._text("name", place)})
            return "1"
        return text


def ladder_rows(scheme: TierScheme) -> list[dict[str, Any]]:
    """The draft as the form shows it."""
    benefits = list(Benefit.objects.order_by("id"))
    rows = []
    for place, tier in enumerate(scheme.tiers.prefetch_related("benefits").order_by("rank")):
        cells = {cell.benefit_id: cell for cell in tier.benefits.all()}
        rows.append(
            {"place": place, "tier": tier, **_asked(tier.condition), "cells": [_cell(one, cells.get(one.pk)) for one in benefits]}
        )
    return rows


def _cell(benefit: Benefit, cell: TierBenefit | None) -> dict[str, Any]:
    is_figure = benefit.kind in {BenefitKind.MULTIPLE, BenefitKind.MALL}
    text = (
        ""
        if cell is None
        else f"{cell.value.normalize():f}"
        if is_figure
        else "∞"
        if cell.quantity is None
        else str(cell.quantity)
    )
    return {"benefit": benefit, "text": text, "period": cell.period if cell else Period.YEAR, "is_figure": is_figure}


def _asked(condition: dict[str, Any] | None) -> dict[str, Any]:
    """A condition as the simple inputs, where it is one that they can say; else as JSON."""
    if not condition:
        return {"mode": "all"}
    mode = next(iter(condition))
    parts = condition[mode] if mode in {"all", "any"} and isinstance(condition[mode], list) else None
    found: dict[str, Any] = {"mode": mode}
    for part in parts or []:
        name = next(iter(part), "")
        settings = part.get(name, {})
        if name == "growth" and settings.get("op", ">=") == ">=":
            found |= {"growth": settings["value"], "days": settings.get("window_days", "")}
        elif name == "tasks_done" and set(settings) <= {"op", "value"} and settings.get("op", ">=") == ">=":
            found["tasks"] = settings["value"]
        elif name == "tags" and settings.get("has") == "any":
            found["tags"] = ",".join(map(str, settings["tags"]))
        else:
            parts = None
            break
    return found if parts else {"mode": "all", "json": json.dumps(condition, ensure_ascii=False)}
