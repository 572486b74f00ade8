"""Uploads go straight to disk, and no further than the largest file that could be accepted."""

from __future__ import annotations

import tempfile
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import TemporaryUploadedFile, UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, TemporaryFileUploadHandler

from config import scratch


class ScratchUploadedFile(TemporaryUploadedFile):
    """In this process's own folder, so that what a killed process leaves is found; its name owes the sender nothing."""

    def __init__(self, name: str, *figures: Any) -> None:
        # Closed, and with it deleted, by whoever handles the request.
        file = tempfile.NamedTemporaryFile(suffix=".upload", dir=scratch.upload_folder())  # noqa: SIM115
        UploadedFile.__init__(self, file, name, *figures)


class BoundedFileUploadHandler(TemporaryFileUploadHandler):
    """Stops writing past the limit but keeps counting: ``file.size`` tells the sender how much too large it was."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        FileUploadHandler.new_file(self, *args, **kwargs)
        self.file = ScratchUploadedFile(self.file_name, self.content_type, 0, self.charset, self.content_type_extra)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        limit = max(settings.MAX_ATTACHMENT_BYTES, settings.MAX_SOUNDTRACK_BYTES)
        if start < limit:
            super().receive_data_chunk(raw_data, start)
