"""What the files of each tenant take up, kept by triggers (``studio.migrations.0011``) instead of summed when asked.

Both tables belong to the system and span tenants: no row tells more of a tenant than numbers.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class StoredBlob(models.Model):
    """A content in the storage, and how many files it is that of."""

    storage_key = models.CharField(max_length=255, primary_key=True)
    # Not a foreign key: the files already refer to their tenant.
    tenant_id = models.BigIntegerField()
    size = models.BigIntegerField(help_text="Bytes.")
    files = models.BigIntegerField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=("tenant_id",), name="storedblob_tenant")]

    def __str__(self) -> str:
        return self.storage_key


class TenantStorage(models.Model):
    """All of a tenant's blobs."""

    tenant_id = models.BigIntegerField(primary_key=True)
    bytes = models.BigIntegerField(default=0)
    blobs = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.bytes} bytes of tenant {self.tenant_id}"
