"""What the mini-program sends and gets about touches."""

from rest_framework import serializers


class OpenedSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """`recorded`: this was the first opening by the person the card was sent to."""

    recorded = serializers.BooleanField()
