"""The mutants: what is changed in the product's code, and the tests that must notice it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    """``file`` with ``right``, which it has once, replaced by ``wrong``; ``tests`` are pytest's names of tests."""

    name: str
    file: str
    right: str
    wrong: str
    tests: str


_LEDGER, _HOLDS = "commerce/services/ledger.py", "commerce/services/holds.py"
_TEST_HOLDS, _TEST_FINANCE = "commerce/tests/test_holds.py", "commerce/tests/test_finance.py"
_SCOPE = "tenants/tests/test_scope.py"
_COLOUR, _PIPELINE = "studio/rendering/vid2vid/colour.py", "studio/rendering/vid2vid/pipeline.py"
_STATE = "        self._state.remember(end, self._memory.colour)\n"
_FRAMES = "        self._sink.append(frames, [self._record(clip.start + i) for i in range(len(frames))])\n"

MUTANTS = (
    # Money.
    Mutant(
        "a hold of the whole balance",
        _HOLDS,
        "balance - held >= %(amount)s",
        "balance - held > %(amount)s",
        _TEST_HOLDS,
    ),
    Mutant(
        "a hold that is captured twice",
        _HOLDS,
        "'captured', settled_at = %(now)s FROM early\n    WHERE id = %(hold)s AND status = 'held'",
        "'captured', settled_at = %(now)s FROM early\n    WHERE id = %(hold)s",
        _TEST_HOLDS,
    ),
    Mutant(
        "a hold that is released twice",
        _HOLDS,
        "'released', settled_at = %(now)s FROM early\n    WHERE id = %(hold)s AND status = 'held'",
        "'released', settled_at = %(now)s FROM early\n    WHERE id = %(hold)s",
        _TEST_HOLDS,
    ),
    Mutant(
        "a capture that keeps the hold",
        _HOLDS,
        "balance = balance - amount, held = held - amount",
        "balance = balance - amount",
        _TEST_HOLDS,
    ),
    Mutant(
        "a write-off of the whole balance",
        _LEDGER,
        "closed_at IS NULL AND balance + %(change)s >= held",
        "closed_at IS NULL AND balance + %(change)s > held",
        _TEST_HOLDS,
    ),
    Mutant(
        "a write-off that names the balance",
        _LEDGER,
        '"balance": wallet.available',
        '"balance": wallet.balance',
        _TEST_HOLDS,
    ),
    Mutant(
        "a write-off asked for beyond what is free",
        "commerce/services/finance.py",
        "amount > wallet.available",
        "amount > wallet.balance",
        _TEST_FINANCE,
    ),
    Mutant(
        "a write-off asked for of all that is free",
        "commerce/services/finance.py",
        "amount > wallet.available",
        "amount >= wallet.available",
        _TEST_FINANCE,
    ),
    # Isolation.
    Mutant(
        "the manager's filter, switched off",
        "tenants/managers.py",
        "return queryset.filter(mine | models.Q(tenant_id=None) if self.includes_shared else mine)",
        "return queryset",
        _SCOPE,
    ),
    Mutant(
        "everybody reads rows of no tenant alone",
        "tenants/managers.py",
        "mine | models.Q(tenant_id=None) if self.includes_shared",
        "mine if self.includes_shared",
        _SCOPE,
    ),
    Mutant("a query outside any scope", "tenants/managers.py", "if current is None:", "if False:", _SCOPE),
    Mutant(
        "row security that lets all through",
        "tenants/row_security.py",
        "ELSE tenant_id = {_SCOPE}::bigint END",
        "ELSE true END",
        _SCOPE,
    ),
    Mutant(
        "row security that does not bind the owner",
        "tenants/row_security.py",
        'f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY;"',
        '""',
        _SCOPE,
    ),
    # The queue.
    Mutant(
        "a claim that counts no attempt",
        "studio/services/jobs/queue.py",
        "attempts=job.attempts + 1",
        "attempts=job.attempts",
        "studio/tests/test_attempts.py studio/tests/test_queue.py",
    ),
    Mutant(
        "the queue's order of users",
        "studio/services/jobs/turns.py",
        'ORDER = "turn.running, turn.served',
        'ORDER = "turn.served',
        "studio/tests/test_turns.py studio/tests/test_queue.py",
    ),
    Mutant(
        "the lower priority first",
        "studio/services/jobs/turns.py",
        '.order_by("-priority", "queued_at", "pk")',
        '.order_by("priority", "queued_at", "pk")',
        "studio/tests/test_turns.py studio/tests/test_queue.py",
    ),
    Mutant(
        "a high priority in the medium queue",
        "studio/services/jobs/queue.py",
        "if priority >= 50:",
        "if priority > 50:",
        "studio/tests/test_queue.py studio/tests/test_turns.py",
    ),
    # Locks.
    Mutant(
        "waits without a bound",
        "config/platform/locks.py",
        "(settings.LOCK_TIMEOUT_SECONDS, settings.IDLE_TRANSACTION_SECONDS) if bounded",
        "(0, 0) if bounded",
        "tests/test_lock_waits.py",
    ),
    Mutant(
        "a deletion that does not lock its user",
        "studio/services/videos/library.py",
        "        lock_user(video.owner_id)\n",
        "",
        "studio/tests/test_lock_order.py",
    ),
    Mutant(
        "a sweep that does not wait for the content",
        "studio/services/files/blobs.py",
        "_drop_if_unnamed(*_noted(note.name))",
        '_drop_if_unnamed(_noted(note.name)[0], "")',
        "studio/tests/test_shared_blobs.py",
    ),
    # Uploads and rendering.
    Mutant(
        "announced against real type",
        "studio/services/files/presigned.py",
        "if info.mime_type != file.mime_type:",
        "if False:",
        "studio/tests/test_s3.py",
    ),
    Mutant(
        "the colour window", _COLOUR, "_WINDOW = 8", "_WINDOW = 3", "studio/rendering/vid2vid/tests/test_consistency.py"
    ),
    Mutant(
        "state written after the frames",
        _PIPELINE,
        _STATE + _FRAMES,
        _FRAMES + _STATE,
        "studio/rendering/vid2vid/tests/test_pipeline.py",
    ),
)
