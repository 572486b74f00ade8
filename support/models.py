"""Support requests, the talk about them, and the answers that staff keep at hand. Shared by all tenants."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

MAX_TEXT_LENGTH = 10_000
"""Characters."""


class SupportRequest(models.Model):
    """A question to the staff, by a user or by somebody who gave an address.

    ::

        open  <-> unread <-> read       open: filed; unread: the author wrote; read: staff saw or answered it
          \\        |         /
           +-----> closed ---> open     by staff, or by a new message of the author
    """

    class Status(models.IntegerChoices):
        OPEN = 1, "Open"
        CLOSED = 2, "Closed"
        UNREAD = 3, "Unread"
        READ = 4, "Read"

    class Subject(models.IntegerChoices):
        OTHER = 0, "Something else"
        ACCOUNT = 1, "My account"
        LOGIN = 2, "Login and password"
        PAYMENTS = 3, "Payments"
        ORDERS = 4, "Orders"
        CREDITS = 5, "GPU credits"
        REFUNDS = 6, "Refunds"
        UPLOADS = 7, "Uploads"
        RENDERING = 8, "Rendering"
        QUALITY = 9, "Quality of a video"
        GALLERY = 10, "Gallery and moderation"
        TECHNICAL = 11, "Technical problem"
        SUGGESTION = 12, "Suggestion"

    TRANSITIONS: ClassVar[dict[int, frozenset[int]]] = {
        Status.OPEN: frozenset({Status.UNREAD, Status.READ, Status.CLOSED}),
        Status.UNREAD: frozenset({Status.OPEN, Status.READ, Status.CLOSED}),
        Status.READ: frozenset({Status.OPEN, Status.UNREAD, Status.CLOSED}),
        Status.CLOSED: frozenset({Status.OPEN}),
    }

    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False,
        help_text="Empty: somebody without an account, or not logged in.",
    )  # fmt: skip
    login = models.CharField(max_length=255, blank=True, help_text="The author's name.")
    email = models.EmailField(max_length=255)
    subject = models.PositiveSmallIntegerField(choices=Subject.choices, default=Subject.OTHER)
    status = models.PositiveSmallIntegerField(choices=Status.choices, default=Status.OPEN)
    order = models.ForeignKey("commerce.Order", on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    video = models.ForeignKey("studio.Video", on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)
    first_response_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True, help_text="When it was closed last; empty while it is not.")

    class Meta:
        ordering = ("-id",)
        indexes = (
            models.Index(fields=("author", "-id"), name="supportrequest_author"),
            models.Index(fields=("status", "-id"), name="supportrequest_status"),
            models.Index(fields=("assignee", "-id"), name="supportrequest_assignee"),
            models.Index(fields=("subject", "-id"), name="supportrequest_subject"),
            models.Index(fields=("created_at", "id"), name="supportrequest_created"),
            models.Index(fields=("email", "-id"), name="supportrequest_email"),
        )
        constraints = (
            models.CheckConstraint(condition=Q(status__in=(1, 2, 3, 4)), name="supportrequest_status_known"),
            models.CheckConstraint(
                condition=Q(first_response_at=None) | Q(first_response_at__gte=F("created_at")),
                name="supportrequest_answered_after",
            ),
        )

    def __str__(self) -> str:
        return f"#{self.pk} {self.get_subject_display()}"

    @property
    def first_response_time(self) -> timedelta | None:
        """How long the author waited for the first answer."""
        return self.first_response_at - self.created_at if self.first_response_at else None

    @property
    def resolution_time(self) -> timedelta | None:
        """How long it took until it was closed for the last time."""
        return self.closed_at - self.created_at if self.closed_at else None

    def move(self, to: int, **changes: object) -> bool:
        """Compare and swap the status; False means that somebody else was faster, and the row was read again."""
        if to not in self.TRANSITIONS[self.status]:
            raise ValueError(f"A support request can't go from {self.status} to {to}.")
        now = timezone.now()
        closed = {"closed_at": now if to == self.Status.CLOSED else None}
        changes = {"status": to, "updated_at": now, **closed, **changes}
        moved = bool(SupportRequest.objects.filter(pk=self.pk, status=self.status).update(**changes))
        if moved:
            for name, value in changes.items():
                setattr(self, name, value)
        else:
            self.refresh_from_db()
        return moved


class SupportMessage(models.Model):
    """One contribution to the talk: the author's, an answer of staff, or a note that only staff see."""

    class Kind(models.TextChoices):
        QUESTION = "question"
        ANSWER = "answer"
        NOTE = "note"

    request = models.ForeignKey(SupportRequest, on_delete=models.CASCADE, related_name="messages", db_index=False)
    kind = models.CharField(max_length=16, choices=Kind.choices)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    text = models.TextField(max_length=MAX_TEXT_LENGTH)
    files = models.ManyToManyField("studio.MediaFile", blank=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("id",)
        indexes = (models.Index(fields=("request", "id"), name="supportmessage_thread"),)
        constraints = (
            models.CheckConstraint(
                condition=Q(kind="question") | Q(author__isnull=False), name="supportmessage_staff_signs"
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class CannedAnswer(models.Model):
    """An answer that staff give often."""

    title = models.CharField(max_length=255, unique=True)
    text = models.TextField(max_length=MAX_TEXT_LENGTH)
    enabled = models.BooleanField(default=True)

    class Meta:
        ordering = ("title",)

    def __str__(self) -> str:
        return self.title
