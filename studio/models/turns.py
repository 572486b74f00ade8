"""Counters by which the queue finds whose turn it is, and says how long it is, without counting.

Triggers on the render jobs' table keep them in the transaction that moves a job (``studio.migrations.0007``), so every
door is covered. They belong to the system and span tenants: no row tells more of a user than a number.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q


class QueueUser(models.Model):
    """A user who has rendered or renders. Whoever changes what is counted of a user locks this row first."""

    # Not a foreign key: the counters come and go with jobs, which already refer to the user.
    owner_id = models.BigIntegerField(primary_key=True)
    running = models.IntegerField(default=0)
    served = models.BigIntegerField(
        null=True, help_text="The number of the last claim, of all users' claims. No clock, since clocks jump."
    )

    def __str__(self) -> str:
        return f"user {self.owner_id}"


class QueueTurn(models.Model):
    """What a user has waiting in one queue that is due, and what decides about the turn."""

    owner_id = models.BigIntegerField()
    queue = models.CharField(max_length=64)
    waiting = models.IntegerField(default=0)
    running = models.IntegerField(default=0, help_text="In all queues, as QueueUser has it.")
    served = models.BigIntegerField(null=True, help_text="As QueueUser has it.")
    head_priority = models.SmallIntegerField(null=True, help_text="Of the user's next job here, as the two below.")
    head_queued_at = models.DateTimeField(null=True)
    head_id = models.BigIntegerField(null=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=("owner_id", "queue"), name="queueturn_one")]
        indexes: ClassVar = [
            # The order of turns; studio.services.jobs.turns.ORDER names the same.
            models.Index(
                F("queue"),
                F("running"),
                F("served").asc(nulls_first=True),
                F("head_priority").desc(),
                F("head_queued_at"),
                F("head_id"),
                condition=Q(waiting__gt=0),
                name="queueturn_order",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.waiting} of user {self.owner_id} in {self.queue}"


class QueueTotal(models.Model):
    """Jobs that wait, and the frames that they lack, over all users; in shards, so that few moves meet in one row."""

    queue = models.CharField(max_length=64)
    due = models.BooleanField(help_text="For our workers, and now: neither delayed nor for another encoder.")
    model_file_id = models.BigIntegerField()
    purpose = models.CharField(max_length=16)
    shard = models.SmallIntegerField(help_text="The owner's id modulo SHARDS.")
    jobs = models.IntegerField(default=0)
    frames = models.BigIntegerField(default=0)

    SHARDS: ClassVar[int] = 32

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=("shard", "queue", "due", "model_file_id", "purpose"), name="queuetotal_one")
        ]

    def __str__(self) -> str:
        return f"{self.jobs} in {self.queue}"
