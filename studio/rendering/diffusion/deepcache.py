"""Deep features of the UNet reused for a few steps (DeepCache, arXiv 2312.00858): they change slowly, the outermost
level does not.

On a cached step only the first down block and the last up block run, which is about a third of the work.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from studio.rendering.diffusion.control import Residuals

if TYPE_CHECKING:
    from diffusers import UNet2DConditionModel


class DeepCachedUnet:
    """A UNet forward that runs in full at every ``interval``-th step. For one generation: the features are its own."""

    def __init__(self, unet: UNet2DConditionModel, interval: int) -> None:
        self._unet = unet
        self._interval = interval
        self._step = 0
        self._deep: torch.Tensor | None = None

    @staticmethod
    def fits(unet: UNet2DConditionModel) -> bool:
        """Only image UNets have the layout that this forward walks."""
        return type(unet).__name__ == "UNet2DConditionModel"

    def __call__(
        self,
        sample: torch.Tensor,
        timestep: torch.Tensor,
        tokens: torch.Tensor,
        added: dict[str, torch.Tensor] | None,
        extras: Residuals | None,
        frames: int,
    ) -> torch.Tensor:
        """The model's output (groups * frames, c, h/8, w/8); ``extras`` is None, as ControlNets act on what is
        skipped.
        """
        due = self._step % self._interval == 0
        self._step += 1
        if due or self._deep is None or self._deep.shape[0] != sample.shape[0]:
            return self._full(sample, timestep, tokens, added)
        return self._shallow(sample, timestep, tokens, added, self._deep)

    def _full(
        self, sample: torch.Tensor, timestep: torch.Tensor, tokens: torch.Tensor, added: dict[str, torch.Tensor] | None
    ) -> torch.Tensor:
        def keep(module: torch.nn.Module, args: tuple[torch.Tensor, ...], kwargs: dict[str, object]) -> None:
            self._deep = kwargs["hidden_states"]

        hook = self._unet.up_blocks[-1].register_forward_pre_hook(keep, with_kwargs=True)
        try:
            return self._unet(
                sample, timestep, encoder_hidden_states=tokens, added_cond_kwargs=added, return_dict=False
            )[0]
        finally:
            hook.remove()

    def _shallow(
        self,
        sample: torch.Tensor,
        timestep: torch.Tensor,
        tokens: torch.Tensor,
        added: dict[str, torch.Tensor] | None,
        deep: torch.Tensor,
    ) -> torch.Tensor:
        unet = self._unet
        embedding = unet.time_embedding(unet.get_time_embed(sample=sample, timestep=timestep))
        further = unet.get_aug_embed(emb=embedding, encoder_hidden_states=tokens, added_cond_kwargs=added)
        if further is not None:
            embedding = embedding + further
        first, last = unet.down_blocks[0], unet.up_blocks[-1]
        entry = unet.conv_in(sample)
        _, residuals = first(hidden_states=entry, temb=embedding, **_context(first, tokens))
        kept = (entry, *residuals)[: len(last.resnets)]
        hidden = last(hidden_states=deep, temb=embedding, res_hidden_states_tuple=kept, **_context(last, tokens))
        if unet.conv_norm_out:
            hidden = unet.conv_act(unet.conv_norm_out(hidden))
        return unet.conv_out(hidden)


def _context(block: torch.nn.Module, tokens: torch.Tensor) -> dict[str, torch.Tensor]:
    return {"encoder_hidden_states": tokens} if getattr(block, "has_cross_attention", False) else {}
