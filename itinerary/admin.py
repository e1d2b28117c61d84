"""Reference tables for the admin: price rules."""

from django.contrib import admin
from unfold.admin import ModelAdmin

from itinerary.models import PriceRule


@admin.register(PriceRule)
class PriceRuleAdmin(ModelAdmin):
    """The steps from cost to price, in order."""

    list_display = ("position", "name", "kind", "percent", "amount", "receiver", "channel", "is_active")
    list_display_links = ("name",)
    ordering = ("position", "id")
