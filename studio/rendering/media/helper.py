"""The process that looks at strangers' bytes: ``python -m studio.rendering.media.helper``; see ``sandbox.py``.

It reads one question a line on stdin and answers each with one line on stdout, and as many bytes after it as the
line's ``payload`` says. It ends when stdin does. Limits are set before the first question, and the kernel keeps them.
"""

from __future__ import annotations

import json
import math
import os
import resource
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from studio.rendering.errors import MediaError
from studio.rendering.media import stills
from studio.rendering.media.info import MediaLimits, Purpose
from studio.rendering.media.inspection import inspect, signature
from studio.rendering.media.sniff import Unsupported

MEMORY_BYTES = 1 << 30
"""Address space, a quarter of it libraries: enough for a photo of 100 megapixels, or for frames of 8K."""


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Ctrl-C is for the program that asks; when it ends, stdin does.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # A library that prints must not be taken for an answer.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    for line in sys.stdin.buffer:
        question = json.loads(line)
        _allow(question.pop("cpu_seconds"), question.pop("wall_seconds"))
        answer, payload = _answer(**question)
        answers.write(json.dumps({**answer, "payload": len(payload)}).encode() + b"\n" + payload)
        answers.flush()
        signal.setitimer(signal.ITIMER_REAL, 0)


Answer = tuple[dict[str, object], bytes]


def _allow(cpu_seconds: int, wall_seconds: float) -> None:
    """Let the kernel end us unless the next question is answered within these."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = math.ceil(used.ru_utime + used.ru_stime) + cpu_seconds
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))
    signal.setitimer(signal.ITIMER_REAL, wall_seconds)


def _answer(call: str, path: str, **arguments: object) -> Answer:
    try:
        found, payload = _CALLS[call](Path(path), **arguments)
    except MediaError as error:
        return {"error": {"code": error.code, "message": error.message}}, b""
    except MemoryError:
        message = "It takes too much memory to read this file: it is damaged or made to."
        return {"error": {"code": "too_costly", "message": message}, "retire": True}, b""
    except Exception:  # noqa: BLE001 - decoders raise anything for damaged files; the caller logs it
        damaged = {"code": "not_media", "message": "The file is damaged and can't be read."}
        return {"error": damaged, "unexpected": traceback.format_exc(), "retire": True}, b""
    return {"found": found}, payload


def _sniff(path: Path) -> Answer:
    try:
        found = signature(path)
    except (Unsupported, MediaError):
        found = None
    return {"mime_type": found and found.mime_type}, b""


def _inspect(path: Path, *, purpose: Purpose | None, limits: dict[str, Any]) -> Answer:
    return inspect(path, purpose, MediaLimits(**limits)).to_json(), b""


def _still(path: Path, *, width: int, height: int) -> Answer:
    return {}, stills.read(path, width, height)


_CALLS: dict[str, Callable[..., Answer]] = {
    "sniff": _sniff,
    "inspect": _inspect,
    "still": _still,
}

if __name__ == "__main__":
    main()
