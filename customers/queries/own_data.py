"""Everything we hold about one person, table by table, as plain values: for the copy they have a right to (PIPL 45).

The tables are those of settings.CUSTOMER_TABLES; settings.CUSTOMER_EXPORTERS names a reader where the plain columns do not do,
or "skip" for bookkeeping that says nothing about the person.
"""

import dataclasses
import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connection
from django.db.models import BinaryField, Field, ForeignKey, Model
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from core import clock
from core.secrets import unseal
from customers.models import Customer, Identity, Traveller
from customers.queries.texts import current_texts
from customers.rules import mask_phone

Row = dict[str, Any]
MAX_ROWS = 200_000


@dataclasses.dataclass(frozen=True)
class Table:
    """One part of the copy: a file name, what people call it, its rows as {column: plain value}."""

    name: str
    title: str
    rows: list[Row]


def own_data(customer_ids: Sequence[int], *, in_clear: bool) -> list[Table]:
    """Every table with at least one row. `in_clear`: numbers and ids readable, for the person; masked for staff."""
    found = [_profile(customer_ids)]
    for name in settings.CUSTOMER_TABLES:
        reader = settings.CUSTOMER_EXPORTERS.get(name, "")
        if reader == "skip":
            continue
        table = import_string(reader)(customer_ids, in_clear) if reader else _plain_table(name, customer_ids)
        if table.rows:
            found.append(table)
    return found


def _profile(ids: Sequence[int]) -> Table:
    return Table("profile", _("Profile"), [_row(customer) for customer in Customer.objects.filter(pk__in=ids).order_by("pk")])


def _plain_table(name: str, ids: Sequence[int]) -> Table:
    table, _dot, column = name.partition(".")
    model = next(model for model in apps.get_models(include_auto_created=True) if model._meta.db_table == table)
    field = next(field for field in model._meta.concrete_fields if field.column == column)
    rows = model._base_manager.filter(**{f"{field.attname}__in": ids}).order_by("pk")[:MAX_ROWS]
    return Table(table, str(model._meta.verbose_name_plural), [_row(row) for row in rows])


def _row(row: Model) -> Row:
    return {str(field.verbose_name): _value(row, field) for field in row._meta.concrete_fields if _tells(field)}


def _tells(field: "Field[Any, Any]") -> bool:
    return not isinstance(field, BinaryField) and not (isinstance(field, ForeignKey) and field.related_model is Customer)


def _value(row: Model, field: "Field[Any, Any]") -> Any:
    value = getattr(row, field.attname)
    if field.choices:
        return str(dict(field.flatchoices).get(value, value))
    if isinstance(field, ForeignKey) and value is not None and field.related_model._meta.app_label == "staff":
        return str(getattr(row, field.name))
    return plain(value)


def plain(value: Any) -> Any:
    """A value as JSON holds it; moments in Shanghai's time with their offset."""
    if value is None or isinstance(value, bool | int | str | list | dict):
        return value
    if isinstance(value, dt.datetime):
        return value.astimezone(clock.SHANGHAI).isoformat(timespec="seconds")
    return str(value)


def identities(ids: Sequence[int], in_clear: bool) -> Table:
    """Identities with their values: readable for the person, masked for staff."""
    rows = []
    for identity in Identity.objects.filter(customer__in=ids).order_by("pk"):
        value = unseal(bytes(identity.value_sealed))
        shown = value if in_clear else mask_phone(value) if value.startswith("+") else f"****{value[-4:]}"
        verified = plain(identity.verified_at)
        rows.append(
            {_("kind"): identity.get_kind_display(), _("app"): identity.scope, _("value"): shown, _("verified"): verified}
        )
    return Table("identities", _("Identities"), rows)


def travellers(ids: Sequence[int], in_clear: bool) -> Table:
    """Travellers with their documents."""
    rows = []
    for traveller in Traveller.objects.filter(customer__in=ids).prefetch_related("documents").order_by("pk"):
        row = _row(traveller)
        for document in traveller.documents.all():
            number = unseal(bytes(document.number_sealed)) if in_clear else document.masked
            row[document.get_kind_display()] = number
        rows.append(row)
    return Table("travellers", _("Travellers"), rows)


def events(ids: Sequence[int], _in_clear: bool) -> Table:
    """What the log of facts holds, the newest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT occurred_at, kind, props, source FROM core_event"
            " WHERE customer_id = ANY(%s) ORDER BY occurred_at DESC LIMIT %s",
            [list(ids), MAX_ROWS],
        )
        rows = [
            {_("time"): plain(at), _("what"): kind, _("details"): props, _("from"): source}
            for at, kind, props, source in cursor.fetchall()
        ]
    return Table("events", _("What happened"), rows)


def sharings(ids: Sequence[int], _in_clear: bool) -> Table:
    """To whom the person's data was handed on."""
    from_register = apps.get_model("customers", "Sharing").objects.filter(subjects__customer__in=ids).distinct().order_by("at")
    return Table("sharing", _("Who got your data"), [_row(row) for row in from_register])


def texts_read() -> list[Row]:
    """The texts in force, so that the copy explains its own consents."""
    return [{"kind": text.kind, "version": text.version, "title": text.title} for text in current_texts().values()]


Reader = Callable[[Sequence[int], bool], Table]
