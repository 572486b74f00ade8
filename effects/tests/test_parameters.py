"""From a payload to generation parameters; uses, counted."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection

from config.api.errors import NotFound, ValidationFailed
from effects import services
from effects.models import Effect
from effects.properties import check_placeholders, fill_template, read_properties

PROPERTIES = [
    {"key": "subject", "name": "Subject", "description": "What it shows.", "type": "text", "required": True},
    {"key": "mood", "type": "text", "range": ["calm", "wild"], "default": "calm"},
    {"key": "intensity", "type": "number", "range": [0, 1], "default": 0.5},
    {"key": "steps", "type": "number", "range": [4, 20]},
    {"key": "mask", "type": "image"},
]
TEMPLATE = {
    "prompt": "{{subject}}, a {{ mood }} oil painting",
    "denoising": {"property": "intensity", "to": [0.3, 0.7]},
    "steps": "{{steps}}",
    "cfgScale": 6.5,
    "schedules": {"zoom": "0:({{intensity}})", "nested": ["{{mood}}"]},
}


@pytest.fixture
def effect() -> Effect:
    """Not saved: parameters need no database."""
    return Effect(
        name="Oil", slug="oil", type="video_transform", parameters=TEMPLATE, configurable_properties=PROPERTIES
    )


def test_defaults_fill_what_is_not_sent(effect: Effect) -> None:
    assert services.effect_parameters(effect, {"subject": "a fox"}) == {
        "prompt": "a fox, a calm oil painting",
        "denoising": 0.5,
        "cfgScale": 6.5,
        "schedules": {"zoom": "0:(0.5)", "nested": ["calm"]},
    }


def test_values_keep_their_type(effect: Effect) -> None:
    payload = {"subject": " a fox ", "mood": "wild", "intensity": 1, "steps": 12}
    parameters = services.effect_parameters(effect, payload)
    assert (parameters["steps"], parameters["denoising"]) == (12, 0.7)
    assert parameters["prompt"] == "a fox, a wild oil painting"


def test_the_model_of_the_effect_comes_along(effect: Effect) -> None:
    effect.model_file_id = 3
    assert services.effect_parameters(effect, {"subject": "x"})["modelId"] == 3


def test_a_value_is_text_and_never_a_template(effect: Effect) -> None:
    parameters = services.effect_parameters(effect, {"subject": "{{mood}} {{intensity}}"})
    assert parameters["prompt"] == "{{mood}} {{intensity}}, a calm oil painting"


def test_files_are_told_apart(effect: Effect) -> None:
    assert services.payload_files(effect, {"subject": "x", "mask": 88}) == {"mask": 88}
    assert services.payload_files(effect, {"subject": "x"}) == {}


@pytest.mark.parametrize(
    ("payload", "field"),
    [
        ({}, "input_payload.subject"),
        ({"subject": None}, "input_payload.subject"),
        ({"subject": "  "}, "input_payload.subject"),
        ({"subject": 7}, "input_payload.subject"),
        ({"subject": "x" * 1001}, "input_payload.subject"),
        ({"subject": "a\0b"}, "input_payload.subject"),
        ({"subject": "x", "mood": "sad"}, "input_payload.mood"),
        ({"subject": "x", "intensity": 1.01}, "input_payload.intensity"),
        ({"subject": "x", "intensity": "0.5"}, "input_payload.intensity"),
        ({"subject": "x", "intensity": True}, "input_payload.intensity"),
        ({"subject": "x", "intensity": float("nan")}, "input_payload.intensity"),
        ({"subject": "x", "mask": "88"}, "input_payload.mask"),
        ({"subject": "x", "mask": 0}, "input_payload.mask"),
        ({"subject": "x", "prompt": "mine"}, "input_payload.prompt"),
        ("subject", "input_payload"),
        (["subject"], "input_payload"),
    ],
)
def test_bad_payloads_are_named(effect: Effect, payload: Any, field: str) -> None:
    with pytest.raises(ValidationFailed) as refused:
        services.effect_parameters(effect, payload)
    assert list(refused.value.data or {}) == [field]


def test_an_empty_php_array_is_an_empty_payload() -> None:
    assert services.effect_parameters(Effect(parameters={"prompt": "neon"}), []) == {"prompt": "neon"}


@pytest.mark.parametrize(
    "properties",
    [
        {"key": "a"},
        [{"key": "1a", "type": "text"}],
        [{"key": "a", "type": "colour"}],
        [{"key": "a", "type": "number", "range": [1, 1]}],
        [{"key": "a", "type": "number", "range": "0..1"}],
        [{"key": "a", "type": "number", "range": [0, 1], "default": 2}],
        [{"key": "a", "type": "text", "range": []}],
        [{"key": "a", "type": "image", "range": [1, 2]}],
        [{"key": "a", "type": "text"}, {"key": "a", "type": "number"}],
        [{"key": "a", "type": "text", "required": "yes"}],
        [{"key": "a", "type": "text", "secret": 1}],
        [{"key": f"k{number}", "type": "text"} for number in range(51)],
    ],
)
def test_properties_that_make_no_sense(properties: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_properties(properties)


@pytest.mark.parametrize(
    "template",
    [
        {"prompt": "{{nobody}}"},
        {"schedules": {"zoom": ["0:({{nobody}})"]}},
        {"denoising": {"property": "mood", "to": [0, 1]}},
        {"denoising": {"property": "intensity", "to": [0.3]}},
        {"denoising": {"property": "nobody", "to": [0, 1]}},
    ],
)
def test_templates_that_name_what_is_not_there(template: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        check_placeholders(template, read_properties(PROPERTIES))


def test_a_range_may_fall() -> None:
    """Less of the property, more of the parameter."""
    properties = read_properties([{"key": "likeness", "type": "number", "range": [0, 10]}])
    template = {"denoising": {"property": "likeness", "to": [0.9, 0.4]}}
    assert fill_template(template, properties, {"likeness": 4}) == {"denoising": 0.7}


@pytest.mark.django_db
class TestFind:
    def test_never_existed_is_invalid_and_gone_is_not_found(self) -> None:
        with pytest.raises(ValidationFailed) as refused:
            services.find_effect(effect_id=10**30)
        assert refused.value.data == {"effect_id": ["The selected effect id is invalid."]}
        effect = Effect.objects.create(name="a", slug="a", type="animation", credits_cost=1)
        assert services.find_effect(effect_id=effect.pk) == effect
        services.update_effect(effect, changes={"is_active": False})
        with pytest.raises(NotFound, match="Effect not found"):
            services.find_effect(effect_id=effect.pk)
        services.update_effect(effect, changes={"is_active": True})
        services.delete_effect(effect)
        with pytest.raises(NotFound, match="Effect not found"):
            services.find_effect(effect_id=effect.pk)


@pytest.mark.django_db(transaction=True)
def test_every_use_counts_and_makes_popular() -> None:
    effect = Effect.objects.create(name="a", slug="a", type="animation", credits_cost=1, popularity_score="2.5")

    def use(_: int) -> None:
        try:
            services.record_use(effect.pk)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(use, range(40)))
    effect.refresh_from_db()
    assert (effect.use_count, float(effect.popularity)) == (40, 42.5)
