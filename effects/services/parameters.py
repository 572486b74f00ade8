"""From what a user sends for an effect to the parameters of a render."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from config.api.errors import ValidationFailed
from effects.hooks import vocabulary
from effects.implied import complete_template, has_prompt, implied_prompt
from effects.models import Effect
from effects.properties import Property, check_placeholders, fill_template, placeholders, read_properties

FIELD = "input_payload"


def effect_parameters(effect: Effect, input_payload: object = None) -> dict[str, object]:
    """The generation parameters of one use of the effect, in the words of ``POST /api/generate``.

    ``{"prompt": "a watercolor painting", "denoising": 0.62, "modelId": 3}``. Raises ValidationFailed naming
    ``input_payload.key`` for what the effect's properties or the bounds of the parameters do not allow, and the
    parameter, of a template that was stored before it was checked.
    """
    properties = _properties(effect)
    _check_stored(effect.parameters, properties)
    values = _clean(properties, input_payload)
    template = complete_template(effect.parameters, properties)
    filled = fill_template(template, properties, values)
    if not has_prompt(filled):
        filled["prompt"] = implied_prompt(effect.name, effect.description, template, properties, values)
    parameters, problems = vocabulary().check(filled)
    if problems:
        raise ValidationFailed({_field(template, name): reasons for name, reasons in problems.items()})
    if effect.model_file_id is not None:
        parameters["modelId"] = effect.model_file_id
    return parameters


def clean_payload(effect: Effect, input_payload: object = None) -> dict[str, object]:
    """The payload with every default filled in. Raises ValidationFailed naming ``input_payload.key``."""
    return _clean(_properties(effect), input_payload)


def check_payload(effect_id: int, input_payload: object) -> None:
    """Raises ValidationFailed naming ``input_payload.key``; content with an effect that there is none of."""
    effect = Effect.objects.public().filter(pk=effect_id).first()
    if effect is not None:
        clean_payload(effect, input_payload)


def payload_files(effect: Effect, input_payload: object = None) -> dict[str, int]:
    """Property -> id of the file that the payload names for it; whether the user may, the caller must ask."""
    properties = _properties(effect)
    values = _clean(properties, input_payload)
    return {p.key: values[p.key] for p in properties if p.type in ("image", "video") and p.key in values}


def payload_file_ids(effect: Effect | None, input_payload: Mapping[str, object]) -> set[int]:
    """The files that a payload as it was stored names, whatever became of the effect's bounds since."""
    files = [item["key"] for item in effect.offered_properties if item["type"] in ("image", "video")] if effect else []
    named = (input_payload.get(str(key)) for key in files)
    return {file for file in named if isinstance(file, int)}


def _properties(effect: Effect) -> list[Property]:
    try:
        return read_properties(effect.offered_properties)
    except ValueError as error:
        raise ValidationFailed({"configurable_properties": [str(error)]}) from error


def _check_stored(template: object, properties: list[Property]) -> None:
    if not isinstance(template, dict):
        raise ValidationFailed({"parameters": ["Must be an object of generation parameters."]})
    for name, part in template.items():
        try:
            check_placeholders({name: part}, properties)
        except ValueError as error:
            raise ValidationFailed({name: [str(error)]}) from error


def _field(template: dict[str, object], parameter: str) -> str:
    """The parameter as whoever sent the payload calls it: by the property that it comes from, if there is one."""
    keys = [key for key, _ in placeholders(template.get(parameter))]
    return f"{FIELD}.{keys[0]}" if keys else parameter


def _clean(properties: list[Property], payload: object) -> dict[str, Any]:
    # An empty PHP array is written as a list.
    payload = {} if payload in (None, []) else payload
    if not isinstance(payload, dict):
        raise ValidationFailed({FIELD: ["The input payload must be an object of the effect's properties."]})
    known = {item.key for item in properties}
    problems = {
        f"{FIELD}.{str(key)[:64]}": ["This effect has no such property."] for key in payload if key not in known
    }
    values = {}
    for item in properties:
        value = payload.get(item.key)
        try:
            if value is not None:
                values[item.key] = item.clean(value)
            elif item.default is not None:
                values[item.key] = item.default
            elif item.required:
                raise ValueError(f"The {item.key} property is required.")
        except ValueError as error:
            problems[f"{FIELD}.{item.key}"] = [str(error)]
    if problems:
        raise ValidationFailed(problems)
    return values
