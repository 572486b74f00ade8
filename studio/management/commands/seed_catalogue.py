"""Put the built-in model, presets, wallet types and credit packages into the catalogue, where they are missing."""

from django.core.management.base import BaseCommand

from commerce.services.seeding import seed_commerce
from studio.services.catalogue.seeding import seed_catalogue


class Command(BaseCommand):
    help = __doc__

    def handle(self, **options: object) -> None:
        created = seed_catalogue() + seed_commerce()
        if created:
            self.stdout.write(f"{created} catalogue rows created.")
