"""Every column that names a customer is registered, so that merging, export and erasure miss nothing."""

from django.apps import apps
from django.conf import settings
from django.db.models import Field
from django.utils.module_loading import import_string

from customers.models import Customer
from customers.queries.places import places
from customers.services.movers import Mover

NAMES = {"customer_id", "home_id"}


def _columns() -> set[str]:
    return {
        f"{model._meta.db_table}.{field.column}"
        for model in apps.get_models(include_auto_created=True)
        for field in model._meta.get_fields()
        if isinstance(field, Field) and (field.related_model is Customer or field.column in NAMES)
    }


def test_every_column_that_names_a_customer_is_registered() -> None:
    assert _columns() == set(settings.CUSTOMER_TABLES)


def test_every_way_of_moving_exists() -> None:
    for place in places():
        if "." in place.how:
            assert isinstance(import_string(place.how), Mover)
        else:
            assert place.how in {"move", "home", "drop", "stay"} or place.how.startswith("unless:")
        assert place.keys


def test_a_unique_key_with_a_customer_is_never_moved_plainly() -> None:
    """A plain UPDATE would collide where both customers have a row."""
    plain = {place.name for place in places() if place.how == "move"}
    unique = set()
    for model in apps.get_models(include_auto_created=True):
        for constraint in model._meta.constraints:
            names = set(getattr(constraint, "fields", ()))
            unique |= {f"{model._meta.db_table}.{name}_id" for name in names & {"customer"}}
        unique |= {f"{model._meta.db_table}.{field.column}" for field in model._meta.fields if field.unique}
    assert plain & unique == set()
