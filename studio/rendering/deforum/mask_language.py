"""Composable masks: ``{video_mask} & ![face.png] | {everywhere}`` as a small language over masks in 0..1.

``{name}`` is a mask the render provides, ``[file]`` an image; ``!`` inverts, ``&`` multiplies, ``|`` is the maximum,
``^`` the absolute difference and ``\\`` the difference cut at 0. Operators bind in that order, equal ones from the
left.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.float32]

VARIABLES = ("video_mask", "everywhere")
MAX_LENGTH = 1000

_TOKEN = re.compile(r"\s*(?:\{(?P<variable>\w+)\}|\[(?P<file>[^\[\]]+)\]|(?P<symbol>[!&|^\\()]))")
_LEVELS: tuple[tuple[str, Callable[[Mask, Mask], Mask]], ...] = (
    ("\\", lambda a, b: np.maximum(a - b, 0)),
    ("^", lambda a, b: np.abs(a - b)),
    ("|", np.maximum),
    ("&", lambda a, b: a * b),
)

Node = Callable[[Mapping[str, Mask], Callable[[str], Mask]], Mask]


class MaskSyntaxError(ValueError):
    """A mask expression that can't be read; the message is for the user."""


@dataclass(frozen=True)
class MaskExpression:
    """A parsed mask expression; called with the variables and a file reader it gives the mask."""

    node: Node
    variables: tuple[str, ...]
    files: tuple[str, ...]

    def __call__(self, variables: Mapping[str, Mask], read: Callable[[str], Mask]) -> Mask:
        return self.node(variables, read)


@lru_cache(maxsize=256)
def parse_mask(text: str) -> MaskExpression:
    """Read ``text``. Raises MaskSyntaxError."""
    if len(text) > MAX_LENGTH:
        raise MaskSyntaxError(f"a mask longer than {MAX_LENGTH} characters")
    parser = _Parser(text)
    node = parser.binary(0)
    if parser.tokens[parser.at :]:
        raise MaskSyntaxError(f"unexpected {parser.tokens[parser.at][1]!r} in the mask")
    return MaskExpression(node, tuple(parser.variables), tuple(parser.files))


class _Parser:
    def __init__(self, text: str) -> None:
        self.tokens: list[tuple[str, str]] = []
        self.at = 0
        self.variables: list[str] = []
        self.files: list[str] = []
        position, end = 0, len(text.rstrip())
        while position < end:
            match = _TOKEN.match(text, position)
            if not match:
                raise MaskSyntaxError(f"not a mask: {text[position : position + 40].strip()!r}")
            self.tokens.append((str(match.lastgroup), match[str(match.lastgroup)]))
            position = match.end()

    def binary(self, level: int, depth: int = 0) -> Node:
        if level == len(_LEVELS):
            return self.unary(depth)
        symbol, combine = _LEVELS[level]
        node = self.binary(level + 1, depth)
        while self.at < len(self.tokens) and self.tokens[self.at] == ("symbol", symbol):
            self.at += 1
            node = _combined(combine, node, self.binary(level + 1, depth))
        return node

    def unary(self, depth: int) -> Node:
        if depth > 50:
            raise MaskSyntaxError("a mask nested too deep")
        if self.at == len(self.tokens):
            raise MaskSyntaxError("the mask is incomplete")
        kind, value = self.tokens[self.at]
        self.at += 1
        if kind == "variable":
            if value not in VARIABLES:
                raise MaskSyntaxError(f"unknown mask {{{value[:40]}}}; known are {', '.join(VARIABLES)}")
            self.variables.append(value)
            return lambda variables, read: variables[value]
        if kind == "file":
            name = value.strip()
            self.files.append(name)
            return lambda variables, read: read(name)
        if value == "!":
            operand = self.unary(depth + 1)
            return lambda variables, read: 1 - operand(variables, read)
        if value == "(":
            node = self.binary(0, depth + 1)
            if self.at == len(self.tokens) or self.tokens[self.at] != ("symbol", ")"):
                raise MaskSyntaxError("a bracket of the mask is not closed")
            self.at += 1
            return node
        raise MaskSyntaxError(f"unexpected {value!r} in the mask")


def _combined(combine: Callable[[Mask, Mask], Mask], left: Node, right: Node) -> Node:
    return lambda variables, read: combine(left(variables, read), right(variables, read))
