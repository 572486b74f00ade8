"""Prompts as chunks of tokens: text encoders read 77 at a time, start and end included."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from studio.rendering.diffusion.emphasis import Span

if TYPE_CHECKING:
    from transformers import CLIPTokenizer

CHUNK = 75
"""Tokens of the text in one chunk."""
_BACKTRACK = 20
"""A chunk may end at a comma that is at most so many tokens back."""


@dataclass
class Chunk:
    """Token ids and their weights, at first without, at last (77 of each) with start, end and padding."""

    ids: list[int] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)

    def add(self, ids: Iterable[int], weights: Iterable[float]) -> None:
        self.ids += ids
        self.weights += weights

    def cut(self, start: int) -> Chunk:
        """Take the tokens from ``start`` on out of this chunk."""
        rest = Chunk(self.ids[start:], self.weights[start:])
        del self.ids[start:], self.weights[start:]
        return rest


def split_chunks(spans: Iterable[Span], tokenizer: CLIPTokenizer) -> list[Chunk]:
    """The chunks of a prompt; at least one. A full chunk ends at its last comma if that is near; ``BREAK`` ends one."""
    comma = tokenizer.get_vocab().get(",</w>")
    chunks = [Chunk()]
    for span in spans:
        if span.breaks:
            chunks.append(Chunk())
        for token in tokenizer(span.text, add_special_tokens=False, truncation=False).input_ids if span.text else ():
            if len(chunks[-1].ids) == CHUNK:
                chunks.append(Chunk() if token == comma else chunks[-1].cut(_end(chunks[-1], comma)))
            chunks[-1].add([token], [span.weight])
    if len(chunks) > 1 and not chunks[-1].ids:
        chunks.pop()
    return [_closed(chunk, tokenizer) for chunk in chunks]


def _end(chunk: Chunk, comma: int | None) -> int:
    """Where a full chunk ends: behind its last comma if there is one among the last tokens."""
    for index in range(CHUNK - 1, CHUNK - 1 - _BACKTRACK, -1):
        if chunk.ids[index] == comma:
            return index + 1
    return CHUNK


def _closed(chunk: Chunk, tokenizer: CLIPTokenizer) -> Chunk:
    padding = CHUNK - len(chunk.ids)
    return Chunk(
        [tokenizer.bos_token_id, *chunk.ids, tokenizer.eos_token_id, *[tokenizer.pad_token_id] * padding],
        [1.0, *chunk.weights, *[1.0] * (padding + 1)],
    )
