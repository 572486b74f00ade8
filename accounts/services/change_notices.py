"""Mails that tell the owner of a new password or address, where a thief does not read them."""

from __future__ import annotations

from accounts.models import AuditEntry, User
from accounts.services.audit import record
from accounts.services.names import shown_name
from config.platform.background import enqueue
from config.platform.mail import send_mail


def tell_former_address(*, user: User, address: str, readdressed: bool, password: bool) -> None:
    """Mail the address that was the user's until now, when the change is committed."""
    # The entry keeps where to; what waits in the queue holds no address.
    entry = record("credentials.changed", subject=user, former_address=address, address=readdressed, password=password)
    enqueue(mail_change, entry.pk)


def mail_change(entry_id: int) -> None:
    entry = AuditEntry.objects.select_related("subject").filter(pk=entry_id).first()
    # Who is forgotten meanwhile has left the entry without its words.
    if entry is None or entry.subject is None or "former_address" not in entry.detail:
        return
    changed = [what for what in ("password", "address") if entry.detail.get(what)]
    send_mail(
        to=entry.detail["former_address"],
        subject=f"Your {' and '.join(changed)} changed",
        template="credentials_changed",
        context={"name": shown_name(entry.subject.name), "changed": " and ".join(changed), "at": entry.at},
    )
