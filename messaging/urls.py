"""The doors of messaging."""

from django.urls import path

from messaging import api_chat, views, views_chat
from messaging.api import OpenView

app_name = "messaging"
api_urlpatterns = [
    path("touches/<slug:token>/open", OpenView.as_view(), name="touch_open"),
    path("chat/messages", api_chat.ChatMessagesView.as_view(), name="chat_messages"),
    path("chat/messages/<int:line_id>/vote", api_chat.ChatVoteView.as_view(), name="chat_vote"),
    path("chat/rating", api_chat.ChatRatingView.as_view(), name="chat_rating"),
]
urlpatterns = [
    path("chat", views_chat.page, name="web_chat"),
    path("chat/lines", views_chat.lines, name="web_lines"),
    path("chat/say", views_chat.say, name="web_say"),
    path("chat/rate", views_chat.rate_service, name="web_rate"),
    path("customers/<int:customer_id>/messages/new", views.compose, name="compose"),
    path("customers/<int:customer_id>/messages", views.send, name="send"),
    path("customers/<int:customer_id>/messages/<int:message_id>/withdraw", views.withdraw, name="withdraw"),
]
