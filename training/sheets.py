"""``python -m training.sheets``: the contact sheets under docs/images/."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from studio.builtin_model.location import builtin_model_path
from training.dataset import HELD_OUT_SEED
from training.evaluate import Sampler
from training.natural import natural_picture
from training.scenes import KINDS, Scene, scene_at
from training.styles import STYLES, render

PROMPTS = {
    "mountains": "grey mountains under a blue sky",
    "sea": "a blue sea under an orange sky with a red boat in the centre",
    "forest": "a green forest under a cyan sky",
    "city": "a purple city under a pink sky",
    "desert": "a yellow desert under a blue sky with an orange sun on the left",
    "plain": "a green plain under a cyan sky with a red house on the right",
    "portrait": "a portrait with brown hair in a blue shirt on a yellow background",
    "abstract": "a red abstract pattern on a cyan background",
}
STRIP_STYLES = ("neon", "watercolor", "stained glass", "sketch")


def training_sheet() -> NDArray[np.uint8]:
    """Styles down, scenes across, as drawn: what the model is taught."""
    rows = []
    for style in STYLES:
        found: dict[str, Scene] = {}
        index = 0
        while len(found) < len(KINDS):
            scene = scene_at(index, styles=(style,), seed=HELD_OUT_SEED)
            found.setdefault(scene.kind, scene)
            index += 1
        rows.append([render(found[kind]) for kind in KINDS])
    return _grid(rows)


def model_sheet(sampler: Sampler) -> NDArray[np.uint8]:
    """Styles down, scenes across, as the model paints them."""
    rows = [list(sampler.draw([f"{PROMPTS[kind]}, {style}" for kind in KINDS], seed=1)) for style in STYLES]
    return _grid(rows)


def vid2vid_strip(sampler: Sampler, *, denoising: float = 0.5) -> NDArray[np.uint8]:
    """A moving scene and a panned photograph-like one in the first rows, then both repainted, a style a row."""
    scene = scene_at(28, styles=("photo",), seed=HELD_OUT_SEED)
    drawn = np.stack([render(scene, time=t / 4) for t in range(4)])
    natural = np.stack([natural_picture(np.random.default_rng([HELD_OUT_SEED, 7]), shift=6.0 * t) for t in range(4)])
    frames = np.concatenate([drawn, natural])
    return _grid([list(frames), *(list(sampler.repaint(frames, style, denoising=denoising)) for style in STRIP_STYLES)])


def deforum_strip(sampler: Sampler, *, frames: int = 8, denoising: float = 0.45) -> NDArray[np.uint8]:
    """A zoom that is fed back: each picture is the one before, enlarged by 4 percent, and repainted."""
    rows = []
    for style in ("watercolor", "neon"):
        picture = sampler.draw([f"{PROMPTS['mountains']}, {style}"], seed=3)[0]
        row = [picture]
        for frame in range(1, frames):
            zoom = cv2.getRotationMatrix2D((64, 64), 1.5, 1.04)
            warped = cv2.warpAffine(picture, zoom, (128, 128), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101)
            picture = sampler.repaint(
                warped[None], f"{PROMPTS['mountains']}, {style}", denoising=denoising, seed=frame
            )[0]
            row.append(picture)
        rows.append(row)
    return _grid(rows)


def _grid(rows: list[list[NDArray[np.uint8]]]) -> NDArray[np.uint8]:
    return np.vstack([np.hstack(row) for row in rows])


def main() -> None:
    folder = Path(__file__).resolve().parents[2] / "docs" / "images"
    folder.mkdir(parents=True, exist_ok=True)
    sampler = Sampler(builtin_model_path())
    for name, sheet in (
        ("builtin-model-training", training_sheet()),
        ("builtin-model-styles", model_sheet(sampler)),
        ("builtin-model-vid2vid", vid2vid_strip(sampler)),
        ("builtin-model-deforum", deforum_strip(sampler)),
    ):
        cv2.imwrite(str(folder / f"{name}.jpg"), sheet[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 85])


if __name__ == "__main__":
    main()
