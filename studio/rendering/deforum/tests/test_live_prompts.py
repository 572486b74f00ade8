"""Live prompts: what a frame is made from, text by text, and that the record says the same."""

import pytest

from studio.rendering.deforum.prompts import frame_prompts, read_prompt
from studio.rendering.deforum.steering.commands import Command, parse
from studio.rendering.deforum.steering.prompting import LivePrompt

SCHEDULED = read_prompt("a cat <lora:ink:0.5> --neg mud")
BLENDED = read_prompt("a cat :0.25 AND a dog :0.75 --neg mud")
INK = frozenset({"ink"})


def live(*bodies):
    """The live prompt after commands, a frame passing after each."""
    prompt = LivePrompt()
    for body in bodies:
        prompt = prompt.changed(parse(Command(1, "prompt", body))).stepped()
    return prompt


def made(prompt, scheduled=SCHEDULED):
    frame = prompt.checked(scheduled, INK)
    return [(part.text, round(part.weight, 6)) for part in frame.prompts], frame.negative


def recorded(frame):
    """The frame's prompt as a settings file says it and a render reads it."""
    return frame_prompts({"0": frame.to_text()}, frame_count=1, seed=1)[0]


@pytest.mark.parametrize(
    ("bodies", "expected"),
    [
        ([{"a": "a fox"}], ([("a fox", 1)], "mud")),
        ([{"a": ""}], ([("", 1)], "mud")),
        ([{"negative": "rain"}], ([("a cat", 1)], "rain")),
        ([{"negative": ""}], ([("a cat", 1)], "")),
        ([{"negative": "rain AND snow --neg fog"}], ([("a cat", 1)], "rain AND snow --neg fog")),
        ([{"a": "a fox --neg own"}], ([("a fox", 1)], "own")),
        ([{"a": "a fox --neg own", "negative": "rain"}], ([("a fox", 1)], "rain")),
        # A to B; without A from the schedule.
        ([{"a": "a fox", "b": "a hen", "morph": 0.25}], ([("a fox", 0.75), ("a hen", 0.25)], "mud")),
        ([{"a": "a fox", "b": "a hen", "morph": 1}], ([("a hen", 1)], "mud")),
        ([{"a": "a fox", "b": "a hen", "morph": 0}], ([("a fox", 1)], "mud")),
        ([{"a": "a fox", "morph": 0.5}], ([("a fox", 1)], "mud")),
        ([{"b": "a hen", "morph": 0.5}], ([("a cat", 0.5), ("a hen", 0.5)], "mud")),
        ([{"a": "x AND y :3", "b": "z", "morph": 0.5}], ([("x", 0.125), ("y", 0.375), ("z", 0.5)], "mud")),
        # Null leaves as it is.
        ([{"a": "a fox"}, {"b": "a hen"}, {"morph": 0.5, "a": None}], ([("a fox", 0.5), ("a hen", 0.5)], "mud")),
        # Before and after the schedule's.
        ([{"a": "a fox", "mode": "before"}], ([("a fox, a cat", 1)], "mud")),
        ([{"a": "a fox", "mode": "after", "negative": "rain"}], ([("a cat, a fox", 1)], "mud, rain")),
        ([{"negative": "rain", "mode": "before"}], ([("a cat", 1)], "rain, mud")),
        ([{"a": "a fox"}, {"mode": "schedule"}], None),
        ([{"mode": "schedule"}, {"a": "a fox"}], None),
    ],
)  # fmt: skip
def test_texts(bodies, expected):
    prompt = live(*bodies)
    if expected is None:
        assert prompt.over(SCHEDULED, INK) is SCHEDULED
        return
    assert made(prompt) == expected
    frame = prompt.checked(SCHEDULED, INK)
    assert recorded(frame) == frame


def test_every_scheduled_text_has_the_live_one_beside_it():
    prompt = live({"a": "a fox", "b": "a hen", "morph": 0.5, "mode": "after"})
    texts, _ = made(prompt, BLENDED)
    assert texts == [("a cat, a fox", 0.125), ("a cat, a hen", 0.125), ("a dog, a fox", 0.375), ("a dog, a hen", 0.375)]
    frame = prompt.checked(BLENDED, INK)
    assert recorded(frame) == frame


@pytest.mark.parametrize(
    ("binding", "text"),
    [
        ({"kind": "weight", "a": "red", "value": 1.5}, [("a (red:1.5) sky", 1)]),
        ({"kind": "weight", "a": "red", "value": 1}, [("a red sky", 1)]),
        ({"kind": "weight", "a": "red", "value": 0}, [("a (red:0) sky", 1)]),
        ({"kind": "weight", "a": "red", "value": 1.5, "on": False}, [("a sky", 1)]),
        ({"kind": "blend", "a": "red", "b": "blue", "value": 0.25}, [("a red sky", 0.75), ("a blue sky", 0.25)]),
        ({"kind": "blend", "a": "red", "b": "blue", "value": 0}, [("a red sky", 1)]),
        ({"kind": "blend", "a": "red", "b": "", "value": 1}, [("a sky", 1)]),
        ({"kind": "weight", "a": "\\1 \\g<0>", "value": 1}, [("a \\1 \\g<0> sky", 1)]),
    ],
)
def test_bindings(binding, text):
    prompt = live({"a": "a {{ tone }} sky", "bindings": {"tone": binding}})
    assert made(prompt)[0] == text
    frame = prompt.checked(SCHEDULED, INK)
    assert recorded(frame) == frame


def test_a_place_that_nothing_is_bound_to_is_empty():
    assert made(live({"a": "a {{tone}} sky"}))[0] == [("a sky", 1)]
    taken_away = live(
        {"a": "a {{x}} sky", "bindings": {"x": {"kind": "weight", "a": "red", "value": 1}}}, {"bindings": {"x": None}}
    )
    assert made(taken_away)[0] == [("a sky", 1)]


def test_a_binding_and_the_morph_go_to_their_goals_by_steps():
    start = {"kind": "weight", "a": "red", "value": 1}
    prompt = live({"a": "a {{x}} sky", "b": "a sea", "bindings": {"x": start}})
    prompt = prompt.changed(
        parse(Command(2, "prompt", {"morph": 1, "frames": 2, "bindings": {"x": {**start, "value": 2, "frames": 4}}}))
    )
    seen = []
    for _ in range(5):
        prompt = prompt.stepped()
        seen.append((prompt.bindings["x"].glide.at(), prompt.morph.at()))
    assert seen == [(1.25, 0.5), (1.5, 1), (1.75, 1), (2, 1), (2, 1)]
    assert LivePrompt.from_json(prompt.to_json()) == prompt


def test_loras_of_the_schedule_are_off_where_a_live_prompt_does_not_name_them():
    assert live({"a": "a fox"}).checked(SCHEDULED, INK).loras == {"ink": 0.0}
    assert live({"a": "a fox <lora:ink:1.5>"}).checked(SCHEDULED, INK).loras == {"ink": 1.5}
    for mode in ("before", "after"):
        assert live({"a": "a fox", "mode": mode}).checked(SCHEDULED, INK).loras == {"ink": 0.5}
        assert live({"a": "a fox <lora:ink:1.5>", "mode": mode}).checked(SCHEDULED, INK).loras == {"ink": 1.5}


def test_more_than_an_encoder_reads_is_never_rendered():
    five = {f"n{i}": {"kind": "blend", "a": "x", "b": "y", "value": 0.5} for i in range(5)}
    many = live({"a": " ".join(f"{{{{{name}}}}}" for name in five), "bindings": five})
    assert many.over(SCHEDULED, INK) is SCHEDULED
    long = live({"a": "word " * 1_100, "mode": "after"})
    assert long.over(read_prompt("word " * 1_000), INK) == read_prompt("word " * 1_000)
