"""Render a restyled clip and an animation through the whole system, and say where they are.

Starts the system as `serve` does, registers a user over HTTP, uploads, previews, finalizes, downloads, and stops it.
"""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from studio.demo import Client, DemoFailed, run
from studio.rendering.media.images import write_contact_sheet
from studio.rendering.media.sample import write_clip, write_soundtrack

READY = "Mage AI Studio is ready"
STAFF_LOGIN = "Staff login:"
STOP_SECONDS = 30.0


class Command(BaseCommand):
    help = __doc__
    # The database comes up with the system that this command starts.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--output", type=Path, default=settings.BASE_DIR / "demo", help="folder for the results")
        parser.add_argument("--clip", type=Path, help="a clip of your own instead of the drawn one")
        parser.add_argument("--url", help="a system that already runs, such as http://127.0.0.1:8000")

    def handle(self, *, output: Path, clip: Path | None, url: str | None, **options: object) -> None:
        started = time.monotonic()
        output.mkdir(parents=True, exist_ok=True)
        clip = clip or write_clip(output / "clip.mp4", width=320, height=180, seconds=2.0)
        soundtrack = write_soundtrack(output / "soundtrack.mp3")
        with _system(output / "serve.log", self.stdout.write) if url is None else _running(url) as base_url:
            client = Client(base_url)
            email, password = client.register()
            try:
                videos = run(client, clip=clip, soundtrack=soundtrack, folder=output)
            except DemoFailed as error:
                raise CommandError(f"{error} (log: {output / 'serve.log'})") from error
        rows = [("uploaded", clip), *videos.items()]
        sheet = write_contact_sheet(rows, output / "contact-sheet.png")
        self.stdout.write(f"\nDone in {time.monotonic() - started:.0f} s:")
        for path in (*videos.values(), sheet):
            self.stdout.write(f"  {path}")
        self.stdout.write(
            f"\nSee it live: make serve, then http://127.0.0.1:{settings.PORT}/deforumation-qt"
            f"\n  user   {email} / {password}   (POST /api/login gives the token that the console asks for)"
        )


@contextmanager
def _running(url: str) -> Iterator[str]:
    yield url.rstrip("/")


@contextmanager
def _system(log: Path, say: Callable[[str], None]) -> Iterator[str]:
    """The whole system on a free port, for as long as the block runs; its output goes to the log."""
    port = _free_port()
    say("Starting PostgreSQL, Redis, the web server and a worker ...")
    process = subprocess.Popen(
        [sys.executable, str(settings.BASE_DIR / "manage.py"), "serve", "--host", "127.0.0.1", "--port", str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    ready = threading.Event()
    pump = threading.Thread(target=_pump, args=(process, log, ready, say), daemon=True)
    pump.start()
    try:
        while not ready.wait(0.2):
            if process.poll() is not None:
                pump.join()
                raise CommandError(f"The system did not start:\n{_tail(log)}")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
        pump.join()


def _pump(process: "subprocess.Popen[str]", log: Path, ready: threading.Event, say: Callable[[str], None]) -> None:
    assert process.stdout is not None
    with log.open("w") as file:
        for line in process.stdout:
            file.write(line)
            file.flush()
            if READY in line:
                ready.set()
            elif STAFF_LOGIN in line:
                # Printed once, at the first start on this data folder: don't bury it in the log.
                say(line[line.index(STAFF_LOGIN) :].rstrip())


def _tail(log: Path) -> str:
    return "\n".join(log.read_text().splitlines()[-15:])


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
