"""See the package."""

from __future__ import annotations

import argparse
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

from bench.siege import verdict
from bench.siege.broken import broken_files
from bench.siege.people import Buyer, Person, Renderer, SlowReader, SlowWriter, Vandal, Visitor
from bench.siege.stronghold import Stronghold
from studio.rendering.media.sample import write_clip
from studio.rendering.models.tiny import build_sd15

MOST_SECONDS = 1.0
"""For the 99th of a hundred looks at the gallery."""
BALANCE = 100_000
BETWEEN_KILLS = (1.0, 4.0)
SLOW_CLIENTS = 8
ALIVE_SECONDS = 180


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--media", type=int, default=2000)
    parser.add_argument("--workers", type=int, default=1, help="render workers")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="siege-") as name:
        folder = Path(name)
        files = broken_files(folder / "media", arguments.media, arguments.seed)
        clip = write_clip(folder / "clip.mp4", width=64, height=64, seconds=0.5)
        build_sd15(folder / "data" / "models" / "tiny")
        with Stronghold(folder, workers=arguments.workers) as stronghold:
            stronghold.enter()
            return _siege(stronghold, files, clip.read_bytes(), arguments)


def _siege(stronghold: Stronghold, files: list[Path], clip: bytes, arguments: argparse.Namespace) -> int:
    from django.db import connections

    _furnish()
    over = threading.Event()
    renderers = [Renderer(stronghold.url, over, clip) for _ in range(2)]
    buyers = [Buyer(stronghold.url, over) for _ in range(2)]
    visitor = Visitor(stronghold.url, over)
    vandal = Vandal(stronghold.url, over, files)
    slow = [kind(stronghold.url, over) for kind in (SlowWriter, SlowReader) for _ in range(SLOW_CLIENTS)]
    people: list[Person] = [*renderers, *buyers, visitor, vandal, *slow]
    for person in people:
        person.start()
    enriching = threading.Thread(target=_enrich, args=(people, over), daemon=True)
    enriching.start()
    killed = _kill(stronghold, arguments.kills, random.Random(arguments.seed))
    vandal.join()
    over.set()
    for person in [*renderers, *buyers, visitor]:
        person.join()
    enriching.join()

    promised = set[int]().union(*(renderer.jobs for renderer in renderers))
    orders = set[int]().union(*(buyer.orders for buyer in buyers))
    dead = _until_alive(stronghold, set(killed))
    # This process has connections from before the kills.
    connections.close_all()
    verdict.until_settled()
    troubles = {
        "lost": [*verdict.lost_renders(promised), *verdict.lost_orders(orders)],
        "charged twice": list(verdict.charged_twice(orders)),
        "left over": list(verdict.leftovers(stronghold.folder / "data")),
        "dead": dead,
        "complaints": [complaint for person in people for complaint in person.complaints],
    }
    print(f"{killed.total()} kills: " + ", ".join(f"{name} {count}" for name, count in sorted(killed.items())))
    print(f"{len(promised)} renders and {len(orders)} purchases were promised")
    print(
        f"{len(files)} broken files: "
        + ", ".join(f"{n} answered {code}" for code, n in sorted(vandal.outcomes.items()))
    )
    print("gallery: " + ", ".join(f"{n} {what}" for what, n in visitor.outcomes.most_common()), end="; ")
    print(f"p99 {1000 * visitor.p99():.0f} ms, target {1000 * MOST_SECONDS:.0f} ms")
    for what, found in troubles.items():
        print(f"{what}: {len(found)}")
        for line in found[:20]:
            print(f"  {line}")
    return int(any(troubles.values()) or visitor.p99() > MOST_SECONDS)


def _furnish() -> None:
    """A tiny model that costs something, in place of the one that ships."""
    from studio.models import ModelFile

    ModelFile.objects.filter(is_default=True).update(is_default=False)
    ModelFile.objects.create(
        name="Tiny", slug="tiny", location="tiny", is_default=True, max_pixels=64 * 64, steps=2, price_per_frame=1
    )


def _enrich(people: list[Person], over: threading.Event) -> None:
    """Give everybody who has registered what they spend."""
    from django.db import DatabaseError

    from accounts.models import User
    from commerce.models import Wallet, WalletType
    from commerce.services.ledger import enroll
    from tenants.scope import all_tenants

    waiting = {id(person): person for person in people if isinstance(person, Renderer | Buyer)}
    while waiting and not over.wait(0.5):
        for key, person in list(waiting.items()):
            if "Authorization" not in person.http.headers:
                continue
            kind = WalletType.Kind.CREDITS if isinstance(person, Renderer) else WalletType.Kind.BALANCE
            try:
                with all_tenants():
                    user = User.objects.get(email=person.email)
                    wallet = Wallet.objects.get(user=user, kind=kind)
                    enroll(wallet=wallet, amount=BALANCE, idempotency_key=f"siege:{user.pk}")
            except DatabaseError:
                continue
            del waiting[key]


def _kill(stronghold: Stronghold, kills: int, rng: random.Random) -> Counter[str]:
    """Kill whatever runs, in turns that chance decides; mostly without a warning."""
    killed: Counter[str] = Counter()
    while killed.total() < kills:
        time.sleep(rng.uniform(*BETWEEN_KILLS))
        if not stronghold.pids:
            continue
        name = rng.choice(sorted(stronghold.pids))
        number = signal.SIGKILL if rng.random() < 0.8 else signal.SIGTERM
        killed[name] += stronghold.kill(name, number)
    return killed


def _until_alive(stronghold: Stronghold, names: set[str]) -> list[str]:
    deadline = time.monotonic() + ALIVE_SECONDS
    while (dead := names - set(stronghold.alive())) and time.monotonic() < deadline:
        time.sleep(0.5)
    return sorted(dead)


if __name__ == "__main__":
    sys.exit(main())
