"""What a console does to a render while it runs: commands, who may give them, and what each frame was made with.

The rows are the truth, as those of the queue are: Redis only says that there may be something new.
"""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from studio.models.jobs import RenderJob
from tenants.models import TenantModel


class Steering(TenantModel):
    """The console's side of one job, from the first time that anybody takes its controls.

    ``epoch`` grows whenever the controls change hands: a token is good for the epoch that it was given for.
    """

    job = models.OneToOneField(RenderJob, on_delete=models.CASCADE, related_name="steering")
    last_number = models.BigIntegerField(default=0, help_text="Of the newest command.")
    epoch = models.PositiveIntegerField(default=0)
    controller = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False,
        help_text="Who holds the controls, or whom they were handed to and has not taken them yet.",
    )  # fmt: skip
    offered = models.BooleanField(default=False, help_text="Handed over, and not taken yet.")
    expires_at = models.DateTimeField(null=True, blank=True, help_text="When anybody who may steer can take them.")
    state = models.JSONField(default=dict, blank=True, help_text="What is steered, as of the newest frame or ack.")

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(controller__isnull=True) | models.Q(expires_at__isnull=False),
                name="steering_lease_ends",
            )
        ]

    def __str__(self) -> str:
        return f"controls of render {self.job_id}"


class SteeringCommand(TenantModel):
    """One command to a render, numbered upwards within its job: waiting -> applied | refused."""

    class State(models.TextChoices):
        WAITING = "waiting"
        APPLIED = "applied"
        REFUSED = "refused"

    job = models.ForeignKey(RenderJob, on_delete=models.CASCADE, related_name="commands", db_index=False)
    number = models.BigIntegerField()
    kind = models.CharField(max_length=16)
    body = models.JSONField(default=dict, blank=True)
    state = models.CharField(max_length=16, choices=State.choices, default=State.WAITING)
    price = models.PositiveIntegerField(default=0, help_text="GPU credits that were set aside for what it adds.")
    applied_at_frame = models.PositiveIntegerField(null=True, blank=True)
    read_at_frame = models.PositiveIntegerField(
        null=True, blank=True, help_text="The frame before which the worker read it, which a rewind turns back from."
    )
    effective = models.JSONField(null=True, blank=True, help_text="What holds from that frame on.")
    refused = models.CharField(max_length=255, blank=True, help_text="Why, in words for whoever gave it.")
    created_at = models.DateTimeField(auto_now_add=True)
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("number",)
        indexes: ClassVar = [
            models.Index(fields=("job", "number"), condition=models.Q(state="waiting"), name="steeringcommand_waiting"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=("job", "number"), name="steeringcommand_once"),
            models.CheckConstraint(condition=models.Q(number__gt=0), name="steeringcommand_number_positive"),
            models.CheckConstraint(
                condition=models.Q(state="waiting", settled_at__isnull=True)
                | (~models.Q(state="waiting") & models.Q(settled_at__isnull=False)),
                name="steeringcommand_settled_has_date",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.number} of render {self.job_id}"


class FrameRecord(TenantModel):
    """What a frame of an animation was made with, until the frame table of the finished film is stored."""

    job = models.ForeignKey(RenderJob, on_delete=models.CASCADE, related_name="records", db_index=False)
    frame = models.PositiveIntegerField()
    record = models.JSONField()

    class Meta:
        ordering = ("frame",)
        constraints: ClassVar = [models.UniqueConstraint(fields=("job", "frame"), name="framerecord_once")]

    def __str__(self) -> str:
        return f"frame {self.frame} of render {self.job_id}"
