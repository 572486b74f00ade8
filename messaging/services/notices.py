"""The mail that says that somebody wrote."""

from __future__ import annotations

from django.conf import settings

from config.platform.notices import send_notice
from messaging.models import ChatMember
from messaging.services.presence import is_online


def mail_unread(user_id: int) -> None:
    """Tell a user who is away of unread messages, once per quiet period whoever writes.

    The mail names the writer and nothing of what was written.
    """
    unread = ChatMember.objects.filter(user=user_id, unread__gt=0).select_related("user", "peer")
    member = unread.order_by("-active_at").first()
    if member is None or not member.user.is_active or is_online(user_id):
        return
    send_notice(
        f"messages:{user_id}",
        to=member.user.email,
        subject=f"{member.peer.name} wrote to you",
        template="new_message",
        context={"name": member.user.name, "writer": member.peer.name, "link": settings.PUBLIC_URL},
    )
