import diffusers
import numpy as np
import pytest
import torch
from diffusers import StableDiffusionImg2ImgPipeline

from studio.rendering.diffusion.engine import DiffusionEngine
from studio.rendering.diffusion.interface import WeightedPrompt
from studio.rendering.diffusion.tests.support import SIZE, difference, generation, pictures, render
from studio.rendering.errors import Cancelled, ModelError, OutOfMemory, PlanError
from studio.rendering.models import tiny
from studio.rendering.models.cache import build_engine
from studio.rendering.plan import ControlNetSpec, LoraSpec, ModelSpec, RenderOptions


@pytest.fixture
def calls(sd15_engine):
    """Forward calls of the shared engine's parts, counted by torch's own hooks."""
    counted = {"unet": 0, "encode": 0, "decode": 0, "text": 0}
    parts = sd15_engine.parts

    def counter(name):
        return lambda *_: counted.__setitem__(name, counted[name] + 1)

    modules = {
        "unet": parts.unet,
        "encode": parts.vae.encoder,
        "decode": parts.vae.decoder,
        "text": parts.text_encoders[0],
    }
    hooks = [module.register_forward_hook(counter(name)) for name, module in modules.items()]
    yield counted
    for hook in hooks:
        hook.remove()


@pytest.fixture(scope="module")
def controlnet(tmp_path_factory):
    return str(tiny.build_controlnet(tmp_path_factory.mktemp("control")))


@pytest.fixture(scope="module")
def lora(tmp_path_factory):
    return str(tiny.build_lora(tmp_path_factory.mktemp("lora") / "style.safetensors"))


class TestAgainstDiffusers:
    @pytest.mark.parametrize(
        ("name", "kind"),
        [
            ("ddim", "DDIMScheduler"),
            ("euler", "EulerDiscreteScheduler"),
            ("euler_a", "EulerAncestralDiscreteScheduler"),
            ("dpmpp_2m", "DPMSolverMultistepScheduler"),
        ],
    )
    def test_img2img_gives_the_same_picture(self, sd15_engine, name, kind):
        parts = sd15_engine.parts
        pipeline = StableDiffusionImg2ImgPipeline(
            vae=parts.vae,
            text_encoder=parts.text_encoders[0],
            tokenizer=parts.tokenizers[0],
            unet=parts.unet,
            scheduler=getattr(diffusers, kind).from_config(parts.scheduler_config),
            safety_checker=None,
            feature_extractor=None,
            requires_safety_checker=False,
        )
        pipeline.set_progress_bar_config(disable=True)
        init = pictures(1)
        with torch.inference_mode():
            latents = sd15_engine.encode(init)
        reference = pipeline(
            "a wolf",
            negative_prompt="grey",
            image=latents,
            strength=0.5,
            num_inference_steps=8,
            guidance_scale=7.0,
            generator=torch.Generator().manual_seed(3),
            output_type="np",
        ).images
        ours = render(sd15_engine, init, negative_prompt="grey", scheduler=name)
        assert np.abs(ours - reference * 255).max() < 1.0


class TestBatches:
    @pytest.mark.parametrize("size", [2, 3, 4, 8])
    def test_a_frame_does_not_depend_on_its_batch(self, sd15_engine, size):
        init = pictures(8)
        alone = np.concatenate([render(sd15_engine, init[i : i + 1]) for i in range(8)])
        batched = np.concatenate([render(sd15_engine, init[i : i + size]) for i in range(0, 8, size)])
        apart = np.abs(alone.astype(int) - batched)
        assert apart.max() <= 1
        assert (apart > 0).mean() < 0.001

    def test_the_same_generation_twice_is_the_same_to_the_bit(self, sd15_engine):
        init = pictures(2)
        assert np.array_equal(render(sd15_engine, init), render(sd15_engine, init))

    def test_equal_frames_stay_equal(self, sd15_engine):
        out = render(sd15_engine, np.repeat(pictures(1), 3, axis=0))
        assert np.array_equal(out[0], out[1])
        assert np.array_equal(out[0], out[2])

    def test_calls_are_one_per_batch_and_step(self, sd15_engine, calls):
        for start in range(0, 8, 4):
            render(sd15_engine, pictures(8)[start : start + 4], prompt="counting calls", negative_prompt="uncounted")
        assert calls == {"unet": 2 * 4, "encode": 2, "decode": 2, "text": 2}

    def test_txt2img_runs_every_step_and_encodes_nothing(self, sd15_engine, calls):
        assert render(sd15_engine, None, count=2).shape == (2, SIZE, SIZE, 3)
        assert (calls["unet"], calls["encode"], calls["decode"]) == (8, 0, 1)


class TestParameters:
    @pytest.mark.parametrize(
        "change",
        [
            {"seed": 4},
            {"prompt": "a cat"},
            {"negative_prompt": "blue"},
            {"cfg_scale": 1.0},
            {"noise_multiplier": 1.05},
            {"subseed": 9, "subseed_strength": 0.3},
            {"options": RenderOptions(clip_skip=1)},
        ],
        ids=lambda change: next(iter(change)),
    )
    def test_each_one_changes_the_picture(self, sd15_engine, change):
        init = pictures(1)
        assert difference(render(sd15_engine, init), render(sd15_engine, init, **change)) > 0.5

    def test_subseed_strength_one_is_the_other_seed(self, sd15_engine):
        init = pictures(1)
        turned = render(sd15_engine, init, subseed=9, subseed_strength=1.0)
        assert difference(turned, render(sd15_engine, init, seed=9)) < 0.01

    def test_a_blend_of_one_prompt_with_itself_is_that_prompt(self, sd15_engine):
        init = pictures(1)
        blend = (WeightedPrompt("a wolf", 0.3), WeightedPrompt("a wolf", 0.7))
        g = generation()
        out = sd15_engine.generate(type(g)(**{**vars(g), "prompts": blend}), height=SIZE, width=SIZE, init=init)
        assert difference(out, render(sd15_engine, init)) < 0.01

    def test_less_denoising_stays_nearer_to_the_init(self, sd15_engine):
        init = pictures(1)
        with torch.inference_mode():
            decoded = sd15_engine.decode(sd15_engine.encode(init))
        kept = ((decoded.permute(0, 2, 3, 1).numpy() + 1) * 127.5).clip(0, 255).astype(np.uint8)
        far = [difference(render(sd15_engine, init, denoising=d, cfg_scale=1.0), kept) for d in (0.1, 0.5, 1.0)]
        assert far == sorted(far)

    def test_where_the_mask_is_zero_the_init_stays(self, sd15_engine):
        init = pictures(2)
        mask = np.zeros((SIZE, SIZE), np.float32)
        mask[:, SIZE // 2 :] = 1.0
        out = render(sd15_engine, init, mask=mask)
        assert np.array_equal(out[:, :, : SIZE // 2], init[:, :, : SIZE // 2])
        assert difference(out[:, :, SIZE // 2 :], init[:, :, SIZE // 2 :]) > 5

    @pytest.mark.parametrize(
        "options", [RenderOptions(deepcache=2), RenderOptions(residual_cfg=True)], ids=["deepcache", "residual_cfg"]
    )
    def test_speed_options_do_less_work(self, sd15_engine, options):
        work = []
        layer = sd15_engine.parts.unet.mid_block
        hook = layer.register_forward_pre_hook(lambda module, args: work.append(args[0].shape[0]))
        exact, quick = render(sd15_engine, pictures(1)), None
        full = sum(work)
        work.clear()
        quick = render(sd15_engine, pictures(1), options=options)
        hook.remove()
        assert full == 2 * 4
        assert sum(work) == (2 * 2 if options.deepcache else 2 + 3)
        assert difference(exact, quick) > 0


class TestStopping:
    def test_cancelling_is_seen_before_the_next_step(self, sd15_engine, calls):
        with pytest.raises(Cancelled):
            render(sd15_engine, pictures(1), should_stop=lambda: calls["unet"] == 2)
        assert calls["unet"] == 2
        assert calls["decode"] == 0

    def test_a_batch_that_does_not_fit_is_halved(self, sd15_engine):
        class SmallDevice(DiffusionEngine):
            limit = 2

            def decode(self, latents):
                if len(latents) > self.limit:
                    raise torch.OutOfMemoryError("too many frames")
                return super().decode(latents)

        engine = SmallDevice(sd15_engine.parts, torch.device("cpu"))
        init = pictures(7)
        assert difference(render(engine, init), render(sd15_engine, init)) < 0.001
        engine.limit = 0
        with pytest.raises(OutOfMemory):
            render(engine, init)
        engine.limit = 8
        assert np.array_equal(render(engine, init), render(sd15_engine, init))

    def test_other_errors_are_not_taken_for_lack_of_memory(self, sd15_engine):
        class Faulty(DiffusionEngine):
            def decode(self, latents):
                raise RuntimeError("a driver error")

        with pytest.raises(RuntimeError, match="a driver error"):
            render(Faulty(sd15_engine.parts, torch.device("cpu")), pictures(1))


class TestAdapters:
    def test_a_controlnet_changes_the_picture_and_leaves_nothing_behind(self, sd15_engine, controlnet):
        init = pictures(2)
        plain = render(sd15_engine, init)
        units = (ControlNetSpec("canny", controlnet), ControlNetSpec("softedge", controlnet, weight=0.5, start=0.5))
        assert difference(render(sd15_engine, init, controlnets=units, control_frames=[init, init]), plain) > 1
        assert np.array_equal(render(sd15_engine, init), plain)

    def test_a_controlnet_runs_only_in_its_range(self, sd15_engine, controlnet):
        init = pictures(1)
        unit = ControlNetSpec("none", controlnet, start=0.25, end=0.75)
        render(sd15_engine, init, controlnets=(unit,), control_frames=[init])
        ran = []
        model = sd15_engine.controlnets._models[controlnet]
        hook = model.register_forward_hook(lambda *_: ran.append(1))
        render(sd15_engine, init, controlnets=(unit,), control_frames=[init])
        hook.remove()
        assert len(ran) == 2

    def test_a_controlnet_agrees_with_diffusers(self, sd15_engine, controlnet):
        from diffusers import StableDiffusionControlNetImg2ImgPipeline

        parts, init = sd15_engine.parts, pictures(1)
        shown = pictures(1, seed=5)
        unit = ControlNetSpec("none", controlnet, weight=0.8, end=0.75)
        ours = render(sd15_engine, init, negative_prompt="grey", controlnets=(unit,), control_frames=[shown])
        pipeline = StableDiffusionControlNetImg2ImgPipeline(
            vae=parts.vae,
            text_encoder=parts.text_encoders[0],
            tokenizer=parts.tokenizers[0],
            unet=parts.unet,
            controlnet=sd15_engine.controlnets._models[controlnet],
            scheduler=diffusers.DDIMScheduler.from_config(parts.scheduler_config),
            safety_checker=None,
            feature_extractor=None,
            requires_safety_checker=False,
        )
        pipeline.set_progress_bar_config(disable=True)
        with torch.inference_mode():
            latents = sd15_engine.encode(init)
        reference = pipeline(
            "a wolf",
            negative_prompt="grey",
            image=latents,
            control_image=torch.from_numpy(shown).permute(0, 3, 1, 2) / 255.0,
            strength=0.5,
            num_inference_steps=8,
            guidance_scale=7.0,
            controlnet_conditioning_scale=0.8,
            control_guidance_end=0.75,
            generator=torch.Generator().manual_seed(3),
            output_type="np",
        ).images
        assert np.abs(ours - reference * 255).max() < 1.0

    def test_units_and_frames_must_pair_up(self, sd15_engine, controlnet):
        with pytest.raises(PlanError, match="1 units were given 0"):
            render(sd15_engine, pictures(1), controlnets=(ControlNetSpec("canny", controlnet),))

    def test_depth_needs_an_estimator(self, sd15_engine, controlnet):
        init = pictures(1)
        unit = (ControlNetSpec("depth", controlnet),)
        with pytest.raises(PlanError, match="depth model"):
            render(sd15_engine, init, controlnets=unit, control_frames=[init])

    def test_a_missing_controlnet_says_so(self, sd15_engine, tmp_path):
        unit = (ControlNetSpec("canny", str(tmp_path / "none")),)
        with pytest.raises(ModelError, match="ControlNet is missing"):
            render(sd15_engine, pictures(1), controlnets=unit, control_frames=[pictures(1)])

    def test_a_lora_changes_the_picture_by_its_weight_and_leaves_nothing_behind(self, sd15_engine, lora):
        init = pictures(1)
        plain = render(sd15_engine, init)
        full = render(sd15_engine, init, loras=(LoraSpec(lora, 1.0),))
        half = render(sd15_engine, init, loras=(LoraSpec(lora, 0.5),))
        assert difference(full, plain) > difference(half, plain) > 1
        assert np.array_equal(render(sd15_engine, init, loras=(LoraSpec(lora, 0.0),)), plain)
        assert np.array_equal(render(sd15_engine, init), plain)

    def test_a_lora_that_does_not_fit_is_refused_and_leaves_the_engine_healthy(self, sd15_engine, lora, tmp_path):
        init = pictures(1)
        plain = render(sd15_engine, init)
        broken = tmp_path / "broken.safetensors"
        broken.write_bytes(b"not safetensors")
        with pytest.raises(ModelError, match="broken"):
            render(sd15_engine, init, loras=(LoraSpec(lora), LoraSpec(str(broken))))
        assert np.array_equal(render(sd15_engine, init), plain)

    def test_cross_frame_attention_pulls_towards_the_anchor(self, sd15_engine):
        init, anchor = pictures(2), pictures(1, seed=7)
        plain = render(sd15_engine, init)
        anchored = render(sd15_engine, init, cross_frame_attention=True, anchor=anchor)
        assert difference(anchored, plain) > 0
        alone = render(sd15_engine, init[:1], cross_frame_attention=True, anchor=anchor)
        assert np.abs(alone.astype(int) - anchored[:1]).max() <= 1
        # Keys that are all there twice weigh as if they were there once.
        itself = render(sd15_engine, init[:1], cross_frame_attention=True, anchor=init[:1])
        assert np.abs(itself.astype(int) - plain[:1]).max() <= 1
        assert np.array_equal(render(sd15_engine, init), plain)


class TestFamilies:
    @pytest.mark.parametrize(("family", "build"), [("sdxl", tiny.build_sdxl), ("animatediff", tiny.build_animatediff)])
    def test_each_one_loads_and_renders(self, family, build, tmp_path):
        engine = build_engine(ModelSpec(family, str(build(tmp_path))), torch.device("cpu"))
        init = pictures(4)
        out = render(engine, init)
        assert out.shape == init.shape
        assert np.array_equal(out, render(engine, init))
        assert difference(out, render(engine, init, prompt="a cat")) > 0.5

    def test_animatediff_frames_see_each_other(self, tmp_path):
        engine = build_engine(ModelSpec("animatediff", str(tiny.build_animatediff(tmp_path))), torch.device("cpu"))
        init = pictures(4)
        other = init.copy()
        other[3] = 255 - other[3]
        assert difference(render(engine, init)[:1], render(engine, other)[:1]) > 0
        assert engine.free_batch(SIZE, SIZE) + engine.context_frames <= 16
        with pytest.raises(PlanError, match="at most 16 frames"):
            render(engine, pictures(17))

    def test_a_draft_decodes_with_the_tiny_autoencoder(self, sd15_folder, sd15_engine):
        draft = build_engine(ModelSpec("sd15", str(sd15_folder), draft=True), torch.device("cpu"))
        assert type(draft.parts.vae).__name__ == "AutoencoderTiny"
        assert draft.nbytes < sd15_engine.nbytes
        assert render(draft, pictures(2)).shape == (2, SIZE, SIZE, 3)
