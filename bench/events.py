"""Live events, measured: ``python -m bench.events [--clients 1000]``.

An event server holds the clients open beside a web server of one worker. Printed: how long an event takes to one client
and to all of them, and what the web server answers per second with the streams open and without. Exits with 1 when an
event is lost, or when the open streams cost the web server more than a tenth.
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
from collections.abc import Awaitable, Callable

import psutil

from config.stack.testing import TestStack

LEAST_SHARE = 0.9
OPENING_AT_ONCE = 50
ROUNDS, SINGLES = 3, 50
REQUESTS = 400


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=1000)
    arguments = parser.parse_args()
    files = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(files[1], 4 * arguments.clients + 1024), files[1]))
    os.environ |= {"DJANGO_SETTINGS_MODULE": "config.settings", "THROTTLE": "off", "DJANGO_ALLOW_ASYNC_UNSAFE": "1"}
    os.environ["SECRET_KEY"] = secrets.token_urlsafe()
    stack = TestStack()
    stack.start()
    try:
        tokens = _people(arguments.clients)
        servers = {kind: Server(kind) for kind in ("asgi", "wsgi")}
        try:
            return asyncio.run(_bench(servers, tokens))
        finally:
            for server in servers.values():
                server.stop()
    finally:
        stack.stop()
        stack.remove()


class Server:
    def __init__(self, interface: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        options = ["--interface", interface, "--port", str(self.port), "--log-level", "error", "--no-ws"]
        self.process = subprocess.Popen([sys.executable, "-m", "granian", *options, f"config.{interface}:application"])

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()

    def memory(self) -> int:
        """Bytes of the server and its worker."""
        tree = [psutil.Process(self.process.pid), *psutil.Process(self.process.pid).children(recursive=True)]
        return sum(process.memory_info().rss for process in tree)

    async def ask(self, path: str, token: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        head = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode())
        return reader, writer


async def _bench(servers: dict[str, Server], tokens: dict[int, str]) -> int:
    events, web = servers["asgi"], servers["wsgi"]
    users = list(tokens)
    for server in servers.values():
        await _until_it_answers(server, tokens[users[0]])
    empty = events.memory()
    alone = await _requests_per_second(web, tokens[users[0]])

    streams: dict[int, asyncio.StreamReader] = {}
    writers: list[asyncio.StreamWriter] = []
    gate = asyncio.Semaphore(OPENING_AT_ONCE)

    async def open_stream(user: int) -> None:
        async with gate:
            streams[user], writer = await events.ask("/api/events", tokens[user])
            # A writer that is collected closes the connection.
            writers.append(writer)
            await streams[user].readuntil(b'"live":true')

    began = time.perf_counter()
    await asyncio.gather(*(open_stream(user) for user in users))
    opened = time.perf_counter() - began
    beside = await _requests_per_second(web, tokens[users[0]])

    singles = [await _delivery(streams, [users[i % len(users)]], i) for i in range(SINGLES)]
    everybody = [await _delivery(streams, users, SINGLES + i) for i in range(ROUNDS)]
    count = len(users)
    print(f"{count:,} clients, opened in {opened:.1f} s, {(events.memory() - empty) / count / 1024:.0f} KiB each")
    print(f"an event to one client   {1000 * statistics.median(singles):8.1f} ms (median of {SINGLES})")
    print(f"an event to all of them  {1000 * statistics.median(everybody):8.1f} ms until the last has it")
    print(f"web server beside them   {beside:8.0f} requests/s, {beside / alone:.2f} of {alone:.0f} without")
    return 0 if beside >= LEAST_SHARE * alone else 1


async def _delivery(streams: dict[int, asyncio.StreamReader], users: list[int], mark: int) -> float:
    """Seconds from publishing until the last of the users has read it."""
    from config.platform.events import publish

    waiting = [streams[user].readuntil(b'"requestId":%d}\n\n' % mark) for user in users]
    began = time.perf_counter()
    publish(users, "support", {"requestId": mark})
    await asyncio.wait_for(asyncio.gather(*waiting), 60)
    return time.perf_counter() - began


async def _requests_per_second(server: Server, token: str) -> float:
    async def one() -> None:
        reader, writer = await server.ask("/api/auth/me", token)
        assert b" 200 " in (await reader.read())[:20]
        writer.close()

    return statistics.median([await _rate(one) for _ in range(ROUNDS)])


async def _rate(one: Callable[[], Awaitable[None]]) -> float:
    began = time.perf_counter()
    for _ in range(REQUESTS):
        await one()
    return REQUESTS / (time.perf_counter() - began)


async def _until_it_answers(server: Server, token: str) -> None:
    while True:
        try:
            reader, writer = await server.ask("/api/auth/me", token)
            if await reader.read():
                writer.close()
                return
        except ConnectionError:
            await asyncio.sleep(0.1)


def _people(count: int) -> dict[int, str]:
    """user -> access token."""
    import django

    django.setup()
    from django.core.management import call_command

    from accounts.models import User
    from accounts.services import Device, open_session
    from tenants.services import create_tenant

    call_command("migrate", verbosity=0)
    tenant = create_tenant(name="bench")
    people = [User(email=f"user{i}@example.com", name=f"user{i}", tenant=tenant, password="!") for i in range(count)]
    return {user.pk: open_session(user=user, device=Device()).access for user in User.objects.bulk_create(people)}


if __name__ == "__main__":
    sys.exit(main())
