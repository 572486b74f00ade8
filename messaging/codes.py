"""The error codes of chats."""

from config.api.codes import Code

CODES = {
    "blocked": Code(403, "You and this user can't write to each other"),
    "recipient_inactive": Code(422, "This user's account is closed."),
}
