"""Independent judges of a picture: hue in a region, style by texture, agreement of edges. None knows the model."""

from __future__ import annotations

import functools
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import nn

from training.dataset import HELD_OUT_SEED
from training.scenes import AIRBORNE, CHROMATIC, COLOURS, PLACES, Scene, scene_at
from training.styles import STYLES, render

Picture = NDArray[np.uint8]
"""(h, w, 3) RGB."""

WORN_COPIES = 3

LEAST_CHROMA = 12.0
"""Lab chroma below which a pixel has no hue worth asking for."""
LEAST_SHARE = 0.10
"""Share of an object's window that must show its colour."""


def region_colour(picture: Picture, region: NDArray[np.bool_]) -> str:
    """The chromatic colour name nearest in hue to the region's colourful pixels; "" if they are under a tenth."""
    a, b, chroma = _opponents(picture)
    lively = region & (chroma > LEAST_CHROMA)
    if lively.sum() < 0.1 * region.sum():
        return ""
    angle = np.arctan2(np.median(b[lively]), np.median(a[lively]))
    return min(CHROMATIC, key=lambda name: float(np.abs(_turn(angle - _hue_angles()[name]))))


def shows_colour(picture: Picture, region: NDArray[np.bool_], name: str) -> bool:
    """Whether at least a tenth of the region has hue ``name``."""
    a, b, chroma = _opponents(picture)
    distance = {key: np.abs(_turn(np.arctan2(b, a) - angle)) for key, angle in _hue_angles().items()}
    nearest = np.min(list(distance.values()), 0) == distance[name]
    return bool((nearest & (chroma > LEAST_CHROMA + 6) & region).sum() >= LEAST_SHARE * region.sum())


def sky_region(scene: Scene, height: int, width: int) -> NDArray[np.bool_]:
    """The upper edge without the middle third where an airborne object or a head may be: (h, w)."""
    y, x = _frame(height, width)
    region = (y > 0.06) & (y < 0.2)
    if scene.thing in AIRBORNE:
        region &= np.abs(x - PLACES[scene.place]) > 0.24
    if scene.kind == "portrait":
        region &= np.abs(x - 0.5) > 0.38
    return region


def ground_region(scene: Scene, height: int, width: int) -> NDArray[np.bool_]:
    """The lower edge without a standing object; a portrait's shirt: (h, w)."""
    y, x = _frame(height, width)
    region = (y > 0.9) & (y < 0.96)
    if scene.kind == "portrait":
        return region & (np.abs(x - 0.5 - (PLACES[scene.place] - 0.5) * 0.35) < 0.2)
    if scene.thing and scene.thing not in AIRBORNE:
        region &= np.abs(x - PLACES[scene.place]) > 0.22
    return region


def object_region(scene: Scene, height: int, width: int) -> NDArray[np.bool_]:
    """A window around the place the caption names: (h, w)."""
    y, x = _frame(height, width)
    middle = 0.22 if scene.thing in AIRBORNE else 0.68
    return (np.abs(x - PLACES[scene.place]) < 0.14) & (np.abs(y - middle) < 0.14)


def edge_agreement(picture: Picture, edges: Picture, *, tolerance: int = 2) -> float:
    """F1 of the picture's Canny edges against ``edges`` (h, w, 3), each matched within ``tolerance`` pixels."""
    found = cv2.Canny(cv2.cvtColor(np.ascontiguousarray(picture), cv2.COLOR_RGB2GRAY), 60, 140) > 0
    wanted = edges[..., 0] > 0
    near = np.ones((2 * tolerance + 1,) * 2, np.uint8)
    precision = (found & (cv2.dilate(wanted.astype(np.uint8), near) > 0)).sum() / max(found.sum(), 1)
    recall = (wanted & (cv2.dilate(found.astype(np.uint8), near) > 0)).sum() / max(wanted.sum(), 1)
    return float(2 * precision * recall / max(precision + recall, 1e-6))


def psnr(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> float:
    """Peak signal to noise ratio in dB, mean over pictures (n, h, w, 3)."""
    error = np.square(a.astype(float) - b.astype(float)).mean((1, 2, 3))
    return float(np.mean(10 * np.log10(255**2 / np.maximum(error, 1e-3))))


class StyleJudge:
    """Tells styles apart by texture statistics, learnt from generated pictures outside the training set.

    It also learns from softened and grainy copies of them: a judge of crisp pictures alone takes whatever is a little
    blurred for a photograph, even a drawing that was only encoded and decoded.
    """

    def __init__(self, pictures: list[Picture], labels: list[int]) -> None:
        rng = np.random.default_rng(0)
        shown = [*pictures, *(worn(picture, rng) for _ in range(WORN_COPIES) for picture in pictures)]
        features = torch.tensor(np.stack([texture_features(picture) for picture in shown]))
        self._mean, self._std = features.mean(0), features.std(0) + 1e-6
        torch.manual_seed(0)
        self._net = nn.Sequential(nn.Linear(features.shape[1], 64), nn.SiLU(), nn.Linear(64, len(STYLES)))
        optimizer = torch.optim.AdamW(self._net.parameters(), 1e-2, weight_decay=0.05)
        x, y = (features - self._mean) / self._std, torch.tensor(labels * (1 + WORN_COPIES))
        for _ in range(300):
            loss = nn.functional.cross_entropy(self._net(x + 0.15 * torch.randn_like(x)), y, label_smoothing=0.05)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    @torch.no_grad()
    def scores(self, pictures: list[Picture]) -> NDArray[np.float32]:
        """(n, styles) log-probabilities."""
        features = torch.tensor(np.stack([texture_features(picture) for picture in pictures]))
        return self._net((features - self._mean) / self._std).log_softmax(1).numpy()

    def judge(self, pictures: list[Picture], among: tuple[str, ...] = STYLES) -> list[str]:
        """The likeliest style of each picture among the given ones."""
        columns = [STYLES.index(style) for style in among]
        return [among[i] for i in self.scores(pictures)[:, columns].argmax(1)]


def held_out_pictures(count: int, *, first: int = 0) -> tuple[list[Picture], list[int]]:
    """Pictures that no training saw, with the index of their style."""
    shown = [scene_at(index, styles=STYLES, seed=HELD_OUT_SEED) for index in range(first, first + count)]
    return [render(scene) for scene in shown], [STYLES.index(scene.style) for scene in shown]


def worn(picture: Picture, rng: np.random.Generator) -> Picture:
    """A copy as a poor lens, a small screen and grain leave it."""
    h, w = picture.shape[:2]
    soft = picture.astype(np.float32)
    if rng.random() < 0.5:
        scale = rng.uniform(1.5, 3)
        small = cv2.resize(soft, (round(w / scale), round(h / scale)), interpolation=cv2.INTER_AREA)
        soft = cv2.resize(small, (w, h), interpolation=cv2.INTER_CUBIC)
    else:
        soft = cv2.GaussianBlur(soft, (0, 0), rng.uniform(0.5, 2))
    grain = cv2.GaussianBlur(rng.standard_normal((h, w, 3)).astype(np.float32), (0, 0), rng.uniform(0.4, 1.5))
    return np.clip(soft + rng.uniform(0, 14) * grain / grain.std(), 0, 255).astype(np.uint8)


def texture_features(picture: Picture) -> NDArray[np.float32]:
    """Statistics of colour, band energies, edge polarity and small-lag correlations: (38,)."""
    small = picture.astype(np.float32) / 255
    grey = small @ np.array((0.299, 0.587, 0.114), np.float32)
    spread = small.max(2) - small.min(2)
    border = np.concatenate([grey[:4].ravel(), grey[-4:].ravel(), grey[:, :4].ravel(), grey[:, -4:].ravel()])
    values = [
        *small.mean((0, 1)),
        *small.std((0, 1)),
        spread.mean(),
        spread.std(),
        border.mean(),
        border.std(),
        (spread < 0.08).mean(),
    ]
    values += [float((grey < level).mean()) for level in (0.1, 0.25, 0.5, 0.75, 0.9)]
    previous = grey
    for sigma in (0.7, 1.4, 2.8, 5.6):
        blurred = cv2.GaussianBlur(grey, (0, 0), sigma)
        band = previous - blurred
        values += [
            np.log(band.std() + 1e-3),
            float(np.abs(band).mean() / (band.std() + 1e-3)),
            float((band**3).mean() / (band.std() + 1e-3) ** 3),
        ]
        previous = blurred
    detail = grey - cv2.GaussianBlur(grey, (0, 0), 3)
    energy = (detail**2).mean() + 1e-5
    for dy, dx in ((0, 1), (0, 2), (0, 4), (1, 0), (2, 0), (4, 0), (3, 3), (3, -3), (0, 6), (6, 0)):
        values.append(float((detail * np.roll(detail, (dy, dx), (0, 1))).mean() / energy))
    return np.array(values, np.float32)


def _frame(height: int, width: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    y, x = np.mgrid[:height, :width]
    return (y + 0.5) / height, (x + 0.5) / width


def _opponents(picture: Picture) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    lab = cv2.cvtColor(cv2.GaussianBlur(picture, (0, 0), 1.5).astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    return lab[..., 1], lab[..., 2], np.hypot(lab[..., 1], lab[..., 2])


@functools.cache
def _hue_angles() -> dict[str, float]:
    pixels = np.array([[COLOURS[name] for name in CHROMATIC]], np.float32) / 255
    lab = cv2.cvtColor(pixels, cv2.COLOR_RGB2LAB)[0]
    return {name: float(np.arctan2(b, a)) for name, (_, a, b) in zip(CHROMATIC, lab, strict=True)}


def _turn(angle: ArrayLike) -> NDArray[np.floating[Any]]:
    return (np.asarray(angle) + np.pi) % (2 * np.pi) - np.pi
