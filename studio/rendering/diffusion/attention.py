"""Attention: across frames, where every frame also looks at one anchor frame, which pulls a clip towards one style; and
in bfloat16 on a CPU.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch
from diffusers.models.attention_processor import Attention, AttnProcessor2_0

if TYPE_CHECKING:
    from diffusers import UNet2DConditionModel

_BLOCK_SCORES = 2**22
"""Scores computed at once: 8 MiB, which stay in the processor's cache."""
_FEW_KEYS = 256
"""For so few a softmax in bfloat16 takes longer than one in float32 with both conversions."""


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
        attn: Attention,
        hidden_states: torch.Tensor,
        encoder_hidden_states: torch.Tensor | None = None,
        *args: object,
        **kwargs: object,
    ) -> torch.Tensor:
        if encoder_hidden_states is None:
            grouped = hidden_states.unflatten(0, (-1, self._frames))
            anchor = grouped[:, -1:].expand_as(grouped).flatten(0, 1)
            encoder_hidden_states = torch.cat([hidden_states, anchor], dim=1)
        return super().__call__(attn, hidden_states, encoder_hidden_states, *args, **kwargs)


@contextmanager
def anchored_attention(unet: UNet2DConditionModel, frames: int) -> Iterator[None]:
    """Let ``unet`` attend across frames inside the block; ``frames`` counts the anchor."""
    before = dict(unet.attn_processors)
    anchored = AnchoredAttention(frames)
    unet.set_attn_processor({name: anchored if ".attn1." in name else processor for name, processor in before.items()})
    try:
        yield
    finally:
        unet.set_attn_processor(before)


class BlockedAttention(AttnProcessor2_0):
    """Attention in bfloat16 on a CPU as two products with a softmax between them, block by block.

    torch's own kernel multiplies in units too small for bfloat16's: it takes twice as long. Blocks are the same
    whatever the processor, so that they decide nothing.
    """

    def __call__(
        self,
        attn: Attention,
        hidden_states: torch.Tensor,
        encoder_hidden_states: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,
        *args: object,
        **kwargs: object,
    ) -> torch.Tensor:
        norms = (attn.group_norm, attn.spatial_norm, attn.norm_cross, attn.norm_q, attn.norm_k)
        plain = attention_mask is None and hidden_states.dim() == 3 and not attn.residual_connection
        if not plain or any(norms) or attn.rescale_output_factor != 1:
            return super().__call__(attn, hidden_states, encoder_hidden_states, attention_mask, *args, **kwargs)
        seen = hidden_states if encoder_hidden_states is None else encoder_hidden_states
        heads = [
            projected.unflatten(-1, (attn.heads, -1)).transpose(1, 2).flatten(0, 1)
            for projected in (attn.to_q(hidden_states), attn.to_k(seen), attn.to_v(seen))
        ]
        mixed = blocked_attention(*heads).unflatten(0, (-1, attn.heads)).transpose(1, 2).flatten(2)
        return attn.to_out[1](attn.to_out[0](mixed))


def blocked_attention(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    """``softmax(query @ key' / sqrt(width)) @ value`` of (heads, tokens, width) each, heads of a batch together."""
    heads, tokens, width = query.shape
    keys = key.shape[1]
    turned = key.transpose(1, 2)
    result = torch.empty(heads, tokens, value.shape[2], dtype=value.dtype)
    nothing = torch.zeros(1, 1, 1, dtype=query.dtype)
    rows = min(tokens, max(1, _BLOCK_SCORES // keys))
    together = max(1, _BLOCK_SCORES // (keys * rows))
    for first in range(0, heads, together):
        some = slice(first, first + together)
        for row in range(0, tokens, rows):
            part = query[some, row : row + rows]
            scores = torch.baddbmm(nothing, part, turned[some], beta=0, alpha=width**-0.5)
            shares = scores.float().softmax(-1).to(value.dtype) if keys < _FEW_KEYS else scores.softmax(-1)
            result[some, row : row + rows] = torch.bmm(shares, value[some])
    return result


def attend_in_blocks(model: torch.nn.Module) -> torch.nn.Module:
    """Give ``model`` :class:`BlockedAttention` wherever it attends as usual."""
    for module in model.modules():
        if isinstance(module, Attention) and type(module.processor) is AttnProcessor2_0:
            module.set_processor(BlockedAttention())
    return model
