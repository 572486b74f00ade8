"""Collecting the body of a request: bounded in bytes and in time, in memory while small, else in an unnamed file."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator
from typing import IO, Self

IN_MEMORY_BYTES = 256 * 1024
_EPILOGUE_BYTES = 1024


class Refused(Exception):
    """A body that is not taken: the status, its machine code, and the reason for a person."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


class Buffers:
    """All bodies that are being collected in this process, and the room in bytes that they may take together.

    A body has ``grace`` seconds, and one more for each ``rate`` bytes that have come: who was fast may pause.
    """

    def __init__(self, room: int, folder: str | None = None, *, grace: float = 20.0, rate: int = 1024) -> None:
        self._room = room
        self._folder = folder
        self._grace, self._rate = grace, rate

    async def collect(
        self, chunks: AsyncIterator[bytes], *, length: int | None, limit: int, ending: bytes = b""
    ) -> Body:
        """The whole body, from its start. length: as announced, None for a chunked one. ending: what must stand at its
        end, but for a line break or a remark. Raises Refused.
        """
        if length is not None and length > limit:
            raise too_large(limit)
        body = Body(self, tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES, dir=self._folder))  # noqa: SIM115 - it is kept
        try:
            await self._fill(body, chunks, limit)
            if (length is not None and body.size < length) or not body.ends_with(ending):
                raise Refused(400, "incomplete_body", "The body is shorter than announced")
        except BaseException:
            body.close()
            raise
        body.file.seek(0)
        return body

    def take(self, size: int) -> None:
        if size > self._room:
            raise Refused(503, "busy", "Too much is being uploaded at this moment; try again soon")
        self._room -= size

    def free(self, size: int) -> None:
        self._room += size

    async def _fill(self, body: Body, chunks: AsyncIterator[bytes], limit: int) -> None:
        began = time.monotonic()
        while True:
            left = began + self._grace + body.size / self._rate - time.monotonic()
            try:
                chunk = await asyncio.wait_for(anext(chunks), left)
            except StopAsyncIteration:
                return
            except TimeoutError:
                raise Refused(408, "too_slow", f"The body came at less than {self._rate} bytes a second") from None
            if body.size + len(chunk) > limit:
                raise too_large(limit)
            await body.append(chunk)


class Body:
    """A body that is collected, and the file to read it from."""

    def __init__(self, buffers: Buffers, file: IO[bytes]) -> None:
        self.file = file
        self.size = 0
        self._buffers = buffers

    async def append(self, chunk: bytes) -> None:
        self._buffers.take(len(chunk))
        self.size += len(chunk)
        try:
            if self.size <= IN_MEMORY_BYTES:
                self.file.write(chunk)
            else:
                # The disk may be slow, and others wait for this loop.
                await asyncio.to_thread(self.file.write, chunk)
        except OSError as error:
            raise Refused(507, "disk_full", "There is no room for the body at this moment") from error

    def ends_with(self, ending: bytes) -> bool:
        self.file.seek(max(0, self.size - len(ending) - _EPILOGUE_BYTES))
        return ending in self.file.read()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.file.close()
        self._buffers.free(self.size)


def too_large(limit: int) -> Refused:
    return Refused(413, "too_large", f"The body may not be larger than {limit:,} bytes")
