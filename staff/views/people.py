"""Members of staff: list, make, change, end; temporary passwords."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core import params
from core.errors import BadInput
from staff.access import actor, client_ip, may, requires
from staff.choices import Role
from staff.forms import StaffForm
from staff.models import AuditEntry, User
from staff.queries import department_tree, staff_list
from staff.rules import abilities_of
from staff.services import accounts, second_step

PAGE = 100


@require_safe
@requires("staff.view")
def people(request: HttpRequest) -> HttpResponse:
    """Everybody who can log in, and who once could."""
    text = params.text("q", request.GET.get("q"), 40)
    role = params.one_of("role", request.GET.get("role"), list(Role.values))
    department = params.whole("department", request.GET.get("department"), 0)
    state = params.one_of("state", request.GET.get("state"), ["active", "inactive", "all"], "active")
    found = list(staff_list(text=text, role=role, department_id=department, state=state)[: PAGE + 1])
    context = {
        "people": found[:PAGE], "more": len(found) > PAGE, "q": text, "role": role, "department": department, "state": state,
        "roles": Role.choices, "departments": department_tree(),
        "perms_manage": may(request.user, "staff.manage"),
        "states": [("active", _("Active")), ("inactive", _("Has left")), ("all", _("All"))],
    }  # fmt: skip
    return render(request, "staff/people.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
@requires("staff.manage")
def new_person(request: HttpRequest) -> HttpResponse:
    """Make an account; the temporary password is shown once."""
    form = StaffForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        user, password = accounts.create_user(actor(request), ip=client_ip(request), **form.cleaned_data)
        return render(request, "staff/temporary_password.html", {"person": user, "password": password, "made": True})
    return _form_page(request, form, None)


@require_http_methods(["GET", "POST"])
@requires("staff.view")
def person(request: HttpRequest, user_id: int) -> HttpResponse:
    """One account: facts and history for those who may see staff, the form for those who may change it."""
    if request.method == "POST":
        return save_person(request, user_id)
    found = get_object_or_404(User.objects.select_related("department"), pk=user_id)
    return _form_page(request, StaffForm(instance=found), found)


@requires("staff.manage")
def save_person(request: HttpRequest, user_id: int) -> HttpResponse:
    """Take the form of one account."""
    found = get_object_or_404(User, pk=user_id)
    form = StaffForm(request.POST, instance=get_object_or_404(User, pk=user_id))
    if not form.is_valid():
        return _form_page(request, form, found)
    accounts.update_user(actor(request), user_id, ip=client_ip(request), **form.cleaned_data)
    messages.success(request, _("Saved"))
    return redirect("staff:person", user_id=user_id)


def _form_page(request: HttpRequest, form: StaffForm, found: User | None) -> HttpResponse:
    context: dict[str, Any] = {
        "perms_manage": may(request.user, "staff.manage"),
        "form": form,
        "person": found,
        "roles": [(role, label, sorted(abilities_of(role))) for role, label in Role.choices],
    }
    if found is not None:
        context["device"] = second_step.confirmed_device(found)
        context["entries"] = (
            AuditEntry.objects.select_related("actor")
            .filter(object_type="staff.user", object_id=str(found.pk))
            .order_by("-id")[:20]
        )
    return render(request, "staff/person.html", context, status=200 if request.method == "GET" else 422)


@require_POST
@requires("staff.manage")
def deactivate(request: HttpRequest, user_id: int) -> HttpResponse:
    """End an account; the name is typed as a confirmation."""
    found = get_object_or_404(User, pk=user_id)
    if request.POST.get("confirm", "").strip() != str(found):
        raise BadInput(_("Type the name exactly as shown to confirm."))
    accounts.deactivate_user(actor(request), user_id, ip=client_ip(request))
    messages.success(request, _("%(name)s can no longer log in; all sessions have ended.") % {"name": found})
    return redirect("staff:person", user_id=user_id)


@require_POST
@requires("staff.manage")
def activate(request: HttpRequest, user_id: int) -> HttpResponse:
    """Open an account again."""
    found = get_object_or_404(User, pk=user_id)
    accounts.activate_user(actor(request), user_id, ip=client_ip(request))
    messages.success(request, _("%(name)s can log in again.") % {"name": found})
    return redirect("staff:person", user_id=user_id)


@never_cache
@require_POST
@requires("staff.manage")
def reset_password(request: HttpRequest, user_id: int) -> HttpResponse:
    """A new temporary password, shown once."""
    found = get_object_or_404(User, pk=user_id, is_active=True)
    password = accounts.reset_password(actor(request), user_id, ip=client_ip(request))
    return render(request, "staff/temporary_password.html", {"person": found, "password": password, "made": False})


@require_POST
@requires("staff.manage")
def reset_second_step(request: HttpRequest, user_id: int) -> HttpResponse:
    """Turn the second step off for someone who lost phone and codes."""
    found = get_object_or_404(User, pk=user_id)
    second_step.remove_second_step(actor(request), found, ip=client_ip(request))
    messages.success(request, _("Two-step log-in is off."))
    return redirect("staff:person", user_id=user_id)
