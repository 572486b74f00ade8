"""What a processor is fastest with is chosen once a render, and kept by everything that continues it."""

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from studio.builtin_model.location import builtin_model_path
from studio.rendering.diffusion.numerics import FILE, Numerics
from studio.rendering.diffusion.tests.support import generation
from studio.rendering.diffusion.tuning import tuned
from studio.rendering.errors import Cancelled, RenderError
from studio.rendering.models import cache
from studio.rendering.models.render_engine import render_engine
from studio.rendering.plan import ModelSpec, RenderPlan
from studio.rendering.ports import Progress, RenderInputs, RenderResult
from studio.rendering.render import render
from studio.rendering.tests.conftest import Port
from training.natural import natural_picture

SHORT = Numerics("bfloat16", unet="channels_last", vae="channels_last", batch=2)


@pytest.fixture(autouse=True)
def _unconfigured() -> Iterator[None]:
    yield
    cache.configure()


@pytest.fixture(params=["vid2vid", "deforum"])
def plan(request: pytest.FixtureRequest, vid2vid: RenderPlan, deforum: RenderPlan) -> RenderPlan:
    return {"vid2vid": dataclasses.replace(vid2vid, batch_size=None), "deforum": deforum}[request.param]


class Renders:
    """Renders of one plan, each in a named folder."""

    def __init__(self, folder: Path, inputs: RenderInputs) -> None:
        self._folder = folder
        self._inputs = inputs

    def work(self, name: str) -> Path:
        return self._folder / name

    def begin(self, name: str, numerics: Numerics | None) -> None:
        if numerics:
            numerics.freeze(self.work(name) / "state")

    def run(self, plan: RenderPlan, name: str, *, stop_at: int | None = None, **inputs: Path) -> RenderResult:
        given = self._inputs if plan.workflow == "vid2vid" else RenderInputs()

        def stop(progress: Progress) -> bool:
            return stop_at is not None and progress.frames_done >= stop_at

        return render(plan, dataclasses.replace(given, **inputs), Port(self.work(name), stop))

    def chosen(self, name: str) -> Numerics | None:
        return Numerics.frozen(self.work(name) / "state")


@pytest.fixture
def renders(tmp_path: Path, inputs: RenderInputs) -> Renders:
    return Renders(tmp_path, inputs)


def digests(result: RenderResult) -> list[str]:
    return [json.loads(line)["sha256"] for line in result.frame_table.read_text().splitlines()]


def test_what_began_in_bfloat16_goes_on_in_it_where_only_float32_is_wanted(renders: Renders, plan: RenderPlan) -> None:
    for name in ("undisturbed", "killed"):
        renders.begin(name, SHORT)
    exact, undisturbed = renders.run(plan, "exact"), renders.run(plan, "undisturbed")
    with pytest.raises(Cancelled):
        renders.run(plan, "killed", stop_at=2)
    assert digests(renders.run(plan, "killed")) == digests(undisturbed)
    assert digests(undisturbed) != digests(exact)
    assert renders.chosen("killed") == SHORT
    assert renders.chosen("exact") == Numerics()


@pytest.mark.parametrize("with_file", [True, False])
def test_what_began_in_float32_goes_on_in_it_where_a_choice_is_wanted(
    renders: Renders, plan: RenderPlan, with_file: bool
) -> None:
    if plan.workflow == "vid2vid":
        plan = dataclasses.replace(plan, batch_size=2)
    exact = renders.run(plan, "exact")
    with pytest.raises(Cancelled):
        renders.run(plan, "killed", stop_at=2)
    if not with_file:
        # As an earlier version left it.
        (renders.work("killed") / "state" / FILE).unlink()
    cache.configure(precision="auto")
    assert digests(renders.run(plan, "killed")) == digests(exact)
    assert renders.chosen("killed") == Numerics()


def test_the_final_has_the_choice_of_its_preview(renders: Renders, plan: RenderPlan) -> None:
    renders.begin("preview", SHORT)
    preview = renders.run(dataclasses.replace(plan, frame_limit=4), "preview")
    final = renders.run(plan, "final", checkpoint=preview.checkpoint)
    renders.begin("at once", SHORT)
    assert digests(final)[:4] == digests(preview)
    assert digests(final) == digests(renders.run(plan, "at once"))
    assert renders.chosen("final") == SHORT


def test_a_choice_is_made_before_the_first_frame_and_once(renders: Renders, plan: RenderPlan) -> None:
    cache.configure(precision="auto")
    with pytest.raises(Cancelled):
        renders.run(plan, "killed", stop_at=1)
    chosen = renders.chosen("killed")
    assert chosen is not None
    assert (chosen.batch is not None) == (plan.workflow == "vid2vid")
    undisturbed = renders.run(plan, "undisturbed")
    assert renders.chosen("undisturbed") == chosen, "one worker, one size: one choice"
    assert digests(renders.run(plan, "killed")) == digests(undisturbed)


@pytest.mark.parametrize(
    "written",
    ["", "[]", '{"schema": 2}', '{"schema": 1, "precision": "float8"}', '{"schema": 1, "unet": 3}',
     '{"schema": 1, "batch": 0}', '{"schema": 1, "more": 1}'],
)  # fmt: skip
def test_a_choice_that_cannot_be_read_is_no_reason_to_make_another(
    renders: Renders, deforum: RenderPlan, written: str
) -> None:
    renders.begin("job", SHORT)
    (renders.work("job") / "state" / FILE).write_text(written)
    with pytest.raises(RenderError) as caught:
        renders.run(deforum, "job")
    assert caught.value.code == "invalid_checkpoint"


def test_the_measured_engine_renders_as_before(renders: Renders, vid2vid: RenderPlan) -> None:
    exact = renders.run(vid2vid, "exact")
    engine = cache.load_engine(vid2vid.model)
    found = tuned(engine, Numerics(), 40, 48, batched=True)
    assert found.precision == "float32"
    assert found.batch in (1, 2, 4, 8)
    assert tuned(engine, Numerics(), 40, 48, batched=True) is found
    assert digests(renders.run(vid2vid, "after")) == digests(exact)


def test_bfloat16_is_within_four_levels_of_float32(tmp_path: Path) -> None:
    frames = np.stack([natural_picture(np.random.default_rng([7]), 64, 96, shift=2.0 * t) for t in range(2)])
    shown = []
    for precision in ("float32", "bfloat16"):
        spec = ModelSpec("sd15", str(builtin_model_path()))
        with cache.engine_lease(spec, device="cpu", precision=precision) as engine:
            wanted = generation(steps=8, cfg_scale=3.0)
            shown.append(engine.generate(wanted, height=64, width=96, count=2, init=frames).astype(int))
    difference = np.abs(shown[0] - shown[1])
    assert 0 < difference.max() <= 4
    assert 10 * np.log10(255**2 / np.mean(difference**2)) >= 50


def test_on_other_devices_nothing_is_chosen(tmp_path: Path, deforum: RenderPlan) -> None:
    """``meta`` stands for a device that is no CPU: models there have no weights, and don't render."""
    cache.configure(device="meta", precision="auto")
    with render_engine(deforum, tmp_path, begun=False) as engine:
        assert engine.device.type == "meta"
    assert Numerics.frozen(tmp_path) is None
