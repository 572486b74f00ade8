"""Cross-frame attention: every frame also looks at one anchor frame, which pulls a clip towards one style."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from diffusers.models.attention_processor import AttnProcessor2_0


class AnchoredAttention(AttnProcessor2_0):
    """Self-attention whose keys and values are the frame's own and the anchor's (after arXiv 2303.13439).

    The batch is (groups * frames, tokens, width) with the anchor as each group's last frame; the anchor attends to
    itself alone, since keys that are all there twice weigh as if they were there once.
    """

    def __init__(self, frames: int) -> None:
        super().__init__()
        self._frames = frames

    def __call__(
        self,
        attn: Any,
        hidden_states: torch.Tensor,
        encoder_hidden_states: torch.Tensor | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> Any:
        if encoder_hidden_states is None:
            grouped = hidden_states.unflatten(0, (-1, self._frames))
            anchor = grouped[:, -1:].expand_as(grouped).flatten(0, 1)
            encoder_hidden_states = torch.cat([hidden_states, anchor], dim=1)
        return super().__call__(attn, hidden_states, encoder_hidden_states, *args, **kwargs)


@contextmanager
def anchored_attention(unet: Any, frames: int) -> Iterator[None]:
    """Let ``unet`` attend across frames inside the block; ``frames`` counts the anchor."""
    before = dict(unet.attn_processors)
    anchored = AnchoredAttention(frames)
    unet.set_attn_processor({name: anchored if ".attn1." in name else processor for name, processor in before.items()})
    try:
        yield
    finally:
        unet.set_attn_processor(before)
