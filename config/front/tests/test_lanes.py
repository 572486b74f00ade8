"""Which request takes which lane, and what a full lane says."""

from __future__ import annotations

import asyncio
import threading

import pytest

from config.front.bodies import Refused
from config.front.lanes import Lane, Lanes

HASHES = [
    "POST /api/login", "POST /api/auth/login", "POST /api/v2/login",
    "POST /api/register", "POST /api/auth/register", "POST /api/v2/register",
    "PATCH /api/me", "POST /api/auth/me", "POST /api/v2/me", "POST /api/me/delete",
    "POST /api/auth/reset-password", "POST /api/v2/password-reset", "POST /api/auth/two-factor/login",
    "PATCH /api/administration/admin-reset-user-password", "PATCH /api/administration/change-password",
    "POST /api/tenant/invitations/accept", "POST /reset-password", "POST /invitation",
    "POST /admin/login/", "POST /admin/password_change/", "POST /admin/accounts/user/add/",
    "POST /admin/accounts/user/7/password/", "POST /admin/security/",
]  # fmt: skip
UPLOADS = ["POST /api/upload", "PUT /uploads/abc", "POST /api/files/7/complete", "POST /api/generate"]
EXPORTS = ["POST /admin/accounts/user/export/csv/", "POST /admin/commerce/order/export/json/"]
OTHERS = [
    "GET /api/login", "GET /api/gallery", "POST /api/auth/refresh", "POST /api/v2/refresh", "POST /api/logout",
    "POST /api/messages", "POST /api/media", "POST /api/membership", "POST /api/chats", "POST /admin/studio/renderjob/",
    "GET /admin/accounts/user/export/csv/", "POST /admin/commerce/order/export/x",
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "request_line"),
    [
        (name, line)
        for name, lines in (("password", HASHES), ("upload", UPLOADS), ("export", EXPORTS), ("web", OTHERS))
        for line in lines
    ],
)  # fmt: skip
def test_what_hashes_and_what_looks_into_files_has_threads_of_its_own(name: str, request_line: str) -> None:
    lanes = Lanes(threads=1, uploads=1, passwords=1)
    method, _, path = request_line.partition(" ")
    assert asyncio.run(lanes.of(method, path).run(lambda: threading.current_thread().name)).startswith(name)


def test_so_many_wait_and_the_next_one_is_told_to_come_back() -> None:
    lane = Lane("password", 1, waiting=3)
    gate = threading.Event()

    async def crowd() -> None:
        waiting = [asyncio.ensure_future(lane.run(gate.wait)) for _ in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(Refused) as refused:
            await lane.run(gate.wait)
        assert (refused.value.status, refused.value.code) == (503, "busy")
        gate.set()
        assert await asyncio.gather(*waiting) == [True] * 3
        assert await lane.run(gate.wait), "there is room again"

    asyncio.run(crowd())
