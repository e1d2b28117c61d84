"""Chat of the mini-program: write, read, vote, rate. A customer sees their own talk and nothing else."""

from typing import Any, cast

from django.conf import settings
from django.http import Http404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.idempotency import idempotency_key, idempotent
from core.serializers import StrictSerializer
from customers.models import Customer, MemberToken
from messaging.choices import Author, ChatChannel, ChatKind
from messaging.models import Conversation, Line
from messaging.queries_chat import asks_for_rating, shown_lines
from messaging.serializers import (
    ChatAfter,
    ChatDone,
    ChatMessage,
    ChatRating,
    ChatSent,
    ChatShown,
    ChatVote,
)
from messaging.services.chat_states import rate
from messaging.services.chats import Inbound, post_chat, vote_line

KEY = OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER, required=True, description="8 to 100 characters")


def _clean(serializer: type[StrictSerializer], given: Any) -> dict[str, Any]:
    values = serializer(data=given)
    values.is_valid(raise_exception=True)
    cleaned: dict[str, Any] = values.validated_data
    return cleaned


def _customer(request: Request) -> Customer:
    return cast(Customer, request.user)


def _conversation(request: Request) -> Conversation | None:
    """The customer's own talk in the mini-program on this WeChat account."""
    openid = cast(MemberToken, request.auth).openid
    return Conversation.objects.filter(
        channel=ChatChannel.MINI, account=settings.VENDORS["MINI_APP_ID"], peer=openid[:64], customer=_customer(request)
    ).first()


class ChatMessagesView(APIView):
    """The talk."""

    @extend_schema(operation_id="chat_send", parameters=[KEY], request=ChatMessage, responses=ChatSent)
    def post(self, request: Request) -> Response:
        """Write. The same key is one message. 409 `too_fast` for over twenty in a minute."""
        said, key = _clean(ChatMessage, request.data), idempotency_key(request)
        told = Inbound(
            ChatChannel.MINI, settings.VENDORS["MINI_APP_ID"], cast(MemberToken, request.auth).openid,
            f"mini:{_customer(request).pk}:{key}", said["text"], ChatKind.TEXT, said.get("choice", ""),
        )  # fmt: skip
        line = post_chat(told, customer_id=_customer(request).pk)
        return Response({"id": line.pk})

    @extend_schema(operation_id="chat_read", parameters=[ChatAfter], responses=ChatShown)
    def get(self, request: Request) -> Response:
        """Read what was said after a line; ask every two or three seconds while the page is open."""
        after = _clean(ChatAfter, request.query_params.dict())["after"]
        conversation = _conversation(request)
        if conversation is None:
            return Response({"state": "bot", "rate": False, "messages": []})
        return Response(
            {"state": conversation.state, "rate": asks_for_rating(conversation), "messages": shown_lines(conversation, after)}
        )


class ChatVoteView(APIView):
    """A thumb on an answer of the assistant."""

    @extend_schema(operation_id="chat_vote", parameters=[KEY], request=ChatVote, responses=ChatDone)
    @idempotent("chat.vote")
    def post(self, request: Request, line_id: int) -> Response:
        """Up or down; 404 for a line that is not the assistant's answer to this customer."""
        value = _clean(ChatVote, request.data)["value"]
        if not Line.objects.filter(pk=line_id, conversation__customer=_customer(request), author=Author.BOT).exists():
            raise Http404
        return Response({"done": vote_line(customer=_customer(request), line_id=line_id, vote=value)})


class ChatRatingView(APIView):
    """A rating of the person who served."""

    @extend_schema(operation_id="chat_rate", parameters=[KEY], request=ChatRating, responses=ChatDone)
    @idempotent("chat.rate")
    def post(self, request: Request) -> Response:
        """Once for each time a person served; `done` is false where there is nothing to rate."""
        told, conversation = _clean(ChatRating, request.data), _conversation(request)
        return Response({"done": conversation is not None and rate(conversation, told["rating"], told["words"])})
