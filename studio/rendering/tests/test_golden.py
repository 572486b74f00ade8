"""Frames as they were when they were looked at: what a change of the code must not change by accident.

``python -m pytest studio/rendering/tests/test_golden.py --golden`` writes them anew, for a change that is meant.
"""

from pathlib import Path

import cv2
import numpy as np
import pytest

from studio.rendering.media.sink import FrameSink
from studio.rendering.plan import RenderPlan
from studio.rendering.ports import RenderInputs
from studio.rendering.render import render
from studio.rendering.tests.conftest import Port

GOLDEN = Path(__file__).with_name("golden")


@pytest.mark.parametrize("workflow", ["vid2vid", "deforum"])
def test_frames_are_golden(
    request: pytest.FixtureRequest, vid2vid: RenderPlan, deforum: RenderPlan, inputs: RenderInputs, workflow: str,
    tmp_path: Path,
) -> None:  # fmt: skip
    plan = {"vid2vid": vid2vid, "deforum": deforum}[workflow]
    result = render(plan, inputs if workflow == "vid2vid" else RenderInputs(), Port(tmp_path / "work"))
    first = cv2.cvtColor(cv2.imread(str(result.still)), cv2.COLOR_BGR2RGB)
    with FrameSink.restore(result.checkpoint / "frames", tmp_path / "frames") as sink:
        last = sink.last_frame()
    assert last is not None
    both = np.concatenate([first, last[0]], axis=1)
    path = GOLDEN / f"{workflow}.png"
    if request.config.getoption("--golden"):
        cv2.imwrite(str(path), cv2.cvtColor(both, cv2.COLOR_RGB2BGR))
    expected = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
    difference = np.abs(both.astype(int) - expected)
    # Another processor rounds its sums in another order; a changed formula shows far above this.
    assert difference.mean() < 1.0
    assert np.quantile(difference, 0.99) <= 4
