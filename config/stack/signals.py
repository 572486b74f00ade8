"""Commands that run until they are told to stop."""

import signal
import threading
from types import FrameType


def stop_event(event: threading.Event | None = None) -> threading.Event:
    """An event, new or given, that SIGTERM and Ctrl-C set from now on; call it in the main thread."""
    event = event or threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        event.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    return event
