"""The engine: our own denoising loop over diffusers components.

One latent noise serves the whole batch, the init is the VAE's mean and every coefficient is a host-side float, so
that a frame does not depend on its neighbours in the batch and the host never waits for the device to know what comes
next.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from contextlib import nullcontext

import numpy as np
import torch
from numpy.typing import NDArray

from studio.rendering.diffusion import memory
from studio.rendering.diffusion.adapters import LoraSwitch
from studio.rendering.diffusion.attention import anchored_attention, attend_in_blocks
from studio.rendering.diffusion.batch import Batch
from studio.rendering.diffusion.compiling import Compiled, compile_parts, wants_compiling
from studio.rendering.diffusion.control import ControlNets, ControlUnits, Residuals
from studio.rendering.diffusion.deepcache import DeepCachedUnet
from studio.rendering.diffusion.guidance import Guidance, ResidualNegative, build_guidance
from studio.rendering.diffusion.interface import Generation
from studio.rendering.diffusion.noise import initial_noise, seeded_noise
from studio.rendering.diffusion.numerics import Layout, Numerics, Precision, memory_format
from studio.rendering.diffusion.precision import halved
from studio.rendering.diffusion.samplers import Trajectory, build_trajectory
from studio.rendering.diffusion.text import PromptEncoder
from studio.rendering.diffusion.transfer import to_device, to_host
from studio.rendering.errors import Cancelled, OutOfMemory
from studio.rendering.models.loading import Components
from studio.rendering.pictures.arrays import Frames

_STEPS_IN_FLIGHT = 2
"""How far the host may run ahead of a CUDA device: enough to keep it busy, little enough to cancel within a step."""


class DiffusionEngine:
    """Stable Diffusion 1.5, and the base of the other families. Implements ``interface.Engine``; not thread-safe."""

    context_frames = 0
    """Source frames before a batch that the model should see with it (video models)."""
    longest_batch: int | None = None
    """New frames that the model can take at once, where it has a limit of its own."""

    def __init__(self, parts: Components, device: torch.device, precision: Precision = "float32") -> None:
        self.parts = parts
        self.device = device
        if device.type == "cpu":
            memory.keep_freed_pages()
            if precision == "bfloat16":
                attend_in_blocks(halved(parts.unet))
                halved(parts.vae)
        self.dtype: torch.dtype = next(parts.unet.parameters()).dtype
        for module in parts.modules():
            module.to(device)
        self._layouts: dict[str, Layout] = {"unet": "contiguous", "vae": "contiguous"}
        if device.type == "cuda":
            self.lay_out("channels_last", "channels_last")
        self.best_batch: int | None = None
        """Frames at once with which this processor is fastest at the render's size, where that was measured."""
        self.measured: dict[Hashable, Numerics] = {}
        """What ``tuning`` found out about this engine."""
        self.prompts = PromptEncoder(parts, device)
        self.controlnets = ControlNets(parts.unet.config, device, self.dtype)
        self._loras = LoraSwitch(parts)
        self._compiled: Compiled | None = None
        self._use_compiled = False

    @property
    def nbytes(self) -> int:
        """Bytes of weights this engine keeps on its device."""
        return self.parts.nbytes + self.controlnets.nbytes

    def generate(
        self,
        generation: Generation,
        *,
        height: int,
        width: int,
        count: int = 1,
        init: Frames | None = None,
        control_frames: Sequence[Frames] = (),
        mask: NDArray[np.float32] | None = None,
        anchor: Frames | None = None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> Frames:
        """See ``interface.Engine.generate``. A batch that does not fit is halved until it does; a single frame that
        does not fit raises OutOfMemory, and the engine stays usable.
        """
        channels = self.parts.unet.config.in_channels
        batch = Batch(generation, height, width, count, channels, init, tuple(control_frames), mask, anchor)
        done: list[Frames] = []
        start, size = 0, count
        while start < count:
            part = batch.slice(start, min(start + size, count))
            try:
                frames = self._render(part, should_stop)
            except RuntimeError as error:
                if not memory.is_out_of_memory(error):
                    raise
                frames = None
            if frames is not None:
                done.append(frames)
                start += part.count
                continue
            memory.release(self.device)
            if part.count == 1:
                raise OutOfMemory("The device has too little memory for this size: choose a smaller one.")
            size = (part.count + 1) // 2
        return done[0] if len(done) == 1 else np.concatenate(done)

    def adopt(self, numerics: Numerics) -> None:
        """Compute as ``numerics`` says from now on; the precision is the one that the engine was built with."""
        self.lay_out(numerics.unet, numerics.vae)
        self.best_batch = numerics.batch

    def lay_out(self, unet: Layout, vae: Layout) -> None:
        """Order the weights of convolutions in memory, and with them what flows through. Changes last bits."""
        for name, layout in (("unet", unet), ("vae", vae)):
            if layout != self._layouts[name]:
                getattr(self.parts, name).to(memory_format=memory_format(layout))
                self._layouts[name] = layout

    def free_batch(self, height: int, width: int) -> int:
        """Frames of this size that fit at once, from the free memory and a conservative estimate of a frame's
        activations; no more than this processor is fastest with.
        """
        fit = memory.frames_that_fit(self.device, self._bytes_per_frame(height, width))
        return min(fit, self.best_batch or fit)

    def encode(self, frames: Frames) -> torch.Tensor:
        """(n, h, w, 3) to scaled latents (n, c, h/8, w/8) in float32: the VAE's mean, so equal frames give equal
        latents.
        """
        vae = self.parts.vae
        encoded = vae.encode(to_device(frames, self.device, vae.dtype))
        latents = encoded.latent_dist.mode() if hasattr(encoded, "latent_dist") else encoded.latents
        return latents.float() * vae.config.scaling_factor

    def decode(self, latents: torch.Tensor) -> torch.Tensor:
        """Scaled latents to images (n, 3, h, w) in -1..1."""
        vae = self.parts.vae
        run = self._compiled.decode if self._compiled is not None and self._use_compiled else vae.decode
        return run((latents / vae.config.scaling_factor).to(vae.dtype), return_dict=False)[0]

    @torch.inference_mode()
    def _render(self, batch: Batch, should_stop: Callable[[], bool]) -> Frames:
        generation = batch.generation
        adapters = self._loras.apply(generation.loras)
        denoising = None if batch.init is None else generation.denoising
        trajectory = build_trajectory(generation.scheduler, self.parts.scheduler_config, generation.steps, denoising)
        self._choose_compiled(batch, len(trajectory.steps))
        rendered = batch
        if self._use_compiled:
            # A CUDA graph replays one shape only, so the last batch is filled up and cut again.
            batch = batch.padded(generation.batch_frames or batch.count)
        guidance = build_guidance(generation, self.prompts, adapters)
        anchored = generation.cross_frame_attention and batch.anchor is not None
        units = self._control_units(batch, anchored)
        noise = self._noise(batch)
        clean = None if batch.init is None else self.encode(batch.init)
        sample = noise if clean is None else self._noised(clean, noise, trajectory, generation.noise_multiplier)
        if anchored:
            assert batch.anchor is not None
            companion = self._noised(self.encode(batch.anchor), noise[:1], trajectory, generation.noise_multiplier)
            sample = torch.cat([sample, companion])
        with anchored_attention(self.parts.unet, sample.shape[0]) if anchored else nullcontext():
            latents = self._denoise(batch, sample, noise, clean, trajectory, guidance, units, should_stop)
        images = to_host(self.decode(latents[: batch.count]))[: rendered.count]
        return images if batch.mask is None or rendered.init is None else _paste(images, rendered.init, batch.mask)

    def _denoise(
        self,
        batch: Batch,
        sample: torch.Tensor,
        noise: torch.Tensor,
        clean: torch.Tensor | None,
        trajectory: Trajectory,
        guidance: Guidance,
        units: ControlUnits,
        should_stop: Callable[[], bool],
    ) -> torch.Tensor:
        steps = trajectory.steps
        frames = sample.shape[0]
        timesteps = torch.tensor([step.timestep for step in steps], device=self.device)
        fresh = self._step_noise(batch, len(steps)) if trajectory.needs_noise else None
        keep = None if batch.mask is None or clean is None else self._latent_mask(batch)
        residual = ResidualNegative() if batch.generation.options.residual_cfg and guidance.has_negative else None
        conditions = {False: self._conditions(guidance, frames, batch, False)}
        if residual is not None:
            conditions[True] = self._conditions(guidance, frames, batch, True)
        predict = self._predictor(batch.generation, units)
        keep_x0 = any(step.previous for step in steps)
        previous: torch.Tensor | None = None
        pace = memory.Pace(self.device, _STEPS_IN_FLIGHT)
        for i, step in enumerate(steps):
            if should_stop():
                raise Cancelled
            virtual = residual is not None and residual.known
            tokens, added = conditions[virtual]
            groups = guidance.groups - virtual
            model_input = sample.to(self.dtype).repeat(groups, *[1] * (sample.dim() - 1))
            extras = units.residuals(model_input, timesteps[i], tokens, added, i, len(steps))
            outputs = predict(model_input, timesteps[i], tokens, added, extras, frames)
            if residual is None:
                output = guidance.combine(outputs)
            elif virtual:
                output = guidance.combine(outputs, negative=residual.output(step, sample))
            else:
                residual.remember(step, sample, outputs[:frames])
                output = guidance.combine(outputs)
            x0 = sample * step.x0_x + output * step.x0_output if keep_x0 else None
            sample = sample * step.x + output * step.output
            if step.previous and previous is not None:
                sample.add_(previous, alpha=step.previous)
            if step.noise and fresh is not None:
                sample.add_(fresh[i], alpha=step.noise)
            previous = x0
            if keep is not None and clean is not None:
                rest = clean * step.next_alpha + noise * step.next_sigma
                sample[: batch.count] = torch.lerp(rest, sample[: batch.count], keep)
            pace.tick()
        return sample

    def _predictor(self, generation: Generation, units: ControlUnits) -> Callable[..., torch.Tensor]:
        """The UNet forward of this generation: plain, compiled, or with cached deep features."""
        interval = generation.options.deepcache
        if interval > 1 and not units and DeepCachedUnet.fits(self.parts.unet):
            return DeepCachedUnet(self.parts.unet, interval)
        return self._predict

    def _choose_compiled(self, batch: Batch, steps: int) -> None:
        self._use_compiled = wants_compiling(batch.generation, self.device, steps, batch.height, batch.width)
        if self._use_compiled and self._compiled is None:
            self._compiled = compile_parts(self.parts.unet, self.parts.vae)

    def _predict(
        self,
        sample: torch.Tensor,
        timestep: torch.Tensor,
        tokens: torch.Tensor,
        added: dict[str, torch.Tensor] | None,
        extras: Residuals | None,
        frames: int,
    ) -> torch.Tensor:
        down, mid = extras if extras is not None else (None, None)
        unet = self.parts.unet
        if self._compiled is not None and self._use_compiled:
            torch.compiler.cudagraph_mark_step_begin()
            unet = self._compiled.unet
        return unet(
            sample,
            timestep,
            encoder_hidden_states=tokens,
            added_cond_kwargs=added,
            down_block_additional_residuals=down,
            mid_block_additional_residual=mid,
            return_dict=False,
        )[0]

    def _conditions(
        self, guidance: Guidance, frames: int, batch: Batch, positive_only: bool
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor] | None]:
        """Text tokens (groups * frames, 77 a chunk, width), and what else the family's UNet is told."""
        return guidance.tokens(frames, positive_only=positive_only).to(self.dtype), None

    def _noise(self, batch: Batch) -> torch.Tensor:
        """The initial noise (1 or count, c, h/8, w/8): one for all frames, so that a still picture stays still."""
        g = batch.generation
        noise = initial_noise(batch.latent_shape, g.seed, g.subseed, g.subseed_strength)
        return noise.to(self.device).expand(batch.count, *batch.latent_shape)

    def _step_noise(self, batch: Batch, steps: int) -> torch.Tensor:
        """Fresh noise of every step (steps, 1, c, h/8, w/8), continuing the seed's own stream."""
        drawn = seeded_noise(batch.latent_shape, batch.generation.seed, count=steps + 1)[1:]
        return drawn.unsqueeze(1).to(self.device)

    def _noised(
        self, clean: torch.Tensor, noise: torch.Tensor, trajectory: Trajectory, multiplier: float
    ) -> torch.Tensor:
        first = trajectory.steps[0]
        return clean * first.alpha + noise * (multiplier * first.sigma)

    def _control_units(self, batch: Batch, anchored: bool) -> ControlUnits:
        frames = batch.control_frames
        if anchored and batch.anchor is not None:
            frames = tuple(np.concatenate([shown, batch.anchor]) for shown in frames)
        asked = batch.generation
        return self.controlnets.units(asked.controlnets, frames, asked.options.depth_model, asked.thresholds)

    def _latent_mask(self, batch: Batch) -> torch.Tensor:
        assert batch.mask is not None
        mask = torch.from_numpy(np.ascontiguousarray(batch.mask)).to(self.device)[None, None]
        return torch.nn.functional.interpolate(mask, size=batch.latent_shape[1:], mode="area")

    def _bytes_per_frame(self, height: int, width: int) -> int:
        """Peak activations of one frame: the VAE decoder's last block at full size, or the UNet's first with
        guidance.
        """
        itemsize = self.dtype.itemsize
        vae = getattr(self.parts.vae.config, "block_out_channels", (64,))[0] * height * width * itemsize * 8
        unet = self.parts.unet.config.block_out_channels[0] * (height // 8) * (width // 8) * itemsize * 2 * 40
        return vae + unet


def _paste(images: Frames, init: Frames, mask: NDArray[np.float32]) -> Frames:
    """Put the untouched init back where the mask is 0, past the VAE's losses."""
    share = mask[None, :, :, None]
    return np.rint(images * share + init * (1.0 - share)).astype(np.uint8)
