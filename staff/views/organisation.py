"""The settings hub, departments, and the agency's policy."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.errors import BadInput
from staff.access import actor, client_ip, may, requires
from staff.forms import DepartmentForm, PolicyForm
from staff.models import AgencyPolicy, AuditEntry, Department, User
from staff.queries import department_tree
from staff.services import organisation


@require_safe
@requires("settings.view")
def settings_hub(request: HttpRequest) -> HttpResponse:
    """Where every setting is, with its present state in one line."""
    context: dict[str, Any] = {
        "policy": AgencyPolicy.current(),
        "staff_count": User.objects.filter(is_active=True).count(),
        "department_count": Department.objects.count(),
        "may": {
            name: may(request.user, name.replace("_", ".", 1))
            for name in ("staff_view", "audit_view", "admin_use", "data_view", "policy_edit")
        },
    }
    if context["may"]["audit_view"]:
        context["last_entry"] = AuditEntry.objects.select_related("actor").order_by("-id").first()
    return render(request, "staff/settings.html", context)


@require_http_methods(["GET", "POST"])
@requires("settings.view")
def policy(request: HttpRequest) -> HttpResponse:
    """The rules everybody can read and administrators can change."""
    current = AgencyPolicy.current()
    if request.method == "POST":
        return save_policy(request)
    return render(
        request,
        "staff/policy.html",
        {"form": PolicyForm(instance=current), "policy": current, "editable": may(request.user, "policy.edit")},
    )


@requires("policy.edit")
def save_policy(request: HttpRequest) -> HttpResponse:
    """Take the policy's form."""
    form = PolicyForm(request.POST, instance=AgencyPolicy.current())
    if not form.is_valid():
        return render(
            request, "staff/policy.html", {"form": form, "policy": AgencyPolicy.current(), "editable": True}, status=422
        )
    organisation.save_policy(actor(request), ip=client_ip(request), **form.cleaned_data)
    messages.success(request, _("Saved"))
    return redirect("staff:policy")


@require_safe
@requires("staff.view")
def departments(request: HttpRequest) -> HttpResponse:
    """The tree of departments."""
    return render(
        request,
        "staff/departments.html",
        {"tree": department_tree(), "form": DepartmentForm(), "editable": may(request.user, "staff.manage")},
    )


@require_POST
@requires("staff.manage")
def save_department(request: HttpRequest, department_id: int | None = None) -> HttpResponse:
    """Make, rename or move one."""
    if department_id is not None:
        get_object_or_404(Department, pk=department_id)
    form = DepartmentForm(request.POST)
    if not form.is_valid():
        raise BadInput(" ".join(str(error) for errors in form.errors.values() for error in errors))
    organisation.save_department(actor(request), department_id=department_id, ip=client_ip(request), **form.cleaned_data)
    messages.success(request, _("Saved"))
    return redirect("staff:departments")


@require_POST
@requires("staff.manage")
def delete_department(request: HttpRequest, department_id: int) -> HttpResponse:
    """Remove an empty one."""
    get_object_or_404(Department, pk=department_id)
    organisation.delete_department(actor(request), department_id, ip=client_ip(request))
    messages.success(request, _("Deleted"))
    return redirect("staff:departments")
