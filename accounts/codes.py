"""The error codes of accounts and workspaces."""

from config.api.codes import Code

CODES = {
    "invalid_credentials": Code(401, "Incorrect email or password."),
    "token_reused": Code(401, "This refresh token was already used; log in again."),
    "invalid_challenge": Code(401, "This login has expired; start again."),
    "owner_required": Code(403, "Only an owner of the workspace may do this"),
    "acting_as": Code(403, "Staff who act as a user can't do this: it is the user's alone"),
    "reauthentication_required": Code(
        403, "It is a while since you signed in: send current_password, or sign in again"
    ),
    "too_many_invitations": Code(429, "This workspace has sent enough invitations for now"),
    "locked_out": Code(429, "Too many failed attempts; try again later"),
    "last_owner": Code(422, "A workspace keeps at least one owner"),
    "already_requested": Code(422, "This is being prepared already"),
    "already_enabled": Code(422, "The second factor is on already"),
    "not_enabled": Code(422, "There is no authenticator app to turn off"),
    "too_many_passkeys": Code(422, "More than 10 passkeys are not kept: remove one first"),
    "invalid_state": Code(422, "This login was not begun here or has expired; start again."),
    "provider_refused": Code(422, "The provider did not log you in."),
    "email_missing": Code(422, "The provider did not tell your e-mail address."),
    "second_factor_unreadable": Code(503, "This second factor must be set up anew"),
}
