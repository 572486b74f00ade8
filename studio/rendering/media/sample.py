"""A clip and a soundtrack of our own, drawn and synthesised: for the demo, the tests and the benchmarks."""

from __future__ import annotations

import wave
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
from numpy.typing import NDArray

from studio.rendering.media import durable, ffmpeg
from studio.rendering.media.mux import mux

Frame = NDArray[np.uint8]
Plane = NDArray[np.float32]

_RATE = 44_100
_HORIZON = 0.56

_SKY_TOP, _SKY_LOW = np.array([40, 84, 148], np.float32), np.array([255, 190, 128], np.float32)
_SEA_FAR, _SEA_NEAR = np.array([238, 158, 112], np.float32), np.array([16, 58, 92], np.float32)
_SUN = np.array([255, 236, 178], np.float32)
_CLOUD = np.array([255, 226, 210], np.float32)
_HILLS = ((0.10, (118, 116, 152)), (0.055, (72, 84, 122)))


def write_clip(
    path: Path, *, width: int = 480, height: int = 270, seconds: float = 4.0, fps: Fraction = Fraction(24)
) -> Path:
    """A sailing boat under drifting clouds at sunset, with waves to hear: H.264 and AAC in MP4."""
    count = round(seconds * fps)
    with TemporaryDirectory() as folder:
        raw, silent, sound = (Path(folder) / name for name in ("frames.rgb", "silent.mp4", "sound.wav"))
        scene = _Scene(width, height)
        with raw.open("wb") as file:
            for index in range(count):
                file.write(scene.draw(float(index / fps)).tobytes())
        frames = ffmpeg.RawFrames(raw, width, height, fps)
        ffmpeg.run(ffmpeg.encode_h264(frames, silent))
        _write_wave(sound, _surf(seconds))
        return mux(silent, sound, path, count / fps)


def write_soundtrack(path: Path, *, seconds: float = 6.0) -> Path:
    """A short tune of plucked chords; the suffix chooses WAV, MP3 or AAC."""
    with TemporaryDirectory() as folder:
        plain = Path(folder) / "tune.wav"
        _write_wave(plain, _tune(seconds))
        if path.suffix == ".wav":
            durable.write(path, plain.read_bytes())
        else:
            ffmpeg.run(ffmpeg.encode_sound(plain, path))
    return path


class _Scene:
    def __init__(self, width: int, height: int) -> None:
        self._w, self._h, self._horizon = width, height, int(height * _HORIZON)
        y, x = np.mgrid[:height, :width].astype(np.float32)
        self._above = y[: self._horizon], x[: self._horizon]
        self._below = y[self._horizon :], x[self._horizon :]
        depth = np.clip(self._above[0] / self._horizon, 0, 1)[..., None] ** 1.3
        self._gradient = np.asarray(_SKY_TOP * (1 - depth) + _SKY_LOW * depth, np.float32)
        self._cloud_band = np.exp(-(((self._above[0] / self._horizon) - 0.34) ** 2) / 0.05)
        sizes = ((3, 3), (7, 4), (15, 5))
        self._clouds = [_smooth_noise(self._horizon, width * 2, height // part, seed) for part, seed in sizes]
        self._depth = ((self._below[0] - self._horizon) / (height - self._horizon))[..., None]
        self._sea = np.asarray(_SEA_FAR + (_SEA_NEAR - _SEA_FAR) * self._depth**0.55, np.float32)

    def draw(self, t: float) -> Frame:
        """The scene at second ``t``, (height, width, 3) RGB."""
        picture = np.empty((self._h, self._w, 3), np.float32)
        picture[: self._horizon] = self._sky(t)
        self._hills(picture, t)
        self._water(picture, t)
        # OpenCV smooths the edges of bytes only.
        frame = np.clip(picture, 0, 255).astype(np.uint8)
        self._boat(frame, t)
        self._gulls(frame, t)
        return frame

    def _sun(self, t: float) -> tuple[float, float, float]:
        return 0.68 * self._w, self._horizon * (0.60 + 0.05 * t), 0.085 * self._h

    def _sky(self, t: float) -> Plane:
        picture = self._gradient.copy()
        x, y, radius = self._sun(t)
        distance = np.hypot(self._above[1] - x, self._above[0] - y)[..., None]
        picture += (_SUN - picture) * 0.75 * np.exp(-((distance / (radius * 3.2)) ** 1.2))
        picture += (_SUN - picture) * np.clip((radius - distance) / 2 + 0.5, 0, 1)
        return self._with_clouds(picture, t)

    def _with_clouds(self, picture: Plane, t: float) -> Plane:
        drift = [int(t * speed * self._w) % (2 * self._w) for speed in (0.035, 0.05, 0.06)]
        layers = [np.roll(c, -d, axis=1)[:, : self._w] for c, d in zip(self._clouds, drift, strict=True)]
        density = 0.55 * layers[0] + 0.3 * layers[1] + 0.15 * layers[2]
        cover = np.clip((density - 0.52) * 5, 0, 1) * self._cloud_band
        lit = _CLOUD * (0.82 + 0.18 * layers[2][..., None])
        return np.asarray(picture + (lit - picture) * 0.85 * cover[..., None], np.float32)

    def _hills(self, picture: Plane, t: float) -> None:
        x = np.arange(self._w) / self._w
        for layer, (height, colour) in enumerate(_HILLS):
            phase = 1.7 + 2.3 * layer + 0.02 * t * (layer + 1)
            ridge = np.sin(5 * x + phase) + 0.5 * np.sin(11 * x + 2 * phase) + 0.2 * np.sin(29 * x + 3 * phase)
            top = self._horizon - height * self._h * (0.75 + 0.4 * ridge)
            inside = np.clip(self._above[0] - top, 0, 1).astype(np.float32)[..., None]
            land = picture[: self._horizon]
            land += (np.array(colour, np.float32) - land) * inside

    def _water(self, picture: Plane, t: float) -> None:
        depth, sea = self._depth, self._sea.copy()
        near = 1 / (0.06 + depth[..., 0])
        x, y = self._below[1] / self._w, self._below[0] / self._h
        wave = np.sin(26 * x * near**0.35 + 14 * near + 2.2 * t) + 0.7 * np.sin(
            -17 * x * near**0.4 + 23 * near - 1.7 * t
        )
        wave += 0.5 * np.sin(61 * x + 190 * y - 3.1 * t)
        sea += 9 * wave[..., None] * (0.4 + depth)
        sun_x, _, radius = self._sun(t)
        path = np.exp(-(((self._below[1] - sun_x) / (radius * (0.7 + 2.6 * depth[..., 0]))) ** 2))
        glitter = np.clip(wave * 0.6 - 0.15, 0, 1) * path
        sea += (_SUN - sea) * (0.30 * path + 0.65 * glitter)[..., None]
        picture[self._horizon :] = sea

    def _boat(self, picture: Frame, t: float) -> None:
        size = 0.17 * self._h
        x = self._w * (0.12 + 0.085 * t)
        y = self._h * 0.70 + 0.012 * self._h * np.sin(1.9 * t)
        tilt = 0.06 * np.sin(1.9 * t + 0.8)
        turn = np.array([[np.cos(tilt), -np.sin(tilt)], [np.sin(tilt), np.cos(tilt)]])
        parts: tuple[tuple[tuple[int, int, int], list[tuple[float, float]]], ...] = (
            ((252, 244, 230), [(0.04, -1.55), (0.04, -0.22), (0.86, -0.26), (0.42, -0.8)]),
            ((226, 92, 70), [(-0.04, -1.42), (-0.04, -0.22), (-0.66, -0.24)]),
            ((92, 58, 44), [(-0.03, -1.65), (0.03, -1.65), (0.03, 0.0), (-0.03, 0.0)]),
            ((74, 42, 36), [(-0.95, -0.14), (1.05, -0.18), (0.72, 0.2), (-0.66, 0.2)]),
            ((236, 214, 186), [(-0.95, -0.14), (1.05, -0.18), (1.0, -0.10), (-0.9, -0.06)]),
        )
        for flip, strength in ((-0.55, 0.35), (1.0, 1.0)):
            layer = picture.copy()
            for colour, shape in parts:
                points = np.array(shape) * (size, size * flip) @ turn.T + (x, y + 0.2 * size * (1 - flip) * 0.9)
                cv2.fillPoly(layer, [np.round(points * 16).astype(np.int32)], colour, cv2.LINE_AA, shift=4)
            cv2.addWeighted(layer, strength, picture, 1 - strength, 0, dst=picture)

    def _gulls(self, picture: Frame, t: float) -> None:
        for k in range(4):
            x = self._w * (0.86 - 0.045 * t - 0.055 * k + 0.012 * (k % 2))
            y = self._h * (0.20 + 0.035 * (k % 3) + 0.008 * np.sin(1.3 * t + k))
            span = self._h * (0.020 + 0.003 * (k % 2))
            lift = span * 0.55 * np.sin(7.5 * t + 1.9 * k)
            wing = [(x - span, y - lift), (x - span * 0.45, y - abs(lift) * 0.4 - span * 0.2), (x, y)]
            wing += [(x + span * 0.45, y - abs(lift) * 0.4 - span * 0.2), (x + span, y - lift)]
            line = np.round(np.array(wing) * 16).astype(np.int32)
            cv2.polylines(picture, [line], False, (60, 60, 84), max(1, self._h // 220), cv2.LINE_AA, shift=4)


def _smooth_noise(height: int, width: int, cell: int, seed: int) -> Plane:
    """Noise in 0..1 with features of ``cell`` pixels, seamless from right to left."""
    rng = np.random.default_rng(seed)
    grid = rng.random((height // cell + 2, max(2, width // (2 * cell))), np.float32)
    grid = np.concatenate([grid, grid[:, :1]], axis=1)
    return np.clip(cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC), 0, 1)


def _surf(seconds: float) -> Plane:
    """Waves that roll in and out, and a gull: mono, -1..1."""
    rng = np.random.default_rng(7)
    t = np.arange(round(seconds * _RATE)) / _RATE
    hiss = np.convolve(rng.standard_normal(len(t)), np.ones(24) / 24, mode="same")
    sound = hiss * (0.5 + 0.45 * np.sin(2 * np.pi * 0.28 * t - 1.2)) * 0.9
    for start in (1.1, 1.45, 3.0):
        local = np.clip(t - start, 0, None)
        pitch = 1_150 + 380 * np.sin(np.pi * np.clip(local / 0.24, 0, 1))
        cry = np.sin(2 * np.pi * np.cumsum(pitch) / _RATE) * np.exp(-local * 7) * (t > start) * (local < 0.6)
        sound += 0.10 * cry * np.clip(local * 40, 0, 1)
    return np.asarray(sound, np.float32)


def _tune(seconds: float) -> Plane:
    """Arpeggios over four chords: mono, -1..1."""
    chords = ((220.0, 261.63, 329.63), (174.61, 220.0, 261.63), (130.81, 196.0, 261.63), (196.0, 246.94, 293.66))
    t = np.arange(round(seconds * _RATE)) / _RATE
    sound = np.zeros(len(t))
    step = 0.25
    for note in range(int(seconds / step)):
        chord = chords[note // 6 % len(chords)]
        pitch = chord[(0, 1, 2, 1, 2, 1)[note % 6]] * (2 if note % 6 == 4 else 1)
        local = np.clip(t - note * step, 0, None)
        pluck = sum(
            np.sin(2 * np.pi * pitch * k * local) / k**1.6 * np.exp(-local * (2.5 + 1.5 * k)) for k in (1, 2, 3, 4)
        )
        sound += 0.22 * pluck * (t >= note * step)
    return np.asarray(sound * np.clip((seconds - t) * 4, 0, 1), np.float32)


def _write_wave(path: Path, sound: Plane) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(_RATE)
        file.writeframes((np.clip(sound, -1, 1) * 32_000).astype("<i2").tobytes())
