"""Render a thumbnail and a preview clip for each effect that has none; a second run renders what is missing since."""

from __future__ import annotations

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from config.api.errors import ValidationFailed
from effects.models import Effect
from studio.rendering.errors import RenderError
from studio.services.catalogue.effect_previews import has_previews, render_previews


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slugs", nargs="*", help="These effects alone.")
        parser.add_argument("--again", action="store_true", help="Render those that have previews, too.")

    def handle(self, *, slugs: list[str], again: bool, **options: object) -> None:
        effects = Effect.objects.filter(deleted_at=None)
        if slugs:
            effects = effects.filter(slug__in=slugs)
            if unknown := sorted(set(slugs) - {effect.slug for effect in effects}):
                raise CommandError(f"There is no effect {', '.join(unknown)}.")
        wanted = [effect for effect in effects if again or not has_previews(effect)]
        failed = []
        for number, effect in enumerate(wanted, start=1):
            with tqdm(desc=f"{number}/{len(wanted)} {effect.name}", unit="frame", disable=None) as bar:

                def advance(done: int, total: int, bar: tqdm = bar) -> None:
                    bar.total = total
                    bar.update(done - bar.n)

                try:
                    render_previews(effect, advance)
                except (RenderError, ValidationFailed) as error:
                    failed.append(f"{effect.name}: {error}")
        self.stdout.write(f"{len(wanted) - len(failed)} effects rendered.")
        if failed:
            raise CommandError("\n".join(failed))
