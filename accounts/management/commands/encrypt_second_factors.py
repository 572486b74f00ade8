"""Encrypt the secrets of all second factors with the present SECRET_KEY, before a former one is dropped."""

from django.core.management.base import BaseCommand

from accounts.services.factor_secrets import encrypt_anew


class Command(BaseCommand):
    help = __doc__

    def handle(self, **options: object) -> None:
        self.stdout.write(f"{encrypt_anew()} secrets encrypted")
