"""The source video: as input, as motion, blended into the init."""

import cv2
import numpy as np
import pytest

from studio.rendering.deforum.files import VideoFrames
from studio.rendering.deforum.hybrid import composite_mask, matched_matrix
from studio.rendering.deforum.parameters import frame_table
from studio.rendering.deforum.settings import import_settings
from studio.rendering.deforum.tests.doubles import FormulaEngine
from studio.rendering.deforum.tests.support import VIDEO, moving_video, run
from studio.rendering.errors import MediaError, PlanError
from studio.rendering.pictures.tests.doubles import RampDepth


def test_video_input_restyles_every_frame_by_itself(tmp_path):
    engine = FormulaEngine()
    moving = {
        "animation_mode": "Video Input",
        "zoom": 1.5,
        "noise_schedule": 0.5,
        "strength_schedule": "0:(0.2), 3:(0.8)",
    }
    run(tmp_path, moving, engine=engine, source=VIDEO)
    for index, call in enumerate(engine.calls):
        assert np.array_equal(call.init[0], VIDEO[index])
        assert call.generation.denoising == pytest.approx(0.8 - 0.2 * index)


def test_video_input_reads_the_frames_it_is_told_to(tmp_path):
    engine = FormulaEngine()
    settings = {"animation_mode": "Video Input", "extract_from_frame": 2, "extract_nth_frame": 3, "extract_to_frame": 9}
    run(tmp_path, settings, engine=engine, source=VIDEO)
    assert all(np.array_equal(call.init[0], VIDEO[k]) for call, k in zip(engine.calls, [2, 5, 8, 9], strict=True))


def test_a_short_video_holds_its_last_frame_and_an_empty_one_is_refused():
    frames = VideoFrames(iter([VIDEO[:2]]), 48, 64)
    assert np.array_equal(frames[1], frames[5])
    with pytest.raises(MediaError):
        VideoFrames(iter([]), 48, 64)[0]


def test_video_input_batches_alike_frames_at_fixed_places(tmp_path):
    settings = {"animation_mode": "Video Input", "seed_behavior": "fixed", "zoom": "0:(1+t/10)"}
    single = run(tmp_path, settings, frame_count=10, source=VIDEO)
    engine = FormulaEngine()
    batched = run(tmp_path, settings, frame_count=10, source=VIDEO, engine=engine, batch_size=4)
    assert [call.count for call in engine.calls] == [4, 4, 2]
    assert np.array_equal(single.video, batched.video)
    preview = run(tmp_path, settings, frame_count=10, source=VIDEO, engine=engine, batch_size=4, frame_limit=5)
    assert [call.count for call in engine.calls[3:]] == [4, 4]
    assert np.array_equal(preview.video, batched.video[:5])


def test_video_input_does_not_batch_frames_that_differ(tmp_path):
    engine = FormulaEngine()
    settings = {"animation_mode": "Video Input", "seed_behavior": "fixed", "prompts": {"0": "a", "3": "b"}}
    run(tmp_path, settings, frame_count=6, source=VIDEO, engine=engine, batch_size=4)
    assert [call.count for call in engine.calls] == [3, 1, 2]


# Hybrid video


@pytest.mark.parametrize("motion", ["Optical Flow", "Affine", "Perspective"])
def test_hybrid_motion_carries_the_animation_along_with_the_source(motion, tmp_path):
    settings = {"hybrid_motion": motion, "hybrid_flow_method": "DIS Medium", "strength_schedule": 1}
    sink = run(tmp_path, settings, source=VIDEO)
    shifted = np.roll(sink.frames[0], 6, axis=1)
    inner = np.s_[8:-8, 16:-8]
    moved, unmoved = (
        np.abs(image[inner].astype(int) - sink.frames[3][inner]).mean() for image in (shifted, sink.frames[0])
    )
    assert moved < unmoved / 4


def test_hybrid_motion_by_no_factor_is_no_motion(tmp_path):
    still = {"strength_schedule": 1, "hybrid_use_first_frame_as_init_image": False}
    flow = {"hybrid_motion": "Optical Flow", "hybrid_flow_method": "DIS Medium", "hybrid_flow_factor_schedule": 0}
    plain = run(tmp_path, still)
    assert np.array_equal(run(tmp_path, {**still, **flow}, source=VIDEO).video, plain.video)
    consistent = {**still, **flow, "hybrid_flow_factor_schedule": 1, "hybrid_flow_consistency": True}
    assert not np.array_equal(run(tmp_path, consistent, source=VIDEO).video, plain.video)
    own = {**consistent, "hybrid_motion_use_prev_img": True}
    assert not np.array_equal(run(tmp_path, own, source=VIDEO).video, plain.video)


def test_matched_matrices_find_the_transformation():
    big = cv2.resize(moving_video(1, 64, 64)[0], (256, 256), interpolation=cv2.INTER_CUBIC)
    matrix = np.vstack([cv2.getRotationMatrix2D((128, 128), 4, 1.05), [0, 0, 1]])
    warped = cv2.warpPerspective(big, matrix, (256, 256))
    for perspective in (False, True):
        found = matched_matrix(big, warped, perspective=perspective)
        assert found[:2] == pytest.approx(matrix[:2], abs=0.6)
        assert found[:2, :2] == pytest.approx(matrix[:2, :2], abs=0.01)


def test_too_few_matches_are_no_motion():
    blank = np.full((48, 64, 3), 90, np.uint8)
    for other in (blank, VIDEO[0]):
        assert np.array_equal(matched_matrix(blank, other, perspective=True), np.eye(3))
        assert np.array_equal(matched_matrix(other, blank, perspective=False), np.eye(3))


@pytest.mark.parametrize("when", ["Normal", "Before Motion"])
def test_composite_blends_the_source_into_the_init(when, tmp_path):
    engine = FormulaEngine()
    settings = {"hybrid_composite": when, "hybrid_comp_alpha_schedule": 0.25}
    sink = run(tmp_path, settings, engine=engine, source=VIDEO)
    assert np.array_equal(engine.calls[0].init[0], VIDEO[0])
    expected = sink.frames[1] * 0.75 + VIDEO[2] * 0.25
    assert np.abs(engine.calls[2].init[0] - expected).max() <= 0.5


def test_composite_after_generation_leaves_the_init_alone(tmp_path):
    engine = FormulaEngine()
    settings = {"hybrid_composite": "After Generation", "hybrid_comp_alpha_schedule": "0:(0.25), 3:(1)"}
    sink = run(tmp_path, settings, engine=engine, source=VIDEO)
    assert np.array_equal(engine.calls[1].init[0], sink.frames[0])
    assert np.array_equal(sink.frames[3], VIDEO[3])


def test_composite_by_nothing_is_no_composite(tmp_path):
    off = {"hybrid_use_first_frame_as_init_image": False, "hybrid_comp_alpha_schedule": 0}
    plain = run(tmp_path, {})
    for when in ("Normal", "Before Motion", "After Generation"):
        assert np.array_equal(run(tmp_path, {**off, "hybrid_composite": when}, source=VIDEO).video, plain.video)


def mask_of(previous, video, depth=None, **changes):
    settings, _ = import_settings({"hybrid_composite": "Normal", **changes})
    return composite_mask(settings, frame_table(settings, frame_count=1, seed=1)[0], previous, video, depth)


def test_composite_masks():
    dark, light = (np.full((48, 64, 3), level, np.uint8) for level in (40, 200))
    assert mask_of(dark, light) is None
    blended = mask_of(dark, light, hybrid_comp_mask_type="Blend", hybrid_comp_mask_blend_alpha_schedule=0.25)
    assert blended == pytest.approx(np.full((48, 64), 80 / 255))
    assert mask_of(dark, light, hybrid_comp_mask_type="Difference") == pytest.approx(np.full((48, 64), 160 / 255))
    inverse = mask_of(dark, light, hybrid_comp_mask_type="Difference", hybrid_comp_mask_inverse=True)
    assert inverse == pytest.approx(np.full((48, 64), 95 / 255))
    for kind in ("Depth", "Video Depth"):
        near = mask_of(dark, light, RampDepth(), hybrid_comp_mask_type=kind)
        assert near[-1].min() > near[0].max()
        with pytest.raises(PlanError):
            mask_of(dark, light, hybrid_comp_mask_type=kind)


def test_composite_masks_can_be_adjusted():
    ramp = np.repeat(np.linspace(60, 120, 64, dtype=np.uint8)[None, :, None], 48, axis=0).repeat(3, axis=2)
    plain = {"hybrid_comp_mask_type": "Blend", "hybrid_comp_mask_blend_alpha_schedule": 0}
    steeper = mask_of(ramp, ramp, **plain, hybrid_comp_mask_contrast_schedule=2)
    assert np.ptp(steeper) == pytest.approx(120 / 255, abs=0.01)
    assert np.ptp(mask_of(ramp, ramp, **plain, hybrid_comp_mask_auto_contrast=True)) == 1
    for when in ("Before", "After", "Both"):
        assert np.ptp(mask_of(ramp, ramp, **plain, hybrid_comp_mask_equalize=when)) > 0.95
