"""What a console sends."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from rest_framework import serializers

from config.api.errors import refuse
from config.api.serializers import OptionalTextField, ThoroughSerializer, Values
from studio.rendering.deforum.steering.commands import KINDS
from studio.services.steering.commands import read_command
from studio.services.steering.records import MAX_FRAMES

MAX_NUMBER = 2**53 - 1
"""What every client's numbers can tell apart."""
MAX_TOKEN = 512
OWN = ("number", "kind", "token")
"""Of every command; the rest is its body."""


def _token() -> serializers.Field:
    """Whoever has none, has not the controls: that is no fault of the body's."""
    return OptionalTextField(max_length=MAX_TOKEN, help_text="What `take` answered.")


class ControlSerializer(ThoroughSerializer):
    action = serializers.ChoiceField(choices=("take", "renew", "release", "hand_over"))
    token = _token()
    to = serializers.IntegerField(
        required=False,
        allow_null=True,
        min_value=1,
        help_text="Whom to hand over to; the owner if left out.",
    )
    force = serializers.BooleanField(required=False, default=False, help_text="For the owner: whoever has them.")


def _part(help_text: str) -> serializers.Field:
    return serializers.JSONField(required=False, help_text=help_text)


def _text(help_text: str) -> serializers.Field:
    return serializers.CharField(required=False, allow_null=True, allow_blank=True, help_text=help_text)


class CommandSerializer(ThoroughSerializer):
    """`number`, `kind`, `token`, and of the rest what the kind has."""

    number = serializers.IntegerField(min_value=1, max_value=MAX_NUMBER)
    kind = serializers.ChoiceField(choices=KINDS)
    token = _token()
    values = _part("`set`, `set_smooth`: by parameter `{value, mode}`.")
    frames = _part("`set_smooth`, `prompt`: over so many; `extend`: so many more.")
    easing = _part("`set_smooth`, `prompt`.")
    exponential = _part("`set_smooth`: extend a goal that is under way.")
    a = _text("`prompt`.")
    b = _text("`prompt`.")
    negative = _text("`prompt`.")
    morph = _part("`prompt`: from A (0) to B (1).")
    mode = _part("`prompt`: schedule, replace, before, after.")
    bindings = _part("`prompt`: by name what `{{name}}` stands for.")
    frame = _part("`rewind`: the last that is kept.")
    restore_values = _part("`rewind`: with the values of then.")
    start = _part("`loop`, `replay`.")
    end = _part("`loop`, `replay`.")
    off = _part("`loop`.")
    name = _text("`snapshot`, `recall`.")
    movements = _part("`replay`: replay or live.")
    prompts = _part("`replay`: replay or live.")
    others = _part("`replay`: replay or live.")

    def rules(self, values: Values) -> Iterator[Callable[[], object]]:
        if "kind" in values:
            yield partial(read_command, values["kind"], body_of(self.initial_data))


def body_of(data: Mapping[str, object]) -> dict[str, object]:
    """The kind's own part of a command."""
    return {name: value for name, value in data.items() if name not in OWN}


class _Range(serializers.Serializer):
    start = serializers.IntegerField(required=False, min_value=0, max_value=MAX_NUMBER, default=0)
    end = serializers.IntegerField(required=False, min_value=0, max_value=MAX_NUMBER)


class _After(serializers.Serializer):
    after = serializers.IntegerField(required=False, min_value=0, max_value=MAX_NUMBER, default=0)


def frame_range(query: Mapping[str, str]) -> tuple[int, int]:
    """The first frame that a query asks for, and how many. Raises DRF's ValidationError."""
    values = _read(_Range, query)
    start, end = values["start"], values.get("end")
    if end is None:
        return start, MAX_FRAMES
    if end < start:
        refuse("end", f"{end} is before {start}.")
    return start, min(MAX_FRAMES, end - start + 1)


def number_after(query: Mapping[str, str]) -> int:
    """The number behind which a query asks for commands."""
    after: int = _read(_After, query)["after"]
    return after


def _read(serializer_class: type[serializers.Serializer], query: Mapping[str, str]) -> Values:
    serializer = serializer_class(data={name: query[name] for name in query})
    serializer.is_valid(raise_exception=True)
    values: Values = serializer.validated_data
    return values
