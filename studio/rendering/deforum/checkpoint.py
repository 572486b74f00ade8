"""The state of an animation between two diffused frames, on disk: one self-contained file, replaced atomically.

A render that continues from it gives the frames that an uninterrupted one would have given, byte for byte. ``t``
continues when a longer video is made from it, and frames that were emitted before never change.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio.rendering.deforum.cadence import Group, Layer
from studio.rendering.deforum.seeds import SeedState
from studio.rendering.deforum.steering.live import LiveState
from studio.rendering.errors import RenderError
from studio.rendering.media import durable

SCHEMA = 1
FILE = "checkpoint.npz"
_UNREADABLE = (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile)


@dataclass(frozen=True, eq=False)
class State:
    """Everything that frames not yet emitted depend on, besides the plan and its inputs."""

    canvas: tuple[int, int]
    """(height, width) of the images."""
    emitted: int
    """Frames that are in the sink."""
    seeds: SeedState
    group: Group | None = None
    """The frames since the last diffusion; it may have frames left to emit. None in modes without motion."""
    colour_sample: NDArray[np.uint8] | None = None
    live: LiveState | None = None
    """What commands left behind; None where there were none."""


def save(state: State, folder: Path) -> None:
    """Write ``state``; when this returns it survives a crash, and a crash before leaves the one before it."""
    folder.mkdir(parents=True, exist_ok=True)
    meta: dict[str, Any] = {
        "schema": SCHEMA,
        "canvas": state.canvas,
        "emitted": state.emitted,
        "seeds": asdict(state.seeds),
        "group": None,
    }
    if state.live:
        meta["live"] = state.live.to_json()
    arrays: dict[str, Any] = {}
    if state.colour_sample is not None:
        arrays["colour_sample"] = state.colour_sample
    if group := state.group:
        meta["group"] = {"start": group.start, "cadence": group.cadence, "seed": group.seed}
        if group.flow is not None:
            arrays["flow"] = group.flow
        for name, layer in (("newer", group.newer), ("older", group.older)):
            if layer:
                meta["group"][name] = {"origin": layer.origin, "frame": layer.frame}
                arrays[f"{name}_image"], arrays[f"{name}_warp"] = layer.image, layer.warp
    arrays["meta"] = np.frombuffer(json.dumps(meta).encode(), np.uint8)
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    durable.write(folder / FILE, buffer.getvalue())


def live_state(folder: Path) -> LiveState | None:
    """What commands left behind in ``folder``; None also where there is no state. Raises RenderError as ``load``."""
    try:
        with (folder / FILE).open("rb") as file, np.load(file, allow_pickle=False) as stored:
            return _live(json.loads(stored["meta"].tobytes()))
    except FileNotFoundError:
        return None
    except _UNREADABLE as error:
        raise _unreadable() from error


def carry_over(folder: Path) -> None:
    """Leave of a finished render's live state what the render that goes on from it begins with."""
    state = load(folder)
    if state and state.live:
        carried = state.live.carried_over()
        save(replace(state, live=carried if carried.has_values or carried.snapshots else None), folder)


def load(folder: Path) -> State | None:
    """The state in ``folder``, None when there is none. Raises RenderError for one this version can't read."""
    try:
        with (folder / FILE).open("rb") as file, np.load(file, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        meta = json.loads(arrays["meta"].tobytes())
        if meta["schema"] != SCHEMA:
            raise ValueError(f"schema {meta['schema']}")
        return State(
            canvas=(int(meta["canvas"][0]), int(meta["canvas"][1])),
            emitted=int(meta["emitted"]),
            seeds=SeedState(**meta["seeds"]),
            group=_group(meta["group"], arrays),
            colour_sample=arrays.get("colour_sample"),
            live=_live(meta),
        )
    except FileNotFoundError:
        return None
    except _UNREADABLE as error:
        raise _unreadable() from error


def _live(meta: Mapping[str, Any]) -> LiveState | None:
    return LiveState.from_json(meta["live"]) if meta.get("live") else None


def _unreadable() -> RenderError:
    return RenderError("The checkpoint can't be read by this version.", code="invalid_checkpoint")


def _group(meta: Mapping[str, Any] | None, arrays: Mapping[str, NDArray[Any]]) -> Group | None:
    if meta is None:
        return None
    newer = _layer("newer", meta, arrays)
    if newer is None:
        raise ValueError("a group without a layer")
    return Group(
        start=int(meta["start"]),
        cadence=int(meta["cadence"]),
        seed=int(meta["seed"]),
        newer=newer,
        older=_layer("older", meta, arrays),
        flow=arrays.get("flow"),
    )


def _layer(name: str, meta: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Layer | None:
    if name not in meta:
        return None
    return Layer(arrays[f"{name}_image"], int(meta[name]["origin"]), int(meta[name]["frame"]), arrays[f"{name}_warp"])
