"""Registration, login, sessions, passwords, the second factor, other people's logins."""

from __future__ import annotations

from config.api.documentation import Operation

TAGS = {
    "Signing in": "Register, log in, stay logged in. Several spellings of one and the same exist, for clients of "
    "either former API; they share accounts, sessions and limits.",
    "Second factor": "Six digits of an authenticator app, besides the password.",
    "Own account": "Your profile, your sessions, what happens to you, a copy of your data, and the end of the account.",
}

_JSON_API = ' JSON:API bodies (`{"data": {"attributes": {...}}}`) are understood as well.'

OPERATIONS = [
    Operation(
        "POST /api/register",
        "Signing in",
        "Register with a name",
        "Makes an account with a workspace of its own and logs it in. A mail asks to confirm the address.",
        codes="switched_off",
        request={"name": "Ada", "c_password": "a long harbour walk"},
    ),
    Operation(
        "POST /api/auth/register, POST /api/v2/register",
        "Signing in",
        "Register",
        "Makes an account with a workspace of its own and logs it in. Without a name it is called after its address. "
        "A mail asks to confirm the address." + _JSON_API,
        codes="switched_off",
        request={"password_confirmation": "a long harbour walk"},
    ),
    Operation(
        "POST /api/login, POST /api/auth/login, POST /api/v2/login",
        "Signing in",
        "Log in",
        "Answers an access token, to be sent as `Authorization: Bearer <token>`, and a refresh token. An account with "
        "a second factor gets a `challenge` instead: send it with a code to `POST /api/auth/two-factor/login`. An "
        "unknown address and a wrong password are the same answer; repeated failures have to wait." + _JSON_API,
        codes="invalid_credentials locked_out",
    ),
    Operation(
        "POST /api/auth/refresh, POST /api/v2/refresh",
        "Signing in",
        "Renew the access token",
        "Trades the refresh token for a new pair. The former one ends with that: whoever uses it again, later, ends "
        "the session for both.",
        codes="invalid_token token_reused",
    ),
    Operation(
        "POST /api/logout, POST /api/auth/logout, POST /api/v2/logout",
        "Signing in",
        "Log out",
        "Ends the session of the token that is sent; it and its refresh token are worth nothing from now on.",
    ),
    Operation(
        "POST /api/auth/forgot-password, POST /api/v2/password-forgot",
        "Signing in",
        "Ask for a new password",
        "Mails a link to choose a new password, if there is such an account. The answer is the same if there is none."
        + _JSON_API,
    ),
    Operation(
        "POST /api/auth/reset-password, POST /api/v2/password-reset",
        "Signing in",
        "Choose a new password",
        "With the token from the mail, which works once and for an hour. Every session of the account ends."
        + _JSON_API,
    ),
    Operation(
        "POST /api/auth/verify-email, POST /api/v2/verify-email",
        "Signing in",
        "Confirm the e-mail address",
        "With what the link in the mail carries: the account's `id` and `hash`." + _JSON_API,
    ),
    Operation(
        "POST /api/auth/resend-verification",
        "Signing in",
        "Send the confirmation mail again",
        "Does nothing for an address that is confirmed already; the answer is the same.",
    ),
    Operation(
        "GET /api/{provider}/auth",
        "Signing in",
        "Begin a login at a provider",
        "`provider` is `google`, `github`, `discord`, `facebook` or the name of another one that staff set up. A "
        "browser is sent there; any other client is told the address. The cookie that is set must come back to the "
        "callback.",
        codes="provider_failed",
    ),
    Operation(
        "GET /api/{provider}/callback",
        "Signing in",
        "Finish a login at a provider",
        "Where the provider sends the browser back to. Answers what a login answers, or, if the studio is set up so, "
        "sends the browser to a page that finds the tokens in its fragment.",
        codes="invalid_state provider_refused email_missing switched_off invalid_credentials provider_failed",
    ),
    Operation(
        "GET /api/auth/two-factor",
        "Second factor",
        "Get the state of the second factor",
        "Whether it is on, and how many recovery codes are left.",
    ),
    Operation(
        "POST /api/auth/two-factor/enable",
        "Second factor",
        "Begin to set up an authenticator app",
        "Answers a secret, also as an address for a QR code. It counts once a code of the app confirms it. Takes "
        "`current_password`, unless you have just signed in.",
        codes="already_enabled reauthentication_required locked_out",
        request={"current_password": "a long harbour walk"},
    ),
    Operation(
        "POST /api/auth/two-factor/confirm",
        "Second factor",
        "Turn the second factor on",
        "With a code of the app. Answers recovery codes, shown this once; each works once in place of a code.",
        codes="already_enabled",
    ),
    Operation(
        "POST /api/auth/two-factor/disable",
        "Second factor",
        "Turn the second factor off",
        "With a code of the app or a recovery code. Takes `current_password`, unless you have just signed in.",
        codes="not_enabled reauthentication_required locked_out second_factor_unreadable",
    ),
    Operation(
        "POST /api/auth/two-factor/login",
        "Second factor",
        "Log in with a code",
        "The second step of a login: its `challenge` and a code of the app, or a recovery code. A challenge lasts for "
        "a few minutes.",
        codes="invalid_challenge locked_out second_factor_unreadable",
    ),
    Operation(
        "GET /api/me, GET /api/auth/me, GET /api/v2/me",
        "Own account",
        "Get the own account",
        "Who the token belongs to, with roles and workspace.",
    ),
    Operation(
        "POST /api/me, POST /api/auth/me, POST /api/v2/me, PATCH /api/me, PATCH /api/auth/me, PATCH /api/v2/me",
        "Own account",
        "Change the own account",
        "Changes what is sent and nothing else; POST and PATCH are the same. A new address has to be confirmed again; "
        "it and a new password end the other sessions, and take `current_password`, unless you have just signed in.",
        codes="reauthentication_required locked_out",
    ),
    Operation(
        "GET /api/auth/sessions",
        "Own account",
        "List the own sessions",
        "Where you are logged in, with the device, the address and when it was last seen.",
    ),
    Operation(
        "DELETE /api/auth/sessions",
        "Own account",
        "End all other sessions",
        "Every session but the one that asks; `revoked` says how many there were.",
        answer={"revoked": 2},
    ),
    Operation(
        "DELETE /api/auth/sessions/{session_id}",
        "Own account",
        "End a session",
        "One of your own sessions; its tokens are worth nothing from now on.",
    ),
    Operation(
        "GET /api/events",
        "Own account",
        "Follow what happens to you",
        "Server-sent events: `render` (state and progress of a render), `message`, `read`, `support`. `ready` comes "
        "first; its `live` tells whether the answer stays open or is to be asked for again. Go on from an event with "
        "its id as `Last-Event-ID` or `after`. `reset` means that events were missed: get the lists anew.",
    ),
    Operation(
        "POST /api/me/export",
        "Own account",
        "Ask for a copy of the own data",
        "Collects everything that is yours into one archive. A mail tells when it can be fetched.",
        codes="already_requested",
    ),
    Operation(
        "GET /api/me/export",
        "Own account",
        "List the requests for the own data",
        "The newest twenty, copies and deletions, with their state.",
    ),
    Operation(
        "GET /api/me/export/{request_id}",
        "Own account",
        "Fetch the copy of the own data",
        "A ZIP of `data.json` and your files, until it expires. It may be a redirect to where the file lies.",
        codes="acting_as",
    ),
    Operation(
        "POST /api/me/delete",
        "Own account",
        "Delete the own account",
        "Ends the account at once; its data follows within minutes. Asks for the password, or, for an account without "
        "one, for its address.",
        codes="last_owner already_requested reauthentication_required locked_out",
        request={"password": "a long harbour walk"},
    ),
]
