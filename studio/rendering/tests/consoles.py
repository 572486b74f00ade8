"""A console in files: commands and acks that outlive the process that renders, as rows of a database do."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from studio.rendering.deforum import checkpoint
from studio.rendering.deforum.steering.commands import Ack, Command
from studio.rendering.media import durable
from studio.rendering.plan import RenderPlan
from studio.rendering.ports import FramePictures, RenderInputs, RenderResult
from studio.rendering.render import render
from studio.rendering.tests.conftest import Port

ORDERS = "orders.json"
"""Frames done to the commands that are given then: [[frames, kind, body], ...], each given once."""


class FilePort(Port):
    """A port whose commands and acks are files of ``folder``."""

    live = True

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / "work")
        self.folder = folder
        self.frames: list[tuple[int, bytes | None]] = []

    def commands(self, after: int) -> Sequence[Command]:
        given = self._read("given.json")
        due = self._read(ORDERS)[len(given) :]
        # What is durable: the sink may be ahead of it after a kill.
        state = checkpoint.load(self.work_dir / "state")
        known = len(given)
        while due and due[0][0] <= (state.emitted if state else 0):
            _, kind, body = due.pop(0)
            given.append([len(given) + 1, kind, body])
        if len(given) > known:
            self._write("given.json", given)
        return [Command(*command) for command in given if command[0] > after]

    def applied(self, acks: Sequence[Ack]) -> None:
        self._write("acks.json", [*self._read("acks.json"), *map(asdict, acks)])

    def frame(self, index: int, record: Mapping[str, Any], pictures: FramePictures) -> None:
        assert pictures.thumbnail.startswith(b"\xff\xd8\xff")
        assert "sha256" not in record
        self.frames.append((index, pictures.preview))
        print(index, flush=True)

    def acks(self) -> dict[int, dict[str, Any]]:
        """What was told, each ack once however often it came."""
        found: dict[int, dict[str, Any]] = {}
        for ack in self._read("acks.json"):
            assert found.setdefault(ack["number"], ack) == ack
        return found

    def _write(self, name: str, content: list[Any]) -> None:
        durable.write(self.folder / name, json.dumps(content).encode())

    def _read(self, name: str) -> list[Any]:
        path = self.folder / name
        return json.loads(path.read_text()) if path.exists() else []


def steered(plan: RenderPlan, folder: Path, orders: Sequence[tuple[int, str, Mapping[str, Any]]]) -> RenderResult:
    """Render ``plan`` in ``folder`` with commands at so many frames done."""
    prepare(plan, folder, orders)
    return render(plan, RenderInputs(), FilePort(folder))


def prepare(plan: RenderPlan, folder: Path, orders: Sequence[tuple[int, str, Mapping[str, Any]]]) -> None:
    """Write down what :func:`main` needs."""
    folder.mkdir()
    (folder / "plan.json").write_text(json.dumps(plan.to_json()))
    (folder / ORDERS).write_text(json.dumps(list(orders)))


def main(folder: Path) -> None:
    """Render what ``folder`` says: in a process that can be killed."""
    plan = RenderPlan.from_json(json.loads((folder / "plan.json").read_text()))
    render(plan, RenderInputs(), FilePort(folder))


if __name__ == "__main__":
    import torch

    torch.set_num_threads(1)
    main(Path(sys.argv[1]))
