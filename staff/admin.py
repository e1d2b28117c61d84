"""Reference tables of staff. Accounts and policy are changed on the staff pages, which check and write down."""

from typing import Any

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib import admin
from django.contrib.auth.models import Group
from django.http import HttpRequest
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice
from unfold.admin import ModelAdmin

from staff.models import AuditEntry, Department, User

# Roles replace groups; devices hold secrets and are reset on the staff page; these packages bring plain Django classes.
for model in (Group, TOTPDevice, StaticDevice, AccessAttempt, AccessLog, AccessFailureLog):
    if admin.site.is_registered(model):
        admin.site.unregister(model)


class ReadOnly(ModelAdmin):
    """Look, do not touch."""

    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(User)
class UserAdmin(ReadOnly):
    """Who is there."""

    list_display = ("display_name", "username", "role", "row_scope", "department", "is_active", "last_login")
    list_filter = ("role", "is_active")
    search_fields = ("display_name", "username")
    exclude = ("password",)


@admin.register(Department)
class DepartmentAdmin(ReadOnly):
    """The stores and teams."""

    list_display = ("name", "parent")


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnly):
    """The audit trail as rows."""

    list_display = ("at", "actor", "action", "object_name")
    search_fields = ("action", "object_name")
    exclude = ("previous_hash", "hash")


@admin.register(AccessAttempt)
class AccessAttemptAdmin(ReadOnly):
    """Wrong passwords of late. Deleting a row opens the account or address again."""

    list_display = ("attempt_time", "username", "ip_address", "failures_since_start")
    search_fields = ("username", "ip_address")
    exclude = ("get_data", "post_data")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True
