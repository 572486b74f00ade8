"""PostgreSQL and Redis for one test session, in a temporary folder that goes with it."""

import os
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from config.stack.postgres import Postgres
from config.stack.redis import Redis


class TestStack:
    """Points the environment at servers of its own; a preset DATABASE_URL or REDIS_URL is left alone and used.

    Make it before Django's settings are loaded.
    """

    __test__ = False

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="studio-test-"))
        # World-readable, so that the unprivileged user of the database may enter.
        self._folder.chmod(0o755)
        os.environ["STUDIO_DATA_DIR"] = str(self._folder)
        self._postgres = None if "DATABASE_URL" in os.environ else Postgres(self._folder / "postgres", durable=False)
        self._redis = None if "REDIS_URL" in os.environ else Redis(self._folder / "redis")
        if self._postgres:
            os.environ["DATABASE_URL"] = self._postgres.url
        if self._redis:
            os.environ["REDIS_URL"] = self._redis.url
        self._background = ThreadPoolExecutor(1)

    def prepare(self) -> None:
        """Begin the slow part in the background, while pytest collects."""
        if self._postgres:
            self._prepared = self._background.submit(self._postgres.prepare)

    def start(self) -> None:
        if self._postgres:
            self._prepared.result()
            self._postgres.start()
        if self._redis:
            self._redis.start()

    def stop(self) -> None:
        """Stop what was started, and remove the folder."""
        self._background.shutdown()
        for server in (self._redis, self._postgres):
            if server:
                server.stop()
        shutil.rmtree(self._folder)
