"""The platform console: virtual clock, faults, knobs, quotas, and the journal as it grows."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from core.errors import BadInput
from gateways.views.screens import ask, screen, show

PART = "console"
SHOWN_ENTRIES = 40
# name -> (label, the rule): troubles worth a button.
TROUBLES: dict[str, tuple[Any, dict[str, Any]]] = {
    "busy": (_("WeCom is busy (-1)"), {"kind": "errcode", "host": "qyapi", "value": -1, "times": 3}),
    "limit": (_("Call limit reached (45009)"), {"kind": "errcode", "host": "qyapi", "value": 45009, "times": 1}),
    "token": (_("Access tokens expire early"), {"kind": "expire", "host": "qyapi", "times": 1}),
    "lost": (_("A created mass send is never answered"), {"kind": "lost_reply", "path": "add_msg_template", "times": 1}),
    "pay": (_("WeChat Pay answers 502"), {"kind": "http", "host": "api.mch", "value": 502, "times": 3}),
    "twice": (_("Callbacks come twice"), {"kind": "duplicate", "side": "callback", "value": 2, "times": 5}),
    "late": (_("Callbacks come out of order"), {"kind": "delay", "side": "callback", "value": 20, "times": 3}),
    "gone": (_("A callback is lost"), {"kind": "drop", "side": "callback", "times": 1}),
    "model": (_("The model answers nonsense"), {"kind": "malformed", "host": "llm", "times": 2}),
}
STEPS = {"hour": 3600, "day": 86_400, "minute": 60}


@require_safe
@screen(PART)
def panel(request: HttpRequest) -> HttpResponse:
    """Clock, faults, knobs and quotas."""
    return _panel(request)


def _panel(request: HttpRequest) -> HttpResponse:
    state = ask("state")
    state["clock"]["shown"] = int(state["clock"]["now"] // 60) * 60  # the minute is enough; seconds tick in the browser
    context = {
        "state": state,
        "troubles": [(name, label) for name, (label, _rule) in TROUBLES.items()],
        "quotas": _quotas(state),
        "dispatch_choices": sorted({0, 5, 30, 60, int(state["config"]["dispatch_seconds"])}),
        "offset_days": state["clock"]["offset"] / 86_400,
    }
    for rule in state["faults"]:
        rule["label"] = _label(rule)
    for volatile in ("wall", "now"):
        state["clock"].pop(volatile)
    return show(request, PART, "console", reverse("sim:console"), **context)


def _label(rule: dict[str, Any]) -> str:
    """The name of the prepared trouble a rule comes from; otherwise what it says itself."""
    for label, wanted in TROUBLES.values():
        parts = {"kind": "", "side": "api", "host": "", "path": "", "value": None} | wanted
        if all(rule[name] == parts[name] for name in ("kind", "side", "host", "path", "value")):
            return str(label)
    return " ".join(filter(None, (rule["kind"], rule["host"], rule["path"])))


def _quotas(state: dict[str, Any]) -> list[dict[str, Any]]:
    limit = state["config"]["per_minute"]
    own = state["config"]["quotas"]
    rows = [
        {
            "api": api.rsplit("/", 1)[-1],
            "used": window["hour_calls"],
            "limit": own.get(api, limit),
            "blocked": window["blocked_until"],
        }
        for api, window in state["quotas"].items()
    ]
    return sorted(rows, key=lambda row: -row["used"])[:6]


@require_POST
@screen(PART)
def clock(request: HttpRequest) -> HttpResponse:
    """Move, stop or restart virtual time."""
    step = request.POST.get("step", "")
    if step in STEPS:
        ask("clock/advance", seconds=STEPS[step])
    elif step in {"freeze", "resume"}:
        ask(f"clock/{step}")
    else:
        raise BadInput(str(_("There is no such step.")), {"step": step})
    return _panel(request)


@require_POST
@screen(PART)
def fault(request: HttpRequest) -> HttpResponse:
    """Put one of the prepared troubles in force."""
    trouble = TROUBLES.get(request.POST.get("trouble", ""))
    if trouble is None:
        raise BadInput(str(_("There is no such trouble.")), {"trouble": ""})
    ask("faults/set", **trouble[1])
    return _panel(request)


@require_POST
@screen(PART)
def clear_faults(request: HttpRequest) -> HttpResponse:
    """End one trouble (`rule`), or all."""
    ask("faults/clear", rule=request.POST.get("rule", ""))
    return _panel(request)


@require_POST
@screen(PART)
def knobs(request: HttpRequest) -> HttpResponse:
    """Turn the platform's own knobs."""
    changes: dict[str, Any] = {}
    if request.POST.get("cap_rule") in {"month_days", "week_7", "day_1"}:
        changes["cap_rule"] = request.POST["cap_rule"]
    seconds = request.POST.get("dispatch_seconds", "")
    if seconds.isascii() and seconds.isdigit() and int(seconds) <= 600:
        changes["dispatch_seconds"] = float(seconds)
    ask("config/set", changes=changes)
    return _panel(request)


@require_safe
@screen("journal")
def journal(request: HttpRequest) -> HttpResponse:
    """The newest entries of the journal."""
    kind = request.GET.get("kind", "")
    wanted = {"kind": kind} if kind in {"call", "callback", "person", "console"} else {}
    entries = ask("journal/find", limit=SHOWN_ENTRIES, **wanted)[::-1]
    here = reverse("sim:journal") + (f"?kind={kind}" if wanted else "")
    return show(request, "journal", "journal", here, entries=entries, kind=kind)


@require_safe
@screen(PART)
def journal_entry(request: HttpRequest, entry: int) -> HttpResponse:
    """One exchange, whole."""
    found = ask("journal/find", limit=1, after=entry - 1, id=str(entry))
    return render(request, "sim/journal_entry.html", {"entry": found[0] if found else None})
