"""Prompts to embeddings, each text encoded once however many frames it is used for."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import torch

from studio.rendering.diffusion.chunks import Chunk, split_chunks
from studio.rendering.diffusion.emphasis import PromptSyntaxError, parse_emphasis
from studio.rendering.errors import PlanError
from studio.rendering.models.loading import Components

_TOKENS = 77
_MAX_WEIGHT = 1e6
"""Beyond it more weight makes no difference: what weighs so much is all of its chunk."""
_CACHED_CHUNKS = 256
"""About 120 MB of SD 1.5 embeddings in half precision at most, and a long Deforum job's worth of keyframed prompts."""


@dataclass(frozen=True)
class Embedding:
    """``tokens`` (1, 77 a chunk, width); ``pooled`` (1, width) for models that are also given the whole text's vector,
    which is the first chunk's.
    """

    tokens: torch.Tensor
    pooled: torch.Tensor | None = None
    is_zero: bool = False
    """Whether it stands for no text at all, as zeros."""

    @property
    def chunks(self) -> int:
        return self.tokens.shape[1] // _TOKENS


class PromptEncoder:
    """CLIP text encoding as each family was trained with it, kept in an LRU by text, clip skip and active LoRAs."""

    def __init__(self, parts: Components, device: torch.device) -> None:
        self._parts = parts
        self._device = device
        self._cache: OrderedDict[Hashable, Embedding] = OrderedDict()
        self.encoded = 0
        """Texts encoded so far (not found in the cache)."""

    def encode(self, text: str, *, negative: bool = False, clip_skip: int = 0, adapters: Hashable = ()) -> Embedding:
        """Embed one text of any length, its emphasis applied. ``clip_skip`` counts the encoder layers left out;
        ``adapters`` names the active LoRAs.
        """
        zeros = (
            negative and not text and bool(self._parts.index.get("force_zeros_for_empty_prompt")) and self.has_pooled
        )
        key = (text, zeros, clip_skip, adapters)
        found = self._cache.get(key)
        if found is None:
            found = self._encode(text, clip_skip)
            if zeros:
                assert found.pooled is not None
                found = Embedding(torch.zeros_like(found.tokens), torch.zeros_like(found.pooled), is_zero=True)
            self._cache[key] = found
        self._cache.move_to_end(key)
        while len(self._cache) > 1 and sum(embedding.chunks for embedding in self._cache.values()) > _CACHED_CHUNKS:
            self._cache.popitem(last=False)
        return found

    def aligned(
        self, embeddings: Sequence[Embedding], *, clip_skip: int = 0, adapters: Hashable = ()
    ) -> list[Embedding]:
        """Embeddings of one length, as one forward of the model needs them: the shorter go on with empty chunks."""
        longest = max(embedding.chunks for embedding in embeddings)
        if all(embedding.chunks == longest for embedding in embeddings):
            return list(embeddings)
        empty = self.encode("", clip_skip=clip_skip, adapters=adapters).tokens
        return [
            Embedding(
                torch.cat([e.tokens, *[torch.zeros_like(empty) if e.is_zero else empty] * (longest - e.chunks)], dim=1),
                e.pooled,
                e.is_zero,
            )
            for e in embeddings
        ]

    @property
    def has_pooled(self) -> bool:
        """True for models with two text encoders (SDXL)."""
        return len(self._parts.text_encoders) > 1

    def _encode(self, text: str, clip_skip: int) -> Embedding:
        self.encoded += 1
        try:
            spans = parse_emphasis(text)
        except PromptSyntaxError as error:
            raise PlanError("prompt", f"prompt: {error}") from None
        states, pooled = [], None
        for tokenizer, encoder in zip(self._parts.tokenizers, self._parts.text_encoders, strict=True):
            chunks = split_chunks(spans, tokenizer)
            ids = torch.tensor([chunk.ids for chunk in chunks])
            output = encoder(ids.to(self._device), output_hidden_states=True)
            # A small encoder has fewer layers than may be left out.
            skip = min(clip_skip, len(output.hidden_states) - 1 - self.has_pooled)
            if self.has_pooled:
                hidden = output.hidden_states[-(skip + 2)]
                pooled = output[0][:1]
            elif skip:
                inner = getattr(encoder, "text_model", encoder)
                hidden = inner.final_layer_norm(output.hidden_states[-(skip + 1)])
            else:
                hidden = output[0]
            states.append(_weighted(hidden, chunks).flatten(0, 1)[None])
        return Embedding(torch.cat(states, dim=-1), pooled)


def _weighted(hidden: torch.Tensor, chunks: Sequence[Chunk]) -> torch.Tensor:
    """Each token's vector times its weight, and each chunk (77, width) back at the mean that it had."""
    weights = torch.tensor([chunk.weights for chunk in chunks], device=hidden.device)[..., None]
    weights = weights.nan_to_num(0.0).clamp(-_MAX_WEIGHT, _MAX_WEIGHT)
    changed = (weights != 1).flatten(1).any(1)
    if not changed.any():
        return hidden
    before = hidden.float()
    after = before * weights
    mean = after.mean(dim=(1, 2), keepdim=True)
    after = after * torch.where(mean == 0, 1.0, before.mean(dim=(1, 2), keepdim=True) / mean)
    most = torch.finfo(hidden.dtype).max
    return torch.where(changed[:, None, None], after.clamp(-most, most), before).to(hidden.dtype)
