"""Prompts as the programs read them that they come from: emphasis, chunks, encodings beside an independent library."""

import pytest
import torch
from compel import Compel
from compel.embeddings_provider import ReturnedEmbeddingsType, SplitLongTextMode
from transformers import CLIPTokenizer

from studio.builtin_model.location import builtin_model_path
from studio.rendering.diffusion.animatediff import AnimateDiffEngine
from studio.rendering.diffusion.chunks import split_chunks
from studio.rendering.diffusion.emphasis import MAX_BYTES, PromptSyntaxError, check_prompt, parse_emphasis
from studio.rendering.diffusion.sdxl import SdxlEngine
from studio.rendering.diffusion.tests.support import difference, pictures, render
from studio.rendering.diffusion.text import PromptEncoder
from studio.rendering.models.loading import load_components
from studio.rendering.models.tiny import build_animatediff, build_sdxl

CPU = torch.device("cpu")
LONG = ", ".join(f"detail {n}" for n in range(60))
WORDS = " ".join("abcdefghijklmnopqrstuvwxyz"[n % 26] for n in range(200))


@pytest.fixture(scope="module")
def sd15(sd15_folder):
    return load_components(sd15_folder, dtype=torch.float32)


@pytest.fixture(scope="module")
def sdxl(tmp_path_factory):
    return load_components(build_sdxl(tmp_path_factory.mktemp("sdxl")), dtype=torch.float32)


def encoded(parts, text, **options):
    with torch.inference_mode():
        return PromptEncoder(parts, CPU).encode(text, **options)


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("normal text", [("normal text", 1)]),
        ("an (important) word", [("an ", 1), ("important", 1.1), (" word", 1)]),
        ("a ((castle))", [("a ", 1), ("castle", 1.21)]),
        ("a (castle:1.3)", [("a ", 1), ("castle", 1.3)]),
        ("a (castle: 1.3 )", [("a ", 1), ("castle", 1.3)]),
        ("a [castle]", [("a ", 1), ("castle", 1 / 1.1)]),
        ("a (castle:1)", [("a castle", 1)]),
        ("a (cast:1.2)(le:1.2)", [("a ", 1), ("castle", 1.2)]),
        (r"a \(castle\:1.3\) \[x\] \\", [(r"a (castle\:1.3) [x] " + "\\", 1)]),
        ("(open", [("open", 1.1)]),
        ("shut) it]", [("shut) it]", 1)]),
        ("((a:1.3) [b]:0.5) c", [("a", 0.65), (" ", 0.5), ("b", 0.5 / 1.1), (" c", 1)]),
        ("(a:1.2.3)", [("a:1.2.3)", 1.1)]),
        ("a:1.2)", [("a:1.2)", 1)]),
        ("(a:-0.5)", [("a", -0.5)]),
        ("", [("", 1)]),
    ],
)
def test_emphasis(text, spans):
    found = parse_emphasis(text)
    assert [span.text for span in found] == [text for text, _ in spans]
    assert [span.weight for span in found] == pytest.approx([weight for _, weight in spans])


@pytest.mark.parametrize(
    "text", ["(" * 51, "[(" * 60, "(a" * 60 + ")" * 60, "a" * (MAX_BYTES + 1), "é" * 3001, "BREAK " * 22]
)
def test_prompts_beyond_every_use_are_refused(text):
    with pytest.raises(PromptSyntaxError):
        check_prompt(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a castle", "a (castle:1.0)"),
        ("a castle", "a (castle:1)"),
        ("a (castle:1.1)", "a (castle)"),
        ("a (castle:1.21)", "a ((castle))"),
        ("a (castle:0.909090909090909)", "a [castle]"),
    ],
)
def test_ways_to_write_one_emphasis(sd15, sdxl, one, other):
    for parts in (sd15, sdxl):
        assert torch.allclose(encoded(parts, one).tokens, encoded(parts, other).tokens, rtol=0, atol=1e-6)
    assert not torch.allclose(encoded(sd15, "a castle").tokens, encoded(sd15, "a (castle:1.5)").tokens, atol=1e-3)


def test_a_small_encoder_leaves_out_what_it_has(sd15, sdxl):
    for parts in (sd15, sdxl):
        layers = len(parts.text_encoders[0](torch.tensor([[0]]), output_hidden_states=True).hidden_states)
        most = layers - len(parts.text_encoders)
        assert torch.equal(encoded(parts, "a", clip_skip=9).tokens, encoded(parts, "a", clip_skip=most).tokens)
        assert not torch.allclose(encoded(parts, "a", clip_skip=1).tokens, encoded(parts, "a").tokens)


@pytest.mark.parametrize("skip", [0, 1])
def test_a_weight_multiplies_and_the_mean_stays(sd15, sdxl, skip):
    for parts in (sd15, sdxl):
        plain = encoded(parts, "a castle b", clip_skip=skip)
        weighed = encoded(parts, "a (castle:1.5) b", clip_skip=skip)
        count = len(parts.tokenizers[0]("castle", add_special_tokens=False).input_ids)
        before = len(parts.tokenizers[0]("a", add_special_tokens=False).input_ids)
        weights = torch.ones(77)
        weights[1 + before : 1 + before + count] = 1.5
        width = plain.tokens.shape[-1] // len(parts.text_encoders)
        for part, result in zip(plain.tokens[0].split(width, 1), weighed.tokens[0].split(width, 1), strict=True):
            expected = part * weights[:, None]
            assert torch.isfinite(result).all()
            ratio = part.mean() / expected.mean() if expected.mean() else 1.0
            assert torch.allclose(result, expected * ratio, atol=1e-5)
        if weighed.pooled is not None:
            assert torch.equal(weighed.pooled, plain.pooled)


@pytest.mark.parametrize("weight", ["9" * 400, "1" + "0" * 40, "-" + "9" * 400, "0", "0." + "0" * 50 + "1"])
def test_no_weight_makes_a_text_undefined(sd15, sdxl, weight):
    for parts in (sd15, sdxl):
        for text in (f"a (castle:{weight}) b", f"(((castle:{weight}):{weight}):0)", f"(castle:{weight})"):
            assert torch.isfinite(encoded(parts, text).tokens).all()


@pytest.mark.parametrize("text", ["", "a castle at night", WORDS[:140], WORDS])
def test_plain_text_is_encoded_as_compel_does(sd15, text):
    library = Compel(
        tokenizer=sd15.tokenizers[0],
        text_encoder=sd15.text_encoders[0],
        truncate_long_prompts=False,
        split_long_text_mode=SplitLongTextMode.BRUTAL,
        returned_embeddings_type=ReturnedEmbeddingsType.LAST_HIDDEN_STATES_NORMALIZED,
        device="cpu",
    )
    with torch.inference_mode():
        expected = library.build_conditioning_tensor(text)
    ours = encoded(sd15, text).tokens
    assert ours.shape == expected.shape
    assert torch.allclose(ours, expected, atol=1e-5)


def test_a_short_text_is_encoded_as_the_tokenizer_pads_it(sdxl):
    text = "a castle, at night"
    states = []
    with torch.inference_mode():
        for tokenizer, encoder in zip(sdxl.tokenizers, sdxl.text_encoders, strict=True):
            ids = tokenizer(text, padding="max_length", max_length=77, truncation=True, return_tensors="pt").input_ids
            output = encoder(ids, output_hidden_states=True)
            states.append(output.hidden_states[-2])
    assert torch.equal(encoded(sdxl, text).tokens, torch.cat(states, -1))
    assert torch.equal(encoded(sdxl, text).pooled, output[0])


def test_chunks_end_at_a_near_comma_and_at_breaks():
    # The tiny models' tokenizer knows no comma.
    tokenizer = CLIPTokenizer.from_pretrained(builtin_model_path() / "tokenizer")

    def lengths(text):
        chunks = split_chunks(parse_emphasis(text), tokenizer)
        assert all(len(chunk.ids) == len(chunk.weights) == 77 for chunk in chunks)
        return [chunk.ids.index(tokenizer.eos_token_id) - 1 for chunk in chunks]

    assert lengths("x " * 75) == [75]
    assert lengths("x " * 76) == [75, 1]
    assert lengths("x " * 59 + ", " + "x " * 20) == [60, 20]
    assert lengths("x " * 40 + ", " + "x " * 40) == [75, 6]
    assert lengths("x " * 75 + ", x") == [75, 2]
    assert lengths("x x BREAK x") == [2, 1]
    assert lengths("(x BREAK x x:1.5)") == [1, 2]
    assert lengths("") == [0]


def test_long_texts_have_all_their_words(sd15, sdxl):
    for parts in (sd15, sdxl):
        fox, whale = encoded(parts, f"{LONG}, red fox"), encoded(parts, f"{LONG}, blue whale")
        assert fox.chunks == whale.chunks > 1
        assert torch.equal(fox.tokens[:, :77], whale.tokens[:, :77])
        assert not torch.allclose(fox.tokens, whale.tokens, atol=1e-3)
        first = encoded(parts, LONG)
        assert first.pooled is None or torch.equal(first.pooled, fox.pooled)


@pytest.mark.parametrize("family", ["sd15", "sdxl", "animatediff"])
def test_the_end_of_a_long_text_is_in_the_picture(family, sd15_engine, sdxl, tmp_path):
    if family == "animatediff":
        parts = load_components(build_animatediff(tmp_path / "model"), dtype=torch.float32)
        engine = AnimateDiffEngine(parts, CPU)
    else:
        engine = sd15_engine if family == "sd15" else SdxlEngine(sdxl, CPU)
    init = pictures(2)
    asked = [
        {"prompt": f"{LONG}, red fox"},
        {"prompt": f"{LONG}, blue whale"},
        {"prompt": "a castle"},
        {"prompt": "a castle", "negative_prompt": f"{LONG}, red fox"},
        {"prompt": "a castle", "negative_prompt": f"{LONG}, blue whale"},
        {"prompt": "a (castle:1.6)"},
    ]
    frames = [render(engine, init, **changes) for changes in asked]
    assert all(difference(a, b) > 0 for index, a in enumerate(frames) for b in frames[:index])


def test_the_cache_is_bounded_by_chunks_not_texts(sd15):
    encoder = PromptEncoder(sd15, CPU)
    with torch.inference_mode():
        for n in range(60):
            encoder.encode(f"{n} {LONG}")
    assert encoder.encoded == 60
    assert sum(embedding.chunks for embedding in encoder._cache.values()) <= 256
