"""bfloat16 on a CPU: what is rounded, what is not, and everything that runs in it."""

import time

import pytest
import torch
from torch import nn
from torch.nn import functional

from studio.rendering.diffusion import attention
from studio.rendering.diffusion.attention import BlockedAttention, attend_in_blocks, blocked_attention
from studio.rendering.diffusion.precision import bfloat16_pays, halved
from studio.rendering.diffusion.tests.support import SIZE, generation, pictures
from studio.rendering.models import tiny
from studio.rendering.models.cache import build_engine
from studio.rendering.plan import ControlNetSpec, LoraSpec, ModelSpec, RenderOptions

CPU = torch.device("cpu")


@pytest.mark.parametrize(("tokens", "keys"), [(24, 77), (300, 300), (9, 600), (1, 1)])
@pytest.mark.parametrize("block", [2**22, 700, 1])
def test_attention_in_blocks_is_attention(tokens: int, keys: int, block: int) -> None:
    before, attention._BLOCK_SCORES = attention._BLOCK_SCORES, block
    try:
        generator = torch.Generator().manual_seed(1)
        query = torch.randn(6, tokens, 8, generator=generator)
        key, value = torch.randn(2, 6, keys, 8, generator=generator)
        found = blocked_attention(query, key, value)
    finally:
        attention._BLOCK_SCORES = before
    assert torch.allclose(found, functional.scaled_dot_product_attention(query, key, value), atol=1e-5)


def test_a_processor_without_the_means_is_measured_soon_enough() -> None:
    bfloat16_pays.cache_clear()
    start = time.process_time()
    first = bfloat16_pays((32, 64), 64, 64, 1)
    spent = time.process_time() - start
    assert bfloat16_pays((32, 64), 64, 64, 1) is first
    assert spent < 5


def test_norms_are_not_rounded() -> None:
    model = halved(nn.Sequential(nn.Conv2d(4, 4, 3), nn.GroupNorm(2, 4), nn.Linear(4, 4), nn.LayerNorm(4)))
    assert [p.dtype for p in model.parameters()] == 2 * (2 * [torch.bfloat16] + 2 * [torch.float32])


@pytest.mark.parametrize("family", ["sd15", "sdxl", "animatediff"])
def test_every_family_renders_in_it(tmp_path, family: str) -> None:
    build = {"sd15": tiny.build_sd15, "sdxl": tiny.build_sdxl, "animatediff": tiny.build_animatediff}[family]
    spec = ModelSpec(family, str(build(tmp_path)))
    exact, short = build_engine(spec, CPU), build_engine(spec, CPU, "bfloat16")
    assert short.dtype == torch.bfloat16
    assert all(p.dtype == torch.float32 for encoder in short.parts.text_encoders for p in encoder.parameters())
    shown = [
        engine.generate(generation(), height=SIZE, width=SIZE, count=2, init=pictures(2)).astype(int)
        for engine in (exact, short)
    ]
    assert 0 < abs(shown[0] - shown[1]).mean() < 2


def test_everything_around_the_model_works_in_it(tmp_path, sd15_folder) -> None:
    engine = build_engine(ModelSpec("sd15", str(sd15_folder)), CPU, "bfloat16")
    control = ControlNetSpec("canny", str(tiny.build_controlnet(tmp_path / "control")))
    lora = LoraSpec(str(tiny.build_lora(tmp_path / "style.safetensors")), 0.7)
    frames = pictures(2)

    def render(**changes):
        wanted = generation(**changes)
        shown = [frames] * len(wanted.controlnets)
        anchor = frames[:1] if wanted.cross_frame_attention else None
        return engine.generate(
            wanted, height=SIZE, width=SIZE, count=2, init=frames, control_frames=shown, anchor=anchor
        )

    plain = render()
    for changes in (
        {"controlnets": (control,)},
        {"loras": (lora,)},
        {"cross_frame_attention": True},
        {"options": RenderOptions(deepcache=2)},
    ):
        assert (render(**changes) != plain).any(), changes
    assert (render() == plain).all()


def test_only_plain_attention_is_done_in_blocks(sd15_folder) -> None:
    engine = build_engine(ModelSpec("sd15", str(sd15_folder)), CPU, "bfloat16")
    assert {type(each) for each in engine.parts.unet.attn_processors.values()} == {BlockedAttention}
    exact = build_engine(ModelSpec("sd15", str(sd15_folder)), CPU)
    assert BlockedAttention not in {type(each) for each in exact.parts.unet.attn_processors.values()}
    assert attend_in_blocks(nn.Linear(1, 1))
