"""Chats, messages and blocks over HTTP. To anybody who is not in a chat, it does not exist."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from config.api.envelope import ok
from config.api.errors import ValidationFailed
from config.api.idempotency import idempotent
from config.api.permissions import Authenticated
from config.api.views import APIViewSet, parse
from messaging import services
from messaging.lists import BlockList, ChatList, MessageList
from messaging.models import Block, Message
from messaging.rows import (
    BLOCK_COLUMNS,
    CHAT_COLUMNS,
    MESSAGE_COLUMNS,
    BlockedUserRow,
    ChatRow,
    MessageRow,
    UpdatesRow,
    blocked_row,
    chat_row,
    message_row,
)
from messaging.serializers import NewChatSerializer, NewMessageSerializer, ReadSerializer
from tenants.scope import all_tenants


class ChatViewSet(APIViewSet):
    permissions: ClassVar = {
        "list": [Authenticated],
        "retrieve": [Authenticated],
        "with_user": [Authenticated],
        "create": [Authenticated],
        "read": [Authenticated],
    }
    throttles: ClassVar = {"create": "message"}
    lists: ClassVar = {"list": ChatList}

    @extend_schema(responses=Sequence[ChatRow])
    def list(self, request: Request) -> Response:
        """The caller's chats, the one with the newest message first."""
        # The last message may carry a file of the other one's tenant; being in the chat is the permission.
        with all_tenants():
            chats = services.overview(request.user)
            return self.list_response(
                request, chats, columns=CHAT_COLUMNS, row=chat_row, message="Chats retrieved successfully"
            )

    @extend_schema(responses=ChatRow)
    def retrieve(self, request: Request, chat_id: int) -> Response:
        services.find_member(user=request.user, chat_id=chat_id)
        return ok(_chat(request, chat_id), "Chat retrieved successfully")

    @extend_schema(responses=ChatRow)
    def with_user(self, request: Request, user_id: int) -> Response:
        """The chat with somebody, or a null id."""
        services.find_person(user_id)
        chat = services.chat_between(request.user, user_id)
        return ok(_chat(request, chat.pk) if chat else {"id": None}, "Chat retrieved successfully")

    @extend_schema(request=NewChatSerializer, responses=ChatRow)
    def create(self, request: Request) -> Response:
        """Begin a chat; with somebody one has a chat with already, it is the same one."""
        recipient_id = parse(NewChatSerializer, request)["recipientUserId"]
        chat = services.open_chat(user=request.user, recipient_id=recipient_id)
        return ok(_chat(request, chat.pk), "Chat created successfully")

    @extend_schema(request=ReadSerializer, responses=ChatRow)
    def read(self, request: Request, chat_id: int) -> Response:
        """The caller has read the chat: the other one sees it at the messages."""
        up_to = parse(ReadSerializer, request)["messageId"]
        services.mark_read(user=request.user, chat_id=chat_id, up_to=up_to)
        return ok(_chat(request, chat_id), "Chat marked as read")


class MessageViewSet(APIViewSet):
    permissions: ClassVar = {
        "list": [Authenticated],
        "create": [Authenticated],
        "updates": [Authenticated],
        "destroy": [Authenticated],
    }
    throttles: ClassVar = {"create": "message"}
    lists: ClassVar = {"list": MessageList}

    @extend_schema(responses=Sequence[MessageRow])
    def list(self, request: Request, chat_id: int) -> Response:
        """A chat's messages, newest first. Listing them does not mark them as read."""
        member = services.find_member(user=request.user, chat_id=chat_id)
        receipts = {member.user_id: member.peer_read_up_to, member.peer_id: member.read_up_to}
        # Attachments may be of the other one's tenant; being in the chat is the permission.
        with all_tenants():
            return self.list_response(
                request,
                services.history(member),
                columns=MESSAGE_COLUMNS,
                row=partial(message_row, receipts=receipts),
                message="Messages retrieved successfully",
            )

    @extend_schema(request=NewMessageSerializer, responses={201: MessageRow})
    @idempotent
    def create(self, request: Request) -> Response:
        """Write into a chat: a text, an own file or video, or both."""
        values = parse(NewMessageSerializer, request)
        attachment = services.own_attachment(
            user=request.user, kind=values["attachmentType"], attachment_id=values.get("attachmentId")
        )
        text = values.get("message") or ""
        message = services.send_message(user=request.user, chat_id=values["chatId"], text=text, attachment=attachment)
        row = Message.objects.values(*MESSAGE_COLUMNS).get(pk=message.pk)
        return ok(message_row(row, {request.user.pk: 0}), "Message sent successfully", status=201)

    @extend_schema(
        responses=UpdatesRow,
        parameters=[OpenApiParameter("after", int, description="As answered by the poll before; nothing to begin.")],
    )
    def updates(self, request: Request) -> Response:
        """What others wrote since the last poll, over all chats, oldest first."""
        found = services.updates(user=request.user, after=_after(request.query_params.get("after")))
        with all_tenants():
            rows = list(found.messages.values(*MESSAGE_COLUMNS))
        data: UpdatesRow = {
            "items": [message_row(row, {row["author_id"]: found.read[row["chat_id"]]}) for row in rows],
            "after": found.after,
            "more": found.more,
            "unreadCount": found.unread,
        }
        return ok(data, "Messages retrieved successfully")

    @extend_schema(responses=None)
    def destroy(self, request: Request, message_id: int) -> Response:
        """Hide a message from the caller alone."""
        services.hide_message(user=request.user, message_id=message_id)
        return ok(None, "Message hidden")


class BlockViewSet(APIViewSet):
    permissions: ClassVar = {"list": [Authenticated], "create": [Authenticated], "destroy": [Authenticated]}
    lists: ClassVar = {"list": BlockList}

    @extend_schema(responses=Sequence[BlockedUserRow])
    def list(self, request: Request) -> Response:
        """Whom the caller has blocked."""
        return self.list_response(
            request,
            Block.objects.filter(user=request.user),
            columns=BLOCK_COLUMNS,
            row=blocked_row,
            message="Blocked users retrieved successfully",
        )

    @extend_schema(request=None, responses=None)
    def create(self, request: Request, user_id: int) -> Response:
        """Neither can write to the other any more."""
        services.block(user=request.user, user_id=user_id)
        return ok(None, "User blocked")

    @extend_schema(responses=None)
    def destroy(self, request: Request, user_id: int) -> Response:
        services.unblock(user=request.user, user_id=user_id)
        return ok(None, "User unblocked")


def _chat(request: Request, chat_id: int) -> ChatRow:
    with all_tenants():
        return chat_row(services.overview(request.user).values(*CHAT_COLUMNS).get(chat=chat_id))


def _after(text: str | None) -> int | None:
    if text is None:
        return None
    if not re.fullmatch(r"[0-9]{1,18}", text):
        raise ValidationFailed({"after": ["Must be the after of an earlier answer."]})
    return int(text)
