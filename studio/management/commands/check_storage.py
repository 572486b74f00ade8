"""Count anew what each tenant stores, put right what is wrong, and say so.

Nobody can store a file while a tenant is counted.
"""

from django.core.management.base import BaseCommand

from studio.services.files.storage_counters import recount_storage


class Command(BaseCommand):
    help = __doc__

    def handle(self, **options: object) -> None:
        if wrong := recount_storage():
            self.stdout.write(f"Put right: the files of {wrong} tenant{'' if wrong == 1 else 's'} were counted wrong.")
        else:
            self.stdout.write("What tenants store is counted right.")
