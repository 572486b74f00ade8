"""What a hostile file may cost: the processor time of a check, however much it asks for."""

import time

import pytest

from studio.rendering.deforum.mask_language import MaskSyntaxError, parse_mask
from studio.rendering.deforum.prompts import frame_prompts
from studio.rendering.deforum.schedule import MAX_WORK, Budget
from studio.rendering.deforum.settings import import_settings, numeric_schedules
from studio.rendering.deforum.validation import MAX_FRAMES, validate
from studio.rendering.errors import PlanError

SECONDS = 5.0
"""Of processor time: several times what the worst of these takes on a slow machine, a fraction of what they took."""
FRAMES = 1200
NINE_TERMS = "+".join(["sin(t)"] * 9)


def cost(mapping, frames=FRAMES):
    """Processor seconds until the settings are read and checked, or refused."""
    started = time.process_time()
    refusal = None
    try:
        settings, _ = import_settings(mapping)
        validate(settings, frames)
    except PlanError as error:
        refusal = error
    return time.process_time() - started, refusal


@pytest.mark.parametrize(
    ("mapping", "field"),
    [
        ({"angle": "0:" + "(" * 6_000 + "1" + ")" * 6_000}, "angle"),
        ({"angle": "0:" + "(" * 45_000 + "1" + ")" * 45_000}, "angle"),
        ({"angle": "0:" + "[(" * 20_000}, "angle"),
        ({"angle": "0:" + "(" * 90_000}, "angle"),
        ({"angle": "(" * 45_000 + "0" + ")" * 45_000 + ":1"}, "angle"),
        ({"angle": "0:" + "'" * 90_000}, "angle"),
        ({"angle": "0:" + "'1'" * 30_000}, "angle"),
        ({"angle": "0:" + "()" * 45_000}, "angle"),
        ({"angle": "0:" + "9" * 90_000}, "angle"),
        ({"angle": "0" + ":" * 90_000}, "angle"),
        ({"angle": "0:(9**9**9**9)"}, "angle"),
        ({"angle": "0:(1), 9**9**9:(2)"}, "angle"),
        ({"angle": "0:(" + "-" * 490 + "1)"}, "angle"),
        ({"angle": "0:(1)," * 20_000}, "angle"),
        ({name: f"0:({NINE_TERMS}+{index})" for index, name in enumerate(numeric_schedules())} | {
            "translation_x": ",".join(f"{frame}:({NINE_TERMS}+{frame})" for frame in range(1100))
        }, None),
        ({name: ",".join(f"{n}+s:t+{n}" for n in range(6_000)) for name in ("angle", "zoom", "translation_x")}, "zoom"),
        ({"prompts": {"0": "a `t`" * 900}}, "prompts"),
        ({"prompts": {"0": "a " + "(" * 6_000}}, "prompts"),
        ({"prompts": {"0": "(a " * 3_000}}, "prompts"),
        ({"prompts": {"0": "a :" + "1" * 9_900 + "x AND b"}}, "prompts"),
        ({"prompts": {"0": "a AND " * 1_500 + "b"}}, "prompts"),
        ({"prompts": {f"{n}+s": "a" for n in range(20_000)}}, "prompts"),
        ({"use_looper": True, "init_images": {f"{n}+s": "a" for n in range(20_000)}}, "init_images"),
        ({"use_mask": True, "mask_file": "m", "mask_schedule": "0:(" + "(" * 6_000}, "mask_schedule"),
        ({"use_mask": True, "mask_file": "m", "mask_schedule": '0:("' + "!" * 90_000 + '")'}, "mask_schedule"),
        ({"zoom": "0:(1)" + " " * 90_000, "angle": "0:(1)" + " " * 90_000}, None),
        ({"prompts": {str(n): "word " * 60 for n in range(1_200)}}, None),
        ({"prompts": {"0": "x" * 500_000}}, "settings"),
        ({"animation_prompts_positive": "(a:1.1)" * 1_400}, "prompts"),
    ],
    ids=lambda value: None if isinstance(value, dict) else str(value),
)  # fmt: skip
def test_a_check_is_bounded(mapping, field):
    seconds, refusal = cost(mapping)
    assert seconds < SECONDS
    if field:
        assert refusal is not None
        assert refusal.field == field


@pytest.mark.parametrize("frames", [MAX_FRAMES + 1, 300_000, 10**9])
def test_more_frames_than_can_be_rendered_are_refused_before_they_are_counted(frames):
    seconds, refusal = cost({}, frames)
    assert seconds < 0.5
    assert refusal.field == "max_frames"


def test_a_keyframe_far_away_costs_nothing():
    seconds, refusal = cost({"angle": "0:(1), 999999999:(2)", "prompts": {"0": "a", "999999999": "b"}})
    assert (seconds < 1.0, refusal) == (True, None)


def test_the_work_is_counted_and_ends_where_the_budget_does():
    budget = Budget()
    frame_prompts({"0": "a `sin(t)`"}, frame_count=100, seed=1, budget=budget)
    spent = MAX_WORK - budget.left
    assert 0 < spent < 100 * 100
    with pytest.raises(PlanError, match="more arithmetic"):
        frame_prompts({"0": "a `sin(t)`"}, frame_count=100, seed=1, budget=Budget(spent - 1))


def test_reading_is_linear_in_the_text():
    def seconds(brackets):
        text = "0:(1)," + ",".join(f"{n}:{'(' * 20}{n}{')' * 20}" for n in range(brackets))
        started = time.process_time()
        for _ in range(3):
            validate(import_settings({"angle": text})[0], 10)
        return time.process_time() - started

    seconds(100)
    short, long = seconds(200), seconds(2_000)
    # Ten times the text; a quadratic reader takes a hundred times as long.
    assert long < 40 * max(short, 0.005)


def test_masks_are_bounded():
    for text in ("(" * 999, "!" * 999, "{everywhere}&" * 70 + "(" * 60, "a" * 100_000):
        started = time.process_time()
        with pytest.raises(MaskSyntaxError):
            parse_mask(text)
        assert time.process_time() - started < 1.0
