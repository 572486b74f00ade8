"""One stream of lines from many programs, each line under its program's name."""

import asyncio
import os
import zlib
from contextlib import suppress
from datetime import UTC, datetime
from typing import TextIO

NAME_WIDTH = 10
LINE_BYTES = 64 * 1024
"""A longer line is cut into lines of this length."""
COLOURS = (32, 33, 34, 35, 36, 92, 93, 94, 95, 96)
"""ANSI foreground colours that are read on light and on dark; red is left to errors."""


class Log:
    """Writes prefixed lines to ``stream``, coloured when it is a terminal."""

    def __init__(self, stream: TextIO):
        self._stream = stream
        self._coloured = stream.isatty() and "NO_COLOR" not in os.environ

    def say(self, name: str, text: str) -> None:
        """A line of the supervisor's own, in the form that the programs' lines have."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        self.line(name, f"{now} INFO serve request=-: {text}")

    def line(self, name: str, text: str) -> None:
        prefix = f"{name:<{NAME_WIDTH}} |"
        if self._coloured:
            prefix = f"\x1b[{COLOURS[zlib.crc32(name.encode()) % len(COLOURS)]}m{prefix}\x1b[0m"
        # Without a reader the programs go on; a pipe that is not emptied would stop them.
        with suppress(OSError, ValueError):
            self._stream.write(f"{prefix} {text}\n")
            self._stream.flush()

    async def copy(self, name: str, descriptor: int) -> None:
        """Copy what comes out of a pipe until its last writer closes it. Takes over ``descriptor``."""
        reader = asyncio.StreamReader(limit=LINE_BYTES)
        loop = asyncio.get_running_loop()
        transport, _ = await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(descriptor, "rb", buffering=0)
        )
        try:
            pending = b""
            while chunk := await reader.read(LINE_BYTES):
                *lines, pending = (pending + chunk).split(b"\n")
                if len(pending) >= LINE_BYTES:
                    lines, pending = [*lines, pending], b""
                for line in lines:
                    self.line(name, _text(line))
            if pending:
                self.line(name, _text(pending))
        finally:
            transport.close()


def _text(line: bytes) -> str:
    # A progress bar redraws itself with carriage returns: its last state is the line.
    return line.decode(errors="replace").rstrip("\r").rpartition("\r")[2]
