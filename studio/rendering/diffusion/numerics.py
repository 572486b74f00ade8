"""How a render computes: what its bytes depend on besides the plan. Chosen once, then kept with the render's state."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, get_args

import torch

from studio.rendering.errors import RenderError
from studio.rendering.media import durable

Precision = Literal["float32", "bfloat16"]
Layout = Literal["contiguous", "channels_last"]

FILE = "numerics.json"
SCHEMA = 1


@dataclass(frozen=True)
class Numerics:
    """Of a render on a CPU. The defaults are exact and measure nothing; renders of earlier versions had them.

    In bfloat16 the weights of convolutions and products are halved; norms, the text encoders and the path from noise to
    picture stay in float32.
    """

    precision: Precision = "float32"
    unet: Layout = "contiguous"
    vae: Layout = "contiguous"
    batch: int | None = None
    """Frames at once, where it was measured; the plan's count, or what fits in memory, come first."""

    def freeze(self, folder: Path) -> None:
        """Keep the choice in the render's state; when this returns it survives a crash. Before the first frame."""
        folder.mkdir(parents=True, exist_ok=True)
        durable.write(folder / FILE, json.dumps({"schema": SCHEMA, **asdict(self)}).encode())

    @classmethod
    def frozen(cls, folder: Path) -> Numerics | None:
        """The choice that was kept in ``folder``, None when there is none. Raises RenderError for one that this version
        can't read: another choice would change the rest of the video.
        """
        try:
            data = json.loads((folder / FILE).read_bytes())
            if data.pop("schema") != SCHEMA:
                raise ValueError("schema")
            found = cls(**data)
            layouts = get_args(Layout)
            if found.precision not in get_args(Precision) or found.unet not in layouts or found.vae not in layouts:
                raise ValueError(found)
            if found.batch is not None and not (isinstance(found.batch, int) and found.batch > 0):
                raise ValueError(found)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise RenderError("The checkpoint can't be read by this version.", code="invalid_checkpoint") from error
        return found


def memory_format(layout: Layout) -> torch.memory_format:
    """torch's name of a layout."""
    return torch.channels_last if layout == "channels_last" else torch.contiguous_format
