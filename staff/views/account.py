"""A person's own account: password, two-step log-in, sessions."""

import base64
import io

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from staff.access import actor, client_ip, signed_in
from staff.forms import CodeForm, PasswordForm
from staff.models import AuditEntry
from staff.rules import abilities_of
from staff.services import accounts, second_step


@require_safe
@signed_in
def account(request: HttpRequest) -> HttpResponse:
    """Who I am here, what I may do, how my account is secured, what was done with it lately."""
    user = actor(request)
    return render(
        request,
        "staff/me.html",
        {
            "device": second_step.confirmed_device(user),
            "codes_left": second_step.codes_left(user),
            "entries": AuditEntry.objects.filter(actor=user).order_by("-id")[:12],
            "abilities": sorted(abilities_of(user.role)),
        },
    )


@sensitive_post_parameters()
@never_cache
@require_http_methods(["GET", "POST"])
@signed_in
def password(request: HttpRequest) -> HttpResponse:
    """Choose a new password; this session stays, the others end."""
    user = actor(request)
    form = PasswordForm(user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        accounts.change_own_password(user, form.cleaned_data["new_password1"], ip=client_ip(request))
        update_session_auth_hash(request, user)
        messages.success(request, _("Password changed. Other devices are logged out."))
        return redirect("staff:me")
    return render(request, "staff/password.html", {"form": form}, status=200 if request.method == "GET" else 422)


@never_cache
@require_http_methods(["GET", "POST"])
@signed_in
def second_step_setup(request: HttpRequest) -> HttpResponse:
    """Scan, type the first code, keep the recovery codes."""
    user = actor(request)
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        codes = second_step.confirm_app(user, form.cleaned_data["code"], ip=client_ip(request))
        if codes is not None:
            return render(request, "staff/recovery_codes.html", {"codes": codes})
        form.add_error("code", _("The code is not right. Check the phone's clock and type the newest code."))
    device = second_step.pending_device(user)
    context = {"form": form, "qr": qr_path(device.config_url), "key": grouped(device.bin_key)}
    return render(request, "staff/second_step.html", context, status=200 if request.method == "GET" else 422)


@require_POST
@signed_in
def second_step_remove(request: HttpRequest) -> HttpResponse:
    """Turn the second step off; asks for a code, so that an open screen is not enough."""
    if second_step.check_code(actor(request), request.POST.get("code", "")[:20]) is None:
        messages.error(request, _("The code is not right, or was used already. Wait for the next one."))
    else:
        second_step.remove_second_step(actor(request), actor(request), ip=client_ip(request))
        messages.success(request, _("Two-step log-in is off."))
    return redirect("staff:me")


@never_cache
@require_POST
@signed_in
def renew_codes(request: HttpRequest) -> HttpResponse:
    """New recovery codes, shown once."""
    return render(request, "staff/recovery_codes.html", {"codes": second_step.renew_codes(actor(request), ip=client_ip(request))})


@require_POST
@signed_in
def end_other_sessions(request: HttpRequest) -> HttpResponse:
    """Log out everywhere but here."""
    user = actor(request)
    accounts.end_sessions(user, ip=client_ip(request))
    update_session_auth_hash(request, user)
    messages.success(request, _("Other devices are logged out."))
    return redirect("staff:me")


def qr_path(text: str) -> dict[str, object]:
    """A QR code as one SVG path and its size, quiet zone included."""
    import segno

    code = segno.make(text, error="m")
    out = io.BytesIO()
    code.save(out, kind="svg", border=4, xmldecl=False, svgns=False, omitsize=True, unit="")
    svg = out.getvalue().decode()
    width = code.symbol_size(scale=1, border=4)[0]
    return {"size": width, "path": svg.partition(' d="')[2].partition('"')[0]}


def grouped(key: bytes) -> str:
    """A secret in base32 and groups of four, for typing in by hand."""
    text = base64.b32encode(key).decode().rstrip("=")
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4))
