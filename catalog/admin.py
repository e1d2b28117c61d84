"""Reference tables of the catalogue: where we go, who supplies us, what a product says of itself."""

from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from catalog.models import Destination, ExchangeRate, Product, Supplier


@admin.register(Destination)
class DestinationAdmin(ModelAdmin):
    """Destinations and the cities that belong to them; feeds find a resource's destination by its city."""

    list_display = ("code", "name", "cities")
    search_fields = ("code", "name")


@admin.register(Supplier)
class SupplierAdmin(ModelAdmin):
    """Suppliers, and how much of their list may change before a person is asked."""

    list_display = ("code", "name", "quarantine_percent", "is_active")
    list_filter = ("is_active",)
    search_fields = ("code", "name")


@admin.register(Product)
class ProductAdmin(ModelAdmin):
    """What a product says of itself. Its sale and its price calendar belong to the product's own page."""

    list_display = ("code", "name", "destination", "days", "price_from_amount", "state")
    list_filter = ("state", "destination")
    search_fields = ("code", "name")
    readonly_fields = ("state", "created_at")

    def has_delete_permission(self, request: HttpRequest, obj: Product | None = None) -> bool:
        """Never: orders and the past refer to it; pause it instead."""
        return False


@admin.register(ExchangeRate)
class ExchangeRateAdmin(ModelAdmin):
    """Rates of exchange by day, with the buffer that quotes add."""

    list_display = ("currency", "day", "rate", "buffer_percent")
    list_filter = ("currency",)
    ordering = ("-day", "currency")
