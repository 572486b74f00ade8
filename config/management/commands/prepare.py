"""Bring the database up to date: migrations, catalogue, staff login. Running it again changes nothing."""

import secrets

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand

from accounts.services import ensure_administrator


class Command(BaseCommand):
    help = __doc__

    def handle(self, **options: object) -> None:
        call_command("migrate", interactive=False, verbosity=0)
        call_command("seed_catalogue")
        password = settings.STUDIO_ADMIN_PASSWORD or secrets.token_urlsafe(12)
        user, created = ensure_administrator(email=settings.STUDIO_ADMIN_EMAIL, password=password)
        if created and not settings.STUDIO_ADMIN_PASSWORD:
            self.stdout.write(f"Staff login: {user.email} with password {password} (shown only now)")
