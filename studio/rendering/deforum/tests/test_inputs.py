"""Source video, masks, pictures, ControlNets, LoRAs, redo passes: each changes what it should and only that."""

import cv2
import numpy as np
import pytest
from PIL import Image

from studio.rendering.deforum.depth import RampDepth
from studio.rendering.deforum.files import VideoFrames
from studio.rendering.deforum.hybrid import composite_mask, matched_matrix
from studio.rendering.deforum.parameters import frame_table
from studio.rendering.deforum.settings import import_settings
from studio.rendering.deforum.tests.doubles import FormulaEngine
from studio.rendering.deforum.tests.support import chunks, make_plan, moving_video, render
from studio.rendering.errors import MediaError, PlanError
from studio.rendering.plan import ControlNetSpec, LoraSpec

VIDEO = moving_video(12)
HALF = np.zeros((48, 64), np.uint8)
HALF[:, 32:] = 255


def animate(tmp_path, settings, *, frame_count=4, engine=None, source=None, **options):
    plan_options = {
        key: options.pop(key) for key in ("loras", "controlnets", "batch_size", "frame_limit") if key in options
    }
    plan = make_plan(settings, frame_count=frame_count, **plan_options)
    folder = tmp_path / str(len(list(tmp_path.iterdir())))
    return render(plan, folder, engine=engine, source=None if source is None else chunks(source), **options)


def colours(image):
    """Mean red, green and blue."""
    return image.mean(axis=(0, 1))


@pytest.fixture
def pictures(tmp_path):
    """Local images by the name that settings give them."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    given = {
        "half.png": HALF,
        "red.png": np.full((48, 64, 3), (200, 30, 40), np.uint8),
        "blue.png": np.full((24, 32, 3), (20, 40, 220), np.uint8),
        "cut.png": np.dstack([VIDEO[0], HALF]),
    }
    for name, pixels in given.items():
        Image.fromarray(pixels).save(folder / name)
    return {name: folder / name for name in given}


# Video input


def test_video_input_restyles_every_frame_by_itself(tmp_path):
    engine = FormulaEngine()
    moving = {
        "animation_mode": "Video Input",
        "zoom": 1.5,
        "noise_schedule": 0.5,
        "strength_schedule": "0:(0.2), 3:(0.8)",
    }
    animate(tmp_path, moving, engine=engine, source=VIDEO)
    for index, call in enumerate(engine.calls):
        assert np.array_equal(call.init[0], VIDEO[index])
        assert call.generation.denoising == pytest.approx(0.8 - 0.2 * index)


def test_video_input_reads_the_frames_it_is_told_to(tmp_path):
    engine = FormulaEngine()
    settings = {"animation_mode": "Video Input", "extract_from_frame": 2, "extract_nth_frame": 3, "extract_to_frame": 9}
    animate(tmp_path, settings, engine=engine, source=VIDEO)
    assert all(np.array_equal(call.init[0], VIDEO[k]) for call, k in zip(engine.calls, [2, 5, 8, 9], strict=True))


def test_a_short_video_holds_its_last_frame_and_an_empty_one_is_refused():
    frames = VideoFrames(iter([VIDEO[:2]]), 48, 64)
    assert np.array_equal(frames[1], frames[5])
    with pytest.raises(MediaError):
        VideoFrames(iter([]), 48, 64)[0]


def test_video_input_batches_alike_frames_at_fixed_places(tmp_path):
    settings = {"animation_mode": "Video Input", "seed_behavior": "fixed", "zoom": "0:(1+t/10)"}
    single = animate(tmp_path, settings, frame_count=10, source=VIDEO)
    engine = FormulaEngine()
    batched = animate(tmp_path, settings, frame_count=10, source=VIDEO, engine=engine, batch_size=4)
    assert [call.count for call in engine.calls] == [4, 4, 2]
    assert np.array_equal(single.video, batched.video)
    preview = animate(tmp_path, settings, frame_count=10, source=VIDEO, engine=engine, batch_size=4, frame_limit=5)
    assert [call.count for call in engine.calls[3:]] == [4, 4]
    assert np.array_equal(preview.video, batched.video[:5])


def test_video_input_does_not_batch_frames_that_differ(tmp_path):
    engine = FormulaEngine()
    settings = {"animation_mode": "Video Input", "seed_behavior": "fixed", "prompts": {"0": "a", "3": "b"}}
    animate(tmp_path, settings, frame_count=6, source=VIDEO, engine=engine, batch_size=4)
    assert [call.count for call in engine.calls] == [3, 1, 2]


# Hybrid video


@pytest.mark.parametrize("motion", ["Optical Flow", "Affine", "Perspective"])
def test_hybrid_motion_carries_the_animation_along_with_the_source(motion, tmp_path):
    settings = {"hybrid_motion": motion, "hybrid_flow_method": "DIS Medium", "strength_schedule": 1}
    sink = animate(tmp_path, settings, source=VIDEO)
    shifted = np.roll(sink.frames[0], 6, axis=1)
    inner = np.s_[8:-8, 16:-8]
    moved, unmoved = (
        np.abs(image[inner].astype(int) - sink.frames[3][inner]).mean() for image in (shifted, sink.frames[0])
    )
    assert moved < unmoved / 4


def test_hybrid_motion_by_no_factor_is_no_motion(tmp_path):
    still = {"strength_schedule": 1, "hybrid_use_first_frame_as_init_image": False}
    flow = {"hybrid_motion": "Optical Flow", "hybrid_flow_method": "DIS Medium", "hybrid_flow_factor_schedule": 0}
    plain = animate(tmp_path, still)
    assert np.array_equal(animate(tmp_path, {**still, **flow}, source=VIDEO).video, plain.video)
    consistent = {**still, **flow, "hybrid_flow_factor_schedule": 1, "hybrid_flow_consistency": True}
    assert not np.array_equal(animate(tmp_path, consistent, source=VIDEO).video, plain.video)
    own = {**consistent, "hybrid_motion_use_prev_img": True}
    assert not np.array_equal(animate(tmp_path, own, source=VIDEO).video, plain.video)


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
    sink = animate(tmp_path, settings, engine=engine, source=VIDEO)
    assert np.array_equal(engine.calls[0].init[0], VIDEO[0])
    expected = sink.frames[1] * 0.75 + VIDEO[2] * 0.25
    assert np.abs(engine.calls[2].init[0] - expected).max() <= 0.5


def test_composite_after_generation_leaves_the_init_alone(tmp_path):
    engine = FormulaEngine()
    settings = {"hybrid_composite": "After Generation", "hybrid_comp_alpha_schedule": "0:(0.25), 3:(1)"}
    sink = animate(tmp_path, settings, engine=engine, source=VIDEO)
    assert np.array_equal(engine.calls[1].init[0], sink.frames[0])
    assert np.array_equal(sink.frames[3], VIDEO[3])


def test_composite_by_nothing_is_no_composite(tmp_path):
    off = {"hybrid_use_first_frame_as_init_image": False, "hybrid_comp_alpha_schedule": 0}
    plain = animate(tmp_path, {})
    for when in ("Normal", "Before Motion", "After Generation"):
        assert np.array_equal(animate(tmp_path, {**off, "hybrid_composite": when}, source=VIDEO).video, plain.video)


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


# Masks


def test_a_mask_confines_diffusion(tmp_path, pictures):
    engine = FormulaEngine()
    settings = {"use_mask": True, "mask_file": "half.png", "mask_overlay_blur": 0, "strength_schedule": 0.3}
    masked = animate(tmp_path, settings, engine=engine, assets=pictures)
    assert engine.calls[0].mask is None
    assert np.array_equal(engine.calls[1].mask, HALF / 255)
    for frame in masked.frames[1:]:
        assert np.array_equal(frame[:, :32], masked.frames[0][:, :32])
        assert not np.array_equal(frame[:, 32:], masked.frames[0][:, 32:])


def test_an_inverted_mask_confines_it_to_the_other_side(tmp_path, pictures):
    engine = FormulaEngine()
    settings = {"use_mask": True, "mask_file": "half.png", "invert_mask": True, "mask_brightness_adjust": 0.5}
    animate(tmp_path, settings, engine=engine, assets=pictures)
    assert engine.calls[1].mask == pytest.approx(1 - HALF / 255 * 0.5)


def test_masks_compose(tmp_path, pictures):
    def mask(text, **changes):
        engine = FormulaEngine()
        settings = {"use_mask": True, "mask_file": "half.png", "mask_schedule": f'0: ("{text}")', **changes}
        animate(tmp_path, settings, engine=engine, assets=pictures, frame_count=2)
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
    sink = animate(tmp_path, settings, engine=engine, assets=pictures)
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
    sink = animate(tmp_path, settings, engine=engine, source=VIDEO, mask_video=iter([video]))
    for index, call in enumerate(engine.calls):
        assert np.array_equal(call.mask, video[index, ..., 0] / 255)
        assert np.array_equal(sink.frames[index][:, 16 * index :], VIDEO[index][:, 16 * index :])


def test_an_overlay_has_a_soft_edge_only_if_asked(tmp_path, pictures):
    settings = {"use_mask": True, "mask_file": "half.png", "strength_schedule": 0.3}
    hard = animate(tmp_path, {**settings, "mask_overlay_blur": 0}, assets=pictures)
    soft = animate(tmp_path, settings, assets=pictures)
    bare = animate(tmp_path, {**settings, "overlay_mask": False}, assets=pictures)
    assert np.array_equal(hard.frames[1], bare.frames[1])
    changed = np.any(soft.frames[1] != hard.frames[1], axis=(0, 2))
    assert changed[32:40].all()
    assert not changed[:32].any()
    assert not changed[60:].any()


def test_a_noise_mask_confines_noise(tmp_path, pictures):
    noisy = {"noise_schedule": 0.5, "use_mask": True, "mask_file": "half.png", "mask_schedule": "0:({everywhere})"}
    engine, confined = FormulaEngine(), FormulaEngine()
    animate(tmp_path, noisy, engine=engine, assets=pictures)
    sink = animate(tmp_path, {**noisy, "use_noise_mask": True}, engine=confined, assets=pictures)
    assert np.array_equal(confined.calls[1].init[0][:, :32], sink.frames[0][:, :32])
    assert np.array_equal(confined.calls[1].init[0][:, 32:], engine.calls[1].init[0][:, 32:])


# Init and guided images, colour


def test_an_init_image_starts_the_animation(tmp_path, pictures):
    engine = FormulaEngine()
    animate(tmp_path, {"use_init": True, "init_image": "blue.png"}, engine=engine, assets=pictures)
    assert np.array_equal(engine.calls[0].init[0], np.full((48, 64, 3), (20, 40, 220)))
    assert engine.calls[0].generation.denoising == 0.35


def test_guided_images_draw_the_animation_towards_them(tmp_path, pictures):
    engine = FormulaEngine()
    settings = {
        "use_looper": True,
        "init_images": {"0": "red.png", "max_f/2": "blue.png", "max_f": "red.png"},
        "image_strength_schedule": "0:(0.6)",
        "tweening_frames_schedule": 3,
        "seed_schedule": "0:(5)",
    }
    sink = animate(tmp_path, settings, frame_count=21, engine=engine, assets=pictures)
    assert np.array_equal(engine.calls[0].init[0], np.full((48, 64, 3), (200, 30, 40)))
    assert {call.generation.seed for call in engine.calls} == {5}
    assert {call.generation.denoising for call in engine.calls} == {0.4}

    def share(frame, colour):
        """The blend's weight, told from the init image the engine was given."""
        before, target = sink.frames[frame - 1].astype(float), np.array(colour, float)
        blended = engine.calls[frame].init[0] - before
        return float((blended * (target - before)).sum() / ((target - before) ** 2).sum())

    red, blue = (200, 30, 40), (20, 40, 220)
    # Spans of 10 frames and T = 3: strong at frames 0-3 of a span by .35 - .25 cos((f % 3) / 1.5), then .07.
    assert share(3, red) == pytest.approx(0.35 - 0.25, abs=0.01)
    assert share(2, red) == pytest.approx(0.35 - 0.25 * np.cos(2 / 1.5), abs=0.01)
    assert share(5, red) == pytest.approx(0.07, abs=0.01)
    assert share(11, blue) == pytest.approx(0.35 - 0.25 * np.cos(2 / 1.5), abs=0.01)


@pytest.mark.parametrize("mode", ["RGB", "HSV", "LAB"])
def test_colour_coherence_keeps_the_first_frames_colours(mode, tmp_path):
    settings = {"strength_schedule": 0.2}

    def drift(mode):
        sink = animate(tmp_path, {**settings, "color_coherence": mode}, frame_count=8)
        return np.abs(colours(sink.frames[7]) - colours(sink.frames[0])).max()

    assert drift(mode) < drift("None") / 2


def test_legacy_colour_matching_leaves_the_result_alone(tmp_path):
    settings = {"strength_schedule": 0.2, "color_coherence": "RGB", "legacy_colormatch": True}
    engine = FormulaEngine()
    sink = animate(tmp_path, settings, engine=engine)
    assert np.sort(engine.calls[1].init[0], axis=None).tolist() == np.sort(sink.frames[0], axis=None).tolist()
    assert not np.array_equal(np.sort(sink.frames[1], axis=None), np.sort(sink.frames[0], axis=None))


def test_legacy_colour_matching_starts_afresh_where_strength_is_0(tmp_path):
    settings = {
        "color_coherence": "RGB",
        "legacy_colormatch": True,
        "strength_schedule": "0:(.9), 3:(.9), 4:(0), 5:(.9)",
    }
    engine = FormulaEngine()
    sink = animate(tmp_path, settings, engine=engine, frame_count=7)
    assert engine.calls[4].init is None
    before, after = (colours(call.init[0]) for call in (engine.calls[3], engine.calls[6]))
    assert before == pytest.approx(colours(sink.frames[0]), abs=1.5)
    assert after == pytest.approx(colours(sink.frames[4]), abs=1.5)
    assert np.abs(after - before).max() > 5


def test_colour_coherence_with_an_image_and_with_the_source(tmp_path, pictures):
    image = {"color_coherence": "Image", "color_coherence_image_path": "red.png"}
    sink = animate(tmp_path, image, assets=pictures)
    assert colours(sink.frames[3]) == pytest.approx([200, 30, 40], abs=4)
    engine = FormulaEngine()
    video = {"color_coherence": "Video Input", "color_coherence_video_every_N_frames": 2}
    source = np.stack([VIDEO[k] // 8 + np.uint8([20 * k, 200 - 20 * k, 60]) for k in range(4)])
    animate(tmp_path, video, engine=engine, source=source)
    assert colours(engine.calls[2].init[0]) == pytest.approx(colours(source[2]), abs=4)
    assert colours(engine.calls[3].init[0]) == pytest.approx(colours(source[2]), abs=4)


def test_greyscale(tmp_path):
    sink = animate(tmp_path, {"color_force_grayscale": True})
    assert np.array_equal(sink.video[..., 0], sink.video[..., 1])
    assert np.array_equal(sink.video[..., 1], sink.video[..., 2])


# What the engine is told


def test_schedules_reach_the_engine(tmp_path):
    engine = FormulaEngine()
    settings = {
        "cfg_scale_schedule": "0:(5), 3:(8)",
        "enable_steps_scheduling": True,
        "steps_schedule": "0:(10), 3:(13)",
        "enable_sampler_scheduling": True,
        "sampler_schedule": '0:("Euler a"), 2:("DPM++ 2M Karras")',
        "enable_subseed_scheduling": True,
        "subseed_schedule": "0:(99)",
        "subseed_strength_schedule": "0:(0), 3:(0.3)",
        "prompts": {"0": "a --neg b"},
    }
    animate(tmp_path, settings, engine=engine)
    asked = [call.generation for call in engine.calls]
    assert [g.cfg_scale for g in asked] == [5, 6, 7, 8]
    assert [g.steps for g in asked] == [10, 11, 12, 13]
    assert [g.scheduler for g in asked] == ["euler_a"] * 2 + ["dpmpp_2m_karras"] * 2
    assert [(g.subseed, round(g.subseed_strength, 9)) for g in asked] == [(None, 0), (99, 0.1), (99, 0.2), (99, 0.3)]
    assert {(g.prompts[0].text, g.negative_prompt) for g in asked} == {("a", "b")}


def test_loras_follow_the_prompt(tmp_path):
    engine = FormulaEngine()
    loras = (LoraSpec("models/ink.safetensors", 0.9), LoraSpec("models/wash.safetensors", 0.4))
    settings = {"prompts": {"0": "a <lora:ink:`t/10`>", "3": "b"}}
    animate(tmp_path, settings, engine=engine, loras=loras)
    weights = [{lora.location: lora.weight for lora in call.generation.loras} for call in engine.calls]
    wash = {"models/wash.safetensors": 0.4}
    assert weights == [wash, {"models/ink.safetensors": 0.1, **wash}, {"models/ink.safetensors": 0.2, **wash}, wash]


def test_controlnets_follow_their_schedules_and_look_where_they_should(tmp_path):
    controlnets = (ControlNetSpec("canny", "models/canny", 0.7), ControlNetSpec("depth", "models/depth", 0.5))
    settings = {
        "animation_mode": "Video Input",
        "cn_1_enabled": True,
        "cn_1_weight": "0:(0), 2:(1)",
        "cn_1_guidance_end": "0:(0.8)",
        "cn_1_loopback_mode": False,
    }
    engine = FormulaEngine()
    animate(tmp_path, settings, engine=engine, source=VIDEO, controlnets=controlnets)
    asked = [[(unit.kind, unit.weight, unit.end) for unit in call.generation.controlnets] for call in engine.calls]
    assert asked == [
        [("depth", 0.5, 1)],
        [("canny", 0.5, 0.8), ("depth", 0.5, 1)],
        [("canny", 1, 0.8), ("depth", 0.5, 1)],
        [("canny", 1, 0.8), ("depth", 0.5, 1)],
    ]
    assert all(np.array_equal(seen[0], VIDEO[i]) for i, call in enumerate(engine.calls) for seen in call.control_frames)


def test_a_loopback_controlnet_looks_at_the_init(tmp_path):
    controlnets = (ControlNetSpec("canny", "models/canny"),)
    engine = FormulaEngine()
    sink = animate(tmp_path, {"cn_1_enabled": True, "cn_1_loopback_mode": True}, engine=engine, controlnets=controlnets)
    assert engine.calls[0].generation.controlnets == ()
    assert np.array_equal(engine.calls[2].control_frames[0][0], sink.frames[1])


def test_diffusion_redo_adds_passes_with_other_seeds(tmp_path):
    engine = FormulaEngine()
    settings = {"diffusion_redo": 2, "color_coherence": "RGB"}
    sink = animate(tmp_path, settings, engine=engine, frame_count=3)
    seeds = [call.generation.seed for call in engine.calls]
    assert len(seeds) == 1 + 3 + 3
    assert (seeds[0], seeds[3], seeds[6]) == (7, 8, 9)
    assert len(set(seeds)) == 7
    # The last pass starts from a picture in the first frame's colours: upstream forgets this match.
    assert colours(engine.calls[3].init[0]) == pytest.approx(colours(sink.frames[0]), abs=2)
    assert np.abs(colours(engine.calls[2].init[0]) - colours(sink.frames[0])).max() > 4


def test_optical_flow_redo_moves_a_rough_pass(tmp_path):
    engine = FormulaEngine()
    animate(tmp_path, {"optical_flow_redo_generation": "DIS Medium"}, engine=engine, frame_count=2)
    assert len(engine.calls) == 3
    assert not np.array_equal(engine.calls[2].init, engine.calls[1].init)


def test_files_are_names_and_never_paths(tmp_path, pictures):
    outside = str(pictures["red.png"])
    with pytest.raises(PlanError) as refused:
        animate(tmp_path, {"use_init": True, "init_image": outside}, assets=pictures)
    assert refused.value.field == "assets"
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(MediaError):
        animate(tmp_path, {"use_init": True, "init_image": "a"}, assets={"a": tmp_path / "text.png"})
