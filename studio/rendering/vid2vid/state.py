"""What a killed render needs besides its finished frames, kept in one small file that is replaced atomically."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from studio.rendering.media import durable
from studio.rendering.vid2vid.colour import ColourReference

_KEPT = 4
"""Positions remembered: a crash leaves the frame sink at the last one or the one before."""


@dataclass
class RenderState:
    """The batch size, fixed for the whole render, and the colour reference at the newest batch boundaries."""

    path: Path
    batch_size: int
    references: dict[int, ColourReference | None] = field(default_factory=dict)

    @classmethod
    def load(cls, folder: Path, default_batch: int) -> RenderState:
        """Read the folder's state, or start one; an unreadable file counts as none."""
        path = folder / "vid2vid.json"
        try:
            data = json.loads(path.read_text())
            references = {
                int(at): ColourReference.from_json(ref) if ref else None for at, ref in data["references"].items()
            }
            return cls(path, int(data["batch_size"]), references)
        except (OSError, ValueError, KeyError, TypeError):
            return cls(path, default_batch)

    def position(self, frames_done: int) -> int:
        """The last boundary at or before ``frames_done`` from which the render can go on as if it had never stopped."""
        return max((at for at in self.references if at <= frames_done), default=0)

    def remember(self, frames_done: int, reference: ColourReference | None) -> None:
        """Write the state of a boundary. Call it before the frames up to there are stored: it may be ahead, never
        behind.
        """
        self.references[frames_done] = reference
        for old in sorted(self.references)[:-_KEPT]:
            del self.references[old]
        self.path.parent.mkdir(parents=True, exist_ok=True)
        references = {at: ref.to_json() if ref else None for at, ref in self.references.items()}
        durable.write(self.path, json.dumps({"batch_size": self.batch_size, "references": references}).encode())
