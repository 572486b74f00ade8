"""Schedules: the worked examples, errors that name field, keyframe and frame, and an independent reference."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.rendering.deforum import schedule
from studio.rendering.errors import PlanError


def numbers(text, frame_count, seed=1):
    return schedule.numbers("zoom", text, frame_count=frame_count, seed=seed)


@pytest.mark.parametrize(
    ("text", "frame_count", "expected"),
    [
        ("0:(0), 10:(10)", 21, {5: 5, 10: 10, 20: 10}),
        (
            "0: (1.0025+0.002*sin(1.25*3.14*t/30))",
            31,
            {0: 1.0025, 1: 1.002761, 2: 1.003017, 12: 1.0045, 30: 1.001089},
        ),
        ("0:(0.65), 50:(0.4), 100:(0.65)", 121, {25: 0.525, 50: 0.4, 75: 0.525, 120: 0.65}),
    ],
)
def test_examples_at_some_frames(text, frame_count, expected):
    values = numbers(text, frame_count)
    assert {frame: round(float(values[frame]), 6) for frame in expected} == expected


@pytest.mark.parametrize(
    ("text", "seed", "expected"),
    [
        ("0:(sin(t)), 4:(5)", 1, [0, 0.841471, 0.909297, 0.141120, 5, 5, 5, 5]),
        ("0:(0), 4:(t*t)", 1, [0, 4, 8, 12, 16, 25, 36, 49]),
        ("0:(1), 3:(2*t), 6:(0)", 1, [1, 2.666667, 4.333333, 6, 8, 10, 0, 0, 0]),
        ("0:(0), (max_f/2):(10), (max_f-1):(0)", 1, [0, 2, 4, 6, 8, 10, 7.5, 5, 2.5, 0, 0]),
        ('0:(s), 1:(-1), "max_f-2":(-1), "max_f-1":(s)', 1, [1, -1, -1, 1, 1]),
        ('0:(s), 1:(-1), "max_f-2":(-1), "max_f-1":(s)', 7, [7, -1, -1, -1, -1, -1, -1, -1, 7, 7]),
        ("0:(t%3)", 1, [0, 1, 2, 0, 1, 2, 0]),
        ("2:(4), 4:(8)", 1, [4, 4, 4, 6, 8, 8]),
        ("2:(t)", 1, [2, 2, 2, 3, 4]),
        ("0:(1e0), 2:(5)", 1, [1, 1, 5, 5]),
        ("0:(1), 0:(2)", 1, [2, 2]),
        ("0:( 1 ), 4:( 3 )", 1, [1, 1.5, 2, 2.5, 3]),
        ("0:(1), 9:(5)", 1, [1, 1, 1]),
        ("9:(5)", 1, [5, 5]),
        ("0:(where(t<2, 1, max(t, 3))), 4:(arctan2(0, 1))", 1, [1, 1, 3, 3, 0]),
        ("0:(-.5), 2:(+.5),", 1, [-0.5, 0, 0.5]),
        ("0:(0), '2':('4')", 1, [0, 2, 4]),
        ("2.9:(1), 4:(3)", 1, [1, 1, 1, 2, 3]),
        # Undefined at some frames: interpolated over, and held at the ends, as gaps are.
        ("0:(sqrt(t-2))", 1, [0, 0, 0, 1, 1.414214]),
        ("0:(sqrt(2-t)), 6:(4)", 1, [1.414214, 1, 0, 1, 2, 3, 4]),
        ("0:(log(t-2.5)), 4:(9)", 1, [-0.693147, -0.693147, -0.693147, -0.693147, 9]),
        ("0:(1/(1-t)*where(t==1, 0, 1))", 1, [1, 0, -1, -0.5]),
        ("0:(where(t==2, 0/0, t))", 1, [0, 1, 2, 3]),
        ("0:((0-1)**(t/2))", 1, [1, 0, -1, 0, 1]),
        ("0:(exp(-1/t))", 1, [0, 0.367879, 0.606531]),
        # Only the piece after the first colon counts.
        ("0: 0: (1.5), 2: 2: (7)", 1, [0, 1, 2]),
        ("0:(1, 2:(3))", 1, [1, 2, 3]),
        ("0:(1)), 2:(3", 1, [1, 2, 3]),
        ("0:(1", 1, [1, 1]),
        ("0:1)", 1, [1, 1]),
        ('0:("1)', 1, [1, 1]),
        # Integers, of which numexpr's remainder by 0 is 0.
        ("0:(5 + t%0)", 1, [5, 5]),
        ("0:((2*t + 1) % (max_f - 2))", 1, [0, 0, 0]),
        ("0:(t % 0.0), 1:(3)", 1, [3, 3]),
        ("\n0 :\n(1)\t,\n 2: (3) ,\n", 1, [1, 2, 3]),
    ],
)
def test_examples_at_every_frame(text, seed, expected):
    assert numbers(text, len(expected), seed).tolist() == pytest.approx(expected, abs=5e-7)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0:(1), 40:(1/(t-57))", "zoom: keyframe 40: division by zero at frame 57"),
        ("0:(log(t-2))", "zoom: keyframe 0: log(0) is undefined at frame 2"),
        ("0:(sqrt(0-1-t))", "zoom: keyframe 0: sqrt(-1) is undefined at frame 0"),
        ("0:(1), 9**9**9:(2)", "zoom: keyframe 9**9**9: an exponent beyond 10000"),
        ("0:(1), " + "9" * 400 + ":(2)", "zoom: keyframe " + "9" * 40 + ": too large"),
        ("0:(1), 40:(foo)", "zoom: keyframe 40: unknown name 'foo'; known are t, max_f, s, pi, e"),
        ("0:(1), max_g:(2)", "zoom: keyframe max_g: unknown name 'max_g'; known are max_f, s, pi, e"),
        ("0:(1), t:(2)", "zoom: keyframe t: unknown name 't'; known are max_f, s, pi, e"),
        ("1.02", "zoom: expected frame:(value), got '1.02'"),
        ("0:", "zoom: expected frame:(value), got '0:'"),
        ("", "zoom: the schedule is empty"),
        (" , ", "zoom: the schedule is empty"),
        ("0:(t", "zoom: a bracket is not closed in '0:(t'"),
        ("0:t)", "zoom: unbalanced ')' in '0:t)'"),
        ('0:("t)', "zoom: a quote is not closed in '0:(\"t)'"),
        ("0:(1)" + " " * 100_000, "zoom: longer than 100000 characters"),
    ],
)
def test_errors_name_field_keyframe_and_frame(text, message):
    with pytest.raises(PlanError) as refused:
        numbers(text, 90)
    assert refused.value.message == message
    assert refused.value.field == "zoom"


def test_strings_hold_until_the_next_one():
    text = '0: ("Euler a"), 3: ("{video_mask}, [a:b.png]"), "max_f": (DDIM)'
    values = schedule.strings("sampler_schedule", text, frame_count=6, seed=1)
    assert values == ["Euler a"] * 3 + ["{video_mask}, [a:b.png]"] * 2 + ["DDIM"]


def test_strings_without_key_0_are_held_back():
    assert schedule.strings("sampler_schedule", "2:(a), 3:(b)", frame_count=5, seed=1) == ["a", "a", "a", "b", "b"]


def reference(keys, frame_count):
    """Straight from the definition: walk the frames, hold, interpolate. ``keys``: frame to number or function."""
    known = {}
    current = None
    for frame in range(frame_count):
        if frame in keys:
            current = keys[frame]
            known[frame] = current(frame) if callable(current) else current
        elif callable(current):
            known[frame] = current(frame)
    values = []
    for frame in range(frame_count):
        before = max((k for k in known if k <= frame), default=None)
        after = min((k for k in known if k >= frame), default=None)
        if before is None or after is None:
            values.append(known[after if before is None else before])
        elif before == after:
            values.append(known[before])
        else:
            share = (frame - before) / (after - before)
            values.append(known[before] + share * (known[after] - known[before]))
    return values


FORMULAS = {
    "t*t": lambda t: t * t,
    "2*t-1": lambda t: 2 * t - 1,
    "t%4": lambda t: t % 4,
    "where(t>5,1,0)": lambda t: 1 if t > 5 else 0,
}
plain = st.floats(-1000, 1000, allow_subnormal=False).map(lambda x: round(x, 3))
keyed = st.dictionaries(st.integers(0, 29), st.one_of(plain, st.sampled_from(sorted(FORMULAS))), min_size=1, max_size=8)


@settings(max_examples=150, deadline=None)
@given(keyed, st.integers(30, 45), st.randoms())
def test_agrees_with_the_reference(keys, frame_count, random):
    order = list(keys)
    random.shuffle(order)
    texts = {frame: value if isinstance(value, str) else format(value, "f") for frame, value in keys.items()}
    text = ", ".join(f"{frame}:({texts[frame]})" for frame in order)
    expected = reference({frame: FORMULAS.get(value, value) for frame, value in keys.items()}, frame_count)
    assert numbers(text, frame_count).tolist() == pytest.approx(expected, rel=1e-9, abs=1e-9)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(-1e9, 1e9) | st.sampled_from([0.0, 1.0]), min_size=1, max_size=30))
def test_literal_schedules_give_back_the_very_values(values):
    assert numbers(schedule.literal(values), len(values)).tolist() == values


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="0123t:,()\"'[]{}+-*/ max_f", max_size=40))
def test_any_text_gives_finite_values_or_a_plan_error(text):
    refused = None
    values = np.zeros(12)
    try:
        values = numbers(text, 12)
    except PlanError as error:
        refused = error
    assert refused is None or (refused.field == "zoom" and refused.message.startswith("zoom: "))
    assert values.shape == (12,)
    assert np.isfinite(values).all()
