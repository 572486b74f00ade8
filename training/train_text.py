"""Text encoder warm-up: read a caption's attributes back from its end token.

The denoiser then starts from features in which "the sky is red" is already one direction, which a short joint training
alone would not reach. The reading heads are thrown away.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import nn
from transformers import CLIPTextModel, CLIPTokenizer

from training.captions import CHOICES, Caption, describe
from training.loop import Options, fit
from training.networks import TEXT_WIDTH, make_text_encoder
from training.scenes import sample_scene
from training.styles import STYLES
from training.tokenizer import training_tokenizer

BATCH, LONGEST = 64, 32


class CaptionReader(nn.Module):
    """The text encoder with one classifier per attribute; class 0 is "not said"."""

    def __init__(self, tokenizer: CLIPTokenizer) -> None:
        super().__init__()
        self.text_encoder: CLIPTextModel = make_text_encoder(tokenizer)
        self.heads = nn.ModuleDict({key: nn.Linear(TEXT_WIDTH, len(values) + 1) for key, values in CHOICES.items()})

    def forward(self, tokens: torch.Tensor) -> dict[str, torch.Tensor]:
        pooled = self.text_encoder(input_ids=tokens).pooler_output
        return {key: head(pooled) for key, head in self.heads.items()}


def train_text(options: Options) -> CaptionReader:
    """Warm up the text encoder; the checkpoint is ``text.pt``."""
    tokenizer = training_tokenizer()
    torch.manual_seed(0)
    reader = CaptionReader(tokenizer).to(options.device)

    def loss_of(rng: np.random.Generator) -> torch.Tensor:
        captions = [describe(sample_scene(rng, style=str(rng.choice(STYLES))), rng) for _ in range(BATCH)]
        scores = reader(tokenise(tokenizer, [caption.text for caption in captions], LONGEST).to(options.device))
        targets = {key: classes(captions, key).to(options.device) for key in CHOICES}
        return sum(nn.functional.cross_entropy(scores[key].float(), targets[key]) for key in CHOICES)

    return fit("text", reader, loss_of, options)


def tokenise(tokenizer: CLIPTokenizer, texts: list[str], length: int) -> torch.Tensor:
    """(n, length) token ids, padded and cut."""
    return tokenizer(texts, padding="max_length", max_length=length, truncation=True, return_tensors="pt").input_ids


def classes(captions: list[Caption], key: str) -> torch.Tensor:
    """(n,) class of attribute ``key``: 0 not said, else 1 + its index in CHOICES."""
    return torch.tensor(
        [1 + CHOICES[key].index(caption.said[key]) if key in caption.said else 0 for caption in captions]
    )
