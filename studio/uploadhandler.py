"""Uploads go straight to disk, and no further than the largest file that could be accepted."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import TemporaryUploadedFile, UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, TemporaryFileUploadHandler

from config.platform import scratch


class ScratchUploadedFile(TemporaryUploadedFile):
    """In this process's own folder, so that what a killed process leaves is found; its name owes the sender nothing."""

    def __init__(self, name: str | None, *figures: Any) -> None:
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
            with self._closed_on_failure():
                super().receive_data_chunk(raw_data, start)

    def file_complete(self, file_size: int) -> UploadedFile | None:
        with self._closed_on_failure():
            return super().file_complete(file_size)

    @contextmanager
    def _closed_on_failure(self) -> Iterator[None]:
        """A full disk leaves no half body; Django closes it for an interrupted upload only."""
        try:
            yield
        except OSError:
            with suppress(OSError):
                self.file.close()
            raise
