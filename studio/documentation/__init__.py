"""The studio's operations in words: renders, videos and files, effects applied."""

from __future__ import annotations

from config.api.documentation import Operation
from studio.documentation import effects, renders, steering, videos
from studio.documentation.examples import EXAMPLES as EXAMPLES

TAGS: dict[str, str] = {**renders.TAGS, **steering.TAGS, **videos.TAGS, **effects.TAGS}
OPERATIONS: list[Operation] = [*renders.OPERATIONS, *steering.OPERATIONS, *videos.OPERATIONS, *effects.OPERATIONS]

__all__ = ["EXAMPLES", "OPERATIONS", "TAGS"]
