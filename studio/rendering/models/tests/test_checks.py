"""Each way a model can be wrong is told before any weights are read."""

import json
import shutil
import struct
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from studio.rendering.errors import ModelError
from studio.rendering.models import tiny
from studio.rendering.models.cache import build_engine
from studio.rendering.models.families import check_model
from studio.rendering.models.tests.original_layout import write_single_file
from studio.rendering.plan import ModelSpec


@pytest.fixture(scope="module")
def originals(tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("originals")
    return {
        "sd15": tiny.build_sd15(folder / "sd15"),
        "sdxl": tiny.build_sdxl(folder / "sdxl"),
        "animatediff": tiny.build_animatediff(folder / "animatediff"),
    }


@pytest.fixture
def copy(originals, tmp_path):
    """A private copy of a healthy model, to be broken."""
    return lambda family: Path(shutil.copytree(originals[family], tmp_path / family))


def refuse(family: str, location: Path, message: str, **spec) -> None:
    with pytest.raises(ModelError, match=message):
        check_model(ModelSpec(family, str(location), **spec))


def edit(path: Path, **changes) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


@pytest.mark.parametrize("family", ["sd15", "sdxl", "animatediff"])
def test_a_healthy_model_passes(originals, family):
    check_model(ModelSpec(family, str(originals[family]), scheduler="euler"))


def test_unknown_family_scheduler_and_location(originals, tmp_path):
    refuse("sd3", originals["sd15"], "Unknown model family 'sd3'")
    refuse("sd15", originals["sd15"], "Unknown scheduler 'plms'", scheduler="plms")
    refuse("sd15", tmp_path / "nowhere", "missing")


@pytest.mark.parametrize(("asked", "given"), [("sd15", "sdxl"), ("sdxl", "sd15"), ("animatediff", "sd15")])
def test_another_family(originals, asked, given):
    refuse(asked, originals[given], "not of the|needs a")


@pytest.mark.parametrize("part", ["unet", "vae", "text_encoder", "tokenizer", "scheduler"])
def test_a_missing_part_is_named(copy, part):
    folder = copy("sd15")
    shutil.rmtree(folder / part)
    refuse("sd15", folder, f"needs a {part} folder")


def test_configurations(copy):
    folder = copy("sd15")
    (folder / "model_index.json").write_text("{")
    refuse("sd15", folder, "model index can't be read")
    (folder / "model_index.json").unlink()
    refuse("sd15", folder, "no model index")


@pytest.mark.parametrize(
    ("file", "change", "message"),
    [
        ("unet/config.json", {"in_channels": 9}, "Inpainting"),
        ("unet/config.json", {"_class_name": "Transformer2DModel"}, "not a sd15 unet"),
        ("unet/config.json", {"block_out_channels": [64, 64]}, "not what its configuration says"),
        ("unet/config.json", {"cross_attention_dim": 48}, "text encoder and unet"),
        ("vae/config.json", {"latent_channels": 16}, "vae and unet"),
    ],
)
def test_parts_that_do_not_fit(copy, file, change, message):
    folder = copy("sd15")
    edit(folder / file, **change)
    refuse("sd15", folder, message)


def test_a_motion_adapter_that_does_not_fit(copy):
    folder = copy("animatediff")
    edit(folder / "motion_adapter" / "config.json", block_out_channels=[320, 640])
    refuse("animatediff", folder, "motion adapter does not fit")


def test_no_vocabulary(copy):
    folder = copy("sd15")
    (folder / "tokenizer" / "vocab.json").unlink()
    refuse("sd15", folder, "tokenizer has no vocabulary")


class TestWeights:
    def weights(self, folder: Path) -> Path:
        return folder / "unet" / "diffusion_pytorch_model.safetensors"

    def test_none(self, copy):
        folder = copy("sd15")
        self.weights(folder).unlink()
        refuse("sd15", folder, "unet has no weights")

    def test_pickled(self, copy):
        folder = copy("sd15")
        self.weights(folder).rename(folder / "unet" / "diffusion_pytorch_model.bin")
        refuse("sd15", folder, "pickled weights, which are refused")

    def test_cut_short(self, copy):
        file = self.weights(copy("sd15"))
        file.write_bytes(file.read_bytes()[:-100])
        refuse("sd15", file.parents[1], "cut short")

    @pytest.mark.parametrize(
        "content", [b"", b"tiny", b"x" * 100, struct.pack("<Q", 2**62) + b"{}", struct.pack("<Q", 4) + b"nope"]
    )
    def test_not_safetensors(self, copy, content):
        file = self.weights(copy("sd15"))
        file.write_bytes(content)
        refuse("sd15", file.parents[1], "not a safetensors file")

    def test_of_something_else(self, copy):
        file = self.weights(copy("sd15"))
        save_file({"a": torch.zeros(2)}, file)
        refuse("sd15", file.parents[1], "not what its configuration says")

    def test_a_missing_shard(self, copy):
        folder = copy("sd15")
        index = {"weight_map": {"a": "diffusion_pytorch_model-00002-of-00002.safetensors"}}
        (folder / "unet" / "diffusion_pytorch_model.safetensors.index.json").write_text(json.dumps(index))
        refuse("sd15", folder, "misses diffusion_pytorch_model-00002-of-00002")


class TestSingleFile:
    def test_a_pickle_is_refused_by_its_name(self, tmp_path):
        file = tmp_path / "model.ckpt"
        file.write_bytes(b"\x80\x04")
        refuse("sd15", file, "pickled formats")

    def test_an_incomplete_file_says_what_is_missing(self, tmp_path):
        file = tmp_path / "lora.safetensors"
        save_file({"a": torch.zeros(2)}, file)
        refuse("sd15", file, "not a complete sd15 model")

    def test_it_needs_its_configurations_beside_it(self, sd15_folder, tmp_path):
        file = write_single_file(sd15_folder, tmp_path / "model.safetensors")
        shutil.rmtree(tmp_path / "model.config")
        refuse("sd15", file, "in a folder model.config beside it")

    def test_it_loads_to_the_same_model_as_the_folder(self, sd15_folder, tmp_path, sd15_engine):
        spec = ModelSpec("sd15", str(write_single_file(sd15_folder, tmp_path / "model.safetensors")))
        check_model(spec)
        loaded = build_engine(spec, torch.device("cpu")).parts
        for ours, theirs in zip(loaded.modules(), sd15_engine.parts.modules(), strict=True):
            expected = theirs.state_dict()
            assert ours.state_dict().keys() == expected.keys()
            assert all(torch.equal(value, expected[name]) for name, value in ours.state_dict().items())


def test_loading_runs_the_checks(copy):
    folder = copy("sd15")
    shutil.rmtree(folder / "vae")
    with pytest.raises(ModelError, match="vae"):
        build_engine(ModelSpec("sd15", str(folder)), torch.device("cpu"))


def test_the_same_seed_builds_the_same_bytes(tmp_path):
    first, second, other = (
        tiny.build_sd15(tmp_path / name, seed=seed) for name, seed in (("a", 1), ("b", 1), ("c", 2))
    )
    name = "unet/diffusion_pytorch_model.safetensors"
    assert (first / name).read_bytes() == (second / name).read_bytes() != (other / name).read_bytes()
