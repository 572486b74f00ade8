"""Count anew what the queue's counters count, put right what is wrong, and say so.

The queue goes on meanwhile. The reaper does the same, a few users at a time.
"""

from django.core.management.base import BaseCommand

from studio.services.jobs.turns import check_all
from tenants.scope import all_tenants


class Command(BaseCommand):
    help = __doc__

    def handle(self, **options: object) -> None:
        with all_tenants():
            wrong = check_all()
        if any(wrong.values()):
            self.stdout.write(f"Put right: wrong counters of {wrong['users']} users, {wrong['totals']} wrong totals.")
        else:
            self.stdout.write("The queue's counters are right.")
