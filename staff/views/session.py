"""Log-in in one or two steps, and log-out."""

import time
from typing import Any

from django.contrib.auth import login, logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST
from django_otp import login as mark_verified

from staff.access import client_ip
from staff.forms import CodeForm, LoginForm
from staff.models import User
from staff.services import write_audit
from staff.services.second_step import check_code, confirmed_device

PENDING = "staff.pending"
PENDING_SECONDS = 300
CODE_TRIES = 5


@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "POST"])
def log_in(request: HttpRequest) -> HttpResponse:
    """Name and password; then the code, where the account asks for one."""
    target = safe_target(request)
    if request.user.is_authenticated:
        return HttpResponseRedirect(target)
    if request.method == "GET":
        return render(request, "staff/login.html", {"form": LoginForm(request), "next": target})
    form = LoginForm(request, data=request.POST)
    if not form.is_valid():
        return render(request, "staff/login.html", {"form": form, "next": target}, status=422)
    user: Any = form.get_user()
    if confirmed_device(user) is None:
        return _enter(request, user, target, "password")
    request.session.cycle_key()
    request.session[PENDING] = {"user": user.pk, "at": time.time(), "tries": 0, "next": target}
    return redirect("staff:code")


@sensitive_post_parameters("code")
@never_cache
@require_http_methods(["GET", "POST"])
def enter_code(request: HttpRequest) -> HttpResponse:
    """The second step: five tries within five minutes of the password."""
    pending: dict[str, Any] = request.session.get(PENDING) or {"user": 0, "at": 0, "tries": 0}
    user = User.objects.filter(pk=pending["user"], is_active=True).first()
    if user is None or time.time() - pending["at"] > PENDING_SECONDS or pending["tries"] >= CODE_TRIES:
        request.session.pop(PENDING, None)
        return redirect("staff:login")
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        device = check_code(user, form.cleaned_data["code"])
        if device is not None:
            response = _enter(request, user, pending["next"], "password and code")
            mark_verified(request, device)
            return response
        pending["tries"] += 1
        request.session[PENDING] = pending
        form.add_error("code", _("The code is not right, or was used already. Wait for the next one."))
    return render(request, "staff/code.html", {"form": form}, status=200 if request.method == "GET" else 422)


def _enter(request: HttpRequest, user: User, target: str, how: str) -> HttpResponse:
    request.session.pop(PENDING, None)
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    write_audit(user, "session.opened", user, {"how": how}, ip=client_ip(request))
    return redirect("staff:password") if user.must_change_password else HttpResponseRedirect(target)


@require_POST
def log_out(request: HttpRequest) -> HttpResponse:
    """End the session."""
    logout(request)
    return HttpResponseRedirect(resolve_url("staff:login"))


def safe_target(request: HttpRequest) -> str:
    """Where to go after log-in: the page asked for when it is ours, else the workbench."""
    wanted: Any = request.POST.get("next") or request.GET.get("next") or ""
    ours = url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    return str(wanted) if ours else "/"
