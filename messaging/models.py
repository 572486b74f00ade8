"""Chats of two people. Shared by all tenants: people write to each other across them."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from config.platform.words import WordsIndex

MAX_TEXT_LENGTH = 10_000
"""Characters: several pages, and short enough that a page of messages stays below 2 MB."""


class Chat(models.Model):
    """The one conversation of two people, who are kept in the order of their keys so that each pair has one spelling.

    Its row is the lock under which messages are sent, read and hidden: inside a chat, keys of messages grow in the
    order in which they are committed.
    """

    first = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    second = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("first", "second"), name="chat_one_per_pair"),
            models.CheckConstraint(condition=Q(first__lt=F("second")), name="chat_pair_ordered"),
        )

    def __str__(self) -> str:
        return f"chat of {self.first_id} and {self.second_id}"

    def other(self, user_id: int) -> int:
        """The key of whom ``user_id`` talks to."""
        return self.second_id if user_id == self.first_id else self.first_id


class Message(models.Model):
    """What one wrote to the other: plain text, a file or a video of the author, or both. Never changed.

    An attachment whose file is deleted is gone; the message stays.
    """

    chat = models.ForeignKey(Chat, on_delete=models.PROTECT, related_name="+", db_index=False)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    recipient = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    text = models.TextField(blank=True, max_length=MAX_TEXT_LENGTH)
    file = models.ForeignKey("studio.MediaFile", on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    video = models.ForeignKey("studio.Video", on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("-id",)
        indexes = (
            models.Index(fields=("chat", "-id"), name="message_history"),
            models.Index(fields=("recipient", "id"), name="message_inbox"),
            WordsIndex("text", name="message_words"),
        )
        constraints = (
            models.CheckConstraint(condition=~Q(author=F("recipient")), name="message_to_another"),
            models.CheckConstraint(condition=Q(file=None) | Q(video=None), name="message_one_attachment"),
        )

    def __str__(self) -> str:
        return f"message {self.pk} of chat {self.chat_id}"


class ChatMember(models.Model):
    """A chat as one of the two sees it: what is new, what the other has read, what comes last.

    ``read_up_to`` and ``peer_read_up_to`` are keys of messages: all up to them are read, by oneself and by the other.
    """

    chat = models.ForeignKey(Chat, on_delete=models.CASCADE, related_name="members", db_index=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    peer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    last_message = models.ForeignKey(
        Message, on_delete=models.SET_NULL, null=True, blank=True, related_name="+",
        help_text="The newest that this member has not hidden.",
    )  # fmt: skip
    unread = models.PositiveIntegerField(default=0)
    read_up_to = models.BigIntegerField(default=0)
    peer_read_up_to = models.BigIntegerField(default=0)
    active_at = models.DateTimeField(default=timezone.now, help_text="When the last message came, or the chat began.")

    class Meta:
        indexes = (
            models.Index(fields=("user", "-active_at", "-id"), name="chatmember_newest"),
            models.Index(fields=("user",), include=("unread",), condition=Q(unread__gt=0), name="chatmember_unread"),
        )
        constraints = (models.UniqueConstraint(fields=("chat", "user"), name="chatmember_once"),)

    def __str__(self) -> str:
        return f"{self.user_id} in chat {self.chat_id}"


class HiddenMessage(models.Model):
    """That a user no longer wants to see a message; the other one still does."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="+", db_index=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = (models.UniqueConstraint(fields=("message", "user"), name="hiddenmessage_once"),)

    def __str__(self) -> str:
        return f"message {self.message_id} for {self.user_id}"


class Block(models.Model):
    """That a user wants to hear nothing from another: neither writes to the other until it is lifted."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False)
    blocked = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(fields=("user", "blocked"), name="block_once"),
            models.CheckConstraint(condition=~Q(user=F("blocked")), name="block_another"),
        )

    def __str__(self) -> str:
        return f"{self.user_id} blocks {self.blocked_id}"
