"""Pictures as arrays: RGB, one byte a channel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
"""(height, width, 3), or (height, width) where it is grey."""
Frames = NDArray[np.uint8]
"""(n, height, width, 3)."""
Flow = NDArray[np.float32]
"""(height, width, 2), pixels, (x, y)."""
