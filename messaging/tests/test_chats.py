"""Chats, messages, receipts, hiding and blocking, over HTTP."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.dateparse import parse_datetime
from rest_framework.test import APIClient

from accounts.models import LoginSession, User
from messaging.models import Block, Chat, ChatMember, HiddenMessage, Message
from messaging.services import open_chat, send_message
from messaging.services.messages import Attachment
from messaging.tests.conftest import Send
from studio.models import MediaFile, Video
from studio.services.files.store import store_file
from tenants.scope import all_tenants, tenant_scope
from tests.fixtures import UserFactory

pytestmark = pytest.mark.django_db

SCRIPT = "<script>alert(1)</script> & <b>bold</b>"


def chats_of(client: APIClient) -> list[dict]:
    return client.get("/api/chats/get-chats-by-current-user").json()["data"]["items"]


def texts_of(client: APIClient, chat: Chat, query: str = "") -> list[str]:
    answer = client.get(f"/api/messages/get-messages-by-chat-id/{chat.pk}{query}")
    return [item["message"] for item in answer.json()["data"]["items"]]


@pytest.fixture
def picture(alice: User, media_dir: Path) -> MediaFile:
    with tenant_scope(alice.tenant_id):
        return store_file(path=media_dir / "picture.png", owner=alice, kind=MediaFile.Kind.SOURCE)


def test_a_chat_is_opened_once_by_either_side(as_alice: APIClient, as_bob: APIClient, alice: User, bob: User) -> None:
    opened = as_alice.post("/api/chats", {"recipientUserId": bob.pk}, format="json")
    assert opened.status_code == 200
    chat = Chat.objects.get()
    assert opened.json()["data"] == {
        "id": chat.pk,
        "recipientUser": {"id": bob.pk, "login": "bob", "online": True},
        "lastMessage": None,
        "unreadCount": 0,
        "blocked": False,
        "updatedAt": opened.json()["data"]["updatedAt"],
    }
    again = as_bob.post("/api/chats", {"recipientUserId": alice.pk}, format="json").json()["data"]
    assert (again["id"], again["recipientUser"]["login"]) == (chat.pk, "alice")
    for client in (as_alice, as_bob):
        assert client.get(f"/api/chats/{chat.pk}").json()["data"]["id"] == chat.pk
    assert as_alice.get(f"/api/chats/get-chat-by-user-id/{bob.pk}").json()["data"]["id"] == chat.pk
    assert ChatMember.objects.count() == 2


def test_there_may_be_no_chat_yet(as_alice: APIClient, bob: User) -> None:
    answer = as_alice.get(f"/api/chats/get-chat-by-user-id/{bob.pk}")
    assert (answer.status_code, answer.json()["data"]) == (200, {"id": None})
    assert as_alice.get("/api/chats/get-chat-by-user-id/999999").status_code == 404
    assert not Chat.objects.exists()


@pytest.mark.parametrize(
    ("body", "status"),
    [({}, 422), ({"recipientUserId": "x"}, 422), ({"recipientUserId": 0}, 422), ({"recipientUserId": 10**30}, 422),
     ({"recipientUserId": 999999}, 404), ({"recipientUserId": "me"}, 422), ({"recipientUserId": "closed"}, 404)],
)  # fmt: skip
def test_a_chat_with_nobody_is_refused(as_alice: APIClient, alice: User, bob: User, body: dict, status: int) -> None:
    User.objects.filter(pk=bob.pk).update(is_active=False)
    keys = {"me": alice.pk, "closed": bob.pk}
    body = {name: keys.get(value, value) for name, value in body.items()}
    assert as_alice.post("/api/chats", body, format="json").status_code == status
    assert not Chat.objects.exists()


def test_a_message_as_documented(as_alice: APIClient, as_bob: APIClient, alice: User, chat: Chat, send: Send) -> None:
    sent = send(as_alice, SCRIPT)
    assert sent == {
        "id": Message.objects.get().pk,
        "chatId": chat.pk,
        "message": SCRIPT,
        "attachment": None,
        "authorUser": {"id": alice.pk, "login": "alice"},
        "createdAt": sent["createdAt"],
        "read": False,
    }
    assert parse_datetime(sent["createdAt"]) == Message.objects.get().created_at
    (seen,) = chats_of(as_bob)
    assert (seen["lastMessage"], seen["unreadCount"]) == (sent, 1)
    assert chats_of(as_alice)[0]["unreadCount"] == 0
    page = as_bob.get(f"/api/messages/get-messages-by-chat-id/{chat.pk}").json()["data"]
    assert (page["items"], page["totalItems"], page["nextCursor"]) == ([sent], 1, None)


def test_history_is_newest_first_and_a_cursor_neither_repeats_nor_skips(
    as_alice: APIClient, as_bob: APIClient, chat: Chat, send: Send
) -> None:
    for number in range(5):
        send(as_alice if number % 2 else as_bob, f"{number}")
    path = f"/api/messages/get-messages-by-chat-id/{chat.pk}?perPage=2"
    first = as_alice.get(path).json()["data"]
    assert [item["message"] for item in first["items"]] == ["4", "3"]
    send(as_bob, "5")
    # A new row of a short list is counted at once.
    assert (first["totalItems"], as_alice.get(path).json()["data"]["totalItems"]) == (5, 6)
    second = as_alice.get(path, {"perPage": 2, "cursor": first["nextCursor"]}).json()["data"]
    assert [item["message"] for item in second["items"]] == ["2", "1"]
    assert texts_of(as_alice, chat, "?search=3") == ["3"]


def test_search_finds_words_by_how_they_begin(as_alice: APIClient, as_bob: APIClient, chat: Chat, send: Send) -> None:
    for text in (
        "Two CATS at example.com/render-3.mp4",
        "a cat",
        "concatenate",
        "\u00c9t\u00e9",
        "\u0939\u093f\u0928\u094d\u0926\u0940",
    ):
        send(as_bob, text)
    found = {
        search: texts_of(as_alice, chat, f"?search={quote(search)}")
        for search in ("cat", "cats two", "com", "mp4", "\u00e9t", "\u0939\u093f\u0928\u094d", "':* | !", "\U0001f600")
    }
    two = "Two CATS at example.com/render-3.mp4"
    assert found == {
        "cat": ["a cat", two],
        "cats two": [two],
        "com": [two],
        "mp4": [two],
        "\u00e9t": ["\u00c9t\u00e9"],
        "\u0939\u093f\u0928\u094d": ["\u0939\u093f\u0928\u094d\u0926\u0940"],
        "':* | !": [],
        "\U0001f600": [],
    }


def test_receipts_and_unread_counts(as_alice: APIClient, as_bob: APIClient, chat: Chat, send: Send) -> None:
    first, second, third = (send(as_alice, text) for text in ("one", "two", "three"))
    read = as_bob.post(f"/api/chats/{chat.pk}/read", {"messageId": second["id"]}, format="json")
    assert read.json()["data"]["unreadCount"] == 1
    items = as_alice.get(f"/api/messages/get-messages-by-chat-id/{chat.pk}").json()["data"]["items"]
    assert {item["id"]: item["read"] for item in items} == {first["id"]: True, second["id"]: True, third["id"]: False}
    # What was read stays read.
    as_bob.post(f"/api/chats/{chat.pk}/read", {"messageId": first["id"]}, format="json")
    assert chats_of(as_bob)[0]["unreadCount"] == 1
    assert as_bob.post(f"/api/chats/{chat.pk}/read").json()["data"]["unreadCount"] == 0
    assert chats_of(as_alice)[0]["lastMessage"]["read"] is True


def test_who_answers_has_read(as_alice: APIClient, as_bob: APIClient, send: Send) -> None:
    send(as_alice)
    send(as_bob, "Hi")
    assert (chats_of(as_bob)[0]["unreadCount"], chats_of(as_alice)[0]["unreadCount"]) == (0, 1)


def test_the_newest_chat_comes_first(as_alice: APIClient, as_bob: APIClient, alice: User, chat: Chat, send: Send,
                                     make_user: UserFactory) -> None:  # fmt: skip
    open_chat(user=alice, recipient_id=make_user(name="carol").pk)
    assert [row["recipientUser"]["login"] for row in chats_of(as_alice)] == ["carol", "bob"]
    send(as_bob)
    assert [row["recipientUser"]["login"] for row in chats_of(as_alice)] == ["bob", "carol"]
    found = as_alice.get("/api/chats/get-chats-by-current-user?search=CAR").json()["data"]["items"]
    assert [row["recipientUser"]["login"] for row in found] == ["carol"]


def test_online_is_who_was_just_here(as_alice: APIClient, as_bob: APIClient, bob: User, chat: Chat) -> None:
    assert chats_of(as_alice)[0]["recipientUser"]["online"] is True
    LoginSession.objects.filter(user=bob).update(last_seen_at="2026-01-01T00:00Z")
    assert chats_of(as_alice)[0]["recipientUser"]["online"] is False


def test_strangers_see_and_do_nothing(as_mallory: APIClient, anonymous: APIClient, as_alice: APIClient, chat: Chat,
                                      send: Send) -> None:  # fmt: skip
    message = send(as_alice)

    def attempts(client: APIClient) -> list[int]:
        return [
            answer.status_code
            for answer in (
                client.get(f"/api/chats/{chat.pk}"),
                client.get(f"/api/messages/get-messages-by-chat-id/{chat.pk}"),
                client.post("/api/messages", {"chatId": chat.pk, "message": "x"}, format="json"),
                client.post(f"/api/chats/{chat.pk}/read"),
                client.delete(f"/api/messages/{message['id']}"),
            )
        ]

    before = list(ChatMember.objects.order_by("pk").values())
    assert attempts(as_mallory) == [404] * 5
    assert attempts(anonymous) == [401] * 5
    assert anonymous.get("/api/messages/updates").status_code == 401
    assert (chats_of(as_mallory), Message.objects.count(), HiddenMessage.objects.count()) == ([], 1, 0)
    assert list(ChatMember.objects.order_by("pk").values()) == before


@pytest.mark.parametrize(
    "body",
    [{}, {"message": ""}, {"message": " \t\n "}, {"message": "\u200b\u2060\u00a0"}, {"message": None},
     {"message": "a" * 10_001}, {"message": "a" * 100_000}, {"message": ["a"]}, {"message": "a\0"},
     {"message": "a", "attachmentType": "folder"}, {"message": "a", "attachmentId": "x"}],
)  # fmt: skip
def test_what_is_no_message(as_alice: APIClient, chat: Chat, body: dict) -> None:
    before = list(ChatMember.objects.order_by("pk").values())
    answer = as_alice.post("/api/messages", {"chatId": chat.pk, **body}, format="json")
    assert (answer.status_code, answer.json()["success"]) == (422, False)
    assert answer.json()["data"]
    assert not Message.objects.exists()
    assert list(ChatMember.objects.order_by("pk").values()) == before


def test_the_longest_message_arrives_whole(as_alice: APIClient, send: Send) -> None:
    text = "ä😀" * 5000
    assert send(as_alice, text)["message"] == text


def test_a_file_alone_is_a_message(
    as_alice: APIClient, as_bob: APIClient, chat: Chat, send: Send, picture: MediaFile
) -> None:
    sent = send(as_alice, "", attachmentId=picture.pk)
    (seen,) = as_bob.get(f"/api/messages/get-messages-by-chat-id/{chat.pk}").json()["data"]["items"]
    attachment = seen["attachment"]
    assert {name: attachment[name] for name in ("id", "type", "name", "mimeType", "size")} == {
        "id": picture.pk, "type": "file", "name": "picture.png", "mimeType": "image/png", "size": picture.size,
    }  # fmt: skip
    assert sent["attachment"]["id"] == picture.pk
    # The recipient is of another tenant; the signed link is the permission.
    content = b"".join(as_bob.get(attachment["url"]).streaming_content)
    assert len(content) == picture.size


def test_a_video_may_be_sent_and_goes_with_its_deletion(
    as_alice: APIClient, as_bob: APIClient, alice: User, send: Send, picture: MediaFile
) -> None:
    with tenant_scope(alice.tenant_id):
        video = Video.objects.create(owner=alice, type="vid2vid", title="Sea")
    send(as_alice, "Look", attachmentId=video.pk, attachmentType="video")
    expected = {"id": video.pk, "type": "video", "name": "Sea", "mimeType": None, "size": None, "url": None}
    assert chats_of(as_bob)[0]["lastMessage"]["attachment"] == expected
    with all_tenants():
        Video.objects.update(output=picture)
    assert chats_of(as_bob)[0]["lastMessage"]["attachment"]["mimeType"] == "image/png"
    with all_tenants():
        Video.objects.update(deleted_at="2026-01-01T00:00Z")
    assert chats_of(as_bob)[0]["lastMessage"]["attachment"] is None


@pytest.mark.parametrize(("owner", "status"), [("stranger", 404), ("colleague", 403), ("nobody", 404)])
@pytest.mark.parametrize("kind", ["file", "video"])
def test_an_attachment_of_another_is_refused(
    as_alice: APIClient, alice: User, bob: User, chat: Chat, make_user: UserFactory, media_dir: Path, owner: str,
    status: int, kind: str,
) -> None:  # fmt: skip
    holder = bob if owner == "stranger" else make_user(name="dave", tenant=alice.tenant)
    with tenant_scope(holder.tenant_id):
        if kind == "file":
            pk = store_file(path=media_dir / "picture.png", owner=holder, kind=MediaFile.Kind.SOURCE).pk
        else:
            pk = Video.objects.create(owner=holder, type="vid2vid").pk
    pk = 999_999 if owner == "nobody" else pk
    body = {"chatId": chat.pk, "message": "Look", "attachmentId": pk, "attachmentType": kind}
    assert as_alice.post("/api/messages", body, format="json").status_code == status
    assert not Message.objects.exists()


def test_a_file_that_is_not_there_yet_is_refused(as_alice: APIClient, chat: Chat, picture: MediaFile) -> None:
    with all_tenants():
        MediaFile.objects.update(status="pending_upload")
    answer = as_alice.post("/api/messages", {"chatId": chat.pk, "attachmentId": picture.pk}, format="json")
    assert (answer.status_code, list(answer.json()["data"])) == (422, ["attachmentId"])
    assert not Message.objects.exists()


def test_hidden_for_me_and_nobody_else(as_alice: APIClient, as_bob: APIClient, chat: Chat, send: Send) -> None:
    for text in ("one", "two"):
        send(as_alice, text)
    newest = Message.objects.first()
    for _ in range(2):
        assert as_bob.delete(f"/api/messages/{newest.pk}").status_code == 200
    assert (texts_of(as_bob, chat), texts_of(as_alice, chat)) == (["one"], ["two", "one"])
    (mine,), (theirs,) = chats_of(as_bob), chats_of(as_alice)
    assert (mine["lastMessage"]["message"], mine["unreadCount"]) == ("one", 1)
    assert theirs["lastMessage"]["message"] == "two"
    assert HiddenMessage.objects.count() == 1
    as_bob.post(f"/api/chats/{chat.pk}/read")
    assert chats_of(as_bob)[0]["unreadCount"] == 0


def test_a_block_silences_both_until_it_is_lifted(
    as_alice: APIClient, as_bob: APIClient, as_mallory: APIClient, bob: User, mallory: User, chat: Chat, send: Send
) -> None:
    send(as_bob)
    for _ in range(2):
        assert as_alice.post(f"/api/blocked-users/{bob.pk}").status_code == 200
    for client in (as_alice, as_bob):
        answer = client.post("/api/messages", {"chatId": chat.pk, "message": "x"}, format="json")
        assert (answer.status_code, answer.json()["code"]) == (403, "blocked")
    assert Message.objects.count() == 1
    (blocked,) = as_alice.get("/api/blocked-users").json()["data"]["items"]
    assert (blocked["id"], blocked["login"]) == (bob.pk, "bob")
    # Whom one is blocked by is not told.
    assert (chats_of(as_alice)[0]["blocked"], chats_of(as_bob)[0]["blocked"]) == (True, False)
    assert as_bob.get("/api/blocked-users").json()["data"]["items"] == []

    assert as_alice.delete(f"/api/blocked-users/{bob.pk}").status_code == 200
    send(as_bob)
    as_mallory.post(f"/api/blocked-users/{bob.pk}")
    assert as_bob.post("/api/chats", {"recipientUserId": mallory.pk}, format="json").status_code == 403
    assert Chat.objects.count() == 1


def test_nobody_blocks_themselves_or_a_ghost(as_alice: APIClient, alice: User) -> None:
    assert as_alice.post(f"/api/blocked-users/{alice.pk}").status_code == 422
    assert as_alice.post("/api/blocked-users/999999").status_code == 404
    assert not Block.objects.exists()


def test_polling_brings_each_message_once(as_alice: APIClient, as_bob: APIClient, chat: Chat, send: Send) -> None:
    send(as_alice, "before")
    start = as_bob.get("/api/messages/updates").json()["data"]
    assert (start["items"], start["more"], start["unreadCount"]) == ([], False, 1)
    sent = [send(as_alice, text) for text in ("one", "two")]
    send(as_bob, "my own")
    poll = as_bob.get(f"/api/messages/updates?after={start['after']}").json()["data"]
    assert poll["items"] == [{**row, "read": True} for row in sent]
    again = as_bob.get(f"/api/messages/updates?after={poll['after']}").json()["data"]
    assert (again["items"], again["after"]) == ([], poll["after"])
    assert as_bob.get("/api/messages/updates?after=-1").status_code == 422


def test_a_long_absence_comes_in_parts(as_bob: APIClient, alice: User, bob: User, chat: Chat) -> None:
    rows = [Message(chat=chat, author=alice, recipient=bob, text=str(number)) for number in range(150)]
    Message.objects.bulk_create(rows)
    poll = as_bob.get("/api/messages/updates?after=0").json()["data"]
    rest = as_bob.get(f"/api/messages/updates?after={poll['after']}").json()["data"]
    assert (len(poll["items"]), poll["more"], len(rest["items"]), rest["more"]) == (100, True, 50, False)
    assert [item["message"] for item in poll["items"] + rest["items"]] == [str(number) for number in range(150)]


@pytest.mark.parametrize("path", ["/api/chats/get-chats-by-current-user", "/api/messages/get-messages-by-chat-id/{}",
                                  "/api/messages/updates?after=0"])  # fmt: skip
def test_queries_do_not_grow_with_the_page(
    as_bob: APIClient, bob: User, chat: Chat, send: Send, make_user: UserFactory, path: str, picture: MediaFile
) -> None:
    def talk(count: int) -> None:
        for _ in range(count):
            friend = make_user()
            with all_tenants():
                own = open_chat(user=friend, recipient_id=bob.pk)
                for where, author in ((own, friend), (chat, bob)):
                    send_message(user=author, chat_id=where.pk, text="Hi", attachment=Attachment(file=picture))

    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            assert as_bob.get(path.format(chat.pk)).status_code == 200
        return len(asked)

    talk(2)
    queries()
    few = queries()
    talk(6)
    assert queries() == few


def test_a_retried_send_is_one_message(as_alice: APIClient, chat: Chat, send: Send) -> None:
    body = {"chatId": chat.pk, "message": "Once"}
    answers = [
        as_alice.post("/api/messages", body, format="json", headers={"Idempotency-Key": "k"}).json() for _ in range(2)
    ]
    assert answers[0] == answers[1]
    assert Message.objects.count() == 1


def test_writing_is_throttled(as_alice: APIClient, chat: Chat, send: Send, settings) -> None:
    settings.THROTTLES = {"api": "100/min", "message": "2/day"}
    for _ in range(2):
        send(as_alice)
    answer = as_alice.post("/api/messages", {"chatId": chat.pk, "message": "x"}, format="json")
    assert answer.status_code == 429
    assert Message.objects.count() == 2


def test_a_closed_account_is_not_written_to(as_alice: APIClient, bob: User, chat: Chat) -> None:
    User.objects.filter(pk=bob.pk).update(is_active=False)
    answer = as_alice.post("/api/messages", {"chatId": chat.pk, "message": "x"}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (422, "recipient_inactive")
    assert not Message.objects.exists()
