"""The animator: exact counts, resume and extension without a seam, previews, order of seeds."""

import shutil

import cv2
import numpy as np
import pytest

from studio.rendering.deforum.parameters import settings_from_table
from studio.rendering.deforum.settings import export_settings
from studio.rendering.deforum.tests.doubles import FormulaEngine, MemorySink
from studio.rendering.deforum.tests.support import chunks, make_plan, moving_video, render
from studio.rendering.errors import Cancelled, PlanError, RenderError

BUSY_2D = {
    "diffusion_cadence": 3,
    "zoom": "0:(1.02+0.01*sin(t))",
    "angle": "0:(2*cos(t/3))",
    "translation_x": "0:(1), 10:(-2)",
    "noise_schedule": 0.065,
    "amount_schedule": 0.1,
    "contrast_schedule": 1.02,
    "color_coherence": "LAB",
    "seed_behavior": "random",
    "prompts": {"0": "a cat", "max_f/2": "a dog `t` --neg blurry"},
}
BUSY_3D = {
    **BUSY_2D,
    "animation_mode": "3D",
    "translation_z": "0:(3)",
    "rotation_3d_y": "0:(2*sin(t))",
    "diffusion_cadence": 4,
    "optical_flow_cadence": "DIS Medium",
    "seed_behavior": "ladder",
}
MODES = {
    "2d": BUSY_2D,
    "2d, every frame": {**BUSY_2D, "diffusion_cadence": 1, "seed_behavior": "iter"},
    "2d, flow cadence": {**BUSY_2D, "optical_flow_cadence": "DIS Fine", "enable_perspective_flip": True},
    "3d": BUSY_3D,
    "video input": {**BUSY_2D, "animation_mode": "Video Input"},
    "interpolation": {**BUSY_2D, "animation_mode": "Interpolation"},
    "hybrid": {
        **BUSY_2D,
        "hybrid_motion": "Optical Flow",
        "hybrid_flow_method": "DIS Medium",
        "hybrid_composite": "Normal",
        "color_coherence": "Video Input",
        "color_coherence_video_every_N_frames": 4,
    },
}


def video():
    return chunks(moving_video(24))


class Killed(Exception):
    """The process died."""


class DyingSink(MemorySink):
    """Dies in the middle of an append: the frames are in, the checkpoint isn't."""

    dies_at = 10**9

    def append(self, frames, records):
        super().append(frames, records)
        if self.frames_done >= self.dies_at:
            raise Killed


@pytest.mark.parametrize("mode", MODES)
def test_killed_and_resumed_equals_uninterrupted(mode, tmp_path):
    plan = make_plan(MODES[mode], frame_count=20)
    straight = render(plan, tmp_path / "straight", source=video())
    broken = DyingSink()
    broken.dies_at = 10
    with pytest.raises(Killed):
        render(plan, tmp_path / "broken", sink=broken, source=video())
    assert broken.frames_done >= 10
    broken.dies_at = 10**9
    render(plan, tmp_path / "broken", sink=broken, source=video())
    assert np.array_equal(straight.video, broken.video)
    assert straight.records == broken.records
    assert len(straight.frames) == 20


@pytest.mark.parametrize("mode", MODES)
def test_preview_is_the_start_of_the_whole_video_and_can_be_finished(mode, tmp_path):
    plan = make_plan(MODES[mode], frame_count=20)
    whole = render(plan, tmp_path / "whole", source=video())
    preview_plan = make_plan(MODES[mode], frame_count=20, frame_limit=5)
    preview = render(preview_plan, tmp_path / "preview", source=video())
    assert preview.frames_done == 5
    assert np.array_equal(preview.video, whole.video[:5])
    shutil.copytree(tmp_path / "preview", tmp_path / "copied")
    render(plan, tmp_path / "copied", sink=preview, source=video())
    assert np.array_equal(preview.video, whole.video)


@pytest.mark.parametrize("mode", MODES)
def test_extension_keeps_the_frames_and_goes_on_from_the_last(mode, tmp_path):
    short = render(make_plan(MODES[mode], frame_count=10), tmp_path, source=video())
    first = short.video.copy()
    render(make_plan(MODES[mode], frame_count=18), tmp_path, sink=short, source=video())
    assert short.frames_done == 18
    assert np.array_equal(short.video[:10], first)
    assert [record["frame"] for record in short.records] == list(range(18))


@pytest.mark.parametrize("cadence", [1, 2, 3, 4])
def test_extension_equals_the_long_render_when_nothing_depends_on_its_length(cadence, tmp_path):
    settings = {**BUSY_2D, "diffusion_cadence": cadence, "prompts": {"0": "a cat"}, "translation_x": 1}
    long = render(make_plan(settings, frame_count=20), tmp_path / "long")
    extended = render(make_plan(settings, frame_count=10), tmp_path / "short")
    render(make_plan(settings, frame_count=20), tmp_path / "short", sink=extended)
    assert np.array_equal(long.video, extended.video)


def test_extension_with_a_seed_of_its_own_starts_that_seed(tmp_path):
    sink = render(make_plan(frame_count=3, seed=7), tmp_path)
    render(make_plan(frame_count=6, seed=100), tmp_path, sink=sink)
    assert [record["seed"] for record in sink.records] == [7, 8, 9, 100, 101, 102]


@pytest.mark.parametrize(("frames", "cadence", "diffused"), [(10, 3, [0, 3, 6, 9]), (9, 4, [0, 4, 8]), (12, 2, None)])
def test_cadence_emits_every_frame(frames, cadence, diffused, tmp_path):
    engine = FormulaEngine()
    sink = render(make_plan({"diffusion_cadence": cadence}, frame_count=frames), tmp_path, engine=engine)
    assert sink.frames_done == frames
    marked = [record["frame"] for record in sink.records if record["diffused"]]
    assert marked == (diffused or list(range(0, frames, cadence)))
    assert len(engine.calls) == len(marked)


def test_cadence_cross_fades_by_the_position_in_the_group(tmp_path):
    engine = FormulaEngine()
    sink = render(make_plan({"diffusion_cadence": 4, "strength_schedule": 0}, frame_count=12), tmp_path, engine=engine)
    first, second = sink.frames[3].astype(float), sink.frames[7].astype(float)
    for k in range(4):
        assert np.array_equal(sink.frames[k], sink.frames[3])
        share = (k + 1) / 4
        assert np.abs(sink.frames[4 + k] - (first * (1 - share) + second * share)).max() <= 0.5


def test_cadence_can_be_scheduled(tmp_path):
    sink = render(make_plan({"diffusion_cadence": "0:(1), 4:(1), 5:(3)"}, frame_count=12), tmp_path)
    assert [r["frame"] for r in sink.records if r["diffused"]] == [0, 1, 2, 3, 4, 5, 8, 11]


def test_max_f_is_the_whole_videos_even_in_a_preview(tmp_path):
    settings = {"translation_x": "0:(max_f)", "strength_schedule": 1}
    sink = render(make_plan(settings, frame_count=21, frame_limit=2), tmp_path)
    assert np.array_equal(sink.frames[1][:, 20:], sink.frames[0][:, :-20])


@pytest.mark.parametrize(
    ("behavior", "every", "expected"),
    [
        ("iter", 1, [10, 11, 12, 13, 14, 15]),
        ("iter", 3, [10, 11, 11, 11, 12, 12]),
        ("fixed", 1, [10] * 6),
        ("ladder", 1, [10, 12, 11, 13, 12, 14]),
        ("alternate", 1, [10, 11, 10, 11, 10, 11]),
    ],
)
def test_seeds_advance_with_each_diffused_frame(behavior, every, expected, tmp_path):
    engine = FormulaEngine()
    settings = {"seed_behavior": behavior, "seed_iter_N": every, "diffusion_cadence": 2}
    render(make_plan(settings, frame_count=12, seed=10), tmp_path, engine=engine)
    assert [call.generation.seed for call in engine.calls] == expected


def test_seed_schedule_draws_where_it_says_so(tmp_path):
    engine = FormulaEngine()
    settings = {"seed_behavior": "schedule", "seed_schedule": '0:(s), 1:(-1), "max_f-2":(-1), "max_f-1":(s)'}
    render(make_plan(settings, frame_count=5, seed=1), tmp_path, engine=engine)
    seeds = [call.generation.seed for call in engine.calls]
    assert (seeds[0], seeds[3], seeds[4]) == (1, 1, 1)
    assert len({1, *seeds[1:3]}) == 3


def test_strength_decides_denoising_and_the_first_frame_comes_from_text(tmp_path):
    engine = FormulaEngine()
    settings = {"strength_schedule": "0:(0.9), 1:(0.9), 2:(0), 3:(1.5)", "noise_multiplier_schedule": "0:(1.05)"}
    render(make_plan(settings, frame_count=4), tmp_path, engine=engine)
    assert [call.generation.denoising for call in engine.calls] == [1.0, 0.1, 1.0, 0.0]
    assert [call.init is None for call in engine.calls] == [True, False, True, False]
    assert {call.generation.noise_multiplier for call in engine.calls} == {1.05}


def test_a_still_animation_changes_nothing(tmp_path):
    for mode in ("2D", "3D"):
        sink = render(
            make_plan({"animation_mode": mode, "color_coherence": "RGB"}, frame_count=8),
            tmp_path / mode,
            engine=FormulaEngine(exact=True),
        )
        assert all(np.array_equal(frame, sink.frames[0]) for frame in sink.frames)


def test_cadence_frames_are_resampled_once_from_the_diffused_image(tmp_path):
    coarse = np.random.default_rng(0).integers(0, 256, (256, 256, 3)).astype(np.uint8)
    picture = cv2.resize(coarse, (512, 512), interpolation=cv2.INTER_CUBIC)

    class PictureEngine(FormulaEngine):
        def generate(self, generation, **arguments):
            super().generate(generation, **arguments)
            return picture[None].copy()

    plan = make_plan({"diffusion_cadence": 12, "zoom": 1.0025}, frame_count=11, width=512, height=512)
    sink = render(plan, tmp_path, engine=PictureEngine())
    step = cv2.getRotationMatrix2D((256, 256), 0, 1.0025)
    once = np.linalg.matrix_power(np.vstack([step, [0, 0, 1]]), 10)[:2]
    rewarped = picture
    for _ in range(10):
        rewarped = cv2.warpAffine(rewarped, step, (512, 512), borderMode=cv2.BORDER_REPLICATE)
    composed = cv2.warpAffine(picture, once, (512, 512), borderMode=cv2.BORDER_REPLICATE)
    assert np.abs(sink.frames[10].astype(int) - composed).max() <= 1
    detail = [cv2.Laplacian(image.astype(np.float64), cv2.CV_64F).var() for image in (sink.frames[10], rewarped)]
    assert detail[0] > 3 * detail[1]


@pytest.mark.parametrize("mode", ["2d", "3d", "interpolation", "hybrid"])
def test_a_logged_table_renders_to_the_same_frames(mode, tmp_path):
    settings = {**MODES[mode], "animation_prompts_positive": "art of", "animation_prompts_negative": "text"}
    sink = render(make_plan(settings, frame_count=14), tmp_path / "a", source=video())
    again = export_settings(settings_from_table(sink.records))
    repeated = render(make_plan(again, frame_count=14), tmp_path / "b", source=video())
    assert np.array_equal(sink.video, repeated.video)


def test_odd_sizes_are_padded_for_diffusion_and_cropped_again(tmp_path):
    engine = FormulaEngine()
    sink = render(make_plan(BUSY_2D, frame_count=4, width=58, height=42), tmp_path, engine=engine)
    assert sink.video.shape == (4, 42, 58, 3)
    assert engine.calls[1].init.shape == (1, 48, 64, 3)


def test_frames_are_announced_once_they_are_durable(tmp_path):
    sink, seen = MemorySink(), []

    def on_frame(index, frame, record):
        assert sink.frames_done > index
        assert np.array_equal(sink.frames[index], frame)
        assert sink.records[index] is record
        seen.append(index)

    render(make_plan(BUSY_2D, frame_count=7), tmp_path, sink=sink, on_frame=on_frame)
    assert seen == list(range(7))


def test_stopping_raises_and_keeps_what_is_done(tmp_path):
    sink = MemorySink()
    with pytest.raises(Cancelled):
        render(make_plan(frame_count=9), tmp_path, sink=sink, should_stop=lambda: sink.frames_done >= 4)
    assert sink.frames_done == 4
    render(make_plan(frame_count=9), tmp_path, sink=sink)
    assert np.array_equal(sink.video, render(make_plan(frame_count=9), tmp_path / "other").video)


def test_a_finished_render_is_left_alone(tmp_path):
    engine = FormulaEngine()
    sink = render(make_plan(frame_count=5), tmp_path)
    render(make_plan(frame_count=5), tmp_path, sink=sink, engine=engine)
    assert sink.frames_done == 5
    assert engine.calls == []


def test_a_checkpoint_that_does_not_fit_is_refused(tmp_path):
    sink = render(make_plan(frame_count=4), tmp_path)
    with pytest.raises(RenderError, match="another size"):
        render(make_plan(frame_count=6, width=96), tmp_path, sink=sink)
    with pytest.raises(RenderError, match="missing"):
        render(make_plan(frame_count=6), tmp_path, sink=MemorySink())
    (tmp_path / "checkpoint.npz").write_bytes(b"PK\x03\x04 not a checkpoint")
    with pytest.raises(RenderError, match="can't be read"):
        render(make_plan(frame_count=6), tmp_path, sink=sink)


def test_frames_of_an_attempt_without_checkpoint_are_dropped(tmp_path):
    sink = MemorySink([np.zeros((48, 64, 3), np.uint8)] * 3, [{}] * 3)
    render(make_plan(frame_count=4), tmp_path, sink=sink)
    assert np.array_equal(sink.video, render(make_plan(frame_count=4), tmp_path / "other").video)


def test_a_plan_that_can_not_be_rendered_is_refused_before_the_engine_is_asked(tmp_path):
    engine = FormulaEngine()
    with pytest.raises(PlanError, match=r"^zoom: keyframe 2: division by zero at frame 5$") as refused:
        render(make_plan({"zoom": "0:(1), 2:(1/(t-5))"}), tmp_path, engine=engine)
    assert refused.value.field == "zoom"
    with pytest.raises(PlanError, match="source video"):
        render(make_plan({"animation_mode": "Video Input"}), tmp_path, engine=engine)
    assert engine.calls == []
