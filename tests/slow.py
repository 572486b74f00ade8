"""The modules that take longest, with the reason. A parallel run begins with them, so that none is left for its end.

``pytest -m slow`` runs these alone, ``pytest -m "not slow"`` everything else. A module belongs here from about ten
seconds on a quiet machine (``pytest --durations=50``), if there is a reason that can't be removed.
"""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

REASONS = {
    "tests/test_first_hour.py": "a whole studio is started, and renders for curl and for Python",
    "tests/test_serve.py": "whole studios are started, killed and started again",
    "tests/test_blinks.py": "workers lose database, Redis, disk and processor in the middle of long renders",
    "tests/test_workers.py": "workers are killed and stopped in the middle of long renders",
    "tests/test_drained_workers.py": "workers are drained and resumed in the middle of long renders",
    "tests/test_backup.py": "servers of their own, and embedded ones, are saved and restored by commands",
    "tests/test_database_restarts.py": "a PostgreSQL of its own goes away and comes back under running programs",
    "tests/test_upkeep.py": "programs are started one after the other, and must notice that Redis is away",
    "tests/e2e/test_console_renders.py": "a browser follows renders of a worker",
    "tests/test_event_server.py": "web and event servers are started, killed and started again; a token expires",
    "tests/test_events.py": "web and event servers are started, and lose Redis",
    "tests/e2e/test_live_console.py": "a browser follows live events, beside an event server and a worker",
    "tests/e2e/test_console.py": "a browser fills the console's forms",
    "tests/test_renders.py": "renders of all kinds through a worker",
    "tests/test_crashed_money.py": "processes are killed between any two steps of what moves money",
    "tests/test_permissions.py": "every endpoint is asked as everybody",
    "tests/test_hostile_values.py": "every parameter of every endpoint is sent what it can't take",
    "studio/tests/test_every_door.py": "every parameter is sent what it takes and what it does not, by every door",
    "studio/tests/test_fuzzed_requests.py": "hundreds of requests of chance are drawn up",
}


def mark_and_order(items: list[pytest.Item]) -> None:
    """Mark the tests of slow modules, and move them to the front in the order above."""
    order = {ROOT / name: place for place, name in enumerate(REASONS)}
    for item in items:
        if item.path in order:
            item.add_marker("slow")
    items.sort(key=lambda item: order.get(item.path, len(order)))
