"""Depth: the interface, equalisation, a real depth model, and what depth does to a 3D animation."""

import json

import numpy as np
import pytest
import torch
from transformers import (
    DepthAnythingConfig,
    DepthAnythingForDepthEstimation,
    Dinov2Config,
    DPTConfig,
    DPTForDepthEstimation,
)

from studio.rendering.deforum.tests.support import make_plan, render
from studio.rendering.errors import ModelError
from studio.rendering.pictures.depth import FlatDepth, ModelDepth, distances, nearness
from studio.rendering.pictures.tests.doubles import RampDepth

IMAGE = np.random.default_rng(1).integers(0, 256, (48, 64, 3)).astype(np.uint8)


class GivenDepth:
    def __init__(self, depth, larger_is_nearer=True):
        self.depth, self.larger_is_nearer = np.asarray(depth, np.float32), larger_is_nearer
        self.seen = 0

    def estimate(self, image):
        self.seen += 1
        return self.depth


def test_flat_broken_and_constant_depth_is_1_everywhere():
    for depth in (FlatDepth(), GivenDepth(np.full((48, 64), 7)), GivenDepth(np.full((48, 64), np.nan))):
        assert np.array_equal(distances(depth, IMAGE), np.ones((48, 64)))
        assert not nearness(depth, IMAGE).any()


def test_near_is_1_and_far_is_2():
    z = distances(RampDepth(), IMAGE)
    assert z[-1] == pytest.approx(np.full(64, 1), abs=1e-6)
    assert z[0] == pytest.approx(np.full(64, 2), abs=1 / 40)
    assert (np.diff(z[:, 0]) < 0).all()
    metric = GivenDepth(RampDepth().estimate(IMAGE) * 50, larger_is_nearer=False)
    assert distances(metric, IMAGE)[-1] == pytest.approx(np.full(64, 2), abs=1e-6)


def test_equalisation_follows_the_histogram():
    """Three quarters of the pixels at the far end and a quarter near: their CDF values are 3/4 and 1."""
    depth = np.zeros((48, 64))
    depth[:, 48:] = 90
    z = distances(GivenDepth(depth), IMAGE)
    assert z[0, 0] == pytest.approx(2 - 0.75)
    assert z[0, 63] == pytest.approx(1)


def test_depth_parts_near_from_far(tmp_path):
    """The bottom of the ramp is near: panning moves it about twice as far as the top."""
    settings = {"animation_mode": "3D", "translation_x": 20, "strength_schedule": 1}
    sink = render(make_plan(settings, frame_count=2), tmp_path, depth=RampDepth())

    def shift(rows):
        errors = []
        for pixels in range(16):
            moved = np.roll(sink.frames[0][rows], -pixels, axis=1)[:, :40].astype(int)
            errors.append(np.abs(moved - sink.frames[1][rows][:, :40]).mean())
        return int(np.argmin(errors))

    assert shift(np.s_[44:]) == pytest.approx(20 / 200 / 0.7002 * 32, abs=1)
    assert shift(np.s_[:4]) == pytest.approx(20 / 200 / 0.7002 * 32 / 2, abs=1)


def test_depth_warping_can_be_switched_off(tmp_path):
    depth = RampDepth()
    settings = {"animation_mode": "3D", "translation_z": 5, "use_depth_warping": False}
    off = render(make_plan(settings, frame_count=3), tmp_path / "off", depth=depth)
    none = render(make_plan(settings, frame_count=3), tmp_path / "none")
    assert np.array_equal(off.video, none.video)


def test_the_model_looks_at_each_diffused_image_once(tmp_path):
    depth = GivenDepth(RampDepth().estimate(IMAGE))
    settings = {"animation_mode": "3D", "translation_z": 2, "diffusion_cadence": 4}
    render(make_plan(settings, frame_count=12), tmp_path, depth=depth)
    assert depth.seen == 3


def dpt(folder):
    config = DPTConfig(
        hidden_size=32,
        num_hidden_layers=4,
        num_attention_heads=2,
        intermediate_size=37,
        image_size=32,
        patch_size=16,
        backbone_out_indices=[0, 1, 2, 3],
        neck_hidden_sizes=[16, 16, 32, 32],
        fusion_hidden_size=16,
    )
    torch.manual_seed(0)
    DPTForDepthEstimation(config).eval().save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps({"size": {"height": 32, "width": 32}}))


def depth_anything(folder):
    backbone = Dinov2Config(
        hidden_size=24,
        num_hidden_layers=4,
        num_attention_heads=2,
        intermediate_size=32,
        image_size=28,
        patch_size=14,
        out_features=["stage1", "stage2", "stage3", "stage4"],
        reshape_hidden_states=False,
        apply_layernorm=True,
    )
    config = DepthAnythingConfig(
        backbone_config=backbone,
        reassemble_hidden_size=24,
        patch_size=14,
        neck_hidden_sizes=[16, 16, 16, 16],
        fusion_hidden_size=16,
    )
    torch.manual_seed(0)
    DepthAnythingForDepthEstimation(config).eval().save_pretrained(folder)
    preparation = {"size": {"height": 56, "width": 56}, "keep_aspect_ratio": True, "ensure_multiple_of": 14}
    (folder / "preprocessor_config.json").write_text(json.dumps(preparation))


@pytest.mark.parametrize("build", [dpt, depth_anything])
def test_a_real_model(build, tmp_path):
    build(tmp_path)
    model = ModelDepth(tmp_path)
    depth = model.estimate(IMAGE)
    assert depth.shape == (48, 64)
    assert depth.std() > 0
    assert np.array_equal(depth, model.estimate(IMAGE))
    assert not np.array_equal(depth, model.estimate(IMAGE[::-1].copy()))
    assert model.larger_is_nearer
    settings = {"animation_mode": "3D", "translation_z": 5}
    with_model = render(make_plan(settings, frame_count=3), tmp_path / "a", depth=model)
    flat = render(make_plan(settings, frame_count=3), tmp_path / "b")
    assert not np.array_equal(with_model.video, flat.video)


def test_no_model(tmp_path):
    with pytest.raises(ModelError):
        ModelDepth(tmp_path)
    dpt(tmp_path)
    (tmp_path / "preprocessor_config.json").write_text("[")
    with pytest.raises(ModelError):
        ModelDepth(tmp_path)
