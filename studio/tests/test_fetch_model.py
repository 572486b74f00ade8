"""fetch_model: from a hub into the model folder and the catalogue; nothing half is offered to users."""

from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from studio.models import ModelFile
from studio.rendering.models.tests.local_hub import serving
from studio.services.catalogue import models as catalogue

pytestmark = pytest.mark.django_db


@pytest.fixture
def tiny_folder(tiny_model_dir: str) -> Path:
    return Path(settings.MODEL_DIR) / tiny_model_dir


def test_a_fetched_model_can_be_chosen(tiny_folder: Path) -> None:
    said = StringIO()
    with serving(tiny_folder) as hub:
        for _ in range(2):
            call_command("fetch_model", "someone/tiny", "--name=Fetched", f"--endpoint={hub.endpoint}", stdout=said)
    model = ModelFile.objects.get(slug="fetched")
    assert (model.name, model.family, model.version) == ("Fetched", "sd15", "main")
    assert model in catalogue.checkpoints()
    assert (catalogue.model_path(model) / "unet" / "config.json").is_file()
    assert f"in the catalogue as model {model.pk}" in said.getvalue()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [(["someone/else"], "someone/else"), (["someone/tiny", "--family=sdxl", "--slug=no-sdxl"], "sdxl")],
)
def test_what_is_missing_or_of_another_family_is_not_offered(
    tiny_folder: Path, arguments: list[str], reason: str
) -> None:
    with serving(tiny_folder) as hub, pytest.raises(CommandError, match=reason):
        call_command("fetch_model", *arguments, f"--endpoint={hub.endpoint}", stdout=StringIO())
    assert not ModelFile.objects.exists()
