"""The long-lived render worker: it never forks, so models and CUDA stay warm between jobs."""

from __future__ import annotations

import functools
import logging
import threading
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any, ClassVar, Concatenate, ParamSpec, TypeVar

from redis import Redis
from redis.exceptions import RedisError
from rq import Queue
from rq.exceptions import DequeueTimeout, StopRequested
from rq.job import Job
from rq.worker import SimpleWorker, WorkerStatus

logger = logging.getLogger(__name__)

_TTL_SECONDS = 30
"""Of the worker's name in Redis. Half of it is how long it listens before it looks at the rows by itself."""
_AWAY_SECONDS = 2.0
"""Between two looks at the rows while Redis is away."""


W = TypeVar("W", bound=SimpleWorker)
P = ParamSpec("P")
R = TypeVar("R")


def _whatever_redis_says(method: Callable[Concatenate[W, P], R]) -> Callable[Concatenate[W, P], R | None]:
    """RQ's books in Redis are for people who watch workers: what can't be written there stops neither worker nor
    render.
    """

    @functools.wraps(method)
    def call(worker: W, *args: P.args, **kwargs: P.kwargs) -> R | None:
        try:
            return method(worker, *args, **kwargs)
        except RedisError as error:
            logger.warning("Redis does not answer (%s): %s", method.__name__, error)
            return None

    return call


class RenderWorker(SimpleWorker):
    """An RQ worker that renders in its own process and puts a running render back when it is asked to stop.

    Redis only brings messages that something waits. The worker looks at the rows by itself when none has come for a
    while, and all the time while Redis is away: no message is missed, only late.

    ``render_due`` renders one job that waits, if there is one, and answers whether there was. While ``is_drained``
    answers True it listens to nobody, so that no message comes to a worker that would claim nothing.
    """

    current: ClassVar[RenderWorker | None] = None

    def __init__(self, queues: Sequence[Queue], *, connection: Redis) -> None:
        self.stopping = threading.Event()
        self.render_due: Callable[[], bool] = lambda: False
        self.is_drained: Callable[[], bool] = lambda: False
        self._rendering = False
        self._more = False
        super().__init__(queues, connection=connection, worker_ttl=_TTL_SECONDS)
        RenderWorker.current = self

    def work(self, *args: Any, **kwargs: Any) -> bool:
        try:
            return super().work(*args, **kwargs)
        except StopRequested:
            # Before it ever reached Redis.
            return False

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """SIGTERM or Ctrl-C: the render in progress stops at its next denoising step and goes back to the queue."""
        self.stopping.set()
        super().request_stop(signum, frame)

    def bootstrap(self, *args: Any, **kwargs: Any) -> None:
        self._install_signal_handlers()
        while True:
            try:
                return super().bootstrap(*args, **kwargs)
            except RedisError as error:
                self._do_without_redis(error)

    def register_birth(self) -> None:
        # What an earlier try has left; the name is nobody else's.
        self.connection.delete(self.key)
        super().register_birth()

    def dequeue_job_and_maintain_ttl(
        self, timeout: int | None, max_idle_time: int | None = None
    ) -> tuple[Job, Queue] | None:
        """The next message; None when a burst finds no more."""
        self.set_state(WorkerStatus.IDLE)
        while True:
            try:
                if not self.connection.exists(self.key):
                    # Redis has lost everything, or a render took long.
                    self.register_birth()
                self.heartbeat()
                if self._rests():
                    if timeout is None:
                        return None
                    continue
                # After a render it listens for no time: what waits next may have no message.
                message = self.queue_class.dequeue_any(
                    self._ordered_queues,
                    None if self._more else timeout,
                    connection=self.connection,
                    job_class=self.job_class,
                    serializer=self.serializer,
                    death_penalty_class=self.death_penalty_class,
                )
                if message or timeout is None:
                    self._more = timeout is not None
                    return message
                self._more = self._look_busily()
            except DequeueTimeout:
                self._more = self._look_busily()
            except RedisError as error:
                if timeout is None:
                    return None
                self._do_without_redis(error)

    def execute_job(self, job: Job, queue: Queue) -> None:
        self._rendering = True
        try:
            _whatever_redis_says(SimpleWorker.execute_job)(self, job, queue)
        finally:
            self._rendering = False

    def _do_without_redis(self, error: RedisError) -> None:
        logger.warning("Redis does not answer (%s); looking at the rows", error)
        if not self._look():
            self.stopping.wait(_AWAY_SECONDS)

    def _look_busily(self) -> bool:
        """``_look``, told to those who knock: they knock for idle workers."""
        self.set_state(WorkerStatus.BUSY)
        found = self._look()
        self.set_state(WorkerStatus.IDLE)
        return found

    def _rests(self) -> bool:
        """Wait a moment if the worker is drained; answers whether it is."""
        try:
            drained = self.is_drained()
        except Exception:
            # Without the database there is nothing to claim either.
            logger.exception("Whether the worker is drained can't be read")
            return False
        if drained:
            self.set_state(WorkerStatus.SUSPENDED)
            self.stopping.wait(_AWAY_SECONDS)
        elif self.get_state() == WorkerStatus.SUSPENDED:
            self.set_state(WorkerStatus.IDLE)
            self._more = True
        return drained

    def _look(self) -> bool:
        """Render what waits, if anything does; answers whether there was something."""
        self._rendering = True
        try:
            return self.render_due()
        except Exception:
            # Without the database there is nothing to look at.
            logger.exception("The rows can't be looked at")
            return False
        finally:
            self._rendering = False
            if self._stop_requested:
                raise StopRequested

    def _shutdown(self) -> None:
        """Stop now, or after the render: nothing is raised into one, and Redis may be away."""
        self._stop_requested = True
        if not self._rendering:
            raise StopRequested

    def _set_ip_address(self, connection: Redis) -> None:
        try:
            super()._set_ip_address(connection)
        except RedisError:
            self.ip_address = "unknown"

    check_for_suspension = _whatever_redis_says(SimpleWorker.check_for_suspension)
    heartbeat = _whatever_redis_says(SimpleWorker.heartbeat)
    register_death = _whatever_redis_says(SimpleWorker.register_death)
    run_maintenance_tasks = _whatever_redis_says(SimpleWorker.run_maintenance_tasks)
    set_state = _whatever_redis_says(SimpleWorker.set_state)
    unsubscribe = _whatever_redis_says(SimpleWorker.unsubscribe)
