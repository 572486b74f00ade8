"""Downloads from a hub on this machine."""

import json

import pytest

from studio.rendering.errors import ModelError
from studio.rendering.models.checks import check_model
from studio.rendering.models.hub import RemoteFile, choose, damaged_files, fetch
from studio.rendering.models.tests.local_hub import REVISION, serving
from studio.rendering.plan import ModelSpec


@pytest.fixture
def hub(sd15_folder):
    with serving(sd15_folder) as server:
        yield server


def test_a_model_is_fetched_verified_and_then_offline(hub, tmp_path):
    seen = []
    folder = fetch("someone/tiny", tmp_path / "model", endpoint=hub.endpoint, progress=lambda *p: seen.append(p))
    check_model(ModelSpec("sd15", str(folder)))
    assert damaged_files(folder) == []
    assert json.loads((folder / "download.json").read_text())["revision"] == REVISION
    assert seen == sorted(seen)
    assert seen[-1][0] == seen[-1][1] > 1_000_000
    hub.requests.clear()
    fetch("someone/tiny", folder, endpoint=hub.endpoint)
    assert [path for _, path, _ in hub.requests] == ["/api/models/someone/tiny/revision/main"]


def test_a_broken_download_is_resumed(hub, sd15_folder, tmp_path):
    hub.cut = 200_000
    with pytest.raises(ModelError, match="broke off"):
        fetch("someone/tiny", tmp_path, endpoint=hub.endpoint)
    hub.cut = None
    hub.requests.clear()
    fetch("someone/tiny", tmp_path, endpoint=hub.endpoint)
    assert damaged_files(tmp_path) == []
    assert any(wanted and not wanted.startswith("bytes=0-") for _, _, wanted in hub.requests)


def test_a_damaged_file_is_refused_and_fetched_again(hub, tmp_path):
    hub.falsify = True
    with pytest.raises(ModelError, match="arrived damaged"):
        fetch("someone/tiny", tmp_path, endpoint=hub.endpoint)
    hub.falsify = False
    fetch("someone/tiny", tmp_path, endpoint=hub.endpoint)
    weights = tmp_path / "unet" / "diffusion_pytorch_model.safetensors"
    weights.write_bytes(bytes(weights.stat().st_size))
    assert damaged_files(tmp_path) == ["unet/diffusion_pytorch_model.safetensors"]
    fetch("someone/tiny", tmp_path, endpoint=hub.endpoint)
    assert damaged_files(tmp_path) == []


def test_an_unknown_model_and_an_unfinished_download_say_so(hub, tmp_path):
    with pytest.raises(ModelError, match="no model 'someone/else'"):
        fetch("someone/else", tmp_path, endpoint=hub.endpoint)
    with pytest.raises(ModelError, match="not downloaded completely"):
        damaged_files(tmp_path)


def test_only_what_a_render_needs_is_chosen():
    names = [
        "model_index.json",
        "v1-5-pruned.safetensors",
        "unet/config.json",
        "unet/diffusion_pytorch_model.safetensors",
        "unet/diffusion_pytorch_model.fp16.safetensors",
        "unet/diffusion_pytorch_model.bin",
        "vae/diffusion_pytorch_model.fp16.safetensors",
        "tokenizer/merges.txt",
        "safety_checker/model.safetensors",
        "README.md",
    ]
    chosen = [file.name for file in choose(RemoteFile(name, 1, None, None) for name in names)]
    assert chosen == [names[0], names[2], names[3], names[6], names[7]]
    assert choose([RemoteFile("unet/model.bin", 1, None, None), RemoteFile("config.json", 1, None, None)]) == []
