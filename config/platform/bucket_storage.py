"""Files in a bucket; in a module of its own, because it loads boto3."""

from __future__ import annotations

from storages.backends.s3 import S3Storage

from config.platform.storage import Guarded


class BucketStorage(Guarded, S3Storage):
    """A bucket of S3, or of what speaks like it."""
