import json

import pytest
import torch
from safetensors.torch import save_file

from studio.rendering.errors import ModelError
from studio.rendering.models import tiny
from studio.rendering.models.checks import check_adapters
from studio.rendering.plan import ControlNetSpec, LoraSpec, ModelSpec


@pytest.fixture
def model(sd15_folder):
    return ModelSpec("sd15", str(sd15_folder))


@pytest.fixture
def controlnet(tmp_path):
    return tiny.build_controlnet(tmp_path / "control")


def test_what_fits_passes(model, controlnet, tmp_path):
    lora = tiny.build_lora(tmp_path / "style.safetensors")
    check_adapters(model, [ControlNetSpec("tile", str(controlnet))], [LoraSpec(str(lora))])


def test_a_lora_that_is_missing_or_something_else(model, tmp_path):
    with pytest.raises(ModelError, match=r"gone\.safetensors is missing"):
        check_adapters(model, loras=[LoraSpec(str(tmp_path / "gone.safetensors"))])
    save_file({"weight": torch.zeros(2)}, tmp_path / "other.safetensors")
    with pytest.raises(ModelError, match="is not a LoRA"):
        check_adapters(model, loras=[LoraSpec(str(tmp_path / "other.safetensors"))])


def test_a_controlnet_that_is_missing_or_something_else(model, sd15_folder, tmp_path):
    with pytest.raises(ModelError, match="missing"):
        check_adapters(model, [ControlNetSpec("canny", str(tmp_path / "gone"))])
    with pytest.raises(ModelError, match="something else"):
        check_adapters(model, [ControlNetSpec("canny", str(sd15_folder / "unet"))])


def test_a_controlnet_of_an_unknown_kind(model, controlnet):
    with pytest.raises(ModelError, match="Unknown ControlNet kind 'pose'"):
        check_adapters(model, [ControlNetSpec("pose", str(controlnet))])


def test_a_controlnet_for_another_model(model, controlnet):
    config = json.loads((controlnet / "config.json").read_text())
    (controlnet / "config.json").write_text(json.dumps({**config, "cross_attention_dim": 768}))
    with pytest.raises(ModelError, match="another kind of model"):
        check_adapters(model, [ControlNetSpec("canny", str(controlnet))])


def test_a_controlnet_for_a_video_model(controlnet, tmp_path):
    model = ModelSpec("animatediff", str(tiny.build_animatediff(tmp_path / "model")))
    with pytest.raises(ModelError, match="take no ControlNet"):
        check_adapters(model, [ControlNetSpec("canny", str(controlnet))])


def test_a_controlnet_without_its_weights(model, controlnet):
    save_file({"weight": torch.zeros(2)}, controlnet / "diffusion_pytorch_model.safetensors")
    with pytest.raises(ModelError, match="not a ControlNet's"):
        check_adapters(model, [ControlNetSpec("canny", str(controlnet))])
