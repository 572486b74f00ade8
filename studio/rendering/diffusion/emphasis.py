"""Emphasis in prompts, as the programs read it that people's prompts come from.

``(word)`` weighs 1.1, ``((word))`` 1.21, ``(word:1.3)`` 1.3 and ``[word]`` 1/1.1; weights of nested brackets multiply.
``\\(`` is a bracket of the text. ``BREAK`` ends a chunk of tokens. Without its partner a closing bracket is text, and
an opening one weighs up to the end of the prompt.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

MAX_BYTES = 6000
"""UTF-8 bytes of one prompt: no text has more tokens than bytes, and so not more than about 100 chunks."""
MAX_NESTING = 50
MAX_BREAKS = 20
BREAK = "BREAK"

_ROUND = 1.1
_SQUARE = 1 / 1.1
_PIECES = re.compile(r"\\[()\[\]\\]|[()\[\]]|:\s*[+-]?[.\d]+\s*\)|[^\\()\[\]:]+|[\\:]")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)")
_BREAKS = re.compile(r"\bBREAK\b")


class PromptSyntaxError(ValueError):
    """A prompt that is not read; the message is for the user."""


class Span(NamedTuple):
    """A piece of a prompt whose tokens weigh ``weight``; a chunk ends before it when ``breaks`` is set."""

    text: str
    weight: float = 1.0
    breaks: bool = False


def check_prompt(text: str) -> None:
    """Raise PromptSyntaxError when a prompt is longer or nested deeper than any encoder should read."""
    if len(text) > MAX_BYTES or len(text.encode("utf-8", "replace")) > MAX_BYTES:
        raise PromptSyntaxError(f"a text longer than {MAX_BYTES} bytes")
    if text.count(BREAK) > MAX_BREAKS and len(_BREAKS.findall(text)) > MAX_BREAKS:
        raise PromptSyntaxError(f"more than {MAX_BREAKS} BREAKs")
    depth = {"(": 0, "[": 0}
    for piece in _brackets(text):
        depth["(" if piece in "()" else "["] += 1 if piece in "([" else -1
        if max(depth.values()) > MAX_NESTING:
            raise PromptSyntaxError(f"nested deeper than {MAX_NESTING} brackets")


def _brackets(text: str) -> Iterator[str]:
    if "(" not in text and "[" not in text:
        return
    opened = {")": 0, "]": 0}
    for match in _PIECES.finditer(text):
        piece = match[0]
        if piece in ("(", "["):
            opened[")" if piece == "(" else "]"] += 1
            yield piece
        elif piece[0] != "\\" and piece[-1] in ")]" and opened[piece[-1]]:
            opened[piece[-1]] -= 1
            yield piece[-1]


def parse_emphasis(text: str) -> list[Span]:
    """The spans of a prompt; at least one. ``a (castle:1.3)`` is ``a`` at 1 and ``castle`` at 1.3."""
    check_prompt(text)
    texts: list[str] = []
    weights: list[float] = []
    breaks: set[int] = set()
    opened: dict[str, list[int]] = {"(": [], "[": []}

    def weigh(start: int, factor: float) -> None:
        weights[start:] = [weight * factor for weight in weights[start:]]

    def add(piece: str) -> None:
        texts.append(piece)
        weights.append(1.0)

    for match in _PIECES.finditer(text):
        piece = match[0]
        if piece[0] == "\\" and len(piece) > 1:
            add(piece[1:])
        elif piece in opened:
            opened[piece].append(len(texts))
        elif (closed := _closed_by(piece)) and opened[closed[0]]:
            weigh(opened[closed[0]].pop(), closed[1])
        else:
            *before, last = _BREAKS.split(piece)
            for index, part in enumerate(before):
                add(part.rstrip() if index == 0 else part.strip())
                breaks.add(len(texts))
            add(last.lstrip() if before else last)
    for start in opened["("]:
        weigh(start, _ROUND)
    for start in opened["["]:
        weigh(start, _SQUARE)
    return list(_merged(texts, weights, breaks)) or [Span("")]


def _closed_by(piece: str) -> tuple[str, float] | None:
    """The bracket that the piece closes where one is open, and the factor that it gives."""
    if piece == ")":
        return "(", _ROUND
    if piece == "]":
        return "[", _SQUARE
    if piece[0] == ":" and piece[-1] == ")" and _NUMBER.fullmatch(piece[1:-1].strip()):
        return "(", float(piece[1:-1])
    return None


def _merged(texts: list[str], weights: list[float], breaks: set[int]) -> Iterator[Span]:
    """Neighbours of one weight as one span, so that words are tokenised whole."""
    pieces: list[str] = []
    start = 0
    for index in range(len(texts) + 1):
        ends = index == len(texts) or index in breaks or weights[index] != weights[start]
        if ends and pieces:
            yield Span("".join(pieces), weights[start], start in breaks)
            pieces = []
        if not pieces:
            start = index
        if index < len(texts):
            pieces.append(texts[index])
