"""The render job: one run on a GPU, and the queue's truth."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Now
from django.utils import timezone

from studio.models.catalogue import ModelFile
from studio.models.files import MediaFile
from studio.models.videos import Video
from tenants.managers import TenantManager, TenantQuerySet
from tenants.models import TenantModel


class RenderJobQuerySet(TenantQuerySet["RenderJob"]):
    def active(self) -> RenderJobQuerySet:
        return self.filter(status__in=RenderJob.ACTIVE)

    def queued(self) -> RenderJobQuerySet:
        return self.filter(status=RenderJob.Status.QUEUED)

    def due(self) -> RenderJobQuerySet:
        """Queued, and not waiting for a part of ours to come back."""
        return self.queued().filter(models.Q(not_before=None) | models.Q(not_before__lte=Now()))

    def running(self) -> RenderJobQuerySet:
        return self.filter(status=RenderJob.Status.RUNNING)

    def forgotten(self) -> RenderJobQuerySet:
        """Paused for longer than anybody's credits are kept aside for it."""
        patience = timedelta(days=settings.PAUSED_DAYS)
        return self.filter(status=RenderJob.Status.PAUSED, paused_at__lt=Now() - patience)

    def abandoned(self) -> RenderJobQuerySet:
        """Running, but nobody renews the lease: the worker is dead."""
        return self.running().filter(lease_expires_at__lt=Now())


RenderJobManager = TenantManager.from_queryset(RenderJobQuerySet)


def seconds_from_now(seconds: float) -> CombinedExpression:
    """A moment by the database's clock, the only one that all machines share: for ``update`` and ``move``."""
    return Now() + timedelta(seconds=seconds)


def lease_end() -> CombinedExpression:
    """When a lease that is given or renewed now runs out."""
    return seconds_from_now(settings.LEASE_SECONDS)


def dispatch_id(key: uuid.UUID) -> str:
    """The name under which clients and their logs know a render: tells nothing of how many there are."""
    return f"job_{key.hex}"


class RenderJob(TenantModel):
    """One render of a video, with a frozen plan. A repeat is a new row; the rows are the video's history.

    ::

        queued -> running -> completed
          |  ^       |-----> failed
          |  +-------|  (the lease ran out: another attempt)
          |  +-------+-----> paused  (by a console; queued again when it resumes)
          +----------+---------+---> cancelled

    The worker that runs it holds a lease and renews it; only the holder of the lease may move or write it.
    """

    class Purpose(models.TextChoices):
        PREVIEW = "preview"
        FINAL = "final"

    class Status(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        PAUSED = "paused"
        COMPLETED = "completed"
        FAILED = "failed"
        CANCELLED = "cancelled"

    ACTIVE: ClassVar[tuple[str, ...]] = (Status.QUEUED, Status.RUNNING, Status.PAUSED)
    FILES: ClassVar[tuple[str, ...]] = (
        "output", "still", "animation", "poster", "thumbnail", "sprite", "frame_table", "checkpoint",
    )  # fmt: skip
    """What a render leaves, each the field that names its file; all but the output are called like the file's kind."""
    TRANSITIONS: ClassVar[dict[str, frozenset[str]]] = {
        Status.QUEUED: frozenset({Status.RUNNING, Status.FAILED, Status.CANCELLED}),
        Status.RUNNING: frozenset({Status.QUEUED, Status.PAUSED, Status.COMPLETED, Status.FAILED, Status.CANCELLED}),
        Status.PAUSED: frozenset({Status.QUEUED, Status.CANCELLED}),
        Status.COMPLETED: frozenset(),
        Status.FAILED: frozenset(),
        Status.CANCELLED: frozenset(),
    }

    video = models.ForeignKey(Video, on_delete=models.PROTECT, related_name="jobs")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    purpose = models.CharField(max_length=16, choices=Purpose.choices)
    workflow = models.CharField(max_length=16, choices=Video.Type.choices)
    provider = models.CharField(max_length=32, default="local")
    effect = models.ForeignKey("effects.Effect", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    # The database draws it, so that rows from before the column have one too.
    dispatch_key = models.UUIDField(db_default=RandomUUID(), unique=True, editable=False)
    model_file = models.ForeignKey(ModelFile, on_delete=models.PROTECT, related_name="+")
    parameters = models.JSONField(help_text="The request as the API takes it, defaults filled in.")
    plan = models.JSONField(help_text="The frozen RenderPlan.")
    continues = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="+",
        help_text="The job whose checkpoint this one goes on from: an approved preview, or the job that it extends.",
    )  # fmt: skip
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.QUEUED)
    queue = models.CharField(max_length=64)
    priority = models.SmallIntegerField(default=0)
    not_before = models.DateTimeField(null=True, blank=True, help_text="It waits for a part of ours to come back.")
    attempts = models.PositiveSmallIntegerField(default=0)
    productive_attempt = models.PositiveSmallIntegerField(default=0, help_text="The last that finished a new frame.")
    lease_id = models.UUIDField(null=True, blank=True)
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    worker = models.CharField(max_length=128, blank=True)
    progress = models.FloatField(default=0.0, help_text="Percent.")
    frames_done = models.PositiveIntegerField(default=0)
    frames_reached = models.PositiveIntegerField(default=0, help_text="The most that an attempt had finished.")
    frames_total = models.PositiveIntegerField()
    eta_seconds = models.FloatField(null=True, blank=True)
    error = models.TextField(blank=True, help_text="In words that a user understands.")
    error_code = models.CharField(max_length=64, blank=True)
    request_id = models.CharField(max_length=64, blank=True, help_text="Of the request that asked for it.")
    cause = models.TextField(blank=True, help_text="What went wrong last, for staff alone.")
    output = models.ForeignKey(MediaFile, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    still = models.ForeignKey(MediaFile, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    animation = models.ForeignKey(MediaFile, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    poster = models.ForeignKey(MediaFile, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    thumbnail = models.ForeignKey(MediaFile, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    sprite = models.ForeignKey(MediaFile, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    frame_table = models.ForeignKey(MediaFile, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    checkpoint = models.ForeignKey(MediaFile, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    queued_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    paused_at = models.DateTimeField(
        null=True, blank=True, help_text="When its worker gave the GPU back; while paused."
    )
    finished_at = models.DateTimeField(null=True, blank=True)
    seconds_per_frame = models.FloatField(null=True, blank=True, help_text="Of the attempt that finished it.")
    price = models.PositiveIntegerField(default=0, help_text="GPU credits, paid if the render is completed.")
    hold = models.OneToOneField(
        "commerce.CreditHold", on_delete=models.PROTECT, null=True, blank=True, related_name="render_job"
    )

    objects: ClassVar[RenderJobManager] = RenderJobManager()

    class Meta:
        ordering = ("-id",)
        indexes = (
            models.Index(fields=("tenant", "owner", "-id"), name="renderjob_owner"),
            models.Index(fields=("tenant", "owner", "-queued_at", "-id"), name="renderjob_listed"),
            models.Index(fields=("tenant", "video", "-id"), name="renderjob_video"),
            # What staff look for: those in some state, what went wrong, what a request in the log asked for.
            models.Index(fields=("status", "-id"), condition=~models.Q(status="completed"), name="renderjob_status"),
            models.Index(fields=("error_code", "-id"), condition=~models.Q(error_code=""), name="renderjob_error"),
            models.Index(fields=("request_id",), condition=~models.Q(request_id=""), name="renderjob_request"),
            # The claim and the queue figures look at all tenants' active jobs, which are few among many.
            models.Index(
                fields=("queue", "-priority", "queued_at"),
                condition=models.Q(status="queued"),
                name="renderjob_queued",
            ),
            models.Index(fields=("lease_expires_at",), condition=models.Q(status="running"), name="renderjob_running"),
            # A user's next job, once it is the user's turn.
            models.Index(
                fields=("owner", "queue", "-priority", "queued_at", "id"),
                condition=models.Q(status="queued", provider="local", not_before=None),
                name="renderjob_turn",
            ),
            models.Index(
                fields=("not_before",),
                condition=models.Q(status="queued", not_before__isnull=False),
                name="renderjob_delayed",
            ),
            models.Index(
                fields=("owner", "status"),
                condition=models.Q(status__in=("queued", "running", "paused")),
                name="renderjob_owner_active",
            ),
            models.Index(fields=("paused_at",), condition=models.Q(status="paused"), name="renderjob_paused"),
            # What failed lately, by its code: all that the count needs, so that no row is read.
            models.Index(
                fields=("finished_at",),
                include=("tenant", "owner", "error_code", "id"),
                condition=models.Q(status="failed"),
                name="renderjob_failed",
            ),
            # How many ended in a time, and how.
            models.Index(
                fields=("finished_at",),
                include=("status", "error_code"),
                condition=models.Q(finished_at__isnull=False),
                name="renderjob_ended",
            ),
            models.Index(
                fields=("model_file", "purpose", "-finished_at"),
                condition=models.Q(status="completed", seconds_per_frame__isnull=False),
                name="renderjob_pace",
            ),
        )
        constraints = (
            # One active render for a video: two requests at once can't both queue one.
            models.UniqueConstraint(
                fields=("video",),
                condition=models.Q(status__in=("queued", "running", "paused")),
                name="renderjob_one_active",
            ),
            models.CheckConstraint(
                condition=~models.Q(status="running") | models.Q(lease_id__isnull=False),
                name="renderjob_running_leased",
            ),
            models.CheckConstraint(
                condition=~models.Q(status="paused") | models.Q(lease_id__isnull=True, paused_at__isnull=False),
                name="renderjob_paused_unleased",
            ),
        )

    def __str__(self) -> str:
        return f"{self.purpose} {self.pk} of video {self.video_id}"

    @property
    def is_active(self) -> bool:
        return self.status in self.ACTIVE

    @property
    def frames_before(self) -> int:
        """Those of the video that it extends, paid already."""
        before = self.continues
        return before.frames_total if before is not None and before.video_id != self.video_id else 0

    @property
    def fruitless_attempts(self) -> int:
        """Attempts in a row, this one included, without a new frame."""
        return self.attempts - self.productive_attempt

    @property
    def dispatch_id(self) -> str:
        return dispatch_id(self.dispatch_key)

    def move(self, to: str, *, holding: uuid.UUID | None = None, **changes: object) -> bool:
        """Compare and swap the state: one UPDATE that succeeds only from the state this row was read with.

        A worker passes the lease it is ``holding``, and succeeds only while it holds it. Answers whether the move
        happened; False means that somebody else was faster, and the row was read again. What the database computes
        of the ``changes`` is read back.
        """
        if to not in self.TRANSITIONS[self.status]:
            raise ValueError(f"A render can't go from {self.status} to {to}.")
        mine = type(self)._base_manager.filter(pk=self.pk, status=self.status)
        if holding is not None:
            mine = mine.filter(lease_id=holding)
        moved = bool(mine.update(status=to, **changes))
        if moved:
            computed = [name for name, value in changes.items() if hasattr(value, "resolve_expression")]
            for name, value in {"status": to, **changes}.items():
                if name not in computed:
                    setattr(self, name, value)
            if computed:
                self.refresh_from_db(fields=computed)
        else:
            self.refresh_from_db()
        return moved

    def held(self, lease_id: uuid.UUID) -> models.QuerySet[RenderJob]:
        """This row, while that lease holds it; empty once it was cancelled or given to another worker."""
        return type(self)._base_manager.filter(pk=self.pk, status=self.Status.RUNNING, lease_id=lease_id)
