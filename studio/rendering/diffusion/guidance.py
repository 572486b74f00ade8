"""Classifier-free guidance over a blend of prompts, as one batched forward and one weighted sum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from studio.rendering.diffusion.interface import Generation
from studio.rendering.diffusion.samplers import Step
from studio.rendering.diffusion.text import Embedding, PromptEncoder


@dataclass(frozen=True)
class Guidance:
    """Prompt groups of one forward and their weights in the result, the negative prompt's group first if there is
    one.

    ``eps = eps_u + sum_i w_i * cfg * (eps_i - eps_u)``, so a group's weight is ``w_i * cfg`` and the negative's what
    is left to 1.
    """

    embeddings: tuple[Embedding, ...]
    weights: tuple[float, ...]
    has_negative: bool

    @property
    def groups(self) -> int:
        return len(self.weights)

    def tokens(self, frames: int, *, positive_only: bool = False) -> torch.Tensor:
        """(groups * frames, 77 a chunk, width), group-major."""
        return torch.cat([e.tokens.expand(frames, -1, -1) for e in self._chosen(positive_only)])

    def pooled(self, frames: int, *, positive_only: bool = False) -> torch.Tensor:
        """(groups * frames, width); for models with a pooled text vector."""
        return torch.cat([e.pooled.expand(frames, -1) for e in self._chosen(positive_only) if e.pooled is not None])

    def combine(self, outputs: torch.Tensor, negative: torch.Tensor | None = None) -> torch.Tensor:
        """Weigh (groups * frames, ...) down to (frames, ...) in float32; ``negative`` stands in for a group that was
        not run.
        """
        parts: Sequence[torch.Tensor]
        if negative is not None:
            parts = [negative, *outputs.float().chunk(self.groups - 1)]
        else:
            parts = outputs.float().chunk(self.groups)
        result = parts[0] * self.weights[0]
        for part, weight in zip(parts[1:], self.weights[1:], strict=True):
            result = result.add(part, alpha=weight)
        return result

    def _chosen(self, positive_only: bool) -> tuple[Embedding, ...]:
        return self.embeddings[1:] if positive_only and self.has_negative else self.embeddings


def build_guidance(generation: Generation, encoder: PromptEncoder, adapters: tuple[str, ...]) -> Guidance:
    """Encode the prompts; at ``cfg_scale`` 1 or less the negative prompt has no say and is not run, unless prompts only
    take away from it.
    """
    skip = generation.options.clip_skip
    positives = [encoder.encode(p.text, clip_skip=skip, adapters=adapters) for p in generation.prompts]
    weights = [p.weight for p in generation.prompts]
    if generation.cfg_scale <= 1.0 and sum(weights) > 0:
        aligned = encoder.aligned(positives, clip_skip=skip, adapters=adapters)
        return Guidance(tuple(aligned), tuple(weights), has_negative=False)
    negative = encoder.encode(generation.negative_prompt, negative=True, clip_skip=skip, adapters=adapters)
    aligned = encoder.aligned([negative, *positives], clip_skip=skip, adapters=adapters)
    scaled = [weight * generation.cfg_scale for weight in weights]
    return Guidance(tuple(aligned), (1.0 - sum(scaled), *scaled), has_negative=True)


class ResidualNegative:
    """Residual guidance (StreamDiffusion, arXiv 2312.12491, one-time negative): the negative prompt runs at the first
    step only.

    Its clean image ``x0`` is kept, and at later steps its output is what the model would have had to say to stay at
    that ``x0``.
    """

    def __init__(self) -> None:
        self._x0: torch.Tensor | None = None

    @property
    def known(self) -> bool:
        return self._x0 is not None

    def remember(self, step: Step, sample: torch.Tensor, output: torch.Tensor) -> None:
        """Keep the negative's x0 from a step that ran it."""
        self._x0 = sample * step.x0_x + output.float() * step.x0_output

    def output(self, step: Step, sample: torch.Tensor) -> torch.Tensor:
        """The stand-in for the negative's model output at ``step``."""
        assert self._x0 is not None
        return (self._x0 - sample * step.x0_x) / step.x0_output
