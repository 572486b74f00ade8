from django.conf import settings
from django.db import models


class IdempotencyRecord(models.Model):
    """The stored answer to a request that must not happen twice (see ``config.api.idempotency``).

    Written in the transaction of the work itself, so it exists exactly if the work does.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    # SHA-256 in hex of the method, the path and the body.
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    # The answer's JSON, byte for byte; null only while the work is under way.
    body = models.TextField(null=True)
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="api_idempotency_user_key")]

    def __str__(self) -> str:
        return f"{self.key} of user {self.user_id}"


class UnqueuedTask(models.Model):
    """Background work that Redis did not take when asked; the reaper queues it (``config.platform.background``)."""

    function = models.CharField(max_length=255, help_text="Path of the function.")
    arguments = models.JSONField()
    seconds = models.PositiveIntegerField(null=True, help_text="How long it may take; null: the queue's time.")
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.function


class UntoldChange(models.Model):
    """A change of a list whose freshness token Redis did not replace (``config.api.freshness``)."""

    name = models.CharField(max_length=255, help_text="The list's name.")
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name


class DurableEntry(models.Model):
    """What the cache ``durable`` keeps; its columns are those that Django's database cache asks for."""

    cache_key = models.CharField(max_length=255, primary_key=True)
    value = models.TextField()
    expires = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "durable_cache"

    def __str__(self) -> str:
        return self.cache_key


class Heartbeat(models.Model):
    """Until when a program that runs in the background has to show that it gets on (``config.platform.heartbeat``)."""

    name = models.CharField(max_length=64, primary_key=True)
    due_at = models.DateTimeField(help_text="When the next sign of life is due at the latest.")

    def __str__(self) -> str:
        return self.name
