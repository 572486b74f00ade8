"""Settings: the public vocabulary in and out, unknown keys reported, every value checked with its field named."""

import json
from pathlib import Path

import pytest

from studio.rendering.deforum.mask_language import MaskSyntaxError, parse_mask
from studio.rendering.deforum.parameters import frame_table, settings_from_table, static_settings
from studio.rendering.deforum.samplers import SCHEDULERS, scheduler_of
from studio.rendering.deforum.settings import (
    DeforumSettings,
    export_settings,
    import_settings,
    name_schedules,
    numeric_schedules,
)
from studio.rendering.deforum.usage import unused_settings
from studio.rendering.deforum.validation import validate
from studio.rendering.diffusion.samplers import sampler_names
from studio.rendering.errors import PlanError

PUBLIC = json.loads(Path(__file__).with_name("public_settings.json").read_text(encoding="utf-8"))


def test_a_public_settings_file_loads():
    settings, _ = import_settings(PUBLIC)
    assert settings.animation_mode == "3D"
    assert (settings.W, settings.H, settings.fps, settings.max_frames, settings.seed) == (512, 768, 24, 96, 123456789)
    assert settings.translation_x == "0: (0), 40: (2.5)"
    assert settings.prompts["max_f/2"] == "a harbour at night, gouache --neg people, text"
    assert settings.diffusion_cadence == "0: (3)"
    assert settings.init_images == {"0": "first.png", "max_f/4-5": "second.png"}
    assert (settings.diffusion_redo, settings.sampler) == (0, "DPM++ 2M Karras")
    assert (settings.controlnets[0].weight, settings.controlnets[0].loopback_mode) == ("0:(1), 40:(0.5)", True)
    assert [unit.enabled for unit in settings.controlnets] == [True, False, False, False, False]
    assert len(validate(settings, 96, assets=(), loras=(), has_source=False)) == 96


def test_keys_without_effect_are_reported():
    _, unknown = import_settings(PUBLIC)
    assert unknown == sorted(unknown)
    assert {"my_own_note", "keyframe_strength_schedule", "restore_faces", "r_upscale_video", "cn_1_low_vram"} <= set(
        unknown
    )
    assert not {"zoom", "cn_1_weight", "prompts", "diffusion_cadence"} & set(unknown)
    assert set(unknown) < set(PUBLIC)


def test_export_and_import_round_trip():
    settings, unknown = import_settings(PUBLIC)
    exported = json.loads(json.dumps(export_settings(settings)))
    assert import_settings(exported) == (settings, [])
    known = set(PUBLIC) - set(unknown)
    assert known <= set(exported)
    assert exported["rotation_3d_y"] == PUBLIC["rotation_3d_y"]


def test_missing_keys_have_the_public_defaults():
    settings, unknown = import_settings({})
    assert settings == DeforumSettings()
    assert unknown == []
    defaults = {
        "zoom": "0: (1.0025+0.002*sin(1.25*3.14*t/30))",
        "translation_z": "0: (1.75)",
        "strength_schedule": "0: (0.65)",
        "noise_schedule": "0: (0.065)",
        "noise_multiplier_schedule": "0: (1.05)",
        "cfg_scale_schedule": "0: (7)",
        "fov_schedule": "0: (70)",
        "perspective_flip_fv": "0: (53)",
        "steps": 25,
        "seed_behavior": "iter",
        "border": "replicate",
        "padding_mode": "border",
        "sampling_mode": "bicubic",
        "amount_schedule": "0: (0.1)",
        "kernel_schedule": "0: (5)",
    }
    assert {name: getattr(settings, name) for name in defaults} == defaults


ALL_ON = {
    "enable_perspective_flip": True,
    "enable_subseed_scheduling": True,
    "enable_steps_scheduling": True,
    "enable_sampler_scheduling": True,
    "optical_flow_cadence": "Farneback",
    "optical_flow_redo_generation": "Farneback",
    "seed_behavior": "schedule",
    "use_mask": True,
    "mask_file": "m.png",
    "use_noise_mask": True,
    "use_looper": True,
    "init_images": {"0": "a.png"},
    "hybrid_composite": "Normal",
    "hybrid_comp_mask_type": "Blend",
    "hybrid_comp_mask_auto_contrast": True,
    "hybrid_motion": "Optical Flow",
    "hybrid_flow_method": "Farneback",
}
"""Every switch that makes a schedule count."""
NEVER_USED = {"near_schedule", "far_schedule"}


def modes_of(name):
    return [
        mode
        for mode in ("2D", "3D")
        if name not in unused_settings(import_settings(ALL_ON | {"animation_mode": mode})[0])
    ]


def test_every_schedule_that_is_used_is_evaluated_at_every_frame():
    for name in numeric_schedules():
        modes = modes_of(name)
        assert bool(modes) == (name not in NEVER_USED), name
        for mode in modes:
            settings, _ = import_settings(ALL_ON | {"animation_mode": mode, name: "0:(1), 3:(foo)"})
            with pytest.raises(PlanError) as refused:
                validate(settings, 12)
            assert refused.value.field == name
            assert str(refused.value).startswith(f"{name}: ")
    for name in name_schedules():
        settings, _ = import_settings(ALL_ON | {name: "0:(x"})
        with pytest.raises(PlanError, match=f"^{name}: a bracket is not closed"):
            validate(settings, 12)


@pytest.mark.parametrize("mode", ["2D", "3D", "Video Input", "Interpolation"])
@pytest.mark.parametrize("junk", ["0:(foo)", "", "0:(1/(t-7))", "0:(1e9)", "no schedule", "0:(" + "(" * 5000])
def test_what_a_mode_and_its_switches_never_read_is_never_refused(mode, junk):
    plain, _ = import_settings({"animation_mode": mode, "enable_noise_multiplier_scheduling": False})
    unused = unused_settings(plain) & {*numeric_schedules(), *name_schedules()}
    assert len(unused) > 20
    settings, _ = import_settings(
        {"animation_mode": mode, "enable_noise_multiplier_scheduling": False} | dict.fromkeys(unused, junk)
    )
    table = validate(settings, 12, has_source=True)
    # What is logged reads back, whatever it was.
    records = [json.loads(json.dumps(row.record(seed=1, diffused=True))) for row in table]
    records[0]["settings"] = static_settings(settings)
    assert len(validate(settings_from_table(records), 12, has_source=True)) == 12


@pytest.mark.parametrize(
    ("name", "value", "switches"),
    [
        ("perlin_w", 0, {"noise_type": "perlin"}),
        ("hybrid_flow_method", "DIS Fast", {"hybrid_motion": "Optical Flow"}),
        ("hybrid_consistency_blur", 99, {"hybrid_motion": "Optical Flow"}),
        ("extract_nth_frame", 0, {"animation_mode": "Video Input"}),
        ("init_images", "{broken", {"use_looper": True}),
        ("mask_overlay_blur", 900, {"use_mask": True, "mask_file": "m.png"}),
        ("padding_mode", "wrap", {"animation_mode": "3D"}),
    ],
)
def test_other_settings_are_refused_only_when_they_are_used(name, value, switches):
    off = {"noise_type": "uniform", name: value}
    settings, unknown = import_settings(off)
    assert getattr(settings, name) == getattr(DeforumSettings(), name)
    assert unknown == []
    with pytest.raises(PlanError) as refused:
        import_settings(off | switches)
    assert refused.value.field == name


def test_the_subseed_minus_1_is_drawn():
    settings, _ = import_settings({"enable_subseed_scheduling": True, "subseed_schedule": "0:(-1)"})
    assert len(validate(settings, 3)) == 3


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("zoom", "0:(1), 9:(0)", "zoom: frame 9: 0 is below 0.01"),
        ("cfg_scale_schedule", "0:(t*10)", "cfg_scale_schedule: frame 6: 60 is above 50"),
        ("noise_schedule", "0:(2)", "noise_schedule: frame 0: 2 is above 1"),
        ("seed_schedule", "0:(-2)", "seed_schedule: frame 0: -2 is below -1"),
        ("seed_schedule", "0:(4294967296)", "seed_schedule: frame 0: 4294967296 is above 4294967295"),
        ("diffusion_cadence", "0:(0)", "diffusion_cadence: frame 0: 0 is below 1"),
        ("fov_schedule", "0:(180)", "fov_schedule: frame 0: 180 is above 170"),
    ],
)
def test_values_out_of_range_name_the_frame(name, value, message):
    switches = {"animation_mode": "3D"} if name == "fov_schedule" else {}
    settings, _ = import_settings({"seed_behavior": "schedule", name: value} | switches)
    with pytest.raises(PlanError) as refused:
        validate(settings, 10)
    assert (refused.value.field, refused.value.message) == (name, message)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("zoom", ["1"], "zoom: expected a schedule"),
        ("zoom", True, "zoom: expected a schedule"),
        ("zoom", float("nan"), "zoom: expected a schedule"),
        ("steps", 0, "steps: 0 is not between 1 and 200"),
        ("steps", 2.5, "steps: expected a whole number"),
        ("steps", "many", "steps: expected a number"),
        ("steps", 10**400, "steps: expected a number"),
        ("seed", True, "seed: expected a whole number"),
        ("use_init", 1, "use_init: expected true or false"),
        ("animation_mode", "4D", "animation_mode: expected one of 2D, 3D, Video Input, Interpolation"),
        ("border", None, "border: expected one of replicate, wrap"),
        ("prompts", "{", "prompts: not valid JSON"),
        ("prompts", ["a"], "prompts: expected an object of frame and text"),
        ("prompts", {"0": 1}, "prompts: expected an object of frame and text"),
        ("mask_file", "x" * 10_001, "mask_file: longer than 10000 characters"),
        ("cn_2_weight", {}, "cn_2_weight: expected a schedule"),
        ("init_image", "a\0b", "init_image: holds characters that are no text"),
        ("prompts", {"0": "half \ud83d"}, "prompts: holds characters that are no text"),
        ("my_note", ["half \ud83d"], "my_note: holds characters that are no text"),
    ],
)
def test_values_of_the_wrong_kind_name_the_field(name, value, message):
    with pytest.raises(PlanError) as refused:
        import_settings({name: value})
    assert refused.value.field == name
    assert refused.value.message.startswith(message)


def test_not_an_object():
    with pytest.raises(PlanError):
        import_settings([])


@pytest.mark.parametrize(
    ("mapping", "given", "field"),
    [
        ({"animation_mode": "Video Input"}, {"has_source": False}, "video_init_path"),
        ({"hybrid_composite": "Normal"}, {"has_source": False}, "video_init_path"),
        ({"color_coherence": "Video Input"}, {"has_source": False}, "video_init_path"),
        ({"use_mask_video": True}, {"has_mask_video": False}, "video_mask_path"),
        ({"use_init": True}, {}, "init_image"),
        ({"use_init": True, "init_image": "a.png"}, {"assets": ["b.png"]}, "assets"),
        ({"use_mask": True}, {}, "mask_file"),
        ({"use_mask": True, "use_alpha_as_mask": True}, {}, "init_image"),
        ({"use_mask": True, "mask_file": "m.png", "mask_schedule": "0:({nobody})"}, {}, "mask_schedule"),
        ({"use_mask": True, "mask_file": "m.png", "mask_schedule": "0:([x.png])"}, {"assets": ["m.png"]}, "assets"),
        ({"use_noise_mask": True}, {}, "noise_mask_schedule"),
        ({"color_coherence": "Image"}, {}, "color_coherence_image_path"),
        ({"use_looper": True}, {}, "init_images"),
        ({"use_looper": True, "init_images": {"0": "a.png"}}, {"assets": []}, "assets"),
        ({"optical_flow_cadence": "RAFT"}, {}, "optical_flow_cadence"),
        ({"hybrid_motion": "Optical Flow"}, {}, "hybrid_flow_method"),
        ({"enable_sampler_scheduling": True, "sampler_schedule": "0:(Heun)"}, {}, "sampler_schedule"),
        ({"prompts": {"0": "a <lora:ink:1>"}}, {"loras": ["wash"]}, "prompts"),
        ({"cn_1_enabled": True, "cn_1_weight": "0:(3)"}, {}, "cn_1_weight"),
    ],
)
def test_what_settings_refer_to_must_be_there(mapping, given, field):
    settings, _ = import_settings(mapping)
    with pytest.raises(PlanError) as refused:
        validate(settings, 5, **given)
    assert refused.value.field == field


def test_no_frames():
    with pytest.raises(PlanError, match="at least 1 frame"):
        validate(DeforumSettings(), 0)


def test_sampler_names_are_the_engines():
    assert set(SCHEDULERS.values()) <= set(sampler_names())
    assert [scheduler_of(name) for name in ("Euler a", "euler_a", "DPM++ 2M Karras", "Heun")] == [
        "euler_a",
        "euler_a",
        "dpmpp_2m_karras",
        None,
    ]


def test_rows_hold_the_effective_values():
    settings, _ = import_settings(PUBLIC)
    row = frame_table(settings, frame_count=96, seed=5)[95]
    assert (row["steps_schedule"], row["noise_multiplier_schedule"], row["subseed_strength_schedule"]) == (30, 1.05, 0)
    assert (row["translation_x"], row.cadence, row.units[0].weight, row.units[1]) == (2.5, 3, 0.5, None)
    record = json.loads(json.dumps(row.record(seed=9, diffused=True)))
    assert (record["frame"], record["seed"], record["steps_schedule"], record["cn_1_weight"]) == (95, 9, 30, 0.5)
    assert record["prompts"] == [["masterwork a harbour at night, gouache", 1.0]]
    assert record["negative_prompt"] == "people, text blurry"


def test_strength_is_clamped_and_denoising_has_no_rounding_error():
    settings, _ = import_settings({"strength_schedule": "0:(1.7), 1:(-1), 2:(0.9)"})
    table = frame_table(settings, frame_count=3, seed=1)
    assert [row.denoising for row in table] == [0, 1, 0.1]


def test_a_logged_table_has_the_same_rows():
    settings, _ = import_settings(PUBLIC | {"use_looper": True})
    table = frame_table(settings, frame_count=96, seed=5)
    records = [json.loads(json.dumps(row.record(seed=row.frame, diffused=True))) for row in table]
    records[0]["settings"] = static_settings(settings)
    again = frame_table(settings_from_table(records), frame_count=96, seed=0)
    for row, repeated in zip(table, again, strict=True):
        assert repeated.values == row.values | {"seed_schedule": row.frame}
        assert (repeated.names, repeated.prompt, repeated.guide) == (row.names, row.prompt, row.guide)
        assert repeated.units == row.units


@pytest.mark.parametrize("rows", [[], [{}], [{"frame": 1}], [{"frame": 0}], ["x"], [{"frame": 0, "settings": 3}]])
def test_an_incomplete_table_is_refused(rows):
    with pytest.raises(PlanError) as refused:
        settings_from_table(rows)
    assert refused.value.field == "table"


@pytest.mark.parametrize(
    "text",
    ["", "{video_mask", "video_mask", "{x}", "{everywhere} &", "({everywhere}", "!", "(" * 60, "<apple>", "a" * 1001],
)
def test_masks_that_can_not_be_read(text):
    with pytest.raises(MaskSyntaxError):
        parse_mask(text)
