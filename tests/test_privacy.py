"""A copy of everything and the end of an account, across all apps: over HTTP, with real files and a real queue."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import DataRequest, User
from accounts.tests.conftest import mailbox
from accounts.tests.copies import fetch_copy, make_copy
from accounts.tests.mailbox import Mailbox, work
from commerce.services.audit import audit
from commerce.services.wallets import open_credit_wallet
from studio.models import MediaFile
from support.models import SupportRequest
from tenants.models import Tenant
from tenants.scope import all_tenants
from tenants.services import create_tenant
from tests.fixtures import PASSWORD, UserFactory
from tests.lives import Life, blobs_of, did, every_row, live

__all__ = ["mailbox"]

pytestmark = pytest.mark.django_db(transaction=True)

Blobs = Callable[[], set[str]]

_OWNERS = ("owner", "author", "user")
_NAMED_IN = {
    "accounts.User", "gallery.GalleryItem", "gallery.GalleryReport", "messaging.Message", "studio.MediaFile",
    "studio.RenderJob", "studio.Video", "support.SupportMessage", "support.SupportRequest",
}  # fmt: skip


@pytest.fixture(autouse=True)
def unthrottled(settings: Any) -> None:
    settings.THROTTLES = {}


@pytest.fixture
def lives(
    mailbox: Mailbox, make_user: UserFactory, client_of: Callable[[User], APIClient], media_dir: Path
) -> dict[str, Life]:
    """Zelda and her colleague Yorick, who uploaded the same clip; Xenia, who works elsewhere and talks with Zelda."""
    tenant = create_tenant(name="Workshop")
    zelda = make_user(name="zelda", email="zelda@example.com", tenant=tenant)
    yorick = make_user(name="yorick", tenant=tenant)
    xenia = make_user(name="xenia")
    clip = (media_dir / "clip.mp4").read_bytes()
    people: dict[str, Life] = {}
    for user, whom in ((xenia, zelda), (zelda, xenia), (yorick, xenia)):
        open_credit_wallet(user=user)
        people[user.name] = live(user, client_of(user), media_dir, clip=clip, whom=whom)
    did(people["zelda"].api.post(f"/api/gallery/{people['xenia'].item}/like"))
    did(people["xenia"].api.post(f"/api/gallery/{people['zelda'].item}/like"))
    report = {"reason": "spam", "details": "zelda complains"}
    assert people["zelda"].api.post(f"/api/gallery/{people['xenia'].item}/report", report).status_code in (200, 201)
    staff = client_of(make_user(name="operator", role=1))
    for life in people.values():
        answer = {"supportRequestId": life.ticket, "text": f"Dear {life.user.name}, we look into it"}
        did(staff.post("/api/send-support-request-message", answer))
    work()
    return people


def delete(life: Life) -> None:
    assert life.api.post("/api/me/delete", {"password": PASSWORD}).status_code == 202
    work()
    assert DataRequest.objects.get(user=life.user, kind="deletion").status == "done"


def own_rows(life: Life) -> dict[str, str]:
    """The user's rows, less what counts or names the other one: likes, and unread messages."""
    mine = every_row(lambda row: life.user.pk in (getattr(row, f"{name}_id", None) for name in _OWNERS))
    return {row: values for row, values in mine if not row.startswith(("gallery.Gallery", "messaging.ChatMember"))}


def test_a_deleted_account_leaves_nothing_that_tells_who_it_was(
    lives: dict[str, Life], stored_blobs: Blobs, client: Client, anonymous: APIClient, media_dir: Path
) -> None:
    zelda, yorick, xenia = lives["zelda"], lives["yorick"], lives["xenia"]
    copy = f"exports/{make_copy(zelda.api).rsplit('/', 1)[-1]}.zip"
    shared = set(blobs_of(zelda.user).values()) & set(blobs_of(yorick.user).values())
    assert len(shared) == 4, "clip, song, output and picture of two colleagues share their blobs"
    picture = SimpleUploadedFile("zelda.png", (media_dir / "other.png").read_bytes())
    did(zelda.api.post("/api/upload", {"attachment": picture, "type": "deforum"}, format="multipart"))
    alone = set(blobs_of(zelda.user).values()) - shared
    assert alone | {copy} <= stored_blobs()
    before = own_rows(yorick), own_rows(xenia)
    assert {row.split()[0] for row in _rows_with("zelda")} >= _NAMED_IN
    media = f"/gallery/media/{zelda.item}/video.mp4"
    link = next(m["attachment"]["url"] for m in _messages(xenia, zelda.chat) if m["message"] == "zelda made this")
    assert client.get(media).status_code == client.get(link).status_code == 200

    delete(zelda)

    left = stored_blobs()
    assert not (alone | {copy}) & left
    for other in (yorick, xenia):
        assert set(blobs_of(other.user).values()) <= left
    assert not _rows_with("zelda")
    assert client.get(media).status_code == client.get(link).status_code == 404
    listed = anonymous.get("/api/gallery").json()["data"]["items"]
    assert {item["author"] for item in listed} == {"yorick", "xenia"}
    assert next(item["likes"] for item in listed if item["id"] == xenia.item) == 0
    talk = [(m["authorUser"]["login"], m["message"], m["attachment"] is None) for m in _messages(xenia, zelda.chat)]
    assert talk[:3] == [("Deleted user", "", True)] * 3
    assert talk[3:] == [("xenia", "xenia made this", False), ("xenia", "", False), ("xenia", "I am xenia", True)]
    assert SupportRequest.objects.get(pk=zelda.ticket).email == ""
    assert (own_rows(yorick), own_rows(xenia)) == before
    assert did(yorick.api.get("/api/tenant"))["name"] == "Workshop"
    with all_tenants():
        assert audit() == []


def test_the_last_member_takes_everything_along(lives: dict[str, Life], stored_blobs: Blobs) -> None:
    zelda, yorick, xenia = lives["zelda"], lives["yorick"], lives["xenia"]
    did(zelda.api.post("/api/tenant/invitations", {"email": "wanda@example.com"}))
    work()
    assert zelda.api.delete(f"/api/tenant/members/{yorick.user.pk}").status_code == 200
    assert set(blobs_of(yorick.user).values()) <= stored_blobs(), "a removed member's work stays with the tenant"
    gone = set(blobs_of(zelda.user).values()) | set(blobs_of(yorick.user).values())

    delete(zelda)

    left = stored_blobs()
    assert not gone & left
    assert set(blobs_of(xenia.user).values()) <= left
    for word in ("zelda", "yorick", "wanda", "workshop"):
        assert not _rows_with(word), word
    with all_tenants():
        assert not MediaFile.objects.exclude(owner=xenia.user).exists()
    assert Tenant.objects.get(pk=zelda.user.tenant_id).domain.startswith("deleted-")


def test_a_copy_holds_exactly_what_is_the_users(lives: dict[str, Life], media_dir: Path) -> None:
    zelda = lives["zelda"]
    copy = fetch_copy(zelda.api, make_copy(zelda.api))
    clip, song, output = blobs_of(zelda.user, "source", "soundtrack", "output")
    assert copy.files == {
        f"files/source-{clip}-zelda_original.mp4": (media_dir / "clip.mp4").read_bytes(),
        f"files/soundtrack-{song}-zelda_song.mp3": (media_dir / "song.mp3").read_bytes(),
        f"files/output-{output}-output.mp4": (media_dir / "long.mp4").read_bytes(),
    }
    data = copy.data
    assert [row["id"] for row in data["studio.Video.owner"]] == zelda.videos
    assert [row["id"] for row in data["gallery.GalleryItem.owner"]] == [zelda.item]
    assert [row["item_id"] for row in data["gallery.GalleryLike.user"]] == [lives["xenia"].item]
    assert [row["with"] for row in data["messaging.chats"]] == ["xenia"]
    talk = [(row["from_me"], row["text"], row["attachment"]) for row in data["messaging.messages"]]
    assert talk == [
        (False, "I am xenia", None), (False, "", "xenia original.mp4"), (False, "xenia made this", "A film by xenia"),
        (True, "I am zelda", None), (True, "", "zelda original.mp4"), (True, "zelda made this", "A film by zelda"),
    ]  # fmt: skip
    [ticket] = data["support.requests"]
    assert ticket["email"] == "zelda@example.com"
    said = [(message["from"], message["text"], message["files"]) for message in ticket["messages"]]
    assert said == [("me", "zelda asks", ["zelda original.mp4"]), ("staff", "Dear zelda, we look into it", [])]
    text = json.dumps(data)
    for others in ("yorick", "operator", "xenia@example.com", "xenia asks", "xenia at sea", str(media_dir)):
        assert others not in text, others


def _rows_with(word: str) -> list[str]:
    return [row for row, values in every_row() if word in values.lower()]


def _messages(life: Life, chat: int) -> list[dict[str, Any]]:
    return did(life.api.get(f"/api/messages/get-messages-by-chat-id/{chat}"))["items"]
