"""Two at once. Each race has a control that does the same without the guard, and goes wrong."""

from __future__ import annotations

import pytest
from django.db import OperationalError, connection, transaction

from accounts.models import User
from commerce.tests.races import race, race_behind, without
from messaging.models import Chat, ChatMember, Message
from messaging.services import hide_message, mark_read, open_chat, send_message
from messaging.services.messages import Attachment
from tenants.scope import all_tenants

pytestmark = pytest.mark.django_db(transaction=True)

# Lets everybody look, and nobody insert.
NO_INSERTS = "LOCK TABLE messaging_chat IN SHARE MODE"
CHAT = "SELECT FROM messaging_chat WHERE id = %s FOR UPDATE"


def write(chat: Chat, author: User, text: str = "Hi") -> Message:
    return send_message(user=author, chat_id=chat.pk, text=text, attachment=Attachment())


def test_two_who_open_the_same_chat_get_one(alice: User, bob: User) -> None:
    openers = [
        lambda: open_chat(user=alice, recipient_id=bob.pk),
        lambda: open_chat(user=bob, recipient_id=alice.pk),
    ] * 2
    chats = race_behind(NO_INSERTS, [], openers)
    assert chats == [Chat.objects.get()] * 4
    assert sorted(ChatMember.objects.values_list("user", "peer")) == sorted([(alice.pk, bob.pk), (bob.pk, alice.pk)])


def test_control_looking_first_opens_two(alice: User, bob: User) -> None:
    def naive() -> None:
        if not Chat.objects.filter(first=alice, second=bob).exists():
            Chat.objects.create(first=alice, second=bob)

    constraint = "CONSTRAINT chat_one_per_pair"
    with without(
        f"ALTER TABLE messaging_chat DROP {constraint}",
        f"TRUNCATE messaging_chat CASCADE; ALTER TABLE messaging_chat ADD {constraint} UNIQUE (first_id, second_id)",
    ):
        assert race_behind(NO_INSERTS, [], [naive, naive]) == [None, None]
        assert Chat.objects.count() == 2


def test_unread_counts_are_exact_whoever_writes_reads_and_hides(alice: User, bob: User, chat: Chat) -> None:
    first = write(chat, alice)
    actions = [
        *[lambda: write(chat, alice)] * 3,
        lambda: mark_read(user=bob, chat_id=chat.pk, up_to=first.pk),
        lambda: hide_message(user=bob, message_id=first.pk),
    ]
    results = race_behind(CHAT, [chat.pk], actions)
    assert not [result for result in results if isinstance(result, Exception)]
    member = ChatMember.objects.get(user=bob)
    assert (member.unread, member.read_up_to) == (3, first.pk)
    assert member.last_message == Message.objects.order_by("-id").first()


def test_control_counting_in_python_loses_messages(bob: User, chat: Chat) -> None:
    member = ChatMember.objects.get(user=bob)

    def naive() -> None:
        unread = ChatMember.objects.get(pk=member.pk).unread
        ChatMember.objects.filter(pk=member.pk).update(unread=unread + 1)

    race_behind("SELECT FROM messaging_chatmember WHERE id = %s FOR UPDATE", [member.pk], [naive, naive])
    assert ChatMember.objects.get(user=bob).unread == 1


def test_messages_to_one_person_commit_in_the_order_of_their_keys(
    alice: User, bob: User, mallory: User, chat: Chat
) -> None:
    """A poll asks for keys above the last one: a lower key that came later would never be seen."""
    other = open_chat(user=mallory, recipient_id=bob.pk)

    def impatient() -> None:
        with transaction.atomic():
            connection.cursor().execute("SET LOCAL statement_timeout = '200ms'")
            write(other, mallory)

    with all_tenants(), transaction.atomic():
        write(chat, alice)
        (refused,) = race([impatient])
    assert isinstance(refused, OperationalError), refused
    assert Message.objects.count() == 1


def test_control_without_the_inbox_lock_a_later_key_is_seen_first(
    alice: User, bob: User, mallory: User, chat: Chat
) -> None:
    other = open_chat(user=mallory, recipient_id=bob.pk)

    def naive(where: Chat, author: User) -> Message:
        return Message.objects.create(chat=where, author=author, recipient=bob, text="Hi")

    with transaction.atomic():
        first = naive(chat, alice)
        (second,) = race([lambda: naive(other, mallory)])
        (seen,) = race([lambda: list(Message.objects.values_list("pk", flat=True))])
    assert seen == [second.pk]
    assert first.pk < second.pk


def test_two_who_write_to_each_other_do_not_deadlock(alice: User, bob: User, chat: Chat) -> None:
    results = race([lambda author=author: write(chat, author) for author in (alice, bob) * 4])
    assert all(isinstance(result, Message) for result in results), results
    assert Message.objects.count() == 8
    newest = Message.objects.order_by("-id").first()
    assert set(ChatMember.objects.values_list("last_message", flat=True)) == {newest.pk}
