"""Prompts: keyframes, negatives, backticks, blends and LoRA tags."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.rendering.deforum.prompts import FramePrompt, frame_prompts
from studio.rendering.diffusion.interface import WeightedPrompt
from studio.rendering.errors import PlanError


def prompts(keyframes, frame_count=11, **options):
    return frame_prompts(keyframes, frame_count=frame_count, seed=3, **options)


def texts(frame):
    return [(prompt.text, round(prompt.weight, 9)) for prompt in frame.prompts]


def test_text_holds_until_the_next_keyframe_and_is_held_back():
    frames = prompts({"max_f/2": "b", "2": "a"})
    assert [frame.prompts[0].text for frame in frames] == ["a"] * 5 + ["b"] * 6


def test_positive_and_negative_surround_every_keyframe():
    frames = prompts({"0": "cat", "5": "dog --neg red"}, positive="art of", negative="text")
    assert frames[0] == FramePrompt((WeightedPrompt("art of cat"),), "text")
    assert frames[5] == FramePrompt((WeightedPrompt("art of dog"),), "red text")


def test_only_the_first_neg_splits():
    assert prompts({"0": "a --neg b --neg c"})[0].negative == "b --neg c"


def test_backticks_are_expressions_and_words_keep_their_letters():
    frames = prompts({"0": "tint (cat:`0.5+t/max_f`) at `where(t>5, tan(0), sqrt(4))` `s`"})
    assert frames[0].prompts[0].text == "tint (cat:0.5) at 2 3"
    assert frames[10].prompts[0].text == "tint (cat:1.5) at 0 3"


def test_interpolation_blends_neighbouring_keyframes():
    frames = prompts({"0": "A", "10": "B"}, blend=True)
    assert texts(frames[3]) == [("A", 0.7), ("B", 0.3)]
    assert texts(frames[10]) == [("B", 1.0)]
    assert texts(frames[0]) == [("A", 1.0)]


def test_interpolation_keeps_the_nearer_negative():
    frames = prompts({"0": "A --neg x", "10": "B --neg y"}, blend=True)
    assert [frame.negative for frame in frames] == ["x"] * 5 + ["y"] * 6


def test_and_blends_with_weights_that_add_up_to_one():
    frames = prompts({"0": "a cat :3 AND a dog :1", "5": "a AND b", "8": "ANDROID :0.5"})
    assert texts(frames[0]) == [("a cat", 0.75), ("a dog", 0.25)]
    assert texts(frames[5]) == [("a", 0.5), ("b", 0.5)]
    assert texts(frames[8]) == [("ANDROID :0.5", 1.0)]


def test_interpolation_multiplies_the_weights_of_blends():
    frames = prompts({"0": "a AND b", "10": "c"}, blend=True)
    assert texts(frames[4]) == [("a", 0.3), ("b", 0.3), ("c", 0.4)]


def test_lora_tags_become_weights_of_their_frames():
    frames = prompts({"0": "cat <lora:ink:0.5> sat", "5": "dog <lora:ink:`t/10`><lora:wash>", "8": "bird"})
    assert frames[0] == FramePrompt((WeightedPrompt("cat sat"),), "", {"ink": 0.5})
    assert frames[6].loras == {"ink": 0.6, "wash": 1.0}
    assert frames[6].prompts[0].text == "dog"
    assert frames[9].loras == {}


def test_lora_weights_blend_in_interpolation():
    frames = prompts({"0": "a <lora:ink:1>", "10": "b <lora:wash:0.5>"}, blend=True)
    assert frames[4].loras == pytest.approx({"ink": 0.6, "wash": 0.2})


@pytest.mark.parametrize(
    ("keyframes", "message"),
    [
        ({}, "at least one keyframe"),
        ([], "expected an object"),
        ({"0": 3}, "prompts: keyframe 0: expected text"),
        ({"0": "x" * 10_001}, "prompts: keyframe 0: longer than 10000 characters"),
        ({"0": "a\x00b"}, "prompts: keyframe 0: control characters"),
        ({"0": "a", "foo": "b"}, "prompts: keyframe foo: unknown name 'foo'"),
        ({"0": "a `1/(t-4)`"}, "prompts: keyframe 0: division by zero at frame 4"),
        ({"0": "a <lora:x:much>"}, "prompts: keyframe 0: the weight of LoRA 'x' is not a number at frame 0"),
    ],
)
def test_errors_name_the_keyframe(keyframes, message):
    with pytest.raises(PlanError, match=message) as refused:
        prompts(keyframes)
    assert refused.value.field == "prompts"


def test_texts_that_are_only_taken_away():
    first = prompts({"0": "a :1 AND b :-1"})[0]
    assert [(part.text, part.weight) for part in first.prompts] == [("a", 1.0), ("b", -1.0)]


words = st.text(alphabet="ab :.0123,()-", min_size=1, max_size=12).map(lambda text: " ".join(f"w {text} w".split()))
weights = st.floats(0.01, 1)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(words, weights), min_size=1, max_size=4), words, st.dictionaries(st.sampled_from("ab"), weights)
)
def test_a_logged_prompt_reads_back(parts, negative, loras):
    total = sum(weight for _, weight in parts)
    logged = FramePrompt(tuple(WeightedPrompt(t, w / total) for t, w in parts), negative, loras)
    read = prompts({"0": logged.to_text()}, 1)[0]
    assert [p.text for p in read.prompts] == [p.text for p in logged.prompts]
    assert [p.weight for p in read.prompts] == pytest.approx([p.weight for p in logged.prompts], rel=1e-12)
    assert (read.negative, read.loras) == (negative, loras)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text):
    field, total = "prompts", 1.0
    try:
        total = sum(prompt.weight for prompt in prompts({"0": text}, 2)[1].prompts)
    except PlanError as error:
        field = error.field
    assert field == "prompts"
    assert total == pytest.approx(1)
