"""Samplers as tables of host-side floats, so that the denoising loop never waits for the device.

Every sampler here is linear in the sample ``x``, the model's output, the previous step's prediction and fresh noise:

    x' = x_coefficient * x + output * model_output + previous * x0_previous + noise * n

with ``x = alpha * x0 + sigma * n`` and ``alpha**2 + sigma**2 == 1`` throughout (the form the UNet is fed in).
Samplers that are published with ``x = x0 + sigma_k * n`` (Euler, DPM-Solver++) are rewritten with ``sigma_k = sigma /
alpha``, which changes nothing but rounding. Timesteps and noise tables come from diffusers' own schedulers and the
model's ``scheduler_config.json``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from studio.rendering.errors import PlanError

if TYPE_CHECKING:
    from diffusers import SchedulerMixin

    from studio.rendering.models.inspection import Config


@dataclass(frozen=True)
class Step:
    """One denoising step; see the module's equation. ``x0 = x0_x * x + x0_output * model_output``."""

    timestep: float
    x: float
    output: float
    previous: float
    noise: float
    x0_x: float
    x0_output: float
    alpha: float
    sigma: float
    next_alpha: float
    """Signal and noise levels after the step: what a masked-out region is set to."""
    next_sigma: float


@dataclass(frozen=True)
class Trajectory:
    """The steps of one generation; an init image is noised to the levels ``steps[0].alpha`` and ``.sigma``."""

    steps: tuple[Step, ...]
    prediction_type: str

    @property
    def needs_noise(self) -> bool:
        """True for stochastic samplers, which add fresh noise between steps."""
        return any(step.noise for step in self.steps)


def effective_steps(steps: int, denoising: float) -> int:
    """UNet steps in ``denoising`` of ``steps``: half rounds up, at least 1, immune to ``10 * (1 - 0.9) < 1``."""
    return max(1, min(steps, math.floor(round(steps * denoising, 6) + 0.5)))


def sampler_names() -> tuple[str, ...]:
    """Names that :func:`build_trajectory` takes."""
    return tuple(_SAMPLERS)


def sampler_of(config: Config) -> str:
    """The sampler a model's own ``scheduler_config.json`` asks for; ``ddim`` where we have no counterpart (PNDM, DDPM
    ...).
    """
    name = _BY_CLASS.get(str(config.get("_class_name")), "ddim")
    return "turbo" if name == "euler" and config.get("timestep_spacing") == "trailing" else name


def most_steps(name: str | None, config: Config) -> int:
    """Steps that a sampler (None: the model's own) can run with a model's ``scheduler_config.json``."""
    distilled = (name or sampler_of(config)) in ("lcm", "tcd")
    trained = int(config.get("num_train_timesteps") or 1000)
    return int(config.get("original_inference_steps") or 50) if distilled else trained


def build_trajectory(name: str | None, config: Config, steps: int, denoising: float | None) -> Trajectory:
    """Tabulate the last :func:`effective_steps` of ``steps`` (all of them when ``denoising`` is None: no init image).

    ``config`` is the model's ``scheduler_config.json``. Raises PlanError for an unknown sampler or a step count it
    can't do.
    """
    name = name or sampler_of(config)
    if name not in _SAMPLERS:
        raise PlanError("scheduler", f"unknown scheduler {name!r}; known are {', '.join(_SAMPLERS)}")
    # Imported here: the names above are also read by processes that never load torch.
    import diffusers

    sampler = _SAMPLERS[name]
    scheduler = getattr(diffusers, sampler.scheduler).from_config(_plain(config), **sampler.overrides)
    try:
        scheduler.set_timesteps(steps)
    except ValueError as error:
        raise PlanError("steps", f"{name} can't run {steps} steps") from error
    levels = sampler.levels(scheduler)
    count = steps if denoising is None else effective_steps(steps, denoising)
    first = len(levels) - 1 - count
    prediction = scheduler.config.prediction_type
    built = tuple(sampler.step(levels, i, i == first, prediction, scheduler) for i in range(first, len(levels) - 1))
    return Trajectory(built, prediction)


@dataclass(frozen=True)
class _Level:
    """Where the sample stands before a step, or (timestep -1) after the last one."""

    timestep: float
    alpha: float
    sigma: float

    @property
    def ratio(self) -> float:
        return self.sigma / self.alpha


@dataclass(frozen=True)
class _Sampler:
    scheduler: str
    levels: Callable[[SchedulerMixin], list[_Level]]
    step: Callable[[list[_Level], int, bool, str, SchedulerMixin], Step]
    overrides: Config


def _plain(config: Config) -> Config:
    return {key: value for key, value in config.items() if not key.startswith("_")}


def _level(timestep: float, alpha_cumprod: float) -> _Level:
    return _Level(timestep, math.sqrt(alpha_cumprod), math.sqrt(max(0.0, 1.0 - alpha_cumprod)))


def _ddim_levels(scheduler: SchedulerMixin) -> list[_Level]:
    table = scheduler.alphas_cumprod.double().numpy()
    final = float(scheduler.final_alpha_cumprod)
    stride = scheduler.config.num_train_timesteps // scheduler.num_inference_steps
    timesteps = [int(t) for t in scheduler.timesteps]
    last = timesteps[-1] - stride
    return [_level(t, float(table[t])) for t in timesteps] + [_level(-1, float(table[last]) if last >= 0 else final)]


def _chain_levels(scheduler: SchedulerMixin) -> list[_Level]:
    """Each step lands on the next timestep of the list (LCM, TCD); the last one lands on the final level."""
    table = scheduler.alphas_cumprod.double().numpy()
    timesteps = [int(t) for t in scheduler.timesteps]
    return [_level(t, float(table[t])) for t in timesteps] + [_level(-1, float(scheduler.final_alpha_cumprod))]


def _sigma_levels(scheduler: SchedulerMixin) -> list[_Level]:
    sigmas = np.asarray(scheduler.sigmas, dtype=np.float64)
    timesteps = [float(t) for t in scheduler.timesteps] + [-1.0]
    return [_level(t, 1.0 / (1.0 + float(s) ** 2)) for t, s in zip(timesteps, sigmas, strict=True)]


def _prediction(level: _Level, kind: str) -> tuple[float, float, float, float]:
    """``x0 = a*x + b*output`` and ``eps = c*x + d*output`` for what the model predicts."""
    if kind == "epsilon":
        return 1.0 / level.alpha, -level.ratio, 0.0, 1.0
    if kind == "v_prediction":
        return level.alpha, -level.sigma, level.sigma, level.alpha
    return 0.0, 1.0, 1.0 / level.sigma, -level.alpha / level.sigma


def _combine(
    level: _Level,
    following: _Level,
    kind: str,
    x0: float,
    eps: float,
    *,
    x: float = 0.0,
    previous: float = 0.0,
    noise: float = 0.0,
) -> Step:
    """The step ``x' = x*x + x0*x0 + eps*eps + previous*x0_previous + noise*n`` in terms of the model's output."""
    x0_x, x0_output, eps_x, eps_output = _prediction(level, kind)
    return Step(
        timestep=level.timestep,
        x=x + x0 * x0_x + eps * eps_x,
        output=x0 * x0_output + eps * eps_output,
        previous=previous,
        noise=noise,
        x0_x=x0_x,
        x0_output=x0_output,
        alpha=level.alpha,
        sigma=level.sigma,
        next_alpha=following.alpha,
        next_sigma=following.sigma,
    )


def _deterministic(levels: list[_Level], i: int, first: bool, kind: str, scheduler: SchedulerMixin) -> Step:
    """DDIM with eta 0 (arXiv 2010.02502), which is also Euler's step (arXiv 2206.00364)."""
    return _combine(levels[i], levels[i + 1], kind, levels[i + 1].alpha, levels[i + 1].sigma)


def _euler_ancestral(levels: list[_Level], i: int, first: bool, kind: str, scheduler: SchedulerMixin) -> Step:
    here, there = levels[i], levels[i + 1]
    up = math.sqrt(there.ratio**2 * (here.ratio**2 - there.ratio**2) / here.ratio**2)
    down = math.sqrt(there.ratio**2 - up**2)
    return _combine(here, there, kind, there.alpha, there.alpha * down, noise=there.alpha * up)


def _dpmpp_2m(levels: list[_Level], i: int, first: bool, kind: str, scheduler: SchedulerMixin) -> Step:
    """DPM-Solver++(2M), arXiv 2211.01095; first order at both ends."""
    here, there = levels[i], levels[i + 1]
    if there.sigma == 0.0:
        return _combine(here, there, kind, 1.0, 0.0)
    h = math.log(here.ratio) - math.log(there.ratio)
    gain = -there.alpha * math.expm1(-h)
    if first:
        return _combine(here, there, kind, gain, 0.0, x=there.sigma / here.sigma)
    r = (math.log(levels[i - 1].ratio) - math.log(here.ratio)) / h
    tail = 1.0 / (2.0 * r)
    return _combine(here, there, kind, gain * (1.0 + tail), 0.0, x=there.sigma / here.sigma, previous=-gain * tail)


def _lcm(levels: list[_Level], i: int, first: bool, kind: str, scheduler: SchedulerMixin) -> Step:
    """Latent consistency (arXiv 2310.04378): jump to x0 through the boundary condition, then noise down to the next
    level.
    """
    here, there = levels[i], levels[i + 1]
    skip, out = scheduler.get_scalings_for_boundary_condition_discrete(here.timestep)
    if i == len(levels) - 2:
        return _combine(here, _Level(-1, 1.0, 0.0), kind, float(out), 0.0, x=float(skip))
    return _combine(here, there, kind, there.alpha * float(out), 0.0, x=there.alpha * float(skip), noise=there.sigma)


def _tcd(levels: list[_Level], i: int, first: bool, kind: str, scheduler: SchedulerMixin) -> Step:
    """Trajectory consistency distillation (arXiv 2402.19159) with the paper's gamma of 0.3."""
    here, there = levels[i], levels[i + 1]
    table = scheduler.alphas_cumprod.double().numpy()
    last = i == len(levels) - 2
    aim = _level(-1, float(table[math.floor((1 - 0.3) * max(0, there.timestep))]))
    if last:
        return _combine(here, aim, kind, aim.alpha, aim.sigma)
    keep = there.alpha / aim.alpha
    return _combine(here, there, kind, keep * aim.alpha, keep * aim.sigma, noise=math.sqrt(1.0 - keep**2))


_TRAILING = {"timestep_spacing": "trailing"}

_SAMPLERS: dict[str, _Sampler] = {
    "ddim": _Sampler("DDIMScheduler", _ddim_levels, _deterministic, {}),
    "euler": _Sampler("EulerDiscreteScheduler", _sigma_levels, _deterministic, {}),
    "euler_a": _Sampler("EulerAncestralDiscreteScheduler", _sigma_levels, _euler_ancestral, {}),
    "dpmpp_2m": _Sampler("DPMSolverMultistepScheduler", _sigma_levels, _dpmpp_2m, {}),
    "dpmpp_2m_karras": _Sampler("DPMSolverMultistepScheduler", _sigma_levels, _dpmpp_2m, {"use_karras_sigmas": True}),
    "lcm": _Sampler("LCMScheduler", _chain_levels, _lcm, {}),
    "turbo": _Sampler("EulerDiscreteScheduler", _sigma_levels, _deterministic, _TRAILING),
    "lightning": _Sampler("EulerDiscreteScheduler", _sigma_levels, _deterministic, _TRAILING),
    "tcd": _Sampler("TCDScheduler", _chain_levels, _tcd, {}),
}

_BY_CLASS = {
    "DDIMScheduler": "ddim",
    "EulerDiscreteScheduler": "euler",
    "EulerAncestralDiscreteScheduler": "euler_a",
    "DPMSolverMultistepScheduler": "dpmpp_2m",
    "LCMScheduler": "lcm",
    "TCDScheduler": "tcd",
}
