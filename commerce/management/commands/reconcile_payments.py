"""Compare our payments with Stripe's, catch up on lost events, send refunds that are owed, let unpaid orders go.

Fails if something is left that a person has to look at.
"""

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from commerce.services.orders import expire_orders
from commerce.services.reconciliation import reconcile


class Command(BaseCommand):
    help = __doc__

    def handle(self, **options: object) -> None:
        if expired := expire_orders():
            self.stdout.write(f"{expired} unpaid orders were cancelled.")
        if not settings.STRIPE_SECRET_KEY:
            self.stdout.write("Stripe is not configured: there are no card payments to compare.")
            return
        unsettled = 0
        for settled, sentence in reconcile():
            unsettled += not settled
            self.stdout.write(sentence)
        if unsettled:
            raise CommandError(f"{unsettled} payments need a person.")
        self.stdout.write("The payments agree with Stripe.")
