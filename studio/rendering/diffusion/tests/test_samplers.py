import diffusers
import numpy as np
import pytest
import torch

from studio.rendering.diffusion.samplers import build_trajectory, effective_steps, sampler_names, sampler_of
from studio.rendering.errors import PlanError

CONFIG = {
    "num_train_timesteps": 1000,
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "steps_offset": 1,
    "clip_sample": False,
    "set_alpha_to_one": False,
}


@pytest.mark.parametrize(
    ("steps", "denoising", "expected"),
    [
        (8, 0.1, 1),
        (10, 1 - 0.9, 1),
        (50, 0.58, 29),
        (25, 0.65, 16),
        (20, 0.5, 10),
        (4, 1.0, 4),
        (1, 0.1, 1),
        (5, 0.5, 3),
    ],
)
def test_steps_round_without_float_traps_and_never_to_zero(steps, denoising, expected):
    assert effective_steps(steps, denoising) == expected
    assert len(build_trajectory("ddim", CONFIG, steps, denoising).steps) == expected


def test_without_an_init_image_every_step_runs():
    assert len(build_trajectory("euler", CONFIG, 12, None).steps) == 12


@pytest.mark.parametrize("name", sampler_names())
@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction", "sample"])
def test_a_model_that_always_knows_the_picture_is_led_to_it(name, prediction):
    """With x0 fixed, every sampler must end at x0, up to the noise level its table ends at."""
    trajectory = build_trajectory(name, {**CONFIG, "prediction_type": prediction}, 8, 1.0)
    x0, noise, fresh = 0.7, -0.4, 0.1
    x, previous = trajectory.steps[0].alpha * x0 + trajectory.steps[0].sigma * noise, None
    for step in trajectory.steps:
        eps = (x - step.alpha * x0) / step.sigma
        output = {"epsilon": eps, "v_prediction": step.alpha * eps - step.sigma * x0, "sample": x0}[prediction]
        assert step.x0_x * x + step.x0_output * output == pytest.approx(x0, abs=1e-6)
        x = step.x * x + step.output * output + step.previous * (previous or 0.0) + step.noise * fresh
        previous = x0
    assert x == pytest.approx(x0, abs=0.06)


@pytest.mark.parametrize(("name", "kind"), [("lcm", "LCMScheduler"), ("tcd", "TCDScheduler")])
def test_few_step_samplers_agree_with_diffusers(name, kind):
    scheduler = getattr(diffusers, kind).from_config(CONFIG)
    scheduler.set_timesteps(4)
    x = reference = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    ours, theirs = torch.Generator().manual_seed(1), torch.Generator().manual_seed(1)
    for step, timestep in zip(build_trajectory(name, CONFIG, 4, 1.0).steps, scheduler.timesteps, strict=True):
        assert step.timestep == int(timestep)
        reference = scheduler.step(torch.sin(reference), timestep, reference, generator=theirs).prev_sample
        drawn = torch.randn(x.shape, generator=ours) if step.noise else torch.zeros_like(x)
        x = step.x * x + step.output * torch.sin(x) + step.noise * drawn
    assert torch.allclose(x, reference, atol=1e-4)


def test_trailing_samplers_start_at_pure_noise():
    for name in ("turbo", "lightning"):
        trajectory = build_trajectory(name, CONFIG, 4, 1.0)
        assert [step.timestep for step in trajectory.steps] == [999, 749, 499, 249]
        assert trajectory.steps[-1].next_sigma == 0.0


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"_class_name": "EulerDiscreteScheduler"}, "euler"),
        ({"_class_name": "EulerDiscreteScheduler", "timestep_spacing": "trailing"}, "turbo"),
        ({"_class_name": "PNDMScheduler"}, "ddim"),
    ],
)
def test_a_model_brings_its_own_sampler(config, expected):
    assert sampler_of(config) == expected


def test_unknown_names_and_impossible_counts_are_refused():
    with pytest.raises(PlanError, match="unknown scheduler 'plms'"):
        build_trajectory("plms", CONFIG, 8, 0.5)
    with pytest.raises(PlanError, match="lcm can't run 60 steps"):
        build_trajectory("lcm", CONFIG, 60, 0.5)


def test_signal_and_noise_levels_stay_on_the_circle():
    for name in sampler_names():
        for step in build_trajectory(name, CONFIG, 8, None).steps:
            assert np.hypot(step.alpha, step.sigma) == pytest.approx(1.0)
