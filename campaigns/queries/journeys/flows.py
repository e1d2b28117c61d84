"""Flows as they are stored, checked against what there is in this house."""

import functools
from typing import Any

from campaigns.models import Journey, JourneyVersion
from campaigns.rules.journeys.flow import BadFlow, Complaint, Flow, Graph, Step, compile_flow, parse_flow, walk
from campaigns.rules.journeys.words import text_problems
from campaigns.rules.wording import check_wording
from catalog.models import Product
from core.conditions import ConditionError, parse
from customers.models import AcquisitionChannel
from messaging.rules import TEXT_BYTES, utf8_bytes
from tagging.models import Segment, Tag
from tagging.queries.personal import is_personal

# What people did, rather than what they told us or booked: who turned recommendations off is not written to because of it.
BEHAVIOURAL = frozenset({"browse", "quote", "segment"})


def condition_complaint(raw: object) -> str:
    """What is wrong with a condition, in words; nothing when it can be asked."""
    try:
        parse(raw)
    except ConditionError as error:
        return error.complaint
    return ""


def read_flow(raw: object) -> Flow:
    """A checked flow whose products, tags, segments and channels exist; BadFlow with every complaint."""
    flow = parse_flow(raw, condition_complaint)
    complaints = _texts(flow) + _references(flow)
    if complaints:
        raise BadFlow(complaints)
    return flow


def _texts(flow: Flow) -> list[Complaint]:
    found: list[Complaint] = []
    for step in walk(flow.steps):
        if step.do not in ("message", "task"):
            continue
        text = str(step.args.get("text") or "")
        found += [Complaint(step.id, "text", code, detail) for code, detail in text_problems(text)]
        found += [Complaint(step.id, "text", "wording", one.word) for one in check_wording(text) if one.is_blocking]
        if utf8_bytes(text) > TEXT_BYTES:
            found.append(Complaint(step.id, "text", "bytes", f"{utf8_bytes(text)}/{TEXT_BYTES}"))
    return found


def _references(flow: Flow) -> list[Complaint]:
    """Names of things that do not exist (any more)."""
    found: list[Complaint] = []
    steps = list(walk(flow.steps))
    wanted = {("trigger", "product", flow.trigger_args.get("product"))}
    wanted |= {(step.id, "product", step.args.get("product")) for step in steps}
    codes = {code for _place, _field, code in wanted if code and code != "trigger"}
    known = set(Product.objects.filter(code__in=codes).values_list("code", flat=True))
    found += [
        Complaint(place, field, "gone", str(code))
        for place, field, code in wanted
        if code and code != "trigger" and code not in known
    ]
    tags = {tag for step in steps if step.do == "tag" for tag in (*step.args["add"], *step.args["remove"])}
    live = set(Tag.objects.filter(pk__in=tags, is_archived=False).values_list("pk", flat=True))
    found += [
        Complaint(step.id, "add", "gone", str(tag))
        for step in steps if step.do == "tag" for tag in (*step.args["add"], *step.args["remove"]) if tag not in live
    ]  # fmt: skip
    segment, channel = flow.trigger_args.get("segment"), flow.trigger_args.get("channel")
    if segment and not Segment.objects.filter(pk=segment).exists():
        found.append(Complaint("trigger", "segment", "gone", str(segment)))
    if channel and not AcquisitionChannel.objects.filter(pk=channel).exists():
        found.append(Complaint("trigger", "channel", "gone", str(channel)))
    return found


@functools.lru_cache(maxsize=256)
def _published(version_id: int) -> tuple[Flow, Graph]:
    flow = parse_flow(JourneyVersion.objects.values_list("flow", flat=True).get(pk=version_id), lambda _raw: "")
    return flow, compile_flow(flow)


def flow_of(version_id: int) -> Flow:
    """The flow of a published version (which never changes, so it is read once per process)."""
    return _published(version_id)[0]


def graph_of(version_id: int) -> Graph:
    """The graph of a published version."""
    return _published(version_id)[1]


def chooses_by_behaviour(flow: Flow) -> bool:
    """Whether who gets marketing from this flow depends on what they did: then a refusal of personal offers keeps them out."""
    offers = any(step.do in ("coupon", "points") or step.args.get("purpose") == "marketing" for step in walk(flow.steps))
    asked = flow.trigger in BEHAVIOURAL or str(flow.trigger_args.get("fact", "")).startswith("product.")
    return offers and (asked or (flow.entry is not None and is_personal(flow.entry)))


def sends_anything(steps: tuple[Step, ...]) -> bool:
    """Whether customers hear anything of it."""
    return any(step.do == "message" for step in walk(steps))


def draft_complaints(journey: Journey) -> list[Complaint]:
    """Everything that stands in the way of publishing a journey's draft."""
    return complaints_of(journey.draft)


def complaints_of(raw: Any) -> list[Complaint]:
    """Everything that is wrong with a flow; none when it can run."""
    try:
        read_flow(raw)
    except BadFlow as bad:
        return list(bad.complaints)
    return []
