"""Messaging's routes under ``/api/``. The named ones come before what takes a key."""

from django.urls import path

from messaging.viewsets import BlockViewSet, ChatViewSet, MessageViewSet

urlpatterns = [
    path("chats", ChatViewSet.as_view({"post": "create"})),
    path("chats/get-chats-by-current-user", ChatViewSet.as_view({"get": "list"})),
    path("chats/get-chat-by-user-id/<int:user_id>", ChatViewSet.as_view({"get": "with_user"})),
    path("chats/<int:chat_id>", ChatViewSet.as_view({"get": "retrieve"})),
    path("chats/<int:chat_id>/read", ChatViewSet.as_view({"post": "read"})),
    path("messages", MessageViewSet.as_view({"post": "create"})),
    path("messages/updates", MessageViewSet.as_view({"get": "updates"})),
    path("messages/get-messages-by-chat-id/<int:chat_id>", MessageViewSet.as_view({"get": "list"})),
    path("messages/<int:message_id>", MessageViewSet.as_view({"delete": "destroy"})),
    path("blocked-users", BlockViewSet.as_view({"get": "list"})),
    path("blocked-users/<int:user_id>", BlockViewSet.as_view({"post": "create", "delete": "destroy"})),
]
