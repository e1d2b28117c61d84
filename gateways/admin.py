"""The border for repair: what was called, what came in. Read only; a callback's content is never shown."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from gateways.models import GatewayCall, InboundCallback


class ReadOnlyAdmin(ModelAdmin):
    """Rows that only code writes."""

    show_full_result_count = False
    ordering = ("-id",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(GatewayCall)
class GatewayCallAdmin(ReadOnlyAdmin):
    """Calls with their error codes, durations and costs."""

    list_display = ("started_at", "vendor", "api", "outcome", "errcode", "duration_ms", "cost_amount", "request_id")
    list_filter = ("vendor", "outcome")
    search_fields = ("api", "errcode", "request_id")


@admin.register(InboundCallback)
class InboundCallbackAdmin(ReadOnlyAdmin):
    """Callbacks and what became of them."""

    list_display = ("received_at", "source", "kind", "processed_at", "error")
    list_filter = ("source",)
    search_fields = ("kind", "error")
    exclude = ("body", "dedupe_key")
