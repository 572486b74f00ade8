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
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

import psutil

from config.stack.testing import TestStack

LEAST_SHARE = 0.9
MOST_KIB = 30.0
OPENING_AT_ONCE = 50
ROUNDS, SINGLES = 3, 200
REQUESTS = 400
WARMING = 300
EVENTS = 3000
IDLE_SECONDS = 12.0


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
    await _requests(web, port, token)
    for user in users[:WARMING]:
        reader, writer = await ask(port, "/api/events", tokens[user])
        await reader.readuntil(b'"live":true')
        writer.close()
    before = events.memory(), web.memory()
    alone = await _requests(web, port, token)
    flowing_to_nobody = await _while_events_flow(users, web, port, token)

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
    beside = await _requests(web, port, token)

    singles = [await _delivery(streams, [users[i % count]], i) for i in range(SINGLES)]
    everybody = [await _delivery(streams, users, SINGLES + i) for i in range(ROUNDS)]
    flowing = await _while_events_flow(users, web, port, token)
    costs, idle = await _costs_of_an_event((events, web), users)

    singles.sort()
    print(f"{count:,} streams, opened in {opened:.0f} s: {sum(each):.1f} KiB each")
    print(f"  {each[0]:.1f} KiB of the event server, {each[1]:.1f} KiB of the web processes whose connections they are")
    print(f"an event to one client     {_ms(singles[len(singles) // 2])} p50, {_ms(singles[-len(singles) // 100])} p99")
    print(f"an event to all of them    {_ms(statistics.median(everybody))} until the last has it")
    print(f"it costs the event server {costs[0]:.2f} ms of a processor, the web processes {costs[1]:.2f} ms")
    print(f"while nothing happens they take {idle[0]:.1f} % and {idle[1]:.1f} % of a processor")
    print(f"web server, no streams     {alone}")
    print(f"  beside the streams       {beside}, {beside.per_second / alone.per_second:.2f} of that rate")
    print(f"  events told to nobody    {flowing_to_nobody}")
    print(f"  the same told to all     {flowing}, {flowing.per_second / flowing_to_nobody.per_second:.2f} of that rate")
    return 0 if beside.per_second >= LEAST_SHARE * alone.per_second and sum(each) <= MOST_KIB else 1


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


async def _costs_of_an_event(programs: Iterable[Program], users: list[int]) -> tuple[list[float], list[float]]:
    """For each program: milliseconds of a processor, beyond what it takes anyhow; and that, in percent of one."""

    def tell() -> None:
        for mark in range(EVENTS):
            _publish([users[mark % len(users)]], 3 * 10**6 + mark)

    began, idle = time.perf_counter(), [-program.seconds() for program in programs]
    await asyncio.sleep(IDLE_SECONDS)
    lasted = time.perf_counter() - began
    idle = [(used + program.seconds()) / lasted for used, program in zip(idle, programs, strict=True)]
    began, busy = time.perf_counter(), [-program.seconds() for program in programs]
    await asyncio.to_thread(tell)
    # As often as in the silence before do they look who may go on.
    await asyncio.sleep(max(1.0, IDLE_SECONDS - (time.perf_counter() - began)))
    lasted = time.perf_counter() - began
    busy = [used + program.seconds() for used, program in zip(busy, programs, strict=True)]
    costs = [1000 * (used - rest * lasted) / EVENTS for used, rest in zip(busy, idle, strict=True)]
    return costs, [100 * rest for rest in idle]


async def _while_events_flow(users: list[int], web: Program, port: int, token: str) -> Rate:
    """The web server's rate while a hundred clients a second hear of something."""

    async def flow() -> None:
        for mark in range(10**6, 2 * 10**6):
            await asyncio.to_thread(_publish, [users[mark % len(users)]], mark)
            await asyncio.sleep(0.01)

    flowing = asyncio.create_task(flow())
    try:
        return await _requests(web, port, token)
    finally:
        flowing.cancel()
        with suppress(asyncio.CancelledError):
            await flowing


@dataclass(frozen=True)
class Rate:
    """per_second: by the clock, which all that runs on the machine slows. ms: processor time of the web server each."""

    per_second: float
    ms: float

    def __str__(self) -> str:
        return f"{self.per_second:8.0f} requests/s, {self.ms:5.2f} ms of its processor each"


async def _requests(web: Program, port: int, token: str) -> Rate:
    """One after the other; the best of the rounds, since others on the machine can only take away."""

    async def one() -> None:
        reader, writer = await ask(port, "/api/auth/me", token)
        assert b" 200 " in (await reader.read())[:20]
        writer.close()

    rates = []
    for _ in range(ROUNDS):
        began, used = time.perf_counter(), web.seconds()
        for _ in range(REQUESTS):
            await one()
        spent = time.perf_counter() - began
        rates.append(Rate(REQUESTS / spent, 1000 * (web.seconds() - used) / REQUESTS))
    return Rate(max(rate.per_second for rate in rates), min(rate.ms for rate in rates))


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
