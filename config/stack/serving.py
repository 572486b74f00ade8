"""All processes of one machine: which there are, in which order they rise, and when they are ready."""

import asyncio
import http.client
import os
import secrets
import signal
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from config import VERSION
from config.stack.addresses import local_url, reachable_host
from config.stack.embedded import is_ours, remember, remembered
from config.stack.heartbeats import HeartbeatWatch, heartbeat_file
from config.stack.logs import Log
from config.stack.postgres import Postgres
from config.stack.programs import Program
from config.stack.redis import Redis
from config.stack.server import READY_SECONDS, EmbeddedServer
from config.stack.supervisor import Supervisor

WEB_READY_SECONDS = 300.0
"""A first start on a small, busy machine included."""
POLL_SECONDS = 0.1
LAST_PORT = 65535
STATUS_PATH = "/api/status"
UPKEEP = ("reaper", "watcher", "background")
"""The parts of the program ``upkeep``, by the names under which they give signs of life."""


@dataclass(frozen=True)
class Site:
    """What to serve. ``health_host`` is a Host header that the application accepts."""

    base_dir: Path
    data_dir: Path
    host: str
    port: int
    workers: int
    health_host: str

    @property
    def url(self) -> str:
        return local_url(self.host, self.port)

    def answers(self) -> bool:
        """Whether the status page answers 200 right now."""
        connection = http.client.HTTPConnection(reachable_host(self.host), self.port, timeout=5)
        try:
            connection.request("GET", STATUS_PATH, headers={"Host": self.health_host})
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


class PortInUse(RuntimeError):
    """Nobody can listen there, or somebody else does."""


def check_port(host: str, port: int) -> None:
    """Raises PortInUse."""
    if not 0 < port <= LAST_PORT:
        raise PortInUse(f"Can't listen on port {port}: PORT has to be from 1 to {LAST_PORT}.")
    try:
        socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET).close()
    except OSError as error:
        raise PortInUse(f"Can't listen on {host}:{port} ({error.strerror}). Choose another PORT.") from None


async def serve(site: Site, log: Log) -> None:
    """Bring everything up and keep it up until SIGINT or SIGTERM; a second signal kills.

    Call it in the main thread. Raises RuntimeError when something does not come up; everything is stopped then.
    """
    supervisor = Supervisor(log)
    serving = asyncio.current_task()
    assert serving is not None
    stopping = False

    def on_signal() -> None:
        nonlocal stopping
        if stopping:
            supervisor.kill()
        else:
            stopping = True
            serving.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, on_signal)
    log.say("serve", f"Mage AI Studio {VERSION}")
    try:
        await _rise(site, supervisor, log)
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        log.say("serve", "Stopping (once more to kill) ...")
    finally:
        # From here on a signal kills instead of cancelling.
        stopping = True
        await supervisor.stop()
    log.say("serve", "Stopped.")


async def _rise(site: Site, supervisor: Supervisor, log: Log) -> None:
    environment = await _start_servers(site, supervisor)
    manage = [sys.executable, str(site.base_dir / "manage.py")]

    def command(name: str, *arguments: str) -> Program:
        return Program(name, [*manage, *arguments], environment)

    def watched(program: Program, *parts: str) -> Program:
        return replace(program, heartbeat=HeartbeatWatch(*(heartbeat_file(site.data_dir, part) for part in parts)))

    await supervisor.run(command("prepare", "prepare"))
    supervisor.start(watched(command("upkeep", "upkeep"), *UPKEEP))
    names = [f"render-{number}" for number in range(1, site.workers + 1)]
    supervisor.start(*(watched(command(name, "render_worker", "--name", name), name) for name in names))
    # One stage: an open stream ends with either of them, and keeps neither waiting.
    supervisor.start(_web(site, environment), watched(_python("events", site, environment, "config.streams"), "events"))
    await _until(site.answers, f"{site.url}{STATUS_PATH} does not answer 200.", WEB_READY_SECONDS)
    log.say("serve", f"Mage AI Studio is ready: {site.url}/  (console /deforumation-qt, staff /admin/, API /api/docs)")


async def _start_servers(site: Site, supervisor: Supervisor) -> dict[str, str]:
    """Start the servers that the environment does not name; the environment of everything else."""
    last = remembered(site.data_dir)
    servers: dict[str, EmbeddedServer] = {}
    if is_ours("DATABASE_URL", site.data_dir):
        servers["DATABASE_URL"] = Postgres(site.data_dir / "postgres")
    if is_ours("REDIS_URL", site.data_dir):
        servers["REDIS_URL"] = Redis(site.data_dir / "redis")
    found = {name: server.url for name, server in servers.items()}
    if is_ours("SECRET_KEY", site.data_dir):
        found["SECRET_KEY"] = last.get("SECRET_KEY") or secrets.token_urlsafe(48)
    for server in servers.values():
        server.prepare()
        supervisor.start(server.program())
        await _until(server.is_ready, f"{server.name} does not answer.", READY_SECONDS)
        server.bootstrap()
    remember(site.data_dir, found)
    # OpenMP threads that spin while they wait starve everything else on a small machine: 10 s a batch instead of 0.2 s.
    waiting = os.environ.get("OMP_WAIT_POLICY", "passive")
    # Links in mails follow the port that was asked for on the command line.
    listening = {"HOST": site.host, "PORT": str(site.port)}
    own = {"STUDIO_DATA_DIR": str(site.data_dir), "PYTHONUNBUFFERED": "1", "OMP_WAIT_POLICY": waiting}
    return {**found, **listening, **own}


async def _until(condition: Callable[[], bool], complaint: str, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not await asyncio.to_thread(condition):
        if time.monotonic() > deadline:
            raise RuntimeError(complaint)
        await asyncio.sleep(POLL_SECONDS)


def _web(site: Site, environment: dict[str, str]) -> Program:
    program = _python("web", site, environment, "config.web", "--host", site.host, "--port", str(site.port))
    # It ends its processes when it ends in order, not when it is killed.
    return replace(program, death_signal=signal.SIGTERM)


def _python(name: str, site: Site, environment: dict[str, str], module: str, *arguments: str) -> Program:
    path = os.pathsep.join(filter(None, [str(site.base_dir), os.environ.get("PYTHONPATH")]))
    return Program(name, [sys.executable, "-m", module, *arguments], {**environment, "PYTHONPATH": path})
