"""The Django admin for reference tables and repair: our log-in in front of it, our abilities around it."""

from typing import Any

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from unfold.sites import UnfoldAdminSite

from staff.access import may, to_login


class StaffAdminSite(UnfoldAdminSite):
    """Open to those who have `admin.use`. It has no log-in of its own, which would know neither lock-out nor second step."""

    def has_permission(self, request: HttpRequest) -> bool:
        """The ability, and a password of one's own."""
        return may(request.user, "admin.use") and not getattr(request.user, "must_change_password", True)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The staff log-in page; those already logged in may simply not come here."""
        if request.user.is_authenticated:
            return redirect("staff:settings")
        request.path_info = request.path = request.GET.get("next", "/admin/")[:200]
        return to_login(request)

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """End the session, as everywhere."""
        logout(request)
        return redirect("staff:login")

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The staff page, which writes to the audit log."""
        return redirect("staff:password")


def environment(request: HttpRequest) -> list[str] | None:
    """The label in unfold's header: that gateways are simulated."""
    return [_("Simulated"), "warning"] if settings.PLATFORM_MODE == "sim" else None
