"""What a stranger's clock could tell: the same question about addresses that have an account and that have none.

    python -m bench.login_timing [--pairs 200]

Runs the product in this process, with an embedded PostgreSQL and Redis of its own and nothing throttled. Known and
unknown addresses take turns, each is asked about once (the lock-out counts), and a figure is the median of all: of the
time on the clock, and of this process's processor time, which a busy machine disturbs less. A password hash stands
beside them: that much a login would tell, if it hashed for known addresses alone.
"""

from __future__ import annotations

import argparse
import logging
import os
import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial

from config.stack.testing import TestStack

ANSWERS = {"/api/login": 401, "/api/auth/forgot-password": 200}
PASSWORD = "not the password"


def main() -> None:
    """Print one line per path: both medians in milliseconds, and their ratio; the same of processor time."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=200, help="questions about addresses of either kind")
    options = parser.parse_args()
    os.environ["THROTTLE"] = "off"
    # Every refused login is one.
    logging.disable(logging.WARNING)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    stack = TestStack()
    stack.start()
    try:
        _bench(options.pairs)
    finally:
        stack.stop()
        stack.remove()


def _bench(pairs: int) -> None:
    import django

    django.setup()
    from django.contrib.auth.hashers import make_password
    from django.core.management import call_command
    from rest_framework.test import APIClient

    call_command("migrate", verbosity=0)
    known = _make_accounts(pairs + 1)
    client = APIClient(SERVER_NAME="localhost")

    def ask(path: str, email: str) -> None:
        answer = client.post(path, {"email": email, "password": PASSWORD})
        assert answer.status_code == ANSWERS[path], answer.content

    print(f"{'':26}{'known':>12}{'unknown':>12}{'ratio':>8}   processor time")
    for path in ANSWERS:
        # The first of each kind fills caches and is not counted.
        pairs_asked = [
            (_spent(partial(ask, path, email)), _spent(partial(ask, path, f"nobody{number}@example.com")))
            for number, email in enumerate(known)
        ][1:]
        (mine, my_work), (nobodys, nobodys_work) = (_medians(column) for column in zip(*pairs_asked, strict=True))
        print(
            f"{path:26}{mine:9.2f} ms{nobodys:9.2f} ms{mine / nobodys:8.3f}"
            f"   {my_work:.2f} / {nobodys_work:.2f} ms = {my_work / nobodys_work:.3f}",
            flush=True,
        )
    clock, work = _medians([_spent(partial(make_password, PASSWORD)) for _ in range(pairs)])
    print(f"{'one password hash':26}{clock:9.2f} ms{'':23}{work:.2f} ms")


def _make_accounts(count: int) -> list[str]:
    """That many accounts; their addresses."""
    from django.contrib.auth.hashers import make_password

    from accounts.models import User
    from tenants.services import create_tenant

    tenant, password = create_tenant(name="bench"), make_password("correct horse battery")
    users = [
        User(email=f"person{number}@example.com", name=f"person{number}", tenant=tenant, password=password)
        for number in range(count)
    ]
    return [user.email for user in User.objects.bulk_create(users)]


def _spent(act: Callable[[], object]) -> tuple[float, float]:
    """Milliseconds on the clock and of the processor."""
    begun, worked = time.perf_counter(), time.process_time()
    act()
    return 1000 * (time.perf_counter() - begun), 1000 * (time.process_time() - worked)


def _medians(spent: Sequence[tuple[float, float]]) -> tuple[float, float]:
    clock, work = zip(*spent, strict=True)
    return statistics.median(clock), statistics.median(work)


if __name__ == "__main__":
    main()
