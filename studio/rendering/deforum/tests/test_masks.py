"""Masks confine diffusion and noise."""

import cv2
import numpy as np
import pytest

from studio.rendering.deforum.tests.doubles import FormulaEngine
from studio.rendering.deforum.tests.support import HALF, VIDEO, run


def test_a_mask_confines_diffusion(tmp_path, pictures):
    engine = FormulaEngine()
    settings = {"use_mask": True, "mask_file": "half.png", "mask_overlay_blur": 0, "strength_schedule": 0.3}
    masked = run(tmp_path, settings, engine=engine, assets=pictures)
    assert engine.calls[0].mask is None
    assert np.array_equal(engine.calls[1].mask, HALF / 255)
    for frame in masked.frames[1:]:
        assert np.array_equal(frame[:, :32], masked.frames[0][:, :32])
        assert not np.array_equal(frame[:, 32:], masked.frames[0][:, 32:])


def test_an_inverted_mask_confines_it_to_the_other_side(tmp_path, pictures):
    engine = FormulaEngine()
    settings = {"use_mask": True, "mask_file": "half.png", "invert_mask": True, "mask_brightness_adjust": 0.5}
    run(tmp_path, settings, engine=engine, assets=pictures)
    assert engine.calls[1].mask == pytest.approx(1 - HALF / 255 * 0.5)


def test_masks_compose(tmp_path, pictures):
    def mask(text, **changes):
        engine = FormulaEngine()
        settings = {"use_mask": True, "mask_file": "half.png", "mask_schedule": f'0: ("{text}")', **changes}
        run(tmp_path, settings, engine=engine, assets=pictures, frame_count=2)
        return engine.calls[1].mask

    half, red = HALF / 255, float(cv2.cvtColor(np.uint8([[[200, 30, 40]]]), cv2.COLOR_RGB2GRAY)[0, 0]) / 255
    assert mask("!{video_mask}") == pytest.approx(1 - half)
    assert mask("{video_mask} & [red.png]") == pytest.approx(half * red)
    assert mask("[red.png] | {video_mask}") == pytest.approx(np.maximum(half, red))
    assert mask("{everywhere} ^ {video_mask}") == pytest.approx(1 - half)
    assert mask("({everywhere} \\ {video_mask}) | !{everywhere}") == pytest.approx(1 - half)
    assert mask("{video_mask}", mask_contrast_adjust=0) == pytest.approx(np.full((48, 64), 0.5))


def test_the_init_images_alpha_is_a_mask(tmp_path, pictures):
    engine = FormulaEngine()
    settings = {
        "use_init": True,
        "init_image": "cut.png",
        "use_mask": True,
        "use_alpha_as_mask": True,
        "mask_overlay_blur": 0,
    }
    sink = run(tmp_path, settings, engine=engine, assets=pictures)
    assert np.array_equal(engine.calls[0].init[0], VIDEO[0])
    assert np.array_equal(engine.calls[0].mask, HALF / 255)
    assert all(np.array_equal(frame[:, :32], VIDEO[0][:, :32]) for frame in sink.frames)


def test_a_mask_video_changes_with_the_frames(tmp_path):
    engine = FormulaEngine()
    video = np.zeros((4, 48, 64, 3), np.uint8)
    for index in range(4):
        video[index, :, : 16 * index] = 255
    settings = {
        "animation_mode": "Video Input",
        "use_mask_video": True,
        "mask_overlay_blur": 0,
        "strength_schedule": 0.2,
    }
    sink = run(tmp_path, settings, engine=engine, source=VIDEO, mask_video=iter([video]))
    for index, call in enumerate(engine.calls):
        assert np.array_equal(call.mask, video[index, ..., 0] / 255)
        assert np.array_equal(sink.frames[index][:, 16 * index :], VIDEO[index][:, 16 * index :])


def test_an_overlay_has_a_soft_edge_only_if_asked(tmp_path, pictures):
    settings = {"use_mask": True, "mask_file": "half.png", "strength_schedule": 0.3}
    hard = run(tmp_path, {**settings, "mask_overlay_blur": 0}, assets=pictures)
    soft = run(tmp_path, settings, assets=pictures)
    bare = run(tmp_path, {**settings, "overlay_mask": False}, assets=pictures)
    assert np.array_equal(hard.frames[1], bare.frames[1])
    changed = np.any(soft.frames[1] != hard.frames[1], axis=(0, 2))
    assert changed[32:40].all()
    assert not changed[:32].any()
    assert not changed[60:].any()


def test_a_noise_mask_confines_noise(tmp_path, pictures):
    noisy = {"noise_schedule": 0.5, "use_mask": True, "mask_file": "half.png", "mask_schedule": "0:({everywhere})"}
    engine, confined = FormulaEngine(), FormulaEngine()
    run(tmp_path, noisy, engine=engine, assets=pictures)
    sink = run(tmp_path, {**noisy, "use_noise_mask": True}, engine=confined, assets=pictures)
    assert np.array_equal(confined.calls[1].init[0][:, :32], sink.frames[0][:, :32])
    assert np.array_equal(confined.calls[1].init[0][:, 32:], engine.calls[1].init[0][:, 32:])
