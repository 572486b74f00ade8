"""Download a model from a Hugging Face hub into the model folder, verify it, and put it into the catalogue.

Needs the network once: renders never do. A download that broke off goes on where it stopped.
"""

from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError
from django.utils.text import slugify
from tqdm import tqdm

from studio.models import ModelFile
from studio.rendering.errors import ModelError
from studio.services.catalogue.fetching import TYPES, fetch_model


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("repo_id", help="owner/name on the hub")
        parser.add_argument("--family", choices=ModelFile.Family.values, default=ModelFile.Family.SD15)
        parser.add_argument("--type", choices=TYPES, default="checkpoint")
        parser.add_argument("--revision", default="main", help="branch, tag or commit")
        parser.add_argument("--name", help="name in the catalogue (default: the repository's)")
        parser.add_argument("--slug", help="short name (default: from the name); a ControlNet's kind, such as canny")
        parser.add_argument("--endpoint", help="another hub than huggingface.co")

    def handle(self, *, repo_id: str, family: str, type: str, revision: str, **options: str | None) -> None:
        name = options["name"] or ""
        slug = options["slug"] or slugify(name or repo_id.rsplit("/", 1)[-1])
        try:
            with tqdm(unit="B", unit_scale=True, desc=repo_id) as bar:

                def advance(done: int, total: int) -> None:
                    bar.total = total
                    bar.update(done - bar.n)

                model, created = fetch_model(
                    repo_id=repo_id,
                    slug=slug,
                    name=name,
                    family=family,
                    model_type=type,
                    revision=revision,
                    endpoint=options["endpoint"],
                    progress=advance,
                )
        except ModelError as error:
            raise CommandError(error.message) from error
        self.stdout.write(f"{model.name} is {'in' if created else 'refreshed in'} the catalogue as model {model.pk}.")
