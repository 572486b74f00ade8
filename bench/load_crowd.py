"""Those who come beside, in a process of their own: slow bodies, sign-ins without mercy, uploads."""

from __future__ import annotations

import asyncio
import itertools
import json
import multiprocessing
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from bench.load_rows import Person

SLOW_SECONDS = 2.0
"""Between two bytes of a slow body."""
_BOUNDARY = "end-of-part"


class Crowd:
    """So many slow bodies at once, sign-ins offered a second, and uploads at once."""

    def __init__(
        self, port: int, people: Sequence[Person], password: str, clip: bytes, *, slow: int, logins: int, uploads: int
    ) -> None:
        self._port, self._people, self._password, self._clip = port, people, password, clip
        self._slow, self._logins, self._uploads = slow, logins, uploads
        self._came: Counter[str] = Counter()

    @contextmanager
    def around(self) -> Iterator[dict[str, int]]:
        """The block beside them; what became of them is in the answer when it has ended."""
        context = multiprocessing.get_context("fork")
        here, there = context.Pipe()
        process = context.Process(target=lambda: asyncio.run(self._come(there)))
        process.start()
        here.recv()
        came: dict[str, int] = {}
        try:
            yield came
        finally:
            here.send("enough")
            came |= here.recv()
            process.join()

    async def _come(self, pipe: Any) -> None:
        tasks = [asyncio.create_task(self._send_slowly(number)) for number in range(self._slow)]
        tasks += [asyncio.create_task(self._upload(number)) for number in range(self._uploads)]
        if self._logins:
            tasks.append(asyncio.create_task(self._sign_in_all()))
        # Until all are there.
        await asyncio.sleep(2.0)
        self._came.clear()
        pipe.send("here")
        await asyncio.to_thread(pipe.recv)
        pipe.send(dict(sorted(self._came.items())))
        for task in tasks:
            task.cancel()

    async def _send_slowly(self, number: int) -> None:
        """A body to sign in, or of an upload, with a length or in chunks; again when it was given up."""
        chunked, upload = number % 2 == 0, number % 4 > 1
        path = "/api/upload" if upload else "/api/login"
        size = "Transfer-Encoding: chunked" if chunked else "Content-Length: 5000"
        token = self._people[number % len(self._people)].token
        head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{size}\r\n"
        while True:
            with suppress(OSError):
                reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
                writer.write(f"{head}Authorization: Bearer {token}\r\n\r\n".encode())
                while not reader.at_eof():
                    writer.write(b"1\r\n{\r\n" if chunked else b"{")
                    await writer.drain()
                    with suppress(TimeoutError):
                        line = await asyncio.wait_for(reader.readline(), SLOW_SECONDS)
                        self._came[f"slow body: {_status(line)}"] += 1
                        break
                writer.close()

    async def _sign_in_all(self) -> None:
        loop = asyncio.get_running_loop()
        began, running = loop.time(), set()
        for number in itertools.count():
            await asyncio.sleep(max(0.0, began + number / self._logins - loop.time()))
            person = self._people[number % len(self._people)]
            body = json.dumps({"email": person.email, "password": self._password}).encode()
            task = asyncio.create_task(self._post("sign-in", "/api/login", "application/json", body, ""))
            running.add(task)
            task.add_done_callback(running.discard)

    async def _upload(self, number: int) -> None:
        lines = [f"--{_BOUNDARY}", 'Content-Disposition: form-data; name="type"', "", "vid2vid", f"--{_BOUNDARY}"]
        lines += ['Content-Disposition: form-data; name="attachment"; filename="clip.mp4"', "Content-Type: video/mp4"]
        body = "\r\n".join([*lines, "", ""]).encode() + self._clip + f"\r\n--{_BOUNDARY}--\r\n".encode()
        kind = f"multipart/form-data; boundary={_BOUNDARY}"
        while True:
            await self._post("upload", "/api/upload", kind, body, self._people[number % len(self._people)].token)

    async def _post(self, what: str, path: str, kind: str, body: bytes, token: str) -> None:
        head = [f"POST {path} HTTP/1.1", "Host: localhost", f"Content-Type: {kind}", f"Content-Length: {len(body)}"]
        head += [f"Authorization: Bearer {token}"] if token else []
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
            writer.write("\r\n".join([*head, "Connection: close", "", ""]).encode() + body)
            line = await reader.readline()
            await reader.read()
            writer.close()
        except OSError:
            line = b""
            await asyncio.sleep(0.1)
        self._came[f"{what}: {_status(line)}"] += 1


def _status(line: bytes) -> str:
    return line.split()[1].decode() if line else "cut off"
