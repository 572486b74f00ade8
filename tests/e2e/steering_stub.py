"""A render that is steered, as the network tells of it: the page's own session, panels and commands, and no renderer.

For what instruments send, and when. That renders follow is shown with real ones (``test_steering``).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import cv2
import numpy as np
from playwright.sync_api import Page, Route, expect

from studio.rendering.deforum.steering.table import STEERABLE
from tests.e2e.pages import Console
from tests.waiting import until

MOVES_3D = ("translation_x", "translation_y", "translation_z", "rotation_3d_x", "rotation_3d_y", "rotation_3d_z")
NAMES = (*MOVES_3D, "strength_schedule", "cfg_scale_schedule", "noise_schedule")
SETTINGS = {"fps": 12.0, "max_frames": 240, "seed": 5, "zoom": "0: (1)", "translation_z": "0: (2*sin(t/8)), 40: (3)"}
EASINGS = {"linear": (0.0, 0.0, 1.0, 1.0), "ease": (0.25, 0.1, 0.25, 1.0)}


def _answer(data: Any, status: int = 200) -> dict[str, Any]:
    body = json.dumps({"success": True, "data": data, "message": ""})
    return {"status": status, "content_type": "application/json", "body": body}


class SteeredRender:
    """What the page sends is in ``commands``."""

    def __init__(self, page: Page, *, frames: int = 42, names: tuple[str, ...] = NAMES) -> None:
        self.page = page
        self.commands: list[dict[str, Any]] = []
        self.state: dict[str, Any] = {
            "job_id": 1, "videoId": 7, "job_status": "running", "purpose": "final", "paused": False,
            "frame": frames - 1, "frames_done": frames, "frames_total": 240, "estimated_time_left": 300,
            "last_number": 0,
            "parameters": list(names), "live": {}, "effective": {"seed": 4242}, "bindings": {}, "snapshots": [],
            "prompt": {"a": "a pier", "b": "", "negative": "fog", "morph": 0, "mode": "replace"}, "loop": None,
            "controller": None, "frame_url": None,
        }  # fmt: skip
        self._pictures: dict[int, bytes] = {}
        page.route("**/api/steering", lambda route: route.fulfill(**_answer(self._table())))
        page.route("**/api/video-jobs/*/steering", lambda route: route.fulfill(**_answer(self.state)))
        held = {"token": "held", "expires_at": "2100-01-01T00:00:00Z"}
        page.route("**/api/video-jobs/*/control", lambda route: route.fulfill(**_answer(held)))
        page.route("**/api/video-jobs/*/commands*", self._commands)
        page.route("**/api/video-jobs/*/frames*", self._frames)
        page.route("**/api/video-jobs/*/events", self._events)
        page.route("**/api/v1/deforum-settings/*", lambda route: route.fulfill(**_answer(SETTINGS)))
        page.route("**/thumbnail-*.jpg", self._picture)

    def open(self, console: Console) -> None:
        """Go to the live view of a render that waits."""
        console.fill(prompt="a meadow", length=1)
        console.press("Preview")
        console.expect_status("queued")
        self.page.get_by_role("button", name="Live", exact=True).click()
        expect(self.page.locator("#holder-text")).to_have_text("You steer.")

    def until(self, happened: Callable[[], object], what: str) -> None:
        """Wait for it; answers are given only while the browser is asked something."""
        until(lambda: self.page.evaluate("0") == 0 and happened(), what)

    def values(self, name: str) -> list[Any]:
        """What the parameter was set to, one command after the other."""
        set_to = [command["values"] for command in self.commands if "values" in command]
        return [values[name].get("value", values[name]["mode"]) for values in set_to if name in values]

    def until_steered(self, name: str, times: int) -> None:
        """Wait until the parameter has been set so many times."""
        self.until(lambda: len(self.values(name)) >= times, f"{name} set {times} times")

    def record(self, frame: int) -> dict[str, Any]:
        return {
            "frame": frame, "seed": 100 + frame, "diffused": True, "prompts": [[f"a pier at {frame}", 1.0]],
            "negative_prompt": "fog", "thumbnail_url": f"/thumbnail-{frame}.jpg",
            "translation_z": frame / 10, "strength_schedule": 0.5, "cfg_scale_schedule": 7.0, "noise_schedule": 0.02,
            "zoom": 1.0, **dict.fromkeys(set(MOVES_3D) - {"translation_z"}, 0.0),
        }  # fmt: skip

    @staticmethod
    def _table() -> dict[str, Any]:
        rows = [parameter.row() for parameter in STEERABLE.values()]
        return {"parameters": rows, "kinds": ["set"], "easings": EASINGS}

    def _commands(self, route: Route) -> None:
        if route.request.method == "GET":
            route.fulfill(**_answer([]))
            return
        command = json.loads(route.request.post_data or "")
        self.commands.append(command)
        for name, value in command.get("values", {}).items():
            live = {"mode": value["mode"], "value": value.get("value"), "target": value.get("value"), "frames_left": 0}
            self.state["live"][name] = live
        self.state["last_number"] = command["number"]
        # Values wait for their frame; what they are steered to is known to the page meanwhile.
        row = {"number": command["number"], "kind": command["kind"], "state": "waiting"}
        if "values" not in command:
            row |= {"state": "applied", "applied_at_frame": 42}
        route.fulfill(**_answer(row, 201))

    def _frames(self, route: Route) -> None:
        asked = parse_qs(urlsplit(route.request.url).query)
        last = min(int(asked["end"][0]), self.state["frames_done"] - 1)
        route.fulfill(**_answer([self.record(frame) for frame in range(int(asked["start"][0]), last + 1)]))

    def _events(self, route: Route) -> None:
        text = f"retry: 600000\n\nid: 1-0\nevent: snapshot\ndata: {json.dumps(self.state)}\n\n"
        route.fulfill(status=200, content_type="text/event-stream", body=text)

    def _picture(self, route: Route) -> None:
        frame = int(route.request.url.rpartition("-")[2].partition(".")[0])
        picture = np.full((54, 96, 3), (frame * 5 % 255, 120, 200 - frame * 3 % 200), np.uint8)
        route.fulfill(status=200, content_type="image/jpeg", body=cv2.imencode(".jpg", picture)[1].tobytes())
