"""What the catalogue adds to the command palette."""

import dataclasses

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from catalog.models import Product, Supplier
from staff.access import may
from staff.models import User


@dataclasses.dataclass(frozen=True)
class PaletteRow:
    """A line of the palette."""

    label: str
    url: str
    icon: str
    kind: str
    note: str = ""


def palette(user: User, text: str, limit: int) -> list[PaletteRow]:
    """Products and suppliers whose name or code matches."""
    rows: list[PaletteRow] = []
    if may(user, "products.view"):
        found = Product.objects.filter(Q(name__icontains=text) | Q(code__iexact=text)).order_by("code")[:limit]
        rows += [
            PaletteRow(product.name, reverse("catalog:product", args=[product.code]), "luggage", _("Products"), product.code)
            for product in found
        ]
    if may(user, "suppliers.view"):
        found_suppliers = Supplier.objects.filter(name__icontains=text).order_by("name")[:limit]
        url = reverse("catalog:resources")
        rows += [PaletteRow(one.name, f"{url}?supplier={one.pk}", "boxes", _("Suppliers")) for one in found_suppliers]
    return rows
