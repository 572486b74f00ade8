"""Presets: every one can be rendered, and their series have the values that their formulas say."""

from math import cos, exp, fmod, pi, sin

import pytest

from studio.rendering.deforum.parameters import frame_table
from studio.rendering.deforum.presets import presets
from studio.rendering.deforum.settings import import_settings
from studio.rendering.deforum.validation import validate

FRAMES = 121
LAST = FRAMES - 1


def handheld(a, b, c, periods):
    return lambda t: a * sin(t / periods[0]) + b * sin(t / periods[1]) + c * sin(t / periods[2])


EXPECTED = {
    "dolly": {"translation_z": lambda t: 1.75},
    "breathing-zoom": {"zoom": lambda t: 1.0025 + 0.002 * sin(1.25 * 3.14 * t / 30)},
    "orbit": {
        "rotation_3d_y": lambda t: 0.5 * cos(2 * 3.14 * t / 120),
        "translation_x": lambda t: -2 * cos(2 * 3.14 * t / 120),
    },
    "tunnel-spin": {"translation_z": lambda t: 6, "rotation_3d_z": lambda t: 0.8},
    "beat-pulse": {"strength_schedule": lambda t: 0.65 - 0.2 * exp(-fmod(t, 12) / 3)},
    "pan": {"translation_x": lambda t: 2},
    "handheld": {
        "rotation_3d_x": handheld(0.12, 0.08, 0.05, (5.3, 3.1, 1.7)),
        "rotation_3d_y": handheld(0.12, 0.08, 0.05, (6.1, 3.7, 1.9)),
        "translation_x": handheld(0.4, 0.25, 0.15, (7.3, 4.1, 2.3)),
    },
    "kaleidoscope": {"angle": lambda t: 1.5, "zoom": lambda t: 1.01},
    "reveal": {"zoom": lambda t: 0.985},
    "vertigo": {
        "translation_z": lambda t: 3 * sin(2 * pi * t / LAST),
        "fov_schedule": lambda t: 50 + 20 * abs(t - LAST / 2) / (LAST / 2),
    },
    "flyover": {
        "translation_z": lambda t: 4,
        "translation_y": lambda t: -0.5,
        "rotation_3d_x": lambda t: 0.05 * sin(2 * pi * t / 90),
    },
    "drift": {
        "angle": lambda t: 0.3 * sin(2 * pi * t / 150),
        "translation_x": lambda t: 1.5 * sin(2 * pi * t / 110),
        "translation_y": lambda t: cos(2 * pi * t / 130),
        "zoom": lambda t: 1.003,
    },
    "card-turn": {
        "perspective_flip_phi": lambda t: 0.4 * sin(2 * pi * t / 60),
        "perspective_flip_gamma": lambda t: 0.8 * cos(2 * pi * t / 60),
        "zoom": lambda t: 1.004,
    },
    "morph": {"strength_schedule": lambda t: 0.65},
}


def test_every_preset_has_expectations():
    assert set(EXPECTED) == set(presets())


@pytest.mark.parametrize("slug", sorted(EXPECTED))
@pytest.mark.parametrize("frame", [0, FRAMES // 2, LAST])
def test_series(slug, frame):
    settings, unknown = import_settings(presets()[slug].settings())
    assert unknown == []
    row = frame_table(settings, frame_count=FRAMES, seed=1)[frame]
    for name, formula in EXPECTED[slug].items():
        assert row[name] == pytest.approx(formula(frame), abs=1e-12), name


@pytest.mark.parametrize("slug", sorted(EXPECTED))
@pytest.mark.parametrize("frame_count", [1, 2, 24, 480])
def test_every_length_can_be_rendered(slug, frame_count):
    preset = presets()[slug]
    assert preset.name
    assert preset.description.endswith(".")
    settings, _ = import_settings(preset.settings())
    assert len(validate(settings, frame_count, has_source=False, assets=())) == frame_count


def test_beats_follow_the_frame_rate():
    settings, _ = import_settings(presets()["beat-pulse"].settings(fps=30, bpm=100))
    table = frame_table(settings, frame_count=40, seed=1)
    strengths = [row["strength_schedule"] for row in table]
    assert strengths[0] == strengths[18] == strengths[36] == pytest.approx(0.45)
    assert min(strengths[1:18]) > 0.45
