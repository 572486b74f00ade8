"""Prompts to embeddings, each text encoded once however many frames it is used for."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass

import torch

from studio.rendering.models.loading import Components

_CACHED_TEXTS = 256
"""About 120 MB of SD 1.5 embeddings in half precision at most, and a long Deforum job's worth of keyframed prompts."""


@dataclass(frozen=True)
class Embedding:
    """``tokens`` (1, 77, width); ``pooled`` (1, width) for models that are also given the whole text's vector."""

    tokens: torch.Tensor
    pooled: torch.Tensor | None = None


class PromptEncoder:
    """CLIP text encoding as each family was trained with it, kept in an LRU by text, clip skip and active LoRAs."""

    def __init__(self, parts: Components, device: torch.device) -> None:
        self._parts = parts
        self._device = device
        self._cache: OrderedDict[Hashable, Embedding] = OrderedDict()
        self.encoded = 0
        """Texts encoded so far (not found in the cache)."""

    def encode(self, text: str, *, negative: bool = False, clip_skip: int = 0, adapters: Hashable = ()) -> Embedding:
        """Embed one text, cut at 77 tokens. ``clip_skip`` counts the encoder layers left out; ``adapters`` names the
        active LoRAs.
        """
        zeros = (
            negative and not text and bool(self._parts.index.get("force_zeros_for_empty_prompt")) and self.has_pooled
        )
        key = (text, zeros, clip_skip, adapters)
        found = self._cache.get(key)
        if found is None:
            found = self._cache[key] = self._encode(text, clip_skip)
            if zeros:
                assert found.pooled is not None
                found = self._cache[key] = Embedding(torch.zeros_like(found.tokens), torch.zeros_like(found.pooled))
        self._cache.move_to_end(key)
        while len(self._cache) > _CACHED_TEXTS:
            self._cache.popitem(last=False)
        return found

    @property
    def has_pooled(self) -> bool:
        """True for models with two text encoders (SDXL)."""
        return len(self._parts.text_encoders) > 1

    def _encode(self, text: str, clip_skip: int) -> Embedding:
        self.encoded += 1
        states, pooled = [], None
        for tokenizer, encoder in zip(self._parts.tokenizers, self._parts.text_encoders, strict=True):
            ids = tokenizer(text, padding="max_length", max_length=77, truncation=True, return_tensors="pt").input_ids
            output = encoder(ids.to(self._device), output_hidden_states=True)
            if self.has_pooled:
                states.append(output.hidden_states[-(clip_skip + 2)])
                pooled = output[0]
            elif clip_skip:
                inner = getattr(encoder, "text_model", encoder)
                states.append(inner.final_layer_norm(output.hidden_states[-(clip_skip + 1)]))
            else:
                states.append(output[0])
        return Embedding(torch.cat(states, dim=-1), pooled)
