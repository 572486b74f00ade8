"""Fixtures of this package's tests."""

import numpy as np
import pytest
from PIL import Image

from studio.rendering.deforum.tests.support import HALF, VIDEO


@pytest.fixture
def pictures(tmp_path):
    """Local images by the name that settings give them."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    given = {
        "half.png": HALF,
        "red.png": np.full((48, 64, 3), (200, 30, 40), np.uint8),
        "blue.png": np.full((24, 32, 3), (20, 40, 220), np.uint8),
        "cut.png": np.dstack([VIDEO[0], HALF]),
    }
    for name, pixels in given.items():
        Image.fromarray(pixels).save(folder / name)
    return {name: folder / name for name in given}
