"""Values of every parameter, made from the table itself: good ones, and each way to be wrong."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from studio.requests.kinds import Choice, Flag, Number, Settings, Text, Units
from studio.requests.parameter import Parameter
from studio.requests.types import TYPES, all_parameters, other_workflow, parameters_of

WRONG_TYPES: dict[type, tuple[Any, ...]] = {
    Number: ("high", [1], {"a": 1}, True, False, "nan", "Infinity", "-inf", "1e400", 10**30, "9" * 400),
    Text: (["a"], {"a": 1}, True),
    Choice: (7, ["ddim"], {"a": 1}),
    Flag: ("perhaps", [True], {"a": 1}),
    Units: ("telepathy", 7, [7], {"type": "canny", "weight": 9}, {"type": "canny", "start": 0.5, "end": 0.5}),
    Settings: ("zoom", [1], 7),
}


class Case(NamedTuple):
    workflow: str
    parameter: str
    value: Any
    fits: bool

    @property
    def name(self) -> str:
        return f"{self.workflow}: {self.parameter} = {str(self.value)[:20]}"


def cases() -> Iterator[Case]:
    for workflow in TYPES:
        for p in parameters_of(workflow):
            yield from (Case(workflow, p.api, value, True) for value in _good(p))
            yield from (Case(workflow, p.api, value, False) for value in _bad(p))
            yield Case(workflow, p.api, None, p.null)
        for api, p in all_parameters().items():
            if other_workflow(api, workflow):
                yield from (Case(workflow, api, value, False) for value in _good(p))


def _good(parameter: Parameter) -> tuple[Any, ...]:
    match parameter.kind:
        case _ if parameter.name in ("model_id", "extend_from_job_id", "end_frame", "preset"):
            # What they name must be there.
            return {"end_frame": (1, 12), "preset": ("orbit",)}.get(parameter.name, ())
        case _ if parameter.name == "start_frame":
            return (0, 11)
        case Number(low=low, high=high):
            assert high is not None
            return (max(low, -5), high, str(high))
        case Text():
            return ("a fox", " a fox ")
        case Choice(options=options):
            return (options[0],)
        case Flag():
            return (True, False, "true")
        case Units():
            return ("canny", {"type": "canny", "weight": 0.5}, [{"type": "canny"}], [])
        case Settings():
            return ({}, {"zoom": "0:(1.01)"})
    raise AssertionError(parameter)


def _bad(parameter: Parameter) -> Iterator[Any]:
    yield from WRONG_TYPES[type(parameter.kind)]
    match parameter.kind:
        case Number(low=low, high=high, whole=whole):
            yield low - 1
            yield from () if high is None else (high + 1,)
            yield from (2.5,) if whole else (1e308,)
        case Text(longest=longest, blank=blank, plain=plain):
            yield "x" * (longest + 1)
            yield from () if blank else ("", "  ")
            yield from (5, "a\x01b", "a\x1bb", "a\x7fb") if plain else ()
        case Choice():
            yield "a word of nobody"
        case Units(most=most):
            yield ["canny"] * (most + 1)
        case Settings(longest=longest):
            yield {"prompts": {"0": "x" * longest}}
            yield {"no_such_setting": 1}
            yield {"zoom": "0:(__import__('os'))"}
