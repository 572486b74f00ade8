"""Uploads go straight to disk, and no further than the largest file that could be accepted."""

from __future__ import annotations

from django.conf import settings
from django.core.files.uploadhandler import TemporaryFileUploadHandler


class BoundedFileUploadHandler(TemporaryFileUploadHandler):
    """Stops writing past the limit but keeps counting: ``file.size`` tells the sender how much too large it was."""

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        limit = max(settings.MAX_ATTACHMENT_BYTES, settings.MAX_SOUNDTRACK_BYTES)
        if start < limit:
            super().receive_data_chunk(raw_data, start)
