"""Live events, measured: ``python -m bench.events [--clients 10000]``.

One event server holds the clients open, beside a web server whose processes passed them on, as under ``serve``.
Printed: what a stream costs each of the two, how long an event takes from ``publish`` until it is read, to one client
and to all of them, and what the web server answers per second with the streams open and without, silent and while
events flow. Exits with 1 when an event is lost, when a stream costs more than 30 KiB, or when the open streams cost the
web server more than a tenth.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import resource
import secrets
import socket
import statistics
import subprocess
import sys
import time
import uuid
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from datetime import timedelta

import psutil

from config.stack.testing import TestStack

LEAST_SHARE = 0.9
MOST_KIB = 30.0
OPENING_AT_ONCE = 50
ROUNDS, SINGLES = 3, 200
REQUESTS = 400


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=10_000)
    arguments = parser.parse_args()
    # A descriptor for each client here, one in the event server, one in a web process.
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard != resource.RLIM_INFINITY and hard < arguments.clients + 1024:
        sys.exit(f"{arguments.clients:,} clients take more descriptors than the {hard:,} of this machine (ulimit -Hn)")
    os.environ |= {"DJANGO_SETTINGS_MODULE": "config.settings", "THROTTLE": "off", "DJANGO_ALLOW_ASYNC_UNSAFE": "1"}
    os.environ |= {"SECRET_KEY": secrets.token_urlsafe(), "ACCESS_LOG": "false"}
    os.environ["EVENT_STREAMS"] = str(arguments.clients + 10)
    stack = TestStack()
    stack.start()
    try:
        tokens = _people(arguments.clients)
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        programs = [Program("config.streams"), Program("config.web", "--port", str(port))]
        try:
            return asyncio.run(_bench(*programs, port, tokens))
        finally:
            for program in programs:
                program.stop()
    finally:
        stack.stop()
        stack.remove()


class Program:
    def __init__(self, *module_and_arguments: str) -> None:
        self.process = subprocess.Popen([sys.executable, "-m", *module_and_arguments])

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()

    def memory(self) -> int:
        """Bytes that the program and its processes have to themselves."""
        tree = [psutil.Process(self.process.pid), *psutil.Process(self.process.pid).children(recursive=True)]
        return sum(process.memory_full_info().uss for process in tree)

    def seconds(self) -> float:
        """Processor time so far."""
        tree = [psutil.Process(self.process.pid), *psutil.Process(self.process.pid).children(recursive=True)]
        return sum(sum(process.cpu_times()[:2]) for process in tree)


async def ask(port: int, path: str, token: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n"
    writer.write(head.encode())
    return reader, writer


async def _bench(events: Program, web: Program, port: int, tokens: dict[int, str]) -> int:
    users = list(tokens)
    token = tokens[users[0]]
    await _until_streams_are_live(port, token)
    # What they make once, for the first requests of each kind.
    await _requests_per_second(port, token)
    before = events.memory(), web.memory()
    alone = await _requests_per_second(port, token)

    streams: dict[int, asyncio.StreamReader] = {}
    writers: list[asyncio.StreamWriter] = []
    gate = asyncio.Semaphore(OPENING_AT_ONCE)

    async def open_stream(user: int) -> None:
        async with gate:
            streams[user], writer = await ask(port, "/api/events", tokens[user])
            # A writer that is collected closes the connection.
            writers.append(writer)
            await streams[user].readuntil(b'"live":true')

    began = time.perf_counter()
    await asyncio.gather(*(open_stream(user) for user in users))
    opened = time.perf_counter() - began
    count = len(users)
    each = [(now - then) / count / 1024 for now, then in zip((events.memory(), web.memory()), before, strict=True)]
    used = events.seconds()
    beside = await _requests_per_second(port, token)

    singles = [await _delivery(streams, [users[i % count]], i) for i in range(SINGLES)]
    everybody = [await _delivery(streams, users, SINGLES + i) for i in range(ROUNDS)]
    flowing = await _while_events_flow(streams, users, port, token)
    spent = events.seconds() - used

    singles.sort()
    print(f"{count:,} streams, opened in {opened:.0f} s: {sum(each):.1f} KiB each ({each[0]:.1f} of the event server, ")
    print(f"  {each[1]:.1f} of the web processes that hold the connections)")
    print(f"an event to one client     {_ms(singles[len(singles) // 2])} p50, {_ms(singles[-len(singles) // 100])} p99")
    print(f"an event to all of them    {_ms(statistics.median(everybody))} until the last has it")
    print(f"web server, no streams     {alone:8.0f} requests/s")
    print(f"web server beside them     {beside:8.0f} requests/s, {beside / alone:.2f} of that")
    print(f"  while events flow        {flowing:8.0f} requests/s, {flowing / alone:.2f} of that")
    print(f"event server               {spent:8.1f} s of a processor in all that")
    return 0 if beside >= LEAST_SHARE * alone and sum(each) <= MOST_KIB else 1


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:8.1f} ms"


async def _delivery(streams: dict[int, asyncio.StreamReader], users: list[int], mark: int) -> float:
    """Seconds from publishing until the last of the users has read it."""
    waiting = [streams[user].readuntil(b'"requestId":%d}\n\n' % mark) for user in users]
    began = time.perf_counter()
    _publish(users, mark)
    await asyncio.wait_for(asyncio.gather(*waiting), 60)
    return time.perf_counter() - began


def _publish(users: Iterable[int], mark: int) -> None:
    from config.platform.events import publish

    publish(users, "support", {"requestId": mark})


async def _while_events_flow(
    streams: dict[int, asyncio.StreamReader], users: list[int], port: int, token: str
) -> float:
    """The web server's rate while a hundred clients a second hear of something."""

    async def flow() -> None:
        for mark in range(10**6, 2 * 10**6):
            await asyncio.to_thread(_publish, [users[mark % len(users)]], mark)
            await asyncio.sleep(0.01)

    flowing = asyncio.create_task(flow())
    try:
        return await _requests_per_second(port, token)
    finally:
        flowing.cancel()
        with suppress(asyncio.CancelledError):
            await flowing


async def _requests_per_second(port: int, token: str) -> float:
    async def one() -> None:
        reader, writer = await ask(port, "/api/auth/me", token)
        assert b" 200 " in (await reader.read())[:20]
        writer.close()

    return statistics.median([await _rate(one) for _ in range(ROUNDS)])


async def _rate(one: Callable[[], Awaitable[None]]) -> float:
    began = time.perf_counter()
    for _ in range(REQUESTS):
        await one()
    return REQUESTS / (time.perf_counter() - began)


async def _until_streams_are_live(port: int, token: str) -> None:
    while True:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            reader, writer = await ask(port, "/api/events", token)
            answer = await reader.readuntil(b'"live":')
            live = answer and await reader.readexactly(4) == b"true"
            writer.close()
            if live:
                return
        await asyncio.sleep(0.1)


def _people(count: int) -> dict[int, str]:
    """user -> access token."""
    import django

    django.setup()
    from django.core.management import call_command
    from django.utils import timezone

    from accounts.models import LoginSession, User
    from accounts.services.sessions import _tokens
    from tenants.services import create_tenant

    call_command("migrate", verbosity=0)
    tenant, now = create_tenant(name="bench"), timezone.now()
    people = [User(email=f"user{i}@example.com", name=f"user{i}", tenant=tenant, password="!") for i in range(count)]
    # As ``open_session`` does for one.
    sessions = [
        LoginSession(user=user, refresh_jti=uuid.uuid4().hex, rotated_at=now, expires_at=now + timedelta(days=1))
        for user in User.objects.bulk_create(people)
    ]
    return {session.user_id: _tokens(session).access for session in LoginSession.objects.bulk_create(sessions)}


if __name__ == "__main__":
    sys.exit(main())
