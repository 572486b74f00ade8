"""The main job as a client does it: over HTTP, with the API's own words, and progress bars."""

from __future__ import annotations

import secrets
import time
from pathlib import Path
from typing import Any

import requests
from tqdm import tqdm

POLL_SECONDS = 0.5
BAR = {"bar_format": "{desc:<34}{percentage:3.0f}% |{bar:30}| {elapsed}"}

Answer = dict[str, Any]


class DemoFailed(Exception):
    """A step did not end as it should; the message says which and why."""


class Client:
    """A user of the API."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self._http = requests.Session()

    def register(self) -> tuple[str, str]:
        """A new account; answers its e-mail and password."""
        email, password = f"demo-{secrets.token_hex(4)}@example.com", secrets.token_urlsafe(12)
        data = self.post("/api/register", name="Demo", email=email, password=password, c_password=password)
        self._http.headers["Authorization"] = f"Bearer {data['token']}"
        return email, password

    def upload(self, type: str, attachment: Path, soundtrack: Path | None = None) -> int:
        """Send the files; answers the video's id."""
        files = {"attachment": (attachment.name, attachment.read_bytes())}
        if soundtrack:
            files["soundtrack"] = (soundtrack.name, soundtrack.read_bytes())
        answer = self._http.post(f"{self.base_url}/api/upload", data={"type": type}, files=files, timeout=60)
        return int(_data(answer)["videoId"])

    def render(self, title: str, path: str, **body: str | float | dict[str, str]) -> Answer:
        """Ask for a render and watch it to its end."""
        job = self.post(path, **body)
        with tqdm(total=100, desc=title, **BAR) as bar:
            while job["status"] in ("processing", "approved"):
                time.sleep(POLL_SECONDS)
                job = self.get(f"/status/{job['videoId']}")
                bar.update(job["progress"] - bar.n)
        if job["status"] not in ("preview", "finished"):
            raise DemoFailed(f"{title}: {job['status']}: {job['error']}")
        return job

    def download(self, url: str, path: Path) -> Path:
        """Fetch a file by its signed link."""
        answer = self._http.get(url, timeout=60)
        answer.raise_for_status()
        path.write_bytes(answer.content)
        return path

    def get(self, path: str) -> Answer:
        return _data(self._http.get(self.base_url + path, timeout=30))

    def post(self, path: str, **body: str | float | dict[str, str]) -> Answer:
        return _data(self._http.post(self.base_url + path, json=body, timeout=30))


def run(client: Client, *, clip: Path, soundtrack: Path, folder: Path) -> dict[str, Path]:
    """Restyle the clip and animate its first picture; answers the two finished videos by their names."""
    restyled = client.upload("vid2vid", clip, soundtrack)
    client.render(
        "Preview of the restyled clip", "/api/generate", videoId=restyled, type="vid2vid", frameCount=4, seed=7,
        prompt="a blue sea under an orange sky with a red boat on the left, oil painting", negative_prompt="blurry",
        denoising=0.3, cfgScale=3,
    )  # fmt: skip
    final = client.render("Restyled clip", "/api/finalize", videoId=restyled)
    videos = {"restyled": client.download(final["output_url"], folder / "restyled.mp4")}
    animated = client.upload("deforum", clip, soundtrack)
    client.render(
        "Preview of the animation", "/api/generate", videoId=animated, type="deforum", frameCount=1, seed=11,
        length=3, fps=12, cfgScale=3, prompt="a blue sea under an orange sky with a red boat on the left, watercolor",
        preset="breathing-zoom", schedules={"strength_schedule": "0:(0.6)"},
    )  # fmt: skip
    final = client.render("Animation", "/api/finalize", videoId=animated)
    videos["animated"] = client.download(final["output_url"], folder / "animated.mp4")
    return videos


def _data(answer: requests.Response) -> Answer:
    body = answer.json()
    if not body["success"]:
        raise DemoFailed(f"{answer.request.method} {answer.request.path_url}: {body['message']} {body.get('data', '')}")
    return dict(body["data"])
