"""Untrusted input of the mini-program API: what nobody declared is refused, not ignored."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers


class StrictSerializer(serializers.Serializer[Any]):
    """A serializer for query strings and bodies; an undeclared name is a 400 that names it."""

    def to_internal_value(self, data: Any) -> Any:
        """The clean values."""
        if isinstance(data, Mapping):
            unknown = [str(name) for name in data if name not in self.fields]
            if unknown:
                raise serializers.ValidationError({name[:60]: [_("There is no such parameter.")] for name in unknown[:10]})
        return super().to_internal_value(data)


class Whole(serializers.IntegerField):
    """A whole number in ASCII digits: Python's int() also reads other scripts and "1_000"."""

    def to_internal_value(self, data: Any) -> int:
        """The number."""
        if isinstance(data, str) and not (data.isascii() and data.strip().lstrip("+-").isdecimal()):
            self.fail("invalid")
        return super().to_internal_value(data)
