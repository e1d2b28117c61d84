"""P26: channels, their live codes and links, who answers, and what came of it."""

import datetime as dt
import io
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core import clock, params
from core.errors import BadInput
from customers.choices import WayKind
from customers.forms import AbsenceForm, ChannelForm, NewWayForm, RosterFormSet, WayForm
from customers.models import Absence, AcquisitionChannel, ContactWay
from customers.queries import channels as read
from customers.queries.rosters import names_of
from customers.services.channels import ways
from staff.access import actor, may, requires

DAYS = 30
ACTIONS = {"pause": ways.pause_way, "resume": ways.resume_way, "withdraw": ways.withdraw_way}


def _window() -> tuple[dt.date, dt.date, tuple[dt.datetime, dt.datetime]]:
    last = clock.today()
    first = last - dt.timedelta(days=DAYS - 1)
    return first, last, (clock.day_bounds(first)[0], clock.day_bounds(last)[1])


def _rows(found: list[ContactWay]) -> list[dict[str, Any]]:
    first, last, bounds = _window()
    funnels = read.funnels([way.pk for way in found], first, last, bounds)
    names = names_of({userid for way in found for userid in way.pushed_userids})
    return [
        {"way": way, "funnel": funnels[way.pk], "on_duty": [names.get(userid, userid) for userid in way.pushed_userids]}
        for way in found
    ]


def _tree(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The channels with the sums of their codes; a root's sums hold its children's."""
    totals: dict[int, read.Funnel] = {}
    for row in rows:
        channel = row["way"].channel
        for pk in {channel.pk, channel.parent_id} - {None}:
            totals[pk] = totals.get(pk, read.Funnel(pk)) + row["funnel"]
    return [
        {"channel": root, "funnel": totals.get(root.pk, read.Funnel(root.pk)), "children": [
            {"channel": child, "funnel": totals.get(child.pk, read.Funnel(child.pk))} for child in children
        ]}
        for root, children in read.tree()
    ]  # fmt: skip


@requires("channels.view")
@require_safe
def channel_list(request: HttpRequest) -> HttpResponse:
    """P26: the tree of channels, the codes of one or of all, what needs somebody."""
    rows = _rows(read.live_ways())
    tree = _tree(rows)
    wanted = request.GET.get("channel", "")
    chosen = next((c for node in tree for c in [node, *node["children"]] if str(c["channel"].pk) == wanted), None)
    if wanted and chosen is None:
        raise Http404
    shown = [
        row for row in rows if chosen is None or chosen["channel"].pk in (row["way"].channel_id, row["way"].channel.parent_id)
    ]
    total = sum((row["funnel"] for row in shown), read.Funnel(0))
    context = {
        "tree": tree, "rows": shown, "chosen": chosen, "total": total, "steps": _steps(total), "days": DAYS,
        "alerts": read.open_alerts(), "absences": _absences(), "may_manage": may(actor(request), "channels.manage"),
    }  # fmt: skip
    return render(request, "customers/channels.html", context)


def _absences() -> QuerySet[Absence]:
    return Absence.objects.filter(ends_on__gte=clock.today()).select_related("user").order_by("starts_on", "pk")[:20]


def _steps(funnel: read.Funnel) -> list[dict[str, Any]]:
    """Who scans WeCom's own code opens no page of ours: where that is most of them, opening is no first step."""
    steps = [(_("Opened"), funnel.opened, "c4")] if funnel.opened >= funnel.added else []
    steps += [(_("Became friends"), funnel.added, "c1"), (_("Spoke"), funnel.spoke, "c2"), (_("Ordered"), funnel.ordered, "c3")]
    return [{"label": label, "value": value, "css": css, "why": "", "href": ""} for label, value, css in steps]


def _way(way_id: int) -> ContactWay:
    return get_object_or_404(ContactWay.objects.select_related("channel", "channel__parent", "spare"), pk=way_id)


@requires("channels.view")
@require_safe
def way_detail(request: HttpRequest, way_id: int) -> HttpResponse:
    """One code: its picture, who answers now and when, its funnel."""
    way = _way(way_id)
    return _detail(request, way, WayForm(instance=way), RosterFormSet(initial=_lines(way), prefix="line"))


def _detail(request: HttpRequest, way: ContactWay, form: WayForm, lines: Any, status: int = 200) -> HttpResponse:
    [row] = _rows([way])
    context = {
        **row, "form": form, "lines": lines, "steps": _steps(row["funnel"]), "days": DAYS, "weekdays": _weekdays(),
        "page_url": request.build_absolute_uri(reverse("channels:landing", args=[way.state])),
        "welcome": read.welcome_text_of(way.state), "may_manage": may(actor(request), "channels.manage"),
        "tags": read.tag_names_of(way.channel), "alerts": way.alerts.filter(closed_at__isnull=True).select_related("user"),
    }  # fmt: skip
    return render(request, "customers/channel_way.html", context, status=status)


def _weekdays() -> list[tuple[int, str]]:
    return list(enumerate([_("Mon"), _("Tue"), _("Wed"), _("Thu"), _("Fri"), _("Sat"), _("Sun")]))


def _lines(way: ContactWay) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for member in way.members.order_by("pk").prefetch_related("shifts"):
        head = {"user": member.user_id, "daily_cap": member.daily_cap}
        shifts = list(member.shifts.all())
        found += [{**head, "weekdays": s.weekdays, "starts": s.starts, "ends": s.ends} for s in shifts] or [head]
    return found


def _read_lines(lines: Any) -> list[ways.ShiftLine]:
    return [
        ways.ShiftLine(
            user_id=data["user"].pk, daily_cap=data["daily_cap"], weekdays=tuple(data["weekdays"]),
            starts=data["starts"], ends=data["ends"],
        )
        for data in lines.cleaned_data
        if data.get("user")
    ]  # fmt: skip


@requires("channels.manage")
@require_POST
def way_edit(request: HttpRequest, way_id: int) -> HttpResponse:
    """Change name, members, shifts, caps and spare."""
    way = _way(way_id)
    form, lines = WayForm(request.POST, instance=_way(way_id)), RosterFormSet(request.POST, prefix="line")
    if not form.is_valid() or not lines.is_valid():
        return _detail(request, way, form, lines, status=422)
    ways.edit_way(actor(request), way, name=form.cleaned_data["name"], spare=form.cleaned_data["spare"], lines=_read_lines(lines))
    messages.success(request, _("Saved. WeCom follows in a moment."))
    return redirect("channels:way", way.pk)


@requires("channels.manage")
@require_POST
def way_act(request: HttpRequest, way_id: int, action: str) -> HttpResponse:
    """Pause, resume, or withdraw a code."""
    if action not in ACTIONS:
        raise Http404
    way = _way(way_id)
    if action == "withdraw" and request.POST.get("confirm", "").strip() != way.name:
        raise BadInput(_("Type the code's name to withdraw it."), {"confirm": ""})
    ACTIONS[action](actor(request), way)
    messages.success(request, _("Done. WeCom follows in a moment."))
    return redirect("channels:list") if action == "withdraw" else redirect("channels:way", way.pk)


@requires("channels.manage")
@require_http_methods(["GET", "HEAD", "POST"])
def way_new(request: HttpRequest) -> HttpResponse:
    """A new code or link with whoever answers first; hours follow on its page."""
    initial = {"channel": request.GET.get("channel") or None, "kind": WayKind.CODE, "skip_verify": True}
    form = NewWayForm(request.POST or None, initial=initial)
    lines = RosterFormSet(request.POST or None, prefix="line")
    if request.method != "POST" or not form.is_valid() or not lines.is_valid():
        context = {"form": form, "lines": lines, "weekdays": _weekdays()}
        return render(request, "customers/channel_way_new.html", context, status=422 if request.method == "POST" else 200)
    data = form.cleaned_data
    way = ways.create_way(
        actor(request), channel=data["channel"], name=data["name"], kind=data["kind"], spare=data["spare"],
        skip_verify=data["skip_verify"], lines=_read_lines(lines),
    )  # fmt: skip
    messages.success(request, _("The code is being made at WeCom."))
    return redirect("channels:way", way.pk)


@requires("channels.manage")
@require_http_methods(["GET", "HEAD", "POST"])
def channel_edit(request: HttpRequest, channel_id: int | None = None) -> HttpResponse:
    """A channel, or a new one below `?parent=`."""
    channel = get_object_or_404(AcquisitionChannel, pk=channel_id) if channel_id else None
    wanted = params.whole("parent", request.GET.get("parent"), 0)
    parent = get_object_or_404(AcquisitionChannel, pk=wanted) if wanted else None
    initial = {"kind": parent.kind if parent else None}
    form = ChannelForm(request.POST or None, instance=channel, initial=initial)
    if request.method != "POST" or not form.is_valid():
        above = parent or (channel.parent if channel else None)
        context = {"form": form, "channel": channel, "parent": above, "choices": read.tag_choices(channel)}
        return render(request, "customers/channel_form.html", context, status=422 if request.method == "POST" else 200)
    data = form.cleaned_data
    fresh = get_object_or_404(AcquisitionChannel, pk=channel_id) if channel_id else None
    chosen = [int(tag) for tag in request.POST.getlist("tag") if tag.isascii() and tag.isdigit() and len(tag) < 10]
    saved = ways.save_channel(
        actor(request), name=data["name"], kind=data["kind"], parent=parent, welcome_text=data["welcome_text"],
        tag_ids=chosen, channel=fresh,
    )  # fmt: skip
    messages.success(request, _("The channel was saved."))
    return redirect(f"{reverse('channels:list')}?channel={saved.pk}")


@requires("channels.manage")
@require_POST
def channel_archive(request: HttpRequest, channel_id: int) -> HttpResponse:
    """Take a channel out of sight."""
    ways.archive_channel(actor(request), get_object_or_404(AcquisitionChannel, pk=channel_id))
    messages.success(request, _("The channel is out of sight; whom it brought stays known."))
    return redirect("channels:list")


@requires("channels.manage")
@require_POST
def starters(request: HttpRequest) -> HttpResponse:
    """Three codes to begin with."""
    made = ways.install_starters(actor(request))
    messages.success(request, _("%(count)s codes are being made.") % {"count": made})
    return redirect("channels:list")


@requires("channels.manage")
@require_POST
def absence_add(request: HttpRequest) -> HttpResponse:
    """Somebody is away."""
    form = AbsenceForm(request.POST)
    if not form.is_valid():
        fields = {name: str(errors[0]) for name, errors in form.errors.items()}
        raise BadInput(_("Choose a member and the days."), fields)
    data = form.cleaned_data
    ways.add_absence(
        actor(request), user=data["user"], starts_on=data["starts_on"], ends_on=data["ends_on"], reason=data["reason"]
    )
    messages.success(request, _("The codes leave them out on these days."))
    return redirect("channels:list")


@requires("channels.manage")
@require_POST
def absence_end(request: HttpRequest, absence_id: int) -> HttpResponse:
    """They are back."""
    ways.end_absence(actor(request), get_object_or_404(Absence.objects.select_related("user"), pk=absence_id))
    messages.success(request, _("They answer again."))
    return redirect("channels:list")


@requires("channels.manage")
@require_safe
def absence_form(request: HttpRequest) -> HttpResponse:
    """The dialog for an absence."""
    return render(request, "customers/channel_absence.html", {"form": AbsenceForm()})


@requires("channels.view")
@require_safe
def way_picture(request: HttpRequest, way_id: int, kind: str, ending: str) -> HttpResponse:
    """A code to print: `page` leads to our landing page and is counted, `direct` to the member at once (PNG as WeCom drew it)."""
    way = _way(way_id)
    if kind == "direct" and way.kind == WayKind.CODE:
        if ending != "png" or way.picture is None:
            raise Http404
        body, content_type = bytes(way.picture), "image/png"
    elif kind in ("page", "direct"):
        target = f"{way.url}?customer_channel={way.state}" if kind == "direct" else _landing(request, way)
        body, content_type = _draw(target, ending)
    else:
        raise Http404
    response = HttpResponse(body, content_type=content_type)
    if request.GET.get("download"):
        disposition = content_disposition_header(True, f"{way.channel.name}-{way.name}-{kind}.{ending}")
        response["Content-Disposition"] = disposition or "attachment"
    return response


def _landing(request: HttpRequest, way: ContactWay) -> str:
    return request.build_absolute_uri(reverse("channels:landing", args=[way.state]))


def _draw(target: str, ending: str) -> tuple[bytes, str]:
    import segno

    if ending not in ("png", "svg"):
        raise Http404
    image = io.BytesIO()
    segno.make(target, error="m", micro=False).save(image, kind=ending, scale=10, border=4)
    return image.getvalue(), {"png": "image/png", "svg": "image/svg+xml"}[ending]
