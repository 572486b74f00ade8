"""Sound in the console: decoded by the browser, its beat and bands bound to parameters."""

from __future__ import annotations

import base64
import io
import re
import wave
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import FilePayload, Locator, Page, expect
from rest_framework.test import APIClient

from accounts.models import User
from accounts.services import Device, open_session
from tests.e2e.instruments import call, mount
from tests.e2e.pages import Console

RATE = 44_100
LISTEN = """async (text) => {
    const m = await import('/static/console/instruments/sound.js');
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const found = await m.analyse(await m.decode(new File([bytes], "sound.wav")));
    return { bpm: found.bpm, offset: found.offset, duration: found.duration, hits: found.hits.map((hit) => hit.time) };
}"""


def wav(samples: NDArray[Any]) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes((np.clip(samples, -1, 1) * 32_000).astype("<i2").tobytes())
    return file.getvalue()


def clicks(bpm: float, seconds: float, *, offset: float = 0.0, weak: Sequence[float] = ()) -> NDArray[Any]:
    """Ticks of 20 ms at every beat; quieter ones at ``weak``, shares of a beat."""
    samples = np.zeros(int(seconds * RATE))
    length = int(0.02 * RATE)
    tone = np.sin(2 * np.pi * 1_500 * np.arange(length) / RATE) * np.exp(-np.arange(length) / (0.005 * RATE))
    for share, loudness in ((0.0, 0.9), *((share, 0.3) for share in weak)):
        for time in np.arange(offset + share * 60 / bpm, seconds - 0.03, 60 / bpm):
            start = int(time * RATE)
            samples[start : start + length] += loudness * tone
    return samples


def listen(page: Page, samples: NDArray[Any]) -> Any:
    return page.evaluate(LISTEN, base64.b64encode(wav(samples)).decode())


@pytest.fixture
def token(user: User) -> str:
    return open_session(user=user, device=Device()).access


@pytest.mark.parametrize(
    ("bpm", "offset", "weak"),
    [(90, 0.25, ()), (120, 0.0, ()), (128, 0.1, (0.5,)), (174, 0.31, ()), (97.3, 0.2, (0.25, 0.5, 0.75))],
)
def test_the_beat_of_a_click_track_is_found(page: Page, bpm: float, offset: float, weak: tuple[float, ...]) -> None:
    page.goto("/deforumation-qt")
    found = listen(page, clicks(bpm, 16, offset=offset, weak=weak))
    assert found["bpm"] == pytest.approx(bpm, rel=0.002)
    assert found["offset"] == pytest.approx(offset, abs=0.01)
    assert found["duration"] == pytest.approx(16, abs=0.001)
    times = np.arange(offset, 15.97, 60 / bpm)
    heard = np.array(found["hits"])
    # Every beat has a hit within 10 ms, to the end of the sound.
    assert max(np.abs(heard - time).min() for time in times) < 0.01
    if not weak:
        assert len(heard) == len(times)


def test_what_does_not_repeat_has_no_beat(page: Page) -> None:
    page.goto("/deforumation-qt")
    assert listen(page, np.zeros(RATE * 2)) == {"bpm": 0, "offset": 0, "duration": 2, "hits": []}
    hum = listen(page, 0.5 * np.sin(2 * np.pi * 220 * np.arange(RATE * 3) / RATE))
    assert hum["bpm"] == 0


def test_bands_tell_low_from_high_tones(page: Page) -> None:
    page.goto("/deforumation-qt")
    time = np.arange(RATE * 3) / RATE
    tones = [0.5 * np.sin(2 * np.pi * frequency * time[:RATE]) for frequency in (100, 1_000, 6_000)]
    bands = page.evaluate(
        """async (text) => {
            const m = await import('/static/console/instruments/sound.js');
            const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
            const track = await m.analyse(await m.decode(new File([bytes], "sound.wav")));
            return ["low", "mid", "high"].map((name) => m.bandPerFrame(track, name, { frames: 36, fps: 10 }));
        }""",
        base64.b64encode(wav(np.concatenate(tones))).decode(),
    )
    for place, band in enumerate(bands):
        assert len(band) == 36
        inside = band[place * 10 + 1 : place * 10 + 9]
        others = [value for frame, value in enumerate(band) if not place * 10 - 1 <= frame <= place * 10 + 10]
        assert min(inside) > 0.95
        assert max(others) < 0.05
        # The sound is over before the film is.
        assert band[31:] == [0] * 5


TRACK = {"bpm": 120, "offset": 0.2, "duration": 4, "hits": [{"time": 0.5, "strength": 1}], "bands": {}}


@pytest.mark.parametrize(
    ("binding", "frames"),
    [
        ({"source": "beats"}, [2, 7, 12, 17, 22, 27, 32, 37]),
        ({"source": "beats", "every": 4}, [2, 22]),
        ({"source": "beats", "shift": 3}, [5, 10, 15, 20, 25, 30, 35]),
        ({"source": "beats", "shift": -2}, [0, 5, 10, 15, 20, 25, 30, 35]),
        ({"source": "hits"}, [5]),
    ],
)
def test_beats_fall_on_their_frames(page: Page, binding: dict[str, Any], frames: list[int]) -> None:
    page.goto("/deforumation-qt")
    film = {"frames": 38, "fps": 10}
    whole = {"every": 1, "smoothing": 0, "shift": 0, "low": 1, "high": 3, **binding}
    values = call(page, "binding", "m.boundValues(...x)", [TRACK, whole, film])
    assert values == [3 if frame in frames else 1 for frame in range(38)]


def test_smoothing_rises_at_once_and_falls_slowly(page: Page) -> None:
    page.goto("/deforumation-qt")
    binding = {"source": "hits", "every": 1, "smoothing": 2, "shift": 0, "low": 0, "high": 1}
    values = call(page, "binding", "m.envelope(...x)", [TRACK, binding, {"frames": 12, "fps": 10}])
    expected = [0.0] * 5 + [float(np.exp(-n / 2)) for n in range(7)]
    assert values == pytest.approx(expected)


@pytest.fixture
def sound(console: Console, page: Page, token: str) -> Locator:
    console.fill(length=4, fps=12)
    return mount(page, "audio", token)


def choose(panel: Locator, name: str, content: bytes) -> None:
    file: FilePayload = {"name": name, "mimeType": "audio/wav", "buffer": content}
    panel.get_by_label("Sound file").set_input_files(file)


def test_a_click_track_becomes_a_schedule(sound: Locator, page: Page, api: APIClient) -> None:
    choose(sound, "clicks.wav", wav(clicks(120, 4, offset=0.25)))
    expect(sound.get_by_role("status").first).to_contain_text("120 beats per minute")
    # The waveform is drawn, under the page's strict policy.
    expect(sound.locator(".wave canvas").first).to_be_attached()
    expect(sound.locator(".beats line.beat")).to_have_count(8)
    expect(sound.locator(".beats line.cadence")).to_have_count(0)
    sound.get_by_label("Cadence lines").check()
    expect(sound.locator(".beats line.cadence")).to_have_count(5)
    sound.get_by_label("Parameter").select_option("zoom")
    sound.get_by_role("button", name="Bind to the sound").click()
    for label, value in (("Silent", "1"), ("Loud", "1.5"), ("Smoothing, frames", "0")):
        entry = sound.get_by_label(f"{label}: Zoom")
        entry.fill(value)
        entry.press("Tab")
    sound.get_by_role("button", name="Write the schedule").click()
    text = page.locator("#zoom").input_value()
    answer = api.post("/api/v1/schedules", {"schedules": {"zoom": text}, "frames": 48})
    beats = {3 + 6 * n for n in range(8)}
    assert answer.json()["data"]["zoom"] == [1.5 if frame in beats else 1 for frame in range(48)]

    sound.get_by_role("button", name="Half").click()
    expect(sound.locator(".beats line.beat")).to_have_count(4)
    sound.get_by_label("Beats per minute").fill("0")
    sound.get_by_label("Beats per minute").press("Tab")
    expect(sound.locator(".note.error")).to_contain_text("20 to 400")


def test_a_file_that_is_no_sound_is_refused_and_the_old_one_stays(sound: Locator) -> None:
    choose(sound, "clicks.wav", wav(clicks(100, 3)))
    expect(sound.locator(".beats line.beat")).to_have_count(5)
    choose(sound, "notes.wav", b"no sound at all")
    expect(sound.locator(".note.error")).to_have_text("notes.wav is no sound that this browser can read.")
    expect(sound.locator(".beats line.beat")).to_have_count(5)


def test_it_plays(sound: Locator, page: Page) -> None:
    choose(sound, "clicks.wav", wav(clicks(120, 2)))
    play = sound.get_by_role("button", name="Play")
    play.click()
    expect(sound.get_by_role("button", name="Pause")).to_be_visible()
    expect(sound.get_by_label("Place in the sound, seconds")).not_to_have_value(re.compile(r"^0(\.0+)?$"))
