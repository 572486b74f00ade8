"""Answers of any length, made part by part while they are sent."""

from __future__ import annotations

from collections.abc import Iterator

from django.http import StreamingHttpResponse


class AnswerInParts(StreamingHttpResponse):
    """The front (``config.front.parts``) asks for the next part once the client has taken the one before, from any
    thread, and after the request's scopes have ended. What raises in between is seen by the client as a broken
    connection; a client that goes away closes ``parts``.
    """

    def __init__(self, parts: Iterator[bytes], *, content_type: str, headers: dict[str, str]) -> None:
        super().__init__(parts, content_type=content_type, headers=headers)
