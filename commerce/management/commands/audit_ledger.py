"""Prove every balance from its entries and every hold from its render; fails with the culprits."""

from django.core.management.base import BaseCommand, CommandError

from commerce.services.audit import audit


class Command(BaseCommand):
    help = __doc__

    def handle(self, **options: object) -> None:
        culprits = audit()
        for culprit in culprits:
            self.stderr.write(culprit)
        if culprits:
            raise CommandError(f"The ledger is wrong in {len(culprits)} places.")
        self.stdout.write("The ledger is sound.")
