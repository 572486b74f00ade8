"""The long-lived render worker: it never forks, so models and CUDA stay warm between jobs."""

from __future__ import annotations

import threading
from types import FrameType
from typing import Any, ClassVar

from rq.worker import SimpleWorker


class RenderWorker(SimpleWorker):
    """An RQ worker that renders in its own process and puts a running render back when it is asked to stop."""

    current: ClassVar[RenderWorker | None] = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.stopping = threading.Event()
        RenderWorker.current = self

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """SIGTERM or Ctrl-C: the render in progress stops at its next denoising step and goes back to the queue."""
        self.stopping.set()
        super().request_stop(signum, frame)
