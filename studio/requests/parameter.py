"""How a parameter of a render is declared: once, beside the field of the request that carries it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import Field, dataclass, field
from typing import Any

from studio.requests.kinds import Kind

_KEY = "parameter"


@dataclass(frozen=True)
class Parameter:
    """One parameter. ``name`` is ours and the renderer's, ``api`` what requests and answers call it."""

    name: str
    api: str
    kind: Kind
    help: str
    null: bool
    """Whether null may be sent for it, which means: not said."""
    default: object
    default_in: str | None
    """The workflow that fills the default in; None: every one."""
    aliases: tuple[str, ...]
    """Other keys by which a property of an effect is this parameter."""
    setting: str | None
    """The Deforum setting with the same wish."""
    of_effects: bool
    """Whether an effect's template may set it; the model is a column of the effect."""
    shared: bool
    """Whether others may copy it from a published video: files, jobs and frames of the owner stay out."""
    option: bool
    """Whether it goes to the renderer as one of the plan's options."""
    not_for: Mapping[str, str]
    """Model family -> why it can't be asked of it."""

    def default_for(self, workflow: str) -> object:
        return self.default if self.default_in in (None, workflow) else None


def parameter(
    kind: Kind,
    help: str,
    *,
    api: str = "",
    null: bool = False,
    default: object = None,
    default_in: str | None = None,
    aliases: tuple[str, ...] = (),
    setting: str | None = None,
    of_effects: bool = True,
    shared: bool = True,
    option: bool = False,
    not_for: Mapping[str, str] | None = None,
) -> Any:
    """A field of a request that carries the parameter; None: not said. ``api`` is the field's name unless given."""
    metadata = {
        "api": api, "kind": kind, "help": help, "null": null, "default": default, "default_in": default_in,
        "aliases": aliases, "setting": setting, "of_effects": of_effects, "shared": shared, "option": option,
        "not_for": not_for or {},
    }  # fmt: skip
    return field(default=None, metadata={_KEY: metadata})


def declared(of: Field[object]) -> Parameter:
    """The parameter that a request's field carries."""
    metadata = of.metadata[_KEY]
    return Parameter(**{**metadata, "name": of.name, "api": metadata["api"] or of.name})
