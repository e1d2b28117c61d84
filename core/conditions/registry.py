"""The fields of this installation: core's own and those of the apps that settings.CONDITION_FIELDS names."""

import functools
from collections.abc import Callable, Mapping, Sequence

from django.conf import settings
from django.utils.module_loading import import_string

from core.conditions.fields import Contribution, Field, Property, Row

_OWN = "core.conditions.sequences.contribution"


@functools.cache
def contributions() -> tuple[Contribution, ...]:
    """Core's contribution and every app's, in the order of the settings."""
    return tuple(import_string(path)() for path in (*settings.CONDITION_FIELDS, _OWN))


@functools.cache
def fields() -> Mapping[str, Field]:
    """Name -> field."""
    found: dict[str, Field] = {}
    for contribution in contributions():
        for field in contribution.fields:
            if field.name in found or field.name in ("all", "any", "not"):
                raise ValueError(f"two condition fields are called {field.name}")
            found[field.name] = field
    return found


@functools.cache
def properties() -> Mapping[str, Property]:
    """Name -> event property."""
    return {prop.name: prop for contribution in contributions() for prop in contribution.properties}


@functools.cache
def loaders() -> Mapping[str, Callable[[Sequence[int]], Sequence[tuple[int, Row]]]]:
    """Section -> loader of its rows."""
    return {name: loader for contribution in contributions() for name, loader in contribution.loaders.items()}
