"""Pictures, colour, ControlNets, LoRAs, redo passes: each changes what it should and only that."""

import numpy as np
import pytest

from studio.rendering.deforum.tests.doubles import FormulaEngine
from studio.rendering.deforum.tests.support import VIDEO, colours, run
from studio.rendering.errors import MediaError, PlanError
from studio.rendering.plan import ControlNetSpec, LoraSpec

# Init and guided images, colour


def test_an_init_image_starts_the_animation(tmp_path, pictures):
    engine = FormulaEngine()
    run(tmp_path, {"use_init": True, "init_image": "blue.png"}, engine=engine, assets=pictures)
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
    sink = run(tmp_path, settings, frame_count=21, engine=engine, assets=pictures)
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
        sink = run(tmp_path, {**settings, "color_coherence": mode}, frame_count=8)
        return np.abs(colours(sink.frames[7]) - colours(sink.frames[0])).max()

    assert drift(mode) < drift("None") / 2


def test_legacy_colour_matching_leaves_the_result_alone(tmp_path):
    settings = {"strength_schedule": 0.2, "color_coherence": "RGB", "legacy_colormatch": True}
    engine = FormulaEngine()
    sink = run(tmp_path, settings, engine=engine)
    assert np.sort(engine.calls[1].init[0], axis=None).tolist() == np.sort(sink.frames[0], axis=None).tolist()
    assert not np.array_equal(np.sort(sink.frames[1], axis=None), np.sort(sink.frames[0], axis=None))


def test_legacy_colour_matching_starts_afresh_where_strength_is_0(tmp_path):
    settings = {
        "color_coherence": "RGB",
        "legacy_colormatch": True,
        "strength_schedule": "0:(.9), 3:(.9), 4:(0), 5:(.9)",
    }
    engine = FormulaEngine()
    sink = run(tmp_path, settings, engine=engine, frame_count=7)
    assert engine.calls[4].init is None
    before, after = (colours(call.init[0]) for call in (engine.calls[3], engine.calls[6]))
    assert before == pytest.approx(colours(sink.frames[0]), abs=1.5)
    assert after == pytest.approx(colours(sink.frames[4]), abs=1.5)
    assert np.abs(after - before).max() > 5


def test_colour_coherence_with_an_image_and_with_the_source(tmp_path, pictures):
    image = {"color_coherence": "Image", "color_coherence_image_path": "red.png"}
    sink = run(tmp_path, image, assets=pictures)
    assert colours(sink.frames[3]) == pytest.approx([200, 30, 40], abs=4)
    engine = FormulaEngine()
    video = {"color_coherence": "Video Input", "color_coherence_video_every_N_frames": 2}
    source = np.stack([VIDEO[k] // 8 + np.uint8([20 * k, 200 - 20 * k, 60]) for k in range(4)])
    run(tmp_path, video, engine=engine, source=source)
    assert colours(engine.calls[2].init[0]) == pytest.approx(colours(source[2]), abs=4)
    assert colours(engine.calls[3].init[0]) == pytest.approx(colours(source[2]), abs=4)


def test_greyscale(tmp_path):
    sink = run(tmp_path, {"color_force_grayscale": True})
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
    run(tmp_path, settings, engine=engine)
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
    run(tmp_path, settings, engine=engine, loras=loras)
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
    run(tmp_path, settings, engine=engine, source=VIDEO, controlnets=controlnets)
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
    sink = run(tmp_path, {"cn_1_enabled": True, "cn_1_loopback_mode": True}, engine=engine, controlnets=controlnets)
    assert engine.calls[0].generation.controlnets == ()
    assert np.array_equal(engine.calls[2].control_frames[0][0], sink.frames[1])


def test_diffusion_redo_adds_passes_with_other_seeds(tmp_path):
    engine = FormulaEngine()
    settings = {"diffusion_redo": 2, "color_coherence": "RGB"}
    sink = run(tmp_path, settings, engine=engine, frame_count=3)
    seeds = [call.generation.seed for call in engine.calls]
    assert len(seeds) == 1 + 3 + 3
    assert (seeds[0], seeds[3], seeds[6]) == (7, 8, 9)
    assert len(set(seeds)) == 7
    # The last pass starts from a picture in the first frame's colours: upstream forgets this match.
    assert colours(engine.calls[3].init[0]) == pytest.approx(colours(sink.frames[0]), abs=2)
    assert np.abs(colours(engine.calls[2].init[0]) - colours(sink.frames[0])).max() > 4


def test_optical_flow_redo_moves_a_rough_pass(tmp_path):
    engine = FormulaEngine()
    run(tmp_path, {"optical_flow_redo_generation": "DIS Medium"}, engine=engine, frame_count=2)
    assert len(engine.calls) == 3
    assert not np.array_equal(engine.calls[2].init, engine.calls[1].init)


def test_files_are_names_and_never_paths(tmp_path, pictures):
    outside = str(pictures["red.png"])
    with pytest.raises(PlanError) as refused:
        run(tmp_path, {"use_init": True, "init_image": outside}, assets=pictures)
    assert refused.value.field == "assets"
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(MediaError):
        run(tmp_path, {"use_init": True, "init_image": "a"}, assets={"a": tmp_path / "text.png"})
