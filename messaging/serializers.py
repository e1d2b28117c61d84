"""What the mini-program sends and gets about touches."""

from typing import Any

from rest_framework import serializers

from core.serializers import StrictSerializer, Whole


class OpenedSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """`recorded`: this was the first opening by the person the card was sent to."""

    recorded = serializers.BooleanField()


class ChatMessage(StrictSerializer):
    """One message of the customer; `choice` is the id of a menu's entry that was tapped."""

    text = serializers.CharField(max_length=2000)
    choice = serializers.RegexField(r"^[a-z]{2,8}:[0-9A-Za-z_\-]{1,40}\Z", required=False)


class ChatSent(serializers.Serializer[Any]):
    """The message is with us."""

    id = serializers.IntegerField()


class ChatAfter(StrictSerializer):
    """Which lines: those after this one, all of the last hundred by default."""

    after = Whole(min_value=0, max_value=2**62, default=0)


class ChatLineShown(serializers.Serializer[Any]):
    """One line. `by_assistant` is to be shown as written by a machine."""

    id = serializers.IntegerField()
    author = serializers.CharField()
    by_assistant = serializers.BooleanField()
    name = serializers.CharField()
    kind = serializers.CharField()
    text = serializers.CharField()
    options = serializers.ListField(child=serializers.DictField())
    card = serializers.DictField(allow_null=True)
    at = serializers.DateTimeField()


class ChatShown(serializers.Serializer[Any]):
    """The talk: who speaks for us (bot, queued, human, wecom, closed), whether a rating is asked for, the lines."""

    state = serializers.CharField()
    rate = serializers.BooleanField()
    messages = ChatLineShown(many=True)


class ChatVote(StrictSerializer):
    """A thumb: 1 or -1."""

    value = serializers.ChoiceField(choices=[1, -1])


class ChatRating(StrictSerializer):
    """How a person served, 1 to 5."""

    rating = serializers.IntegerField(min_value=1, max_value=5)
    words = serializers.CharField(max_length=400, required=False, allow_blank=True, default="")


class ChatDone(serializers.Serializer[Any]):
    """Whether something was noted."""

    done = serializers.BooleanField()
