"""Names of work that earlier releases have queued; nothing here queues under them any more."""

from accounts.services.change_notices import mail_change
from accounts.services.erasure import erase as delete_account
from accounts.services.members import mail_invitation
from accounts.services.passwords import mail_password_reset
from accounts.services.personal_data import export as export_data
from accounts.services.personal_data import mail_export
from accounts.services.verification import mail_verification

__all__ = [
    "delete_account",
    "export_data",
    "mail_change",
    "mail_export",
    "mail_invitation",
    "mail_password_reset",
    "mail_verification",
]
