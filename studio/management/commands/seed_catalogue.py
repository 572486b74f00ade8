"""Put the built-in model and presets into the catalogue. Running it again changes nothing that staff have changed."""

from typing import Any

from django.core.management.base import BaseCommand

from studio.services.seeding import seed_catalogue


class Command(BaseCommand):
    help = __doc__

    def handle(self, **options: Any) -> None:
        created = seed_catalogue()
        if created:
            self.stdout.write(f"{created} catalogue rows created.")
