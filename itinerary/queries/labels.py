"""Names of prices for people."""

from django.utils.translation import gettext as _

from itinerary.pricing.party import CellKind


def cell_label(kind: CellKind, age: int | None) -> str:
    """A price's name for people."""
    texts = {
        CellKind.ADULT: _("Adult"),
        CellKind.SINGLE_SUPPLEMENT: _("Single room supplement"),
        CellKind.CHILD_TWIN: _("Child in a twin, %(age)s"),
        CellKind.CHILD_BED: _("Child with extra bed, %(age)s"),
        CellKind.CHILD_NO_BED: _("Child without bed, %(age)s"),
        CellKind.INFANT: _("Infant, %(age)s"),
    }
    return texts[kind] % {"age": age} if age is not None else texts[kind]
