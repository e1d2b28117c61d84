"""Stored evidence as something a person reads: which question was answered, by which rows."""

import dataclasses
import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from catalog.models import Product
from core.conditions import ConditionError, leaves, parse
from core.conditions.event_kinds import kind_options
from core.conditions.params import remembering_options, words
from customers.choices import RelationState
from staff.models import User
from tagging.models import Tag, TagAssignment, TagRule


@dataclasses.dataclass(frozen=True)
class Proof:
    """One row of evidence: when, and what."""

    at: dt.datetime | None
    text: str


@dataclasses.dataclass(frozen=True)
class Reason:
    """One question that was a reason, in words, the value that was measured, and at most five rows."""

    sentence: str
    value: str
    proofs: tuple[Proof, ...]
    strength: float | None = None


Told = Sequence[Mapping[str, Any]]


def explain(told: Iterable[tuple[Any, Told]]) -> list[list[Reason]]:
    """For pairs (condition, evidence) their reasons, in order. A handful of queries, however many pairs."""
    pairs = [(condition, evidence or []) for condition, evidence in told]
    names = _Names([reason for _condition, evidence in pairs for reason in evidence])
    sentences: dict[str, dict[str, str]] = {}
    with remembering_options():
        return [_explain(condition, evidence, names, sentences) for condition, evidence in pairs]


def _explain(condition: Any, evidence: Told, names: "_Names", sentences: dict[str, dict[str, str]]) -> list[Reason]:
    known = sentences.setdefault(repr(condition), _sentences(condition))
    return [_reason(one, known.get(str(one.get("path")), ""), names) for one in evidence]


def _sentences(condition: Any) -> dict[str, str]:
    try:
        return {leaf.path: leaf.field.say(leaf.args) for leaf in leaves(parse(condition))}
    except ConditionError:  # written by a version that asked other things: the rows still speak
        return {}


def _reason(told: Mapping[str, Any], sentence: str, names: "_Names") -> Reason:
    rows = tuple(Proof(_moment(row.get("at")), names.of_row(row)) for row in told.get("rows", ()))
    if told.get("quote"):  # what a model read in a chat
        return Reason(_("said in a chat"), f"“{told['quote']}”", ())
    return Reason(sentence, names.of_value(told), rows, told.get("strength"))


def _moment(text: Any) -> dt.datetime | None:
    try:
        return dt.datetime.fromisoformat(str(text))
    except ValueError:
        return None


class _Names:
    """The names of everything some evidence mentions: one query for each kind of thing."""

    def __init__(self, reasons: Told) -> None:
        rows = [row for one in reasons for row in one.get("rows", ())]
        self.products = _products({str(row["product"]) for row in rows if row.get("product")})
        self.users = {user.pk: str(user) for user in _found(User, {row["user"] for row in rows if row.get("user")})}
        self.tags = {tag.pk: tag.name for tag in _found(Tag, {tag for one in reasons for tag in one.get("tags", ())})}

    def of_row(self, row: Mapping[str, Any]) -> str:
        """A row of evidence in words."""
        parts = [
            words(kind_options, row["kind"]) if row.get("kind") else "",
            _("order %(number)s") % {"number": row["order"]} if row.get("order") else "",
            self.products.get(str(row.get("product")), str(row.get("product") or "")),
            str(row.get("destination") or row.get("query") or ""),
            f"¥{row['amount']}" if row.get("amount") else "",
            _("departs on %(date)s") % {"date": row["departs_on"]} if row.get("departs_on") else "",
            self.users.get(row.get("user", 0), ""),
            str(RelationState(row["state"]).label) if row.get("state") in RelationState.values else "",
            (_("agreed") if row["granted"] else _("refused")) if "granted" in row else "",
        ]
        return " · ".join(part for part in parts if part)

    def of_value(self, told: Mapping[str, Any]) -> str:
        """The measured value in words; empty where there is none."""
        if "tags" in told:
            return "、".join(self.tags.get(tag, str(tag)) for tag in told["tags"])
        value = told.get("value")
        if isinstance(value, list):
            return "、".join(str(item) for item in value)
        return "" if value is None else str(value)


def _products(codes: set[str]) -> dict[str, str]:
    return dict(Product.objects.filter(code__in=codes).values_list("code", "name")) if codes else {}


def _found(model: Any, ids: set[int]) -> Iterable[Any]:
    return model.objects.filter(pk__in=ids) if ids else ()


def reasons_of(assignments: Sequence[TagAssignment]) -> list[list[Reason]]:
    """Why each assignment was made, in the words of the rule's version that made it."""
    versions = _conditions({(one.rule_id, one.rule_version) for one in assignments if one.rule_id})
    return explain((versions.get((one.rule_id, one.rule_version)), one.evidence) for one in assignments)


def _conditions(wanted: set[tuple[int | None, int | None]]) -> dict[tuple[int | None, int | None], Any]:
    ids = {rule_id for rule_id, _version in wanted if rule_id is not None}
    if not ids:
        return {}
    history = TagRule.pgh_event_model.objects.filter(pgh_obj_id__in=ids).order_by("pgh_id")  # type: ignore[attr-defined]
    rows = history.values_list("pgh_obj_id", "version", "condition")
    found = {(rule_id, version): condition for rule_id, version, condition in rows}
    current = {(rule.pk, rule.version): rule.condition for rule in TagRule.objects.filter(pk__in=ids)}
    return found | current
